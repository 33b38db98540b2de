//! What survives a restart: the records of [`crate::Effect::Persist`] and the values they hold.

use std::collections::{BTreeMap, BTreeSet};

use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::{BoxSk, DeviceKeys};
use hushclip_protocol::frame::Anchor;
use hushclip_protocol::ids::{AccountId, DeviceId, Hash, ItemId};
use hushclip_protocol::log::{Membership, SignedEntry};
use minicbor::{Decode, Encode};

use crate::effect::Write;
use crate::fork::Evidence;
use crate::record::{
    ACCOUNT, ALERTS, CLIP, CLIPBOARD, COMING, DEVICE, DRAFTS, EVIDENCE, LOG, PUSH, REMOVED, SEEN, SETTINGS, TRACES,
    TRIED, delete, put,
};
use crate::relay::Relay;
use crate::restore::{AccountRecord, DeviceRecord, RestoreError};

/// How often a device changes its keys unless told otherwise, minutes.
pub(crate) const ROTATION_MINUTES: u32 = 7 * 24 * 60;

/// Who this device is.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) keys: DeviceKeys,
    pub(crate) id: DeviceId,
    pub(crate) name: String,
    /// When the box key was made, by this device's clock.
    pub(crate) boxed_ms: u64,
    /// The box key of a [`hushclip_protocol::log::Action::Rekey`] that is not in the log yet.
    pub(crate) next_box: Option<BoxSk>,
}

/// The account this device belongs to.
#[expect(clippy::struct_excessive_bools, reason = "each says something else")]
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) relay: Relay,
    pub(crate) id: AccountId,
    /// The relay has the first log entry, and has welcomed a device.
    pub(crate) registered: bool,
    /// What the relay wants to hear from new accounts, as the person who started this one knew it.
    pub(crate) token: String,
    /// Everything up to here is stored.
    pub(crate) cursor: u64,
    /// Some of the items that are, for the relay to find out where it left this device.
    pub(crate) anchors: Vec<Anchor>,
    pub(crate) secrets: BTreeMap<u64, EpochSecret>,
    pub(crate) names: BTreeMap<DeviceId, String>,
    /// When each epoch but the newest ended, by this device's clock.
    pub(crate) ended: BTreeMap<u64, u64>,
    /// Epochs of which a member has given this device no secret.
    pub(crate) denied: BTreeSet<u64>,
    /// Items of the newest epoch that have passed here.
    pub(crate) epoch_items: u32,
    /// Devices that the person wants out.
    pub(crate) removing: BTreeSet<DeviceId>,
    /// How often this device changes its keys.
    pub(crate) rotation_minutes: u32,
    /// The relay has shown another log: nothing is sent until the person has looked into it.
    pub(crate) forked: bool,
    /// This device came into it, and the person has not looked at what it came into.
    pub(crate) new_here: bool,
    /// The relay shows again what was settled.
    pub(crate) set_back: bool,
    /// Position and hash of an entry that the log must contain.
    pub(crate) anchor: (u64, Hash),
    pub(crate) log: Vec<SignedEntry>,
    /// `None` until the joiner has fetched the log.
    pub(crate) membership: Option<Membership>,
}

/// This device belonged to an account.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Removed {
    #[n(0)]
    pub(crate) device: DeviceId,
    /// Who removed it.
    #[n(1)]
    pub(crate) by: DeviceId,
    /// Names of the devices, for the clips that are left.
    #[n(2)]
    pub(crate) names: Vec<(DeviceId, String)>,
}

