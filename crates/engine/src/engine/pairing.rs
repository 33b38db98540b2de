//! Connects pairing to the other parts: appends a newcomer to the log, hands the account over, and sends the frames.

use hushclip_crypto::log::make_add_device;
use hushclip_crypto::pairing::Joined;
use hushclip_model::Problem;
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::InviteNote;
use hushclip_protocol::ids::InviteId;
use hushclip_protocol::limits;
use rand_core::CryptoRng;

use super::Engine;
use crate::changes::Wanted;
use crate::identity::Identity;
use crate::log::Log;
use crate::pairing::{Came, Invites, Inviting, Joining, Joins, Newcomer, Overdue, Step};
use crate::part::{Context, Outputs};
use crate::problem;
use crate::relay::Relay;
use crate::relay_line::Place;
use crate::state::{Account, delete_device};

impl Engine {
    fn invites<T>(&mut self, act: impl FnOnce(&mut Invites, Context, &mut Outputs) -> T) -> T {
        let (context, mut out) = (self.context(), Outputs::default());
        let done = act(&mut self.invites, context, &mut out);
        self.carry_out(out);
        done
    }

    fn joins<T>(&mut self, act: impl FnOnce(&mut Joins, &mut Outputs) -> T) -> T {
        let mut out = Outputs::default();
        let done = act(&mut self.joins, &mut out);
        self.carry_out(out);
        done
    }

    pub(super) fn start_invite(&mut self, rng: &mut dyn CryptoRng) -> Result<(), Problem> {
        let inviter = Inviting::by_link(self.inviting_account()?.id().mailbox(), rng);
        self.invites(|invites, context, out| invites.start(inviter, context, out));
        Ok(())
    }

    pub(super) fn start_code(&mut self, rng: &mut dyn CryptoRng) -> Result<(), Problem> {
        let account = self.inviting_account()?;
        let inviter = Inviting::by_code(account.id().mailbox(), account.relay.host(), rng);
        self.invites(|invites, context, out| invites.start(inviter, context, out));
        Ok(())
    }

    /// The account, if it can have an invite: there is one at a time.
    fn inviting_account(&self) -> Result<&Account, Problem> {
        if self.invites.is_handing_over() {
            return Err(Problem::InviteHandingOver);
        }
        self.require_member()?;
        self.account.as_ref().ok_or(Problem::NoAccount)
    }

    pub(super) fn nameplate_taken(&mut self, rng: &mut dyn CryptoRng) {
        self.invites(|invites, context, out| invites.nameplate_taken(context, rng, out));
    }

    pub(super) fn reopen_invite(&mut self) {
        self.invites(Invites::reopen);
    }

    pub(super) fn ask_again_for_code(&mut self) {
        self.invites(Invites::ask_again);
    }

    pub(super) fn drop_expired_invite(&mut self) {
        self.invites(Invites::drop_expired);
    }

    pub(super) fn cancel_invite(&mut self) {
        self.invites(Invites::cancel);
    }

    pub(super) fn refuse(&mut self) {
        self.invites(Invites::refuse);
    }

    pub(super) fn invite_failed(&mut self, code: ErrorCode) {
        self.invites(|invites, context, out| invites.failed(code, context, out));
    }

    pub(super) fn invite_opened(&mut self, id: InviteId, expires_ms: u64) {
        let Some(relay) = self.account.as_ref().map(|account| account.relay.origin()) else { return };
        let until_ms = expires_ms.saturating_add_signed(self.relay.clock_ahead_ms);
        self.invites(|invites, context, out| invites.opened(id, until_ms, &relay, context, out));
    }

    pub(super) fn invite_ended(&mut self, id: InviteId) {
        let is_ours = self.invites(|invites, context, out| invites.ended(id, context, out));
        if !is_ours && self.joins.is_by(id) {
            self.join_failed(self.joins.ended());
        }
    }

    pub(super) fn invite_note(&mut self, note: &InviteNote, rng: &mut dyn CryptoRng) {
        if self.joins.takes(note) {
            self.joiner_note(note, rng);
        } else if self.invites(|invites, context, out| invites.requested(note, context, out)) {
            self.go_on_with_invite(rng);
        }
    }

