//! Letting a device in: open an invite, answer one request, check the digits, append to the log,
//! hand the account over. Each step is repeated after a lost connection until it is answered.

use hushclip_crypto::log::make_add_device;
use hushclip_crypto::pairing::{CodeInviter, Inviter, Joined, Named, OLDER_EPOCHS, OlderEpoch, PairingError};
use hushclip_model::{Notice, Problem};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{InviteNote, InviteStep, ToRelay};
use hushclip_protocol::ids::{DeviceId, InviteId};
use hushclip_protocol::limits;
use hushclip_protocol::log::Membership;
use rand_core::CryptoRng;

use crate::changes::Wanted;
use crate::exchange::Inviting;
use crate::line::Phase;
use crate::state::{Account, Invite};
use crate::{Engine, problem};

/// Wrong digits after which a device is turned away.
const TRIES: u8 = 3;
/// Nameplates tried before giving up, and how many of them are short.
const NAMEPLATES: u8 = 12;
const SHORT_NAMEPLATES: u8 = 4;
/// How long the relay may take to find a nameplate free, milliseconds.
const NAMEPLATE_MS: u64 = 5_000;
/// How much sooner than its time an invite must end to be news.
const EARLY_MS: u64 = 5_000;
/// How long handing over may take, though the time to be let in ends sooner.
const HAND_OVER_MS: u64 = 60_000;

impl Engine {
    pub(crate) fn start_invite(&mut self, rng: &mut dyn CryptoRng) -> Result<(), Problem> {
        let account = self.inviting_account()?;
        let inviter = Inviting::Link(Inviter::make(account.id.mailbox(), rng));
        self.put_invite(inviter);
        Ok(())
    }

    pub(crate) fn start_code(&mut self, rng: &mut dyn CryptoRng) -> Result<(), Problem> {
        let account = self.inviting_account()?;
        let nameplate = make_nameplate(0, rng);
        let inviter = CodeInviter::make(account.id.mailbox(), account.relay.host(), nameplate, rng);
        self.put_invite(Inviting::Code(inviter));
        Ok(())
    }

    /// The account, if it can have an invite: there is one at a time, and the device that a person has let in shall not
    /// be left behind.
    fn inviting_account(&self) -> Result<&Account, Problem> {
        if self.invite.as_ref().is_some_and(|invite| invite.approved && !invite.welcomed) {
            return Err(Problem::InviteHandingOver);
        }
        self.require_member()?;
        self.account.as_ref().ok_or(Problem::NoAccount)
    }

    fn put_invite(&mut self, inviter: Inviting) {
        self.solved(|problem| {
            matches!(
                problem,
                Problem::InviteUnopened
                    | Problem::InviteUnanswered { .. }
                    | Problem::InviteUnfinished { .. }
                    | Problem::InviteWithdrawn
            )
        });
        if self.invite.as_ref().is_some_and(|invite| !invite.approved) {
            self.cancel_invite();
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
            made_ms: self.now,
            welcomed: false,
            ask_again_ms: None,
        };
        self.persist(invite.record());
        self.invite = Some(invite);
        self.reopen_invite();
    }

    /// The number of the code leads to somebody else's invite; nobody has seen it yet.
    pub(crate) fn nameplate_taken(&mut self, rng: &mut dyn CryptoRng) {
        let Some(Invite { inviter: Inviting::Code(inviter), expires_ms: 0, tries, .. }) = &mut self.invite else {
            return self.invite_failed(ErrorCode::InviteGone);
        };
        *tries = tries.saturating_add(1);
        if *tries > NAMEPLATES {
            return self.invite_failed(ErrorCode::TooManyInvites);
        }
        inviter.set_nameplate(make_nameplate(*tries, rng));
        if let Some(write) = self.invite.as_ref().map(Invite::record) {
            self.persist(write);
        }
        self.reopen_invite();
    }

