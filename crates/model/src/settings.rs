//! The settings that a person chooses for this device. They are kept with the engine's records; other devices do not
//! see them.

use minicbor::{Decode, Decoder, Encode};
use serde::{Deserialize, Serialize};

/// Shortest and longest life of a secret, seconds.
const SECRET_LIFE_S: core::ops::RangeInclusive<u32> = 15..=3600;
/// How many sites may be paused.
const SITES: usize = 1000;
/// Longest host name (RFC 1035, section 2.3.4), bytes.
const HOST_BYTES: usize = 255;

/// What a person chooses for this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(array)]
pub struct Settings {
    /// What happens to clips from other devices.
    #[cbor(n(0), decode_with = "known_apply")]
    pub apply: Apply,
    /// What happens to copies that look like secrets.
    #[n(1)]
    pub secrets: SecretPolicies,
    /// How long a secret lives on all devices, seconds: 15 to 3,600.
    #[n(2)]
    pub secret_life_s: u32,
    /// Whether copies made here are ignored.
    #[n(3)]
    pub paused: bool,
    /// Hosts on whose pages copies are ignored, such as `bank.example`; hosts below them are included.
    #[n(4)]
    pub paused_sites: Vec<String>,
    /// Whether the system's clipboard is checked every second.
    #[n(5)]
    pub watch: bool,
    /// How the screens look.
    #[cbor(n(6), decode_with = "known")]
    pub theme: Theme,
}

/// A change to the settings. Whatever it leaves out stays as it is when the change is made: somebody may be changing
/// that from another screen at the same time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// What happens to clips from other devices.
    pub apply: Option<Apply>,
    /// What happens to copies that look like secrets of these kinds.
    pub secrets: Vec<(SecretKind, Policy)>,
    /// How long a secret lives.
    pub secret_life_s: Option<u32>,
    /// Whether copies made here are ignored.
    pub paused: Option<bool>,
    /// Hosts to pause.
    pub pause_sites: Vec<String>,
    /// Paused names to resume.
    pub resume_sites: Vec<String>,
    /// Whether the system's clipboard is checked.
    pub watch: Option<bool>,
    /// How the screens look.
    pub theme: Option<Theme>,
}

/// What happens to clips from other devices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Apply {
    /// The newest goes on the clipboard.
    #[default]
    #[n(0)]
    Always,
    /// The newest is offered.
    #[n(1)]
    Ask,
    /// They are only listed.
    #[n(2)]
    Never,
}

/// What happens to a copy that looks like a secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Policy {
    /// It is held, and the person is asked.
    #[default]
    #[n(0)]
    Ask,
    /// It is sent, with a short life.
    #[n(1)]
    Send,
    /// It stays here.
    #[n(2)]
    Never,
}

/// The policy for each kind of secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(array)]
pub struct SecretPolicies {
    /// One-time codes.
    #[cbor(n(0), decode_with = "known")]
    pub code: Policy,
    /// Card numbers.
    #[cbor(n(1), decode_with = "known")]
    pub card: Policy,
    /// Private keys.
    #[cbor(n(2), decode_with = "known")]
    pub key: Policy,
    /// Access tokens.
    #[cbor(n(3), decode_with = "known")]
    pub token: Policy,
    /// Probable passwords.
    #[cbor(n(4), decode_with = "known")]
    pub password: Policy,
}

/// How the screens look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Theme {
    /// Follows the system.
    #[default]
    #[n(0)]
    System,
    /// Light.
    #[n(1)]
    Light,
    /// Dark.
    #[n(2)]
    Dark,
}

/// A kind of secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretKind {
    /// A one-time code.
    Code,
    /// A card number.
    Card,
    /// A private key.
    Key,
    /// An access token.
    Token,
    /// Probably a password.
    Password,
}

/// Reads a choice; one that only a later version knows counts as the default.
fn known<'b, T, C>(decoder: &mut Decoder<'b>, context: &mut C) -> Result<T, minicbor::decode::Error>
where
    T: Decode<'b, C> + Default,
{
    known_or(T::default(), decoder, context)
}

/// The same, except that an unknown choice counts as [`Apply::Ask`], so that it puts nothing on a clipboard.
fn known_apply<C>(decoder: &mut Decoder<'_>, context: &mut C) -> Result<Apply, minicbor::decode::Error> {
    known_or(Apply::Ask, decoder, context)
}

fn known_or<'b, T: Decode<'b, C>, C>(
    otherwise: T,
    decoder: &mut Decoder<'b>,
    context: &mut C,
) -> Result<T, minicbor::decode::Error> {
    let from = decoder.position();
    T::decode(decoder, context).or_else(|error| {
        decoder.set_position(from);
        // Anything but a number is not a choice.
        decoder.u64().map(|_| otherwise).map_err(|_| error)
    })
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            apply: Apply::default(),
            secrets: SecretPolicies::default(),
            secret_life_s: 60,
            paused: false,
            paused_sites: Vec::new(),
            watch: false,
            theme: Theme::default(),
        }
    }
}

impl SecretPolicies {
    /// The policy for a kind.
    pub fn of(&self, kind: SecretKind) -> Policy {
        match kind {
            SecretKind::Code => self.code,
            SecretKind::Card => self.card,
            SecretKind::Key => self.key,
            SecretKind::Token => self.token,
            SecretKind::Password => self.password,
        }
    }

    /// Sets the policy for a kind.
    pub fn set(&mut self, kind: SecretKind, policy: Policy) {
        *match kind {
            SecretKind::Code => &mut self.code,
            SecretKind::Card => &mut self.card,
            SecretKind::Key => &mut self.key,
            SecretKind::Token => &mut self.token,
            SecretKind::Password => &mut self.password,
        } = policy;
    }
}

impl Change {
    /// The policy for one kind of secret.
    pub fn secret(kind: SecretKind, policy: Policy) -> Self {
        Self { secrets: vec![(kind, policy)], ..Self::default() }
    }
}

impl Settings {
    /// Applies the person's change, and nothing else.
    pub fn change(&mut self, change: Change) {
        self.apply = change.apply.unwrap_or(self.apply);
        for (kind, policy) in change.secrets {
            self.secrets.set(kind, policy);
        }
        let life_s = change.secret_life_s.unwrap_or(self.secret_life_s);
        self.secret_life_s = life_s.clamp(*SECRET_LIFE_S.start(), *SECRET_LIFE_S.end());
        self.paused = change.paused.unwrap_or(self.paused);
        self.watch = change.watch.unwrap_or(self.watch);
        self.theme = change.theme.unwrap_or(self.theme);
        let sites = &mut self.paused_sites;
        sites.retain(|site| !change.resume_sites.contains(site));
        sites.extend(change.pause_sites.into_iter().filter(|site| !site.is_empty() && site.len() <= HOST_BYTES));
        sites.sort_unstable();
        sites.dedup();
        sites.truncate(SITES);
    }
}
