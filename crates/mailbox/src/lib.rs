//! One account's brain at the relay: [`Event`]s in, [`Reply`]s out, on top of a [`Store`]. It does not decrypt (it
//! cannot), do I/O, read a clock, or hold anything in memory that it cannot rebuild from the store and the sessions
//! attached to open sockets, or do without.
//!
//! Reading order: [`Mailbox::handle`], then `sign_in`, `account`, `push`, `members`, `invites`, `wake`.

mod account;
mod codes;
mod invites;
mod items;
mod members;
mod memory;
mod nameplate;
mod peer;
mod push;
mod rate;
mod regulars;
mod session;
mod sign_in;
mod store;
mod token;
mod wake;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use hushclip_protocol::codec::CodecError;
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{Tag, ToDevice, ToRelay};
use hushclip_protocol::ids::{ConnId, DeviceId, InviteId, MailboxId, Nonce};
use hushclip_protocol::log::Membership;
use hushclip_vapid::Services;

pub use account::{BadToken, Newcomers, Policy, Registration, Room};
pub use members::verify_log;
pub use memory::MemoryStore;
pub use nameplate::Nameplate;
pub use peer::Peer;
pub use rate::{Gate, Pings, Rates};
pub use regulars::Regulars;
pub use session::Session;
pub use store::{AccountRow, InviteRow, ItemRow, Store, StoreError, Subscription};
pub use token::is_same;

use items::Items;
use rate::TooMany;
use session::State;

/// Something that happens to a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A socket was opened.
    Opened {
        /// Fresh random name for the socket.
        conn: ConnId,
        /// Fresh random challenge.
        nonce: Nonce,
        /// Authority (`host[:port]`) that the device asked for.
        host: String,
        /// Who is at the other end.
        peer: Peer,
    },
    /// A binary message arrived.
    Frame {
        /// On this socket.
        conn: ConnId,
        /// The message.
        bytes: Vec<u8>,
    },
    /// A text message arrived that the platform did not answer itself.
    Text {
        /// On this socket.
        conn: ConnId,
    },
    /// More pings arrived than [`Pings`] takes.
    Pinged {
        /// On this socket.
        conn: ConnId,
    },
    /// A socket is gone.
    Closed {
        /// Which.
        conn: ConnId,
    },
    /// The alarm of [`Reply::SetAlarm`] is due.
    Alarm,
    /// The answer to [`Reply::TakeNameplate`].
    Nameplate {
        /// Which.
        nameplate: u32,
        /// Whether it leads here now.
        taken: bool,
    },
    /// The outcome of [`Reply::Wake`].
    WakeAnswered {
        /// Which device.
        device: DeviceId,
        /// The address that was asked.
        endpoint: String,
        /// Whether the push service no longer knows the subscription (404 or 410).
        gone: bool,
    },
    /// Whoever runs the relay is deleting the account. If the store cannot delete it, it stays.
    Forget,
    /// Time has passed and nothing else has happened, as at [`Mailbox::sign_in_deadline`].
    Tick,
}

/// Something the shell must do, in order. Sends leave only after the store's writes are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Send a binary message.
    Send {
        /// On this socket.
        conn: ConnId,
        /// The encoded frame.
        frame: Arc<[u8]>,
    },
    /// Close a socket.
    Close {
        /// Which.
        conn: ConnId,
        /// Why.
        code: CloseCode,
    },
    /// Keep this with the socket, so that it survives hibernation.
    Attach {
        /// Which socket.
        conn: ConnId,
        /// Encoded [`Session`].
        session: Vec<u8>,
    },
    /// Make a nameplate lead here, by the rule of [`Nameplate::take`], and report back with [`Event::Nameplate`].
    /// Forgetting to does no harm: the device asks again.
    TakeNameplate {
        /// Which.
        nameplate: u32,
        /// Until when, milliseconds since 1970.
        until_ms: u64,
    },
    /// Send an empty Web Push request to this address, and report back with [`Event::WakeAnswered`]. It is up to the
    /// shell to judge whether the address belongs to a push service: a stranger has named it.
    Wake {
        /// The device that sleeps there.
        device: DeviceId,
        /// Its address.
        endpoint: String,
    },
    /// Send [`Event::Alarm`] at this time, milliseconds since 1970. Replaces any earlier alarm.
    SetAlarm {
        /// When.
        at_ms: u64,
    },
}

