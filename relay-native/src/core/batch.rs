//! One transaction: events in, replies held back until the commit, and what happens if there is none.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::time::Instant;

use hushclip_mailbox::{Event, Nameplate, Reply, Session, StoreError};
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::ToDevice;
use hushclip_protocol::ids::{ConnId, DeviceId, MailboxId};
use minicbor::Decoder;
use rusqlite::params;

use super::{AGAIN_MS, Account, Call, Core, SHORTEST_MS, Socket, Target, plates};
use crate::log;
use crate::metrics::add;
use crate::outbox::Out;
use crate::push::Wake;
use crate::store::{failed, integer, take_fault};

/// Bytes of replies that one transaction holds back: beyond that, it takes in no more events.
const REPLY_BYTES: usize = 8 * 1024 * 1024;

/// What a transaction will have done.
#[derive(Default)]
pub(super) struct Batch {
    replies: Vec<Reply>,
    reply_bytes: usize,
    /// Devices to wake, and at which address.
    wakes: Vec<(MailboxId, DeviceId, String)>,
    /// Sockets whose frames were taken in, and the tags of those frames.
    frames: Vec<(ConnId, u8)>,
    came: Vec<Instant>,
    opened: Vec<ConnId>,
    closed: Vec<ConnId>,
    touched: HashSet<MailboxId>,
    alarms: HashMap<MailboxId, Option<u64>>,
    rang: Vec<MailboxId>,
    /// Sockets that cannot be served.
    lost: Vec<ConnId>,
    /// The transaction is gone: SQLite ends it itself when the disk is full or broken.
    broken: bool,
}

/// A transaction that was not stored.
pub(super) struct Undone {
    batch: Box<Batch>,
    why: StoreError,
}

impl Core {
    /// Takes in calls, and handles whatever is due.
    pub(super) fn batch(&mut self, calls: impl Iterator<Item = Call>, now: u64) {
        self.measure();
        // In a transaction of their own, so that what makes room is not undone by what finds none.
        let doomed = self.find_doomed();
        if !doomed.is_empty() {
            let done = self.transaction(now, |core, batch| core.end_doomed(batch, &doomed, now));
            self.excuse(done, now);
        }
        if self.next_ms().is_some_and(|at| at <= now) {
            let done = self.transaction(now, |core, batch| core.tend(batch, now));
            self.excuse(done, now);
        }
        let mut calls: Vec<Call> = calls.collect();
        let mut rest = &mut calls[..];
        while !rest.is_empty() {
            let taken = self.take_in(rest, now);
            rest = &mut rest[taken..];
        }
        self.probe(now);
        self.note_storage();
    }

    /// All of them in one transaction. If the disk is too full for that, each gets one of its own: one account's
    /// small clip should not have to wait for the space that another's large one wants. Returns how many of the calls
    /// it took.
    fn take_in(&mut self, calls: &mut [Call], now: u64) -> usize {
        let mut taken = 0;
        let done = self.transaction(now, |core, batch| {
            while batch.reply_bytes < REPLY_BYTES
                && let Some(call) = calls.get_mut(taken)
            {
                core.call(batch, call, now);
                taken += 1;
            }
        });
        match done {
            Err(Undone { batch, why: StoreError::Full }) if taken > 1 => {
                self.undo(&batch, StoreError::Full, now);
                for call in &mut calls[..taken] {
                    let done = self.transaction(now, |core, batch| core.call(batch, call, now));
                    self.excuse(done, now);
                }
            }
            done => self.excuse(done, now),
        }
        taken
    }

    fn transaction(&mut self, now: u64, work: impl FnOnce(&mut Self, &mut Batch)) -> Result<(), Undone> {
        let (started, changes, census) = (Instant::now(), self.db.total_changes(), self.census.get());
        let mut batch = Batch { broken: self.execute("BEGIN").is_err(), ..Batch::default() };
        work(self, &mut batch);
        let committed = if batch.broken { Err(StoreError::Failed) } else { self.execute("COMMIT") };
        let fault = take_fault();
        add(&self.counters.commits, 1);
        add(&self.counters.commit_us, started.elapsed().as_micros() as u64);
        match committed {
            Ok(()) => {
                // A transaction that only reads learns nothing about the disk.
                match fault {
                    Some(why) => self.failing = Some((why, now + AGAIN_MS)),
                    None if self.db.total_changes() != changes => self.failing = None,
                    None => {}
                }
                self.hand_out(batch, now);
                Ok(())
            }
            Err(why) => {
                self.census.set(census);
                Err(Undone { batch: Box::new(batch), why: fault.unwrap_or(why) })
            }
        }
    }

