//! The relay's side: sockets that come and go, frames of members, of joiners and of nobody, a disk
//! that fills, a clock that goes on, hibernation in between.
//!
//! Invariants: no panic; what is sent is a frame; only members get items; state stays within its
//! bounds; what is stored makes the same mailbox again.

use std::collections::{BTreeMap, BTreeSet};

use hushclip_crypto::keys::BoxSk;
use hushclip_crypto::log::{make_add_device, make_rekey, make_remove_device, make_rotate};
use hushclip_mailbox::{Event, Mailbox, MemoryStore, Peer, Reply, Session, Store as _};
use hushclip_protocol::codec;
use hushclip_protocol::envelope::{Envelope, Header, Kind, SUITE, Salt, assemble};
use hushclip_protocol::error::CloseCode;
use hushclip_protocol::frame::{Anchor, Challenge, Hello, InviteNote, InviteStep, Place, ToDevice, ToRelay};
use hushclip_protocol::ids::{Claim, ConnId, Hash, InviteId, ItemId, JoinToken, Nonce, Signature};
use hushclip_protocol::log::Membership;
use hushclip_protocol::{VERSION, label, limits};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::account::{ACCOUNT, join_request};
use crate::input::Input;

const MOST_STEPS: usize = 96;
const HOST: &str = "relay.test";
const START: u64 = 1_800_000_000_000;
/// Sockets that the input names.
const CONNS: usize = 6;
/// Invites at once, those of which the welcome waits for its joiner included.
const MOST_INVITES: usize = limits::DEVICES;

pub(crate) fn frames(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut world = World::new(input.below(4));
    for _ in 0..MOST_STEPS {
        if input.is_empty() {
            return;
        }
        world.step(&mut input);
    }
}

struct World {
    mailbox: Mailbox<MemoryStore>,
    now: u64,
    alarm: Option<u64>,
    /// What is attached to each open socket.
    sockets: BTreeMap<ConnId, Vec<u8>>,
    welcomed: BTreeSet<ConnId>,
    rng: ChaCha20Rng,
    last: Vec<u8>,
}

impl World {
    /// A mailbox with so many entries of the log.
    fn new(entries: usize) -> Self {
        let mut store = MemoryStore::default();
        for (seq, entry) in ACCOUNT.chain.iter().take(entries).enumerate() {
            store.append_log(seq as u64, entry, &[]).expect("memory");
        }
        Self {
            mailbox: Mailbox::restore(ACCOUNT.mailbox(), store, [], None).expect("memory"),
            now: START,
            alarm: None,
            sockets: BTreeMap::new(),
            welcomed: BTreeSet::new(),
            rng: ChaCha20Rng::seed_from_u64(41),
            last: Vec::new(),
        }
    }

    fn step(&mut self, input: &mut Input) {
        let conn = ConnId::from_bytes([input.below(CONNS) as u8; 16]);
        match input.byte() % 20 {
            0 | 1 => {
                let host = if input.byte() == 255 { "h".repeat(256) } else { HOST.into() };
                // A platform gives each socket a name of its own.
                if !self.sockets.contains_key(&conn) {
                    self.event(Event::Opened { conn, nonce: nonce(conn), host, peer: Peer::Local });
                }
            }
            2 => {
                self.sockets.remove(&conn);
                self.event(Event::Closed { conn });
            }
            3 => self.event(Event::Text { conn }),
            4 => {
                self.alarm = None;
                self.event(Event::Alarm);
            }
            5 => self.event(Event::Tick),
            6 => self.now += 500,
            7 => self.now += input.number() << (input.byte() % 8),
            8 => self.mailbox.store_mut().full = input.flag(),
            9 => self.hibernate(),
            10 => {
                let bytes = input.take(80).to_vec();
                self.event(Event::Frame { conn, bytes });
            }
            11 => {
                let mut bytes = self.last.clone();
                input.mutate(&mut bytes);
                self.event(Event::Frame { conn, bytes });
            }
            12 => {
                let (nameplate, taken) = (1 + u32::from(input.byte() % 4), input.flag());
                self.event(Event::Nameplate { nameplate, taken });
            }
            13 | 14 => {
                let hello = self.hello(conn, input);
                self.frame(conn, &hello);
            }
            _ => {
                if let Some(frame) = self.any_frame(input) {
                    self.frame(conn, &frame);
                }
            }
        }
    }

