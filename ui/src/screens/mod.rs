//! The screens, one file each.

mod failure;
mod joining;
mod member;
mod opened;
mod welcome;

pub(crate) use failure::Failure;
pub(crate) use joining::Joining;
pub(crate) use member::Member;
pub(crate) use opened::OpenedLink;
pub(crate) use welcome::Welcome;
