//! Wrong passphrases make the next try wait: a second, then twice as long each time, up to half a
//! minute. That slows down who types; who has the files is slowed down by Argon2id alone.

const FIRST_MS: u64 = 1_000;
const LONGEST_MS: u64 = 30_000;

/// The wrong passphrases since the last right one.
#[derive(Default)]
pub(crate) struct Tries {
    wrong: u32,
    next: u64,
}

impl Tries {
    /// Until when no passphrase is tried, if that is yet to come.
    pub(crate) fn wait(&self, now: u64) -> Option<u64> {
        // A clock that was set back must not lock anybody out for longer.
        (self.next > now && self.next - now <= LONGEST_MS).then_some(self.next)
    }

    pub(crate) fn wrong(&mut self, now: u64) {
        self.next = now + FIRST_MS.saturating_mul(1 << self.wrong.min(10)).min(LONGEST_MS);
        self.wrong += 1;
    }

    pub(crate) fn right(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute_and_end_with_the_right_one() {
        let mut tries = Tries::default();
        assert_eq!(tries.wait(0), None);
        let mut waits = Vec::new();
        for _ in 0..8 {
            tries.wrong(1_000_000);
            waits.push(tries.wait(1_000_000).unwrap() - 1_000_000);
        }
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!(tries.wait(1_030_000), None, "it is over at that time");
        assert_eq!(tries.wait(0), None, "a clock that was set back");
        tries.right();
        tries.wrong(0);
        assert_eq!(tries.wait(0), Some(1_000));
    }
}