    fn frame(&mut self, conn: ConnId, frame: &ToRelay) {
        self.last = frame.encode();
        self.event(Event::Frame { conn, bytes: self.last.clone() });
    }

    /// What the relay has to know about the account, from its own disk.
    fn membership(&self) -> Option<Membership> {
        let log = self.mailbox.store().log_from(0, usize::MAX).expect("memory");
        let (first, rest) = log.split_first()?;
        let mut membership = Membership::genesis(first).expect("it was verified");
        for entry in rest {
            membership.apply(entry).expect("it was verified");
        }
        Some(membership)
    }

    /// The newest item's, or one that is made up.
    fn anchor(&self, input: &mut Input) -> Anchor {
        let row = self.mailbox.store().newest_item().expect("memory");
        let cursor = input.odd_number(row.map_or(0, |row| row.cursor));
        Anchor { cursor, mark: input.odd_number(row.map_or(0, |row| row.mark)) }
    }

    fn hello(&self, conn: ConnId, input: &mut Input) -> ToRelay {
        let keys = &ACCOUNT.devices[input.below(ACCOUNT.devices.len())];
        let membership = self.membership();
        let hello = Hello {
            versions: if input.byte() == 255 { vec![2] } else { vec![VERSION] },
            account: ACCOUNT.states[0].account(),
            device: keys.device_id(),
            log_seq: membership.as_ref().map_or(0, Membership::seq),
            log_head: membership.map_or(Hash::ZERO, |log| log.head()),
            anchors: if input.flag() { vec![self.anchor(input)] } else { Vec::new() },
            signature: Signature::from_bytes([0; 64]),
        };
        let host = if input.byte() == 255 { "elsewhere.test" } else { HOST };
        let challenge = Challenge { versions: vec![VERSION], nonce: nonce(conn), conn };
        ToRelay::Hello(keys.sign_in(host, &challenge, hello))
    }

    fn any_frame(&mut self, input: &mut Input) -> Option<ToRelay> {
        let invite = InviteId::from_bytes([input.byte() % 48; 16]);
        let (offer, again) = (input.take(3).to_vec().into(), input.byte() > 200);
        let nameplate = 1 + u32::from(input.byte() % 4);
        Some(match input.byte() % 16 {
            0 => ToRelay::Register {
                entry: ACCOUNT.chain[input.below(ACCOUNT.chain.len())].clone(),
                token: String::new(),
            },
            1..=4 => self.push(input)?,
            5 => ToRelay::Pull { after: input.odd_number(0), limit: input.odd_number(10) as u16 },
            6 => ToRelay::Ack { cursor: input.odd_number(self.items() as u64) },
            7 | 8 => self.append(input)?,
            9 => ToRelay::LogPull { from: input.odd_number(0) },
            10 => ToRelay::InviteOpen { invite, claim_hash: claim_hash(), offer, again },
            11 => ToRelay::InviteCancel { invite },
            12 => {
                use InviteStep::{Offer, Refuse, Request, Reveal, Welcome};
                let step = [Offer, Request, Reveal, Welcome, Refuse][input.below(5)];
                ToRelay::InviteNote(InviteNote { invite, step, bytes: offer })
            }
            13 => ToRelay::Claim { versions: vec![VERSION], invite, claim: claim(), token: token(input) },
            14 => ToRelay::CodeOpen { invite, nameplate, offer, again },
            _ if again => ToRelay::PushSubscribe { endpoint: "https://push.test/".repeat(input.below(40)) },
            _ => ToRelay::CodeClaim { versions: vec![VERSION], nameplate, token: token(input) },
        })
    }

    fn push(&self, input: &mut Input) -> Option<ToRelay> {
        let membership = self.membership()?;
        let sender = ACCOUNT.devices[input.below(ACCOUNT.devices.len())].device_id();
        let header = Header {
            version: VERSION,
            suite: SUITE,
            kind: [Kind::Clip, Kind::Tombstone, Kind::State, Kind::Heartbeat, Kind::Live][input.below(5)],
            account: membership.account(),
            epoch: if input.byte() > 240 { input.odd_number(0) } else { membership.epoch() },
            log_seq: membership.seq(),
            log_head: membership.head(),
            sender,
            counter: input.odd_number(1),
            item: ItemId::from_bytes([input.byte(); 16]),
            ttl_s: input.odd_number(60) as u32,
            salt: Salt([0; 24]),
        };
        let body = vec![0; input.below(2000)];
        let envelope = assemble(&codec::encode(&header), &body, Signature::from_bytes([0; 64]));
        let newest = self.mailbox.store().newest_item().expect("memory").map_or(0, |row| row.cursor);
        let newest = newest.max(self.mailbox.store().cursor_floor().expect("memory"));
        let after = if input.byte() > 240 { input.odd_number(newest) } else { newest };
        let envelope = envelope.into();
        Some(if header.kind == Kind::Tombstone && input.flag() {
            let place = Place { cursor: input.odd_number(newest), item: ItemId::from_bytes([input.byte(); 16]) };
            ToRelay::Delete { after, envelope, places: vec![place] }
        } else {
            ToRelay::Push { after, envelope }
        })
    }

