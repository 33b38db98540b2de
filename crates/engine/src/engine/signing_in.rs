//! Connects the line to the other parts: dials, signs in, notices that a line is dead, tries again for ever, and acts on
//! what a relay refuses.

use hushclip_model::Problem;
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{Challenge, Hello, Tag, ToRelay, Welcome};
use hushclip_protocol::ids::Signature;
use hushclip_protocol::{VERSION, limits, negotiate};
use rand_core::CryptoRng;

use super::{Engine, REFUSED_MS};
use crate::line::{BACKOFF_MS, Due, Phase};
use crate::{Effect, problem};

/// An uncompressed P-256 point, bytes.
const PUSH_KEY: usize = 65;

impl Engine {
    /// Connects, unless there is nothing to connect to or the line is up or on its way.
    pub(super) fn connect_if_wanted(&mut self) {
        if self.line.may_dial() {
            self.connect();
        }
    }

    /// Drops any socket and connects anew.
    pub(super) fn connect(&mut self) {
        let url = match &self.account {
            _ if self.joins.is_under_way() => self.joins.socket(),
            Some(account) => Some(account.relay.socket(account.id().mailbox())),
            None => None,
        };
        self.invites.begin_line();
        self.changes.begin_line();
        self.relay.begin();
        self.log_sync.in_vain = 0;
        self.line.dial(url.is_some(), self.now);
        let line = self.line.id();
        self.effect(url.map_or(Effect::Disconnect { line }, |url| Effect::Connect { line, url }));
    }

    pub(super) fn network_is_back(&mut self) {
        self.line.network_is_back(self.halted_for_good);
        self.connect_if_wanted();
        // After a sleep the socket may be dead without knowing it.
        self.ping();
    }

    pub(super) fn socket_closed(&mut self, code: Option<u16>, rng: &mut dyn CryptoRng) {
        if self.line.is_over() {
            return;
        }
        match code.and_then(CloseCode::from_code) {
            Some(CloseCode::Version) => return self.halt(Problem::RelayVersion),
            // Shown the entry, this device would be removed by now. One that had missed entries before
            // that one was asking for them: signing in again shows them all.
            Some(CloseCode::Removed) if self.line.phase() == Phase::Connecting || self.log_sync.is_newest => {
                return self.halt(Problem::RemovedUnproven);
            }
            Some(CloseCode::NotAMember) if self.newcomer_refused() => return,
            Some(CloseCode::NotAMember) => self.fail(Problem::SignInRefused),
            _ => {}
        }
        self.retry(rng);
    }

    /// The line is of no use: close it and try again later.
    pub(super) fn hang_up(&mut self, rng: &mut dyn CryptoRng) {
        self.effect(Effect::Disconnect { line: self.line.id() });
        self.retry(rng);
    }

    fn retry(&mut self, rng: &mut dyn CryptoRng) {
        self.note_presence();
        self.relay.flight.lose_answer();
        self.lose_entry();
        self.relay.online.clear();
        self.line.retry(self.now, rng);
    }

    pub(super) fn timer(&mut self, rng: &mut dyn CryptoRng) {
        self.end_overlong_join();
        self.drop_expired_invite();
        self.tell_removal();
        match self.line.take_due(self.now) {
            Due::Waits => return,
            Due::Dial => return self.connect(),
            Due::HangUp => return self.hang_up(rng),
            Due::Go { ping, resume } => {
                if ping {
                    self.ping();
                }
                if resume {
                    self.resume(rng);
                }
            }
        }
        if self.line.is_signed_in() && self.relay.acks.take_due(self.now) {
            self.acknowledge();
        }
        self.push_after_pause(rng);
        self.ask_again_for_code();
        self.upkeep(rng);
    }

    /// Says what is stored.
    fn acknowledge(&mut self) {
        self.send(&ToRelay::Ack { cursor: self.relay.place.cursor() });
    }

