//! What a person sees: the screens shared by the web app and the extension's popup. It draws a
//! [`View`] and asks for [`Command`]s; it refuses to know the engine, keys, sockets or storage.
//!
//! Reading order: `app` (which screen), `host` (what every screen can reach), `library` (which clips), `screens`,
//! `parts`.

#![expect(unreachable_pub, reason = "the component macro writes `pub` items of its own")]

mod agent;
mod app;
mod asking;
mod camera;
mod clipboard;
mod entry;
mod focus;
mod health;
mod host;
mod language;
mod library;
mod news;
mod outgoing;
mod page;
mod parts;
mod place;
mod save;
mod screens;
mod search;
mod text;
mod theme;
mod time;

pub use agent::device_name;
pub use app::{App, AppProps, mount};
pub use asking::asked;
pub use host::{Face, LoadScanner, Look, Platform, Wake, Wakes};
pub use hushclip_model::Problem;
pub use hushclip_model::{Answered, Asked, Command, Content, LockState, LockView, Notice, Query, View};
pub use outgoing::resume;
pub use page::{Install, Kept, Page, PageAsk, Shared, Tab, Update, Wish};
