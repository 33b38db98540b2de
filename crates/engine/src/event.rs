//! What happens to a device.

use std::collections::BTreeMap;

use hushclip_crypto::archive::ArchivedClip;
use hushclip_model::{Command, CommandId, Content};

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
    /// The records that [`crate::Effect::Load`] asked for; `None` for those that are not there.
    Loaded(BTreeMap<String, Option<Vec<u8>>>),
    /// Something was pasted here, nobody knows what.
    Pasted,
    /// Clips from a file, oldest first. [`crate::Effect::Answer`] says how many of them were not here before.
    Import {
        /// Comes back with the answer.
        id: CommandId,
        /// What the file holds.
        clips: Vec<ArchivedClip>,
    },
    /// The person asks for something. [`crate::Effect::Answer`] says what became of it, among the effects of this event.
    Command {
        /// Comes back with the answer.
        id: CommandId,
        /// What is asked for.
        command: Command,
    },
}
