//! What is measured: a clip of so many bytes, sealed and signed, then checked and opened.

use hushclip_crypto::body::{ClipBody, Part, TEXT};
use hushclip_crypto::envelope::{Address, open, seal};
use hushclip_crypto::epoch::ItemKey;
use hushclip_crypto::keys::DeviceKeys;
use hushclip_protocol::envelope::{Envelope, Kind};
use hushclip_protocol::ids::{AccountId, Hash, ItemId, SignPk};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

/// A device and a clip.
pub(crate) struct Work {
    rng: ChaCha20Rng,
    keys: DeviceKeys,
    /// As a receiver has it, from the log.
    sign_pk: SignPk,
    key: ItemKey,
    address: Address,
    body: ClipBody,
    sealed: Vec<u8>,
}

impl Work {
    /// A clip of random letters.
    pub(crate) fn new(bytes: usize) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (keys, key) = (DeviceKeys::make(&mut rng), ItemKey::make(&mut rng));
        let address = Address {
            kind: Kind::Clip,
            account: AccountId::ZERO,
            epoch: 3,
            log_seq: 3,
            log_head: Hash::ZERO,
            counter: 1,
            item: ItemId::from_bytes([1; 16]),
            ttl_s: 3600,
        };
        let parts = vec![Part::new(TEXT, vec![b'x'; bytes])];
        let body = ClipBody { at_ms: 1_800_000_000_000, flags: 0, file_name: String::new(), parts };
        let sign_pk = keys.sign_pk();
        let mut work = Self { rng, keys, sign_pk, key, address, body, sealed: Vec::new() };
        work.sealed = work.seal();
        work
    }

    pub(crate) fn seal(&mut self) -> Vec<u8> {
        seal(&self.keys, &self.key, &self.address, &self.body, &mut self.rng).unwrap_or_default()
    }

    /// As a receiver does: parse, verify, open.
    pub(crate) fn open(&self) -> bool {
        let Ok(envelope) = Envelope::parse(&self.sealed) else { return false };
        envelope.verify(&self.sign_pk) && open(&self.key, &envelope).is_ok()
    }
}
