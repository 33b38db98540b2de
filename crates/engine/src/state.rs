//! What survives a restart: the records of [`crate::Effect::Persist`] and the values they hold.

use hushclip_protocol::frame::Anchor;
use hushclip_protocol::ids::{AccountId, DeviceId, Hash};
use minicbor::{Decode, Encode};

use crate::clip::Clip;
use crate::effect::Write;
use crate::log::Log;
use crate::record::{
    ACCOUNT, ALERTS, CLIPBOARD, COMING, DEVICE, ORDER, PLACE, PUSH, REMOVED, RestoreError, SEEN, SETTINGS, TRIED,
    delete, put,
};
use crate::relay::Relay;

/// How often a device changes its keys unless told otherwise, minutes.
pub(crate) const ROTATION_MINUTES: u32 = 7 * 24 * 60;

/// The account this device belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) relay: Relay,
    /// The relay has the first log entry, and has welcomed a device.
    pub(crate) registered: bool,
    /// This process found it when the relay had not taken it yet, and nobody has asked for it again since. Not stored.
    pub(crate) left_over: bool,
    /// What the relay wants to hear from new accounts, as the person who started this one knew it.
    pub(crate) token: String,
    /// Items of the newest epoch that have passed here.
    pub(crate) epoch_items: u32,
    /// How often this device changes its keys.
    pub(crate) rotation_minutes: u32,
    /// This device came into it, and the person has not looked at what it came into.
    pub(crate) new_here: bool,
    pub(crate) log: Log,
}

#[derive(Encode, Decode)]
#[cbor(array)]
pub(crate) struct AccountRecord {
    #[n(0)]
    pub(crate) relay: String,
    #[n(1)]
    pub(crate) registered: bool,
    /// With the two below, what [`crate::relay_line::Place`] has now; read where version 0.1 has written it.
    #[n(2)]
    pub(crate) cursor: u64,
    #[n(3)]
    pub(crate) epoch_items: u32,
    #[n(4)]
    pub(crate) rotation_minutes: u32,
    #[n(5)]
    pub(crate) anchors: Vec<Anchor>,
    #[n(6)]
    pub(crate) token: String,
    #[n(7)]
    pub(crate) new_here: bool,
    #[n(8)]
    pub(crate) set_back: bool,
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

impl Account {
    /// One that begins here, for this device.
    pub(crate) const fn new(relay: Relay, log: Log) -> Self {
        Self {
            relay,
            registered: false,
            left_over: false,
            token: String::new(),
            epoch_items: 0,
            rotation_minutes: ROTATION_MINUTES,
            new_here: false,
            log,
        }
    }

    pub(crate) fn restore(record: AccountRecord, log: Log) -> Result<Self, RestoreError> {
        let relay = Relay::parse(&record.relay).ok_or(RestoreError)?;
        Ok(Self {
            registered: record.registered,
            left_over: !record.registered,
            token: record.token,
            epoch_items: record.epoch_items,
            rotation_minutes: record.rotation_minutes,
            new_here: record.new_here,
            ..Self::new(relay, log)
        })
    }

    /// The relay has the account and this device its log: until then, nothing has been shared that
    /// could not be started anew.
    pub(crate) fn is_usable(&self) -> bool {
        self.registered && self.log.reaches_anchor()
    }

    pub(crate) const fn id(&self) -> AccountId {
        self.log.account()
    }

    pub(crate) fn record(&self) -> Write {
        let record = AccountRecord {
            relay: self.relay.origin(),
            registered: self.registered,
            cursor: 0,
            epoch_items: self.epoch_items,
            rotation_minutes: self.rotation_minutes,
            anchors: Vec::new(),
            token: self.token.clone(),
            new_here: self.new_here,
            set_back: false,
        };
        put(ACCOUNT, &record)
    }
}

impl Removed {
    pub(crate) fn record(&self) -> Write {
        put(REMOVED, self)
    }

    pub(crate) fn delete() -> Write {
        delete(REMOVED)
    }
}

pub(crate) fn clipboard_record(digest: &Hash) -> Write {
    put(CLIPBOARD, digest)
}

pub(crate) fn delete_clipboard() -> Write {
    delete(CLIPBOARD)
}

pub(crate) fn order_record(order: u64) -> Write {
    put(ORDER, &order)
}

pub(crate) fn coming_record(digest: &Hash) -> Write {
    put(COMING, digest)
}

pub(crate) fn delete_coming() -> Write {
    delete(COMING)
}

/// Deletes what the parts of an account do not delete themselves; clips and what the clipboard holds stay.
pub(crate) fn delete_account() -> impl Iterator<Item = Write> {
    [DEVICE, ACCOUNT, PLACE, ALERTS, PUSH].into_iter().map(delete)
}

/// Deletes every record that [`delete_account`] leaves.
pub(crate) fn delete_clips<'a>(clips: impl Iterator<Item = &'a Clip>) -> impl Iterator<Item = Write> {
    let settings = [SETTINGS, SEEN, TRIED, ORDER].map(delete);
    [delete_clipboard(), delete_coming(), Removed::delete()]
        .into_iter()
        .chain(settings)
        .chain(clips.flat_map(Clip::delete))
}

pub(crate) fn delete_device() -> Write {
    delete(DEVICE)
}
