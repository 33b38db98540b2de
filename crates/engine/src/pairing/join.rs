//! The newcomer's side of pairing: joining an account by a link or a typed code, up to the point where the account is
//! handed over. It owns which codes were tried, and how long joining may take. It refuses to set up the account.

use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::name::check_name;
use hushclip_crypto::pairing::{Code, CodeJoiner, Joined, Joiner};
use hushclip_model::{Notice, Problem};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{InviteNote, InviteStep, ToRelay};
use hushclip_protocol::ids::{Hash, InviteId};
use hushclip_protocol::{label, limits};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use super::exchange::Joining;
use crate::effect::Write;
use crate::part::Outputs;
use crate::record::{JOIN, TRIED, delete, put};
use crate::relay::Relay;
use crate::{problem, target};

/// How long the other device may take: as long as an invite works, and a little for clocks that differ.
const ANSWER_MS: u64 = limits::INVITE_MS + 60_000;
/// How long the relay may take to show the account, once it answers, milliseconds.
const SHOW_MS: u64 = 10 * 60_000;
/// How long the last try may take. It comes when time is over: this device may have slept meanwhile, and what it
/// waits for may have come.
const LAST_TRY_MS: u64 = 30_000;
/// How often the relay may turn a newcomer away.
const REFUSALS: u8 = 6;
/// How many codes that were tried are remembered.
const TRIED_CODES: usize = 16;

/// How far joining has come.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Join {
    #[n(0)]
    joiner: Joining,
    #[n(1)]
    offer: Option<ByteVec>,
    #[n(2)]
    reveal: Option<ByteVec>,
    /// How long the other device may take, by this device's clock.
    #[n(3)]
    until_ms: u64,
}

/// The join that is under way, if one is, and what is remembered of others.
#[derive(Debug, Default)]
pub(crate) struct Joins {
    open: Option<Join>,
    patience: Patience,
    /// Digests of codes that a relay has had its guess at, the newest first.
    tried: Vec<Hash>,
}

/// How much longer joining is tried.
#[derive(Debug, Default)]
struct Patience {
    /// When the last try is over; `None` before it has begun.
    last_try_ms: Option<u64>,
    refusals: u8,
}

/// A device that was handed an account and has not found itself in it yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Newcomer {
    /// When that was, by this device's clock.
    pub(crate) since_ms: u64,
    /// The relay has been heard since.
    pub(crate) is_heard: bool,
}

/// What a step of the exchange has come to.
#[derive(Debug)]
pub(crate) enum Came {
    /// It goes on.
    Further,
    /// This device has asked to be let in; from here on it takes as long as people take.
    ToPeople,
    /// It is over.
    Nowhere(Problem),
    /// The account is here.
    In(Box<Joined>, Relay),
}

/// Joining has taken too long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// It is tried once more.
    TryAgain,
    /// It is over.
    Over(Problem),
}

impl Joins {
    pub(crate) fn restore(open: Option<Join>, tried: Vec<Hash>) -> Self {
        Self { open, patience: Patience::default(), tried }
    }

    pub(crate) const fn is_under_way(&self) -> bool {
        self.open.is_some()
    }

    pub(crate) fn is_by_code(&self) -> bool {
        self.open.as_ref().is_some_and(|join| matches!(join.joiner, Joining::Code(_)))
    }

    /// The origin of the relay where it is.
    pub(crate) fn relay(&self) -> Option<&str> {
        self.open.as_ref().map(|join| join.joiner.relay())
    }

    /// Where to connect to.
    pub(crate) fn socket(&self) -> Option<String> {
        let join = self.open.as_ref()?;
        join.joiner.socket(join.reveal())
    }

    /// The frame that claims the invite.
    pub(crate) fn claim(&self) -> Option<ToRelay> {
        self.open.as_ref().map(|join| join.joiner.claim())
    }

    /// What a link leads to, for a device of this name. `at` is the relay that it has to be at; where none is named, the
    /// page that the link shows.
    pub(crate) fn by_link(
        link: &str,
        at: Option<&str>,
        name: &str,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Joining, String), Problem> {
        let (link, relay, target) = target::parse(link)?;
        let expected = match at {
            Some(at) => Relay::choose(at)? == relay,
            None => !target.is_elsewhere(),
        };
        if !expected {
            return Err(Problem::OtherRelay { page: at.unwrap_or(&target.page).to_owned(), relay: target.relay });
        }
        let name = proper_name(name)?;
        Ok((Joining::Link(Joiner::make(&link, &name, rng)), name))
    }

