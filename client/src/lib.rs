//! The client library. Start at [`Client`].
//!
#![doc = include_str!("../README.md")]

mod account;
mod arrivals;
mod builder;
mod channel;
mod client;
mod clips;
mod clock;
mod content;
mod device;
mod error;
mod event;
mod pairing;
mod probe;
mod receipt;
pub mod socket;
mod sqlite;
pub mod store;
mod trouble;
mod websocket;

pub use arrivals::Arrivals;
pub use builder::Builder;
pub use channel::Channel;
pub use client::Client;
pub use content::{Form, Payload};
pub use device::Copied;
pub use error::{Error, Result};
pub use event::{Event, Events, Status};
pub use hushclip_crypto::vault::VaultKey as Key;
pub use hushclip_driver::{relay_origin, target};
/// What a device shows, and what can be asked of it.
pub use hushclip_model as model;
pub use hushclip_protocol::limits::{CLIP_BYTES, INVITE_MS};
pub use pairing::{Invite, JoinRequest, Joining};
pub use probe::probe;
pub use receipt::Receipt;
/// The version that [`Sqlite::with_key`] takes connections of.
pub use rusqlite;
pub use sqlite::{Sqlite, SqliteError};
pub use store::{Memory, Store};
pub use websocket::WebSocket;

/// The digest that identifies a text in [`Event::ClearClipboard`], in hexadecimal.
pub fn digest(text: &str) -> String {
    hushclip_driver::text_digest(text).to_hex()
}
