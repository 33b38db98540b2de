//! What the engine wants done. Shells carry effects out in order, and finish each
//! [`Effect::Persist`] before the next one: what is sent must already be on disk.

use serde::{Deserialize, Serialize};

use crate::event::Content;
use crate::view::{ClipView, HeldView, Problem};

/// One change of the persisted state, a map from short keys to bytes.
#[derive(Clone, PartialEq, Eq)]
pub enum Write {
    /// Sets a record.
    Put {
        /// Key, at most 64 ASCII characters.
        key: String,
        /// Value; holds secrets.
        value: Vec<u8>,
    },
    /// Removes a record.
    Delete {
        /// Key.
        key: String,
    },
}

impl core::fmt::Debug for Write {
    /// Tells the key only: values hold secrets.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Put { key, .. } => write!(f, "Put({key})"),
            Self::Delete { key } => write!(f, "Delete({key})"),
        }
    }
}

/// Something the shell shall do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Store these changes, all or none, and durably, before going on.
    Persist(Vec<Write>),
    /// Close any socket and open one to this URL (`ws://…` or `wss://…`).
    Connect {
        /// The URL.
        url: String,
    },
    /// Send a binary message on the open socket.
    Send(Vec<u8>),
    /// Send the text message `ping` on the open socket.
    Ping,
    /// Close the socket. No `SocketClosed` is expected for it.
    Disconnect,
    /// Send [`crate::Event::Timer`] at this time (milliseconds since 1970). Replaces the time asked
    /// for before.
    WakeAt(u64),
    /// Put this on the local clipboard. Its digest is already noted, so seeing it there is no news.
    WriteClipboard(Content),
    /// Clear the local clipboard, if it still holds this text. Line endings may differ.
    ClearClipboard(Content),
    /// Something happened that a terminal would print and a page would show for a moment.
    Notice(Notice),
    /// [`crate::View`] is not what it was.
    ViewChanged,
}

/// A passing piece of news.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// A clip of another device is stored here.
    Received {
        /// The clip.
        clip: ClipView,
    },
    /// A copy looks like a secret and waits for the person's answer.
    Held {
        /// What is known of it.
        held: HeldView,
    },
    /// What the person asked to send is stored here and on its way; until then it is theirs to keep.
    Taken,
    /// The relay has stored a clip of this device.
    Sent {
        /// Hexadecimal item identifier.
        id: String,
        /// Its position.
        cursor: u64,
    },
    /// Everything the relay had for this device is stored here.
    CaughtUp,
    /// The invite is open: this is the link to pass on.
    InviteReady {
        /// Link with the secret in its fragment; empty for an invite by code.
        url: String,
        /// Typed code, for an invite by code.
        code: Option<String>,
        /// When it stops working, milliseconds since 1970.
        expires_at: u64,
    },
    /// A device answered the invite and waits to be let in.
    JoinRequested {
        /// What it calls itself.
        name: String,
        /// Whether it shows six digits to type here.
        needs_digits: bool,
    },
    /// Show these digits; the person types them at the inviting device.
    Digits {
        /// Six decimal digits.
        digits: String,
    },
    /// This device is in.
    Joined,
    /// A device came into the account.
    DeviceAdded {
        /// Hexadecimal identifier.
        device: String,
        /// Its name.
        name: String,
    },
    /// A device is no longer of the account.
    DeviceRemoved {
        /// Hexadecimal identifier.
        device: String,
        /// Its name.
        name: String,
    },
    /// This device is no longer of the account, and its keys are gone.
    Removed,
    /// A command, or work in the background, failed.
    Failed {
        /// What happened and what to do.
        problem: Problem,
    },
}

impl core::fmt::Debug for Notice {
    /// Names the notice only: its fields hold links, digits and clip text.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Received { .. } => "Received",
            Self::Held { .. } => "Held",
            Self::Taken => "Taken",
            Self::Sent { .. } => "Sent",
            Self::CaughtUp => "CaughtUp",
            Self::InviteReady { .. } => "InviteReady",
            Self::JoinRequested { .. } => "JoinRequested",
            Self::Digits { .. } => "Digits",
            Self::Joined => "Joined",
            Self::DeviceAdded { .. } => "DeviceAdded",
            Self::DeviceRemoved { .. } => "DeviceRemoved",
            Self::Removed => "Removed",
            Self::Failed { .. } => "Failed",
        })
    }
}
