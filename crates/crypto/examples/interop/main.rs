//! The Rust side of `tests/interop`: reads one JSON object a line, does what it asks with the code that
//! ships, and answers with one line. Bytes are hexadecimal, 64-bit numbers decimal strings.

mod exchange;
mod items;
mod json;
mod members;

use std::io::{BufRead as _, Result, Write as _};

use hushclip_crypto::keys::DeviceKeys;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde_json::{Value, json};

use exchange::Pairing;
use json::Ask;

/// What lives from one line to the next.
struct Side {
    rng: ChaCha20Rng,
    keys: DeviceKeys,
    pairing: Pairing,
}

fn main() -> Result<()> {
    let mut lines = std::io::stdin().lock().lines();
    let Some(first) = lines.next() else { return Ok(()) };
    let mut rng = ChaCha20Rng::from_seed(Ask::parse(&first?).array("seed"));
    let keys = DeviceKeys::make(&mut rng);
    let mut side = Side { rng, keys, pairing: Pairing::default() };
    answer(Some(json!({})))?;
    for line in lines {
        let ask = Ask::parse(&line?);
        let done = match ask.str("do") {
            "keys" => Some(new_keys(&mut side)),
            "open" => items::open_item(&ask),
            "seal" => items::seal_item(&ask, &mut side),
            "log" => members::verify(&ask),
            "entry" => members::make(&ask, &mut side),
            _ => exchange::step(&ask, &mut side),
        };
        answer(done)?;
    }
    Ok(())
}

/// From here on this side is another device.
fn new_keys(side: &mut Side) -> Value {
    side.keys = DeviceKeys::make(&mut side.rng);
    let keys = &side.keys;
    let (sign_pk, box_pk) = (keys.sign_pk().to_hex(), keys.box_pk().to_hex());
    json!({ "sign_pk": sign_pk, "box_pk": box_pk, "device": keys.device_id().to_hex() })
}

/// `None`: it was refused.
fn answer(done: Option<Value>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", done.unwrap_or_else(|| json!({ "refused": true })))?;
    out.flush()
}
