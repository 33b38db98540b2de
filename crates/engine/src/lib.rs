//! A device's brain: [`Event`] in, [`Effect`]s out. It decides what is sealed, sent, retried,
//! remembered and shown. It refuses to do I/O, to read a clock or to make random bytes: time and
//! randomness come in as arguments, effects go out as values.
//!
//! Reading order: `engine` (dispatch), `line` (connection), `send`, `receive`, `counting`, `silence`,
//! `members`, `changes`, `pairing`, `upkeep`.

pub mod archive;
mod changes;
pub mod effect;
mod engine;
pub mod event;
mod fork;
mod gone;
mod history;
mod inbox;
mod library;
mod line;
mod members;
mod notices;
mod opened;
mod outbox;
mod pairing;
mod part;
mod preferences;
mod present;
mod problem;
mod record;
mod relay;
mod restore;
mod secrets;
mod state;
pub mod target;
mod upkeep;
mod wake;

pub use effect::{Effect, Write};
pub use engine::Engine;
pub use event::Event;
pub use restore::RestoreError;
pub use target::{relay_origin, target};
