//! A mailbox without a shell around it, whose clock is the test's, and devices that talk to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use hushclip_mailbox::{Event, ItemRow, Mailbox, MemoryStore, Peer, Policy, Reply, Store as _};
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{Anchor, Challenge, Place, ToDevice, ToRelay, Welcome};
use hushclip_protocol::ids::{ConnId, Nonce};
use hushclip_protocol::{VERSION, limits};

use crate::Account;

/// A mailbox, and what it has said on each socket.
#[derive(Debug)]
pub struct Desk {
    /// The mailbox.
    pub mailbox: Mailbox<MemoryStore>,
    /// Its clock.
    pub now: u64,
    conns: u8,
    /// What it has said, by socket.
    pub said: BTreeMap<ConnId, Vec<ToDevice>>,
    /// The sockets that it has closed, and why.
    pub closed: BTreeMap<ConnId, CloseCode>,
    /// Where it has had somebody woken.
    pub woken: Vec<String>,
}

impl Desk {
    /// Where devices dial it.
    pub const HOST: &str = "relay.test";

    /// The account's mailbox, at which nobody is registered.
    pub fn empty(account: &Account) -> Self {
        let mut mailbox =
            Mailbox::restore(account.mailbox(), MemoryStore::default(), [], None).expect("memory does not fail");
        mailbox.set_push_key(&[4; 65]);
        let (said, closed) = (BTreeMap::new(), BTreeMap::new());
        Self { mailbox, now: 1_800_000_000_000, conns: 0, said, closed, woken: Vec::new() }
    }

    /// A mailbox at which the account is registered.
    pub fn new(account: &Account) -> Self {
        let mut desk = Self::empty(account);
        let conn = desk.open();
        desk.send(conn, &ToRelay::Register { entry: account.genesis.clone(), token: String::new() });
        assert!(matches!(desk.take(conn).pop(), Some(ToDevice::Registered { .. })));
        desk.event(Event::Closed { conn });
        desk
    }

    /// An account of so many devices, all in the log.
    pub fn with_devices(seed: u64, devices: usize) -> (Account, Self, Vec<ConnId>) {
        let mut account = Account::make(seed);
        let mut desk = Self::new(&account);
        let first = desk.sign_in(&account, 0, None).0;
        let mut conns = vec![first];
        for device in 1..devices {
            let entry = account.add_device();
            desk.send(first, &ToRelay::LogAppend(entry));
            conns.push(desk.sign_in(&account, device, None).0);
        }
        desk.said.clear();
        (account, desk, conns)
    }

    /// Something happens.
    pub fn event(&mut self, event: Event) {
        for reply in self.mailbox.handle(event, self.now) {
            match reply {
                Reply::Send { conn, frame } => {
                    self.said.entry(conn).or_default().push(ToDevice::decode(&frame).expect("a frame"));
                }
                Reply::Close { conn, code } => {
                    self.closed.entry(conn).or_insert(code);
                }
                Reply::Wake { endpoint, .. } => self.woken.push(endpoint),
                Reply::Attach { .. } | Reply::SetAlarm { .. } | Reply::TakeNameplate { .. } => {}
            }
        }
    }

    /// Opens a socket.
    pub fn open(&mut self) -> ConnId {
        self.open_from(Peer::Local)
    }

    /// The same from an address.
    pub fn open_from(&mut self, peer: Peer) -> ConnId {
        self.conns += 1;
        let conn = ConnId::from_bytes([self.conns; 16]);
        self.event(Event::Opened {
            conn,
            nonce: Nonce::from_bytes([self.conns; 32]),
            host: Self::HOST.to_owned(),
            peer,
        });
        conn
    }

    /// What the first frame on a socket asks.
    pub fn challenge(conn: ConnId) -> Challenge {
        Challenge { versions: vec![VERSION], nonce: Nonce::from_bytes([conn.as_bytes()[0]; 32]), conn }
    }

