//! Letting a device in: open an invite, answer one request, check the digits, append to the log,
//! hand the account over. Each step is repeated after a lost connection until it is answered.

use hushclip_crypto::log::make_add_device;
use hushclip_crypto::pairing::{Inviter, Joined, Named};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{InviteNote, InviteStep, ToRelay};
use hushclip_protocol::ids::InviteId;
use rand_core::CryptoRng;

use crate::changes::Wanted;
use crate::line::Phase;
use crate::state::Invite;
use crate::{Engine, Notice, problem};

/// Wrong digits after which a device is turned away.
const TRIES: u8 = 3;

impl Engine {
    pub(crate) fn start_invite(&mut self, rng: &mut dyn CryptoRng) {
        if !self.require_member() {
            return;
        }
        if self.invite.as_ref().is_some_and(|invite| !invite.approved) {
            self.cancel_invite();
        }
        let Some(account) = &self.account else { return };
        let invite = Invite {
            inviter: Inviter::make(account.id.mailbox(), rng),
            expires_ms: 0,
            request: None,
            wrong_digits: 0,
            approved: false,
            cursor: 0,
        };
        self.persist(invite.record());
        self.invite = Some(invite);
        self.reopen_invite();
    }

    /// Makes sure that the relay has the open invite, and asks for what it holds for it.
    pub(crate) fn reopen_invite(&mut self) {
        self.drop_expired_invite();
        if self.line.phase != Phase::Online {
            return;
        }
        let Some(invite) = &self.invite else { return };
        let open = ToRelay::InviteOpen {
            invite: invite.inviter.invite(),
            claim_hash: invite.inviter.claim_hash(),
            offer: invite.inviter.offer().into(),
            again: invite.expires_ms != 0,
        };
        self.send(&open);
    }

    pub(crate) fn invite_opened(&mut self, id: InviteId, expires_ms: u64) {
        let Some(account) = &self.account else { return };
        let relay = account.relay.origin();
        let Some(invite) = self.invite.as_mut().filter(|i| i.inviter.invite() == id) else { return };
        // Kept by this device's clock; the answer to opening it again changes nothing.
        if invite.expires_ms != 0 {
            return;
        }
        let expires_ms = expires_ms.saturating_add_signed(self.clock_ahead_ms);
        invite.expires_ms = expires_ms;
        let write = invite.record();
        let url = invite.inviter.link(&relay).to_url(&relay);
        self.persist(write);
        self.notice(Notice::InviteReady { url, code: None, expires_at: expires_ms });
    }

