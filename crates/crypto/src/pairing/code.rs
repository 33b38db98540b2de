//! The typed code, such as `4-purple-cactus`: a nameplate that finds the invite, and two words that only the two people
//! know.

use core::fmt;

use hushclip_protocol::limits;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use super::word;

/// Letters in the longest word.
const LONGEST: usize = 9;
const WORDS: usize = 2;
/// With more slips than this, it is another word.
const MOST_SLIPS: usize = 2;

/// A typed code, taken apart.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Code {
    /// 1 to [`limits::NAMEPLATE`].
    #[n(0)]
    pub nameplate: u32,
    /// The words, in lower case, with a hyphen between them.
    #[n(1)]
    pub words: String,
}

/// Why text is not a typed code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not a number and two words.
    #[error("not a pairing code")]
    NotACode,
    /// A word that no code has.
    #[error("no code has the word {0:?}")]
    UnknownWord(String),
}

impl Code {
    /// Random words: one of 60 million pairs.
    pub fn make_words(rng: &mut dyn CryptoRng) -> String {
        // 2^64 is so much more than the number of words that the remainder is practically uniform.
        let words = [0; WORDS].map(|_| word::at((rng.next_u64() % word::COUNT as u64) as usize));
        words.join("-")
    }

    /// Parses a code as a person types it: neither case nor what is between the parts matters.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let lower = text.trim().to_lowercase();
        let parts: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
        let [number, words @ ..] = parts.as_slice() else { return Err(CodeError::NotACode) };
        let nameplate = number.parse().ok().filter(|n| (1..=limits::NAMEPLATE).contains(n) && !number.starts_with('0'));
        let (Some(nameplate), WORDS) = (nameplate, words.len()) else { return Err(CodeError::NotACode) };
        if let Some(unknown) = words.iter().find(|word| word.len() > LONGEST || !word::all().contains(word)) {
            return Err(CodeError::UnknownWord((*unknown).chars().take(2 * LONGEST).collect()));
        }
        Ok(Self { nameplate, words: words.join("-") })
    }

    /// The word that somebody who typed this one may have meant.
    pub fn nearest(typed: &str) -> Option<&'static str> {
        let near = word::all().iter().map(|word| (slips(typed.as_bytes(), word.as_bytes()), *word));
        near.filter(|(slips, _)| *slips <= MOST_SLIPS).min().map(|(_, word)| word)
    }
}

/// How many letters were left out, added, mistaken or swapped with their neighbour.
fn slips(typed: &[u8], word: &[u8]) -> usize {
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=word.len()).collect());
    for (i, letter) in typed.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, wanted) in word.iter().enumerate() {
            let mistaken = last[j] + usize::from(letter != wanted);
            let mut fewest = mistaken.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && typed[i - 1] == *wanted && *letter == word[j - 1] {
                fewest = fewest.min(before[j - 1] + 1);
            }
            row.push(fewest);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

impl fmt::Display for Code {
    /// As a person reads it out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.nameplate, self.words)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({}-…)", self.nameplate)
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_list_is_whole() {
        let different: std::collections::BTreeSet<_> = word::all().iter().collect();
        assert_eq!((word::all().len(), different.len()), (word::COUNT, word::COUNT));
        assert!(word::all().iter().all(|word| word.len() <= LONGEST && word.bytes().all(|b| b.is_ascii_lowercase())));
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        let code = Code { nameplate: 4, words: "purple-cactus".into() };
        for typed in ["4-purple-cactus", " 4 Purple  cactus\n", "4 - PURPLE — CACTUS", "4,purple_cactus."] {
            assert_eq!(Code::parse(typed).as_ref(), Ok(&code), "{typed}");
        }
        assert_eq!(code.to_string(), "4-purple-cactus");
        for wrong in [
            "",
            "purple-cactus",
            "4-purple",
            "4-purple-cactus-abacus",
            "0-purple-cactus",
            "04-purple-cactus",
            "10000-purple-cactus",
            "4294967300-purple-cactus",
            "-4",
            "https://relay.example/pair#x",
        ] {
            assert_eq!(Code::parse(wrong), Err(CodeError::NotACode), "{wrong}");
        }
        assert_eq!(Code::parse("4-purpel-cactus"), Err(CodeError::UnknownWord("purpel".into())));
    }

    #[test]
    fn a_slip_finds_its_word() {
        for (typed, meant) in [
            ("purpel", Some("purple")),
            ("kactus", Some("cactus")),
            ("abacuss", Some("abacus")),
            ("purple", Some("purple")),
            ("hello!world", None),
            ("", None),
        ] {
            assert_eq!(Code::nearest(typed), meant, "{typed}");
        }
        assert_eq!((slips(b"ab", b"ba"), slips(b"kitten", b"sitting"), slips(b"", b"abc")), (1, 3, 3));
    }

    #[test]
    fn made_words_are_different_and_parse() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (one, two) = (Code::make_words(&mut rng), Code::make_words(&mut rng));
        assert_ne!(one, two);
        assert!(Code::parse(&format!("9999-{one}")).is_ok());
        assert!(!format!("{:?}", Code { nameplate: 4, words: one.clone() }).contains(&one));
    }
}
