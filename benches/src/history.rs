//! Writes a history file of so many clips to the standard output, for benches that need many.

use std::io::Write as _;

use hushclip_crypto::archive::{Archive, ArchivedClip};
use hushclip_protocol::ids::ItemId;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

const WORDS: [&str; 12] =
    ["river", "stone", "lamp", "garden", "winter", "paper", "morning", "bread", "silver", "quiet", "ladder", "harbour"];
/// When the newest of them was copied, milliseconds since 1970.
const NEWEST_MS: u64 = 1_790_000_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [count, passphrase] =
        std::env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "COUNT PASSPHRASE")?;
    let count: u64 = count.parse()?;
    let clips = (0..count).map(|number| {
        let mut item = [0; ItemId::LEN];
        item[..8].copy_from_slice(&(number + 1).to_be_bytes());
        ArchivedClip {
            item: ItemId::from_bytes(item),
            at_ms: NEWEST_MS - (count - number) * 60_000,
            device: "Desk".into(),
            text: text(number as usize),
            html: None,
            pinned: false,
        }
    });
    let archive = Archive { at_ms: NEWEST_MS, clips: clips.collect() };
    let file = archive.seal(&passphrase, &mut ChaCha20Rng::seed_from_u64(1)).map_err(|error| error.to_string())?;
    Ok(std::io::stdout().lock().write_all(&file)?)
}

/// From one line to a paragraph, as people copy.
fn text(number: usize) -> String {
    let words = (0..4 + number % 60).map(|word| WORDS[(number * 7 + word * 5) % WORDS.len()]);
    format!("clip {number}: {}", words.collect::<Vec<_>>().join(" "))
}
