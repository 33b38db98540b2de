//! A rough word on how hard a passphrase is to guess, for somebody who knows how people make them: words count as
//! words, whatever their letters, and what everybody uses counts for little. It has no dictionary, so it takes what
//! looks like a word for one of a list of 7,776, as those are that people draw words from by dice.

use crate::text;

/// Fewest characters that are taken.
pub(crate) const SHORTEST: usize = 8;
/// Argon2id with 64 MiB lets a thousand good graphics cards try about a million passphrases a second. Below
/// this they are done within three hours; zxcvbn too calls 10^10 guesses the least for slow hashes.
const WEAK_BITS: f64 = 33.0;
/// From here on it takes them years. Four words by dice have 51 bits; where one of them is short, it may be the
/// name of a letter for all this knows.
const STRONG_BITS: f64 = 48.0;

/// One of 7,776.
const WORD_BITS: f64 = 12.9;
/// So long a run of letters is one word, at most.
const WORD_LETTERS: f64 = 7.0;
/// What a letter of a word adds until it is a whole word: English has about 3.3 bits a letter in short words.
const LETTER_BITS: f64 = 3.3;
/// One of the hundred that everybody takes, and that follow one another in sentences.
const COMMON_BITS: f64 = 4.0;
/// Years are guessed first among numbers.
const YEAR_BITS: f64 = 6.0;

/// What people take when they are asked for a passphrase, and the words that hold sentences together.
const COMMON: &str = " a abc admin all am an and angel are as asdf asdfgh at baby be best big boy but by can cat computer dad \
    das day der dog dragon du ein flower football for from geheim girl god good hallo hat have hello her his house i ich ihr \
    in is ist it katze king letmein like love lover man master me mein meine mom monkey mother my name nein new nicht no not \
    of on one or our pass passphrase passwort password princess qwer qwert qwerty qwertz red schatz secret she sie so star \
    summer sommer sun sunshine super test than that the they this to two und was we welcome who will winter with woman you \
    your zu zwei ";

/// How hard it is to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strength {
    Short,
    Weak,
    Fair,
    Strong,
}

impl Strength {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Short => text::passphrase_short(),
            Self::Weak => text::passphrase_weak(),
            Self::Fair => text::passphrase_fair(),
            Self::Strong => text::passphrase_strong(),
        }
    }
}

/// How hard what is typed is to guess; `None` before anything is.
pub(crate) fn of(typed: &str) -> Option<Strength> {
    let typed = typed.trim();
    if typed.is_empty() {
        return None;
    }
    if typed.chars().count() < SHORTEST {
        return Some(Strength::Short);
    }
    Some(match bits(typed) {
        bits if bits < WEAK_BITS => Strength::Weak,
        bits if bits < STRONG_BITS => Strength::Fair,
        _ => Strength::Strong,
    })
}

/// What a guess has to get right: the parts one by one, those that come again but once.
fn bits(typed: &str) -> f64 {
    let mut seen: Vec<String> = Vec::new();
    let parts = parts(typed).into_iter().map(|part| {
        let plain = part.to_lowercase();
        let bits = part_bits(&part, &plain);
        if seen.contains(&plain) {
            return bits.min(1.0);
        }
        seen.push(plain);
        bits
    });
    parts.sum()
}

/// Runs of letters, of digits, and of anything else.
fn parts(typed: &str) -> Vec<String> {
    let kind = |c: char| (c.is_alphabetic(), c.is_numeric());
    let mut parts: Vec<String> = Vec::new();
    for c in typed.chars() {
        match parts.last_mut() {
            Some(part) if part.chars().next().map(kind) == Some(kind(c)) => part.push(c),
            _ => parts.push(c.into()),
        }
    }
    parts
}

