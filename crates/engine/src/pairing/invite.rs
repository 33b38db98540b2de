//! The invite that this device has open: one request is answered, its digits are checked, and what a newcomer needs
//! is handed over. Each step is repeated after a lost connection until it is answered. It refuses to touch the log:
//! it says whom to add.

use hushclip_crypto::pairing::{JoinRequest, Joined, PairingError};
use hushclip_model::view::InviteView;
use hushclip_model::{Notice, Problem};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{Anchor, InviteNote, InviteStep, ToRelay};
use hushclip_protocol::ids::{DeviceId, InviteId};
use hushclip_protocol::limits;
use hushclip_protocol::log::Membership;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use super::exchange::Inviting;
use crate::effect::Write;
use crate::part::{Context, Outputs};
use crate::problem;
use crate::record::{INVITE, delete, put};

/// Wrong digits after which a device is turned away.
const TRIES: u8 = 3;
/// Nameplates tried before giving up.
const NAMEPLATES: u8 = 12;
/// How long the relay may take to find a nameplate free, milliseconds.
const NAMEPLATE_MS: u64 = 5_000;
/// How much sooner than its time an invite must end to be news.
const EARLY_MS: u64 = 5_000;
/// How long handing over may take, though the time to be let in ends sooner.
const HAND_OVER_MS: u64 = 60_000;

/// An invite that is open, or has just been completed.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Invite {
    #[n(0)]
    inviter: Inviting,
    /// By this device's clock; 0 until the relay has it.
    #[n(1)]
    expires_ms: u64,
    /// The one request that is answered.
    #[n(2)]
    request: Option<JoinRequest>,
    #[n(3)]
    wrong_digits: u8,
    /// The person let it in.
    #[n(4)]
    approved: bool,
    /// Where the joiner begins, fixed at approval.
    #[n(5)]
    anchors: Vec<Anchor>,
    /// The request as it came; a code's answers are made from it.
    #[n(6)]
    request_bytes: ByteVec,
    /// The newcomer may read what came before it.
    #[n(7)]
    share_history: bool,
    /// Nameplates that led elsewhere.
    #[n(8)]
    tries: u8,
    /// When it was asked for.
    #[n(9)]
    made_ms: u64,
    /// The joiner's welcome has gone out.
    #[n(10)]
    welcomed: bool,
    /// When to ask the relay once more for a code that it has not answered for.
    #[cbor(skip)]
    ask_again_ms: Option<u64>,
}

/// The open invite, if there is one, and how it stands on the present line.
#[derive(Debug, Default)]
pub(crate) struct Invites {
    open: Option<Invite>,
    /// A step of it was not taken and is to be brought back. Not otherwise: its frames would use up what the relay
    /// lets through.
    refused: bool,
    /// The joiner's welcome has gone out on this line.
    welcome_sent: bool,
}

/// What comes next for a device that the person has let in.
#[derive(Debug)]
pub(crate) enum Step {
    /// It is to stand in the log.
    Add(JoinRequest),
    /// It stands there, and waits for its welcome.
    Welcome {
        /// It may read what came before it.
        share_history: bool,
        /// Where it begins to read.
        anchors: Vec<Anchor>,
    },
}

