//! The clips that are here: the list, one card, its menu and keys, what narrows the list down.
//! It refuses to make new ones; those leave by way of `sending`.

mod actions;
mod arrived;
mod clip;
mod finder;
mod keyboard;
mod list;
mod menu;
mod pull;
mod share;
mod whole;

pub(crate) use actions::{delete_all, kind_word};
pub(crate) use arrived::Arrived;
pub(crate) use finder::Finder;
pub(crate) use keyboard::Keyboard;
pub(crate) use list::Clips;
pub(crate) use pull::Refresh;
pub(crate) use whole::WholeSheet;
