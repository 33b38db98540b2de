//! The attacker's tools: what the relay sees and stores, and the keys of a device whose disk was taken.

use std::cell::RefCell;
use std::rc::Rc;

use hushclip_crypto::body::{ClipBody, Part, TEXT};
use hushclip_crypto::envelope::{Address, seal};
use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::{BoxSk, DeviceKeys, SignSeed};
use hushclip_crypto::log::open_grant;
use hushclip_protocol::codec;
use hushclip_protocol::envelope::Kind;
use hushclip_protocol::frame::{Item, ToDevice, ToRelay};
use hushclip_protocol::ids::{DeviceId, ItemId};
use hushclip_protocol::limits;
use hushclip_protocol::log::{Action, Entry, Membership, SealedList, SignedEntry};
use hushclip_sim::{Desk, Way};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

pub(crate) fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(99)
}

pub(crate) fn problem(desk: &Desk, device: usize) -> String {
    desk.view(device).problem.map(|p| p.code().to_owned()).unwrap_or_default()
}

/// Codes of the alerts that a device shows, but for those of who joined while the desk was set up.
pub(crate) fn alerts(desk: &Desk, device: usize) -> Vec<String> {
    desk.view(device)
        .alerts
        .into_iter()
        .map(|alert| alert.what.code().to_owned())
        .filter(|code| code != "joined")
        .collect()
}

/// The desk of other people, with keys of their own.
pub(crate) fn other_people() -> Desk {
    let mut desk = Desk::new(2);
    desk.repeat_random(0);
    desk.create();
    desk
}

/// The log as a device has it.
pub(crate) fn entries(desk: &Desk, device: usize) -> Vec<SignedEntry> {
    let records = desk.disk(device).iter().filter(|(key, _)| key.starts_with("log/"));
    records.map(|(_, value)| codec::decode(value, SignedEntry::BYTES).expect("a log entry")).collect()
}

/// What the log of a device says.
pub(crate) fn log(desk: &Desk, device: usize) -> Membership {
    replay(&entries(desk, device))
}

pub(crate) fn replay(entries: &[SignedEntry]) -> Membership {
    let mut log = Membership::genesis(&entries[0]).expect("a first entry");
    for entry in &entries[1..] {
        log.apply(entry).expect("a next entry");
    }
    log
}

/// The keys on a device's disk.
pub(crate) fn stolen_keys(desk: &Desk, device: usize) -> DeviceKeys {
    let record = &desk.disk(device)["device"];
    let mut decoder = minicbor::Decoder::new(record);
    decoder.array().expect("a record");
    let seed = SignSeed::from_bytes(decoder.bytes().expect("a seed").try_into().expect("32 bytes"));
    let boxed = BoxSk::from_bytes(decoder.bytes().expect("a key").try_into().expect("32 bytes"));
    decoder.skip().expect("the name");
    let id = DeviceId::from_bytes(decoder.bytes().expect("an identifier").try_into().expect("16 bytes"));
    DeviceKeys::from_saved(seed, boxed, id)
}

/// The newest secret that these keys open in a log.
pub(crate) fn secret(keys: &DeviceKeys, entries: &[SignedEntry]) -> (u64, EpochSecret) {
    let opened =
        entries.iter().enumerate().rev().find_map(|(seq, entry)| Some((seq as u64, open_grant(keys, entry).ok()?)));
    opened.expect("one that opens")
}

/// An envelope as a device with these keys would make it, at an entry of the log.
pub(crate) fn envelope(keys: &DeviceKeys, entries: &[SignedEntry], seq: u64, counter: u64, text: &str) -> Vec<u8> {
    envelope_with(keys, &entries[..=seq as usize], text, |address| {
        address.counter = counter;
        address.item = ItemId::from_bytes([counter as u8 ^ text.len() as u8; 16]);
    })
}

/// An envelope as a device with these keys would make it at the newest of the entries, but for what is
/// changed.
pub(crate) fn envelope_with(
    keys: &DeviceKeys,
    entries: &[SignedEntry],
    text: &str,
    change: impl FnOnce(&mut Address),
) -> Vec<u8> {
    envelope_of(keys, entries, vec![Part::new(TEXT, text)], change)
}

