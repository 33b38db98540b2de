//! A relay that is killed again and again under load, at any moment. What it has said to be stored is
//! there afterwards: once, in order, byte for byte; so is whatever another device has been given.
//! `KILLS=200` kills more often.
//!
//! A process that is killed leaves what it has written to the system. That a power cut leaves it too
//! rests on the databases being synced before anything is said, which these tests cannot show.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs};

use hushclip_protocol::envelope::Envelope;
use hushclip_protocol::frame::{Anchor, Item, ToDevice, ToRelay};
use hushclip_protocol::ids::ItemId;
use hushclip_protocol::limits;
use hushclip_relay_tests::{Account, Relay, Shell, Socket, rng};
use rand_chacha::rand_core::Rng as _;
use rusqlite::{Connection, OpenFlags};

const KILLS: u64 = 15;
const ACCOUNTS: usize = 4;
/// Pushes of one account between two kills: below what a device may send in a minute.
const PUSHES: usize = 90;
/// Pushes on their way at a time.
const WINDOW: usize = 12;
const LONG_S: u32 = 24 * 3600;
const SHORT_S: u32 = 1;
/// How long an alarm may take beside what it was set to.
const ALARM_LIMIT: Duration = Duration::from_secs(12);
const LOAD_LIMIT: Duration = Duration::from_secs(20);

/// One account, and what it knows of the relay's disk.
struct Known {
    account: Account,
    /// Everything that must be there, by cursor.
    stored: BTreeMap<u64, Vec<u8>>,
    max_cursor: u64,
    newest: Option<Anchor>,
    /// Pushes that nobody has answered.
    open: Vec<Vec<u8>>,
    names: u64,
}

/// What was said before the line broke.
struct Said {
    /// By the relay to who pushed: items and their cursors.
    pushed: Vec<(ItemId, u64)>,
    /// By the relay to the other device.
    passed_on: Vec<Item>,
}

fn item_of(envelope: &[u8]) -> ItemId {
    Envelope::parse(envelope).expect("it was sealed here").header.item
}

impl Known {
    fn register(relay: &Relay, seed: u64) -> Self {
        let (account, ..) = Account::pair(relay, seed);
        Self { account, stored: BTreeMap::new(), max_cursor: 0, newest: None, open: Vec::new(), names: 0 }
    }

    fn seal(&mut self, device: usize, ttl_s: u32) -> Vec<u8> {
        self.names += 1;
        let mut name = [0; 16];
        name[..8].copy_from_slice(&self.names.to_be_bytes());
        let bytes = 100 + (self.names as usize * 37) % 3000;
        self.account.clip_named(device, ItemId::from_bytes(name), bytes, ttl_s)
    }

    /// Pushes without waiting for each answer, until the line breaks.
    fn load(&mut self, relay: &Relay, device: usize, progress: &Arc<AtomicUsize>) -> JoinHandle<Said> {
        let (mut sender, _) = self.account.sign_in(relay, device, self.newest);
        let (mut receiver, _) = self.account.sign_in(relay, 1 - device, self.newest);
        self.open = (0..PUSHES).map(|_| self.seal(device, LONG_S)).collect();
        let (envelopes, progress, start) = (self.open.clone(), Arc::clone(progress), self.max_cursor);
        let listener = thread::spawn(move || {
            let mut items = Vec::new();
            while let Some(frame) = receiver.try_recv() {
                if let ToDevice::Item(item) = frame {
                    let cursor = item.cursor;
                    items.push(item);
                    if items.len() % 10 == 0 && !receiver.try_send(&ToRelay::Ack { cursor }) {
                        break;
                    }
                }
            }
            items
        });
        thread::spawn(move || {
            let mut pushed = Vec::new();
            let mut sent = 0;
            loop {
                while sent < envelopes.len() && sent < pushed.len() + WINDOW {
                    let after = start + sent as u64;
                    let envelope = envelopes[sent].clone().into();
                    if !sender.try_send(&ToRelay::Push { after, envelope }) {
                        break;
                    }
                    sent += 1;
                }
                match sender.try_recv() {
                    Some(ToDevice::Pushed { item, cursor, .. }) => {
                        pushed.push((item, cursor));
                        progress.fetch_add(1, Ordering::Relaxed);
                    }
                    Some(ToDevice::Error { code, .. }) => panic!("the relay refuses: {code:?}"),
                    Some(_) => {}
                    None => break,
                }
            }
            Said { pushed, passed_on: listener.join().expect("the listener ends") }
        })
    }

