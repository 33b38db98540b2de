//! The screens, one file each.

mod failure;
mod joining;
mod manage;
mod member;
mod opened;
mod welcome;

pub(crate) use failure::Failure;
pub(crate) use joining::Joining;
pub(crate) use manage::Manage;
pub(crate) use member::Member;
pub(crate) use opened::OpenedLink;
pub(crate) use welcome::Welcome;
