//! The loop around an engine, written once: a [`Driver`] takes events in, says what to do next, and is told how it
//! went. It refuses to do any of that itself: it has no socket, no disk and no clock, and never waits.
//!
//! # What it guarantees
//!
//! - Events are handled one at a time, and everything that comes of one is done in order before the next.
//! - While a change is being stored, or content read, the engine hears nothing and none of its effects are handed out,
//!   because what is sent must already be on disk. If the disk fails, it is retried for as long as it takes, and
//!   meanwhile the line to the relay is closed, and what comes on lines to devices is dropped.
//! - What a person wants to read is read between events, and even while nothing can be stored.
//! - What an old line says is not mistaken for the new one's.
//! - A copy that a person has made, and that is waiting its turn, is not overwritten by what comes from elsewhere.
//! - Every request gets one answer; a shell that ends early gives those that [`Driver::abandon`] returns.
//! - The screen is told once about a burst of events, and not too late.
//!
//! # A loop
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use hushclip_driver::{Driver, Step};
//! use hushclip_engine::{Event, Write};
//! use rand_chacha::ChaCha20Rng;
//! use rand_core::SeedableRng;
//!
//! # fn close(_: hushclip_driver::LineId) {}
//! let mut disk: BTreeMap<String, Vec<u8>> = BTreeMap::new();
//! let mut driver = Driver::open(disk.clone())?;
//! driver.push(Event::Started);
//! // The system's generator and clock, outside of examples.
//! let (mut rng, now) = (ChaCha20Rng::seed_from_u64(1), 1_700_000_000_000);
//! while let Some(step) = driver.next(now, &mut rng) {
//!     match step {
//!         Step::Store(writes) => {
//!             for write in writes {
//!                 match write {
//!                     Write::Put { key, value } => disk.insert(key, value),
//!                     Write::Delete { key } => disk.remove(&key),
//!                 };
//!             }
//!             driver.stored();
//!         }
//!         Step::Load(keys) => {
//!             let read = |key: String| { let value = disk.get(&key).cloned(); (key, value) };
//!             driver.loaded(keys.into_iter().map(read).collect(), now);
//!         }
//!         // What the line says goes to `Driver::line`, with its number.
//!         Step::Open { line, url } => println!("{line:?} to {url}"),
//!         Step::Close { line } => close(line),
//!         // `Driver::push(Event::Timer)` then.
//!         Step::WakeAt(at) => println!("until {at}"),
//!         Step::Show => println!("{:?}", driver.view_without_clips().stage),
//!         _ => {}
//!     }
//! }
//! // Nothing is left to do until something happens.
//! driver.push(Event::Online);
//! # Ok::<(), hushclip_engine::RestoreError>(())
//! ```

mod driver;
mod step;

pub use driver::Driver;
pub use hushclip_engine::{
    CONTENT, Event, LineId, RestoreError, Said, Source, Write, relay_origin, target, text_digest,
};
pub use step::Step;
