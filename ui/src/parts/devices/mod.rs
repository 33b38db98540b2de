//! The account's devices: who they are, how to tell them, and how another is let in or one removed.
//! It refuses to join or to leave; that is in `account`.

mod alone;
mod check;
mod chips;
mod invite;
mod qr;
mod request;
mod roster;

pub(crate) use alone::Alone;
pub(crate) use check::{Check, Words};
pub(crate) use chips::Devices;
pub(crate) use invite::InviteSheet;
pub(crate) use roster::Roster;
