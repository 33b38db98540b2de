//! What the core does when an account's code fails, or the disk does, tested without sockets.

use std::collections::BTreeMap;

use hushclip_crypto::body::{ClipBody, Part, TEXT};
use hushclip_crypto::envelope::{Address, seal};
use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::{make_genesis, make_rotate};
use hushclip_mailbox::Peer;
use hushclip_protocol::VERSION;
use hushclip_protocol::envelope::Kind;
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{Challenge, Hello, ToDevice, ToRelay};
use hushclip_protocol::ids::{ItemId, JoinToken, Nonce, Signature};
use hushclip_protocol::limits;
use hushclip_protocol::log::{Membership, SignedEntry};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::*;
use crate::budget::Budget;
use crate::metrics::get;
use crate::outbox::{Outgoing, outbox};
use crate::schema;
use crate::store::faults;

const NOW: u64 = 1_000_000;
const HOST: &str = "relay";

/// An account with one device.
struct Account {
    keys: DeviceKeys,
    log: Membership,
    genesis: SignedEntry,
    secret: EpochSecret,
    rng: ChaCha20Rng,
    counter: u64,
}

impl Account {
    fn make(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let keys = DeviceKeys::make(&mut rng);
        let (genesis, secret) = make_genesis(&keys, "one", &mut rng).unwrap();
        let log = Membership::genesis(&genesis).unwrap();
        Self { keys, log, genesis, secret, rng, counter: 0 }
    }

    fn home(&self) -> MailboxId {
        self.log.account().mailbox()
    }

    fn hello(&self, challenge: &Challenge) -> ToRelay {
        let hello = Hello {
            versions: vec![VERSION],
            account: self.log.account(),
            device: self.keys.device_id(),
            log_seq: self.log.seq(),
            log_head: self.log.head(),
            anchors: Vec::new(),
            signature: Signature::from_bytes([0; 64]),
        };
        ToRelay::Hello(self.keys.sign_in(HOST, challenge, hello))
    }

    /// A sealed clip with this name and lifetime.
    fn clip(&mut self, item: u8, ttl_s: u32) -> Vec<u8> {
        self.clip_of(item, ttl_s, 4)
    }

    /// The same with this many bytes of text.
    fn clip_of(&mut self, item: u8, ttl_s: u32, bytes: usize) -> Vec<u8> {
        self.counter += 1;
        let address = Address {
            kind: Kind::Clip,
            account: self.log.account(),
            epoch: self.log.epoch(),
            log_seq: self.log.seq(),
            log_head: self.log.head(),
            counter: self.counter,
            item: ItemId::from_bytes([item; 16]),
            ttl_s,
        };
        let part = Part::new(TEXT, vec![b't'; bytes]);
        let body = ClipBody { at_ms: 0, flags: 0, file_name: String::new(), parts: vec![part] };
        let key = self.secret.derive_item_key(&self.log.account(), self.log.epoch());
        seal(&self.keys, &key, &address, &body, &mut self.rng).unwrap()
    }
}

/// A core with its counters, and sockets by number.
struct World {
    core: Core,
    counters: Arc<Counters>,
    sockets: BTreeMap<u8, Outgoing>,
    now: u64,
}

/// Each clip breaks a constraint that SQLite checks when it commits.
const BREAKING: &str = "PRAGMA foreign_keys = ON; CREATE TEMP TABLE there (id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE missing (id INTEGER REFERENCES there (id) DEFERRABLE INITIALLY DEFERRED);
    CREATE TEMP TRIGGER breaks AFTER INSERT ON main.items BEGIN INSERT INTO missing VALUES (1); END;";

fn conn(n: u8) -> ConnId {
    ConnId::from_bytes([n; 16])
}

fn push(after: u64, envelope: &[u8]) -> ToRelay {
    ToRelay::Push { after, envelope: envelope.to_vec().into() }
}

impl World {
    fn new() -> Self {
        let mut db = Connection::open_in_memory().unwrap();
        schema::migrate(&mut db).unwrap();
        let counters = Arc::new(Counters::default());
        Self { core: Core::new(db, Arc::clone(&counters)).unwrap(), counters, sockets: BTreeMap::new(), now: NOW }
    }

    fn open(&mut self, n: u8, home: MailboxId) -> Call {
        self.open_from(n, home, Peer::Local)
    }

    fn open_from(&mut self, n: u8, home: MailboxId, peer: Peer) -> Call {
        let (outbox, outgoing) = outbox(Budget::default());
        self.sockets.insert(n, outgoing);
        let target = Target::Mailbox(home);
        Call::Open {
            conn: conn(n),
            nonce: Nonce::from_bytes([n; 32]),
            target,
            host: HOST.into(),
            peer,
            outbox: Some(outbox),
        }
    }

