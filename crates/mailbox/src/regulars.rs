//! Who has been here before. Behind one address there may be a family and a stranger, or a whole town, and the
//! stranger can use up what the address may do. Those whose devices have lately signed in from there have an
//! allowance of their own, which nobody can use up without knowing their mailbox.

use std::collections::HashMap;

use hushclip_protocol::ids::MailboxId;
use hushclip_protocol::limits;

use crate::Peer;
use crate::rate::Bucket;

/// Pairs remembered at a time.
const PAIRS: usize = 10_000;
/// When there are more, those that have not been here for this long are forgotten, in milliseconds.
const LATELY_MS: u64 = 24 * 60 * 60 * 1000;

/// Mailboxes that devices have signed in to, by the address they did so from. Each process of a relay keeps its own.
#[derive(Debug, Default)]
pub struct Regulars {
    known: HashMap<(Peer, MailboxId), Regular>,
}

#[derive(Debug, Default)]
struct Regular {
    sockets: Bucket,
    seen_ms: u64,
}

impl Regulars {
    /// Notes that a device of this mailbox has signed in from there.
    pub fn note(&mut self, peer: Peer, mailbox: MailboxId, now: u64) {
        if peer == Peer::Local {
            return;
        }
        if self.known.len() >= PAIRS && !self.known.contains_key(&(peer, mailbox)) {
            self.known.retain(|_, regular| now.saturating_sub(regular.seen_ms) < LATELY_MS);
            if self.known.len() >= PAIRS {
                return;
            }
        }
        self.known.entry((peer, mailbox)).or_default().seen_ms = now;
    }

    /// Lets in a socket to this mailbox if the mailbox is known from that address and has not used up its allowance,
    /// [`limits::REGULARS_PER_MINUTE`]. Whoever is not let in by this may still be by the address's own allowance.
    pub fn let_in(&mut self, peer: Peer, mailbox: MailboxId, now: u64) -> bool {
        let known = self.known.get_mut(&(peer, mailbox));
        known.is_some_and(|regular| regular.sockets.spend(limits::REGULARS_PER_MINUTE, now).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home_address() -> Peer {
        Peer::named(Some("192.0.2.1"))
    }

    #[test]
    fn whoever_has_signed_in_from_an_address_has_an_allowance_there_and_nobody_else() {
        let (home, other) = (MailboxId::from_bytes([1; 16]), MailboxId::from_bytes([2; 16]));
        let mut regulars = Regulars::default();
        assert!(!regulars.let_in(home_address(), home, 0));
        regulars.note(home_address(), home, 0);
        assert!(
            !regulars.let_in(home_address(), other, 0) && !regulars.let_in(Peer::named(Some("192.0.2.2")), home, 0)
        );
        for _ in 0..limits::REGULARS_PER_MINUTE {
            assert!(regulars.let_in(home_address(), home, 0));
        }
        assert!(!regulars.let_in(home_address(), home, 0));
        assert!(regulars.let_in(home_address(), home, 60_000));
        regulars.note(Peer::Local, home, 0);
        assert_eq!(regulars.known.len(), 1, "this machine stands for nobody in particular");
    }

    #[test]
    fn memory_for_them_is_bounded_and_newcomers_do_not_push_regulars_out() {
        let mut regulars = Regulars::default();
        let mailbox = |n: usize| MailboxId::from_bytes((n as u128).to_be_bytes());
        for n in 0..PAIRS + 5 {
            regulars.note(home_address(), mailbox(n), 0);
        }
        assert!(regulars.known.len() == PAIRS && regulars.let_in(home_address(), mailbox(0), 0));
        regulars.note(home_address(), mailbox(PAIRS), LATELY_MS);
        assert!(regulars.let_in(home_address(), mailbox(PAIRS), LATELY_MS));
    }
}
