//! Counts which characters follow each other in ordinary words, and prints the table that
//! `src/secrets/pairs.txt` holds: `cargo run -p hushclip-engine --example count-pairs < words`, one word a line.
//!
//! A line of the table is a character from space (the edge of a word) to `~`, a column the one that comes
//! after it, the sign the surprise in half bits, in base 36.

use std::io::BufRead;

const SIGNS: usize = 95;
/// Pairs count for this much more than they were seen, shared out as single characters are: what was not
/// seen is rare, not impossible.
const UNSEEN: f64 = 8.0;
/// No pair is stranger than this, half bits.
const STRANGEST: u32 = 30;

fn main() {
    let mut pairs = vec![[0_f64; SIGNS]; SIGNS];
    for word in std::io::stdin().lock().lines().map_while(Result::ok) {
        let signs = word.bytes().filter(u8::is_ascii_graphic).map(|byte| usize::from(byte - b' '));
        let mut before = 0;
        for sign in signs.chain([0]) {
            pairs[before][sign] += 1.0;
            before = sign;
        }
    }
    let singles: Vec<f64> = (0..SIGNS).map(|sign| pairs.iter().map(|row| row[sign]).sum::<f64>() + 1.0).collect();
    let all: f64 = singles.iter().sum();
    for row in &pairs {
        let seen: f64 = row.iter().sum();
        let line: String = row
            .iter()
            .zip(&singles)
            .map(|(pair, single)| {
                let chance = (pair + UNSEEN * single / all) / (seen + UNSEEN);
                let half_bits = -2.0 * chance.log2();
                let whole = (0..STRANGEST).find(|whole| f64::from(*whole) + 0.5 > half_bits).unwrap_or(STRANGEST);
                char::from_digit(whole, 36).unwrap_or('u')
            })
            .collect();
        println!("{line}");
    }
}