    /// The process is about to end: says what would wait until it is started again.
    pub(super) fn close(&mut self) {
        if self.line.is_signed_in() && self.relay.acks.next_due().is_some() {
            self.relay.acks.sent(self.now);
            self.acknowledge();
        }
    }

    fn ping(&mut self) {
        if self.line.ping(self.now) {
            self.effect(Effect::Ping { line: self.line.id() });
        }
    }

    /// Goes on with whatever comes next, after a pause.
    pub(super) fn resume(&mut self, rng: &mut dyn CryptoRng) {
        match self.line.phase() {
            Phase::CatchingUp => self.catch_up(),
            Phase::Online => {
                if !self.log_sync.is_newest {
                    return self.pull_log();
                }
                if self.invites.take_refused() {
                    self.reopen_invite();
                }
                self.flush(rng);
                self.upkeep(rng);
            }
            Phase::Joining => self.hang_up(rng),
            _ => {}
        }
    }

    pub(super) fn challenged(&mut self, challenge: &Challenge, rng: &mut dyn CryptoRng) {
        if !self.line.challenged(challenge.clone()) {
            return self.hang_up(rng);
        }
        if negotiate(&challenge.versions).is_none() {
            return self.halt(Problem::RelayVersion);
        }
        if self.joins.is_under_way() {
            return self.claim();
        }
        if self.account.as_ref().is_some_and(|account| !account.registered) {
            return self.show_log(rng);
        }
        self.sign_in(rng);
    }

    /// Answers the relay's challenge.
    pub(super) fn sign_in(&mut self, rng: &mut dyn CryptoRng) {
        let Some(challenge) = self.line.hello(self.now) else { return self.hang_up(rng) };
        let (Some(account), Some(identity)) = (&self.account, &self.identity) else { return };
        let (log_seq, log_head) = account.log.head();
        let hello = Hello {
            versions: vec![VERSION],
            account: account.id(),
            device: identity.id,
            log_seq,
            log_head,
            anchors: self.relay.place.anchors(),
            signature: Signature::from_bytes([0; 64]),
        };
        let hello = identity.keys.sign_in(account.relay.host(), &challenge, hello);
        self.send(&ToRelay::Hello(hello));
    }

    pub(super) fn welcomed(&mut self, welcome: &Welcome, rng: &mut dyn CryptoRng) {
        if self.line.phase() != Phase::Connecting {
            return;
        }
        if welcome.version != VERSION {
            return self.halt(Problem::RelayVersion);
        }
        self.line.welcomed(self.now);
        self.inbox.note_absence(self.now);
        self.watch_removal();
        self.relay.clock_ahead_ms = self.now.cast_signed().saturating_sub_unsigned(welcome.time_ms);
        self.solved(|problem| {
            matches!(problem, Problem::SignInRefused | Problem::RelayNoSpace | Problem::RelayUnavailable)
        });
        // Not before: a relay that is called by another name takes the first entry, and nobody in.
        if let Some(account) = self.account.as_mut().filter(|account| !account.registered) {
            account.registered = true;
            self.persist_account();
        }
        self.begin_reading(welcome.resume_after);
        self.relay.bounds = Some(welcome.limits.clone());
        self.relay.capabilities = welcome.capabilities.unwrap_or_default();
        self.relay.push_key = welcome.push_key.iter().copied().take(PUSH_KEY).collect();
        self.renew_push();
        self.relay.online.clear();
        self.relay.online.extend(welcome.online.iter().take(limits::DEVICES).map(|device| (*device, self.now)));
        self.relay.delivered.clear();
        self.relay.delivered.extend(welcome.delivered.iter().take(limits::DEVICES).map(|d| (d.device, d.cursor)));
        self.check_welcome_log(welcome.log_seq, welcome.log_head, rng);
    }

    /// The relay does not take the account in. A new one is given up, so that the person can begin anew.
    fn registration_refused(&mut self, problem: Problem, rng: &mut dyn CryptoRng) {
        if self.account.as_ref().is_some_and(|account| account.registered) {
            // The relay has lost it. Another device may know the token, or whoever runs the relay let it in.
            self.fail(problem);
            return self.hang_up(rng);
        }
        self.drop_account();
        self.fail(problem);
    }

