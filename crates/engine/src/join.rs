//! Coming into an account through a link or a typed code.

use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::pairing::{Code, CodeJoiner, Joiner, Link};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{InviteNote, InviteStep, ToRelay};
use hushclip_protocol::ids::InviteId;
use hushclip_protocol::limits;
use rand_core::CryptoRng;

use crate::exchange::Joining;
use crate::line::Phase;
use crate::relay::Relay;
use crate::state::{Account, Identity, Join, delete_device};
use crate::view::Problem;
use crate::{Engine, Notice, problem};

impl Engine {
    pub(crate) fn start_join(&mut self, link: &str, name: &str, rng: &mut dyn CryptoRng) {
        if self.account.as_ref().is_some_and(Account::is_usable) {
            return self.fail(problem::already_member());
        }
        let link = match Link::parse(link) {
            Ok(link) => link,
            Err(error) => return self.fail(problem::bad_link(error)),
        };
        if Relay::parse(&link.relay).is_none() {
            return self.fail(problem::bad_relay());
        }
        let name = name.trim();
        if name.is_empty() {
            return self.fail(problem::bad_name());
        }
        let joiner = Joining::Link(Joiner::make(&link, name, rng));
        self.put_join(joiner, name, rng);
    }

    pub(crate) fn start_join_by_code(&mut self, relay: &str, code: &str, name: &str, rng: &mut dyn CryptoRng) {
        if self.account.as_ref().is_some_and(Account::is_usable) {
            return self.fail(problem::already_member());
        }
        let code = match Code::parse(code) {
            Ok(code) => code,
            Err(error) => return self.fail(problem::bad_code(&error)),
        };
        let Some(relay) = Relay::parse(relay) else { return self.fail(problem::bad_relay()) };
        let name = name.trim();
        if name.is_empty() {
            return self.fail(problem::bad_name());
        }
        let joiner = Joining::Code(CodeJoiner::make(code, &relay.origin(), relay.host(), name, rng));
        self.put_join(joiner, name, rng);
    }

    fn put_join(&mut self, joiner: Joining, name: &str, rng: &mut dyn CryptoRng) {
        if self.account.is_some() {
            self.leave();
        }
        let identity = Identity::new(DeviceKeys::make(rng), name, self.now);
        let join = Join { joiner, offer: None, reveal: None };
        self.persist(identity.record());
        self.persist(join.record());
        self.identity = Some(identity);
        self.join = Some(join);
        self.problem = None;
        self.connect();
    }

    pub(crate) fn cancel_join(&mut self) {
        // In, but not all the way: the relay does not have the account yet, or this device not its log.
        if self.account.as_ref().is_some_and(|account| !account.is_usable()) {
            return self.leave();
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

    pub(crate) fn claim(&mut self) {
        let Some(join) = &self.join else { return };
        let claim = join.joiner.claim();
        self.send(&claim);
    }

    /// Whether a step of the exchange is one of ours. The first one tells a code where its invite is.
    pub(crate) fn join_takes(&self, note: &InviteNote) -> bool {
        let Some(join) = &self.join else { return false };
        let known = join.joiner.invite(join.offer());
        let told = || CodeJoiner::place(&note.bytes).is_ok_and(|(invite, _)| invite == note.invite);
        known == Some(note.invite) || (known.is_none() && note.step == InviteStep::Offer && told())
    }

    pub(crate) fn join_is_for(&self, id: InviteId) -> bool {
        self.join.as_ref().and_then(|join| join.joiner.invite(join.offer())) == Some(id)
    }

    pub(crate) fn claim_refused(&mut self, code: ErrorCode, rng: &mut dyn CryptoRng) {
        match code {
            ErrorCode::InviteUsed if self.joins_by_code() => self.join_failed(problem::code_void()),
            ErrorCode::InviteUsed => self.join_failed(problem::invite_used()),
            ErrorCode::InviteGone if self.joins_by_code() => self.join_failed(problem::code_gone()),
            ErrorCode::InviteGone => self.join_failed(problem::invite_gone()),
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
                join.offer = Some(note.bytes.clone());
                let write = join.record();
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
                self.join_failed(if by_code { problem::code_refused() } else { problem::invite_refused() });
            }
            InviteStep::Request => {}
        }
    }

    /// The messages do not fit together.
    fn join_disturbed(&mut self) {
        self.join_failed(if self.joins_by_code() { problem::code_refused() } else { problem::pairing_disturbed() });
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
        account.names = joined.names.into_iter().map(|named| (named.device, named.name)).collect();
        self.account = Some(account);
        self.join = None;
        self.persist(Join::delete());
        self.persist_account();
        // The same socket cannot become a member's: sign in on a new one.
        self.line.phase = Phase::Idle;
        self.connect();
    }
}
