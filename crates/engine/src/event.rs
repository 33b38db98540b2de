//! What happens to a device.

use std::collections::BTreeMap;

use hushclip_crypto::archive::ArchivedClip;
use hushclip_model::{Command, CommandId, Content};
use hushclip_protocol::ids::DeviceId;

/// A line: one socket, from its opening to its end. No two that one engine hears of have the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineId {
    /// To the relay, as [`crate::Effect::Connect`] calls it.
    Relay(u64),
    /// To another device of the account, by a number that whoever opens it gives. Sealed envelopes go over it, both ways,
    /// and nothing else. It may lose them, bring them in any order and end at any time: the relay has each of them.
    ///
    /// Whoever opens one has seen to it that this device is at the other end.
    Device(DeviceId, u64),
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It is open.
    Opened,
    /// A binary message arrived: of the relay a frame, of another device an envelope.
    Frame(Vec<u8>),
    /// The text message `pong` arrived.
    Pong,
    /// It is gone, or never opened.
    Closed {
        /// The close code, where there was one.
        code: Option<u16>,
    },
}

/// Something the shell tells the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The process is up; comes once, after the engine was made or restored.
    Started,
    /// A line has said something. Events of a closed line are ignored.
    Line {
        /// Which.
        line: LineId,
        /// What.
        said: Said,
    },
    /// The time asked for by [`crate::Effect::WakeAt`] has come.
    Timer,
    /// The process is about to end; nothing comes after it.
    Closing,
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
    /// The person asks for something. [`crate::Effect::Answer`] says what became of it, among the effects of this event or,
    /// where that asks for content, of the [`Event::Loaded`] that brings it.
    Command {
        /// Comes back with the answer.
        id: CommandId,
        /// What is asked for.
        command: Command,
    },
}
