//! What survives a restart: the records of [`crate::Effect::Persist`] and the values they hold.

use std::collections::{BTreeMap, VecDeque};

use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::{BoxSk, DeviceKeys, SignSeed};
use hushclip_crypto::pairing::{Inviter, JoinRequest, Joiner};
use hushclip_protocol::codec;
use hushclip_protocol::ids::{AccountId, DeviceId, Hash, ItemId};
use hushclip_protocol::log::{Membership, SignedEntry};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::effect::Write;
use crate::engine::RestoreError;
use crate::relay::Relay;

/// Longest record. They are this device's own, so this only keeps nonsense out.
const RECORD_BYTES: usize = 64 * 1024 * 1024;

const DEVICE: &str = "device";
const ACCOUNT: &str = "account";
const INVITE: &str = "invite";
const JOIN: &str = "join";
const LOG: &str = "log/";
const OUT: &str = "out/";
const CLIP: &str = "clip/";
const CLIPBOARD: &str = "clipboard";

/// Who this device is.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) keys: DeviceKeys,
    pub(crate) id: DeviceId,
    pub(crate) name: String,
}

/// The account this device belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) relay: Relay,
    pub(crate) id: AccountId,
    /// The relay has the first log entry.
    pub(crate) registered: bool,
    /// Everything up to here is stored.
    pub(crate) cursor: u64,
    /// The counter of the next envelope.
    pub(crate) next_counter: u64,
    pub(crate) secrets: BTreeMap<u64, EpochSecret>,
    pub(crate) names: BTreeMap<DeviceId, String>,
    /// The greatest counter accepted from each sender.
    pub(crate) seen: BTreeMap<DeviceId, u64>,
    /// Position and hash of an entry that the log must contain.
    pub(crate) anchor: (u64, Hash),
    pub(crate) log: Vec<SignedEntry>,
    /// `None` until the joiner has fetched the log.
    pub(crate) membership: Option<Membership>,
}

/// A clip of the history that is on its way to the relay.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Queued {
    #[n(0)]
    pub(crate) item: ItemId,
    /// As in [`Clip`].
    #[n(1)]
    pub(crate) order: u64,
    /// Its envelope, from the first time it is sent. Not before, so that a clip which turns out not
    /// to be news takes no counter.
    #[n(2)]
    pub(crate) sealed: Option<Sealed>,
}

/// A clip's envelope.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Sealed {
    #[n(0)]
    pub(crate) counter: u64,
    #[n(1)]
    pub(crate) epoch: u64,
    #[n(2)]
    pub(crate) envelope: ByteVec,
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
}

/// An invite this device has open, or has just completed.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Invite {
    #[n(0)]
    pub(crate) inviter: Inviter,
    /// By this device's clock; 0 until the relay has it.
    #[n(1)]
    pub(crate) expires_ms: u64,
    /// The one request that is answered.
    #[n(2)]
    pub(crate) request: Option<JoinRequest>,
    #[n(3)]
    pub(crate) wrong_digits: u8,
    /// The person let it in.
    #[n(4)]
    pub(crate) approved: bool,
    /// The joiner's first cursor, fixed at approval.
    #[n(5)]
    pub(crate) cursor: u64,
}

/// How far joining has come.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Join {
    #[n(0)]
    pub(crate) joiner: Joiner,
    #[n(1)]
    pub(crate) offer: Option<ByteVec>,
    #[n(2)]
    pub(crate) reveal: Option<ByteVec>,
}

