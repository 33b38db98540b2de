//! What people and programs see of a device, and ask of it: values only. Screens, the terminal client and other
//! programs know this crate and not the engine; what an engine does with these values is its own business.
//!
//! Reading order: `view` (what is seen), `command` (what is asked), `problem` and `alert` (what goes wrong).

mod alert;
mod archive;
mod command;
mod content;
mod lock;
mod notice;
mod outcome;
mod payload;
mod problem;
pub mod settings;
mod sites;
mod target;
pub mod view;

pub use alert::{Alert, AlertView};
pub use archive::ArchiveCommand;
pub use command::Command;
pub use content::Content;
pub use lock::{LockCommand, LockState, LockView};
pub use notice::Notice;
pub use outcome::{Answered, Ask, Asked, CommandId, Outcome};
pub use payload::{Delivery, PayloadView};
pub use problem::{NameFault, Problem};
pub use settings::{SecretKind, Settings};
pub use target::Target;
pub use view::{ClipView, HeldView, Query, View};

/// How long a copy that looks like a secret waits for an answer, milliseconds.
pub const HELD_MS: u64 = 2 * 60 * 1000;
/// How long deleted clips can be brought back, milliseconds.
pub const UNDO_MS: u64 = 8_000;