    /// Takes over what was said.
    fn heard(&mut self, said: Said) -> usize {
        let count = said.pushed.len();
        for (at, (item, cursor)) in said.pushed.into_iter().enumerate() {
            assert_eq!(item, item_of(&self.open[at]), "acknowledged out of order");
            assert_eq!(cursor, self.max_cursor + 1 + at as u64, "a cursor was left out or given twice");
            self.must_have(cursor, self.open[at].clone());
        }
        for Item { cursor, envelope, .. } in said.passed_on {
            self.must_have(cursor, envelope.to_vec());
        }
        count
    }

    fn must_have(&mut self, cursor: u64, envelope: Vec<u8>) {
        let before = self.stored.insert(cursor, envelope.clone());
        assert!(before.is_none_or(|before| before == envelope), "cursor {cursor} stands for two items");
    }

    /// Looks at everything that the relay has now.
    fn verify(&mut self, relay: &Relay) {
        let (mut socket, welcome) = self.account.sign_in(relay, 0, self.newest);
        let found = pull_all(&mut socket);
        let cursors: Vec<u64> = found.keys().copied().collect();
        let first = (welcome.max_cursor + 1).saturating_sub(limits::ITEMS as u64).max(1);
        assert!(cursors.iter().copied().eq(first..=welcome.max_cursor), "there are gaps: {cursors:?}");
        assert!(welcome.max_cursor >= self.max_cursor, "cursors went back");
        let items: BTreeSet<_> = found.values().map(|envelope| item_of(envelope)).collect();
        assert_eq!(items.len(), found.len(), "an item is there twice");
        for (cursor, envelope) in self.stored.range(first..) {
            assert_eq!(found.get(cursor), Some(envelope), "what was stored at {cursor} is lost or changed");
        }
        // Nothing but what was pushed, in the order in which that was done.
        for (cursor, envelope) in found.range(self.max_cursor + 1..) {
            assert_eq!(Some(envelope), self.open.get((cursor - self.max_cursor - 1) as usize));
        }
        let last = found.last_key_value().map(|(cursor, envelope)| (*cursor, envelope.clone()));
        (self.stored, self.max_cursor) = (found, welcome.max_cursor);
        self.newest = socket.newest_anchor();
        if let Some((cursor, envelope)) = last {
            // Its sender may not know; asking again stores nothing.
            let item = item_of(&envelope);
            socket.send(&ToRelay::Push { after: self.max_cursor, envelope: envelope.into() });
            if self.account.devices[0].device_id() == sender_of(&self.stored[&cursor]) {
                assert_eq!(socket.recv(), ToDevice::Pushed { item, cursor, mark: 0 });
            }
        }
    }
}

fn sender_of(envelope: &[u8]) -> hushclip_protocol::ids::DeviceId {
    Envelope::parse(envelope).expect("it was sealed here").header.sender
}

fn pull_all(socket: &mut Socket) -> BTreeMap<u64, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut after = 0;
    loop {
        socket.send(&ToRelay::Pull { after, limit: limits::PULL_ITEMS });
        let (items, has_more, through) = socket.recv_some(|frame| match frame {
            ToDevice::Items { items, has_more, through } => Some((items, has_more, through)),
            _ => None,
        });
        for item in items {
            assert!(item.cursor > after, "a page goes back");
            after = item.cursor;
            assert!(found.insert(item.cursor, item.envelope.to_vec()).is_none());
        }
        after = after.max(through);
        if !has_more {
            return found;
        }
    }
}

/// The database files of either shell.
fn databases(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            found.extend(databases(&path));
        } else if path.extension().is_some_and(|ending| ending == "db" || ending == "sqlite") {
            found.push(path);
        }
    }
    found
}

