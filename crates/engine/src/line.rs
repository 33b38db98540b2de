//! The line to the relay: connect, sign in, notice that it is dead, try again for ever.

use hushclip_model::Problem;
use hushclip_model::view::Connection;
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{Challenge, Hello, ToRelay, Welcome};
use hushclip_protocol::ids::Signature;
use hushclip_protocol::{VERSION, limits, negotiate};
use rand_core::CryptoRng;

use crate::changes::ANSWER_MS;
use crate::engine::REFUSED_MS;
use crate::{Effect, Engine, problem};

/// First wait after a failure, milliseconds; doubled each time.
const BACKOFF_MS: u64 = 500;
/// Over which time devices come back that had a line, milliseconds.
const LOST_MS: u64 = 2_000;
/// How often a pause that the relay asks for is doubled.
const PAUSES: u32 = 4;
/// Longest wait.
const BACKOFF_MAX_MS: u64 = 60_000;
/// How long opening a socket and signing in may take.
const HANDSHAKE_MS: u64 = 15_000;
/// How long the line may be silent before it is tried with a ping. Below the 30 s after which
/// browsers put a silent extension to sleep.
const PING_MS: u64 = 20_000;
/// How long the answer may take.
const PONG_MS: u64 = 10_000;
/// How long a line must have been of use before it counts as one, milliseconds.
const STEADY_MS: u64 = 60_000;
/// How often this device signs in on one line, at most.
const HELLOS: u8 = 2;
/// An uncompressed P-256 point, bytes.
const PUSH_KEY: usize = 65;

/// Where the line stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing to connect to.
    #[default]
    Idle,
    /// Waiting for the socket, the challenge or the welcome.
    Connecting,
    /// Claimed an invite, waiting for the other person.
    Joining,
    /// Signed in, fetching log and items.
    CatchingUp,
    /// Up to date.
    Online,
    /// Trying again at a given time.
    Waiting(u64),
    /// A problem that trying again does not solve.
    Stopped,
}

/// The line and its clocks.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) phase: Phase,
    attempts: u32,
    /// When the present step must be done.
    deadline: Option<u64>,
    /// When the relay must have answered to LogPull, and to Pull.
    entries_by: Option<u64>,
    items_by: Option<u64>,
    /// Since when this line has shown everything.
    steady_from: Option<u64>,
    ping_at: Option<u64>,
    pong_by: Option<u64>,
    /// The relay asked to wait before going on.
    pub(crate) resume_at: Option<u64>,
    /// How often in a row the relay has said that there is too much; each pause is twice the one before,
    /// so that there is room for more than one frame at its end.
    limited: u32,
    /// Where the relay's log stood when it was last shown a part that it lacked, before this device could
    /// sign in.
    pub(crate) log_shown: Option<u64>,
    /// The relay's challenge, while nobody has signed in.
    challenge: Option<Challenge>,
    /// How often it has been answered with Hello: once more when the relay has been shown what it lacked.
    hellos: u8,
    /// The account was shown to the relay from its first entry on.
    pub(crate) registering: bool,
}

impl Line {
    /// Something arrived. Only that postpones the next ping: what is sent into a dead line proves nothing.
    pub(crate) fn heard(&mut self, now: u64) {
        if self.is_up() {
            self.pong_by = None;
            self.ping_at = Some(now + PING_MS);
        }
    }

    /// Whether frames are expected at all.
    pub(crate) fn listens(&self) -> bool {
        self.is_up() || self.phase == Phase::Connecting
    }

    pub(crate) const fn is_signed_in(&self) -> bool {
        matches!(self.phase, Phase::CatchingUp | Phase::Online)
    }