    pub(super) fn approve(
        &mut self,
        digits: Option<&str>,
        share_history: bool,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Problem> {
        let anchors = self.relay.place.anchors();
        self.invites(|invites, context, out| invites.approve(digits, share_history, anchors, context, out))?;
        self.go_on_with_invite(rng);
        Ok(())
    }

    /// After approval: appends to the log until the joiner stands in it, then welcomes it.
    pub(super) fn go_on_with_invite(&mut self, rng: &mut dyn CryptoRng) {
        self.drop_expired_invite();
        if !self.line.is_online() || !self.log_sync.is_newest {
            return;
        }
        let Some(log) = self.log() else { return };
        match log.members().and_then(|members| self.invites.next_step(members)) {
            None => {}
            Some(Step::Add(request)) => {
                let device = request.device_id();
                if !self.append(Wanted::Add(device), |keys, log| make_add_device(keys, log, &request, rng)) {
                    self.cancel_invite();
                    self.fail(Problem::PairingDisturbed);
                }
            }
            Some(Step::Welcome { share_history, anchors }) => {
                let Some(joined) = log.hand_over(share_history, anchors) else { return };
                self.invites(|invites, _, out| invites.welcome(&joined, rng, out));
            }
        }
    }

    pub(super) fn start_join(
        &mut self,
        link: &str,
        at: Option<&str>,
        name: &str,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Problem> {
        self.check_free()?;
        let (joiner, name) = Joins::by_link(link, at, name, rng)?;
        self.put_join(joiner, &name, rng);
        Ok(())
    }

    pub(super) fn start_join_by_code(
        &mut self,
        relay: &str,
        code: &str,
        name: &str,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Problem> {
        self.check_free()?;
        let (joiner, name) = self.joins.by_code(relay, code, name, rng)?;
        self.put_join(joiner, &name, rng);
        Ok(())
    }

    fn check_free(&self) -> Result<(), Problem> {
        let taken = self.account.as_ref().is_some_and(Account::is_usable);
        if taken { Err(Problem::AlreadyMember) } else { Ok(()) }
    }

    fn put_join(&mut self, joiner: Joining, name: &str, rng: &mut dyn CryptoRng) {
        if self.account.is_some() {
            self.drop_account();
        }
        let (identity, now) = (Identity::make(name, self.now, rng), self.now);
        self.persist(identity.record());
        self.identity = Some(identity);
        self.joins(|joins, out| joins.start(joiner, now, out));
        self.notices.dismiss_problem();
        self.connect();
    }

    pub(super) fn cancel_join(&mut self) {
        // In, but not all the way: the relay does not have the account yet, or this device not its log.
        if self.account.as_ref().is_some_and(|account| !account.is_usable()) {
            return self.drop_account();
        }
        if self.joins(Joins::cancel) {
            self.identity = None;
            self.persist(delete_device());
            self.connect();
        }
    }

    pub(super) fn join_failed(&mut self, problem: Problem) {
        self.cancel_join();
        self.fail(problem);
    }

    pub(super) fn claim(&mut self) {
        if let Some(claim) = self.joins.claim() {
            self.send(&claim);
        }
    }

    pub(super) fn claim_refused(&mut self, code: ErrorCode, rng: &mut dyn CryptoRng) {
        if let Some(problem) = self.joins.claim_refused(code) {
            return self.join_failed(problem);
        }
        if matches!(code, ErrorCode::RelayFull | ErrorCode::Unavailable) {
            self.fail(problem::relay_fault(code));
        }
        self.hang_up(rng);
    }

    fn joiner_note(&mut self, note: &InviteNote, rng: &mut dyn CryptoRng) {
        let Some(keys) = self.identity.as_ref().map(|identity| identity.keys.clone()) else { return };
        match self.joins(|joins, out| joins.step(note, &keys, rng, out)) {
            Came::Further => {}
            Came::ToPeople => self.line.joining(self.now),
            Came::Nowhere(problem) => self.join_failed(problem),
            Came::In(joined, relay) => self.come_in(*joined, relay),
        }
    }

    /// The account was handed over: its log has to show now that this device is in it.
    fn come_in(&mut self, mut joined: Joined, relay: Relay) {
        let mut anchors = std::mem::take(&mut joined.anchors);
        anchors.truncate(limits::ANCHORS);
        let log = Log::handed(joined, self.now);
        self.relay.place = Place::new(0, anchors, false);
        self.begin_account(Account { registered: true, new_here: true, ..Account::new(relay, log) });
        // The same socket cannot become a member's: sign in on a new one.
        self.line.leave();
        self.connect();
    }

    /// Whether this device was handed an account and has not found itself in it yet.
    pub(super) fn is_newcomer(&self) -> bool {
        self.newcomer().is_some()
    }

    fn newcomer(&self) -> Option<Newcomer> {
        let account = self.account.as_ref().filter(|_| !self.joins.is_under_way())?;
        let since_ms = self.outbox.sent_ms();
        (!account.log.reaches_anchor()).then_some(Newcomer { since_ms, is_heard: self.relay.heard_ms > since_ms })
    }

    /// The relay turns a newcomer away. It may be that it has not heard yet; not for long.
    pub(super) fn newcomer_refused(&mut self) -> bool {
        if !self.is_newcomer() {
            return false;
        }
        let over = self.joins.newcomer_refused();
        if over {
            self.join_failed(Problem::JoinUnfinished);
        }
        over
    }

    /// When joining has taken too long.
    pub(super) fn join_deadline(&self) -> Option<u64> {
        self.joins.deadline(self.newcomer())
    }

    pub(super) fn end_overlong_join(&mut self) {
        let now = self.now;
        self.joins(|joins, out| joins.mind_clock(now, out));
        if self.is_newcomer() {
            self.outbox(|outbox, out| outbox.mind_clock(now, out));
        }
        match self.joins.overdue(self.newcomer(), now) {
            None => {}
            Some(Overdue::TryAgain) => self.connect(),
            Some(Overdue::Over(problem)) => self.join_failed(problem),
        }
    }

    pub(super) fn confirm_account(&mut self) {
        if let Some(account) = self.account.as_mut().filter(|account| account.new_here) {
            account.new_here = false;
            self.persist_account();
        }
    }
}
