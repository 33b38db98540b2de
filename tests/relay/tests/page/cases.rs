//! Signing in, the log, items, and the end.

use std::sync::{Arc, Mutex};

use hushclip_mailbox::{Mailbox, Newcomers, Peer, Policy, Registration, Room};
use hushclip_protocol::frame::{Place, ToRelay};
use hushclip_protocol::ids::{ItemId, Signature};
use hushclip_protocol::limits;
use hushclip_protocol::log::SignedEntry;
use hushclip_relay_tests::{Account, Desk, Envelopes};

use crate::{Case, Cases};

pub(crate) const CASES: Cases = &[
    ("Hello", 1, || {
        let account = Account::make(1);
        hello(Desk::empty(&account), &account, 0)
    }),
    ("Hello", 14, || {
        let (mut account, desk, _) = Desk::with_devices(1, 1);
        account.add_device();
        hello(desk, &account, 1)
    }),
    ("Hello", 4001, || {
        let (account, mut desk, _) = Desk::with_devices(1, 1);
        let conn = desk.open();
        let mut hello = account.signed_hello(0, Desk::HOST, &Desk::challenge(conn), None);
        hello.versions = vec![99];
        Case::new(desk, conn, ToRelay::Hello(hello))
    }),
    ("Hello", 4003, || {
        let (account, mut desk, conns) = Desk::with_devices(1, 1);
        let conn = desk.open();
        // To another challenge.
        let hello = account.signed_hello(0, Desk::HOST, &Desk::challenge(conns[0]), None);
        Case::new(desk, conn, ToRelay::Hello(hello))
    }),
    ("Hello", 4005, || {
        let (mut account, mut desk, conns) = Desk::with_devices(1, 2);
        desk.send(conns[0], &ToRelay::LogAppend(account.remove_device(1)));
        hello(desk, &account, 1)
    }),
    ("Register", 6, || {
        let (_, mut desk, _) = Desk::with_devices(1, 1);
        let other = Account::make(2);
        // As if two accounts had the same first 16 bytes.
        let store = desk.mailbox.store().clone();
        desk.mailbox = Mailbox::restore(other.mailbox(), store, [], None).expect("memory");
        register(desk, &other)
    }),
    ("Register", 7, || register(Desk::empty(&Account::make(1)), &Account::make(2))),
    ("Register", 15, || governed(Registration::Token("of the admin".into()))),
    ("Register", 16, || governed(Registration::Closed)),
    ("Register", 17, || {
        let (account, stranger) = (Account::make(1), Peer::named(Some("192.0.2.1")));
        let (mut desk, mut newcomers) = (Desk::empty(&account), Newcomers::default());
        while newcomers.admit(stranger, desk.now) {}
        desk.mailbox.set_newcomers(Arc::new(Mutex::new(newcomers)));
        let conn = desk.open_from(stranger);
        Case::new(desk, conn, ToRelay::Register { entry: account.genesis, token: String::new() })
    }),
    ("Register", 18, || {
        let account = Account::make(1);
        let mut desk = Desk::empty(&account);
        desk.mailbox.set_room(Room::Scarce { share: limits::ITEM_BYTES });
        register(desk, &account)
    }),
    ("LogAppend, before Hello", 1, || {
        let mut account = Account::make(1);
        let mut desk = Desk::empty(&account);
        let (conn, entry) = (desk.open(), account.rotate());
        Case::new(desk, conn, ToRelay::LogAppend(entry))
    }),
    ("LogAppend, before Hello", 3, || append(false, |desk| desk.set_quota(1000), Account::rotate)),
    ("LogAppend, before Hello", 6, || append(false, |_| {}, from_elsewhere)),
    ("LogAppend, before Hello", 7, || append(false, |_| {}, forged)),
    ("LogAppend, before Hello", 18, || append(false, |desk| desk.mailbox.set_room(Room::Nothing), Account::rotate)),
    ("LogAppend, of a member", 3, || append(true, |desk| desk.set_quota(1000), Account::rotate)),
    ("LogAppend, of a member", 6, || append(true, |_| {}, from_elsewhere)),
    ("LogAppend, of a member", 7, || append(true, |_| {}, forged)),
    ("LogAppend, of a member", 18, || append(true, |desk| desk.mailbox.set_room(Room::Nothing), Account::rotate)),
    ("LogAppend, of a member", 4005, || {
        let (mut account, desk, conns) = Desk::with_devices(1, 2);
        let entry = account.remove_device(1);
        Case { closes: conns[1], ..Case::new(desk, conns[0], ToRelay::LogAppend(entry)) }
    }),
    ("Push", 2, || store(push, |_| {}, |_| vec![0; limits::ENVELOPE_BYTES + 1], 0)),
    ("Push", 0, || store(push, |_| {}, |_| vec![0; 100], 0)),
    ("Push", 0, || store(push, |_| {}, |account| account.clip(1, 1, 10, 600), 0)),
    ("Push", 5, || store(push, |_| {}, stale, 0)),
    ("Push", 12, || store(push, |_| {}, note, 1)),
    ("Push", 3, || store(push, |desk| desk.set_quota(1000), note, 0)),
    ("Push", 18, || store(push, |desk| desk.mailbox.set_room(Room::Nothing), note, 0)),
    ("Delete", 2, || store(delete, |_| {}, |_| vec![0; limits::ENVELOPE_BYTES + 1], 0)),
    ("Delete", 0, || store(delete, |_| {}, |account| account.clip(0, 1, 10, 600), 0)),
    ("Delete", 0, || store(delete_too_many, |_| {}, note, 0)),
    ("Delete", 5, || store(delete, |_| {}, stale, 0)),
    ("Delete", 12, || store(delete, |_| {}, note, 1)),
    ("Delete", 3, || store(delete, |desk| desk.set_quota(1000), note, 0)),
    ("Delete", 18, || store(delete, |desk| desk.mailbox.set_room(Room::Nothing), note, 0)),
    ("Pull", 4009, || {
        let (mut account, mut desk, conns) = Desk::with_devices(1, 1);
        let mut clips = Envelopes::new(&mut account, 0, limits::CLIP_BYTES - 100);
        for after in 0..3 {
            desk.push(conns[0], after, &clips.another()).expect("there is room");
        }
        let times = limits::UNACKED_BYTES / (2 * limits::CLIP_BYTES);
        Case { times, ..Case::new(desk, conns[0], ToRelay::Pull { after: 0, limit: 100 }) }
    }),
    ("PushSubscribe", 0, || subscribe("ftp://push.example".into())),
    ("PushSubscribe", 2, || subscribe(format!("https://{}", "a".repeat(limits::PUSH_ENDPOINT_BYTES)))),
    ("Leave", 4011, || {
        let (_, desk, conns) = Desk::with_devices(1, 2);
        Case::new(desk, conns[0], ToRelay::Leave)
    }),
];