/// A clip in the local history.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Clip {
    #[n(0)]
    pub(crate) item: ItemId,
    /// Position in the local list, ascending.
    #[n(1)]
    pub(crate) order: u64,
    /// Position at the relay; 0 until it is stored there.
    #[n(2)]
    pub(crate) cursor: u64,
    #[n(3)]
    pub(crate) device: DeviceId,
    /// By the sender's clock.
    #[n(4)]
    pub(crate) at_ms: u64,
    /// By this device's clock.
    #[n(5)]
    pub(crate) stored_ms: u64,
    #[n(6)]
    pub(crate) text: String,
    #[n(7)]
    pub(crate) html: Option<String>,
    /// When the relay had stored it, by this device's clock; 0 before, and for clips of others.
    #[n(8)]
    pub(crate) sent_ms: u64,
    /// As in [`hushclip_crypto::body::ClipBody::flags`], of those that stay true.
    #[n(9)]
    pub(crate) flags: u32,
    /// How long the relay may keep it, seconds.
    #[n(10)]
    pub(crate) ttl_s: u32,
    /// When it goes by itself, by this device's clock; 0 for clips that stay.
    #[n(11)]
    pub(crate) expires_ms: u64,
    /// The counter of its sender; 0 until it is sealed.
    #[n(12)]
    pub(crate) counter: u64,
    /// Makes no room for others.
    #[n(13)]
    pub(crate) pinned: bool,
    /// When the person deleted it, which can be taken back for a while; 0 if they did not.
    #[n(14)]
    pub(crate) trashed_ms: u64,
    /// For one that was imported, the name of the device it came from.
    #[n(15)]
    pub(crate) origin: String,
    /// It came when its sender was out of the account already.
    #[n(16)]
    pub(crate) late: bool,
    /// It will not be sent.
    #[n(17)]
    pub(crate) given_up: bool,
}

impl Account {
    /// An account whose log is not known yet, only an entry that it must contain.
    pub(crate) fn new(relay: Relay, id: AccountId, anchor: (u64, Hash)) -> Self {
        Self {
            relay,
            id,
            registered: false,
            token: String::new(),
            cursor: 0,
            anchors: Vec::new(),
            secrets: BTreeMap::new(),
            names: BTreeMap::new(),
            ended: BTreeMap::new(),
            denied: BTreeSet::new(),
            epoch_items: 0,
            removing: BTreeSet::new(),
            rotation_minutes: ROTATION_MINUTES,
            forked: false,
            new_here: false,
            set_back: false,
            anchor,
            log: Vec::new(),
            membership: None,
        }
    }

    pub(crate) fn restore(record: AccountRecord, log: Vec<SignedEntry>) -> Result<Self, RestoreError> {
        let mut account = Self::new(Relay::parse(&record.relay).ok_or(RestoreError)?, record.id, record.anchor);
        account.registered = record.registered;
        account.token = record.token;
        account.cursor = record.cursor;
        account.anchors = record.anchors;
        account.secrets = record.secrets.into_iter().collect();
        account.names = record.names.into_iter().collect();
        account.ended = record.ended.into_iter().collect();
        account.denied = record.denied.into_iter().collect();
        account.epoch_items = record.epoch_items;
        account.removing = record.removing.into_iter().collect();
        account.rotation_minutes = record.rotation_minutes;
        account.forked = record.forked;
        account.new_here = record.new_here;
        account.set_back = record.set_back;
        if let Some((first, rest)) = log.split_first() {
            let mut membership = Membership::genesis(first).map_err(|_| RestoreError)?;
            for entry in rest {
                membership.apply(entry).map_err(|_| RestoreError)?;
            }
            if membership.account() != account.id {
                return Err(RestoreError);
            }
            account.membership = Some(membership);
        }
        account.log = log;
        Ok(account)
    }

    /// The relay has the account and this device its log: until then, nothing has been shared that
    /// could not be started anew.
    pub(crate) fn is_usable(&self) -> bool {
        self.registered && self.reaches_anchor()
    }

    /// Whether the log holds the entry that it must contain: for one who came in, the one that says so.
    pub(crate) fn reaches_anchor(&self) -> bool {
        self.head_at(self.anchor.0) == Some(self.anchor.1)
    }

    /// The hash of a known log entry.
    pub(crate) fn head_at(&self, seq: u64) -> Option<Hash> {
        self.log.get(usize::try_from(seq).ok()?).map(SignedEntry::hash)
    }