    fn append(&mut self, input: &mut Input) -> Option<ToRelay> {
        let log = self.membership()?;
        let [a, b, ..] = &ACCOUNT.devices;
        let author = if input.flag() { a } else { b };
        let other = &ACCOUNT.devices[input.below(ACCOUNT.devices.len())];
        let rng = &mut self.rng;
        let made = match input.byte() % 5 {
            0 => make_rotate(author, &log, rng),
            1 => make_rekey(author, &log, &BoxSk::make(&mut ChaCha20Rng::seed_from_u64(6)), rng),
            2 => make_remove_device(author, &log, other.device_id(), input.odd_number(7), rng),
            3 => make_add_device(author, &log, &join_request(other), rng),
            _ => return Some(ToRelay::LogAppend(ACCOUNT.chain[input.below(ACCOUNT.chain.len())].clone())),
        };
        made.ok().map(|(entry, _)| ToRelay::LogAppend(entry))
    }

    fn items(&self) -> usize {
        self.mailbox.store().item_rows(0, usize::MAX).expect("memory").len()
    }

    fn hibernate(&mut self) {
        let store = self.mailbox.store().clone();
        let sessions = self.sockets.values().map(Vec::as_slice);
        self.mailbox = Mailbox::restore(ACCOUNT.mailbox(), store, sessions, self.alarm).expect("what it stored");
    }

    fn event(&mut self, event: Event) {
        let before = self.membership();
        for reply in self.mailbox.handle(event, self.now) {
            match reply {
                Reply::Send { conn, frame } => self.sent(conn, &frame),
                Reply::Close { conn, code } => {
                    self.sockets.remove(&conn);
                    self.welcomed.remove(&conn);
                    assert!(code != CloseCode::Internal || before.is_none() || !self.sockets.contains_key(&conn));
                }
                Reply::Attach { conn, session } => {
                    let decoded = Session::decode(&session).expect("an attachment that can be read again");
                    assert_eq!(decoded.conn, conn);
                    self.sockets.insert(conn, session);
                }
                Reply::SetAlarm { at_ms } => self.alarm = Some(at_ms),
                Reply::TakeNameplate { .. } | Reply::Wake { .. } => {}
            }
        }
        self.welcomed.retain(|conn| self.sockets.contains_key(conn));
        assert!(self.sockets.len() <= limits::SOCKETS);
        let store = self.mailbox.store();
        assert!(self.items() <= limits::ITEMS);
        let invites = store.invites().expect("memory").len();
        assert!(invites <= MOST_INVITES, "{invites} invites");
    }

    fn sent(&mut self, conn: ConnId, frame: &[u8]) {
        let frame = ToDevice::decode(frame).expect("the relay sends frames");
        match &frame {
            ToDevice::Welcome(_) => drop(self.welcomed.insert(conn)),
            ToDevice::Item(item) => {
                assert!(Envelope::parse(&item.envelope).is_ok());
                assert!(self.welcomed.contains(&conn), "an item for nobody");
            }
            ToDevice::Items { .. } | ToDevice::Pushed { .. } | ToDevice::Delivered(_) | ToDevice::Presence { .. } => {
                assert!(self.welcomed.contains(&conn), "{frame:?} for nobody");
            }
            _ => {}
        }
    }
}

fn nonce(conn: ConnId) -> Nonce {
    let mut nonce = [0; 32];
    nonce[..16].copy_from_slice(conn.as_bytes());
    Nonce::from_bytes(nonce)
}

fn claim() -> Claim {
    Claim::from_bytes([1; 32])
}

fn claim_hash() -> Hash {
    label::hash(label::CLAIM, &[claim().as_bytes()])
}

fn token(input: &mut Input) -> JoinToken {
    JoinToken::from_bytes([input.byte() % 2; 16])
}
