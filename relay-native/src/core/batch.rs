//! One transaction: events in, replies held back until the commit, and what happens if there is none.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use hushclip_mailbox::{Event, Nameplate, Reply, Session, StoreError};
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::ToDevice;
use hushclip_protocol::ids::{ConnId, DeviceId, MailboxId};
use minicbor::Decoder;
use rusqlite::params;

use super::{AGAIN_MS, Account, Call, Core, SHORTEST_MS, Socket, Target, plates};
use crate::log;
use crate::metrics::{add, set};
use crate::outbox::Out;
use crate::push::Wake;
use crate::store::{failed, integer, was_full};

/// Replies that one transaction holds back: no event is taken in beyond that.
const REPLY_BYTES: usize = 8 * 1024 * 1024;

/// What a transaction will have done.
#[derive(Default)]
pub(super) struct Batch {
    replies: Vec<Reply>,
    reply_bytes: usize,
    /// Devices to wake, and where.
    wakes: Vec<(MailboxId, DeviceId, String)>,
    /// Sockets whose frames were taken in, and what those were.
    frames: Vec<(ConnId, u8)>,
    opened: Vec<ConnId>,
    closed: Vec<ConnId>,
    touched: HashSet<MailboxId>,
    alarms: HashMap<MailboxId, Option<u64>>,
    rang: Vec<MailboxId>,
    /// Sockets that nobody can serve.
    lost: Vec<ConnId>,
    /// There is no transaction any more: SQLite ends it itself where the disk is full or broken.
    broken: bool,
}

impl Core {
    /// Takes calls in, and what is due.
    pub(super) fn batch(&mut self, calls: impl Iterator<Item = Call>, now: u64) {
        if self.next_ms().is_some_and(|at| at <= now) {
            // By itself, so that what makes room is not undone by what finds none.
            self.transaction(now, |core, batch| core.tend(batch, now));
        }
        let mut calls = calls.peekable();
        while calls.peek().is_some() {
            self.transaction(now, |core, batch| {
                while batch.reply_bytes < REPLY_BYTES
                    && let Some(call) = calls.next()
                {
                    core.call(batch, call, now);
                }
            });
        }
        set(&self.counters.accounts, self.accounts.len() as u64);
        set(&self.counters.sockets, self.sockets.len() as u64);
    }

    fn transaction(&mut self, now: u64, work: impl FnOnce(&mut Self, &mut Batch)) {
        let (started, changes) = (Instant::now(), self.db.total_changes());
        let mut batch = Batch { broken: self.execute("BEGIN").is_err(), ..Batch::default() };
        work(self, &mut batch);
        let committed = if batch.broken { Err(StoreError::Failed) } else { self.execute("COMMIT") };
        let was_full = was_full();
        match committed {
            Ok(()) => {
                // Who only reads finds out nothing about the disk.
                if self.db.total_changes() != changes {
                    set(&self.counters.storage_ok, 1);
                }
                self.hand_out(batch, now);
            }
            Err(_) if was_full => self.refuse(batch, StoreError::Full, now),
            Err(why) => self.refuse(batch, why, now),
        }
        add(&self.counters.commits, 1);
        add(&self.counters.commit_us, started.elapsed().as_micros() as u64);
    }

    fn execute(&self, statement: &str) -> Result<(), StoreError> {
        self.db.prepare_cached(statement).and_then(|mut cached| cached.execute([])).map_err(failed)?;
        Ok(())
    }

    /// What is due without anybody having asked.
    fn tend(&mut self, batch: &mut Batch, now: u64) {
        if self.again_ms.is_some_and(|at| at <= now) {
            self.again_ms = None;
        }
        if self.again_ms.is_none() {
            for conn in std::mem::take(&mut self.ended) {
                self.call(batch, Call::Closed { conn }, now);
            }
        }
        for id in self.deadlines.take_due(now, super::BATCH) {
            self.event(batch, id, Event::Tick, now);
        }
        for id in self.alarms.take_due(now, super::BATCH) {
            batch.rang.push(id);
            self.event(batch, id, Event::Alarm, now);
        }
        if self.plates_ms.is_some_and(|at| at <= now) {
            // What fails is tried again: a plate that has had its time leads nowhere.
            let next = plates::expire(&self.db, now).and_then(|()| plates::first(&self.db));
            self.plates_ms = next.map_err(failed).unwrap_or(Some(now + AGAIN_MS));
        }
    }

