//! A rough word on how hard a passphrase is to guess. It knows no dictionary, so it only tells the
//! weak from the rest.

use crate::text;

/// Fewest characters that are taken.
pub(crate) const SHORTEST: usize = 8;
const WEAK_BITS: f64 = 45.0;
const FAIR_BITS: f64 = 66.0;

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
    let all: Vec<char> = typed.chars().collect();
    if all.len() < SHORTEST {
        return Some(Strength::Short);
    }
    // A character that follows its neighbour in the alphabet, or repeats it, is nothing new.
    let news = 1 + all.windows(2).filter(|pair| u32::from(pair[0]).abs_diff(u32::from(pair[1])) > 1).count();
    let pool = [(26, 'a'..='z'), (26, 'A'..='Z'), (10, '0'..='9')];
    let within: u32 = pool.iter().filter(|(_, range)| all.iter().any(|c| range.contains(c))).map(|(n, _)| n).sum();
    let other = all.iter().any(|c| !c.is_ascii_alphanumeric() && *c != ' ');
    let choices = f64::from(within + if other { 30 } else { 0 } + 1);
    // Words are far less than random letters.
    let each = if all.iter().all(|c| c.is_lowercase() || *c == ' ') { 2.6 } else { choices.log2() * 0.75 };
    #[expect(clippy::cast_precision_loss, reason = "nobody types 2^52 characters")]
    let bits = news as f64 * each;
    Some(match bits {
        bits if bits < WEAK_BITS => Strength::Weak,
        bits if bits < FAIR_BITS => Strength::Fair,
        _ => Strength::Strong,
    })
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
            ("Summer2024", Strength::Weak),
            ("x7#Kp2!qLm9", Strength::Fair),
            ("purple castle otter", Strength::Weak),
            ("purple castle otter bicycle", Strength::Fair),
            ("purple castle otter bicycle seven", Strength::Strong),
            ("x7#Kp2!qLm9vTz", Strength::Strong),
        ] {
            assert_eq!(of(typed), Some(strength), "{typed}");
        }
        assert_eq!(of("  "), None);
    }
}