    /// Makes sure that the relay has the open invite, and asks for what it holds for it.
    pub(crate) fn reopen_invite(&mut self) {
        self.drop_expired_invite();
        if self.line.phase != Phase::Online {
            return;
        }
        let ask_again_ms = Some(self.now + NAMEPLATE_MS);
        let Some(invite) = &mut self.invite else { return };
        let open = invite.inviter.open(invite.expires_ms != 0);
        invite.ask_again_ms = ask_again_ms.filter(|_| invite.expires_ms == 0 && invite.is_by_code());
        self.send(&open);
    }

    /// The relay looks for a nameplate outside the account's mailbox, so that its answer can be lost
    /// though the line is not.
    pub(crate) fn ask_again_for_code(&mut self) {
        if self.invite.as_ref().and_then(|invite| invite.ask_again_ms).is_some_and(|at| at <= self.now) {
            self.reopen_invite();
        }
    }

    pub(crate) fn invite_opened(&mut self, id: InviteId, expires_ms: u64) {
        let Some(account) = &self.account else { return };
        let relay = account.relay.origin();
        let Some(invite) = self.invite.as_mut().filter(|i| i.inviter.invite() == id) else { return };
        // Kept by this device's clock; the answer to opening it again changes nothing.
        if invite.expires_ms != 0 {
            return;
        }
        // The relay does not say for how long this device lets anybody in.
        let told = expires_ms.saturating_add_signed(self.clock_ahead_ms);
        let expires_ms = told.clamp(self.now + 1, self.now + limits::INVITE_MS);
        invite.expires_ms = expires_ms;
        invite.ask_again_ms = None;
        let write = invite.record();
        let (url, code) = (invite.inviter.url(&relay), invite.inviter.code());
        self.persist(write);
        self.notice(Notice::InviteReady { url, code, expires_at: expires_ms });
    }

    pub(crate) fn invite_failed(&mut self, code: ErrorCode) {
        if code == ErrorCode::InviteGone && self.invite.as_ref().is_some_and(|invite| invite.approved) {
            return self.invite_over();
        }
        let by_code = self.invite.as_ref().is_some_and(Invite::is_by_code);
        if code == ErrorCode::BadEntry {
            // The joiner is not left waiting.
            self.refuse();
        }
        self.drop_invite();
        self.fail(match code {
            ErrorCode::TooManyInvites => Problem::TooManyInvites,
            ErrorCode::BadEntry => Problem::PairingDisturbed,
            ErrorCode::RelayFull | ErrorCode::Unavailable => problem::relay_fault(code),
            _ if by_code => Problem::CodeVoid,
            _ => Problem::InviteGone,
        });
    }

    pub(crate) fn cancel_invite(&mut self) {
        if let Some(invite) = &self.invite
            && self.line.phase == Phase::Online
        {
            let cancel = ToRelay::InviteCancel { invite: invite.inviter.invite() };
            self.send(&cancel);
        }
        self.drop_invite();
    }

    pub(crate) fn invite_ended(&mut self, id: InviteId) {
        if let Some(invite) = self.invite.as_ref().filter(|i| i.inviter.invite() == id) {
            let early = self.now.saturating_add(EARLY_MS) < invite.expires_ms && !invite.approved;
            let by_code = invite.is_by_code();
            if !early {
                return self.invite_over();
            }
            self.drop_invite();
            self.fail(if by_code { Problem::CodeVoid } else { Problem::InviteWithdrawn });
        } else if self.join_is_for(id) {
            self.join_failed(if self.joins_by_code() { Problem::CodeVoid } else { Problem::InviteGone });
        }
    }

