//! A device's brain: [`Event`] in, [`Effect`]s out. It decides what is sealed, sent, retried, remembered and shown. It
//! refuses to do I/O, to read a clock or to make random bytes: time and randomness come in as arguments, effects go
//! out as values.
//!
//! # Invariants
//!
//! - **One mutation at a time.** [`Engine::handle`] is the only way in. What it gives back is all that came of the event.
//! - **Stored before said.** What one event persists stands before what it sends, in one [`Effect::Persist`], all or
//!   nothing. What a clipboard holds is noted after it is written, in another. A process that dies between two effects
//!   has promised nothing that it does not remember.
//! - **Peers never panic it.** Frames are a relay's, and what is in them other devices': whatever they hold ends in a
//!   problem that is shown, an alert, or nothing.
//! - **One answer for each command**, among the effects of the event that brings it, or of the [`Event::Loaded`] that this
//!   one asks for.
//! - **Content stays on the disk.** Lists, search and echoes go by what is known of it; [`Effect::Load`] brings it when it
//!   is to be sealed or put on a clipboard.
//!
//! # A loop
//!
//! What every program around an engine does, here with a disk in memory and a relay that is never reached:
//!
//! ```
//! use std::collections::{BTreeMap, VecDeque};
//!
//! use hushclip_engine::{Effect, Engine, Event, Write};
//! use hushclip_model::{Command, CommandId, Outcome};
//! use rand_chacha::ChaCha20Rng;
//! use rand_core::SeedableRng;
//!
//! let mut disk: BTreeMap<String, Vec<u8>> = BTreeMap::new();
//! let mut engine = Engine::restore(disk.clone())?;
//! // The system's generator and clock, outside of examples.
//! let (mut rng, now) = (ChaCha20Rng::seed_from_u64(1), 1_700_000_000_000);
//! let (mut dialled, mut answers) = (None, Vec::new());
//!
//! let (relay, name) = ("https://relay.example".to_owned(), "Laptop".to_owned());
//! let command = Command::CreateAccount { relay, name, token: None };
//! let mut events = VecDeque::from([Event::Started, Event::Command { id: CommandId(1), command }]);
//! while let Some(event) = events.pop_front() {
//!     for effect in engine.handle(event, now, &mut rng) {
//!         match effect {
//!             // Durably, before the next effect is looked at.
//!             Effect::Persist(writes) => {
//!                 for write in writes {
//!                     match write {
//!                         Write::Put { key, value } => disk.insert(key, value),
//!                         Write::Delete { key } => disk.remove(&key),
//!                     };
//!                 }
//!             }
//!             // What it is about is read before anything is stored.
//!             Effect::Load(keys) => {
//!                 let records = keys.into_iter().map(|key| { let value = disk.get(&key).cloned(); (key, value) });
//!                 events.push_front(Event::Loaded(records.collect()));
//!             }
//!             // A socket says `Opened`, each `Frame`, and `Closed`, which may come at once.
//!             Effect::Connect { url, .. } => dialled = Some(url),
//!             Effect::Send { .. } | Effect::Ping { .. } | Effect::Disconnect { .. } => {}
//!             // `Timer` comes then, unless another time is asked for.
//!             Effect::WakeAt(_) => {}
//!             Effect::WriteClipboard { .. } | Effect::ClearClipboard(_) => {}
//!             Effect::Answer(answered) => answers.push(answered.outcome),
//!             // `Engine::view_without_clips` and `Engine::find` say what is to be shown now.
//!             Effect::Notice(_) | Effect::ViewChanged => {}
//!         }
//!     }
//! }
//! assert_eq!(answers, [Outcome::Done]);
//! assert!(dialled.is_some_and(|url| url.starts_with("wss://relay.example/v1/mailbox/")));
//! // Whatever happens to the process, this is where it goes on.
//! assert!(Engine::restore(disk).is_ok());
//! # Ok::<(), hushclip_engine::RestoreError>(())
//! ```
//!
//! # Channels
//!
//! Programs speak to those on the other devices by [`Command::Publish`](hushclip_model::Command::Publish), on channels that
//! these have asked to listen to. [`Notice::PayloadReceived`](hushclip_model::Notice::PayloadReceived) says that something
//! came, [`Engine::payloads`] what is kept, [`Engine::payload_key`] which record holds the bytes of one, and
//! [`Engine::delivery`] how far one's own has got. Of all that, nothing is in a view (ADR 30).
//!
//! # Inside
//!
//! Parts own the state: `log` and `changes` (who is in the account), `outbox`, `inbox`, `history` and `traces` (clips, and
//! what is left of those that were deleted), `channels` (what programs send each other), `contents` (content in memory),
//! `line` (the clocks of the line to the relay), `relay_line` (what went over it), `device_lines`, `pairing`, `secrets`,
//! `preferences`, `notices`. None of them knows `Engine`, nor what another one does; `engine` and the files below it carry
//! what one part says to the next. ADR 24 says why. Start at `engine`, then `engine/sending` and `engine/receiving`.

mod changes;
mod channels;
mod clip;
mod contents;
mod device_lines;
pub mod effect;
mod engine;
pub mod event;
mod history;
mod identity;
mod inbox;
mod line;
mod log;
mod notices;
mod opened;
mod outbox;
mod pairing;
mod part;
mod preferences;
mod problem;
mod record;
mod relay;
mod relay_line;
mod restore;
mod search;
mod secrets;
mod state;
pub mod target;
mod traces;

pub use clip::{Lookup, Source};
pub use effect::{Effect, Write};
pub use engine::Engine;
pub use event::{Event, LineId, Said};
pub use history::text_digest;
pub use problem::{bad_archive, unsealable};
pub use record::{CONTENT, RestoreError};
pub use target::{relay_origin, target};