/// SQLite's own check of the files as the kill has left them, on a copy, so that nothing is mended.
fn check_integrity(data: &Path) -> usize {
    let copy = data.with_extension("copy");
    let mut count = 0;
    for path in databases(data) {
        let _ = fs::remove_dir_all(&copy);
        fs::create_dir_all(&copy).expect("folders can be made");
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for ending in ["", "-wal"] {
            let from = path.with_file_name(format!("{name}{ending}"));
            if from.exists() {
                fs::copy(&from, copy.join(format!("{name}{ending}"))).expect("files can be copied");
            }
        }
        let db = Connection::open(copy.join(&name)).expect("SQLite opens it");
        let found: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("SQLite reads it");
        assert_eq!(found, "ok", "{}", path.display());
        count += 1;
    }
    let _ = fs::remove_dir_all(&copy);
    count
}

/// Items on disk that had to go before `ms`.
fn overdue(data: &Path, ms: u64) -> i64 {
    let count = |path: PathBuf| {
        let db = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        db.busy_timeout(Duration::from_secs(2)).ok()?;
        let ms = i64::try_from(ms).expect("it is not that late");
        db.query_row("SELECT count(*) FROM items WHERE expires <= ?", [ms], |row| row.get::<_, i64>(0)).ok()
    };
    databases(data).into_iter().filter_map(count).sum()
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_millis() as u64
}

#[test]
fn what_was_said_to_be_stored_outlasts_every_kill() {
    let kills: u64 = env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let started = Instant::now();
    let mut rng = rng(kills);
    let mut relay = Relay::start();
    let mut accounts: Vec<_> = (0..ACCOUNTS as u64).map(|seed| Known::register(&relay, 7000 + seed)).collect();
    let (mut acknowledged, mut unknown, mut checked, mut idle) = (0, 0, 0, 0);
    for round in 0..kills {
        let progress = Arc::new(AtomicUsize::new(0));
        let device = (round % 2) as usize;
        let loads: Vec<_> = accounts.iter_mut().map(|known| known.load(&relay, device, &progress)).collect();
        let moment = rng.next_u32() as usize % (ACCOUNTS * PUSHES);
        let load_started = Instant::now();
        while progress.load(Ordering::Relaxed) < moment && load_started.elapsed() < LOAD_LIMIT {
            sleep(Duration::from_micros(200));
        }
        assert!(progress.load(Ordering::Relaxed) >= moment, "the load stands still");
        relay.crash();
        for (known, load) in accounts.iter_mut().zip(loads) {
            let count = known.heard(load.join().expect("the load ends"));
            acknowledged += count;
            unknown += PUSHES - count;
            idle += usize::from(count == PUSHES);
        }
        checked += check_integrity(relay.data());
        relay.restart();
        for known in &mut accounts {
            known.verify(&relay);
        }
    }
    println!(
        "{:?}: {kills} kills, {} of {} loads cut off; {acknowledged} pushes acknowledged and there, {unknown} not \
         answered; {checked} databases whole; {} s",
        Shell::wanted(),
        kills as usize * ACCOUNTS - idle,
        kills as usize * ACCOUNTS,
        started.elapsed().as_secs(),
    );
    assert!(acknowledged > 0 && checked > 0);
}

#[test]
fn an_alarm_that_was_set_before_a_kill_rings_after_it() {
    let mut relay = Relay::start();
    let mut known = Known::register(&relay, 7100);
    let (mut socket, _) = known.account.sign_in(&relay, 0, None);
    let (short, long) = (known.seal(0, SHORT_S), known.seal(0, LONG_S));
    for (after, envelope) in [(0, short), (1, long)] {
        socket.send(&ToRelay::Push { after, envelope: envelope.into() });
        socket.recv_some(|frame| matches!(frame, ToDevice::Pushed { .. }).then_some(()));
    }
    let expires = now_ms() + u64::from(SHORT_S) * 1000;
    relay.crash();
    assert_eq!(overdue(relay.data(), expires), 1);
    sleep(Duration::from_secs(u64::from(SHORT_S)));
    relay.restart();
    // Nobody signs in to that account: nothing but its alarm can wake it. Another is there.
    let _other = Known::register(&relay, 7101);
    let restarted = Instant::now();
    while overdue(relay.data(), expires) > 0 {
        assert!(restarted.elapsed() < ALARM_LIMIT, "the item is still there");
        sleep(Duration::from_millis(50));
    }
    let (mut socket, welcome) = known.account.sign_in(&relay, 0, None);
    assert_eq!(welcome.max_cursor, 2);
    assert_eq!(pull_all(&mut socket).into_keys().collect::<Vec<_>>(), [2]);
}
