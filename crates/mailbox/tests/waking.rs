//! What a mailbox reads when it wakes, and what it makes of the items that it has not read.

use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::make_genesis;
use hushclip_mailbox::{Event, Mailbox, MemoryStore, Peer, Reply, Store as _};
use hushclip_protocol::envelope::{Header, Kind, SUITE, Salt, assemble};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{Challenge, Hello, ToDevice, ToRelay};
use hushclip_protocol::ids::{ConnId, ItemId, Nonce, Signature};
use hushclip_protocol::log::Membership;
use hushclip_protocol::{VERSION, codec, limits};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

const HOST: &str = "relay";

/// An account of one device, and its mailbox.
struct Desk {
    keys: DeviceKeys,
    log: Membership,
    mailbox: Mailbox<MemoryStore>,
    conn: ConnId,
    attached: Vec<u8>,
    alarm: Option<u64>,
    now: u64,
}

impl Desk {
    fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let keys = DeviceKeys::make(&mut rng);
        let (genesis, _) = make_genesis(&keys, "Laptop", &mut rng).unwrap();
        let log = Membership::genesis(&genesis).unwrap();
        let mut store = MemoryStore::default();
        store.append_log(0, &genesis, &codec::encode(&log)).unwrap();
        let mailbox = Mailbox::restore(log.account().mailbox(), store, [], None).unwrap();
        let (conn, now) = (ConnId::from_bytes([1; 16]), 1_800_000_000_000);
        let mut desk = Self { keys, log, mailbox, conn, attached: Vec::new(), alarm: None, now };
        desk.sign_in();
        desk
    }

    fn sign_in(&mut self) {
        let nonce = Nonce::from_bytes([2; 32]);
        self.event(Event::Opened { conn: self.conn, nonce, host: HOST.into(), peer: Peer::Local });
        let hello = Hello {
            versions: vec![VERSION],
            account: self.log.account(),
            device: self.keys.device_id(),
            log_seq: self.log.seq(),
            log_head: self.log.head(),
            anchors: Vec::new(),
            signature: Signature::from_bytes([0; 64]),
        };
        let challenge = Challenge { versions: vec![VERSION], nonce, conn: self.conn };
        self.frame(&ToRelay::Hello(self.keys.sign_in(HOST, &challenge, hello)));
    }

    fn event(&mut self, event: Event) -> Vec<ToDevice> {
        let mut said = Vec::new();
        for reply in self.mailbox.handle(event, self.now) {
            match reply {
                Reply::Send { frame, .. } => said.push(ToDevice::decode(&frame).unwrap()),
                Reply::Attach { session, .. } => self.attached = session,
                Reply::SetAlarm { at_ms } => self.alarm = Some(at_ms),
                _ => {}
            }
        }
        said
    }

    fn frame(&mut self, frame: &ToRelay) -> Vec<ToDevice> {
        self.now += 600;
        self.event(Event::Frame { conn: self.conn, bytes: frame.encode() })
    }

    /// Pushes an item of this name, life and size.
    fn push(&mut self, after: u64, name: u64, ttl_s: u32, bytes: usize) -> Result<u64, ErrorCode> {
        let mut item = [0; 16];
        item[..8].copy_from_slice(&name.to_be_bytes());
        let header = Header {
            version: VERSION,
            suite: SUITE,
            kind: Kind::Clip,
            account: self.log.account(),
            epoch: 0,
            log_seq: 0,
            log_head: self.log.head(),
            sender: self.keys.device_id(),
            counter: name,
            item: ItemId::from_bytes(item),
            ttl_s,
            salt: Salt([0; 24]),
        };
        let envelope = assemble(&codec::encode(&header), &vec![0; bytes], Signature::from_bytes([0; 64]));
        let said = self.frame(&ToRelay::Push { after, envelope: envelope.into() });
        let answer = said.into_iter().find_map(|frame| match frame {
            ToDevice::Pushed { cursor, .. } => Some(Ok(cursor)),
            ToDevice::Error { code, .. } => Some(Err(code)),
            _ => None,
        });
        answer.expect("a push is answered")
    }

    fn pull(&mut self, after: u64) -> (Vec<u64>, u64) {
        match self.frame(&ToRelay::Pull { after, limit: 100 }).pop() {
            Some(ToDevice::Items { items, through, .. }) => (items.iter().map(|item| item.cursor).collect(), through),
            other => panic!("{other:?}"),
        }
    }

    /// Everything that is not on the disk or at the sockets is gone. Says how many rows were read before.
    fn sleep(&mut self) -> u64 {
        let store = self.mailbox.store().clone();
        let read = store.rows_read();
        let id = self.log.account().mailbox();
        self.mailbox = Mailbox::restore(id, store, [&self.attached[..]], self.alarm).unwrap();
        read
    }

    fn cursors(&self) -> Vec<u64> {
        self.mailbox.store().item_rows(0, usize::MAX).unwrap().iter().map(|row| row.cursor).collect()
    }
}