    /// The relay is shown what it lacks of the log, before this device can sign in.
    fn shows_log(&self) -> bool {
        self.phase == Phase::Connecting && self.log_shown.is_some()
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Joining | Phase::CatchingUp | Phase::Online)
    }

    pub(crate) fn next_wake(&self) -> Option<u64> {
        let waiting = if let Phase::Waiting(at) = self.phase { Some(at) } else { None };
        let due = [self.deadline, self.entries_by, self.items_by, self.ping_at, self.pong_by, self.resume_at];
        due.into_iter().chain([waiting]).flatten().min()
    }

    pub(crate) fn shown(&self) -> Connection {
        match self.phase {
            Phase::Idle | Phase::Stopped => Connection::Idle,
            Phase::Connecting | Phase::Joining => Connection::Connecting,
            Phase::CatchingUp => Connection::CatchingUp,
            Phase::Online => Connection::Online,
            Phase::Waiting(retry_at) => Connection::Waiting { retry_at },
        }
    }

    /// The claim was accepted: from here on it takes as long as people take.
    pub(crate) fn joining(&mut self, now: u64) {
        self.attempts = 0;
        self.enter(Phase::Joining, now);
    }

    /// The relay has shown everything. That counts as a line once it has lasted, and not that it let this
    /// device in: otherwise one that breaks each time would be dialled without a pause.
    pub(crate) fn caught_up(&mut self, now: u64) {
        self.phase = Phase::Online;
        self.steady_from.get_or_insert(now);
    }

    /// The relay owes log entries, without which nothing goes on; a newcomer waits less long.
    pub(crate) const fn expect_entries(&mut self, now: u64, newcomer: bool) {
        self.entries_by = Some(now + if newcomer { HANDSHAKE_MS } else { ANSWER_MS });
    }

    /// They have come, or the relay has said why not.
    pub(crate) const fn entries_came(&mut self) {
        self.entries_by = None;
    }

    pub(crate) const fn expect_items(&mut self, now: u64) {
        self.items_by = Some(now + ANSWER_MS);
    }

    pub(crate) const fn items_came(&mut self) {
        self.items_by = None;
    }

    /// Goes on then, or looks once more in between: a longer pause would look like one from before the clock was put
    /// back.
    pub(crate) fn pause_until(&mut self, at: u64, now: u64) {
        self.resume_at = Some(at.min(now + BACKOFF_MAX_MS));
    }

    /// Nothing is left to send.
    pub(crate) const fn relaxed(&mut self) {
        self.limited = 0;
    }

    /// Trying again would not help.
    pub(crate) fn stop(&mut self, now: u64) {
        self.enter(Phase::Stopped, now);
    }

    fn enter(&mut self, phase: Phase, now: u64) {
        self.deadline = (phase == Phase::Connecting).then_some(now + HANDSHAKE_MS);
        self.phase = phase;
        self.pong_by = None;
        self.resume_at = None;
        (self.entries_by, self.items_by, self.steady_from) = (None, None, None);
        if self.phase == Phase::Connecting {
            self.limited = 0;
            (self.log_shown, self.challenge, self.hellos, self.registering) = (None, None, 0, false);
        }
        self.ping_at = self.is_up().then_some(now + PING_MS);
    }
}

impl Engine {
    /// Connects, unless there is nothing to connect to or the line is up or on its way.
    pub(crate) fn connect_if_wanted(&mut self) {
        if matches!(self.line.phase, Phase::Idle | Phase::Waiting(_)) {
            self.connect();
        }
    }

    /// Drops any socket and connects anew.
    pub(crate) fn connect(&mut self) {
        let url = match &self.account {
            _ if self.joins.is_under_way() => self.joins.socket(),
            Some(account) => Some(account.relay.socket(account.id().mailbox())),
            None => None,
        };
        self.invites.begin_line();
        self.outbox.begin_line();
        self.changes.begin_line();
        self.pulls = 0;
        (self.log_sync.in_vain, self.no_news) = (0, 0);
        self.online.clear();
        let phase = if url.is_some() { Phase::Connecting } else { Phase::Idle };
        self.line.enter(phase, self.now);
        self.effect(url.map_or(Effect::Disconnect, |url| Effect::Connect { url }));
    }

    pub(crate) fn network_is_back(&mut self) {
        self.line.attempts = 0;
        if self.line.phase == Phase::Stopped && !self.halted_for_good {
            self.line.phase = Phase::Idle;
        }
        self.connect_if_wanted();
        // After a sleep the socket may be dead without knowing it.
        if self.line.is_up() && self.line.pong_by.is_none() {
            self.ping();
        }
    }

    pub(crate) fn socket_opened(&mut self) {
        if self.line.phase == Phase::Connecting {
            self.line.deadline = Some(self.now + HANDSHAKE_MS);
        }
    }

    pub(crate) fn socket_closed(&mut self, code: Option<u16>, rng: &mut dyn CryptoRng) {
        if matches!(self.line.phase, Phase::Idle | Phase::Stopped) {
            return;
        }
        match code.and_then(CloseCode::from_code) {
            Some(CloseCode::Version) => return self.halt(Problem::RelayVersion),
            // Shown the entry, this device would be removed by now. One that had missed entries before
            // that one was asking for them: signing in again shows them all.
            Some(CloseCode::Removed) if self.line.phase == Phase::Connecting || self.log_sync.is_newest => {
                return self.halt(Problem::RemovedUnproven);
            }
            Some(CloseCode::NotAMember) if self.newcomer_refused() => return,
            Some(CloseCode::NotAMember) => self.fail(Problem::SignInRefused),
            _ => {}
        }
        self.retry(rng);
    }

