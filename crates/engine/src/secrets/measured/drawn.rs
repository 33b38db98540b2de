//! What generators of secrets draw, seeded: their alphabets, lengths and rules as their makers publish them.

use std::sync::LazyLock;

use base64ct::{Base64, Encoding as _};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";
/// Without those that look like others.
const CLEAR: [&str; 3] = ["abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789"];

pub(super) type Draw = fn(&mut ChaCha20Rng) -> String;

/// Generators, and how many of a hundred thousand may be missed; none where the form says nothing.
pub(super) const GENERATORS: [(&str, Draw, Option<usize>); 24] = [
    ("Apple", apple, Some(0)),
    ("Chrome", |rng| whole(rng, 15, &CLEAR), Some(3000)),
    ("Chrome, with signs", |rng| whole(rng, 15, &[CLEAR[0], CLEAR[1], CLEAR[2], "-_.:!"]), Some(3000)),
    ("Firefox", |rng| whole(rng, 15, &[CLEAR[0], CLEAR[1], CLEAR[2], "-~!@#$%^&*_+=)}:;\"'>,.?]"]), Some(3000)),
    ("Bitwarden, 14", |rng| whole(rng, 14, &[LOWER, UPPER, DIGITS]), Some(3000)),
    ("Bitwarden, 14, with signs", |rng| whole(rng, 14, &[LOWER, UPPER, DIGITS, "!@#$%^&*"]), Some(3000)),
    ("1Password, 20", |rng| whole(rng, 20, &[LOWER, UPPER, DIGITS, "!@#$%^&*-_."]), Some(3000)),
    ("KeePassXC, 20", |rng| whole(rng, 20, &[LOWER, UPPER, DIGITS]), Some(3000)),
    ("openssl rand -base64 12", |rng| Base64::encode_string(&bytes::<12>(rng)), Some(3000)),
    ("openssl rand -base64 16", |rng| Base64::encode_string(&bytes::<16>(rng)), Some(3000)),
    ("openssl rand -base64 24", |rng| Base64::encode_string(&bytes::<24>(rng)), Some(3000)),
    ("openssl rand -base64 32", |rng| Base64::encode_string(&bytes::<32>(rng)), Some(3000)),
    ("openssl rand -base64 48", |rng| Base64::encode_string(&bytes::<48>(rng)), Some(3000)),
    ("openssl rand -hex 24", |rng| base16ct::lower::encode_string(&bytes::<24>(rng)), Some(0)),
    ("openssl rand -hex 32", |rng| base16ct::lower::encode_string(&bytes::<32>(rng)), Some(0)),
    ("pwgen 14", |rng| spoken(rng, 14), Some(3000)),
    ("pwgen 16", |rng| spoken(rng, 16), Some(3000)),
    ("pwgen 20", |rng| spoken(rng, 20), Some(3000)),
    ("pwgen -s 16", |rng| whole(rng, 16, &[LOWER, UPPER, DIGITS]), Some(3000)),
    ("20 printable", |rng| (0..20).map(|_| char::from(b'!' + below(rng, 94) as u8)).collect(), Some(3000)),
    // As long as the name of an object, as short as a word, made of words: reported, not promised.
    ("openssl rand -hex 16", |rng| base16ct::lower::encode_string(&bytes::<16>(rng)), None),
    ("LastPass, 12", |rng| whole(rng, 12, &[LOWER, UPPER, DIGITS, "!@#$%^&*"]), None),
    ("pwgen 8", |rng| spoken(rng, 8), None),
    ("six words", words, None),
];

pub(super) fn below(rng: &mut ChaCha20Rng, end: usize) -> usize {
    ((u64::from(rng.next_u32()) * end as u64) >> 32) as usize
}

pub(super) fn pick<T: Copy>(rng: &mut ChaCha20Rng, of: &[T]) -> T {
    of[below(rng, of.len())]
}

pub(super) fn letter(rng: &mut ChaCha20Rng, of: &str) -> char {
    char::from(pick(rng, of.as_bytes()))
}

pub(super) fn drawn(rng: &mut ChaCha20Rng, length: usize, of: &str) -> String {
    (0..length).map(|_| letter(rng, of)).collect()
}

fn bytes<const N: usize>(rng: &mut ChaCha20Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// Characters of some sets, at least one of each.
fn whole(rng: &mut ChaCha20Rng, length: usize, sets: &[&str]) -> String {
    loop {
        let text = drawn(rng, length, &sets.concat());
        if sets.iter().all(|set| text.contains(|c| set.contains(c))) {
            return text;
        }
    }
}

/// Syllables in three groups of six, one letter a capital, one at the edge of a group a digit.
fn apple(rng: &mut ChaCha20Rng) -> String {
    let mut signs: Vec<char> = Vec::new();
    for _ in 0..6 {
        for set in ["bcdfghjkmnpqrstvwxz", "aeiouy", "bcdfghjkmnpqrstvwxz"] {
            signs.push(letter(rng, set));
        }
    }
    let digit = pick(rng, &[5, 6, 11, 12, 17]);
    signs[digit] = letter(rng, DIGITS);
    let capital = std::iter::repeat_with(|| below(rng, 18)).find(|at| *at != digit && signs[*at] != 'o');
    if let Some(capital) = capital {
        signs[capital] = signs[capital].to_ascii_uppercase();
    }
    signs.chunks(6).map(String::from_iter).collect::<Vec<_>>().join("-")
}

const VOWELS: [&str; 13] = ["a", "ae", "ah", "ai", "e", "ee", "ei", "i", "ie", "o", "oh", "oo", "u"];
const CONSONANTS: [&str; 27] = [
    "b", "c", "ch", "d", "f", "g", "gh", "h", "j", "k", "l", "m", "n", "ng", "p", "ph", "qu", "r", "s", "sh", "t",
    "th", "v", "w", "x", "y", "z",
];

/// `pwgen`'s sounds: consonants and vowels take turns, a digit starts anew, capitals begin sounds.
fn spoken(rng: &mut ChaCha20Rng, length: usize) -> String {
    loop {
        let mut text = String::new();
        let (mut first, mut vowel, mut after_vowel) = (true, below(rng, 2) == 0, false);
        while text.len() < length {
            let sound = if vowel { pick(rng, &VOWELS) } else { pick(rng, &CONSONANTS) };
            let unfit = (first && matches!(sound, "gh" | "ng")) || (vowel && after_vowel && sound.len() > 1);
            if unfit || text.len() + sound.len() > length {
                continue;
            }
            let capital = (first || !vowel) && below(rng, 10) < 2;
            text.push_str(&if capital { capitalised(sound) } else { sound.into() });
            if !first && text.len() < length && below(rng, 10) < 3 {
                text.push(letter(rng, DIGITS));
                (first, vowel, after_vowel) = (true, below(rng, 2) == 0, false);
                continue;
            }
            let again = vowel && !after_vowel && sound.len() == 1 && below(rng, 10) <= 3;
            (first, after_vowel, vowel) = (false, vowel, !vowel || again);
        }
        if text.contains(|c: char| c.is_ascii_uppercase()) && text.contains(|c: char| c.is_ascii_digit()) {
            return text;
        }
    }
}

pub(super) fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Six of a list of words, as dice draw them.
fn words(rng: &mut ChaCha20Rng) -> String {
    static LIST: LazyLock<Vec<&str>> =
        LazyLock::new(|| include_str!("../../../../crypto/src/pairing/words.txt").lines().collect());
    (0..6).map(|_| pick(rng, &LIST)).collect::<Vec<_>>().join(" ")
}
