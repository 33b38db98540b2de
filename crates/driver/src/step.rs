//! What is to be done, and what lines say.

use hushclip_crypto::archive::Archive;
use hushclip_engine::{LineId, Write};
use hushclip_model::{Answered, CommandId, Content, Notice};
use hushclip_protocol::ids::Hash;

/// Something that is to be done before the next step is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Store these changes, all or none, durably; then say [`crate::Driver::stored`] or [`crate::Driver::failed`].
    /// Until then the driver hands out nothing of the engine's; it may only close the line, or say that storing failed.
    Store(Vec<Write>),
    /// Read these records; then say [`crate::Driver::loaded`], also if some are not there, or [`crate::Driver::failed`].
    Load(Vec<String>),
    /// Open a socket to this URL (`ws://…` or `wss://…`).
    Open {
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
    /// Close a line. Nothing that it says counts any more.
    Close {
        /// Which.
        line: LineId,
    },
    /// Push [`Event::Timer`] at this time, milliseconds since 1970. Replaces the time asked for before.
    WakeAt(u64),
    /// Put this on the local clipboard.
    WriteClipboard {
        /// What.
        content: Content,
        /// The person has picked it from the list.
        picked: bool,
    },
    /// Clear the local clipboard, if [`hushclip_engine::text_digest`] of what it holds is this.
    ClearClipboard(Hash),
    /// Make a file of this history, and give the answer to whoever asked for it.
    Archive {
        /// The answer's name.
        id: CommandId,
        /// What goes into it.
        archive: Archive,
        /// How many clips do not, because their content is lost.
        lost: u32,
    },
    /// What became of a command.
    Answer(Answered),
    /// Something happened that a terminal would print and a page would show for a moment.
    Notice(Notice),
    /// There is something new to see.
    Show,
}
