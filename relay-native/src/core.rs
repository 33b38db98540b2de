//! The thread that owns the database and the brains of all mailboxes. It takes whatever is queued, runs it as one
//! transaction with a savepoint for each event, commits, and only then lets replies go: one disk write for many
//! accounts, and nothing is acknowledged that is not on disk.

mod batch;
mod call;
mod doomed;
mod plates;
mod storage;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hushclip_mailbox::{Mailbox, Newcomers, Peer, Policy, Rates, Regulars, Room, Session, StoreError};
use hushclip_protocol::error::CloseCode;
use hushclip_protocol::ids::{ConnId, MailboxId};
use hushclip_vapid::Services;
use rusqlite::{Connection, OptionalExtension as _};
use tokio::sync::mpsc::{self, Receiver};

pub(crate) use self::call::{Call, Target};
use crate::log;
use crate::metrics::Counters;
use crate::outbox::{Out, Outbox};
use crate::push::Wakes;
use crate::space::{Measured, Space};
use crate::store::{Counted, MailboxStore, census, failed, unsigned};
use crate::timers::Timers;

/// Calls in one transaction, which bounds how long the first of them waits.
const BATCH: usize = 256;
/// Calls that may be queued. Frames are also bounded in bytes, where they are read.
const WAITING: usize = 1024;
/// How long until what a disk fault has stopped is tried again.
const AGAIN_MS: u64 = 5000;
/// Timers never fire more often than this for one mailbox, whatever it asks for.
const SHORTEST_MS: u64 = 250;
/// Longest sleep, in case the clock is set, the disk fills up, or somebody dooms an account.
const LONGEST_SLEEP: Duration = Duration::from_secs(2);
/// RFC 6455: the endpoint is going away.
const GOING_AWAY: u16 = 1001;

/// How sockets reach the core.
pub(crate) type Calls = mpsc::Sender<Call>;

/// Both ends of the queue of calls.
pub(crate) fn calls() -> (Calls, Receiver<Call>) {
    mpsc::channel(WAITING)
}

/// The core's memory; everything but the sockets can be rebuilt.
pub(crate) struct Core {
    db: Rc<Connection>,
    accounts: HashMap<MailboxId, Account>,
    sockets: HashMap<ConnId, Socket>,
    alarms: Timers,
    deadlines: Timers,
    /// When the first nameplate becomes free again.
    plates_ms: Option<u64>,
    /// Sockets that have ended, but whose mailbox could not be told yet.
    ended: Vec<ConnId>,
    again_ms: Option<u64>,
    counters: Arc<Counters>,
    /// Outlives every brain.
    rates: Rates,
    policy: Arc<Policy>,
    newcomers: Arc<Mutex<Newcomers>>,
    regulars: Arc<Mutex<Regulars>>,
    space: Space,
    measured: Option<Measured>,
    room: Room,
    census: Counted,
    /// Why the last transaction that wrote anything was not stored, and when to check whether one would be now.
    failing: Option<(StoreError, u64)>,
    /// The version of the database at which [`doomed`] last looked.
    seen_version: i64,
    /// The public key for push services, and the way to them.
    push: Option<(Vec<u8>, Wakes)>,
    /// The push services that are called.
    push_services: Services,
}

/// An account that somebody is connected to, or that has just been tended to.
#[derive(Default)]
struct Account {
    brain: Option<Mailbox<MailboxStore>>,
    sockets: HashSet<ConnId>,
}

struct Socket {
    home: MailboxId,
    outbox: Outbox,
    /// Where it comes from.
    peer: Peer,
    /// Its session as of the last commit.
    session: Option<Vec<u8>>,
    /// Whether a device has signed in.
    is_member: bool,
}

impl Core {
    /// Reads the alarms. The database must have this program's schema.
    pub(crate) fn new(db: Connection, counters: Arc<Counters>) -> Result<Self, rusqlite::Error> {
        db.set_prepared_statement_cache_capacity(64);
        let mut alarms = Timers::default();
        let mut statement = db.prepare("SELECT mailbox, at FROM alarms")?;
        let rows = statement.query_map([], |row| Ok((MailboxId::from_bytes(row.get(0)?), unsigned(row, 1)?)))?;
        for row in rows {
            let (id, at) = row?;
            alarms.set(id, Some(at));
        }
        drop(statement);
        let plates_ms = plates::first(&db)?;
        let census = Rc::new(Cell::new(census(&db)?));
        Ok(Self {
            db: Rc::new(db),
            accounts: HashMap::new(),
            sockets: HashMap::new(),
            alarms,
            deadlines: Timers::default(),
            plates_ms,
            ended: Vec::new(),
            again_ms: None,
            counters,
            rates: Rates::default(),
            policy: Arc::default(),
            newcomers: Arc::default(),
            regulars: Arc::default(),
            space: Space::default(),
            measured: None,
            room: Room::default(),
            census,
            failing: None,
            // Accounts doomed while no relay was running go first.
            seen_version: -1,
            push: None,
            push_services: Services::default(),
        })
    }

