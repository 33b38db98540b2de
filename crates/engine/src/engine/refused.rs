//! What becomes of an item that the relay did not take: it waits, or makes way for those behind it.

use hushclip_model::{Notice, Problem};
use hushclip_protocol::error::ErrorCode;
use rand_core::CryptoRng;

use super::Engine;
use crate::problem;
use crate::relay_line::Behind;

/// How long to wait before what the relay could not do is tried again, milliseconds.
pub(crate) const REFUSED_MS: u64 = 30_000;
/// How long to wait where the relay says again and again that something was missed, milliseconds.
const BEHIND_MS: u64 = 2_000;

impl Engine {
    pub(super) fn push_refused(&mut self, code: ErrorCode, rng: &mut dyn CryptoRng) {
        let (item, after) = self.relay.flight.refused().unzip();
        if matches!(code, ErrorCode::StaleEpoch | ErrorCode::Behind) {
            self.relay.flight.put_off(self.now);
        }
        match code {
            ErrorCode::StaleEpoch => return self.pull_longer_log(),
            ErrorCode::Behind => {
                return match self.relay.flight.is_behind(after, self.relay.place.cursor()) {
                    Behind::Pause => self.line.pause(BEHIND_MS, self.now),
                    Behind::PushAgain => self.flush(rng),
                    Behind::Pull => self.pull_again(),
                    Behind::HangUp => self.hang_up(rng),
                };
            }
            ErrorCode::TooLarge => {
                let most = self.relay.bounds.as_ref().map(|bounds| bounds.envelope_bytes);
                if let Some(bytes) = most.and_then(|most| self.outbox.too_large(item, most)) {
                    if self.outbox.is_payload(item) {
                        return self.give_up_payload(Problem::PayloadTooLarge { bytes }, rng);
                    }
                    self.give_up_front(rng);
                    self.fail(Problem::TooLarge { bytes });
                    return self.flush(rng);
                }
                self.fail(Problem::RelayRefused);
            }
            // A relay that does not know payloads takes the clips behind it.
            ErrorCode::BadFrame if self.outbox.is_payload(item) => {
                return self.give_up_payload(Problem::PayloadRefused, rng);
            }
            ErrorCode::StorageFull => self.fail(Problem::RelayFull),
            ErrorCode::RelayFull | ErrorCode::Unavailable => self.fail(problem::relay_fault(code)),
            _ => self.fail(Problem::RelayRefused),
        }
        self.line.pause(REFUSED_MS, self.now);
    }

    /// Tells the program, which can send it in some other way; a person can do nothing about it.
    fn give_up_payload(&mut self, problem: Problem, rng: &mut dyn CryptoRng) {
        self.give_up_front(rng);
        self.notice(Notice::Failed { problem });
        self.flush(rng);
    }
}
