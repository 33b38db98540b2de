//! What happens to a device.

use hushclip_crypto::archive::ArchivedClip;

use crate::Command;

/// What a clip holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// Plain text.
    pub text: String,
    /// The same as HTML, when there is such a form.
    pub html: Option<String>,
}

impl Content {
    /// Plain text only.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), html: None }
    }
}

impl core::fmt::Debug for Content {
    /// Tells the size only: clip text does not belong in logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Content({} bytes)", self.text.len() + self.html.as_ref().map_or(0, String::len))
    }
}

/// Something the shell tells the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The process is up; comes once, after the engine was made or restored.
    Started,
    /// The socket asked for by [`crate::Effect::Connect`] is open.
    SocketOpened,
    /// The socket is gone, or never opened.
    SocketClosed {
        /// The close code, where there was one.
        code: Option<u16>,
    },
    /// A binary message arrived.
    Frame(Vec<u8>),
    /// The text message `pong` arrived.
    Pong,
    /// The time asked for by [`crate::Effect::WakeAt`] has come.
    Timer,
    /// The platform says that the network, or the person, is back: do not wait to reconnect.
    Online,
    /// The local clipboard holds something new.
    LocalCopy(Content),
    /// The same, where the platform vouches that the person has copied it just now: no other program has put it there.
    Copied(Content),
    /// Something was pasted here, nobody knows what.
    Pasted,
    /// Clips from a file, oldest first.
    Import(Vec<ArchivedClip>),
    /// The person asks for something.
    Command(Command),
}