    /// The line is of no use: close it and try again later.
    pub(crate) fn hang_up(&mut self, rng: &mut dyn CryptoRng) {
        self.effect(Effect::Disconnect);
        self.retry(rng);
    }

    fn retry(&mut self, rng: &mut dyn CryptoRng) {
        self.note_presence();
        self.outbox.lose_answer();
        self.lose_entry();
        self.online.clear();
        if self.line.steady_from.is_some_and(|from| self.now.abs_diff(from) >= STEADY_MS) {
            self.line.attempts = 0;
        }
        let ceiling = BACKOFF_MS.saturating_mul(1 << self.line.attempts.min(16)).min(BACKOFF_MAX_MS);
        // Much of it at random, and more when a line breaks that was up: a relay that goes, as at every
        // deployment, is lost by all devices at once.
        let spread = if self.line.is_signed_in() { LOST_MS } else { ceiling / 2 };
        let wait = ceiling / 2 + u64::from(rng.next_u32()) % (spread + 1);
        self.line.attempts += 1;
        self.line.enter(Phase::Waiting(self.now + wait), self.now);
    }

    pub(crate) fn timer(&mut self, rng: &mut dyn CryptoRng) {
        let now = self.now;
        // What is further off than any wait of ours was set before the clock was put back.
        self.end_overlong_join();
        let has_come = |at: u64| at <= now || at > now + BACKOFF_MAX_MS;
        let due = |at: Option<u64>| at.is_some_and(has_come);
        self.drop_expired_invite();
        self.tell_removal();
        if let Phase::Waiting(at) = self.line.phase {
            if has_come(at) {
                self.connect();
            }
            return;
        }
        if [self.line.deadline, self.line.entries_by, self.line.items_by, self.line.pong_by].into_iter().any(due) {
            return self.hang_up(rng);
        }
        if due(self.line.ping_at) {
            self.ping();
        }
        if due(self.line.resume_at) {
            self.line.resume_at = None;
            self.resume(rng);
        }
        self.push_after_pause(rng);
        self.ask_again_for_code();
        self.upkeep(rng);
    }

    fn ping(&mut self) {
        self.line.ping_at = None;
        self.line.pong_by = Some(self.now + PONG_MS);
        self.effect(Effect::Ping);
    }