    /// A frame of ours was refused.
    pub(super) fn relay_error(&mut self, code: ErrorCode, retry_after_ms: u64, of: u8, rng: &mut dyn CryptoRng) {
        let of = Tag::of(of);
        match of {
            // This device has sent nothing like that.
            Tag::Other(_) if self.line.is_paused() => return,
            Tag::Pull => {
                self.relay.pulls = self.relay.pulls.saturating_sub(1);
                self.line.items_came();
            }
            Tag::LogPull => self.line.entries_came(),
            // This device has asked for nothing like that, or for nothing any more.
            Tag::InviteOpen | Tag::CodeOpen if !self.invites.is_open() => return,
            Tag::LogAppend if !self.changes.is_appending() && !self.line.shows_log() => return,
            _ => {}
        }
        if matches!(of, Tag::InviteOpen | Tag::InviteNote | Tag::CodeOpen) {
            self.invites.step_refused(of == Tag::InviteNote);
        }
        match (of, code) {
            (Tag::Claim | Tag::CodeClaim, _) => self.claim_refused(code, rng),
            (_, ErrorCode::RateLimited) => {
                if matches!(of, Tag::Push | Tag::Delete) {
                    self.relay.flight.lose_answer();
                    self.relay.flight.put_off(self.now);
                }
                if of == Tag::LogAppend {
                    self.append_refused(code);
                }
                if of == Tag::Ack {
                    self.relay.acks.refused(self.now);
                }
                let until = self.line.limit(retry_after_ms, self.now);
                if of == Tag::LogAppend {
                    self.changes.put_off_until(until);
                }
            }
            (Tag::CodeOpen, ErrorCode::NameplateTaken) => self.nameplate_taken(rng),
            (Tag::InviteOpen | Tag::CodeOpen, _) => self.invite_failed(code),
            (Tag::Push | Tag::Delete, _) => self.push_refused(code, rng),
            (Tag::PushSubscribe, ErrorCode::BadFrame | ErrorCode::TooLarge) => self.push_address_refused(),
            (Tag::Hello | Tag::Register, _) if self.newcomer_refused() => {}
            (Tag::Hello, ErrorCode::UnknownAccount | ErrorCode::LogBehind) => self.show_log(rng),
            (Tag::LogAppend, ErrorCode::BadEntry) if self.line.phase() == Phase::Connecting => {
                self.halt(Problem::BadLog);
            }
            (Tag::LogAppend, _) if self.line.phase() == Phase::Connecting => {
                self.show_unmended(code);
                self.hang_up(rng);
            }
            (Tag::Register, ErrorCode::TokenWanted) => self.registration_refused(Problem::TokenWanted, rng),
            (Tag::Register, ErrorCode::RegistrationClosed) => {
                self.registration_refused(Problem::RegistrationClosed, rng);
            }
            (Tag::Register, ErrorCode::TooManyAccounts) => self.registration_refused(Problem::TooManyAccounts, rng),
            (Tag::Hello | Tag::Register, ErrorCode::RelayFull | ErrorCode::Unavailable) => {
                self.fail(problem::relay_fault(code));
                self.hang_up(rng);
            }
            (Tag::Hello | Tag::Register, _) => {
                self.fail(Problem::SignInRefused);
                self.hang_up(rng);
            }
            // Somebody else has put it back, or has gone on: compare anew.
            (Tag::LogAppend, ErrorCode::LogConflict) if self.log_sync.mending => self.hang_up(rng),
            (Tag::LogAppend, ErrorCode::LogConflict) => self.append_was_late(),
            (Tag::LogAppend, _) => self.append_refused(code),
            (Tag::Pull | Tag::LogPull, _) => {
                self.show(problem::relay_fault(code));
                self.line.pause(REFUSED_MS, self.now);
            }
            _ => self.line.pause(BACKOFF_MS * 4, self.now),
        }
    }
}