    pub(crate) fn invite_note(&mut self, note: &InviteNote, rng: &mut dyn CryptoRng) {
        if self.join_takes(note) {
            return self.joiner_note(note, rng);
        }
        let Some(invite) = self.invite.as_mut().filter(|i| i.inviter.invite() == note.invite) else { return };
        if note.step != InviteStep::Request {
            return;
        }
        let by_code = invite.is_by_code();
        let request = match invite.inviter.open_request(&note.bytes) {
            Ok(request) => request,
            Err(error) => {
                self.turn_away();
                return self.fail(match error {
                    PairingError::BadName => Problem::BadNewcomerName,
                    // It was a guess, the only one there is.
                    PairingError::Disturbed if by_code => Problem::WrongCode,
                    // Nobody without the link's secret could have claimed it: the relay is playing tricks.
                    PairingError::Disturbed => Problem::PairingDisturbed,
                });
            }
        };
        match &invite.request {
            Some(known) if *known != request => {
                self.turn_away();
                return self.fail(if by_code { Problem::CodeVoid } else { Problem::PairingDisturbed });
            }
            Some(_) => {}
            None => {
                let name = request.name.clone();
                invite.request = Some(request);
                invite.request_bytes = note.bytes.clone();
                let write = invite.record();
                self.persist(write);
                self.notice(Notice::JoinRequested { name, needs_digits: !by_code });
            }
        }
        self.send_reveal();
        self.line.welcome_sent = false;
        self.go_on_with_invite(rng);
    }

