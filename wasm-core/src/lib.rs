//! The browser client: a [`hushclip_driver::Driver`] with a WebSocket, IndexedDB and timers around
//! it. It moves bytes and carries out effects in order; it refuses to decide anything about clips,
//! keys, cursors or retries of the line, which is the engine's job.
//!
//! A page that owns its engine uses [`Client`]; a popup whose background owns it uses [`port`]; the
//! background itself uses [`Shell`]. If a person has set a passphrase, the engine exists only while it
//! is unlocked.

mod archive;
mod client;
mod failure;
mod idle;
mod js;
mod lock;
pub mod port;
mod queue;
mod rng;
mod running;
pub mod session;
mod shell;
mod socket;
mod store;
mod time;
mod tries;

pub use client::{Client, Hooks};
pub use hushclip_engine::target;
pub use lock::other_tab_closed;
pub use shell::{Host, Shell, is};
