//! Phrases that are keys: those of wallets (BIP 39).

/// The English list of BIP 39, in alphabetical order.
const WORDS: &str = include_str!("bip39.txt");
/// Words of the shortest phrase.
const SHORTEST: usize = 12;

/// Whether as many words of the list stand in a row as the shortest phrase has. Its checksum is not looked at: so many
/// in a row are no accident, since the list has neither *the* nor *and*, and wallets with other checksums use it too.
pub(super) fn is_phrase(text: &str) -> bool {
    let mut row = 0;
    text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !is_number(word)).any(|word| {
        row = if is_word(word) { row + 1 } else { 0 };
        row >= SHORTEST
    })
}

/// `1.` or `1)` before a word of a list, or nothing between two spaces.
fn is_number(word: &str) -> bool {
    word.trim_end_matches(['.', ')', ':']).bytes().all(|byte| byte.is_ascii_digit())
}

fn is_word(word: &str) -> bool {
    if !(3..=8).contains(&word.len()) || !word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return false;
    }
    let word = word.to_ascii_lowercase();
    let (mut from, mut to) = (0, WORDS.len());
    while from < to {
        let middle = from.midpoint(to);
        let start = WORDS[..middle].rfind('\n').map_or(0, |end| end + 1);
        let line = WORDS[start..].lines().next().unwrap_or_default();
        match line.cmp(&word) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => from = start + line.len() + 1,
            std::cmp::Ordering::Greater => to = start,
        }
    }
    false
}