/// Up to which cursor a device has said that it stored everything.
#[derive(Debug, Clone, Copy, Default)]
struct Acked {
    cursor: u64,
    /// The same, as recorded in the store.
    stored: u64,
}

/// One account at the relay.
#[derive(Debug)]
pub struct Mailbox<S> {
    id: MailboxId,
    store: S,
    membership: Option<Membership>,
    account: Option<AccountRow>,
    items: Items,
    acked: BTreeMap<DeviceId, Acked>,
    invites: BTreeMap<InviteId, InviteRow>,
    pending: BTreeMap<u32, codes::Pending>,
    subscriptions: BTreeMap<DeviceId, Subscription>,
    policy: Arc<Policy>,
    /// How much room the relay has left, as its shell last said.
    room: Room,
    /// `None` if nobody counts them.
    newcomers: Option<Arc<Mutex<Newcomers>>>,
    push_key: Vec<u8>,
    /// `None` allows any.
    push_services: Option<Services>,
    sessions: BTreeMap<ConnId, Session>,
    rates: Rates,
    alarm_ms: Option<u64>,
    now: u64,
    replies: Vec<Reply>,
}

impl<S: Store> Mailbox<S> {
    /// Rebuilds the mailbox from its store, the sessions attached to open sockets (those that do not
    /// decode are dropped: close their sockets) and the time of the alarm that is set.
    pub fn restore<'a>(
        id: MailboxId,
        mut store: S,
        sessions: impl IntoIterator<Item = &'a [u8]>,
        alarm_ms: Option<u64>,
    ) -> Result<Self, StoreError> {
        let membership = members::restore(&mut store)?;
        let account = store.account()?;
        let items = Items::restore(&store)?;
        let is_member = |device: &DeviceId| membership.as_ref().is_some_and(|log| log.member(device).is_some());
        let acked = store.acked()?.into_iter().filter(|(device, _)| is_member(device));
        let acked = acked.map(|(device, cursor)| (device, Acked { cursor, stored: cursor })).collect();
        let invites = store.invites()?.into_iter().map(|row| (row.invite, row)).collect();
        let subscriptions = store.subscriptions()?.into_iter().map(|row| (row.device, row)).collect();
        let mut mailbox = Self {
            id,
            store,
            membership,
            account,
            items,
            acked,
            invites,
            pending: BTreeMap::new(),
            subscriptions,
            policy: Arc::default(),
            room: Room::default(),
            newcomers: None,
            push_key: Vec::new(),
            push_services: None,
            sessions: BTreeMap::new(),
            rates: Rates::default(),
            alarm_ms,
            now: 0,
            replies: Vec::new(),
        };
        for mut session in sessions.into_iter().filter_map(Session::decode) {
            session.was_sent(mailbox.items.last_cursor);
            if let State::Member { device, acked } = session.state {
                mailbox.note_acked(device, acked);
            }
            mailbox.sessions.insert(session.conn, session);
        }
        Ok(mailbox)
    }

    /// Takes in one event. `now` is in milliseconds since 1970.
    pub fn handle(&mut self, event: Event, now: u64) -> Vec<Reply> {
        self.now = now;
        match event {
            Event::Opened { conn, nonce, host, peer } => self.opened(Session::new(conn, nonce, host, peer, now)),
            Event::Frame { conn, bytes } => self.frame(conn, &bytes),
            Event::Text { conn } => self.close(conn, CloseCode::BadFrame),
            Event::Pinged { conn } => self.close(conn, CloseCode::RateLimited),
            Event::Closed { conn } => self.closed(conn),
            Event::Alarm => self.alarm_ms = None,
            Event::Nameplate { nameplate, taken } => self.nameplate_answered(nameplate, taken),
            Event::WakeAnswered { device, endpoint, gone } => self.wake_answered(&device, &endpoint, gone),
            // If it failed, the store shows that.
            Event::Forget => drop(self.forget()),
            Event::Tick => {}
        }
        self.clean_up();
        std::mem::take(&mut self.replies)
    }

    /// When the first of the sockets on which nobody has signed in is to be closed, milliseconds since 1970. A shell
    /// sends [`Event::Tick`] then. It is not an alarm, because that would cost a write for each socket.
    pub fn sign_in_deadline(&self) -> Option<u64> {
        self.sessions.values().filter_map(Session::deadline).min()
    }

    /// Sets the rules that apply to all accounts. To be called before the first event.
    pub fn set_policy(&mut self, policy: Arc<Policy>) {
        self.policy = policy;
    }

    /// Sets how much room the relay has. To be called before an event, when it has changed.
    pub const fn set_room(&mut self, room: Room) {
        self.room = room;
    }

    /// Sets who counts the accounts that each address starts.
    pub fn set_newcomers(&mut self, newcomers: Arc<Mutex<Newcomers>>) {
        self.newcomers = Some(newcomers);
    }

    /// Shares what has been used of allowances with the other mailboxes of this process, and with earlier lives of
    /// this one.
    pub fn set_rates(&mut self, rates: Rates) {
        self.rates = rates;
    }

    /// The store, for a shell that reads figures from it.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// The store, for a shell that must do something to it.
    pub const fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    fn frame(&mut self, conn: ConnId, bytes: &[u8]) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&conn) else {
            return self.close(conn, CloseCode::Internal);
        };
        let frame = match ToRelay::decode(bytes) {
            Ok(frame) => Ok(frame),
            Err(CodecError::Unknown(tag)) => Err(Tag::of(tag)),
            Err(_) => return self.close(conn, CloseCode::BadFrame),
        };
        let tag = frame.as_ref().map_or_else(|tag| *tag, ToRelay::tag);
        let spent = match session.state {
            State::Member { device, .. } => self.rates.device_frame(device, now),
            State::Challenged | State::Removed { .. } | State::Joiner { .. } => {
                self.rates.strangers_frame(session.peer, &mut session.frames, now)
            }
        };
        match spent {
            Ok(()) => {}
            Err(TooMany::Flood) => return self.close(conn, CloseCode::RateLimited),
            Err(TooMany::Wait { ms }) => return self.refuse(conn, ErrorCode::RateLimited, ms, tag),
        }
        // A later version's frame. Whoever sends it has to do without.
        let Ok(frame) = frame else { return self.refuse(conn, ErrorCode::BadFrame, 0, tag) };
        let outcome = match session.state.clone() {
            State::Challenged => self.sign_in_frame(conn, frame),
            State::Joiner { invite } => self.joiner_frame(conn, invite, frame),
            State::Removed { last } => self.removed_frame(conn, last, frame),
            State::Member { device, .. } => {
                if self.membership.as_ref().is_some_and(|m| m.member(&device).is_some()) {
                    self.member_frame(conn, device, frame)
                } else {
                    self.close(conn, CloseCode::Removed);
                    Ok(())
                }
            }
        };
        if let Err(code) = outcome {
            self.refuse(conn, code, 0, tag);
        }
    }

    fn member_frame(&mut self, conn: ConnId, device: DeviceId, frame: ToRelay) -> Result<(), ErrorCode> {
        match frame {
            ToRelay::Push { after, envelope } => self.push(conn, device, after, &envelope, &[]),
            ToRelay::Delete { after, envelope, places } => self.push(conn, device, after, &envelope, &places),
            ToRelay::Pull { after, limit } => self.pull(conn, after, limit),
            ToRelay::Ack { cursor } => {
                self.ack(conn, device, cursor);
                Ok(())
            }
            ToRelay::LogAppend(entry) => self.append(&entry),
            ToRelay::LogPull { from } => self.pull_log(conn, from),
            ToRelay::InviteOpen { .. } => self.open_invite(conn, device, frame),
            ToRelay::CodeOpen { .. } => self.open_code(conn, device, frame),
            ToRelay::InviteCancel { invite } => self.cancel_invite(device, invite),
            ToRelay::InviteNote(note) => self.inviter_note(device, note),
            ToRelay::PushSubscribe { endpoint } => self.subscribe(device, endpoint),
            ToRelay::Leave => self.leave(conn, &device),
            ToRelay::Hello(_) | ToRelay::Register { .. } | ToRelay::Claim { .. } | ToRelay::CodeClaim { .. } => {
                Err(ErrorCode::BadFrame)
            }
        }
    }

    fn closed(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.remove(&conn) else { return };
        let State::Member { device, .. } = session.state else { return };
        // Acks live in memory and in the sockets' attachments: writing each would double the rows
        // written per clip. A failure costs a stale mark at the senders, nothing else.
        if let Some(acked) = self.acked.get_mut(&device)
            && acked.cursor > acked.stored
            && self.store.set_acked(device, acked.cursor).is_ok()
        {
            acked.stored = acked.cursor;
        }
        if !self.is_online(&device) {
            self.tell_members(None, &ToDevice::Presence { device, online: false });
        }
    }

    /// Drops what has expired, and sets the alarm for what has not.
    fn clean_up(&mut self) {
        self.expire_sockets();
        // What cannot be deleted now is retried at the next event.
        let _ = self.items.expire(&mut self.store, self.now);
        let next_invite = self.expire_invites();
        let next_item = self.items.next_expiry();
        let next_account = self.expire_account();
        let Some(next) = [next_invite, next_item, next_account].into_iter().flatten().min() else { return };
        if self.alarm_ms.is_none_or(|at| at > next || at < self.now) {
            self.alarm_ms = Some(next);
            self.replies.push(Reply::SetAlarm { at_ms: next });
        }
    }

    fn expire_sockets(&mut self) {
        let late: Vec<_> =
            self.sessions.values().filter(|s| s.deadline().is_some_and(|at| at <= self.now)).map(|s| s.conn).collect();
        for conn in late {
            self.close(conn, CloseCode::SignInTimeout);
        }
    }

    fn is_online(&self, device: &DeviceId) -> bool {
        self.sessions.values().any(|s| s.device() == Some(device))
    }

    fn send(&mut self, conn: ConnId, frame: &ToDevice) {
        self.replies.push(Reply::Send { conn, frame: frame.encode().into() });
    }

    /// Sends to every signed-in socket but one.
    fn tell_members(&mut self, except: Option<ConnId>, frame: &ToDevice) {
        let frame: Arc<[u8]> = frame.encode().into();
        for session in self.sessions.values() {
            if session.device().is_some() && Some(session.conn) != except {
                self.replies.push(Reply::Send { conn: session.conn, frame: Arc::clone(&frame) });
            }
        }
    }

    /// Sends to every socket of a device.
    fn tell_device(&mut self, device: &DeviceId, frame: &ToDevice) {
        let frame: Arc<[u8]> = frame.encode().into();
        for session in self.sessions.values().filter(|s| s.device() == Some(device)) {
            self.replies.push(Reply::Send { conn: session.conn, frame: Arc::clone(&frame) });
        }
    }

    fn refuse(&mut self, conn: ConnId, code: ErrorCode, retry_after_ms: u64, of: Tag) {
        self.send(conn, &ToDevice::Error { code, retry_after_ms, of: of.number() });
    }

    fn close(&mut self, conn: ConnId, code: CloseCode) {
        self.replies.push(Reply::Close { conn, code });
        self.closed(conn);
    }

    fn attach(&mut self, conn: ConnId) {
        if let Some(session) = self.sessions.get(&conn) {
            self.replies.push(Reply::Attach { conn, session: session.encode() });
        }
    }
}
