//! What a person sees: one value that the popup, the web app and the terminal client draw. It holds clip text, so it
//! never goes to a log, and no `Debug` prints it.

use serde::{Deserialize, Serialize};

use crate::{AlertView, Problem, SecretKind, Settings};

/// The whole picture.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// How far this device is on its way into an account.
    pub stage: Stage,
    /// The line to the relay.
    pub connection: Connection,
    /// Origin of the relay of the account, or of the one that is being joined.
    pub relay: Option<String>,
    /// Hexadecimal identifier of this device, once it has keys.
    pub device: Option<String>,
    /// Name of this device, once it has one.
    pub name: Option<String>,
    /// Clips that the [`Query`] finds, newest first.
    pub clips: Vec<ClipView>,
    /// How many it finds, including those beyond its limit.
    pub found: u32,
    /// How many clips there are in all.
    pub total: u32,
    /// How many clips from other devices arrived since the person last saw the list.
    pub unread: u32,
    /// Copies that look like secrets and wait for an answer, newest first.
    pub held: Vec<HeldView>,
    /// What the person chose for this device.
    pub settings: Settings,
    /// When the relay was last heard from, milliseconds since 1970, while there is no line.
    pub in_touch_at: Option<u64>,
    /// Devices in the account, this one first.
    pub devices: Vec<DeviceView>,
    /// The open invite.
    pub invite: Option<InviteView>,
    /// How far joining has got, in [`Stage::Joining`]; `None` for a new account.
    pub joining: Option<JoiningView>,
    /// The newest problem, until dismissed or solved.
    pub problem: Option<Problem>,
    /// How many clips are still waiting for the relay.
    pub waiting: u32,
    /// What a person should know, until dismissed; oldest first.
    pub alerts: Vec<AlertView>,
    /// Fingerprint of the list of devices, ten words: the same on all devices that were shown the same list.
    pub check: Option<String>,
    /// Fingerprint of the account, six words: the same on all its devices for ever.
    pub fingerprint: Option<String>,
    /// This device has joined the account, and the person has not confirmed yet that it is the right one.
    #[serde(default)]
    pub new_here: bool,
    /// How often this device changes its keys, minutes, once there is an account.
    pub rotation_minutes: Option<u32>,
    /// What the relay keeps and lets through, once it has said so.
    pub bounds: Option<Bounds>,
    /// The key that the relay signs wake-ups with, 65 bytes in hexadecimal, for subscribing at a push service; `None`
    /// if the relay wakes nobody, or has not said yet.
    pub push_key: Option<String>,
    /// Whether this device has asked to be woken.
    pub push: bool,
}

/// Which clips to show.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// Words that must all be in the beginning of the clip, regardless of case; empty for all clips. Secrets are not
    /// searched.
    pub text: String,
    /// Hexadecimal identifier of the device they come from, if only those are wanted.
    #[serde(default)]
    pub device: Option<String>,
    /// What kind they are.
    pub kind: Filter,
    /// Only pinned ones.
    pub pinned: bool,
    /// At most this many.
    pub limit: u32,
}

/// What can be shown of a clip.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClipKind {
    /// Text.
    Text,
    /// Text that also has a formatted form.
    Html,
    /// Nothing: it is of a kind that this version does not know, or its sender damaged it.
    #[default]
    #[serde(other)]
    Other,
}

/// What kind of clips to show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Anything.
    #[default]
    All,
    /// Plain text that is not a link.
    Text,
    /// A web address and nothing else.
    Link,
    /// With an HTML form.
    Formatted,
    /// Secrets.
    Secret,
}

impl Default for Query {
    fn default() -> Self {
        Self { text: String::new(), device: None, kind: Filter::All, pinned: false, limit: 100 }
    }
}

impl core::fmt::Debug for Query {
    /// Leaves the words out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Query({:?}, at most {})", self.kind, self.limit)
    }
}

/// A copy that looks like a secret. It is kept only in memory, for [`crate::HELD_MS`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldView {
    /// For [`crate::Command::AnswerSecret`].
    pub id: String,
    /// What it looks like.
    pub kind: SecretKind,
    /// When it was copied, milliseconds since 1970.
    pub at: u64,
    /// As much of it as may be shown, such as `•••• 4242`.
    pub hint: String,
}

impl core::fmt::Debug for HeldView {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "HeldView({:?})", self.kind)
    }
}

/// What the relay keeps and lets through, as it said in its Welcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Clips kept.
    pub items: u32,
    /// Bytes kept.
    pub bytes: u64,
    /// How long a clip is kept, seconds.
    pub ttl_s: u32,
    /// Largest clip, bytes: all its forms together.
    pub clip_bytes: u32,
    /// Messages that a device may send in a minute.
    pub frames_per_minute: u32,
    /// Devices in the account.
    pub devices: u32,
    /// What the relay can do beyond what every relay can: a set of bits, as in `docs/PROTOCOL.md`.
    #[serde(default)]
    pub capabilities: u64,
}