/// Everything that was persisted.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) identity: Option<Identity>,
    pub(crate) account: Option<Account>,
    pub(crate) outbox: VecDeque<Queued>,
    pub(crate) clips: Vec<Clip>,
    pub(crate) on_clipboard: Option<Hash>,
    pub(crate) invite: Option<Invite>,
    pub(crate) join: Option<Join>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct DeviceRecord {
    #[n(0)]
    sign: SignSeed,
    #[n(1)]
    boxed: BoxSk,
    #[n(2)]
    name: String,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct AccountRecord {
    #[n(0)]
    relay: String,
    #[n(1)]
    id: AccountId,
    #[n(2)]
    registered: bool,
    #[n(3)]
    cursor: u64,
    #[n(4)]
    next_counter: u64,
    #[n(5)]
    secrets: Vec<(u64, EpochSecret)>,
    #[n(6)]
    names: Vec<(DeviceId, String)>,
    #[n(7)]
    seen: Vec<(DeviceId, u64)>,
    #[n(8)]
    anchor: (u64, Hash),
}

impl Records {
    pub(crate) fn decode(records: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, RestoreError> {
        let mut out = Self::default();
        let mut account = None;
        let mut log = BTreeMap::new();
        for (key, value) in records {
            let value = zeroize::Zeroizing::new(value);
            if key == DEVICE {
                out.identity = Some(decode::<DeviceRecord>(&value)?.into());
            } else if key == ACCOUNT {
                account = Some(decode::<AccountRecord>(&value)?);
            } else if key == INVITE {
                out.invite = Some(decode(&value)?);
            } else if key == CLIPBOARD {
                out.on_clipboard = Some(decode(&value)?);
            } else if key == JOIN {
                out.join = Some(decode(&value)?);
            } else if key.starts_with(LOG) {
                log.insert(key, decode::<SignedEntry>(&value)?);
            } else if key.starts_with(OUT) {
                out.outbox.push_back(decode(&value)?);
            } else if key.starts_with(CLIP) {
                out.clips.push(decode(&value)?);
            }
        }
        out.outbox.make_contiguous().sort_by_key(|queued| queued.order);
        out.clips.sort_by_key(|clip| clip.order);
        out.account = account.map(|record| Account::restore(record, log.into_values().collect())).transpose()?;
        if out.account.is_some() && out.identity.is_none() { Err(RestoreError) } else { Ok(out) }
    }
}

impl Account {
    /// An account whose log is not known yet, only an entry that it must contain.
    pub(crate) fn new(relay: Relay, id: AccountId, anchor: (u64, Hash)) -> Self {
        Self {
            relay,
            id,
            registered: false,
            cursor: 0,
            next_counter: 1,
            secrets: BTreeMap::new(),
            names: BTreeMap::new(),
            seen: BTreeMap::new(),
            anchor,
            log: Vec::new(),
            membership: None,
        }
    }

    fn restore(record: AccountRecord, log: Vec<SignedEntry>) -> Result<Self, RestoreError> {
        let mut account = Self::new(Relay::parse(&record.relay).ok_or(RestoreError)?, record.id, record.anchor);
        account.registered = record.registered;
        account.cursor = record.cursor;
        account.next_counter = record.next_counter;
        account.secrets = record.secrets.into_iter().collect();
        account.names = record.names.into_iter().collect();
        account.seen = record.seen.into_iter().collect();
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
        self.registered && self.membership.is_some()
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
            next_counter: self.next_counter,
            secrets: self.secrets.iter().map(|(epoch, secret)| (*epoch, secret.clone())).collect(),
            names: self.names.iter().map(|(device, name)| (*device, name.clone())).collect(),
            seen: self.seen.iter().map(|(device, counter)| (*device, *counter)).collect(),
            anchor: self.anchor,
        };
        put(ACCOUNT.into(), &record)
    }
}

impl Identity {
    pub(crate) fn new(keys: DeviceKeys, name: &str) -> Self {
        Self { id: keys.device_id(), keys, name: name.into() }
    }

    pub(crate) fn record(&self) -> Write {
        let record = DeviceRecord {
            sign: self.keys.sign_seed().clone(),
            boxed: self.keys.box_sk().clone(),
            name: self.name.clone(),
        };
        put(DEVICE.into(), &record)
    }
}

impl From<DeviceRecord> for Identity {
    fn from(record: DeviceRecord) -> Self {
        Self::new(DeviceKeys::from_parts(record.sign, record.boxed), &record.name)
    }
}

impl Queued {
    pub(crate) fn record(&self) -> Write {
        put(self.key(), self)
    }

    pub(crate) fn delete(&self) -> Write {
        Write::Delete { key: self.key() }
    }

    fn key(&self) -> String {
        format!("{OUT}{:020}", self.order)
    }
}

impl Clip {
    pub(crate) fn record(&self) -> Write {
        put(self.key(), self)
    }

    pub(crate) fn delete(&self) -> Write {
        Write::Delete { key: self.key() }
    }

    fn key(&self) -> String {
        format!("{CLIP}{}", self.item)
    }
}

impl Invite {
    pub(crate) fn record(&self) -> Write {
        put(INVITE.into(), self)
    }

    pub(crate) fn delete() -> Write {
        Write::Delete { key: INVITE.into() }
    }
}

impl Join {
    pub(crate) fn record(&self) -> Write {
        put(JOIN.into(), self)
    }

    pub(crate) fn delete() -> Write {
        Write::Delete { key: JOIN.into() }
    }
}

pub(crate) fn log_record(seq: u64, entry: &SignedEntry) -> Write {
    put(log_key(seq), entry)
}

pub(crate) fn clipboard_record(digest: &Hash) -> Write {
    put(CLIPBOARD.into(), digest)
}

/// Deletes every record that there can be.
pub(crate) fn delete_all<'a>(
    logs: u64,
    outbox: impl Iterator<Item = &'a Queued>,
    clips: impl Iterator<Item = &'a Clip>,
) -> Vec<Write> {
    let single = [DEVICE, ACCOUNT, INVITE, JOIN, CLIPBOARD].map(|key| Write::Delete { key: key.into() });
    let logs = (0..logs).map(|seq| Write::Delete { key: log_key(seq) });
    single.into_iter().chain(logs).chain(outbox.map(Queued::delete)).chain(clips.map(Clip::delete)).collect()
}

fn log_key(seq: u64) -> String {
    format!("{LOG}{seq:08}")
}

pub(crate) fn delete_device() -> Write {
    Write::Delete { key: DEVICE.into() }
}

fn put<T: Encode<()>>(key: String, value: &T) -> Write {
    Write::Put { key, value: codec::encode(value) }
}

fn decode<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T, RestoreError> {
    codec::decode(bytes, RECORD_BYTES).map_err(|_| RestoreError)
}