/// The same with any content.
pub(crate) fn envelope_of(
    keys: &DeviceKeys,
    entries: &[SignedEntry],
    parts: Vec<Part>,
    change: impl FnOnce(&mut Address),
) -> Vec<u8> {
    let account = replay(&entries[..1]).account();
    let (seq, at) = (entries.len() as u64 - 1, entries.last().expect("an entry"));
    let secret = open_grant(keys, at).expect("a member at that time");
    let mut address = Address {
        kind: Kind::Clip,
        account,
        epoch: seq,
        log_seq: seq,
        log_head: at.hash(),
        counter: 1,
        item: ItemId::from_bytes([9; 16]),
        ttl_s: limits::TTL_S,
    };
    change(&mut address);
    let body = ClipBody { at_ms: 0, flags: 0, file_name: String::new(), parts };
    seal(keys, &secret.derive_item_key(&account, seq), &address, &body, &mut rng()).expect("it is short")
}

/// An entry changed and signed anew by `keys`.
pub(crate) fn changed(keys: &DeviceKeys, signed: &SignedEntry, change: impl FnOnce(&mut Entry)) -> SignedEntry {
    let mut entry = signed.decode_entry().expect("an entry");
    change(&mut entry);
    let bytes = codec::encode(&entry);
    let signature = keys.sign(&SignedEntry::message(&bytes));
    SignedEntry { entry: bytes.into(), signature, sealed: signed.sealed.clone() }
}

/// The entry with another sealed list, which it names.
pub(crate) fn with_list(keys: &DeviceKeys, signed: &SignedEntry, list: &SealedList) -> SignedEntry {
    let sealed = list.encode();
    let hash = SealedList::hash(&sealed);
    let mut entry = changed(keys, signed, |entry| match &mut entry.action {
        Action::Genesis { grant, .. }
        | Action::AddDevice { grant, .. }
        | Action::RemoveDevice { grant, .. }
        | Action::Rotate { grant }
        | Action::Rekey { grant, .. }
        | Action::Memo { grant, .. } => grant.sealed_hash = hash,
    });
    entry.sealed = sealed.into();
    entry
}

/// The relay passes on what it likes as the log's next entry.
pub(crate) fn show_entry(desk: &mut Desk, device: usize, entry: &SignedEntry) {
    let from = entries(desk, device).len() as u64;
    desk.tell(device, &ToDevice::LogEntries { from, entries: vec![entry.clone()], has_more: false });
}

/// The relay passes on what it likes as the newest item.
pub(crate) fn show_item(desk: &mut Desk, device: usize, cursor: u64, envelope: &[u8]) {
    desk.tell(device, &ToDevice::Item(Item { cursor, envelope: envelope.to_vec().into(), mark: 1 }));
}

/// Every item that goes to a device from here on.
pub(crate) fn tap(desk: &mut Desk) -> Rc<RefCell<Vec<Item>>> {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&seen);
    desk.lie(move |way, _, frame| {
        if way == Way::Down
            && let Ok(ToDevice::Item(item)) = ToDevice::decode(&frame)
        {
            kept.borrow_mut().push(item);
        }
        vec![frame]
    });
    seen
}

/// Every envelope that a device pushes from here on; what it was lied to before goes on.
pub(crate) fn pushes(desk: &mut Desk, device: usize) -> Rc<RefCell<Vec<Vec<u8>>>> {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&seen);
    desk.lie_also(move |way, from, frame| {
        if from == device
            && way == Way::Up
            && let Ok(ToRelay::Push { envelope, .. } | ToRelay::Delete { envelope, .. }) = ToRelay::decode(&frame)
        {
            kept.borrow_mut().push(envelope.to_vec());
        }
        vec![frame]
    });
    seen
}

/// Everything is as it was: nothing shown, nothing to act on, and the next clip goes through.
pub(crate) fn goes_on(desk: &mut Desk, from: usize, to: usize) {
    desk.stop_lying();
    let (before, clipboard) = (desk.texts(to), desk.clipboard(to).len());
    let text = format!("still here, clip {}", before.len());
    desk.copy(from, &text);
    desk.wait(90_000);
    assert_eq!(desk.texts(to)[0], text, "{:?}", desk.view(to).problem);
    assert_eq!(desk.texts(to)[1..], before[..]);
    assert_eq!(desk.clipboard(to).len(), clipboard + 1);
}
