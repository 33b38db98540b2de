//! What is between the app and the browser: installing, its tabs, wake-ups, and what it was opened for.
//! It refuses to ask the browser itself; the page does, and says what came of it.

mod install;
mod use_here;
mod wake;
mod wish;

pub(crate) use install::{InstallCard, InstallFirst, OnThisDevice};
pub(crate) use use_here::UseHere;
pub(crate) use wake::Wake;
pub(crate) use wish::follow_wishes;
