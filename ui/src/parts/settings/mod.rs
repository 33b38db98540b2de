//! What a person may choose for this device, a card for each, and what the relay says of itself.
//! It refuses to keep anything: a choice is a command, and what is shown is the view.

mod appearance;
mod applying;
mod bounds;
mod catching;
mod history;
mod rotation;
mod secrets;

pub(crate) use appearance::Appearance;
pub(crate) use applying::Applying;
pub(crate) use bounds::Bounds;
pub(crate) use catching::{Catching, Paused};
pub(crate) use history::History;
pub(crate) use rotation::Rotation;
pub(crate) use secrets::Secrets;
