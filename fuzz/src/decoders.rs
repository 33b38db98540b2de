//! The decoders: what decodes is the one canonical encoding of itself and of what a later version has added, and is within
//! bounds.

use hushclip_crypto::archive::{ARCHIVE_BYTES, Archive};
use hushclip_crypto::body::{ClipBody, Heartbeat, PayloadBody, State, Tombstone};
use hushclip_crypto::envelope::{Address, open, open_note, seal_note};
use hushclip_crypto::epoch::ItemKey;
use hushclip_crypto::keys::{BoxSk, DeviceKeys, SignSeed};
use hushclip_crypto::pairing::{Code, Link};
use hushclip_crypto::vault::{LockedKey, VaultKey};
use hushclip_mailbox::Session;
use hushclip_protocol::channel::is_channel;
use hushclip_protocol::envelope::{Envelope, Kind};
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_protocol::ids::{AccountId, Hash, ItemId};
use hushclip_protocol::log::{Entry, SealedList, SignedEntry};
use hushclip_protocol::{codec, limits};
use minicbor::{Decode, Encode};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

fn canonical<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8], cap: usize) -> Option<T> {
    let value = codec::decode::<T>(bytes, cap).ok()?;
    assert!(bytes.len() <= cap, "longer than the cap");
    assert_eq!(codec::encode(&value), bytes, "not the canonical encoding");
    Some(value)
}

/// What this version knows of some bytes, once more: the same, in no more of them. What it does not know is a list's end.
fn grown<T: PartialEq + core::fmt::Debug>(bytes: &[u8], encoded: &[u8], value: T, decode: impl Fn(&[u8]) -> Option<T>) {
    assert!(encoded.len() <= bytes.len(), "longer than it came");
    assert_eq!(decode(encoded), Some(value));
}

pub(crate) fn to_relay(bytes: &[u8]) {
    if let Ok(frame) = ToRelay::decode(bytes) {
        let encoded = frame.encode();
        assert_eq!(encoded.get(1), Some(&frame.tag().number()), "the tag is the first field");
        let _ = format!("{frame:?}");
        grown(bytes, &encoded, frame, |bytes| ToRelay::decode(bytes).ok());
    }
}

pub(crate) fn to_device(bytes: &[u8]) {
    if let Ok(frame) = ToDevice::decode(bytes) {
        let _ = format!("{frame:?}");
        grown(bytes, &frame.encode(), frame, |bytes| ToDevice::decode(bytes).ok());
    }
}

pub(crate) fn entry(bytes: &[u8]) {
    if let Some(entry) = canonical::<Entry>(bytes, limits::LOG_ENTRY_BYTES) {
        let _ = (entry.action.grant().epoch, format!("{entry:?}"));
    }
}

pub(crate) fn sealed_list(bytes: &[u8]) {
    if let Ok(list) = SealedList::decode(bytes) {
        assert_eq!(list.encode(), bytes);
    }
}

pub(crate) fn signed_entry(bytes: &[u8]) {
    if let Some(signed) = canonical::<SignedEntry>(bytes, SignedEntry::BYTES) {
        let _ = (signed.hash(), signed.decode_entry().is_ok());
    }
}

pub(crate) fn envelope(bytes: &[u8]) {
    let Ok(envelope) = Envelope::parse(bytes) else { return };
    assert!(bytes.len() <= limits::ENVELOPE_BYTES && envelope.header_bytes.len() <= limits::HEADER_BYTES);
    let encoded = codec::encode(&envelope.header);
    grown(envelope.header_bytes, &encoded, envelope.header.clone(), |bytes| {
        codec::decode_growing(bytes, limits::HEADER_BYTES).ok()
    });
    assert!(envelope.header.counter >= 1 && (1..=limits::TTL_S).contains(&envelope.header.ttl_s));
    // Nobody has sealed anything under this key.
    assert!(open(&ItemKey::from_bytes([7; 32]), &envelope).is_err(), "opened what nobody sealed");
}

/// Bytes that are their own encoding, to seal what no honest device seals.
struct Raw<'a>(&'a [u8]);

impl Encode<()> for Raw<'_> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        (): &mut (),
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.writer_mut().write_all(self.0).map_err(minicbor::encode::Error::write)
    }
}

