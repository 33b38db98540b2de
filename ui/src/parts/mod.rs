//! The pieces that screens are made of.

mod alerts;
mod alone;
mod clip;
mod clips;
mod composer;
mod connection;
mod devices;
mod digits;
pub(crate) mod icon;
mod invite;
mod leave;
mod name;
mod problem;
mod qr;
mod scan;
mod skeleton;

pub(crate) use alerts::Alerts;
pub(crate) use alone::Alone;
pub(crate) use clips::Clips;
pub(crate) use composer::Composer;
pub(crate) use connection::Connection;
pub(crate) use devices::Devices;
pub(crate) use icon::Mark;
pub(crate) use invite::InviteSheet;
pub(crate) use leave::Leave;
pub(crate) use name::NameField;
pub(crate) use problem::Problem;
pub(crate) use scan::Scan;
pub(crate) use skeleton::Skeleton;
