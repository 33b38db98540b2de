//! What a person asks for. Serialisable, because popup and terminal hand it to the process that
//! owns the engine.

use serde::{Deserialize, Serialize};

use crate::settings::Change;

/// A request from the person at the device.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    /// Makes an account whose only device is this one.
    CreateAccount {
        /// Origin of the relay, as `https://host[:port]`.
        relay: String,
        /// What the other devices will call this one.
        name: String,
        /// What the relay wants to hear from new accounts, if it is not open to all.
        #[serde(default)]
        token: Option<String>,
    },
    /// Joins an account through a pairing link.
    Join {
        /// The whole link, secret included.
        link: String,
        /// What the other devices will call this one.
        name: String,
    },
    /// The same for a link that leads to another relay than it seems to be from, once the person has seen
    /// that: see [`crate::target`].
    JoinAt {
        /// Origin of the relay that the person means.
        relay: String,
        /// The whole link, secret included.
        link: String,
        /// What the other devices will call this one.
        name: String,
    },
    /// Joins an account through a typed code.
    JoinByCode {
        /// Origin of the relay, as `https://host[:port]`.
        relay: String,
        /// The code, such as `4-purple-castle`; case and spaces do not matter.
        code: String,
        /// What the other devices will call this one.
        name: String,
    },
    /// Sends a clip to the other devices, whatever is on the clipboard.
    Push {
        /// Plain text.
        text: String,
        /// The same as HTML, when there is such a form.
        html: Option<String>,
    },
    /// Keeps what other devices send on a channel from now on.
    Listen {
        /// Its name: see [`hushclip_protocol::channel::is_channel`].
        channel: String,
    },
    /// Keeps it no longer, and deletes what was kept.
    Unlisten {
        /// Its name; one that nobody listens to is passed over.
        channel: String,
    },
    /// Sends something to the programs on the other devices that listen to a channel. No list shows it and no clipboard
    /// holds it.
    Publish {
        /// Its name: see [`hushclip_protocol::channel::is_channel`]. This device need not listen to it.
        channel: String,
        /// The content, whatever it means; with the name at most [`hushclip_protocol::limits::CLIP_BYTES`], less a few.
        bytes: Vec<u8>,
    },
    /// Sends a clip whose content is neither text nor HTML.
    PushBytes {
        /// Its media type (RFC 6838), at most 255 bytes.
        media: String,
        /// The content.
        bytes: Vec<u8>,
    },
    /// The person has copied this clip here, so it is no news when the clipboard shows it.
    Copied {
        /// Hexadecimal item identifier, as in [`crate::view::ClipView::id`].
        id: String,
    },
    /// Puts a clip of the list on the clipboard.
    Take {
        /// As in [`crate::view::ClipView::id`].
        id: String,
        /// Without its HTML form.
        plain: bool,
    },
    /// Keeps a clip when others make room for newer ones, on all devices; or no longer.
    Pin {
        /// As in [`crate::view::ClipView::id`].
        id: String,
        /// Whether it is to be kept.
        pinned: bool,
    },
    /// Deletes clips on all devices. They are out of sight at once and gone after [`crate::UNDO_MS`].
    Delete {
        /// As in [`crate::view::ClipView::id`]; unknown ones are passed over.
        ids: Vec<String>,
    },
    /// Deletes all clips on all devices, pinned ones too; can be taken back like [`Command::Delete`].
    DeleteAll,
    /// Takes [`Command::Delete`] back, while there is time.
    Undelete {
        /// As in [`crate::view::ClipView::id`]; empty for all that is still there.
        ids: Vec<String>,
    },
    /// The person has seen the list.
    Seen,
    /// The answer to a question of [`crate::View::held`].
    AnswerSecret {
        /// As in [`crate::view::HeldView::id`].
        id: String,
        /// Whether it is sent.
        send: bool,
        /// The same for everything of its kind from now on.
        remember: bool,
        /// The others shall forget it after the first paste, as far as they notice it.
        burn: bool,
    },
    /// What the person chooses for this device.
    SetSettings {
        /// What changes.
        change: Change,
    },
    /// Opens an invite; replaces the one that is open.
    Invite,
    /// Opens an invite with a typed code instead of a link; replaces the one that is open.
    InviteByCode,
    /// Ends the open invite.
    CancelInvite,
    /// Lets the device that answered the invite in.
    Approve {
        /// The six digits it shows. `None` lets it in unseen, for scripts and after a typed code.
        digits: Option<String>,
        /// Whether it may read what the relay keeps of the time before.
        share_history: bool,
    },
    /// Turns the device that answered the invite away.
    Refuse,
    /// Stops trying to join.
    CancelJoin,
    /// The person has seen which account this device joined: [`crate::View::new_here`].
    ConfirmAccount,
    /// Locks a device of the account out of everything that is sent from now on.
    RemoveDevice {
        /// Hexadecimal identifier, as in [`crate::view::DeviceView::id`].
        device: String,
    },
    /// How often this device changes its keys, besides after each 1,000 clips.
    SetRotation {
        /// Minutes, 30 to 10,080 (a week).
        minutes: u32,
    },
    /// Where a push service takes wake-ups for this device; `None`: it is to be woken no more.
    SetPush {
        /// Address, at most [`hushclip_protocol::limits::PUSH_ENDPOINT_BYTES`] of printable ASCII.
        endpoint: Option<String>,
    },
    /// After [`crate::view::Problem`] `fork` and the like: the person has looked into it and wants to
    /// go on with this relay. What this device knows of the list of devices still has to hold.
    Resume,
    /// Hides an alert.
    DismissAlert {
        /// As in [`crate::view::AlertView::id`].
        id: u64,
    },
    /// Forgets the account and everything that came with it: keys, clips, outbox. The other devices
    /// are not told.
    Leave,
    /// Hides the problem that is shown.
    Dismiss,
}

impl core::fmt::Debug for Command {
    /// Names the command only: its fields hold secrets, clip text and what programs send.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::CreateAccount { .. } => "CreateAccount",
            Self::Join { .. } => "Join",
            Self::JoinAt { .. } => "JoinAt",
            Self::JoinByCode { .. } => "JoinByCode",
            Self::Push { .. } => "Push",
            Self::Listen { .. } => "Listen",
            Self::Unlisten { .. } => "Unlisten",
            Self::Publish { .. } => "Publish",
            Self::PushBytes { .. } => "PushBytes",
            Self::Copied { .. } => "Copied",
            Self::Take { .. } => "Take",
            Self::Pin { .. } => "Pin",
            Self::Delete { .. } => "Delete",
            Self::DeleteAll => "DeleteAll",
            Self::Undelete { .. } => "Undelete",
            Self::Seen => "Seen",
            Self::AnswerSecret { .. } => "AnswerSecret",
            Self::SetSettings { .. } => "SetSettings",
            Self::Invite => "Invite",
            Self::InviteByCode => "InviteByCode",
            Self::RemoveDevice { .. } => "RemoveDevice",
            Self::SetRotation { .. } => "SetRotation",
            Self::SetPush { .. } => "SetPush",
            Self::Resume => "Resume",
            Self::DismissAlert { .. } => "DismissAlert",
            Self::CancelInvite => "CancelInvite",
            Self::Approve { .. } => "Approve",
            Self::Refuse => "Refuse",
            Self::CancelJoin => "CancelJoin",
            Self::ConfirmAccount => "ConfirmAccount",
            Self::Leave => "Leave",
            Self::Dismiss => "Dismiss",
        })
    }
}