#[test]
fn a_waking_for_a_clip_reads_as_little_when_a_thousand_are_kept() {
    let mut desk = Desk::new();
    for after in 0..limits::ITEMS as u64 - 1 {
        // Each tenth is a secret.
        let ttl_s = if after % 10 == 0 { 3600 } else { limits::TTL_S };
        assert_eq!(desk.push(after, after + 1, ttl_s, 10), Ok(after + 1));
    }
    let before = desk.sleep();
    let count = limits::ITEMS as u64;
    assert_eq!(desk.push(count - 1, count, limits::TTL_S, 10), Ok(count));
    let read = desk.mailbox.store().rows_read() - before;
    assert!(read <= 8, "{read} rows");
    // Where the oldest has to go as well, too.
    let before = desk.sleep();
    assert_eq!(desk.push(count, count + 1, limits::TTL_S, 10), Ok(count + 1));
    let read = desk.mailbox.store().rows_read() - before;
    assert!(read <= 11, "{read} rows");
}

#[test]
fn what_has_had_its_time_is_found_without_reading_what_stays() {
    let mut desk = Desk::new();
    let start = desk.now;
    for after in 0..400 {
        // Two secrets among what stays.
        let ttl_s = if after % 200 == 100 { 600 } else { limits::TTL_S };
        assert_eq!(desk.push(after, after + 1, ttl_s, 10), Ok(after + 1));
    }
    let before = desk.sleep();
    desk.now = start + 1_800_000;
    desk.event(Event::Alarm);
    let read = desk.mailbox.store().rows_read() - before;
    // One page of those that stay is looked at, because the oldest of them might have to go.
    assert!(read <= 80, "{read} rows");
    let cursors = desk.cursors();
    assert_eq!(cursors.len(), 398);
    assert!(!cursors.contains(&101) && !cursors.contains(&301));
    // The next alarm is for the oldest of the others.
    let week = start + u64::from(limits::TTL_S) * 1000;
    assert!(desk.alarm.is_some_and(|at| at > week && at <= week + 3_600_000));
    desk.sleep();
    desk.now = week + 2 * 3_600_000;
    desk.event(Event::Alarm);
    assert_eq!(desk.cursors(), []);
    // No cursor is given twice.
    desk.sleep();
    assert_eq!(desk.push(400, 401, 60, 10), Ok(401));
}

#[test]
fn a_push_whose_answer_was_lost_is_not_stored_twice() {
    let mut desk = Desk::new();
    for after in 0..3 {
        assert_eq!(desk.push(after, after + 1, 600, 10), Ok(after + 1));
    }
    desk.sleep();
    // At the same place, whatever came after it.
    assert_eq!(desk.push(1, 2, 600, 10), Ok(2));
    assert_eq!(desk.push(1, 9, 600, 10), Err(ErrorCode::Behind));
    // And by name, once the mailbox has seen it again.
    assert_eq!(desk.pull(0), (vec![1, 2, 3], 3));
    assert_eq!(desk.push(3, 1, 600, 10), Ok(1));
    assert_eq!(desk.cursors(), [1, 2, 3]);
    // What has gone is not known any more.
    desk.now += 700_000;
    desk.event(Event::Alarm);
    assert_eq!(desk.push(3, 1, 600, 10), Ok(4));
}
