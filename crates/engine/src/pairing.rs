//! Pairing at a device: the one invite that it has open, and the one by which it comes in.

mod exchange;
mod invite;
mod join;
#[cfg(test)]
mod tests;

pub(crate) use exchange::{Inviting, Joining};
pub(crate) use invite::{Invite, Invites, Step};
pub(crate) use join::{Came, Join, Joins, Newcomer, Overdue, proper_name};