    fn batch(&mut self, calls: impl IntoIterator<Item = Call>) {
        let calls: Vec<_> = calls.into_iter().collect();
        self.core.batch(calls.into_iter(), self.now);
    }

    fn frame(n: u8, frame: &ToRelay) -> Call {
        Call::Frame { conn: conn(n), bytes: frame.encode(), came: std::time::Instant::now(), _room: None }
    }

    /// What arrived on a socket, and its close code if it was closed.
    fn came(&mut self, n: u8) -> (Vec<ToDevice>, Option<u16>) {
        let (mut frames, mut closed) = (Vec::new(), None);
        while let Some(out) = self.sockets.get_mut(&n).and_then(Outgoing::try_next) {
            match out {
                Out::Frame(frame) => frames.push(ToDevice::decode(&frame).unwrap()),
                Out::Close { code, .. } => closed = Some(code),
            }
        }
        (frames, closed)
    }

    /// Opens a socket and signs in.
    fn member(&mut self, n: u8, account: &Account) {
        let open = self.open(n, account.home());
        self.batch([open, Self::frame(n, &ToRelay::Register { entry: account.genesis.clone(), token: String::new() })]);
        let (frames, _) = self.came(n);
        let [ToDevice::Challenge(challenge), ToDevice::Registered { .. }] = &frames[..] else { panic!("{frames:?}") };
        self.batch([Self::frame(n, &account.hello(challenge))]);
        let (frames, _) = self.came(n);
        assert!(matches!(frames[..], [ToDevice::Welcome(_)]), "{frames:?}");
    }

