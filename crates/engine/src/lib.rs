//! A device's brain: [`Event`] in, [`Effect`]s out. It decides what is sealed, sent, retried,
//! remembered and shown. It refuses to do I/O, to read a clock or to make random bytes: time and
//! randomness come in as arguments, effects go out as values.
//!
//! Reading order: `engine` (dispatch), `line` (connection), `send`, `receive`, `counting`, `silence`,
//! `members`, `changes`, `invite`, `join`, `upkeep`.

mod alerts;
pub mod archive;
mod changes;
pub mod command;
mod continuity;
mod counting;
pub mod effect;
mod engine;
pub mod event;
mod exchange;
mod fork;
mod gone;
mod history;
mod invite;
mod join;
mod library;
mod line;
pub mod lock;
mod members;
mod opened;
mod outbox;
mod present;
mod problem;
mod receive;
mod records;
mod relay;
pub mod rich;
mod secrets;
mod send;
mod sender;
pub mod settings;
mod silence;
mod sites;
mod state;
pub mod target;
mod untaken;
mod upkeep;
pub mod view;
mod wake;

pub use archive::{ArchiveOutcome, ArchiveRequest};
pub use command::Command;
pub use effect::{Effect, Notice, Write};
pub use engine::{Engine, RestoreError};
pub use event::{Content, Event};
pub use library::UNDO_MS;
pub use lock::{LockCommand, LockState, LockView};
pub use secrets::HELD_MS;
pub use settings::{SecretKind, Settings};
pub use target::{Target, relay_origin, target};
pub use view::{Query, View};
