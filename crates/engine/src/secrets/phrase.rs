//! Phrases that are keys: those of wallets (BIP 39).

/// The English list of BIP 39, in alphabetical order.
const WORDS: &str = include_str!("bip39.txt");
/// Words of the shortest phrase.
const SHORTEST: usize = 12;

/// Words of the longest.
const LONGEST: usize = 24;
/// Different words among the shortest phrase's; 12 drawn from 2,048 hardly ever have one twice.
const DIFFERENT: usize = 9;

/// Whether as many words of the list stand in a row as a phrase has, or more that are not the same few again and again.
/// The checksum is not looked at: so many in a row are no accident, since the list has neither *the* nor *and*, and
/// wallets with other checksums use it too.
pub(super) fn is_phrase(text: &str) -> bool {
    let mut row = Vec::new();
    let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !is_number(word));
    // Whatever ends the text ends the last row.
    words.chain(["."]).any(|word| {
        if is_word(word) {
            row.push(word);
            return row.len() > LONGEST && has_variety(&row);
        }
        let is_as_long = (SHORTEST..=LONGEST).contains(&row.len());
        row.clear();
        is_as_long
    })
}

fn has_variety(row: &[&str]) -> bool {
    let row = &row[row.len() - SHORTEST..];
    let is_first = |at: &usize| !row[..*at].contains(&row[*at]);
    (0..row.len()).filter(is_first).count() >= DIFFERENT
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
