//! What the engine wants done. Shells carry effects out in order, and finish each
//! [`Effect::Persist`] before the next one: what is sent must already be on disk.

use hushclip_model::{Answered, Content, Notice};
use hushclip_protocol::ids::Hash;

use crate::event::LineId;

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

impl Write {
    /// The key of the record.
    pub fn key(&self) -> &str {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }
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
    /// Close any socket to the relay and open one to this URL (`ws://…` or `wss://…`).
    Connect {
        /// What it is called.
        line: LineId,
        /// The URL.
        url: String,
    },
    /// Send a binary message.
    Send {
        /// On this line.
        line: LineId,
        /// The message.
        frame: Vec<u8>,
    },
    /// Send the text message `ping`.
    Ping {
        /// On this line.
        line: LineId,
    },
    /// Close a line. Nothing is expected of it any more.
    Disconnect {
        /// Which.
        line: LineId,
    },
    /// Send [`crate::Event::Timer`] at this time (milliseconds since 1970). Replaces the time asked
    /// for before.
    WakeAt(u64),
    /// Read these records as they are now, before anything that follows is stored, and hand them in with
    /// [`crate::Event::Loaded`] when everything that follows is done.
    Load(Vec<String>),
    /// Put this on the local clipboard. Its digest is already noted, so seeing it there is no news.
    WriteClipboard {
        /// What.
        content: Content,
        /// The person has picked it from the list.
        picked: bool,
    },
    /// Clear the local clipboard, if [`crate::text_digest`] of what it holds is this.
    ClearClipboard(Hash),
    /// What became of a command; one for each.
    Answer(Answered),
    /// Something happened that a terminal would print and a page would show for a moment.
    Notice(Notice),
    /// [`hushclip_model::View`] is not what it was.
    ViewChanged,
}