    /// Goes on with whatever comes next, after a pause.
    pub(crate) fn resume(&mut self, rng: &mut dyn CryptoRng) {
        match self.line.phase {
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

    pub(crate) fn challenged(&mut self, challenge: &Challenge, rng: &mut dyn CryptoRng) {
        // One for each line: every further one would ask for a signature, and for more time.
        if self.line.phase != Phase::Connecting || self.line.challenge.is_some() {
            return self.hang_up(rng);
        }
        if negotiate(&challenge.versions).is_none() {
            return self.halt(Problem::RelayVersion);
        }
        self.line.challenge = Some(challenge.clone());
        if self.joins.is_under_way() {
            return self.claim();
        }
        if self.account.as_ref().is_some_and(|account| !account.registered) {
            return self.show_log(rng);
        }
        self.sign_in(rng);
    }

    /// Answers the relay's challenge.
    pub(crate) fn sign_in(&mut self, rng: &mut dyn CryptoRng) {
        let Some(challenge) = self.line.challenge.clone() else { return };
        if self.line.hellos == HELLOS {
            return self.hang_up(rng);
        }
        self.line.hellos += 1;
        self.line.deadline = Some(self.now + HANDSHAKE_MS);
        let (Some(account), Some(identity)) = (&self.account, &self.identity) else { return };
        let (log_seq, log_head) = account.log.head();
        let hello = Hello {
            versions: vec![VERSION],
            account: account.id(),
            device: identity.id,
            log_seq,
            log_head,
            anchors: account.anchors.clone(),
            signature: Signature::from_bytes([0; 64]),
        };
        let hello = identity.keys.sign_in(account.relay.host(), &challenge, hello);
        self.send(&ToRelay::Hello(hello));
    }

    pub(crate) fn welcomed(&mut self, welcome: &Welcome, rng: &mut dyn CryptoRng) {
        if self.line.phase != Phase::Connecting {
            return;
        }
        if welcome.version != VERSION {
            return self.halt(Problem::RelayVersion);
        }
        self.line.enter(Phase::CatchingUp, self.now);
        self.inbox.note_absence(self.now);
        self.watch_removal();
        self.clock_ahead_ms = self.now.cast_signed().saturating_sub_unsigned(welcome.time_ms);
        self.solved(|problem| {
            matches!(problem, Problem::SignInRefused | Problem::RelayNoSpace | Problem::RelayUnavailable)
        });
        // Not before: a relay that is called by another name takes the first entry, and nobody in.
        if let Some(account) = self.account.as_mut().filter(|account| !account.registered) {
            account.registered = true;
            self.persist_account();
        }
        self.begin_reading(welcome.resume_after);
        self.bounds = Some(welcome.limits.clone());
        self.push_key = welcome.push_key.iter().copied().take(PUSH_KEY).collect();
        self.renew_push();
        self.online = welcome.online.iter().take(limits::DEVICES).map(|device| (*device, self.now)).collect();
        self.delivered = welcome.delivered.iter().take(limits::DEVICES).map(|d| (d.device, d.cursor)).collect();
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
    pub(crate) fn relay_error(&mut self, code: ErrorCode, retry_after_ms: u64, of: u8, rng: &mut dyn CryptoRng) {
        const REGISTER: u8 = 1;
        const HELLO: u8 = 0;
        const CLAIM: u8 = 2;
        const PUSH: u8 = 3;
        const PULL: u8 = 4;
        const APPEND: u8 = 6;
        const LOG_PULL: u8 = 7;
        const INVITE: u8 = 8;
        const NOTE: u8 = 10;
        const CODE: u8 = 11;
        const CODE_CLAIM: u8 = 12;
        const PUSH_SUBSCRIBE: u8 = 13;
        const DELETE: u8 = 15;
        match of {
            PULL => {
                self.pulls = self.pulls.saturating_sub(1);
                self.line.items_came();
            }
            LOG_PULL => self.line.entries_came(),
            // This device has asked for nothing like that, or for nothing any more.
            INVITE | CODE if !self.invites.is_open() => return,
            APPEND if !self.changes.is_appending() && !self.line.shows_log() => return,
            _ => {}
        }
        if matches!(of, INVITE | NOTE | CODE) {
            self.invites.step_refused(of == NOTE);
        }
        match (of, code) {
            (CLAIM | CODE_CLAIM, _) => self.claim_refused(code, rng),
            (_, ErrorCode::RateLimited) => {
                if matches!(of, PUSH | DELETE) {
                    self.outbox.lose_answer();
                    self.outbox.put_off(self.now);
                }
                if of == APPEND {
                    self.append_refused(code);
                }
                if self.line.resume_at.is_none() {
                    let wait = retry_after_ms.clamp(100, BACKOFF_MAX_MS) << self.line.limited.min(PAUSES);
                    self.line.resume_at = Some(self.now + wait.min(BACKOFF_MAX_MS));
                    self.line.limited += 1;
                }
                if of == APPEND {
                    self.changes.put_off_until(self.line.resume_at);
                }
            }
            (CODE, ErrorCode::NameplateTaken) => self.nameplate_taken(rng),
            (INVITE | CODE, _) => self.invite_failed(code),
            (PUSH | DELETE, _) => self.push_refused(code, rng),
            (PUSH_SUBSCRIBE, ErrorCode::BadFrame | ErrorCode::TooLarge) => self.push_address_refused(),
            (HELLO | REGISTER, _) if self.newcomer_refused() => {}
            (HELLO, ErrorCode::UnknownAccount | ErrorCode::LogBehind) => self.show_log(rng),
            (APPEND, ErrorCode::BadEntry) if self.line.phase == Phase::Connecting => self.halt(Problem::BadLog),
            (APPEND, _) if self.line.phase == Phase::Connecting => {
                self.show_unmended(code);
                self.hang_up(rng);
            }
            (REGISTER, ErrorCode::TokenWanted) => self.registration_refused(Problem::TokenWanted, rng),
            (REGISTER, ErrorCode::RegistrationClosed) => self.registration_refused(Problem::RegistrationClosed, rng),
            (REGISTER, ErrorCode::TooManyAccounts) => self.registration_refused(Problem::TooManyAccounts, rng),
            (HELLO | REGISTER, ErrorCode::RelayFull | ErrorCode::Unavailable) => {
                self.fail(problem::relay_fault(code));
                self.hang_up(rng);
            }
            (HELLO | REGISTER, _) => {
                self.fail(Problem::SignInRefused);
                self.hang_up(rng);
            }
            // Somebody else has put it back, or has gone on: compare anew.
            (APPEND, ErrorCode::LogConflict) if self.log_sync.mending => self.hang_up(rng),
            (APPEND, ErrorCode::LogConflict) => self.append_was_late(),
            (APPEND, _) => self.append_refused(code),
            (PULL | LOG_PULL, _) => {
                self.show(problem::relay_fault(code));
                self.line.resume_at = Some(self.now + REFUSED_MS);
            }
            _ => self.line.resume_at = Some(self.now + BACKOFF_MS * 4),
        }
    }
}
