//! Sealing and opening clip envelopes: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) under a separate key for each
//! item, with the header as associated data, and an Ed25519 signature over both.

use hushclip_protocol::codec;
use hushclip_protocol::envelope::{Envelope, Header, Kind, SUITE, Salt, assemble, signed_bytes};
use hushclip_protocol::ids::{AccountId, Hash, ItemId};
use hushclip_protocol::limits;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::OpenError;
use crate::body::{ClipBody, Heartbeat, TooLarge};
use crate::epoch::ItemKey;
use crate::keys::DeviceKeys;
use crate::pad;

/// What a header says besides who sends it.
#[derive(Debug, Clone)]
pub struct Address {
    /// What the body is.
    pub kind: Kind,
    /// The account.
    pub account: AccountId,
    /// The epoch of the key.
    pub epoch: u64,
    /// Position of the newest log entry.
    pub log_seq: u64,
    /// Hash of that entry.
    pub log_head: Hash,
    /// The sender's sequence.
    pub counter: u64,
    /// Name of the item.
    pub item: ItemId,
    /// Seconds the relay may keep it.
    pub ttl_s: u32,
}

/// Seals a clip and signs the envelope.
pub fn seal(
    keys: &DeviceKeys,
    key: &ItemKey,
    address: &Address,
    body: &ClipBody,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, TooLarge> {
    let mut salt = [0; 24];
    rng.fill_bytes(&mut salt);
    Ok(seal_with(keys, key, address, body.encode()?.to_vec(), Salt(salt)))
}

/// Seals any other body, such as a [`Tombstone`](crate::body::Tombstone). Check a
/// [`PayloadBody`](crate::body::PayloadBody) first, as the relay takes none that is too large.
pub fn seal_note<T: Encode<()>>(
    keys: &DeviceKeys,
    key: &ItemKey,
    address: &Address,
    note: &T,
    rng: &mut dyn CryptoRng,
) -> Vec<u8> {
    let mut salt = [0; 24];
    rng.fill_bytes(&mut salt);
    seal_with(keys, key, address, codec::encode(note), Salt(salt))
}

fn seal_with(keys: &DeviceKeys, key: &ItemKey, address: &Address, body: Vec<u8>, salt: Salt) -> Vec<u8> {
    let header = codec::encode(&Header {
        version: hushclip_protocol::VERSION,
        suite: SUITE,
        kind: address.kind,
        account: address.account,
        epoch: address.epoch,
        log_seq: address.log_seq,
        log_head: address.log_head,
        sender: keys.device_id(),
        counter: address.counter,
        item: address.item,
        ttl_s: address.ttl_s,
        salt,
    });
    let plain = zeroize::Zeroizing::new(pad::pad(body));
    let (item_key, nonce) = key_and_nonce(key, &header);
    let sealed = hushclip_aead::seal(&item_key, &nonce, &header, &plain);
    let signature = keys.sign(&signed_bytes(&header, &sealed));
    assemble(&header, &sealed, signature)
}

/// Opens the body of a clip's envelope. The caller has checked account, epoch, membership and signature.
pub fn open(key: &ItemKey, envelope: &Envelope<'_>) -> Result<ClipBody, OpenError> {
    ClipBody::decode(&open_bytes(key, envelope)?)
}

/// Opens what [`seal_note`] made. The caller has checked the same, and the kind.
pub fn open_note<T>(key: &ItemKey, envelope: &Envelope<'_>) -> Result<T, OpenError>
where
    T: for<'b> Decode<'b, ()>,
{
    codec::decode_growing(&open_bytes(key, envelope)?, limits::CLIP_BYTES).map_err(|_| OpenError)
}

/// Opens the body of a kind that this version does not know, and reads only the time that every body begins with,
/// milliseconds since 1970; 0 if there is none.
pub fn open_time(key: &ItemKey, envelope: &Envelope<'_>) -> Result<u64, OpenError> {
    let body = open_bytes(key, envelope)?;
    Ok(codec::decode_growing::<Heartbeat>(&body, limits::ENVELOPE_BYTES).map_or(0, |body| body.at_ms))
}

fn open_bytes(key: &ItemKey, envelope: &Envelope<'_>) -> Result<zeroize::Zeroizing<Vec<u8>>, OpenError> {
    if envelope.header.suite != SUITE {
        return Err(OpenError);
    }
    let header = envelope.header_bytes;
    let (item_key, nonce) = key_and_nonce(key, header);
    let padded = hushclip_aead::open(&item_key, &nonce, header, envelope.sealed).ok_or(OpenError)?;
    Ok(zeroize::Zeroizing::new(pad::unpad(padded)?))
}

fn key_and_nonce(key: &ItemKey, header: &[u8]) -> (zeroize::Zeroizing<[u8; 32]>, [u8; 24]) {
    let okm = key.derive_for(header);
    let mut item_key = zeroize::Zeroizing::new([0; 32]);
    let mut nonce = [0; 24];
    item_key.copy_from_slice(&okm[..32]);
    nonce.copy_from_slice(&okm[32..]);
    (item_key, nonce)
}
