//! The account as a whole: who may start one here, how much it may hold, and when it goes.

use std::collections::HashMap;

use hushclip_protocol::codec;
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::ids::{ConnId, DeviceId};
use hushclip_protocol::limits;
use hushclip_protocol::log::{Membership, SignedEntry};

use crate::items::Items;
use crate::session::State;
use crate::store::AccountRow;
use crate::token::is_same;
use crate::{Mailbox, Peer, Store, StoreError};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Idle accounts are deleted after this many days, unless whoever runs the relay says otherwise.
const IDLE_DAYS: u64 = 90;
/// How long until deleting an account that could not be deleted is tried again, in milliseconds.
const AGAIN_MS: u64 = 60 * 60 * 1000;
/// Addresses remembered at a time.
const ADDRESSES: usize = 10_000;
/// Shortest registration token, bytes.
const TOKEN_LEAST: usize = 16;

/// The rules for all accounts, set by whoever runs the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Who may start an account.
    pub registration: Registration,
    /// Bytes that an account may hold, of items and log together.
    pub quota: u64,
    /// An account is deleted when none of its devices has been here for this long, in milliseconds; 0 means never.
    pub idle_ms: u64,
}

/// Who may start an account.
#[derive(Clone, PartialEq, Eq)]
pub enum Registration {
    /// Anybody.
    Open,
    /// Whoever knows this token.
    Token(String),
    /// Nobody.
    Closed,
}

/// A registration token that could be guessed, or that no device could send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a registration token has {} to {} bytes, so that nobody guesses it",
    TOKEN_LEAST,
    limits::REGISTRATION_TOKEN_BYTES
)]
pub struct BadToken;

/// How much room the relay has, for all accounts together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Room {
    /// Enough.
    #[default]
    Enough,
    /// It is running out: whoever holds more than this many bytes gets no more, and nobody new is let in.
    Scarce {
        /// Bytes.
        share: u64,
    },
    /// None, except for what must never fail: removals, and what makes room.
    Nothing,
}

/// Accounts started lately, by the address that started them. Each process of a relay keeps its own count.
#[derive(Debug, Default)]
pub struct Newcomers {
    /// How many, and when the first of them was started.
    started: HashMap<Peer, (u32, u64)>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { registration: Registration::Open, quota: limits::ITEM_BYTES, idle_ms: IDLE_DAYS * DAY_MS }
    }
}

impl Registration {
    /// Lets in whoever knows this token. White space around it is dropped, because devices do not send it.
    pub fn by_token(token: &str) -> Result<Self, BadToken> {
        let token = token.trim();
        let fits = (TOKEN_LEAST..=limits::REGISTRATION_TOKEN_BYTES).contains(&token.len());
        if fits { Ok(Self::Token(token.to_owned())) } else { Err(BadToken) }
    }

    fn lets_in(&self, token: &str) -> Result<(), ErrorCode> {
        match self {
            Self::Open => Ok(()),
            Self::Token(wanted) if is_same(token, wanted) => Ok(()),
            Self::Token(_) => Err(ErrorCode::TokenWanted),
            Self::Closed => Err(ErrorCode::RegistrationClosed),
        }
    }
}

impl core::fmt::Debug for Registration {
    /// Leaves the token out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Open => "Open",
            Self::Token(_) => "Token",
            Self::Closed => "Closed",
        })
    }
}

impl Newcomers {
    /// Counts one more account from this address; returns whether that is within [`limits::ACCOUNTS_PER_DAY`].
    pub fn admit(&mut self, address: Peer, now: u64) -> bool {
        if address == Peer::Local {
            return true;
        }
        let is_over = |since: u64| now.saturating_sub(since) >= DAY_MS;
        if self.started.len() >= ADDRESSES {
            self.started.retain(|_, (_, since)| !is_over(*since));
        }
        if self.started.len() >= ADDRESSES {
            self.started.clear();
        }
        let (count, since) = self.started.entry(address).or_insert((0, now));
        if is_over(*since) {
            (*count, *since) = (0, now);
        }
        *count = count.saturating_add(1);
        *count <= limits::ACCOUNTS_PER_DAY
    }
}

/// Roughly what an entry takes on disk.
pub(crate) fn size(entry: &SignedEntry) -> u64 {
    (entry.entry.len() + entry.sealed.len() + entry.signature.as_bytes().len()) as u64
}

