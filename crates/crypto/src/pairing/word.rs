//! The list of words that codes and fingerprints are made of. `WORDS.md` says where it comes from.

use std::sync::LazyLock;

/// Words in the list.
pub(crate) const COUNT: usize = 7_772;

/// Without the four that contain a hyphen.
static PLAIN: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("words.txt").lines().filter(|word| !word.contains('-')).collect());

/// All of them, in order.
pub(crate) fn all() -> &'static [&'static str] {
    &PLAIN
}

/// The word at this place, counted from 0.
pub(crate) fn at(place: usize) -> &'static str {
    PLAIN.get(place).copied().unwrap_or_default()
}
