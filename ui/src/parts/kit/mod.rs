//! What every room draws with: drawings, a sheet, a question before what cannot be undone, a first picture.
//! It refuses to know any other room, and what its pieces stand for.

mod confirm;
mod icon;
mod sheet;
mod skeleton;

pub(crate) use confirm::Confirm;
pub(crate) use icon::{Dot, Icon, Mark, Shape};
pub(crate) use sheet::Sheet;
pub(crate) use skeleton::Skeleton;