    fn call(&mut self, batch: &mut Batch, call: Call, now: u64) {
        match call {
            Call::Open { conn, nonce, target, host, peer, outbox } => {
                let home = match target {
                    Target::Mailbox(id) => Ok(Some(id)),
                    Target::Nameplate(Some(number)) => plates::find(&self.db, number, now),
                    Target::Nameplate(None) => Ok(None),
                };
                // Nobody has the mailbox of zeros; it answers in words that there is nothing.
                let known = home.as_ref().ok().copied().flatten();
                let home_id = known.unwrap_or(MailboxId::from_bytes([0; MailboxId::LEN]));
                self.sockets.insert(conn, Socket { home: home_id, outbox, session: None, is_member: false });
                self.accounts.entry(home_id).or_default().sockets.insert(conn);
                batch.opened.push(conn);
                batch.touched.insert(home_id);
                add(&self.counters.opened, 1);
                if home.is_err() {
                    return batch.lost.push(conn);
                }
                self.event(batch, home_id, Event::Opened { conn, nonce, host }, now);
                if let Some(brain) = self.accounts.get_mut(&home_id).and_then(|account| account.brain.as_mut()) {
                    brain.set_peer(&conn, peer);
                }
            }
            Call::Frame { conn, bytes, room } => {
                add(&self.counters.received, 1);
                add(&self.counters.received_bytes, bytes.len() as u64);
                if let Some(home) = self.home(conn) {
                    batch.frames.push((conn, tag(&bytes)));
                    self.event(batch, home, Event::Frame { conn, bytes }, now);
                }
                drop(room);
            }
            Call::Text { conn } => {
                if let Some(home) = self.home(conn) {
                    self.event(batch, home, Event::Text { conn }, now);
                }
            }
            Call::Closed { conn } => {
                if let Some(home) = self.home(conn) {
                    batch.closed.push(conn);
                    self.event(batch, home, Event::Closed { conn }, now);
                }
            }
            Call::WakeGone { home, device, endpoint } => {
                self.event(batch, home, Event::WakeAnswered { device, endpoint, gone: true }, now);
            }
            Call::Stop => {}
        }
    }

    fn home(&self, conn: ConnId) -> Option<MailboxId> {
        self.sockets.get(&conn).map(|socket| socket.home)
    }

    /// One event of one mailbox, and those that follow from it. If its code fails, nothing of it stays.
    fn event(&mut self, batch: &mut Batch, id: MailboxId, event: Event, now: u64) {
        batch.touched.insert(id);
        if batch.broken {
            return;
        }
        let conn = match &event {
            Event::Opened { conn, .. } | Event::Frame { conn, .. } | Event::Text { conn } | Event::Closed { conn } => {
                Some(*conn)
            }
            _ => None,
        };
        let mut replies = Vec::new();
        let done = catch_unwind(AssertUnwindSafe(|| {
            // What a waking has verified stays, whatever becomes of the event.
            self.wake(id)?;
            self.execute("SAVEPOINT event")?;
            self.handle(batch, id, event, now, &mut replies);
            Ok::<_, StoreError>(())
        }));
        batch.broken = self.db.is_autocommit();
        match done {
            Ok(_) if batch.broken => {}
            Ok(Err(_)) => {
                if conn.is_none() {
                    batch.alarms.insert(id, Some(now + AGAIN_MS));
                }
                batch.lost.extend(conn);
            }
            Ok(Ok(())) => {
                let _ = self.execute("RELEASE event");
                for reply in replies {
                    match reply {
                        Reply::Wake { device, endpoint } => batch.wakes.push((id, device, endpoint)),
                        reply => {
                            if let Reply::Send { frame, .. } = &reply {
                                batch.reply_bytes += frame.len();
                            }
                            batch.replies.push(reply);
                        }
                    }
                }
            }
            Err(_) => self.isolate(batch, id, now),
        }
    }

