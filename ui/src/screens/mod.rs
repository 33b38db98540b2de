//! The screens, one file each, and the frame that some of them share.

mod devices;
mod failure;
mod joining;
mod locked;
mod member;
mod opened;
mod settings;
mod subpage;
mod welcome;

pub(crate) use devices::Devices;
pub(crate) use failure::Failure;
pub(crate) use joining::Joining;
pub(crate) use locked::Locked;
pub(crate) use member::Member;
pub(crate) use opened::OpenedLink;
pub(crate) use settings::Settings;
pub(crate) use welcome::Welcome;