/// How far a device is on its way into an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// No account yet: offer to make one or to join one.
    #[default]
    New,
    /// On the way in: a link was opened and the other device has not answered yet, or the relay has not registered a
    /// new account yet.
    Joining,
    /// In an account.
    Member,
    /// Removed from its account: the keys are gone, the list of clips is still here.
    Removed,
}

/// The line to the relay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Connection {
    /// Nothing to connect to, or stopped for good; `View::problem` says why.
    #[default]
    Idle,
    /// Opening the socket or signing in.
    Connecting,
    /// Signed in, fetching what was missed.
    CatchingUp,
    /// Signed in and up to date.
    Online,
    /// No line; the device tries again by itself.
    Waiting {
        /// When, milliseconds since 1970.
        retry_at: u64,
    },
}

/// One clip in the list.
#[allow(clippy::struct_excessive_bools, reason = "each may be true or not whatever the others are")]
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClipView {
    /// Hexadecimal item identifier.
    pub id: String,
    /// Position in the list of this device, ascending.
    pub order: u64,
    /// Position at the relay, once stored there.
    pub cursor: Option<u64>,
    /// Name of the device it is from.
    pub from: String,
    /// Hexadecimal identifier of that device.
    pub device: String,
    /// Whether it is from this device.
    pub own: bool,
    /// What can be shown of it.
    #[serde(rename = "type")]
    pub kind: ClipKind,
    /// The text, or its beginning.
    pub text: String,
    /// The same as HTML, if there is an HTML form and it is not left out, as [`ClipView::cut`] would say. Harmless.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub html: Option<String>,
    /// When it was copied, by the clock of its device, milliseconds since 1970.
    pub at: u64,
    /// Names of the other devices that have stored it; filled only for own clips.
    pub delivered: Vec<String>,
    /// Names of the other devices that have not stored it yet; filled only for own clips.
    pub awaited: Vec<String>,
    /// Whether it stays when others make room for newer ones.
    pub pinned: bool,
    /// Whether it arrived from another device since the person last saw the list.
    pub unread: bool,
    /// What kind of secret it is, if its sender took it for one: not to be shown unasked.
    pub secret: Option<SecretKind>,
    /// Whether it is forgotten after the first paste.
    pub burn: bool,
    /// Whether it arrived after its device had been removed from the account: it is not put on the clipboard.
    #[serde(default)]
    pub late: bool,
    /// When it expires, by this device's clock, milliseconds since 1970.
    pub expires_at: Option<u64>,
    /// Whether there is more: the rest of a text, or an HTML form. [`crate::Ask::Read`] returns it.
    pub cut: bool,
}

impl core::fmt::Debug for ClipView {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ClipView({})", self.id)
    }
}

/// A device in the account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// Hexadecimal identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Whether it is this device.
    pub own: bool,
    /// Whether it is signed in at the relay.
    pub online: bool,
    /// When it last gave a signed sign of life, by its own clock, milliseconds since 1970; `None`
    /// before the first one that this device has seen.
    pub confirmed_at: Option<u64>,
    /// Whether it is being removed, and the relay has not confirmed that yet.
    pub removing: bool,
    /// How many of its items only a later version can show.
    #[serde(default)]
    pub later: u64,
    /// What it has said it can do beyond what every device can: a set of bits, as in `docs/PROTOCOL.md`.
    #[serde(default)]
    pub capabilities: u64,
}

impl core::fmt::Debug for DeviceView {
    /// Leaves the name out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "DeviceView({})", self.id)
    }
}

/// The open invite.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteView {
    /// Hexadecimal identifier, different for every invite.
    #[serde(default)]
    pub id: String,
    /// Whether it uses a typed code, such as `4-purple-cactus`, rather than a link.
    pub by_code: bool,
    /// The code, or the link with the secret in its fragment, once the relay has it.
    pub secret: Option<String>,
    /// When it stops working, milliseconds since 1970.
    pub expires_at: u64,
    /// Name of the device that answered.
    pub request: Option<String>,
    /// Hexadecimal identifier of the device that answered.
    #[serde(default)]
    pub device: Option<String>,
    /// Whether a device in the account already has that name, regardless of case and white space.
    #[serde(default)]
    pub namesake: bool,
    /// Whether the digits typed last were wrong.
    pub wrong_digits: bool,
}

/// How far joining has got.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoiningView {
    /// Six digits to type at the inviting device, once both devices have them.
    pub digits: Option<String>,
}