    /// Signs in on a socket of its own.
    pub fn sign_in(&mut self, account: &Account, device: usize, anchor: Option<Anchor>) -> (ConnId, Welcome) {
        let conn = self.open();
        self.send(conn, &ToRelay::Hello(account.signed_hello(device, Self::HOST, &Self::challenge(conn), anchor)));
        let welcome =
            self.take(conn).into_iter().find_map(|f| if let ToDevice::Welcome(w) = f { Some(w) } else { None });
        (conn, welcome.expect("it is a member"))
    }

    /// Signs in a device that has everything up to a cursor.
    pub fn sign_in_after(&mut self, account: &Account, device: usize, cursor: u64) -> (ConnId, Welcome) {
        let mark = self.row(cursor).mark;
        self.sign_in(account, device, Some(Anchor { cursor, mark }))
    }

    /// A frame comes.
    pub fn send(&mut self, conn: ConnId, frame: &ToRelay) {
        self.event(Event::Frame { conn, bytes: frame.encode() });
    }

    /// What has been said on a socket since the last time.
    pub fn take(&mut self, conn: ConnId) -> Vec<ToDevice> {
        self.said.remove(&conn).unwrap_or_default()
    }

    /// Pushes and says what came of it.
    pub fn push(&mut self, conn: ConnId, after: u64, envelope: &[u8]) -> Result<u64, ErrorCode> {
        self.store(conn, &ToRelay::Push { after, envelope: envelope.to_vec().into() })
    }

    /// The same with a tombstone, and the places of what it names.
    pub fn delete(&mut self, conn: ConnId, after: u64, envelope: &[u8], places: &[Place]) -> Result<u64, ErrorCode> {
        self.store(conn, &ToRelay::Delete { after, envelope: envelope.to_vec().into(), places: places.to_vec() })
    }

    fn store(&mut self, conn: ConnId, frame: &ToRelay) -> Result<u64, ErrorCode> {
        self.send(conn, frame);
        let answer = self.take(conn).into_iter().find_map(|frame| match frame {
            ToDevice::Pushed { cursor, .. } => Some(Ok(cursor)),
            ToDevice::Error { code, .. } => Some(Err(code)),
            _ => None,
        });
        answer.expect("a push is answered")
    }

    /// The item that is kept at this cursor.
    pub fn row(&self, cursor: u64) -> ItemRow {
        self.mailbox.store().item_rows(cursor - 1, 1).expect("memory")[0]
    }

    /// Its place.
    pub fn place(&self, cursor: u64) -> Place {
        Place { cursor, item: self.row(cursor).item }
    }

    /// Lets the account hold so many bytes.
    pub fn set_quota(&mut self, quota: u64) {
        self.mailbox.set_policy(Arc::new(Policy { quota, ..Policy::default() }));
    }

    /// Bytes that it holds.
    pub fn used(&self) -> u64 {
        let store = self.mailbox.store();
        let items: u64 = store.item_rows(0, usize::MAX).expect("memory").iter().map(|row| row.bytes).sum();
        items + store.account().expect("memory").map_or(0, |row| row.log_bytes)
    }

    /// Time goes by, so that nobody is stopped by a rate limit.
    pub const fn pause(&mut self) {
        self.now += 600;
    }
}

/// Sealed once, with the name of each item put in: the relay does not verify what is in an envelope.
#[derive(Debug)]
pub struct Envelopes {
    /// The one that the others are made of.
    pub sealed: Vec<u8>,
    at: usize,
    count: u64,
}

impl Envelopes {
    /// Of so many bytes of text.
    pub fn new(account: &mut Account, device: usize, bytes: usize) -> Self {
        let sealed = account.clip(device, 0xee, bytes, limits::TTL_S);
        let at = sealed.windows(16).position(|name| name == [0xee; 16]).expect("the header names the item");
        Self { sealed, at, count: 0 }
    }

    /// Another one.
    pub fn another(&mut self) -> Vec<u8> {
        self.count += 1;
        let mut envelope = self.sealed.clone();
        envelope[self.at..self.at + 8].copy_from_slice(&self.count.to_be_bytes());
        envelope
    }
}