    pub(crate) fn record(&self) -> Write {
        let record = AccountRecord {
            relay: self.relay.origin(),
            id: self.id,
            registered: self.registered,
            cursor: self.cursor,
            secrets: self.secrets.iter().map(|(epoch, secret)| (*epoch, secret.clone())).collect(),
            names: self.names.iter().map(|(device, name)| (*device, name.clone())).collect(),
            ended: self.ended.iter().map(|(epoch, at)| (*epoch, *at)).collect(),
            anchor: self.anchor,
            epoch_items: self.epoch_items,
            removing: self.removing.iter().copied().collect(),
            rotation_minutes: self.rotation_minutes,
            forked: self.forked,
            denied: self.denied.iter().copied().collect(),
            anchors: self.anchors.clone(),
            token: self.token.clone(),
            new_here: self.new_here,
            set_back: self.set_back,
        };
        put(ACCOUNT, &record)
    }
}

impl Identity {
    pub(crate) fn new(keys: DeviceKeys, name: &str, now: u64) -> Self {
        Self { id: keys.device_id(), keys, name: name.into(), boxed_ms: now, next_box: None }
    }

    pub(crate) fn record(&self) -> Write {
        let record = DeviceRecord {
            sign: self.keys.sign_seed().clone(),
            boxed: self.keys.box_sk().clone(),
            name: self.name.clone(),
            id: self.id,
            boxed_ms: self.boxed_ms,
            next_box: self.next_box.clone(),
        };
        put(DEVICE, &record)
    }
}

impl From<DeviceRecord> for Identity {
    fn from(record: DeviceRecord) -> Self {
        Self {
            keys: DeviceKeys::from_saved(record.sign, record.boxed, record.id),
            id: record.id,
            name: record.name,
            boxed_ms: record.boxed_ms,
            next_box: record.next_box,
        }
    }
}

impl Clip {
    pub(crate) fn record(&self) -> Write {
        put(self.key(), self)
    }

    pub(crate) fn delete(&self) -> Write {
        delete(self.key())
    }

    fn key(&self) -> String {
        format!("{CLIP}{}", self.item)
    }
}

pub(crate) fn log_record(seq: u64, entry: &SignedEntry) -> Write {
    put(log_key(seq), entry)
}

impl Removed {
    pub(crate) fn record(&self) -> Write {
        put(REMOVED, self)
    }

    pub(crate) fn delete() -> Write {
        delete(REMOVED)
    }
}

pub(crate) fn evidence_record(evidence: &Vec<Evidence>) -> Write {
    put(EVIDENCE, evidence)
}

pub(crate) fn clipboard_record(digest: &Hash) -> Write {
    put(CLIPBOARD, digest)
}

pub(crate) fn delete_clipboard() -> Write {
    delete(CLIPBOARD)
}

pub(crate) fn coming_record(digest: &Hash) -> Write {
    put(COMING, digest)
}

pub(crate) fn delete_coming() -> Write {
    delete(COMING)
}

/// Deletes every record of the account, and with it all keys; clips and what the clipboard holds stay.
pub(crate) fn delete_account(account: Option<&Account>) -> impl Iterator<Item = Write> {
    let single = [DEVICE, ACCOUNT, ALERTS, EVIDENCE, PUSH, TRACES, DRAFTS].map(str::to_owned);
    let logs = (0..account.map_or(0, |a| a.log.len() as u64)).map(log_key);
    single.into_iter().chain(logs).map(delete)
}

/// Deletes every record that [`delete_account`] leaves.
pub(crate) fn delete_clips<'a>(clips: impl Iterator<Item = &'a Clip>) -> impl Iterator<Item = Write> {
    let settings = [SETTINGS, SEEN, TRIED].map(delete);
    [delete_clipboard(), delete_coming(), Removed::delete()].into_iter().chain(settings).chain(clips.map(Clip::delete))
}

fn log_key(seq: u64) -> String {
    format!("{LOG}{seq:08}")
}

pub(crate) fn delete_device() -> Write {
    delete(DEVICE)
}
