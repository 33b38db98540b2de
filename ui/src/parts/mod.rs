//! The pieces that screens are made of.

mod alone;
mod clip;
mod clips;
mod composer;
mod connection;
mod devices;
mod digits;
mod icon;
mod invite;
mod name;
mod problem;
mod qr;
mod skeleton;

pub(crate) use alone::Alone;
pub(crate) use clips::Clips;
pub(crate) use composer::Composer;
pub(crate) use connection::Connection;
pub(crate) use devices::Devices;
pub(crate) use icon::Mark;
pub(crate) use invite::InviteSheet;
pub(crate) use name::NameField;
pub(crate) use problem::Problem;
pub(crate) use skeleton::Skeleton;