    /// What a typed code leads to at a relay, for a device of this name.
    pub(crate) fn by_code(
        &self,
        relay: &str,
        code: &str,
        name: &str,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Joining, String), Problem> {
        let code = Code::parse(code).map_err(problem::bad_code)?;
        if self.tried.contains(&digest(&code)) {
            return Err(Problem::CodeVoid);
        }
        let (relay, name) = (Relay::choose(relay)?, proper_name(name)?);
        let joiner = CodeJoiner::make(code, &relay.origin(), relay.host(), &name, rng);
        Ok((Joining::Code(joiner), name))
    }

    pub(crate) fn start(&mut self, joiner: Joining, now: u64, out: &mut Outputs) {
        let join = Join { joiner, offer: None, reveal: None, until_ms: now.saturating_add(ANSWER_MS) };
        out.write(join.record());
        (self.open, self.patience) = (Some(join), Patience::default());
    }

    /// Gives up; whether there was anything to give up.
    pub(crate) fn cancel(&mut self, out: &mut Outputs) -> bool {
        let was_open = self.open.take().is_some();
        if was_open {
            out.write(delete(JOIN));
        }
        was_open
    }

    /// Nothing is remembered any more.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Whether a step of the exchange is one of ours. The first one tells a code where its invite is.
    pub(crate) fn takes(&self, note: &InviteNote) -> bool {
        let Some(join) = &self.open else { return false };
        let known = join.joiner.invite(join.offer());
        let told = || CodeJoiner::invite(&note.bytes) == Ok(note.invite);
        known == Some(note.invite) || (known.is_none() && note.step == InviteStep::Offer && told())
    }

    /// Whether this is the invite that it is by.
    pub(crate) fn is_by(&self, invite: InviteId) -> bool {
        self.open.as_ref().and_then(|join| join.joiner.invite(join.offer())) == Some(invite)
    }

    /// What the relay has against the claim, if that ends it.
    pub(crate) fn claim_refused(&self, code: ErrorCode) -> Option<Problem> {
        match code {
            ErrorCode::InviteUsed if self.is_by_code() => Some(Problem::CodeVoid),
            ErrorCode::InviteUsed => Some(Problem::InviteUsed),
            ErrorCode::InviteGone if self.is_by_code() => Some(Problem::CodeGone),
            ErrorCode::InviteGone => Some(Problem::InviteGone),
            _ => None,
        }
    }

    /// The invite has ended at the relay.
    pub(crate) fn ended(&self) -> Problem {
        if self.is_by_code() { Problem::CodeVoid } else { Problem::InviteGone }
    }

    /// A step of the exchange, with the keys of this device.
    pub(crate) fn step(
        &mut self,
        note: &InviteNote,
        keys: &DeviceKeys,
        rng: &mut dyn CryptoRng,
        out: &mut Outputs,
    ) -> Came {
        match note.step {
            InviteStep::Offer => self.offered(note, keys, rng, out),
            InviteStep::Reveal => self.revealed(&note.bytes, keys, out),
            InviteStep::Welcome => self.welcomed(&note.bytes, keys, out),
            InviteStep::Refuse => Came::Nowhere(self.refused()),
            InviteStep::Request | InviteStep::Other(_) => Came::Further,
        }
    }

    fn offered(&mut self, note: &InviteNote, keys: &DeviceKeys, rng: &mut dyn CryptoRng, out: &mut Outputs) -> Came {
        let disturbed = self.disturbed();
        let Some(join) = &mut self.open else { return Came::Further };
        if join.offer.as_ref().is_some_and(|known| *known != note.bytes) {
            return disturbed;
        }
        let Ok(request) = join.joiner.request(keys, &note.bytes, rng) else { return disturbed };
        let first = join.offer.replace(note.bytes.clone()).is_none();
        if let (Joining::Code(joiner), true) = (&join.joiner, first) {
            // Whoever gives another offer for it has a second guess.
            self.tried.truncate(TRIED_CODES - 1);
            self.tried.insert(0, digest(joiner.code()));
            out.write(put(TRIED, &self.tried));
        }
        out.write(join.record());
        let note = InviteNote { invite: note.invite, step: InviteStep::Request, bytes: request.into() };
        out.send(ToRelay::InviteNote(note));
        Came::ToPeople
    }

    fn revealed(&mut self, bytes: &ByteVec, keys: &DeviceKeys, out: &mut Outputs) -> Came {
        let disturbed = self.disturbed();
        let Some(join) = &mut self.open else { return Came::Further };
        let Some(offer) = &join.offer else { return Came::Further };
        let Ok(digits) = join.joiner.reveal(keys, offer, bytes) else { return disturbed };
        if join.reveal.is_none() {
            join.reveal = Some(bytes.clone());
            out.write(join.record());
            if let Some(digits) = digits {
                out.notice(Notice::Digits { digits: digits.as_str().to_owned() });
            }
        }
        Came::Further
    }