    pub(crate) fn approve(
        &mut self,
        digits: Option<&str>,
        share_history: bool,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Problem> {
        let anchors = self.account.as_ref().map(|account| account.anchors.clone()).unwrap_or_default();
        let invite = self.invite.as_mut().ok_or(Problem::NoRequest)?;
        let request = invite.request.as_ref().ok_or(Problem::NoRequest)?;
        let expected = invite.inviter.digits(request);
        if expected.zip(digits).is_some_and(|(expected, digits)| !expected.matches(digits)) {
            invite.wrong_digits += 1;
            let spent = invite.wrong_digits >= TRIES;
            let write = invite.record();
            self.persist(write);
            if !spent {
                return Err(Problem::DigitsDiffer);
            }
            self.refuse();
            return Err(Problem::WrongDigits);
        }
        invite.approved = true;
        invite.expires_ms = invite.expires_ms.max(self.now + HAND_OVER_MS);
        invite.share_history = share_history;
        invite.anchors = if share_history { Vec::new() } else { anchors };
        let write = invite.record();
        self.persist(write);
        self.go_on_with_invite(rng);
        Ok(())
    }

    pub(crate) fn refuse(&mut self) {
        let Some(invite) = &self.invite else { return };
        let note = InviteNote { invite: invite.inviter.invite(), step: InviteStep::Refuse, bytes: vec![0].into() };
        if self.line.phase == Phase::Online {
            self.send(&ToRelay::InviteNote(note));
        }
        self.drop_invite();
    }

    /// Refuses, and leaves nothing at the relay that could be tried again.
    fn turn_away(&mut self) {
        let Some(invite) = &self.invite else { return };
        let cancel = ToRelay::InviteCancel { invite: invite.inviter.invite() };
        self.refuse();
        if self.line.phase == Phase::Online {
            self.send(&cancel);
        }
    }

    /// After approval: append to the log until the joiner stands in it, then welcome it.
    pub(crate) fn go_on_with_invite(&mut self, rng: &mut dyn CryptoRng) {
        self.drop_expired_invite();
        if self.line.phase != Phase::Online || !self.log_sync.is_newest {
            return;
        }
        let (Some(invite), Some(account)) = (&self.invite, &self.account) else { return };
        let (true, Some(request), Some(log)) = (invite.approved, &invite.request, &account.membership) else { return };
        let device = request.device_id();
        if log.member(&device).is_none() {
            let request = request.clone();
            if !self.append(Wanted::Add(device), |keys, log| make_add_device(keys, log, &request, rng)) {
                self.cancel_invite();
                self.fail(Problem::PairingDisturbed);
            }
            return;
        }
        if self.line.welcome_sent {
            return;
        }
        let joined = Joined {
            account: account.id,
            log_seq: log.seq(),
            log_head: log.head(),
            anchors: invite.anchors.clone(),
            older: if invite.share_history { older_epochs(account) } else { Vec::new() },
            names: names_of_members(account, log),
        };
        let Ok(bytes) = invite.inviter.welcome(&invite.request_bytes, request, &joined, rng) else {
            return self.invite_over();
        };
        let note = InviteNote { invite: invite.inviter.invite(), step: InviteStep::Welcome, bytes: bytes.into() };
        self.line.welcome_sent = true;
        self.send(&ToRelay::InviteNote(note));
        if let Some(invite) = self.invite.as_mut().filter(|invite| !invite.welcomed) {
            invite.welcomed = true;
            let write = invite.record();
            self.persist(write);
            self.solved(|problem| *problem == Problem::InviteHandingOver);
        }
    }

    fn send_reveal(&mut self) {
        let Some(invite) = &self.invite else { return };
        let Some(request) = &invite.request else { return };
        let Ok(bytes) = invite.inviter.reveal(&invite.request_bytes, request) else { return };
        let note = InviteNote { invite: invite.inviter.invite(), step: InviteStep::Reveal, bytes: bytes.into() };
        self.send(&ToRelay::InviteNote(note));
    }

    pub(crate) fn invite_expiry(&self) -> Option<u64> {
        let invite = self.invite.as_ref()?;
        [Some(invite.ends_ms()), invite.ask_again_ms].into_iter().flatten().filter(|at| *at > self.now).min()
    }

    pub(crate) fn drop_expired_invite(&mut self) {
        let now = self.now;
        let Some(invite) = &mut self.invite else { return };
        // What is further off than any invite lives was noted before the clock was put back.
        let latest = now + limits::INVITE_MS;
        if invite.ends_ms() > latest {
            invite.made_ms = now;
            invite.expires_ms = invite.expires_ms.min(latest);
            let write = invite.record();
            self.persist(write);
        } else if invite.ends_ms() <= now {
            self.invite_over();
        }
    }

    /// Its time is over. That is no news where nobody has come, and where all is done.
    fn invite_over(&mut self) {
        let Some(invite) = &self.invite else { return };
        let name = invite.request.as_ref().map(|request| request.name.as_str());
        let problem = match name {
            Some(_) if invite.welcomed => None,
            Some(name) if invite.approved => Some(Problem::InviteUnfinished { name: name.to_owned() }),
            Some(name) => Some(Problem::InviteUnanswered { name: name.to_owned() }),
            None if invite.expires_ms == 0 => Some(Problem::InviteUnopened),
            None => None,
        };
        self.drop_invite();
        if let Some(problem) = problem {
            self.fail(problem);
        }
    }

    fn drop_invite(&mut self) {
        if self.invite.take().is_some() {
            self.persist(Invite::delete());
            self.solved(|problem| *problem == Problem::InviteHandingOver);
        }
    }
}

/// The secrets that open what the relay keeps of the time before, newest first.
fn older_epochs(account: &Account) -> Vec<OlderEpoch> {
    let newest = account.membership.as_ref().map_or(0, Membership::epoch);
    let older = account.secrets.range(..newest).rev().take(OLDER_EPOCHS);
    older.map(|(epoch, secret)| OlderEpoch { epoch: *epoch, secret: secret.clone() }).collect()
}

/// Of members only: those who have left would make it longer without end.
fn names_of_members(account: &Account, log: &Membership) -> Vec<Named> {
    let named = |device: &DeviceId| Some(Named { device: *device, name: account.names.get(device)?.clone() });
    log.members().filter_map(|(device, _)| named(device)).collect()
}

/// A number for a code: short at first, longer when the short ones are taken.
fn make_nameplate(tries: u8, rng: &mut dyn CryptoRng) -> u32 {
    let greatest = if tries < SHORT_NAMEPLATES { 99 } else { limits::NAMEPLATE };
    1 + rng.next_u32() % greatest
}
