//! The password-authenticated key exchange behind typed codes. Whoever does not know the words learns
//! nothing about them from the messages, and has one guess for each exchange.

use rand_core::{CryptoRng, TryCryptoRng, TryRng};
use spake2::{Ed25519Group, Identity, Password, Spake2};
use zeroize::{Zeroize, Zeroizing};

use super::exchange::PairingError;

/// Random bytes that one side of an exchange keeps: with them, the exchange can be resumed after a restart.
pub(super) const RANDOM: usize = 64;

/// Which side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Inviter,
    Joiner,
}

/// One side of an exchange. A trait, so that the crate used here, which nobody has audited, can be replaced.
pub(super) trait Pake {
    /// What this side says, 33 bytes.
    fn message(&self) -> Vec<u8>;
    /// The key that both sides have if they know the same words. Not yet confirmed.
    fn finish(&self, theirs: &[u8]) -> Result<Zeroizing<[u8; 32]>, PairingError>;
}

/// SPAKE2 (an earlier form of RFC 9382) over Ed25519, as in the `spake2` packages of Python and Rust.
pub(super) struct Spake<'a> {
    pub(super) role: Role,
    pub(super) random: &'a [u8; RANDOM],
    pub(super) words: &'a str,
    /// Bound into the key, each with a label of its own.
    pub(super) inviter: &'a [u8],
    pub(super) joiner: &'a [u8],
}

impl Spake<'_> {
    fn start(&self) -> (Spake2<Ed25519Group>, Vec<u8>) {
        let (password, rng) = (Password::new(self.words.as_bytes()), Kept { bytes: *self.random, at: 0 });
        let (inviter, joiner) = (Identity::new(self.inviter), Identity::new(self.joiner));
        match self.role {
            Role::Inviter => Spake2::start_a_with_rng(&password, &inviter, &joiner, rng),
            Role::Joiner => Spake2::start_b_with_rng(&password, &inviter, &joiner, rng),
        }
    }
}

impl Pake for Spake<'_> {
    fn message(&self) -> Vec<u8> {
        self.start().1
    }

    fn finish(&self, theirs: &[u8]) -> Result<Zeroizing<[u8; 32]>, PairingError> {
        let key = Zeroizing::new(self.start().0.finish(theirs).map_err(|_| PairingError::Disturbed)?);
        Ok(Zeroizing::new(key.as_slice().try_into().map_err(|_| PairingError::Disturbed)?))
    }
}

/// Random bytes drawn earlier.
struct Kept {
    bytes: [u8; RANDOM],
    at: usize,
}

impl TryRng for Kept {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        for byte in out {
            // One scalar uses them all. If the crate ever asks for more, the tests notice.
            *byte = self.bytes[self.at % RANDOM];
            self.at += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for Kept {}

impl Drop for Kept {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// Draws what [`Spake::random`] keeps.
pub(super) fn make_random(rng: &mut dyn CryptoRng) -> [u8; RANDOM] {
    let mut random = [0; RANDOM];
    rng.fill_bytes(&mut random);
    random
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn side<'a>(role: Role, random: &'a [u8; RANDOM], words: &'a str, joiner: &'a [u8]) -> Spake<'a> {
        Spake { role, random, words, inviter: b"inviter", joiner }
    }

    #[test]
    fn the_same_words_give_the_same_key_and_others_do_not() {
        let (x, y) = ([7; RANDOM], [9; RANDOM]);
        let a = side(Role::Inviter, &x, "purple-cactus", b"joiner");
        let b = side(Role::Joiner, &y, "purple-cactus", b"joiner");
        let key = a.finish(&b.message()).unwrap();
        assert_eq!(*key, *b.finish(&a.message()).unwrap());
        assert_eq!(*key, *a.finish(&b.message()).unwrap(), "the same after a restart");
        for other in
            [side(Role::Joiner, &y, "purple-cactuss", b"joiner"), side(Role::Joiner, &y, "purple-cactus", b"somebody")]
        {
            assert_ne!(*a.finish(&other.message()).unwrap(), *other.finish(&a.message()).unwrap());
        }
        assert_ne!(side(Role::Inviter, &[8; RANDOM], "purple-cactus", b"joiner").message(), a.message());
    }

    #[test]
    fn messages_that_are_none_are_refused() {
        let (x, y) = ([7; RANDOM], [9; RANDOM]);
        let a = side(Role::Inviter, &x, "purple-cactus", b"joiner");
        let b = side(Role::Joiner, &y, "purple-cactus", b"joiner").message();
        assert!(a.finish(&a.message()).is_err(), "its own, reflected");
        assert!(a.finish(&b[..32]).is_err());
        assert!(a.finish(&[]).is_err());
        // No point of the curve has y = 2.
        let no_point = [&b"B\x02"[..], &[0; 31]].concat();
        assert!(a.finish(&no_point).is_err());
    }

    #[test]
    fn scalars_come_from_all_kept_bytes() {
        let mut random = [7; RANDOM];
        let before = side(Role::Inviter, &random, "w", b"j").message();
        random[RANDOM - 1] ^= 1;
        assert_ne!(side(Role::Inviter, &random, "w", b"j").message(), before);
        random[RANDOM - 1] ^= 1;
        random[0] ^= 1;
        assert_ne!(side(Role::Inviter, &random, "w", b"j").message(), before);
    }
}
