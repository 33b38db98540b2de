//! Who this device is: its keys and its name.

use hushclip_crypto::keys::{BoxSk, DeviceKeys, SignSeed};
use hushclip_protocol::ids::{BoxPk, DeviceId};
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::effect::Write;
use crate::record::{DEVICE, put};

/// Who this device is.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) keys: DeviceKeys,
    pub(crate) id: DeviceId,
    pub(crate) name: String,
    /// When the box key was made, by this device's clock.
    pub(crate) boxed_ms: u64,
    /// The box key of a [`hushclip_protocol::log::Action::Rekey`] that is not in the log yet.
    next_box: Option<BoxSk>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
pub(crate) struct DeviceRecord {
    #[n(0)]
    sign: SignSeed,
    #[n(1)]
    boxed: BoxSk,
    #[n(2)]
    name: String,
    #[n(3)]
    id: DeviceId,
    #[n(4)]
    boxed_ms: u64,
    #[n(5)]
    next_box: Option<BoxSk>,
}

impl Identity {
    pub(crate) fn make(name: &str, now: u64, rng: &mut dyn CryptoRng) -> Self {
        let keys = DeviceKeys::make(rng);
        Self { id: keys.device_id(), keys, name: name.into(), boxed_ms: now, next_box: None }
    }

    /// The box key that comes next, made once: on disk before it is sent, because the others seal to it from the moment
    /// its entry stands.
    pub(crate) fn next_box(&mut self, rng: &mut dyn CryptoRng) -> BoxSk {
        self.next_box.get_or_insert_with(|| BoxSk::make(rng)).clone()
    }

    /// The keys with the box key that comes next, if the log names that one now.
    pub(crate) fn renewed(&self, named: &BoxPk) -> Option<DeviceKeys> {
        let next = self.next_box.as_ref().filter(|boxed| boxed.derive_pk() == *named)?;
        Some(self.keys.with_box(next.clone()))
    }

    /// The next box key is the one.
    pub(crate) fn renew(&mut self, keys: DeviceKeys, now: u64) {
        (self.keys, self.next_box, self.boxed_ms) = (keys, None, now);
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