    /// The same core, which wakes devices through these services.
    pub(crate) fn waking(self, public_key: &[u8], push_services: Services, wakes: Wakes) -> Self {
        Self { push: Some((public_key.to_vec(), wakes)), push_services, ..self }
    }

    /// The same core, which notes who has signed in from where.
    pub(crate) fn noting(self, regulars: Arc<Mutex<Regulars>>) -> Self {
        Self { regulars, ..self }
    }

    /// The same core under these rules. Accounts that were idle while no relay was running are still checked when
    /// due.
    pub(crate) fn governed(mut self, policy: Policy, space: Space) -> Result<Self, rusqlite::Error> {
        let mut statement = self.db.prepare("SELECT mailbox, used FROM accounts")?;
        let rows = statement.query_map([], |row| Ok((MailboxId::from_bytes(row.get(0)?), unsigned(row, 1)?)))?;
        for row in rows.filter(|_| policy.idle_ms > 0) {
            let (id, used) = row?;
            let due = used.saturating_add(policy.idle_ms);
            self.alarms.set(id, Some(self.alarms.get(id).map_or(due, |at| at.min(due))));
        }
        drop(statement);
        (self.policy, self.space) = (Arc::new(policy), space);
        Ok(self)
    }

    /// Runs until it is told to stop, or until nobody is left to tell it.
    pub(crate) async fn run(mut self, mut calls: Receiver<Call>) {
        let mut waiting = Vec::with_capacity(BATCH);
        loop {
            let sleep = self.next_ms().map_or(LONGEST_SLEEP, |at| Duration::from_millis(at.saturating_sub(now_ms())));
            let taken = tokio::time::timeout(sleep.min(LONGEST_SLEEP), calls.recv_many(&mut waiting, BATCH)).await;
            let stop = taken == Ok(0) || waiting.iter().any(|call| matches!(call, Call::Stop));
            self.batch(waiting.drain(..), now_ms());
            if stop {
                return self.stop();
            }
        }
    }

    /// When something is due without anybody asking.
    fn next_ms(&self) -> Option<u64> {
        [self.alarms.next(), self.deadlines.next(), self.plates_ms, self.again_ms].into_iter().flatten().min()
    }

    /// Rebuilds the brain of an account if it is not in memory.
    fn wake(&mut self, id: MailboxId) -> Result<(), StoreError> {
        let account = self.accounts.entry(id).or_default();
        if account.brain.is_some() {
            return Ok(());
        }
        let store = MailboxStore::new(Rc::clone(&self.db), id, Rc::clone(&self.census));
        let alarm = self
            .db
            .prepare_cached("SELECT at FROM alarms WHERE mailbox = ?")
            .and_then(|mut statement| statement.query_row([id.as_bytes()], |row| unsigned(row, 0)).optional())
            .map_err(failed)?;
        let sessions = account.sockets.iter().filter_map(|conn| self.sockets.get(conn)?.session.as_deref());
        let mut brain = Mailbox::restore(id, store, sessions, alarm)?;
        if let Some((key, _)) = &self.push {
            brain.set_push_key(key);
        }
        brain.set_push_services(self.push_services.clone());
        brain.set_rates(self.rates.clone());
        brain.set_policy(Arc::clone(&self.policy));
        brain.set_newcomers(Arc::clone(&self.newcomers));
        account.brain = Some(brain);
        Ok(())
    }

    /// Drops a socket, which still gets what was sent to it before, and then this.
    fn close(&mut self, conn: ConnId, code: CloseCode) {
        if let Some(socket) = self.forget(conn) {
            self.counters.closed(code);
            socket.outbox.send(Out::Close { code: code.code(), reason: code.reason() });
        }
    }

    /// The relay's own authority, as some device of this account asked for it.
    fn host(&self, id: MailboxId) -> Option<String> {
        let mut sockets = self.accounts.get(&id)?.sockets.iter();
        sockets.find_map(|conn| Some(Session::decode(self.sockets.get(conn)?.session.as_deref()?)?.host().to_owned()))
    }

    fn forget(&mut self, conn: ConnId) -> Option<Socket> {
        let socket = self.sockets.remove(&conn)?;
        if let Some(account) = self.accounts.get_mut(&socket.home) {
            account.sockets.remove(&conn);
        }
        Some(socket)
    }

    /// Says goodbye, and writes down what devices have acknowledged.
    fn stop(mut self) {
        for socket in self.sockets.values() {
            socket.outbox.send(Out::Close { code: GOING_AWAY, reason: "the relay stops; come back" });
        }
        let conns: Vec<_> = self.sockets.keys().copied().collect();
        self.batch(conns.into_iter().map(|conn| Call::Closed { conn }), now_ms());
        if let Err(error) = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
            log::error("checkpoint", &[("why", &error)]);
        }
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