impl<S: Store> Mailbox<S> {
    pub(crate) fn register(&mut self, conn: ConnId, entry: &SignedEntry, token: &str) -> Result<(), ErrorCode> {
        let registered = Membership::genesis(entry).map_err(|_| ErrorCode::BadEntry)?;
        if registered.account().mailbox() != self.id {
            return Err(ErrorCode::BadEntry);
        }
        match &self.membership {
            Some(known) if known.account() == registered.account() => {}
            Some(_) => return Err(ErrorCode::LogConflict),
            None => {
                self.admit(conn, token)?;
                let account = AccountRow { started_ms: self.now, used_ms: self.now, log_bytes: size(entry) };
                self.store.append_log(0, entry, &codec::encode(&registered))?;
                self.store.put_account(&account)?;
                self.account = Some(account);
                self.membership = Some(registered);
            }
        }
        self.tell_log(conn);
        Ok(())
    }

    fn admit(&self, conn: ConnId, token: &str) -> Result<(), ErrorCode> {
        self.policy.registration.lets_in(token)?;
        if self.room != Room::Enough {
            return Err(ErrorCode::RelayFull);
        }
        let peer = self.sessions.get(&conn).map(|session| session.peer);
        let (Some(peer), Some(newcomers)) = (peer, &self.newcomers) else { return Ok(()) };
        let mut newcomers = newcomers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if newcomers.admit(peer, self.now) { Ok(()) } else { Err(ErrorCode::TooManyAccounts) }
    }

    /// A device is here, so the account is in use. Written at most once a day.
    pub(crate) fn note_use(&mut self) {
        if self.account.is_some_and(|row| self.now.abs_diff(row.used_ms) < DAY_MS) {
            return;
        }
        let row = AccountRow { used_ms: self.now, ..self.row() };
        // If it cannot be noted now, it will be at the next sign-in.
        if self.store.put_account(&row).is_ok() {
            self.account = Some(row);
        }
    }

    /// Deletes the account if nobody has used it for too long; returns when to check again.
    pub(crate) fn expire_account(&mut self) -> Option<u64> {
        let idle_ms = self.policy.idle_ms;
        let due = self.account.filter(|_| idle_ms > 0)?.used_ms.saturating_add(idle_ms);
        if due > self.now {
            return Some(due);
        }
        if self.sessions.values().any(|session| matches!(session.state, State::Member { .. })) {
            self.note_use();
            return Some(self.now.saturating_add(idle_ms));
        }
        self.forget().is_err().then_some(self.now + AGAIN_MS)
    }

    /// Deletes everything, as if nobody had ever registered.
    pub(crate) fn forget(&mut self) -> Result<(), StoreError> {
        self.store.forget()?;
        self.membership = None;
        self.account = None;
        self.items = Items::restore(&self.store)?;
        self.acked.clear();
        self.invites.clear();
        self.pending.clear();
        self.subscriptions.clear();
        let conns: Vec<_> = self.sessions.keys().copied().collect();
        for conn in conns {
            self.close(conn, CloseCode::Gone);
        }
        Ok(())
    }

    /// A device forgets the account. The last one takes the account with it; any other stays in the log until another
    /// device removes it, and is merely no longer woken.
    pub(crate) fn leave(&mut self, conn: ConnId, device: &DeviceId) -> Result<(), ErrorCode> {
        let is_last = self.membership.iter().flat_map(Membership::members).all(|(member, _)| member == device);
        if is_last {
            return Ok(self.forget()?);
        }
        self.unsubscribe(device)?;
        self.close(conn, CloseCode::Gone);
        Ok(())
    }

    /// The account as it is recorded, or as it may be assumed to be.
    pub(crate) fn row(&self) -> AccountRow {
        self.account.unwrap_or(AccountRow { started_ms: self.now, used_ms: self.now, log_bytes: 0 })
    }

    pub(crate) fn log_bytes(&self) -> u64 {
        self.account.map_or(0, |row| row.log_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_asks_for_no_token_that_is_guessed_or_that_no_device_sends() {
        let of = |bytes: usize| Registration::by_token(&"t".repeat(bytes));
        assert!(of(16).is_ok() && of(limits::REGISTRATION_TOKEN_BYTES).is_ok());
        assert!([0, 15, limits::REGISTRATION_TOKEN_BYTES + 1].into_iter().all(|bytes| of(bytes) == Err(BadToken)));
        assert_eq!(BadToken.to_string(), "a registration token has 16 to 256 bytes, so that nobody guesses it");
        // Devices trim what a person types, so a token with white space around it would let nobody in.
        let token = "let-my-friends-in";
        assert!(Registration::by_token(&format!(" {token}\n")) == Ok(Registration::Token(token.into())));
        assert_eq!(Registration::by_token(&format!("short{}", " ".repeat(20))), Err(BadToken));
    }
}
