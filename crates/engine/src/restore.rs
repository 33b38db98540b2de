//! Everything that was persisted, read back: which record holds what.

use hushclip_model::Settings;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hushclip_protocol::codec;
use hushclip_protocol::ids::{DeviceId, Hash};
use hushclip_protocol::log::SignedEntry;
use minicbor::{Decode, Encode};

use crate::changes::Draft;
use crate::identity::{DeviceRecord, Identity};
use crate::inbox::{Sender, Synced};
use crate::log::Log;
use crate::notices::Alert;
use crate::outbox::{Numbers, Queued, Sent};
use crate::pairing::{Invite, Join};
use crate::record::{
    ACCOUNT, ALERTS, CLIP, CLIPBOARD, COMING, DEVICE, DRAFTS, EVIDENCE, INVITE, JOIN, LOG, MEMBERS, NUMBERS, OUT, PUSH,
    REMOVED, REMOVING, RestoreError, SEEN, SENDER, SENT, SETTINGS, SYNCED, TRACES, TRIED,
};
use crate::state::{Account, AccountRecord, Clip, Removed};
use crate::traces::Trace;

/// Longest record. They are this device's own, so this only keeps nonsense out.
const RECORD_BYTES: usize = 64 * 1024 * 1024;

/// Everything that was persisted.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) identity: Option<Identity>,
    pub(crate) account: Option<Account>,
    pub(crate) outbox: VecDeque<Queued>,
    pub(crate) sent: VecDeque<Sent>,
    pub(crate) numbers: Option<Numbers>,
    pub(crate) senders: BTreeMap<DeviceId, Sender>,
    pub(crate) synced: Synced,
    pub(crate) clips: Vec<Clip>,
    pub(crate) on_clipboard: Option<Hash>,
    pub(crate) coming: Option<Hash>,
    pub(crate) invite: Option<Invite>,
    pub(crate) join: Option<Join>,
    /// The number given last, and those that stand.
    pub(crate) alerts: (u64, Vec<Alert>),
    pub(crate) removed: Option<Removed>,
    pub(crate) push_endpoint: String,
    pub(crate) settings: Settings,
    pub(crate) seen_order: u64,
    pub(crate) traces: Vec<Trace>,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) removing: BTreeSet<DeviceId>,
    pub(crate) tried_codes: Vec<Hash>,
}

impl Records {
    pub(crate) fn decode(records: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, RestoreError> {
        let mut out = Self::default();
        let (mut account, mut members, mut evidence) = (None, None, Vec::new());
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
            } else if key == COMING {
                out.coming = Some(decode(&value)?);
            } else if key == JOIN {
                out.join = Some(decode(&value)?);
            } else if key == ALERTS {
                out.alerts = decode(&value)?;
            } else if key == EVIDENCE {
                evidence = decode(&value)?;
            } else if key == REMOVED {
                out.removed = Some(decode(&value)?);
            } else if key == SETTINGS {
                out.settings = decode(&value)?;
            } else if key == SEEN {
                out.seen_order = decode(&value)?;
            } else if key == TRACES {
                out.traces = decode(&value)?;
            } else if key == DRAFTS {
                out.drafts = decode(&value)?;
            } else if key == MEMBERS {
                members = Some(decode(&value)?);
            } else if key == REMOVING {
                out.removing = decode(&value)?;
            } else if key == SYNCED {
                out.synced = decode(&value)?;
            } else if key == NUMBERS {
                out.numbers = Some(decode(&value)?);
            } else if key == TRIED {
                out.tried_codes = decode(&value)?;
            } else if key == PUSH {
                out.push_endpoint = decode(&value)?;
            } else if let Some(device) = key.strip_prefix(SENDER) {
                out.senders.insert(DeviceId::from_hex(device).ok_or(RestoreError)?, decode::<Sender>(&value)?);
            } else if key.starts_with(LOG) {
                log.insert(key, decode::<SignedEntry>(&value)?);
            } else if key.starts_with(OUT) {
                out.outbox.push_back(decode(&value)?);
            } else if key.starts_with(SENT) {
                out.sent.push_back(decode(&value)?);
            } else if key.starts_with(CLIP) {
                out.clips.push(decode(&value)?);
            }
        }
        out.clips.sort_by_key(|clip| clip.order);
        if let Some(record) = account {
            let log = Log::restore(members.ok_or(RestoreError)?, log.into_values().collect(), evidence)?;
            out.account = Some(Account::restore(record, log)?);
        }
        if out.account.is_some() && out.identity.is_none() { Err(RestoreError) } else { Ok(out) }
    }
}

fn decode<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T, RestoreError> {
    codec::decode(bytes, RECORD_BYTES).map_err(|_| RestoreError)
}
