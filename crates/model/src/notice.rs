//! Passing news: what a terminal would print and a page would show for a moment.

use serde::{Deserialize, Serialize};

use crate::{ClipView, HeldView, Problem};

/// A passing piece of news.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A clip from another device is stored here.
    Received {
        /// The clip.
        clip: ClipView,
    },
    /// A copy looks like a secret and waits for the person's answer.
    Held {
        /// What is known of it.
        held: HeldView,
    },
    /// The relay has stored a clip from this device.
    Sent {
        /// Hexadecimal item identifier.
        id: String,
        /// Its position.
        cursor: u64,
    },
    /// The relay has stored a payload from this device.
    PayloadStored {
        /// Hexadecimal item identifier.
        id: String,
        /// Its position.
        cursor: u64,
    },
    /// A payload from another device is stored here.
    PayloadReceived {
        /// The channel.
        channel: String,
        /// As in [`crate::PayloadView::order`].
        order: u64,
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
    /// A device joined the account.
    DeviceAdded {
        /// Hexadecimal identifier.
        device: String,
        /// Its name.
        name: String,
    },
    /// A device is no longer in the account.
    DeviceRemoved {
        /// Hexadecimal identifier.
        device: String,
        /// Its name.
        name: String,
    },
    /// This device is no longer in the account, and its keys are gone.
    Removed,
    /// Work in the background failed.
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
            Self::Sent { .. } => "Sent",
            Self::PayloadStored { .. } => "PayloadStored",
            Self::PayloadReceived { .. } => "PayloadReceived",
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