    pub(super) fn execute(&self, statement: &str) -> Result<(), StoreError> {
        self.db.prepare_cached(statement).and_then(|mut cached| cached.execute([])).map_err(failed)?;
        Ok(())
    }

    /// Handles what is due without anybody having asked.
    fn tend(&mut self, batch: &mut Batch, now: u64) {
        if self.again_ms.is_some_and(|at| at <= now) {
            self.again_ms = None;
        }
        if self.again_ms.is_none() {
            for conn in std::mem::take(&mut self.ended) {
                self.call(batch, &mut Call::Closed { conn }, now);
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
            // If this fails it is tried again: an expired plate leads nowhere anyway.
            let next = plates::expire(&self.db, now).and_then(|()| plates::first(&self.db));
            self.plates_ms = next.map_err(failed).unwrap_or(Some(now + AGAIN_MS));
        }
    }

    /// Takes in a call, for a second time if the first one was undone.
    fn call(&mut self, batch: &mut Batch, call: &mut Call, now: u64) {
        match call {
            Call::Open { conn, nonce, target, host, peer, outbox } => {
                let (conn, nonce) = (*conn, *nonce);
                let home = match *target {
                    Target::Mailbox(id) => Ok(Some(id)),
                    Target::Nameplate(Some(number)) => plates::find(&self.db, number, now),
                    Target::Nameplate(None) => Ok(None),
                };
                // Nobody has the all-zero mailbox; it replies in words that there is nothing.
                let known = home.as_ref().ok().copied().flatten();
                let home_id = known.unwrap_or(MailboxId::from_bytes([0; MailboxId::LEN]));
                if let Some(outbox) = outbox.take() {
                    let socket = Socket { home: home_id, outbox, peer: *peer, is_member: false, session: None };
                    self.sockets.insert(conn, socket);
                    add(&self.counters.opened, 1);
                }
                self.accounts.entry(home_id).or_default().sockets.insert(conn);
                batch.opened.push(conn);
                batch.touched.insert(home_id);
                if home.is_err() {
                    return batch.lost.push(conn);
                }
                self.event(batch, home_id, Event::Opened { conn, nonce, host: host.clone(), peer: *peer }, now);
            }
            Call::Frame { conn, bytes, came, .. } => {
                add(&self.counters.received, 1);
                add(&self.counters.received_bytes, bytes.len() as u64);
                if let Some(home) = self.home(*conn) {
                    batch.frames.push((*conn, tag(bytes)));
                    batch.came.push(*came);
                    self.event(batch, home, Event::Frame { conn: *conn, bytes: bytes.clone() }, now);
                }
            }
            Call::Text { conn } => {
                if let Some(home) = self.home(*conn) {
                    self.event(batch, home, Event::Text { conn: *conn }, now);
                }
            }
            Call::Pinged { conn } => {
                if let Some(home) = self.home(*conn) {
                    self.event(batch, home, Event::Pinged { conn: *conn }, now);
                }
            }
            Call::Closed { conn } => {
                if let Some(home) = self.home(*conn) {
                    batch.closed.push(*conn);
                    self.event(batch, home, Event::Closed { conn: *conn }, now);
                }
            }
            Call::WakeGone { home, device, endpoint } => {
                let (device, endpoint) = (*device, endpoint.clone());
                self.event(batch, *home, Event::WakeAnswered { device, endpoint, gone: true }, now);
            }
            Call::Stop => {}
        }
    }

    fn home(&self, conn: ConnId) -> Option<MailboxId> {
        self.sockets.get(&conn).map(|socket| socket.home)
    }

    /// Handles one event of one mailbox, and those that follow from it. If its code fails, all of that is undone.
    pub(super) fn event(&mut self, batch: &mut Batch, id: MailboxId, event: Event, now: u64) {
        batch.touched.insert(id);
        if batch.broken {
            return;
        }
        let conn = match &event {
            Event::Opened { conn, .. }
            | Event::Frame { conn, .. }
            | Event::Text { conn }
            | Event::Pinged { conn }
            | Event::Closed { conn } => Some(*conn),
            _ => None,
        };
        if self.measured.is_none_or(|measured| measured.is_near()) {
            self.measure();
        }
        let (mut replies, census) = (Vec::new(), self.census.get());
        let done = catch_unwind(AssertUnwindSafe(|| {
            // What was verified on waking stays, whatever becomes of the event.
            self.wake(id)?;
            self.execute("SAVEPOINT event")?;
            self.handle(batch, id, event, now, &mut replies);
            Ok::<_, StoreError>(())
        }));
        batch.broken = self.db.is_autocommit();
        if !matches!(done, Ok(Ok(()))) {
            self.census.set(census);
        }
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
        brain.set_room(self.room);
        if event == Event::Alarm {
            // If it stays, it fires once more after a restart, for nothing.
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
                        // It fires from memory all the same.
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

    /// A mailbox's code has failed. Its memory may be wrong, so that goes, along with everyone who relies on it.
    fn isolate(&mut self, batch: &mut Batch, id: MailboxId, now: u64) {
        add(&self.counters.panics, 1);
        log::error("mailbox_failed", &[]);
        // If this fails, so does the commit.
        let _ = self.execute("ROLLBACK TO event").and_then(|()| self.execute("RELEASE event"));
        if let Some(account) = self.accounts.get_mut(&id) {
            account.brain = None;
            batch.lost.extend(account.sockets.iter());
        }
        batch.alarms.insert(id, Some(now + AGAIN_MS));
    }

    /// All of it is on disk: lets the replies go.
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
                        if let Some(code) = refusal(&frame) {
                            self.counters.refused(code);
                        }
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
                            let mut regulars = self.regulars.lock().unwrap_or_else(PoisonError::into_inner);
                            regulars.note(socket.peer, socket.home, now);
                        }
                        socket.session = Some(session);
                    }
                }
                Reply::SetAlarm { .. } | Reply::TakeNameplate { .. } | Reply::Wake { .. } => {}
            }
        }
        for (home, device, endpoint) in batch.wakes {
            if let Some((_, wakes)) = &self.push
                && !wakes.ask(Wake { home, device, endpoint, host: self.host(home) })
            {
                add(&self.counters.wakes_dropped, 1);
            }
        }
        for came in batch.came {
            self.counters.latency.note(came.elapsed());
        }
        for conn in batch.closed {
            self.forget(conn);
        }
        for conn in batch.lost {
            self.close(conn, CloseCode::Internal);
        }
        self.settle(batch.touched, now);
    }

    /// None of it is on disk: drops every brain that believes it is.
    fn undo(&mut self, batch: &Batch, why: StoreError, now: u64) {
        self.failing = Some((why, now + AGAIN_MS));
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
    }

    /// Tells everyone who had a part in this that it was undone, and nothing else.
    fn excuse(&mut self, done: Result<(), Undone>, now: u64) {
        let Err(Undone { batch, why }) = done else { return };
        self.undo(&batch, why, now);
        for id in batch.rang {
            self.alarms.set(id, Some(now + AGAIN_MS));
        }
        self.plates_ms = Some(now + AGAIN_MS);
        for conn in batch.opened.into_iter().chain(batch.lost) {
            self.close(conn, CloseCode::Internal);
        }
        for (conn, of) in batch.frames {
            self.counters.refused(why.into());
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

    /// Drops the accounts that nobody is connected to, and notes when to attend to the others.
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

/// Why a frame was refused, if this one says so.
fn refusal(frame: &[u8]) -> Option<ErrorCode> {
    const ERROR: u8 = 12;
    const LONGEST: usize = 16;
    let short = frame.len() <= LONGEST && tag(frame) == ERROR;
    match short.then(|| ToDevice::decode(frame)) {
        Some(Ok(ToDevice::Error { code, .. })) => Some(code),
        _ => None,
    }
}

/// Which frame this is, as far as can be told.
fn tag(bytes: &[u8]) -> u8 {
    let mut decoder = Decoder::new(bytes);
    decoder.array().and_then(|_| decoder.u8()).unwrap_or(u8::MAX)
}