    fn handle(&mut self, batch: &mut Batch, id: MailboxId, event: Event, now: u64, replies: &mut Vec<Reply>) {
        let Some(brain) = self.accounts.get_mut(&id).and_then(|account| account.brain.as_mut()) else { return };
        if event == Event::Alarm {
            // One that is left rings once more after a restart, for nothing.
            let delete = self.db.prepare_cached("DELETE FROM alarms WHERE mailbox = ?");
            let _ = delete.and_then(|mut delete| delete.execute([id.as_bytes()])).map_err(failed);
        }
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for reply in brain.handle(event, now) {
                match reply {
                    Reply::SetAlarm { at_ms } => {
                        let insert = self.db.prepare_cached("INSERT OR REPLACE INTO alarms VALUES (?, ?)");
                        let done = insert.and_then(|mut row| row.execute(params![id.as_bytes(), integer(at_ms)]));
                        // In memory it rings all the same.
                        let _ = done.map_err(failed);
                        batch.alarms.insert(id, Some(at_ms.max(now + SHORTEST_MS)));
                    }
                    Reply::TakeNameplate { nameplate, until_ms } => {
                        let wanted = Nameplate { mailbox: id, until_ms };
                        let taken = plates::take(&self.db, nameplate, wanted, now).unwrap_or(false);
                        self.plates_ms = [self.plates_ms, Some(until_ms)].into_iter().flatten().min();
                        events.push(Event::Nameplate { nameplate, taken });
                    }
                    Reply::Send { .. } | Reply::Close { .. } | Reply::Attach { .. } | Reply::Wake { .. } => {
                        replies.push(reply);
                    }
                }
            }
        }
    }

    /// A mailbox's code has failed. Its memory may be wrong, so that goes, with all who rely on it.
    fn isolate(&mut self, batch: &mut Batch, id: MailboxId, now: u64) {
        add(&self.counters.panics, 1);
        log::error("mailbox_failed", &[]);
        // Without it the commit fails as well.
        let _ = self.execute("ROLLBACK TO event").and_then(|()| self.execute("RELEASE event"));
        if let Some(account) = self.accounts.get_mut(&id) {
            account.brain = None;
            batch.lost.extend(account.sockets.iter());
        }
        batch.alarms.insert(id, Some(now + AGAIN_MS));
    }

    /// All of it is on disk.
    fn hand_out(&mut self, batch: Batch, now: u64) {
        for (id, at) in batch.alarms {
            self.alarms.set(id, at);
        }
        for reply in batch.replies {
            match reply {
                Reply::Send { conn, frame } => {
                    if let Some(socket) = self.sockets.get(&conn) {
                        add(&self.counters.sent, 1);
                        add(&self.counters.sent_bytes, frame.len() as u64);
                        if !socket.outbox.send(Out::Frame(frame)) {
                            add(&self.counters.slow, 1);
                        }
                    }
                }
                Reply::Close { conn, code } => self.close(conn, code),
                Reply::Attach { conn, session } => {
                    if let Some(socket) = self.sockets.get_mut(&conn) {
                        if !socket.is_member && Session::decode(&session).is_some_and(|session| session.is_member()) {
                            socket.is_member = true;
                            socket.outbox.signed_in();
                        }
                        socket.session = Some(session);
                    }
                }
                Reply::SetAlarm { .. } | Reply::TakeNameplate { .. } | Reply::Wake { .. } => {}
            }
        }
        for (home, device, endpoint) in batch.wakes {
            if let Some((_, wakes)) = &self.push {
                wakes.ask(Wake { home, device, endpoint, host: self.host(home) });
            }
        }
        for conn in batch.closed {
            self.forget(conn);
        }
        for conn in batch.lost {
            self.close(conn, CloseCode::Internal);
        }
        self.settle(batch.touched, now);
    }

    /// None of it is on disk: nobody is told anything of it, and no brain believes it.
    fn refuse(&mut self, batch: Batch, why: StoreError, now: u64) {
        set(&self.counters.storage_ok, 0);
        add(&self.counters.commits_failed, 1);
        if !self.db.is_autocommit()
            && let Err(error) = self.db.execute_batch("ROLLBACK")
        {
            log::error("rollback", &[("why", &error)]);
        }
        for id in &batch.touched {
            if let Some(account) = self.accounts.get_mut(id) {
                account.brain = None;
            }
        }
        for id in batch.rang {
            self.alarms.set(id, Some(now + AGAIN_MS));
        }
        self.plates_ms = Some(now + AGAIN_MS);
        for conn in batch.opened.into_iter().chain(batch.lost) {
            self.close(conn, CloseCode::Internal);
        }
        for (conn, of) in batch.frames {
            let error = ToDevice::Error { code: ErrorCode::from(why), retry_after_ms: AGAIN_MS, of };
            if let Some(socket) = self.sockets.get(&conn) {
                socket.outbox.send(Out::Frame(error.encode().into()));
            }
        }
        self.ended.extend(batch.closed);
        if !self.ended.is_empty() {
            self.again_ms = Some(now + AGAIN_MS);
        }
        // Their sign-in deadlines went with their brains; rebuilding those sets them again.
        for id in &batch.touched {
            let waits = self.accounts.get(id).is_some_and(|account| !account.sockets.is_empty());
            self.deadlines.set(*id, waits.then_some(now + AGAIN_MS));
        }
        self.accounts.retain(|_, account| !account.sockets.is_empty());
    }

    /// Drops the accounts that nobody is connected to, and notes when the others want to be asked.
    fn settle(&mut self, touched: HashSet<MailboxId>, now: u64) {
        for id in touched {
            let Some(Account { brain, sockets }) = self.accounts.get(&id) else { continue };
            let deadline = brain.as_ref().and_then(hushclip_mailbox::Mailbox::sign_in_deadline);
            if sockets.is_empty() {
                self.accounts.remove(&id);
                self.deadlines.set(id, None);
            } else {
                self.deadlines.set(id, deadline.map(|at| at.max(now + SHORTEST_MS)));
            }
        }
    }
}

/// Which frame this is, as far as can be seen.
fn tag(bytes: &[u8]) -> u8 {
    let mut decoder = Decoder::new(bytes);
    decoder.array().and_then(|_| decoder.u8()).unwrap_or(u8::MAX)
}
