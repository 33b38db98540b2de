//! What a person asks for. Serialisable, because popup and terminal hand it to the process that
//! owns the engine.

use serde::{Deserialize, Serialize};

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
    },
    /// Joins an account through a pairing link.
    Join {
        /// The whole link, secret included.
        link: String,
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
    /// The person has copied this clip here, so it is no news when the clipboard shows it.
    Copied {
        /// Hexadecimal item identifier, as in [`crate::view::ClipView::id`].
        id: String,
    },
    /// Opens an invite; replaces the one that is open.
    Invite,
    /// Ends the open invite.
    CancelInvite,
    /// Lets the device that answered the invite in.
    Approve {
        /// The six digits it shows. `None` lets it in unseen, for scripts.
        digits: Option<String>,
    },
    /// Turns the device that answered the invite away.
    Refuse,
    /// Stops trying to join.
    CancelJoin,
    /// Forgets the account and everything that came with it: keys, clips, outbox. The other devices
    /// are not told.
    Leave,
    /// Hides the problem that is shown.
    Dismiss,
}

impl core::fmt::Debug for Command {
    /// Names the command only: its fields hold secrets and clip text.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::CreateAccount { .. } => "CreateAccount",
            Self::Join { .. } => "Join",
            Self::Push { .. } => "Push",
            Self::Copied { .. } => "Copied",
            Self::Invite => "Invite",
            Self::CancelInvite => "CancelInvite",
            Self::Approve { .. } => "Approve",
            Self::Refuse => "Refuse",
            Self::CancelJoin => "CancelJoin",
            Self::Leave => "Leave",
            Self::Dismiss => "Dismiss",
        })
    }
}
