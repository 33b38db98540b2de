//! What a person asks for. Serialisable, because the popup and the terminal client hand it to the process that owns
//! the engine.

use serde::{Deserialize, Serialize};

use crate::settings::Change;

/// A request from the person at the device.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Creates an account whose only device is this one.
    CreateAccount {
        /// Origin of the relay, as `https://host[:port]`.
        relay: String,
        /// What the other devices will call this one.
        name: String,
        /// The token that the relay wants from new accounts, unless it is open to all.
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
    /// The same for a link that leads to a relay other than the one it seems to come from, once the person has seen
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
        /// The code, such as `4-purple-cactus`; case and spaces do not matter.
        code: String,
        /// What the other devices will call this one.
        name: String,
    },
    /// Sends a clip to the other devices, regardless of what is on the clipboard.
    Push {
        /// Plain text.
        text: String,
        /// The same as HTML, if there is an HTML form.
        html: Option<String>,
    },
    /// Starts listening to a channel: from now on, what other devices send on it is kept.
    Listen {
        /// Its name: see [`hushclip_protocol::channel::is_channel`].
        channel: String,
    },
    /// Stops listening to a channel, and deletes what was kept from it.
    Unlisten {
        /// Its name; one that is not listened to is ignored.
        channel: String,
    },
    /// Sends something to the programs on the other devices that listen to a channel. It appears in no list and on no
    /// clipboard.
    Publish {
        /// Its name: see [`hushclip_protocol::channel::is_channel`]. This device need not listen to it.
        channel: String,
        /// The content, in any format. Together with the name, at most a few bytes less than
        /// [`hushclip_protocol::limits::CLIP_BYTES`].
        bytes: Vec<u8>,
    },
    /// Sends a clip whose content is neither text nor HTML.
    PushBytes {
        /// Its media type (RFC 6838), at most 255 bytes.
        media: String,
        /// The content.
        bytes: Vec<u8>,
    },
    /// The person has copied this clip here, so it is not news when it appears on the clipboard.
    Copied {
        /// Hexadecimal item identifier, as in [`crate::view::ClipView::id`].
        id: String,
    },
    /// Puts a clip from the list on the clipboard.
    Take {
        /// As in [`crate::view::ClipView::id`].
        id: String,
        /// Whether to leave out its HTML form.
        plain: bool,
    },
    /// Pins a clip on all devices, so that it stays when others make room for newer ones; or unpins it.
    Pin {
        /// As in [`crate::view::ClipView::id`].
        id: String,
        /// Whether it is pinned from now on.
        pinned: bool,
    },
    /// Deletes clips on all devices. They disappear from view at once and are gone after [`crate::UNDO_MS`].
    Delete {
        /// As in [`crate::view::ClipView::id`]; unknown ones are ignored.
        ids: Vec<String>,
    },
    /// Deletes all clips on all devices, including pinned ones; can be undone like [`Command::Delete`].
    DeleteAll,
    /// Undoes [`Command::Delete`], while there is time.
    Undelete {
        /// As in [`crate::view::ClipView::id`]; empty for all that can still be brought back.
        ids: Vec<String>,
    },
    /// The person has seen the list.
    Seen,
    /// The answer to a question in [`crate::View::held`].
    AnswerSecret {
        /// As in [`crate::view::HeldView::id`].
        id: String,
        /// Whether to send it.
        send: bool,
        /// Whether to do the same with everything of its kind from now on.
        remember: bool,
        /// Whether the other devices forget it after the first paste, as far as they notice one.
        burn: bool,
    },
    /// Changes the settings of this device.
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
    /// Lets in the device that answered the invite.
    Approve {
        /// The six digits it shows. `None` lets it in unchecked, for scripts and after a typed code.
        digits: Option<String>,
        /// Whether it may read what the relay still keeps from before it joined.
        share_history: bool,
    },
    /// Turns away the device that answered the invite.
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
    /// Sets how often this device changes its keys, apart from after every 1,000 items.
    SetRotation {
        /// Minutes, 30 to 10,080 (a week).
        minutes: u32,
    },
    /// Sets the address where a push service takes wake-ups for this device; `None` means no more wake-ups.
    SetPush {
        /// Address, at most [`hushclip_protocol::limits::PUSH_ENDPOINT_BYTES`] of printable ASCII.
        endpoint: Option<String>,
    },
    /// After [`crate::view::Problem`] `fork` and the like: the person has looked into it and wants to continue with
    /// this relay. The relay's list of devices must still agree with what this device knows of it.
    Resume,
    /// Hides an alert.
    DismissAlert {
        /// As in [`crate::view::AlertView::id`].
        id: u64,
    },
    /// Forgets the account and everything that belongs to it: keys, clips, outbox. The other devices are not told.
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
