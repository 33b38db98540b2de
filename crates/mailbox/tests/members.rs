//! What a mailbox tells of its log, and what it forgets with a device.

use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::{make_add_device, make_genesis, make_remove_device, make_rotate};
use hushclip_crypto::pairing::{Inviter, Joiner};
use hushclip_mailbox::{Event, Mailbox, MemoryStore, Peer, Reply, Store as _};
use hushclip_protocol::frame::{Challenge, Hello, ToDevice, ToRelay};
use hushclip_protocol::ids::{ConnId, DeviceId, Nonce, Signature};
use hushclip_protocol::log::{Membership, SignedEntry};
use hushclip_protocol::{VERSION, codec};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

const HOST: &str = "relay";
const START: u64 = 1_000_000;

fn conn(n: u8) -> ConnId {
    ConnId::from_bytes([n; 16])
}

fn said_to(replies: &[Reply], to: ConnId) -> Vec<ToDevice> {
    let said = replies.iter().filter_map(|reply| match reply {
        Reply::Send { conn, frame } if *conn == to => Some(ToDevice::decode(frame).unwrap()),
        _ => None,
    });
    said.collect()
}

/// A mailbox of these entries.
fn mailbox(entries: &[SignedEntry]) -> Mailbox<MemoryStore> {
    let mut log = Membership::genesis(&entries[0]).unwrap();
    let mut store = MemoryStore::default();
    store.append_log(0, &entries[0], &codec::encode(&log)).unwrap();
    for (seq, entry) in (1..).zip(&entries[1..]) {
        log.apply(entry).unwrap();
        store.append_log(seq, entry, &codec::encode(&log)).unwrap();
    }
    Mailbox::restore(log.account().mailbox(), store, [], None).unwrap()
}

fn open(mailbox: &mut Mailbox<MemoryStore>, n: u8) -> Nonce {
    let nonce = Nonce::from_bytes([n; 32]);
    mailbox.handle(Event::Opened { conn: conn(n), nonce, host: HOST.into(), peer: Peer::Local }, START);
    nonce
}

/// Signs in; the devices of whom the relay says what they have stored.
fn sign_in(mailbox: &mut Mailbox<MemoryStore>, n: u8, keys: &DeviceKeys, log: &Membership) -> Vec<DeviceId> {
    let nonce = open(mailbox, n);
    let hello = Hello {
        versions: vec![VERSION],
        account: log.account(),
        device: keys.device_id(),
        log_seq: log.seq(),
        log_head: log.head(),
        anchors: Vec::new(),
        signature: Signature::from_bytes([0; 64]),
    };
    let challenge = Challenge { versions: vec![VERSION], nonce, conn: conn(n) };
    let bytes = ToRelay::Hello(keys.sign_in(HOST, &challenge, hello)).encode();
    let replies = mailbox.handle(Event::Frame { conn: conn(n), bytes }, START);
    let said = said_to(&replies, conn(n));
    let [ToDevice::Welcome(welcome)] = &said[..] else { panic!("{said:?}") };
    welcome.delivered.iter().map(|delivered| delivered.device).collect()
}

#[test]
fn whoever_has_not_signed_in_has_the_newest_entry_told_to_nobody() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let keys = DeviceKeys::make(&mut rng);
    let (genesis, _) = make_genesis(&keys, "Laptop", &mut rng).unwrap();
    let mut log = Membership::genesis(&genesis).unwrap();
    let mut mailbox = mailbox(std::slice::from_ref(&genesis));
    sign_in(&mut mailbox, 1, &keys, &log);
    open(&mut mailbox, 2);
    let append = |entry| Event::Frame { conn: conn(2), bytes: ToRelay::LogAppend(entry).encode() };
    let replies = mailbox.handle(append(genesis.clone()), START);
    assert_eq!(said_to(&replies, conn(1)), [], "a member");
    let known = ToDevice::Registered { log_seq: 0, log_head: log.head() };
    assert_eq!(said_to(&replies, conn(2)), [known], "who asks");
    // A new one is news to them all.
    let (entry, _) = make_rotate(&keys, &log, &mut rng).unwrap();
    log.apply(&entry).unwrap();
    let replies = mailbox.handle(append(entry), START);
    assert!(matches!(said_to(&replies, conn(1))[..], [ToDevice::LogEntries { from: 1, .. }]));
}

#[test]
fn nothing_is_kept_of_what_a_removed_device_had_stored() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let (first, second) = (DeviceKeys::make(&mut rng), DeviceKeys::make(&mut rng));
    let (genesis, _) = make_genesis(&first, "Laptop", &mut rng).unwrap();
    let mut log = Membership::genesis(&genesis).unwrap();
    let inviter = Inviter::make(log.account().mailbox(), &mut rng);
    let joiner = Joiner::make(&inviter.link("https://relay"), "Phone", &mut rng);
    let request = joiner.request(&second, &inviter.offer(), &mut rng).unwrap();
    let request = inviter.open_request(&request).unwrap();
    let (entry, _) = make_add_device(&first, &log, &request, &mut rng).unwrap();
    log.apply(&entry).unwrap();
    let mut mailbox = mailbox(&[genesis, entry]);
    let (kept, gone) = (first.device_id(), second.device_id());
    let mut store = mailbox.store().clone();
    for device in [kept, gone] {
        store.set_acked(device, 0).unwrap();
    }
    mailbox = Mailbox::restore(log.account().mailbox(), store, [], None).unwrap();
    sign_in(&mut mailbox, 2, &second, &log);
    let mut told = sign_in(&mut mailbox, 1, &first, &log);
    told.sort_unstable();
    let mut both = [kept, gone];
    both.sort_unstable();
    assert_eq!(told, both);

    let (entry, _) = make_remove_device(&first, &log, gone, 0, &mut rng).unwrap();
    log.apply(&entry).unwrap();
    mailbox.handle(Event::Frame { conn: conn(1), bytes: ToRelay::LogAppend(entry).encode() }, START);
    assert_eq!(mailbox.store().acked().unwrap(), [(kept, 0)]);
    assert_eq!(sign_in(&mut mailbox, 3, &first, &log), [kept]);
    // One that a full disk, or an earlier relay, has left there says nothing.
    let mut store = mailbox.store().clone();
    store.set_acked(gone, 7).unwrap();
    mailbox = Mailbox::restore(log.account().mailbox(), store, [], None).unwrap();
    assert_eq!(sign_in(&mut mailbox, 4, &first, &log), [kept]);
}