    fn items(&self) -> i64 {
        self.core.db.query_row("SELECT count(*) FROM items", [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn a_fault_in_one_account_is_not_felt_in_another() {
    let (mut world, mut one, mut two) = (World::new(), Account::make(1), Account::make(2));
    world.member(1, &one);
    world.member(2, &two);
    world.member(3, &two);
    world.came(2);
    let (first, second, third) = (one.clip(1, 600), one.clip(2, 600), two.clip(3, 600));
    faults::set(&second);
    world.batch([
        World::frame(1, &push(0, &first)),
        World::frame(1, &push(1, &second)),
        World::frame(2, &push(0, &third)),
    ]);
    // What was stored before the fault is acknowledged, and the socket is closed.
    let (frames, closed) = world.came(1);
    assert!(matches!(frames[..], [ToDevice::Pushed { cursor: 1, .. }]), "{frames:?}");
    assert_eq!(closed, Some(CloseCode::Internal.code()));
    let (frames, closed) = world.came(2);
    assert!(matches!(frames[..], [ToDevice::Pushed { cursor: 1, .. }]), "{frames:?}");
    assert_eq!((closed, world.came(3).0.len()), (None, 1));
    assert_eq!((world.items(), get(&world.counters.panics)), (2, 1));
    // The account is there again for whoever comes back.
    world.member(4, &one);
    world.batch([World::frame(4, &push(1, &second))]);
    assert!(matches!(world.came(4).0[..], [ToDevice::Pushed { cursor: 2, .. }]));
}

#[test]
fn nothing_is_said_of_what_was_not_committed() {
    let (mut world, mut one, mut two) = (World::new(), Account::make(3), Account::make(4));
    world.member(1, &one);
    world.member(2, &one);
    world.member(3, &two);
    world.came(1);
    world.core.db.execute_batch(BREAKING).unwrap();
    let (clip, other) = (one.clip(1, 600), two.clip(1, 600));
    let open = world.open(4, two.home());
    world.batch([World::frame(1, &push(0, &clip)), World::frame(3, &push(0, &other)), open]);
    for n in [1, 3] {
        let (frames, closed) = world.came(n);
        let [ToDevice::Error { code: ErrorCode::Unavailable, of: 3, .. }] = frames[..] else { panic!("{frames:?}") };
        assert_eq!(closed, None);
    }
    assert_eq!(world.came(2), (vec![], None));
    assert_eq!(world.came(4), (vec![], Some(CloseCode::Internal.code())));
    assert_eq!((get(&world.counters.broken), get(&world.counters.commits_failed)), (1, 1));
    // A socket that goes in the meantime is dealt with later.
    world.batch([Call::Closed { conn: conn(2) }, World::frame(1, &push(0, &clip))]);
    assert_eq!(world.came(1).0.len(), 1);
    world.core.db.execute_batch("DROP TRIGGER breaks").unwrap();
    world.now += AGAIN_MS;
    // Sessions are as they were, and so are cursors.
    world.batch([World::frame(1, &push(0, &clip))]);
    let (frames, closed) = world.came(1);
    assert!(frames.iter().any(|frame| matches!(frame, ToDevice::Pushed { cursor: 1, .. })), "{frames:?}");
    assert_eq!((closed, world.items(), get(&world.counters.broken)), (None, 1, 0));
    assert!(!world.core.sockets.contains_key(&conn(2)));
}

#[test]
fn after_an_undone_transaction_each_socket_still_counts_for_its_address() {
    let (mut world, mut one) = (World::new(), Account::make(13));
    world.member(1, &one);
    let open = world.open_from(2, one.home(), Peer::named(Some("192.0.2.1")));
    world.batch([open]);
    world.core.db.execute_batch(BREAKING).unwrap();
    let clip = one.clip(1, 600);
    world.batch([World::frame(1, &push(0, &clip))]);
    assert_eq!(get(&world.counters.commits_failed), 1);
    world.core.db.execute_batch("DROP TRIGGER breaks").unwrap();
    world.came(2);
    let claim = ToRelay::CodeClaim { versions: vec![VERSION], nameplate: 4, token: JoinToken::from_bytes([9; 16]) };
    for _ in 0..limits::CLAIMS_PER_MINUTE {
        world.batch([World::frame(2, &claim)]);
        let (frames, closed) = world.came(2);
        assert!(matches!(frames[..], [ToDevice::Error { code: ErrorCode::InviteGone, .. }]) && closed.is_none());
    }
    world.batch([World::frame(2, &claim)]);
    assert_eq!(world.came(2).1, Some(CloseCode::RateLimited.code()));
}

#[test]
fn a_full_disk_is_told_as_such_and_what_is_there_stays() {
    let (mut world, mut one) = (World::new(), Account::make(5));
    world.member(1, &one);
    let pages: i64 = world.core.db.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    world.core.db.pragma_update_and_check(None, "max_page_count", pages + 2, |_| Ok(())).unwrap();
    let mut stored = 0;
    let refused = loop {
        let clip = one.clip(stored as u8 + 1, 600);
        world.batch([World::frame(1, &push(stored, &clip))]);
        match &world.came(1).0[..] {
            [ToDevice::Pushed { cursor, .. }] => stored = *cursor,
            [ToDevice::Error { code, .. }] => break *code,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused, ErrorCode::RelayFull);
    assert_eq!((get(&world.counters.full), get(&world.counters.broken)), (1, 0));
    assert!(stored > 0);
    assert_eq!(world.items(), i64::try_from(stored).unwrap());
    world.core.db.pragma_update_and_check(None, "max_page_count", 1 << 20, |_| Ok(())).unwrap();
    let clip = one.clip(200, 600);
    world.batch([World::frame(1, &push(stored, &clip))]);
    assert!(matches!(world.came(1).0[..], [ToDevice::Pushed { .. }]));
}

#[test]
fn an_alarm_rings_for_an_account_that_nobody_is_connected_to() {
    let (mut world, mut one) = (World::new(), Account::make(6));
    world.member(1, &one);
    let (short, long) = (one.clip(1, 2), one.clip(2, 600));
    world.batch([World::frame(1, &push(0, &short)), World::frame(1, &push(1, &long))]);
    world.batch([Call::Closed { conn: conn(1) }]);
    assert_eq!((world.core.accounts.len(), world.items()), (0, 2));
    assert_eq!(world.core.next_ms(), Some(NOW + 2000));
    world.now += 2000;
    world.batch([]);
    assert_eq!((world.core.accounts.len(), world.items()), (0, 1));
    assert_eq!(world.core.next_ms(), Some(NOW + 600_000));
    // As it is on disk, for the next process.
    let at: i64 = world.core.db.query_row("SELECT at FROM alarms", [], |row| row.get(0)).unwrap();
    assert_eq!(at, 1_600_000);
}

#[test]
fn nobody_stays_without_signing_in() {
    let mut world = World::new();
    let open = world.open(1, MailboxId::from_bytes([1; 16]));
    world.batch([open]);
    let deadline = world.core.next_ms().unwrap();
    world.now = deadline;
    world.batch([]);
    assert_eq!(world.came(1).1, Some(CloseCode::SignInTimeout.code()));
    assert_eq!((world.core.accounts.len(), world.core.sockets.len(), world.core.next_ms()), (0, 0, None));
}

#[test]
fn an_entry_stands_in_the_log_with_what_it_says_or_not_at_all() {
    let (mut world, mut one) = (World::new(), Account::make(7));
    world.member(1, &one);
    let broken =
        "CREATE TEMP TRIGGER breaks BEFORE INSERT ON main.membership BEGIN SELECT RAISE(ABORT, 'broken'); END;";
    world.core.db.execute_batch(broken).unwrap();
    let (entry, _) = make_rotate(&one.keys, &one.log, &mut one.rng).unwrap();
    let append = ToRelay::LogAppend(entry.clone());
    world.batch([World::frame(1, &append)]);
    let (frames, _) = world.came(1);
    assert!(matches!(frames[..], [ToDevice::Error { code: ErrorCode::Unavailable, of: 6, .. }]), "{frames:?}");
    world.core.db.execute_batch("DROP TRIGGER breaks").unwrap();
    world.batch([World::frame(1, &append)]);
    let (frames, _) = world.came(1);
    assert!(matches!(&frames[..], [ToDevice::LogEntries { from: 1, .. }]), "{frames:?}");
}

#[test]
fn what_is_asked_of_the_disk_for_one_clip_has_an_index() {
    let world = World::new();
    let plan = |query: &str| -> String {
        let mut rows = world.core.db.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        let steps: Vec<String> = rows.query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        steps.join("; ")
    };
    let first = plan("SELECT expires FROM items WHERE mailbox = x'01' AND brief ORDER BY expires LIMIT 1");
    assert_eq!(first, "SEARCH items USING INDEX items_brief (mailbox=?)");
    let due = plan("DELETE FROM items WHERE mailbox = x'01' AND brief AND expires <= 7");
    assert!(due.contains("INDEX items_brief (mailbox=? AND expires<?)"), "{due}");
    let newest = plan("SELECT cursor FROM items WHERE mailbox = x'01' ORDER BY cursor DESC LIMIT 1");
    assert_eq!(newest, "SEARCH items USING PRIMARY KEY (mailbox=?)");
}

#[test]
fn a_full_disk_costs_only_whom_it_has_no_room_for() {
    let (mut world, mut one, mut two, three) = (World::new(), Account::make(7), Account::make(8), Account::make(9));
    world.member(1, &one);
    world.member(2, &two);
    let pages: i64 = world.core.db.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    world.core.db.pragma_update_and_check(None, "max_page_count", pages + 4, |_| Ok(())).unwrap();
    let (large, small) = (one.clip_of(1, 600, 100_000), two.clip(1, 600));
    let open = world.open(3, three.home());
    world.batch([World::frame(1, &push(0, &large)), World::frame(2, &push(0, &small)), open]);
    let (frames, _) = world.came(1);
    assert!(matches!(frames[..], [ToDevice::Error { code: ErrorCode::RelayFull, of: 3, .. }]), "{frames:?}");
    let (frames, closed) = world.came(2);
    assert!(matches!(frames[..], [ToDevice::Pushed { cursor: 1, .. }]) && closed.is_none(), "{frames:?} {closed:?}");
    let (frames, closed) = world.came(3);
    assert!(matches!(frames[..], [ToDevice::Challenge(_)]) && closed.is_none(), "{frames:?} {closed:?}");
    assert_eq!((world.items(), get(&world.counters.items), get(&world.counters.accounts)), (1, 1, 2));
}

#[test]
fn an_account_that_nobody_uses_goes_with_all_that_belongs_to_it() {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let (mut world, mut one, two) = (World::new(), Account::make(10), Account::make(11));
    world.member(1, &one);
    world.member(2, &two);
    let clip = one.clip(1, 600);
    world.batch([World::frame(1, &push(0, &clip))]);
    world.batch([Call::Closed { conn: conn(1) }]);
    world.came(2);
    // A lost alarm, as in a database from before there were any.
    world.core.db.execute("DELETE FROM alarms", []).unwrap();
    world.core.alarms = Timers::default();
    let core = std::mem::replace(&mut world.core, World::new().core);
    world.core = core.governed(Policy::default(), Space::default()).unwrap();
    for (days, accounts) in [(89, 2), (1, 1), (89, 1)] {
        world.now += days * DAY;
        world.batch([]);
        world.batch([]);
        assert_eq!(get(&world.counters.accounts), accounts, "after {days} more days");
    }
    // The other one had a device connected all the while.
    assert_eq!(world.came(2), (vec![], None));
    for table in ["items", "log", "membership", "accounts", "acked", "floors", "alarms"] {
        let left = format!("SELECT count(*) FROM {table} WHERE mailbox = ?");
        let left: i64 = world.core.db.query_row(&left, [one.home().as_bytes()], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
    assert_eq!((get(&world.counters.accounts_ended), get(&world.counters.items)), (1, 0));
}

#[test]
fn a_disk_that_works_again_is_noticed_though_nobody_writes() {
    let (mut world, mut one) = (World::new(), Account::make(12));
    world.member(1, &one);
    world.core.db.pragma_update(None, "query_only", true).unwrap();
    let clip = one.clip(1, 600);
    world.batch([World::frame(1, &push(0, &clip))]);
    assert_eq!(get(&world.counters.broken), 1);
    world.core.db.pragma_update(None, "query_only", false).unwrap();
    world.batch([]);
    assert_eq!(get(&world.counters.broken), 1);
    world.now += AGAIN_MS;
    world.batch([]);
    assert_eq!(get(&world.counters.broken), 0);
}
