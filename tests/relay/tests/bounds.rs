//! The bounds of a mailbox at their edges, asked of the brain itself: what takes minutes of a relay's
//! time or gigabytes of its memory takes none of a test's. `conformance` asks running relays.

use std::collections::BTreeMap;

use hushclip_mailbox::{Event, Mailbox, MemoryStore, Reply, Store as _};
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{Anchor, Challenge, Item, ToDevice, ToRelay, Welcome};
use hushclip_protocol::ids::{Claim, ConnId, Hash, InviteId, JoinToken, Nonce};
use hushclip_protocol::{VERSION, label, limits};
use hushclip_relay_tests::Account;

const HOST: &str = "relay.test";

/// A mailbox, and what it has said on each socket.
struct Desk {
    mailbox: Mailbox<MemoryStore>,
    now: u64,
    conns: u8,
    said: BTreeMap<ConnId, Vec<ToDevice>>,
    closed: BTreeMap<ConnId, CloseCode>,
    woken: Vec<String>,
}

impl Desk {
    fn new(account: &Account) -> Self {
        let mut mailbox =
            Mailbox::restore(account.mailbox(), MemoryStore::default(), [], None).expect("memory does not fail");
        mailbox.set_push_key(&[4; 65]);
        let (said, closed) = (BTreeMap::new(), BTreeMap::new());
        let mut desk = Self { mailbox, now: 1_800_000_000_000, conns: 0, said, closed, woken: Vec::new() };
        let conn = desk.open();
        desk.send(conn, &ToRelay::Register { entry: account.genesis.clone(), token: String::new() });
        assert!(matches!(desk.take(conn).pop(), Some(ToDevice::Registered { .. })));
        desk.event(Event::Closed { conn });
        desk
    }