fn part_bits(part: &str, plain: &str) -> f64 {
    let first = part.chars().next().unwrap_or_default();
    let fresh = fresh(plain);
    if first.is_numeric() {
        let is_year = part.len() == 4 && (part.starts_with("19") || part.starts_with("20"));
        return if is_year { YEAR_BITS } else { fresh * 10_f64.log2() };
    }
    if !first.is_alphabetic() {
        // A blank between words is what everybody puts there.
        return if part == " " { 0.0 } else { fresh * 5.0 };
    }
    if COMMON.contains(&format!(" {plain} ")) {
        return COMMON_BITS;
    }
    // In words, too, letters follow one another; in rows, hardly any does not.
    let news = if fresh * 2.0 < count(part) { fresh } else { count(part) };
    let letters = part.chars().count();
    let upper = part.chars().filter(|c| c.is_uppercase()).count();
    let is_odd = upper > 0 && upper < letters && !(upper == 1 && first.is_uppercase());
    if is_odd || letters < 3 || !is_pronounced(plain) {
        let choices: f64 = if upper > 0 { 52.0 } else { 26.0 };
        return news * choices.log2();
    }
    let capital = if upper > 0 { 1.0 } else { 0.0 };
    (news * LETTER_BITS).min(WORD_BITS * (news / WORD_LETTERS).max(1.0)) + capital
}

#[expect(clippy::cast_precision_loss, reason = "nobody types 2^52 characters")]
fn count(part: &str) -> f64 {
    part.chars().count() as f64
}

/// How many characters do more than repeat or follow their neighbour, as in `aaa` and `abc`.
#[expect(clippy::cast_precision_loss, reason = "nobody types 2^52 characters")]
fn fresh(part: &str) -> f64 {
    let all: Vec<u32> = part.chars().map(u32::from).collect();
    (1 + all.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) > 1).count()) as f64
}

/// Whether this could be a word: no five consonants in a row, and vowels among them. Other alphabets than this are
/// taken for words.
fn is_pronounced(plain: &str) -> bool {
    let is_vowel = |c: char| !c.is_ascii() || "aeiouy".contains(c);
    let vowels = plain.chars().filter(|c| is_vowel(*c)).count();
    vowels * 5 >= plain.chars().count() && plain.split(is_vowel).all(|run| run.len() < 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_ways_are_told_apart() {
        for (typed, strength) in [
            ("seven77", Strength::Short),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Strength::Weak),
            ("abcdefghijklmnopqrstuvwxyz", Strength::Weak),
            ("password", Strength::Weak),
            ("my secret password", Strength::Weak),
            ("Summer2024!", Strength::Weak),
            ("otter otter otter otter", Strength::Weak),
            ("purple castle", Strength::Weak),
            ("i love my dog and the cat", Strength::Weak),
            ("purple castle otter", Strength::Fair),
            ("purplecastleotterbicycle", Strength::Fair),
            ("Tr0ub4dor&3", Strength::Fair),
            ("purple castle otter bicycle", Strength::Strong),
            ("Purple-castle-otter-bicycle", Strength::Strong),
            ("lila Schlüssel Otter Fahrrad", Strength::Strong),
            ("purple castle otter bicycle seven", Strength::Strong),
            ("x7#Kp2!qLm9", Strength::Strong),
            ("qzjxkvbwpfmg", Strength::Strong),
        ] {
            assert_eq!(of(typed), Some(strength), "{typed}: {} bits", bits(typed));
        }
        assert_eq!(of("  "), None);
    }

    /// Drawn by dice from the long list of the EFF.
    #[test]
    fn four_words_by_dice_are_strong_and_three_are_not() {
        for four in [
            "correct horse battery staple",
            "unmasked overvalue chirping jukebox",
            "acid ebony zit scrubber",
            "gaffe splendid mutt cosmic",
            "yodel trapeze oaf buddhist",
            "flatten ivy paternal skid",
        ] {
            assert_eq!(of(four), Some(Strength::Strong), "{four}: {} bits", bits(four));
            let (three, _) = four.rsplit_once(' ').unwrap();
            assert_ne!(of(three), Some(Strength::Strong), "{three}: {} bits", bits(three));
        }
    }
}
