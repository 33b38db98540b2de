//! What waits to be sent and is not taken, whatever the relay says to it: that is told, and tried less and less often.

use hushclip_model::Problem;
use rand_core::CryptoRng;

use crate::Engine;

/// How long nothing may be taken on a line before that is said, milliseconds.
const TOLD_MS: u64 = 10 * 60_000;
/// For how long it is tried as the relay's answers say; from then on with pauses, milliseconds.
const EAGER_MS: u64 = 60_000;
/// The longest pause.
const PAUSE_MS: u64 = 10 * 60_000;
/// How much of a silence counts, milliseconds: a line is never silent for longer, and a device that slept was on none.
const SILENCE_MS: u64 = 30_000;

/// For how long the relay has taken nothing.
#[derive(Debug, Default)]
pub(crate) struct Untaken {
    /// On lines, since something was pushed that waits still; `None`: nothing waits.
    for_ms: Option<u64>,
    /// When the next push is tried.
    next_at: Option<u64>,
    told: bool,
}

impl Engine {
    /// Something is pushed.
    pub(crate) fn note_push(&mut self) {
        self.untaken.for_ms.get_or_insert(0);
    }

    /// The relay has taken something, or nothing waits any more.
    pub(crate) fn note_taken(&mut self) {
        self.untaken = Untaken::default();
        self.solved(|problem| *problem == Problem::RelayTakesNothing);
    }

    /// The relay is heard, for the first time since then.
    pub(crate) fn count_untaken(&mut self, heard_ms: u64) {
        // Those are told by themselves.
        if self.log_is_withheld() || self.wants_removal() {
            return;
        }
        let Some(for_ms) = &mut self.untaken.for_ms else { return };
        *for_ms += self.now.saturating_sub(heard_ms).min(SILENCE_MS);
        if *for_ms >= TOLD_MS && !std::mem::replace(&mut self.untaken.told, true) && !self.is_refusal_shown() {
            self.fail(Problem::RelayTakesNothing);
        }
    }

    /// What is shown says already why nothing is taken.
    fn is_refusal_shown(&self) -> bool {
        matches!(
            self.notices.problem(),
            Some(
                Problem::RelayFull
                    | Problem::RelayNoSpace
                    | Problem::RelayUnavailable
                    | Problem::RelayRefused
                    | Problem::ListUnsaved
            )
        )
    }

    /// A push was not taken for a reason that should pass by itself at once, and has not for a while.
    pub(crate) fn put_off_push(&mut self) {
        let for_ms = self.untaken.for_ms.unwrap_or_default();
        self.untaken.next_at = (for_ms >= EAGER_MS).then_some(self.now + (for_ms / 8).min(PAUSE_MS));
    }

    /// When the next push is tried, if it waits.
    pub(crate) fn next_push(&self) -> Option<u64> {
        self.untaken.next_at.filter(|at| *at > self.now && *at <= self.now + PAUSE_MS)
    }

    /// Tries the next push, if it is time.
    pub(crate) fn push_after_pause(&mut self, rng: &mut dyn CryptoRng) {
        if self.untaken.next_at.is_some() && self.next_push().is_none() {
            self.untaken.next_at = None;
            self.flush(rng);
        }
    }
}