    pub(crate) fn invite_failed(&mut self, code: ErrorCode) {
        let completed = self.invite.as_ref().is_some_and(|invite| invite.approved);
        if code == ErrorCode::BadEntry {
            // The joiner is not left waiting.
            self.refuse();
        }
        self.drop_invite();
        if completed && code == ErrorCode::InviteGone {
            return;
        }
        self.fail(match code {
            ErrorCode::TooManyInvites => problem::too_many_invites(),
            ErrorCode::BadEntry => problem::pairing_disturbed(),
            _ => problem::invite_gone(),
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
        if self.invite.as_ref().is_some_and(|i| i.inviter.invite() == id) {
            self.drop_invite();
        } else if self.join.as_ref().is_some_and(|j| j.joiner.invite() == id) {
            self.join_failed(problem::invite_gone());
        }
    }

    pub(crate) fn invite_note(&mut self, note: &InviteNote, rng: &mut dyn CryptoRng) {
        if self.join.as_ref().is_some_and(|join| join.joiner.invite() == note.invite) {
            return self.joiner_note(note, rng);
        }
        let Some(invite) = self.invite.as_mut().filter(|i| i.inviter.invite() == note.invite) else { return };
        if note.step != InviteStep::Request {
            return;
        }
        let Ok(request) = invite.inviter.open_request(&note.bytes) else {
            // Nobody without the link's secret could have claimed it, so the relay is playing tricks.
            self.cancel_invite();
            return self.fail(problem::pairing_disturbed());
        };
        match &invite.request {
            Some(known) if *known != request => {
                self.cancel_invite();
                return self.fail(problem::pairing_disturbed());
            }
            Some(_) => {}
            None => {
                let name = request.name.clone();
                invite.request = Some(request);
                let write = invite.record();
                self.persist(write);
                self.notice(Notice::JoinRequested { name, needs_digits: true });
            }
        }
        self.send_reveal();
        self.go_on_with_invite(rng);
    }

    pub(crate) fn approve(&mut self, digits: Option<&str>, rng: &mut dyn CryptoRng) {
        let cursor = self.account.as_ref().map_or(0, |a| a.cursor);
        let Some(invite) = &mut self.invite else { return self.fail(problem::no_request()) };
        let Some(request) = &invite.request else { return self.fail(problem::no_request()) };
        if digits.is_some_and(|digits| !invite.inviter.digits(request).matches(digits)) {
            invite.wrong_digits += 1;
            let spent = invite.wrong_digits >= TRIES;
            let write = invite.record();
            self.persist(write);
            if spent {
                self.refuse();
                self.fail(problem::too_many_wrong_digits());
            }
            return;
        }
        invite.approved = true;
        invite.cursor = cursor;
        let write = invite.record();
        self.persist(write);
        self.go_on_with_invite(rng);
    }

    pub(crate) fn refuse(&mut self) {
        let Some(invite) = &self.invite else { return };
        let note = InviteNote { invite: invite.inviter.invite(), step: InviteStep::Refuse, bytes: vec![0].into() };
        if self.line.phase == Phase::Online {
            self.send(&ToRelay::InviteNote(note));
        }
        self.drop_invite();
    }

    /// After approval: append to the log until the joiner stands in it, then welcome it.
    pub(crate) fn go_on_with_invite(&mut self, rng: &mut dyn CryptoRng) {
        if self.line.phase != Phase::Online || !self.log_sync.is_newest {
            return;
        }
        let (Some(invite), Some(account), Some(identity)) = (&self.invite, &self.account, &self.identity) else {
            return;
        };
        let (true, Some(request), Some(log)) = (invite.approved, &invite.request, &account.membership) else { return };
        let device = request.device_id();
        if log.member(&device).is_none() {
            let Ok((entry, _)) = make_add_device(&identity.keys, log, request, rng) else {
                self.cancel_invite();
                return self.fail(problem::pairing_disturbed());
            };
            return self.append_to_log(Wanted::Add, entry);
        }
        let joined = Joined {
            account: account.id,
            log_seq: log.seq(),
            log_head: log.head(),
            cursor: invite.cursor,
            older: Vec::new(),
            names: account.names.iter().map(|(d, name)| Named { device: *d, name: name.clone() }).collect(),
        };
        let Ok(bytes) = invite.inviter.welcome(request, &joined, rng) else { return };
        let note = InviteNote { invite: invite.inviter.invite(), step: InviteStep::Welcome, bytes: bytes.into() };
        self.send(&ToRelay::InviteNote(note));
    }

    fn send_reveal(&mut self) {
        let Some(invite) = &self.invite else { return };
        let note = InviteNote {
            invite: invite.inviter.invite(),
            step: InviteStep::Reveal,
            bytes: invite.inviter.reveal().into(),
        };
        self.send(&ToRelay::InviteNote(note));
    }

    pub(crate) fn invite_expiry(&self) -> Option<u64> {
        self.invite.as_ref().map(|invite| invite.expires_ms).filter(|at| *at > self.now)
    }

    pub(crate) fn drop_expired_invite(&mut self) {
        if self.invite.as_ref().is_some_and(|i| i.expires_ms != 0 && i.expires_ms <= self.now) {
            self.drop_invite();
        }
    }

    fn drop_invite(&mut self) {
        if self.invite.take().is_some() {
            self.persist(Invite::delete());
        }
    }
}
