//! `fingerprint.json`: hashes as words that people compare.

use hushclip_crypto::fingerprint::{account_words, list_words};
use hushclip_protocol::ids::{AccountId, Hash};
use serde_json::json;

use crate::epoch::random;
use crate::out::{File, hex, rng};

/// Makes the file.
pub(crate) fn make() -> File {
    let mut rng = rng("fingerprint");
    let mut seven = [0; 32];
    seven[31] = 7;
    let mut words = Vec::new();
    for (name, hash) in [
        ("zeros", [0; 32]),
        ("seven", seven),
        ("ones", [0xff; 32]),
        ("one", random(&mut rng)),
        ("two", random(&mut rng)),
    ] {
        words.push(json!({
            "name": name,
            "hash": hex(hash),
            "account": account_words(&AccountId::from_bytes(hash)),
            "list": list_words(&Hash::from_bytes(hash)),
        }));
    }
    File::new(&["The same 32 bytes as an account and as the hash of a log entry."]).with("words", words)
}