    /// An account of so many devices, all in the log.
    fn with_devices(seed: u64, devices: usize) -> (Account, Self, Vec<ConnId>) {
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

    fn event(&mut self, event: Event) {
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

    fn open(&mut self) -> ConnId {
        self.conns += 1;
        let conn = ConnId::from_bytes([self.conns; 16]);
        self.event(Event::Opened { conn, nonce: Nonce::from_bytes([self.conns; 32]), host: HOST.to_owned() });
        conn
    }

    fn sign_in(&mut self, account: &Account, device: usize, anchor: Option<Anchor>) -> (ConnId, Welcome) {
        let conn = self.open();
        let challenge = Challenge { versions: vec![VERSION], nonce: Nonce::from_bytes([self.conns; 32]), conn };
        self.send(conn, &ToRelay::Hello(account.signed_hello(device, HOST, &challenge, anchor)));
        let welcome =
            self.take(conn).into_iter().find_map(|f| if let ToDevice::Welcome(w) = f { Some(w) } else { None });
        (conn, welcome.expect("it is a member"))
    }

    /// Signs in a device that has everything up to a cursor.
    fn sign_in_after(&mut self, account: &Account, device: usize, cursor: u64) -> (ConnId, Welcome) {
        let mark = self.mailbox.store().item_rows(cursor - 1, 1).expect("memory")[0].mark;
        self.sign_in(account, device, Some(Anchor { cursor, mark }))
    }

    fn send(&mut self, conn: ConnId, frame: &ToRelay) {
        self.event(Event::Frame { conn, bytes: frame.encode() });
    }

    /// What has been said on a socket since the last time.
    fn take(&mut self, conn: ConnId) -> Vec<ToDevice> {
        self.said.remove(&conn).unwrap_or_default()
    }

    /// Pushes and says what came of it.
    fn push(&mut self, conn: ConnId, after: u64, envelope: &[u8]) -> Result<u64, ErrorCode> {
        self.send(conn, &ToRelay::Push { after, envelope: envelope.to_vec().into() });
        let answer = self.take(conn).into_iter().find_map(|frame| match frame {
            ToDevice::Pushed { cursor, .. } => Some(Ok(cursor)),
            ToDevice::Error { code, .. } => Some(Err(code)),
            _ => None,
        });
        answer.expect("a push is answered")
    }

    /// Time goes by, so that nobody is stopped by a rate limit.
    fn pause(&mut self) {
        self.now += 600;
    }
}

/// Sealed once, with the name of each item put in: the relay does not verify what is in an envelope.
struct Envelopes {
    sealed: Vec<u8>,
    at: usize,
    count: u64,
}

impl Envelopes {
    fn new(account: &mut Account, device: usize, bytes: usize) -> Self {
        let sealed = account.clip(device, 0xee, bytes, limits::TTL_S);
        let at = sealed.windows(16).position(|name| name == [0xee; 16]).expect("the header names the item");
        Self { sealed, at, count: 0 }
    }

    fn next(&mut self) -> Vec<u8> {
        self.count += 1;
        let mut envelope = self.sealed.clone();
        envelope[self.at..self.at + 8].copy_from_slice(&self.count.to_be_bytes());
        envelope
    }
}

#[test]
fn bytes_are_bounded_and_what_a_device_still_needs_is_not_dropped_for_new_ones() {
    let (mut account, mut desk, conns) = Desk::with_devices(1, 2);
    desk.event(Event::Closed { conn: conns[1] });
    let mut clips = Envelopes::new(&mut account, 0, limits::CLIP_BYTES - 100);
    let fit = limits::ITEM_BYTES / clips.sealed.len() as u64;
    for after in 0..fit {
        assert_eq!(desk.push(conns[0], after, &clips.next()), Ok(after + 1));
        desk.pause();
    }
    let next = clips.next();
    assert_eq!(desk.push(conns[0], fit, &next), Err(ErrorCode::StorageFull));
    // Nothing was lost, and what is small enough still goes in.
    let small = account.clip(0, 1, 10, 60);
    let room = limits::ITEM_BYTES - fit * clips.sealed.len() as u64;
    assert!(small.len() as u64 <= room, "the test wants room for a small one");
    assert_eq!(desk.push(conns[0], fit, &small), Ok(fit + 1));
    // The other device fetches half: that half makes room, oldest first, and no more than is needed.
    let (second, _) = desk.sign_in_after(&account, 1, fit / 2);
    assert_eq!(desk.push(conns[0], fit + 1, &next), Ok(fit + 2));
    let kept = desk.mailbox.store().dump().len() as u64;
    assert!(kept <= limits::ITEM_BYTES + 10_000, "{kept}");
    desk.send(second, &ToRelay::Pull { after: 0, limit: 1 });
    let pulled = desk
        .take(second)
        .into_iter()
        .find_map(|f| if let ToDevice::Items { items, .. } = f { Some(items) } else { None });
    assert_eq!(pulled.expect("an answer")[0].cursor, 2);
}

#[test]
fn the_newest_thousand_items_are_kept() {
    let (mut account, mut desk, conns) = Desk::with_devices(2, 1);
    let mut clips = Envelopes::new(&mut account, 0, 10);
    let count = limits::ITEMS as u64 + 5;
    for after in 0..count {
        assert_eq!(desk.push(conns[0], after, &clips.next()), Ok(after + 1));
        desk.pause();
    }
    let (conn, welcome) = desk.sign_in(&account, 0, None);
    assert_eq!(welcome.max_cursor, count);
    desk.send(conn, &ToRelay::Pull { after: 0, limit: 1 });
    assert!(matches!(&desk.take(conn)[0], ToDevice::Items { items, .. } if items[0].cursor == 6));
}

#[test]
fn frames_are_counted_for_a_device_over_all_its_sockets() {
    let (account, mut desk, conns) = Desk::with_devices(3, 2);
    let (again, _) = desk.sign_in(&account, 0, None);
    desk.now += 60_000;
    let refused = |desk: &mut Desk, conn| {
        desk.send(conn, &ToRelay::Pull { after: 0, limit: 1 });
        matches!(
            desk.take(conn).last(),
            Some(ToDevice::Error { code: ErrorCode::RateLimited, retry_after_ms: 500, of: 4 })
        )
    };
    for n in 0..limits::FRAMES_PER_MINUTE {
        assert!(!refused(&mut desk, if n % 2 == 0 { conns[0] } else { again }), "frame {n}");
    }
    assert!(refused(&mut desk, conns[0]) && refused(&mut desk, again));
    // Neither a new socket nor another device's allowance helps or suffers.
    let (third, _) = desk.sign_in(&account, 0, None);
    assert!(refused(&mut desk, third));
    assert!(!refused(&mut desk, conns[1]));
    desk.now += 500;
    assert!(!refused(&mut desk, again));
    for _ in 0..=limits::FRAMES_PER_MINUTE {
        refused(&mut desk, again);
    }
    assert_eq!(desk.closed.get(&again), Some(&CloseCode::RateLimited));
}

#[test]
fn strangers_who_hold_sockets_do_not_keep_members_out() {
    let devices = limits::SOCKETS / limits::SOCKETS_PER_DEVICE;
    let (account, mut desk, conns) = Desk::with_devices(4, devices);
    let strangers: Vec<_> = (devices..limits::SOCKETS)
        .map(|_| {
            desk.now += 1;
            desk.open()
        })
        .collect();
    assert_eq!(desk.closed.get(&strangers[0]), None);
    desk.sign_in(&account, 0, None);
    // The one that has waited longest has gone.
    assert_eq!(desk.closed.remove(&strangers[0]), Some(CloseCode::TooManySockets));
    assert!(strangers[1..].iter().chain(&conns).all(|conn| !desk.closed.contains_key(conn)));
    // Where all are members, the newcomer has to wait.
    for number in devices + 1..limits::SOCKETS {
        desk.sign_in(&account, number % devices, None);
    }
    desk.closed.clear();
    let late = desk.open();
    assert_eq!(desk.closed, [(late, CloseCode::TooManySockets)].into());
}

#[test]
fn a_device_does_not_take_the_sockets_of_the_others() {
    let (account, mut desk, conns) = Desk::with_devices(6, 2);
    let mut own = vec![conns[0]];
    for _ in 0..2 * limits::SOCKETS {
        desk.now += 1;
        own.push(desk.sign_in(&account, 0, None).0);
        let kept = own.len().saturating_sub(limits::SOCKETS_PER_DEVICE);
        assert!(own[..kept].iter().all(|conn| desk.closed.get(conn) == Some(&CloseCode::TooManySockets)));
        assert!(own[kept..].iter().chain(&conns[1..]).all(|conn| !desk.closed.contains_key(conn)));
    }
    let offline = |frame: &ToDevice| matches!(frame, ToDevice::Presence { online: false, .. });
    assert!(!desk.take(conns[1]).iter().any(offline), "it has been there all the time");
}

#[test]
fn a_log_that_is_not_the_relays_is_not_stored_with_a_clip() {
    let (mut account, mut desk, conns) = Desk::with_devices(7, 1);
    let mut clip = account.clip(0, 1, 10, 60);
    let head = account.log.head();
    let at = clip.windows(32).position(|bytes| bytes == head.as_bytes()).expect("the header names the log's head");
    // In an account of one entry the head is the account: the second of the two.
    let at = at + 32 + clip[at + 32..].windows(32).position(|bytes| bytes == head.as_bytes()).expect("twice");
    clip[at] ^= 1;
    assert_eq!(desk.push(conns[0], 0, &clip), Err(ErrorCode::BadFrame));
    clip[at] ^= 1;
    assert_eq!(desk.push(conns[0], 0, &clip), Ok(1));
}

#[test]
fn whoever_does_not_say_that_it_stores_is_let_go_and_catches_up() {
    let (mut account, mut desk, conns) = Desk::with_devices(5, 2);
    let mut clips = Envelopes::new(&mut account, 0, limits::CLIP_BYTES - 100);
    let fit = (limits::UNACKED_BYTES / clips.sealed.len()) as u64;
    let mut after = 0;
    let push = |desk: &mut Desk, clips: &mut Envelopes, after: &mut u64| {
        *after = desk.push(conns[0], *after, &clips.next()).expect("there is room");
        desk.pause();
    };
    // One that answers may be sent any number.
    for _ in 0..3 * fit {
        push(&mut desk, &mut clips, &mut after);
        desk.send(conns[1], &ToRelay::Ack { cursor: after });
    }
    for _ in 0..fit {
        push(&mut desk, &mut clips, &mut after);
    }
    assert_eq!(desk.closed.get(&conns[1]), None);
    push(&mut desk, &mut clips, &mut after);
    assert_eq!(desk.closed.get(&conns[1]), Some(&CloseCode::TooSlow));
    // Half an answer is worth half.
    let (back, _) = desk.sign_in_after(&account, 1, 3 * fit);
    desk.said.clear();
    let mut at = 3 * fit;
    while at < after {
        desk.send(back, &ToRelay::Pull { after: at, limit: 100 });
        let Some(ToDevice::Items { through, .. }) = desk.take(back).pop() else { panic!("no items") };
        at = through;
        desk.pause();
    }
    assert_eq!(desk.closed.get(&back), None);
    // Asking for the same again and again without storing it is no way around.
    for _ in 0..20 {
        desk.send(back, &ToRelay::Pull { after: 0, limit: 100 });
        desk.pause();
    }
    assert_eq!(desk.closed.get(&back), Some(&CloseCode::TooSlow));
}

#[test]
fn wrong_claims_of_one_invite_are_counted_and_the_right_one_still_works() {
    let (_account, mut desk, conns) = Desk::with_devices(6, 1);
    let (invite, claim) = (InviteId::from_bytes([7; 16]), Claim::from_bytes([8; 32]));
    let claim_hash: Hash = label::hash(label::CLAIM, &[claim.as_bytes()]);
    desk.send(conns[0], &ToRelay::InviteOpen { invite, claim_hash, offer: vec![1; 40].into(), again: false });
    let attempt = |desk: &mut Desk, claim: u8| {
        let conn = desk.open();
        let (claim, token) = (Claim::from_bytes([claim; 32]), JoinToken::from_bytes([conn.as_bytes()[0]; 16]));
        desk.send(conn, &ToRelay::Claim { versions: vec![VERSION], invite, claim, token });
        let answer = desk.take(conn).pop();
        (answer, desk.closed.get(&conn).copied())
    };
    for _ in 0..limits::CLAIMS_PER_MINUTE {
        let (answer, closed) = attempt(&mut desk, 1);
        assert!(matches!(answer, Some(ToDevice::Error { code: ErrorCode::InviteGone, .. })) && closed.is_none());
    }
    assert_eq!(attempt(&mut desk, 1).1, Some(CloseCode::RateLimited));
    let (answer, closed) = attempt(&mut desk, 8);
    assert!(matches!(answer, Some(ToDevice::InviteNote(_))) && closed.is_none());
}

#[test]
fn a_device_that_is_away_is_woken_once_a_minute_at_most() {
    let (mut account, mut desk, conns) = Desk::with_devices(7, 3);
    let endpoint = "https://push.example/abc";
    let mut clips = Envelopes::new(&mut account, 0, 10);
    let subscribe = |desk: &mut Desk, conn, endpoint: &str| {
        desk.send(conn, &ToRelay::PushSubscribe { endpoint: endpoint.to_owned() });
        desk.take(conn).pop()
    };
    assert_eq!(subscribe(&mut desk, conns[1], endpoint), None);
    for (bad, code) in [("ftp://push.example", ErrorCode::BadFrame), ("https://é", ErrorCode::BadFrame)] {
        let refused = ToDevice::Error { code, retry_after_ms: 0, of: 13 };
        assert_eq!(subscribe(&mut desk, conns[2], bad), Some(refused));
    }
    let long = format!("https://{}", "a".repeat(limits::PUSH_ENDPOINT_BYTES));
    assert!(matches!(subscribe(&mut desk, conns[2], &long), Some(ToDevice::Error { code: ErrorCode::TooLarge, .. })));
    // While it is connected it hears by itself.
    desk.push(conns[0], 0, &clips.next()).expect("stored");
    assert_eq!(desk.woken, [""; 0]);
    desk.event(Event::Closed { conn: conns[1] });
    desk.push(conns[0], 1, &clips.next()).expect("stored");
    assert_eq!(desk.woken, [endpoint]);
    desk.now += limits::WAKE_MS - 1;
    desk.push(conns[0], 2, &clips.next()).expect("stored");
    assert_eq!(desk.woken.len(), 1);
    desk.now += 1;
    desk.push(conns[0], 3, &clips.next()).expect("stored");
    assert_eq!(desk.woken.len(), 2);
    // An answer for another address changes nothing.
    let device = account.devices[1].device_id();
    let answered = |endpoint: &str| Event::WakeAnswered { device, endpoint: endpoint.to_owned(), gone: true };
    desk.event(answered("https://push.example/old"));
    desk.now += limits::WAKE_MS;
    desk.push(conns[0], 4, &clips.next()).expect("stored");
    assert_eq!(desk.woken.len(), 3);
    desk.event(answered(endpoint));
    desk.now += limits::WAKE_MS;
    desk.push(conns[0], 5, &clips.next()).expect("stored");
    assert_eq!(desk.woken.len(), 3);
    // It subscribes anew, is removed, and is woken no more.
    let (back, welcome) = desk.sign_in(&account, 1, None);
    assert_eq!(welcome.push_key.len(), 65);
    subscribe(&mut desk, back, endpoint);
    let entry = account.remove_device(1);
    desk.send(conns[0], &ToRelay::LogAppend(entry));
    assert_eq!(desk.closed.get(&back), Some(&CloseCode::Removed));
    let clip = account.clip(0, 9, 10, 60);
    desk.now += limits::WAKE_MS;
    assert_eq!(desk.push(conns[0], 6, &clip), Ok(7));
    assert_eq!(desk.woken.len(), 3);
}

#[test]
fn welcome_tells_the_bounds_and_who_has_what() {
    let (mut account, mut desk, conns) = Desk::with_devices(8, 3);
    let clip = account.clip(0, 1, 10, 60);
    desk.push(conns[0], 0, &clip).expect("stored");
    let mark = desk.mailbox.store().item_rows(1 - 1, 1).expect("memory")[0].mark;
    assert!(desk.take(conns[1]).contains(&ToDevice::Item(Item { cursor: 1, envelope: clip.into(), mark })));
    desk.send(conns[1], &ToRelay::Ack { cursor: 1 });
    let (_, welcome) = desk.sign_in(&account, 2, None);
    let stored = |device: usize| {
        let device = account.devices[device].device_id();
        welcome.delivered.iter().find(|d| d.device == device).map_or(0, |d| d.cursor)
    };
    // Who pushed has it, too.
    assert_eq!((stored(0), stored(1), stored(2)), (1, 1, 0));
    assert_eq!((welcome.limits.sockets, welcome.limits.frame_bytes), (64, 1 << 20));
}

#[test]
fn a_removed_device_is_shown_its_removal_one_page_for_each_time_that_it_asks() {
    let (mut account, mut desk, conns) = Desk::with_devices(20, 2);
    let gone = account.devices[1].device_id();
    for _ in 0..100 {
        let entry = account.rotate();
        desk.send(conns[0], &ToRelay::LogAppend(entry));
        desk.pause();
    }
    let removal = account.remove_device(1);
    desk.send(conns[0], &ToRelay::LogAppend(removal.clone()));
    let after = account.rotate();
    desk.send(conns[0], &ToRelay::LogAppend(after));
    let conn = desk.open();
    desk.take(conn);
    let challenge = Challenge { versions: vec![VERSION], nonce: Nonce::from_bytes([desk.conns; 32]), conn };
    let mut hello = account.signed_hello(1, HOST, &challenge, None);
    hello.log_seq = 1;
    hello = account.devices[1].sign_in(HOST, &challenge, hello);
    desk.send(conn, &ToRelay::Hello(hello));
    let (mut from, mut last, mut pages) = (2, None, 0);
    while !desk.closed.contains_key(&conn) {
        let [ToDevice::LogEntries { from: at, entries, has_more }] = &desk.take(conn)[..] else { panic!("no page") };
        assert!(*at == from && entries.len() <= usize::from(limits::PULL_ENTRIES) && *has_more);
        from += entries.len() as u64;
        pages += 1;
        desk.send(conn, &ToRelay::LogPull { from });
    }
    if let [ToDevice::LogEntries { entries, has_more: false, .. }] = &desk.take(conn)[..] {
        last = entries.last().cloned();
    }
    assert_eq!((pages, last.map(|entry| entry.hash())), (3, Some(removal.hash())));
    assert_eq!(desk.closed.get(&conn), Some(&CloseCode::Removed));
    assert!(account.log.removed(&gone).is_some());
}

#[test]
fn what_was_not_sent_is_not_acknowledged() {
    let (mut account, mut desk, conns) = Desk::with_devices(21, 2);
    let device = account.devices[1].device_id();
    let delivered = |desk: &mut Desk| {
        let frames = desk.take(conns[0]).into_iter();
        let of =
            |frame| if let ToDevice::Delivered(d) = frame { (d.device == device).then_some(d.cursor) } else { None };
        frames.filter_map(of).next_back()
    };
    let mut clips = Envelopes::new(&mut account, 0, 10);
    assert_eq!(desk.push(conns[0], 0, &clips.next()), Ok(1));
    desk.send(conns[1], &ToRelay::Ack { cursor: u64::MAX });
    assert_eq!(delivered(&mut desk), Some(1));
    // It is no promise for what comes.
    assert_eq!(desk.push(conns[0], 1, &clips.next()), Ok(2));
    let (_, welcome) = desk.sign_in(&account, 1, None);
    assert!(welcome.delivered.iter().any(|d| d.device == device && d.cursor == 1));
}

#[test]
fn another_address_is_no_way_to_be_woken_sooner() {
    let (mut account, mut desk, conns) = Desk::with_devices(22, 2);
    let mut clips = Envelopes::new(&mut account, 0, 10);
    for after in 0..20 {
        let (conn, _) = desk.sign_in(&account, 1, None);
        // Named anew, or first unnamed and then named.
        if after % 2 == 0 {
            desk.send(conn, &ToRelay::PushSubscribe { endpoint: String::new() });
        }
        desk.send(conn, &ToRelay::PushSubscribe { endpoint: format!("https://push.example/{after}") });
        desk.event(Event::Closed { conn });
        desk.event(Event::Closed { conn: conns[1] });
        assert_eq!(desk.push(conns[0], after, &clips.next()), Ok(after + 1));
        desk.now += 1_000;
    }
    assert_eq!(desk.woken.len(), 1);
}