impl Invites {
    pub(crate) fn restore(open: Option<Invite>) -> Self {
        Self { open, ..Self::default() }
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// A person has let a device in that has not been welcomed yet, and shall not be left behind.
    pub(crate) fn is_handing_over(&self) -> bool {
        self.open.as_ref().is_some_and(|invite| invite.approved && !invite.welcomed)
    }

    /// The device that the person has let in.
    pub(crate) fn let_in(&self) -> Option<DeviceId> {
        let approved = self.open.as_ref().filter(|invite| invite.approved);
        approved.and_then(|invite| invite.request.as_ref()).map(JoinRequest::device_id)
    }

    /// Another line begins.
    pub(crate) const fn begin_line(&mut self) {
        (self.refused, self.welcome_sent) = (false, false);
    }

    /// The relay has not taken a step; `is_note` if it was one for the joiner.
    pub(crate) const fn step_refused(&mut self, is_note: bool) {
        self.refused = true;
        self.welcome_sent &= !is_note;
    }

    /// Whether a step is to be brought back; asked for once.
    pub(crate) const fn take_refused(&mut self) -> bool {
        core::mem::replace(&mut self.refused, false)
    }

    /// Opens an invite in the place of one that nobody was let in by.
    pub(crate) fn start(&mut self, inviter: Inviting, context: Context, out: &mut Outputs) {
        out.solved(is_about_an_invite);
        if self.open.as_ref().is_some_and(|invite| !invite.approved) {
            self.cancel(context, out);
        }
        let invite = Invite {
            inviter,
            expires_ms: 0,
            request: None,
            wrong_digits: 0,
            approved: false,
            anchors: Vec::new(),
            request_bytes: Vec::new().into(),
            share_history: false,
            tries: 0,
            made_ms: context.now,
            welcomed: false,
            ask_again_ms: None,
        };
        out.write(invite.record());
        self.open = Some(invite);
        self.reopen(context, out);
    }

    /// Makes sure that the relay has the open invite, and asks for what it holds for it.
    pub(crate) fn reopen(&mut self, context: Context, out: &mut Outputs) {
        self.drop_expired(context, out);
        if !context.online {
            return;
        }
        let Some(invite) = &mut self.open else { return };
        invite.ask_again_ms = (invite.expires_ms == 0 && invite.is_by_code()).then_some(context.now + NAMEPLATE_MS);
        out.send(invite.inviter.open(invite.expires_ms != 0));
    }

    /// The relay looks for a nameplate outside the account's mailbox, so that its answer can be lost though the line
    /// is not.
    pub(crate) fn ask_again(&mut self, context: Context, out: &mut Outputs) {
        if self.open.as_ref().and_then(|invite| invite.ask_again_ms).is_some_and(|at| at <= context.now) {
            self.reopen(context, out);
        }
    }

    /// The number of the code leads to somebody else's invite; nobody has seen it yet.
    pub(crate) fn nameplate_taken(&mut self, context: Context, rng: &mut dyn CryptoRng, out: &mut Outputs) {
        let fresh = self.open.as_mut().filter(|invite| invite.expires_ms == 0);
        let Some(Invite { inviter: Inviting::Code(inviter), tries, .. }) = fresh else {
            return self.failed(ErrorCode::InviteGone, context, out);
        };
        *tries = tries.saturating_add(1);
        if *tries > NAMEPLATES {
            return self.failed(ErrorCode::TooManyInvites, context, out);
        }
        inviter.set_nameplate(Inviting::make_nameplate(*tries, rng));
        self.write(out);
        self.reopen(context, out);
    }

    /// The relay has an invite open until then, by this device's clock.
    pub(crate) fn opened(&mut self, id: InviteId, until_ms: u64, relay: &str, context: Context, out: &mut Outputs) {
        let Some(invite) = self.open.as_mut().filter(|invite| invite.inviter.invite() == id) else { return };
        // Kept by this device's clock; the answer to opening it again changes nothing.
        if invite.expires_ms != 0 {
            return;
        }
        // The relay does not say for how long this device lets anybody in.
        invite.expires_ms = until_ms.clamp(context.now + 1, context.now + limits::INVITE_MS);
        invite.ask_again_ms = None;
        out.write(invite.record());
        let (url, code) = (invite.inviter.url(relay), invite.inviter.code());
        out.notice(Notice::InviteReady { url, code, expires_at: invite.expires_ms });
    }

    /// The relay does not have it, or will not.
    pub(crate) fn failed(&mut self, code: ErrorCode, context: Context, out: &mut Outputs) {
        if code == ErrorCode::InviteGone && self.open.as_ref().is_some_and(|invite| invite.approved) {
            return self.end(out);
        }
        let by_code = self.open.as_ref().is_some_and(Invite::is_by_code);
        if code == ErrorCode::BadEntry {
            // The joiner is not left waiting.
            self.refuse(context, out);
        }
        self.forget(out);
        out.fail(match code {
            ErrorCode::TooManyInvites => Problem::TooManyInvites,
            ErrorCode::BadEntry => Problem::PairingDisturbed,
            ErrorCode::RelayFull | ErrorCode::Unavailable => problem::relay_fault(code),
            _ if by_code => Problem::CodeVoid,
            _ => Problem::InviteGone,
        });
    }

    pub(crate) fn cancel(&mut self, context: Context, out: &mut Outputs) {
        if let Some(invite) = self.open.as_ref().filter(|_| context.online) {
            out.send(ToRelay::InviteCancel { invite: invite.inviter.invite() });
        }
        self.forget(out);
    }

    /// The relay says that an invite is over; whether it was this one.
    pub(crate) fn ended(&mut self, id: InviteId, context: Context, out: &mut Outputs) -> bool {
        let Some(invite) = self.open.as_ref().filter(|invite| invite.inviter.invite() == id) else { return false };
        if context.now.saturating_add(EARLY_MS) < invite.expires_ms && !invite.approved {
            let problem = if invite.is_by_code() { Problem::CodeVoid } else { Problem::InviteWithdrawn };
            self.forget(out);
            out.fail(problem);
        } else {
            self.end(out);
        }
        true
    }

    /// A joiner asks to be let in; whether what it asks for stands.
    pub(crate) fn requested(&mut self, note: &InviteNote, context: Context, out: &mut Outputs) -> bool {
        let Some(invite) = self.open.as_mut().filter(|invite| invite.inviter.invite() == note.invite) else {
            return false;
        };
        if note.step != InviteStep::Request {
            return false;
        }
        let by_code = invite.is_by_code();
        let problem = match invite.inviter.open_request(&note.bytes) {
            Ok(request) => match &invite.request {
                Some(known) if *known != request => {
                    Some(if by_code { Problem::CodeVoid } else { Problem::PairingDisturbed })
                }
                Some(_) => None,
                None => {
                    let name = request.name.clone();
                    invite.request = Some(request);
                    invite.request_bytes = note.bytes.clone();
                    out.write(invite.record());
                    out.notice(Notice::JoinRequested { name, needs_digits: !by_code });
                    None
                }
            },
            Err(PairingError::BadName) => Some(Problem::BadNewcomerName),
            // It was a guess, the only one there is.
            Err(PairingError::Disturbed) if by_code => Some(Problem::WrongCode),
            // Nobody without the link's secret could have claimed it: the relay is playing tricks.
            Err(PairingError::Disturbed) => Some(Problem::PairingDisturbed),
        };
        if let Some(problem) = problem {
            self.turn_away(context, out);
            out.fail(problem);
            return false;
        }
        self.send_reveal(out);
        self.welcome_sent = false;
        true
    }

    /// The person lets the device in whose digits these are; `anchors` is where it begins, unless it may read all.
    pub(crate) fn approve(
        &mut self,
        digits: Option<&str>,
        share_history: bool,
        anchors: Vec<Anchor>,
        context: Context,
        out: &mut Outputs,
    ) -> Result<(), Problem> {
        let invite = self.open.as_mut().ok_or(Problem::NoRequest)?;
        let request = invite.request.as_ref().ok_or(Problem::NoRequest)?;
        let expected = invite.inviter.digits(request);
        if expected.zip(digits).is_some_and(|(expected, digits)| !expected.matches(digits)) {
            invite.wrong_digits += 1;
            out.write(invite.record());
            if invite.wrong_digits < TRIES {
                return Err(Problem::DigitsDiffer);
            }
            self.refuse(context, out);
            return Err(Problem::WrongDigits);
        }
        invite.approved = true;
        invite.expires_ms = invite.expires_ms.max(context.now + HAND_OVER_MS);
        invite.share_history = share_history;
        invite.anchors = if share_history { Vec::new() } else { anchors };
        out.write(invite.record());
        Ok(())
    }

    /// Turns the joiner away.
    pub(crate) fn refuse(&mut self, context: Context, out: &mut Outputs) {
        let Some(invite) = &self.open else { return };
        if context.online {
            out.send(invite.note(InviteStep::Refuse, vec![0]));
        }
        self.forget(out);
    }

    /// Refuses, and leaves nothing at the relay that could be tried again.
    fn turn_away(&mut self, context: Context, out: &mut Outputs) {
        let Some(invite) = &self.open else { return };
        let cancel = ToRelay::InviteCancel { invite: invite.inviter.invite() };
        self.refuse(context, out);
        if context.online {
            out.send(cancel);
        }
    }

    /// After approval: the joiner is appended to the log until it stands there, then welcomed, once on each line.
    pub(crate) fn next_step(&self, log: &Membership) -> Option<Step> {
        let invite = self.open.as_ref().filter(|invite| invite.approved)?;
        let request = invite.request.as_ref()?;
        if log.member(&request.device_id()).is_none() {
            return Some(Step::Add(request.clone()));
        }
        let (share_history, anchors) = (invite.share_history, invite.anchors.clone());
        (!self.welcome_sent).then_some(Step::Welcome { share_history, anchors })
    }

    /// Hands the account over.
    pub(crate) fn welcome(&mut self, joined: &Joined, rng: &mut dyn CryptoRng, out: &mut Outputs) {
        let Some(invite) = &mut self.open else { return };
        let Some(request) = &invite.request else { return };
        let Ok(bytes) = invite.inviter.welcome(&invite.request_bytes, request, joined, rng) else {
            return self.end(out);
        };
        self.welcome_sent = true;
        out.send(invite.note(InviteStep::Welcome, bytes));
        if !invite.welcomed {
            invite.welcomed = true;
            out.write(invite.record());
            out.solved(is_handing_over);
        }
    }

    fn send_reveal(&self, out: &mut Outputs) {
        let Some(invite) = &self.open else { return };
        let Some(request) = &invite.request else { return };
        if let Ok(bytes) = invite.inviter.reveal(&invite.request_bytes, request) {
            out.send(invite.note(InviteStep::Reveal, bytes));
        }
    }

    /// When something is due.
    pub(crate) fn next_due(&self, now: u64) -> Option<u64> {
        let invite = self.open.as_ref()?;
        [Some(invite.ends_ms()), invite.ask_again_ms].into_iter().flatten().filter(|at| *at > now).min()
    }

    pub(crate) fn drop_expired(&mut self, context: Context, out: &mut Outputs) {
        let now = context.now;
        let Some(invite) = &mut self.open else { return };
        // What is further off than any invite lives was noted before the clock was put back.
        let latest = now + limits::INVITE_MS;
        if invite.ends_ms() > latest {
            invite.made_ms = now;
            invite.expires_ms = invite.expires_ms.min(latest);
            out.write(invite.record());
        } else if invite.ends_ms() <= now {
            self.end(out);
        }
    }

    /// Its time is over. That is no news where nobody has come, and where all is done.
    fn end(&mut self, out: &mut Outputs) {
        let Some(invite) = &self.open else { return };
        let name = invite.request.as_ref().map(|request| request.name.clone());
        let problem = match name {
            Some(_) if invite.welcomed => None,
            Some(name) if invite.approved => Some(Problem::InviteUnfinished { name }),
            Some(name) => Some(Problem::InviteUnanswered { name }),
            None if invite.expires_ms == 0 => Some(Problem::InviteUnopened),
            None => None,
        };
        self.forget(out);
        if let Some(problem) = problem {
            out.fail(problem);
        }
    }

    /// It is gone, whatever came of it.
    pub(crate) fn forget(&mut self, out: &mut Outputs) {
        if self.open.take().is_some() {
            out.write(delete(INVITE));
            out.solved(is_handing_over);
        }
    }

    fn write(&self, out: &mut Outputs) {
        if let Some(invite) = &self.open {
            out.write(invite.record());
        }
    }

    /// As a person sees it, at this relay; not once the joiner is let in. `is_called` tells whether a device has this
    /// name.
    pub(crate) fn present(&self, relay: &str, is_called: impl Fn(&str) -> bool) -> Option<InviteView> {
        let invite = self.open.as_ref().filter(|invite| !invite.approved)?;
        let is_ready = invite.expires_ms > 0;
        let request = invite.request.as_ref();
        Some(InviteView {
            id: invite.inviter.invite().to_hex(),
            by_code: invite.is_by_code(),
            secret: is_ready.then(|| invite.inviter.code().unwrap_or_else(|| invite.inviter.url(relay))),
            expires_at: invite.expires_ms,
            request: request.map(|request| request.name.clone()),
            device: request.map(|request| request.device_id().to_hex()),
            namesake: request.is_some_and(|request| is_called(&request.name)),
            wrong_digits: invite.wrong_digits > 0,
        })
    }
}

impl Invite {
    /// When it is over, by this device's clock.
    const fn ends_ms(&self) -> u64 {
        if self.expires_ms == 0 { self.made_ms.saturating_add(limits::INVITE_MS) } else { self.expires_ms }
    }

    const fn is_by_code(&self) -> bool {
        matches!(self.inviter, Inviting::Code(_))
    }

    fn note(&self, step: InviteStep, bytes: Vec<u8>) -> ToRelay {
        ToRelay::InviteNote(InviteNote { invite: self.inviter.invite(), step, bytes: bytes.into() })
    }

    fn record(&self) -> Write {
        put(INVITE, self)
    }
}

fn is_handing_over(problem: &Problem) -> bool {
    *problem == Problem::InviteHandingOver
}

fn is_about_an_invite(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::InviteUnopened
            | Problem::InviteUnanswered { .. }
            | Problem::InviteUnfinished { .. }
            | Problem::InviteWithdrawn
    )
}
