//! This device's own way through an account: starting, joining, locking, leaving, and what is left then.
//! It refuses to look after the other devices; that is in `devices`.

mod former;
mod join;
mod leave;
mod lock;
mod name;
mod new_here;
mod scan;
mod start;
pub(crate) mod strength;

pub(crate) use former::{Former, FormerClips};
pub(crate) use join::Join;
pub(crate) use leave::Leave;
pub(crate) use lock::{Lock, PassphraseField, Trouble, TryButton};
pub(crate) use name::NameField;
pub(crate) use new_here::NewHere;
pub(crate) use start::Start;
