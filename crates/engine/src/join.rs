//! Coming into an account through a link or a typed code.

use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::name::check_name;
use hushclip_crypto::pairing::{Code, CodeJoiner, Joiner, Link};
use hushclip_model::{Notice, Problem};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{InviteNote, InviteStep, ToRelay};
use hushclip_protocol::ids::InviteId;
use hushclip_protocol::limits;
use rand_core::CryptoRng;

use crate::exchange::Joining;
use crate::history::text_digest;
use crate::line::Phase;
use crate::records::tried_record;
use crate::relay::Relay;
use crate::state::{Account, Identity, Join, delete_device};
use crate::{Engine, problem, target};

/// How long the other device may take: as long as an invite works, and a little for clocks that differ.
const ANSWER_MS: u64 = limits::INVITE_MS + 60_000;
/// How long the relay may take to show the account, once it answers, milliseconds.
const SHOW_MS: u64 = 10 * 60_000;
/// How long the last try may take. It comes when time is over: this device may have slept meanwhile, and
/// what it waits for may have come.
const LAST_TRY_MS: u64 = 30_000;
/// How often the relay may turn a newcomer away.
const REFUSALS: u8 = 6;
/// How many codes that were tried are remembered.
const TRIED_CODES: usize = 16;

/// How much longer joining is tried.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    /// When the last try is over; `None` before it has begun.
    last_try_ms: Option<u64>,
    refusals: u8,
}