    fn welcomed(&mut self, bytes: &[u8], keys: &DeviceKeys, out: &mut Outputs) -> Came {
        let Some(join) = &self.open else { return Came::Further };
        let (Some(offer), Some(reveal)) = (&join.offer, &join.reveal) else { return Came::Further };
        let Ok(joined) = join.joiner.open_welcome(keys, offer, reveal, bytes) else { return self.disturbed() };
        let Some(relay) = Relay::parse(join.joiner.relay()) else { return Came::Further };
        self.cancel(out);
        self.patience = Patience::default();
        Came::In(Box::new(joined), relay)
    }

    /// A person turns away only a device that has the words, and has been told so.
    fn refused(&self) -> Problem {
        let unconfirmed = self.open.as_ref().is_none_or(|join| join.reveal.is_none());
        if unconfirmed && self.is_by_code() { Problem::CodeRefused } else { Problem::InviteRefused }
    }

    /// The messages do not fit together.
    fn disturbed(&self) -> Came {
        Came::Nowhere(if self.is_by_code() { Problem::CodeRefused } else { Problem::PairingDisturbed })
    }

    /// The relay turns a newcomer away. It may be that it has not heard yet; says whether it had long enough.
    pub(crate) const fn newcomer_refused(&mut self) -> bool {
        self.patience.refusals = self.patience.refusals.saturating_add(1);
        self.patience.refusals >= REFUSALS
    }

    /// When joining, or what comes after it for a newcomer, has taken too long.
    pub(crate) fn deadline(&self, newcomer: Option<Newcomer>) -> Option<u64> {
        let ends = match (&self.open, newcomer) {
            (Some(join), _) => join.until_ms,
            // A relay that cannot be reached may still be, for as long as it keeps the welcome.
            (None, Some(Newcomer { since_ms, is_heard })) => {
                since_ms.saturating_add(if is_heard { SHOW_MS } else { limits::WELCOME_MS })
            }
            (None, None) => return None,
        };
        Some(self.patience.last_try_ms.unwrap_or(ends))
    }

    /// Tries once more when time is over, and then no longer.
    pub(crate) fn overdue(&mut self, newcomer: Option<Newcomer>, now: u64) -> Option<Overdue> {
        if self.deadline(newcomer).is_none_or(|at| at > now) {
            return None;
        }
        Some(if self.patience.last_try_ms.is_none() {
            self.patience.last_try_ms = Some(now + LAST_TRY_MS);
            Overdue::TryAgain
        } else {
            Overdue::Over(if self.open.is_some() { Problem::JoinUnanswered } else { Problem::JoinUnfinished })
        })
    }

    /// What is further off than any wait here was set before the clock was put back.
    pub(crate) fn mind_clock(&mut self, now: u64, out: &mut Outputs) {
        if let Some(at) = &mut self.patience.last_try_ms {
            *at = (*at).min(now + LAST_TRY_MS);
        }
        if let Some(join) = self.open.as_mut().filter(|join| join.until_ms > now + ANSWER_MS) {
            join.until_ms = now + ANSWER_MS;
            out.write(join.record());
        }
    }

    /// The digits that this device shows, once there are any.
    pub(crate) fn digits(&self, keys: &DeviceKeys) -> Option<String> {
        let join = self.open.as_ref()?;
        let Joining::Link(joiner) = &join.joiner else { return None };
        let digits = joiner.digits(keys, join.offer()?, join.reveal()?).ok()?;
        Some(digits.as_str().to_owned())
    }
}

impl Join {
    fn offer(&self) -> Option<&[u8]> {
        self.offer.as_ref().map(|offer| offer.as_slice())
    }

    fn reveal(&self) -> Option<&[u8]> {
        self.reveal.as_ref().map(|reveal| reveal.as_slice())
    }

    fn record(&self) -> Write {
        put(JOIN, self)
    }
}

/// What a person typed, as a device's name.
pub(crate) fn proper_name(typed: &str) -> Result<String, Problem> {
    let typed = typed.trim();
    let name = typed[..typed.floor_char_boundary(limits::NAME_BYTES)].trim_end();
    check_name(name).map_err(problem::bad_name)?;
    Ok(name.to_owned())
}

fn digest(code: &Code) -> Hash {
    label::sha256(code.to_string().as_bytes())
}