/// An envelope of a device that seals any bytes it likes.
fn sealed(kind: Kind, body: &[u8]) -> (ItemKey, Vec<u8>) {
    let keys = DeviceKeys::from_parts(SignSeed::from_bytes([1; 32]), BoxSk::from_bytes([2; 32]));
    let key = ItemKey::from_bytes([3; 32]);
    let address = Address {
        kind,
        account: AccountId::ZERO,
        epoch: 1,
        log_seq: 1,
        log_head: Hash::ZERO,
        counter: 1,
        item: ItemId::from_bytes([4; 16]),
        ttl_s: 60,
    };
    let bytes = seal_note(&keys, &key, &address, &Raw(body), &mut ChaCha20Rng::seed_from_u64(5));
    (key, bytes)
}

pub(crate) fn clip_body(bytes: &[u8]) {
    let (key, sealed) = sealed(Kind::Clip, bytes);
    let Ok(envelope) = Envelope::parse(&sealed) else { return assert!(bytes.len() > limits::CLIP_BYTES) };
    if let Ok(body) = open(&key, &envelope) {
        let _ = (body.text_of("text/plain"), body.check().is_ok());
        grown(bytes, &codec::encode(&body), body, |bytes| {
            codec::decode_growing::<ClipBody>(bytes, limits::CLIP_BYTES).ok()
        });
    }
}

pub(crate) fn tombstone(bytes: &[u8]) {
    let (key, sealed) = sealed(Kind::Tombstone, bytes);
    let Ok(envelope) = Envelope::parse(&sealed) else { return };
    if let Ok(body) = open_note::<Tombstone>(&key, &envelope) {
        grown(bytes, &codec::encode(&body), body, |bytes| {
            codec::decode_growing::<Tombstone>(bytes, limits::CLIP_BYTES).ok()
        });
    }
    if let Ok(body) = open_note::<Heartbeat>(&key, &envelope) {
        grown(bytes, &codec::encode(&body), body, |bytes| {
            codec::decode_growing::<Heartbeat>(bytes, limits::CLIP_BYTES).ok()
        });
    }
    if let Ok(body) = open_note::<PayloadBody>(&key, &envelope) {
        let _ = (is_channel(&body.channel), body.check().is_ok());
        grown(bytes, &codec::encode(&body), body, |bytes| {
            codec::decode_growing::<PayloadBody>(bytes, limits::CLIP_BYTES).ok()
        });
    }
    if let Ok(body) = open_note::<State>(&key, &envelope) {
        grown(bytes, &codec::encode(&body), body, |bytes| {
            codec::decode_growing::<State>(bytes, limits::CLIP_BYTES).ok()
        });
    }
}

/// What stands in an archive, once it is opened.
pub(crate) fn archive(bytes: &[u8]) {
    canonical::<Archive>(bytes, ARCHIVE_BYTES);
    assert!(Archive::open(bytes, "").is_err(), "opened what nobody sealed");
}

pub(crate) fn link(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let Ok(link) = Link::parse(text) else { return };
    // Whatever app shows it, the link leads to the same place.
    let again = Link::parse(&link.to_url("https://app.example"));
    if !link.relay.is_empty() && link.relay.len() <= 255 {
        assert!(again.is_ok_and(|again| again == link), "another link");
    }
}

pub(crate) fn code(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let Ok(code) = Code::parse(text) else { return };
    assert!((1..=limits::NAMEPLATE).contains(&code.nameplate));
    assert_eq!(Code::parse(&code.to_string()).as_ref(), Ok(&code));
}

pub(crate) fn session(bytes: &[u8]) {
    if let Some(session) = Session::decode(bytes) {
        assert_eq!(session.encode(), bytes);
    }
}

/// The stored bundle, and any bytes in the place of what is sealed under the key in it. Not the
/// passphrase: that takes half a second by design.
pub(crate) fn locked_key(bytes: &[u8]) {
    if let Ok(locked) = LockedKey::decode(bytes) {
        assert_eq!(locked.encode(), bytes);
    }
    assert!(VaultKey::from_bytes([7; 32]).open("account", bytes).is_err(), "opened what nobody sealed");
}