impl Engine {
    pub(crate) fn start_join(
        &mut self,
        link: &str,
        at: Option<&str>,
        name: &str,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Problem> {
        let (link, name) = self.check_join(link, at, name)?;
        let joiner = Joining::Link(Joiner::make(&link, &name, rng));
        self.put_join(joiner, &name, rng);
        Ok(())
    }

    fn check_join(&self, link: &str, at: Option<&str>, name: &str) -> Result<(Link, String), Problem> {
        self.check_free()?;
        let (link, relay, target) = target::parse(link)?;
        let expected = match at {
            Some(at) => Relay::choose(at)? == relay,
            None => !target.is_elsewhere(),
        };
        if !expected {
            return Err(Problem::OtherRelay { page: at.unwrap_or(&target.page).to_owned(), relay: target.relay });
        }
        Ok((link, proper_name(name)?))
    }

    pub(crate) fn start_join_by_code(
        &mut self,
        relay: &str,
        code: &str,
        name: &str,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Problem> {
        let (relay, code, name) = self.check_join_by_code(relay, code, name)?;
        let joiner = CodeJoiner::make(code, &relay.origin(), relay.host(), &name, rng);
        self.put_join(Joining::Code(joiner), &name, rng);
        Ok(())
    }

    fn check_join_by_code(&self, relay: &str, code: &str, name: &str) -> Result<(Relay, Code, String), Problem> {
        self.check_free()?;
        let code = Code::parse(code).map_err(problem::bad_code)?;
        if self.tried_codes.contains(&text_digest(&code.to_string())) {
            return Err(Problem::CodeVoid);
        }
        Ok((Relay::choose(relay)?, code, proper_name(name)?))
    }

    fn check_free(&self) -> Result<(), Problem> {
        let taken = self.account.as_ref().is_some_and(Account::is_usable);
        if taken { Err(Problem::AlreadyMember) } else { Ok(()) }
    }

    fn put_join(&mut self, joiner: Joining, name: &str, rng: &mut dyn CryptoRng) {
        if self.account.is_some() {
            self.drop_account();
        }
        let identity = Identity::new(DeviceKeys::make(rng), name, self.now);
        let join = Join { joiner, offer: None, reveal: None, until_ms: self.now.saturating_add(ANSWER_MS) };
        self.persist(identity.record());
        self.persist(join.record());
        self.identity = Some(identity);
        self.join = Some(join);
        self.patience = Patience::default();
        self.notices.dismiss_problem();
        self.connect();
    }

    pub(crate) fn cancel_join(&mut self) {
        // In, but not all the way: the relay does not have the account yet, or this device not its log.
        if self.account.as_ref().is_some_and(|account| !account.is_usable()) {
            return self.drop_account();
        }
        if self.join.take().is_some() {
            self.identity = None;
            self.persist(Join::delete());
            self.persist(delete_device());
            self.connect();
        }
    }

    pub(crate) fn join_failed(&mut self, problem: Problem) {
        self.cancel_join();
        self.fail(problem);
    }

    /// Whether this device was handed an account and has not found itself in it yet.
    pub(crate) fn is_newcomer(&self) -> bool {
        self.join.is_none() && self.account.as_ref().is_some_and(|account| !account.reaches_anchor())
    }

    /// The relay turns a newcomer away. It may be that it has not heard yet; not for long.
    pub(crate) fn newcomer_refused(&mut self) -> bool {
        if !self.is_newcomer() {
            return false;
        }
        self.patience.refusals += 1;
        let over = self.patience.refusals >= REFUSALS;
        if over {
            self.join_failed(Problem::JoinUnfinished);
        }
        over
    }

    /// When joining has taken too long.
    pub(crate) fn join_deadline(&self) -> Option<u64> {
        let ends = match (&self.join, &self.account) {
            (Some(join), _) => join.until_ms,
            (None, Some(account)) if self.is_newcomer() => {
                // A relay that cannot be reached may still be, for as long as it keeps the welcome.
                let answers = self.heard_ms > account.sent_ms;
                account.sent_ms.saturating_add(if answers { SHOW_MS } else { limits::WELCOME_MS })
            }
            _ => return None,
        };
        Some(self.patience.last_try_ms.unwrap_or(ends))
    }

    /// Tries once more when time is over, and then no longer.
    pub(crate) fn end_overlong_join(&mut self) {
        self.mind_clock();
        if self.join_deadline().is_none_or(|at| at > self.now) {
            return;
        }
        if self.patience.last_try_ms.is_none() {
            self.patience.last_try_ms = Some(self.now + LAST_TRY_MS);
            return self.connect();
        }
        let unanswered = self.join.is_some();
        self.join_failed(if unanswered { Problem::JoinUnanswered } else { Problem::JoinUnfinished });
    }

    /// What is further off than any wait here was set before the clock was put back.
    fn mind_clock(&mut self) {
        let now = self.now;
        if let Some(at) = &mut self.patience.last_try_ms {
            *at = (*at).min(now + LAST_TRY_MS);
        }
        if let Some(join) = self.join.as_mut().filter(|join| join.until_ms > now + ANSWER_MS) {
            join.until_ms = now + ANSWER_MS;
            let write = join.record();
            self.persist(write);
        }
        let newcomer = self.is_newcomer();
        if let Some(account) = self.account.as_mut().filter(|account| newcomer && account.sent_ms > now) {
            account.sent_ms = now;
            self.persist_account();
        }
    }

    pub(crate) fn confirm_account(&mut self) {
        if let Some(account) = self.account.as_mut().filter(|account| account.new_here) {
            account.new_here = false;
            self.persist_account();
        }
    }

    pub(crate) fn claim(&mut self) {
        let Some(join) = &self.join else { return };
        let claim = join.joiner.claim();
        self.send(&claim);
    }

    /// Whether a step of the exchange is one of ours. The first one tells a code where its invite is.
    pub(crate) fn join_takes(&self, note: &InviteNote) -> bool {
        let Some(join) = &self.join else { return false };
        let known = join.joiner.invite(join.offer());
        let told = || CodeJoiner::invite(&note.bytes) == Ok(note.invite);
        known == Some(note.invite) || (known.is_none() && note.step == InviteStep::Offer && told())
    }

    pub(crate) fn join_is_for(&self, id: InviteId) -> bool {
        self.join.as_ref().and_then(|join| join.joiner.invite(join.offer())) == Some(id)
    }

    pub(crate) fn claim_refused(&mut self, code: ErrorCode, rng: &mut dyn CryptoRng) {
        match code {
            ErrorCode::InviteUsed if self.joins_by_code() => self.join_failed(Problem::CodeVoid),
            ErrorCode::InviteUsed => self.join_failed(Problem::InviteUsed),
            ErrorCode::InviteGone if self.joins_by_code() => self.join_failed(Problem::CodeGone),
            ErrorCode::InviteGone => self.join_failed(Problem::InviteGone),
            ErrorCode::RelayFull | ErrorCode::Unavailable => {
                self.fail(problem::relay_fault(code));
                self.hang_up(rng);
            }
            _ => self.hang_up(rng),
        }
    }

    pub(crate) fn joiner_note(&mut self, note: &InviteNote, rng: &mut dyn CryptoRng) {
        let (Some(join), Some(identity)) = (&mut self.join, &self.identity) else { return };
        match note.step {
            InviteStep::Offer => {
                if join.offer.as_ref().is_some_and(|known| *known != note.bytes) {
                    return self.join_disturbed();
                }
                let Ok(request) = join.joiner.request(&identity.keys, &note.bytes, rng) else {
                    return self.join_disturbed();
                };
                let first = join.offer.replace(note.bytes.clone()).is_none();
                let write = join.record();
                if let (Joining::Code(joiner), true) = (&join.joiner, first) {
                    // Whoever gives another offer for it has a second guess.
                    self.tried_codes.truncate(TRIED_CODES - 1);
                    self.tried_codes.insert(0, text_digest(&joiner.code().to_string()));
                    self.persist(tried_record(&self.tried_codes));
                }
                self.persist(write);
                self.line.joining(self.now);
                let note = InviteNote { invite: note.invite, step: InviteStep::Request, bytes: request.into() };
                self.send(&ToRelay::InviteNote(note));
            }
            InviteStep::Reveal => {
                let Some(offer) = &join.offer else { return };
                let Ok(digits) = join.joiner.reveal(&identity.keys, offer, &note.bytes) else {
                    return self.join_disturbed();
                };
                if join.reveal.is_none() {
                    join.reveal = Some(note.bytes.clone());
                    let write = join.record();
                    self.persist(write);
                    if let Some(digits) = digits {
                        self.notice(Notice::Digits { digits: digits.as_str().to_owned() });
                    }
                }
            }
            InviteStep::Welcome => self.join_welcomed(&note.bytes),
            InviteStep::Refuse => {
                // A person turns away only a device that has the words, and has been told so.
                let unconfirmed = join.reveal.is_none();
                let by_code = unconfirmed && self.joins_by_code();
                self.join_failed(if by_code { Problem::CodeRefused } else { Problem::InviteRefused });
            }
            InviteStep::Request => {}
        }
    }

    /// The messages do not fit together.
    fn join_disturbed(&mut self) {
        self.join_failed(if self.joins_by_code() { Problem::CodeRefused } else { Problem::PairingDisturbed });
    }

    pub(crate) fn joins_by_code(&self) -> bool {
        self.join.as_ref().is_some_and(|join| matches!(join.joiner, Joining::Code(_)))
    }

    fn join_welcomed(&mut self, bytes: &[u8]) {
        let (Some(join), Some(identity)) = (&self.join, &self.identity) else { return };
        let (Some(offer), Some(reveal)) = (&join.offer, &join.reveal) else { return };
        let Ok(joined) = join.joiner.open_welcome(&identity.keys, offer, reveal, bytes) else {
            return self.join_disturbed();
        };
        let Some(relay) = Relay::parse(join.joiner.relay()) else { return };
        let mut account = Account::new(relay, joined.account, (joined.log_seq, joined.log_head));
        account.registered = true;
        account.sent_ms = self.now;
        account.anchors = joined.anchors;
        account.anchors.truncate(limits::ANCHORS);
        // They have ended already, and are forgotten like any other.
        account.ended = joined.older.iter().map(|older| (older.epoch, self.now)).collect();
        account.secrets = joined.older.into_iter().map(|older| (older.epoch, older.secret)).collect();
        // Whoever has no proper name is shown by its identifier.
        let proper = joined.names.into_iter().filter(|named| check_name(&named.name).is_ok());
        account.names = proper.map(|named| (named.device, named.name)).collect();
        account.new_here = true;
        self.account = Some(account);
        self.join = None;
        self.patience = Patience::default();
        self.persist(Join::delete());
        self.persist_account();
        // The same socket cannot become a member's: sign in on a new one.
        self.line.phase = Phase::Idle;
        self.connect();
    }
}

/// What a person typed, as a device's name.
pub(crate) fn proper_name(typed: &str) -> Result<String, Problem> {
    let typed = typed.trim();
    let name = typed[..typed.floor_char_boundary(limits::NAME_BYTES)].trim_end();
    check_name(name).map_err(problem::bad_name)?;
    Ok(name.to_owned())
}
