//! The line to the relay: where it stands, when the relay must have answered, when the next try is. It refuses to know
//! what is said on it.

use hushclip_model::view::Connection;
use hushclip_protocol::frame::Challenge;
use rand_core::CryptoRng;

use crate::changes::ANSWER_MS;
use crate::event::LineId;

/// First wait after a failure, milliseconds; doubled each time.
pub(crate) const BACKOFF_MS: u64 = 500;
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

/// Where the line stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
    /// How many there have been, the present one included.
    number: u64,
    phase: Phase,
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
    resume_at: Option<u64>,
    /// How often in a row the relay has said that there is too much; each pause is twice the one before,
    /// so that there is room for more than one frame at its end.
    limited: u32,
    /// Where the relay's log stood when it was last shown a part that it lacked, before this device could
    /// sign in.
    log_shown: Option<u64>,
    /// The relay's challenge, while nobody has signed in.
    challenge: Option<Challenge>,
    /// How often it has been answered with Hello: once more when the relay has been shown what it lacked.
    hellos: u8,
    /// The account was shown to the relay from its first entry on.
    registering: bool,
}

/// What a timer asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing: the next try is later.
    Waits,
    /// The next try.
    Dial,
    /// The relay has not answered in time.
    HangUp,
    /// What goes on by itself.
    Go {
        /// It is to be found out whether the line is dead.
        ping: bool,
        /// A pause is over.
        resume: bool,
    },
}

impl Line {
    /// What the present one is called.
    pub(crate) const fn id(&self) -> LineId {
        LineId::Relay(self.number)
    }

    pub(crate) const fn phase(&self) -> Phase {
        self.phase
    }

    pub(crate) fn is_online(&self) -> bool {
        self.phase == Phase::Online
    }

    /// Whether frames are expected at all.
    pub(crate) fn listens(&self) -> bool {
        self.is_up() || self.phase == Phase::Connecting
    }

    pub(crate) const fn is_signed_in(&self) -> bool {
        matches!(self.phase, Phase::CatchingUp | Phase::Online)
    }

