//! Hashes as words that two people compare.

use hushclip_protocol::ids::{AccountId, Hash};

use crate::pairing::word;

/// Words of an account: 77 bits. Whoever wants another account to look the same has to find one that matches.
const ACCOUNT: usize = 6;
/// Words of a list of devices: 129 bits, because a member may try to make two that look the same.
const LIST: usize = 10;

/// The account's words, the same on all its devices for ever.
pub fn account_words(account: &AccountId) -> String {
    words(account.as_bytes(), ACCOUNT)
}

/// The words of the list of devices that ends with this entry.
pub fn list_words(head: &Hash) -> String {
    words(head.as_bytes(), LIST)
}

/// The hash as one number, written in base [`word::COUNT`], last digit first.
fn words(hash: &[u8; 32], count: usize) -> String {
    let mut number = *hash;
    let mut words = Vec::with_capacity(count);
    for _ in 0..count {
        let mut rest = 0usize;
        for byte in &mut number {
            let part = rest << 8 | usize::from(*byte);
            *byte = (part / word::COUNT) as u8;
            rest = part % word::COUNT;
        }
        words.push(word::at(rest));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn words_are_the_digits_of_the_number() {
        let mut hash = [0; 32];
        hash[30..].copy_from_slice(&7_773u16.to_be_bytes());
        let (zero, one) = (word::at(0), word::at(1));
        assert_eq!(words(&hash, 3), format!("{one} {one} {zero}"));
        assert_eq!(list_words(&Hash::from_bytes([0xff; 32])).split(' ').count(), LIST);
        assert_eq!(account_words(&AccountId::from_bytes([0xff; 32])).split(' ').count(), ACCOUNT);
    }

    #[test]
    fn every_bit_counts() {
        let of = |hash| list_words(&Hash::from_bytes(hash));
        for bit in 0..256 {
            let mut hash = [7; 32];
            hash[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(of(hash), of([7; 32]), "bit {bit}");
        }
    }
}