fn hello(mut desk: Desk, account: &Account, device: usize) -> Case {
    let conn = desk.open();
    let hello = account.signed_hello(device, Desk::HOST, &Desk::challenge(conn), None);
    Case::new(desk, conn, ToRelay::Hello(hello))
}

fn register(mut desk: Desk, account: &Account) -> Case {
    let conn = desk.open();
    Case::new(desk, conn, ToRelay::Register { entry: account.genesis.clone(), token: String::new() })
}

/// At a relay that takes only some.
fn governed(registration: Registration) -> Case {
    let account = Account::make(1);
    let mut desk = Desk::empty(&account);
    desk.mailbox.set_policy(Arc::new(Policy { registration, ..Policy::default() }));
    register(desk, &account)
}

/// An entry, said by a member or before anybody has signed in.
fn append(by_member: bool, before: fn(&mut Desk), entry: fn(&mut Account) -> SignedEntry) -> Case {
    let (mut account, mut desk, conns) = Desk::with_devices(1, 1);
    let conn = if by_member { conns[0] } else { desk.open() };
    before(&mut desk);
    Case::new(desk, conn, ToRelay::LogAppend(entry(&mut account)))
}

/// It comes after one that is not there.
fn from_elsewhere(account: &mut Account) -> SignedEntry {
    account.rotate();
    account.rotate()
}

fn forged(account: &mut Account) -> SignedEntry {
    SignedEntry { signature: Signature::from_bytes([1; 64]), ..account.rotate() }
}

/// What device 0 pushes after a cursor.
fn store(
    frame: fn(u64, Vec<u8>) -> ToRelay,
    before: fn(&mut Desk),
    envelope: fn(&mut Account) -> Vec<u8>,
    after: u64,
) -> Case {
    let (mut account, mut desk, conns) = Desk::with_devices(1, 2);
    before(&mut desk);
    Case::new(desk, conns[0], frame(after, envelope(&mut account)))
}

fn push(after: u64, envelope: Vec<u8>) -> ToRelay {
    ToRelay::Push { after, envelope: envelope.into() }
}

fn delete(after: u64, envelope: Vec<u8>) -> ToRelay {
    delete_of(1, after, envelope)
}

fn delete_too_many(after: u64, envelope: Vec<u8>) -> ToRelay {
    delete_of(limits::NAMED + 1, after, envelope)
}

fn delete_of(count: usize, after: u64, envelope: Vec<u8>) -> ToRelay {
    let places = vec![Place { cursor: 9, item: ItemId::from_bytes([9; 16]) }; count];
    ToRelay::Delete { after, envelope: envelope.into(), places }
}

fn note(account: &mut Account) -> Vec<u8> {
    account.tombstone(0, 1)
}

/// Sealed in an epoch that is not the relay's.
fn stale(account: &mut Account) -> Vec<u8> {
    account.rotate();
    note(account)
}

fn subscribe(endpoint: String) -> Case {
    let (_, desk, conns) = Desk::with_devices(1, 1);
    Case::new(desk, conns[0], ToRelay::PushSubscribe { endpoint })
}