    pub(crate) const fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Joining | Phase::CatchingUp | Phase::Online)
    }

    /// Whether there is none, and none is tried.
    pub(crate) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Idle | Phase::Stopped)
    }

    /// Whether dialling would be news to it.
    pub(crate) const fn may_dial(&self) -> bool {
        matches!(self.phase, Phase::Idle | Phase::Waiting(_))
    }

    /// The relay is shown what it lacks of the log, before this device can sign in.
    pub(crate) fn shows_log(&self) -> bool {
        self.phase == Phase::Connecting && self.log_shown.is_some()
    }

    pub(crate) const fn shown(&self) -> Connection {
        match self.phase {
            Phase::Idle | Phase::Stopped => Connection::Idle,
            Phase::Connecting | Phase::Joining => Connection::Connecting,
            Phase::CatchingUp => Connection::CatchingUp,
            Phase::Online => Connection::Online,
            Phase::Waiting(retry_at) => Connection::Waiting { retry_at },
        }
    }

    /// A line is opened, or there is nothing to open one to.
    pub(crate) fn dial(&mut self, somewhere: bool, now: u64) {
        self.number += u64::from(somewhere);
        self.enter(if somewhere { Phase::Connecting } else { Phase::Idle }, now);
    }

    /// The socket is open, or the relay has got a step further with signing in.
    pub(crate) fn proceeds(&mut self, now: u64) {
        if self.phase == Phase::Connecting {
            self.deadline = Some(now + HANDSHAKE_MS);
        }
    }

    /// Something arrived. Only that postpones the next ping: what is sent into a dead line proves nothing.
    pub(crate) fn heard(&mut self, now: u64) {
        if self.is_up() {
            self.pong_by = None;
            self.ping_at = Some(now + PING_MS);
        }
    }

    /// A ping goes out, if none is on its way; whether one does.
    pub(crate) fn ping(&mut self, now: u64) -> bool {
        let pings = self.is_up() && self.pong_by.is_none();
        if pings {
            (self.ping_at, self.pong_by) = (None, Some(now + PONG_MS));
        }
        pings
    }

    /// The relay's challenge; `false`: it is not due. There is one for each line: every further one would ask for a
    /// signature, and for more time.
    pub(crate) fn challenged(&mut self, challenge: Challenge) -> bool {
        let due = self.phase == Phase::Connecting && self.challenge.is_none();
        if due {
            self.challenge = Some(challenge);
        }
        due
    }

    /// What is signed to sign in; `None`: often enough, or there is no challenge.
    pub(crate) fn hello(&mut self, now: u64) -> Option<Challenge> {
        let challenge = self.challenge.clone().filter(|_| self.hellos < HELLOS)?;
        self.hellos += 1;
        self.deadline = Some(now + HANDSHAKE_MS);
        Some(challenge)
    }

    /// The account is shown to the relay from its first entry on; `false`: it was, on this line.
    pub(crate) const fn register(&mut self) -> bool {
        !core::mem::replace(&mut self.registering, true)
    }

    /// The relay has the log up to here; whether it has got on since it was last shown a part.
    pub(crate) fn log_grew(&mut self, seq: u64) -> bool {
        self.log_shown.replace(seq).is_none_or(|shown| seq > shown)
    }

    /// Signed in.
    pub(crate) fn welcomed(&mut self, now: u64) {
        self.enter(Phase::CatchingUp, now);
    }

    /// The claim was accepted: from here on it takes as long as people take.
    pub(crate) fn joining(&mut self, now: u64) {
        self.attempts = 0;
        self.enter(Phase::Joining, now);
    }

    /// Something was missed on an open line, and is fetched.
    pub(crate) const fn catch_up(&mut self) {
        self.phase = Phase::CatchingUp;
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

    /// Goes on in so many milliseconds.
    pub(crate) const fn pause(&mut self, ms: u64, now: u64) {
        self.resume_at = Some(now + ms);
    }

    /// Goes on then, or looks once more in between: a longer pause would look like one from before the clock was put
    /// back.
    pub(crate) fn pause_until(&mut self, at: u64, now: u64) {
        self.resume_at = Some(at.min(now + BACKOFF_MAX_MS));
    }

    /// The relay asks for a pause, unless there is one; when it is over.
    pub(crate) fn limit(&mut self, retry_after_ms: u64, now: u64) -> Option<u64> {
        if self.resume_at.is_none() {
            let wait = retry_after_ms.clamp(100, BACKOFF_MAX_MS) << self.limited.min(PAUSES);
            self.pause_until(now + wait, now);
            self.limited += 1;
        }
        self.resume_at
    }

    pub(crate) const fn is_paused(&self) -> bool {
        self.resume_at.is_some()
    }

    /// No pause any more.
    pub(crate) const fn end_pause(&mut self) {
        self.resume_at = None;
    }

    /// Nothing is left to send.
    pub(crate) const fn relaxed(&mut self) {
        self.limited = 0;
    }

    /// The network is back: the next try waits for nothing. Nor is a problem in its way, unless it is one for good.
    pub(crate) fn network_is_back(&mut self, halted_for_good: bool) {
        self.attempts = 0;
        if self.phase == Phase::Stopped && !halted_for_good {
            self.phase = Phase::Idle;
        }
    }

    /// What was said on it is over, and is gone on with on another one.
    pub(crate) const fn leave(&mut self) {
        self.phase = Phase::Idle;
    }

    /// Trying again would not help.
    pub(crate) fn stop(&mut self, now: u64) {
        self.enter(Phase::Stopped, now);
    }

    /// It is gone, and the next try comes after a while.
    pub(crate) fn retry(&mut self, now: u64, rng: &mut dyn CryptoRng) {
        if self.steady_from.is_some_and(|from| now.abs_diff(from) >= STEADY_MS) {
            self.attempts = 0;
        }
        let ceiling = BACKOFF_MS.saturating_mul(1 << self.attempts.min(16)).min(BACKOFF_MAX_MS);
        // Much of it at random, and more when a line breaks that was up: a relay that goes, as at every
        // deployment, is lost by all devices at once.
        let spread = if self.is_signed_in() { LOST_MS } else { ceiling / 2 };
        let wait = ceiling / 2 + u64::from(rng.next_u32()) % (spread + 1);
        self.attempts += 1;
        self.enter(Phase::Waiting(now + wait), now);
    }

    /// When something is due.
    pub(crate) fn next_due(&self) -> Option<u64> {
        let waiting = if let Phase::Waiting(at) = self.phase { Some(at) } else { None };
        let due = [self.deadline, self.entries_by, self.items_by, self.ping_at, self.pong_by, self.resume_at];
        due.into_iter().chain([waiting]).flatten().min()
    }

    /// What is due. What is further off than any wait here was set before the clock was put back.
    pub(crate) fn take_due(&mut self, now: u64) -> Due {
        let has_come = |at: u64| at <= now || at > now + BACKOFF_MAX_MS;
        let due = |at: Option<u64>| at.is_some_and(has_come);
        if let Phase::Waiting(at) = self.phase {
            return if has_come(at) { Due::Dial } else { Due::Waits };
        }
        if [self.deadline, self.entries_by, self.items_by, self.pong_by].into_iter().any(due) {
            return Due::HangUp;
        }
        let resume = due(self.resume_at);
        if resume {
            self.resume_at = None;
        }
        Due::Go { ping: due(self.ping_at), resume }
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

#[cfg(test)]
mod tests {
    use hushclip_protocol::VERSION;
    use hushclip_protocol::ids::{ConnId, Nonce};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(1)
    }

    fn challenge() -> Challenge {
        Challenge { versions: vec![VERSION], nonce: Nonce::from_bytes([1; 32]), conn: ConnId::from_bytes([2; 16]) }
    }

    fn online() -> Line {
        let mut line = Line::default();
        line.dial(true, NOW);
        line.welcomed(NOW);
        line.caught_up(NOW);
        line
    }

    fn wait_of(line: &Line, now: u64) -> u64 {
        let Phase::Waiting(at) = line.phase() else { panic!("it waits") };
        at - now
    }

    #[test]
    fn a_relay_that_does_not_answer_is_hung_up_on() {
        let mut line = Line::default();
        line.dial(true, NOW);
        assert_eq!(line.next_due(), Some(NOW + HANDSHAKE_MS));
        line.proceeds(NOW + 1);
        assert_eq!(line.take_due(NOW + HANDSHAKE_MS), Due::Go { ping: false, resume: false });
        assert_eq!(line.take_due(NOW + HANDSHAKE_MS + 1), Due::HangUp);
        let mut line = online();
        line.expect_items(NOW);
        assert_eq!(line.take_due(NOW + ANSWER_MS), Due::HangUp);
    }

    #[test]
    fn a_silent_line_is_tried_with_one_ping() {
        let mut line = online();
        assert_eq!(line.take_due(NOW + PING_MS), Due::Go { ping: true, resume: false });
        assert!(line.ping(NOW + PING_MS) && !line.ping(NOW + PING_MS), "one is on its way");
        line.heard(NOW + PING_MS + 1);
        assert_eq!(line.next_due(), Some(NOW + 2 * PING_MS + 1));
        line.ping(NOW + 2 * PING_MS + 1);
        assert_eq!(line.take_due(NOW + 2 * PING_MS + 1 + PONG_MS), Due::HangUp);
    }

    #[test]
    fn waits_double_up_to_a_minute_and_begin_anew_after_a_steady_line() {
        let (mut line, mut rng) = (Line::default(), rng());
        let mut now = NOW;
        for _ in 0..20 {
            line.dial(true, now);
            line.retry(now, &mut rng);
            now += wait_of(&line, now);
        }
        line.dial(true, now);
        line.retry(now, &mut rng);
        assert!((BACKOFF_MAX_MS / 2..=BACKOFF_MAX_MS).contains(&wait_of(&line, now)));
        assert_eq!(line.take_due(now), Due::Waits);
        assert_eq!(line.take_due(now - 10 * BACKOFF_MAX_MS), Due::Dial, "the clock was put back");
        line.dial(true, now);
        line.welcomed(now);
        line.caught_up(now);
        line.retry(now + STEADY_MS, &mut rng);
        assert!(wait_of(&line, now + STEADY_MS) <= BACKOFF_MS / 2 + LOST_MS);
    }

    #[test]
    fn one_challenge_is_answered_twice_at_most() {
        let mut line = Line::default();
        assert!(!line.challenged(challenge()), "nobody has dialled");
        line.dial(true, NOW);
        assert!(line.challenged(challenge()) && !line.challenged(challenge()));
        assert!(line.hello(NOW).is_some() && line.hello(NOW).is_some() && line.hello(NOW).is_none());
        assert!(line.register() && !line.register());
        assert!(line.log_grew(3) && !line.log_grew(3) && line.log_grew(4) && line.shows_log());
        line.dial(true, NOW);
        assert!(line.challenged(challenge()) && line.register(), "another line");
    }

    #[test]
    fn pauses_that_a_relay_asks_for_double_and_one_is_not_made_longer() {
        let mut line = online();
        assert_eq!(line.limit(1_000, NOW), Some(NOW + 1_000));
        assert_eq!(line.limit(9_000, NOW), Some(NOW + 1_000));
        assert_eq!(line.take_due(NOW + 1_000), Due::Go { ping: false, resume: true });
        assert_eq!(line.limit(1_000, NOW), Some(NOW + 2_000));
        line.end_pause();
        line.relaxed();
        assert_eq!(line.limit(u64::MAX, NOW), Some(NOW + BACKOFF_MAX_MS));
    }
}
