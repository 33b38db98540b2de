//! What a person is told: the line's state, what went wrong, what should be known, that a newer build waits.
//! It refuses to decide what is worth saying; the view and the page do.

mod alerts;
mod connection;
mod problem;
mod update;

pub(crate) use alerts::Alerts;
pub(crate) use connection::Connection;
pub(crate) use problem::{Problem, unjoined};
pub(crate) use update::Update;
