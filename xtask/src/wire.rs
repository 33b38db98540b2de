//! Ties `docs/PROTOCOL.md` to the sources of the wire format: the page names their digest.

use std::{fmt::Write as _, fs};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::paths;

const PAGE: &str = "docs/PROTOCOL.md";
/// Folders, and what of them is on the wire.
const SOURCES: [(&str, &[&str]); 4] = [
    (
        "crates/protocol/src",
        &[
            "canonical",
            "channel",
            "codec",
            "envelope",
            "error",
            "frame",
            "ids",
            "label",
            "limits",
            "log/entry",
            "log/membership",
            "numbered",
            "signature",
            "signin",
            "tag",
            "welcome",
        ],
    ),
    ("crates/aead/src", &["lib"]),
    (
        "crates/crypto/src",
        &["archive", "body", "envelope", "epoch", "fingerprint", "keys", "log", "name", "pad", "sealed_to", "vault"],
    ),
    ("crates/crypto/src/pairing", &["code", "coded", "exchange", "inviter", "joiner", "link", "pake"]),
];
/// Of the digest's hexadecimal digits.
const SHOWN: usize = 16;

/// What is wrong with the page, if anything.
pub(crate) fn check() -> Result<Option<String>> {
    let page = fs::read_to_string(paths::root().join(PAGE)).context(PAGE)?;
    let digest = digest()?;
    if page.contains(&format!("`{digest}`")) {
        return Ok(None);
    }
    Ok(Some(format!(
        "{PAGE}: the sources of the wire format have changed; make sure the page matches them, then put `{digest}` \
         there"
    )))
}

fn digest() -> Result<String> {
    let mut hasher = Sha256::new();
    for (folder, files) in SOURCES {
        for file in files {
            let path = paths::root().join(folder).join(file).with_extension("rs");
            let text = fs::read_to_string(&path).with_context(|| paths::shown(&path).to_string())?;
            for line in text.lines().map(str::trim).take_while(|line| *line != "#[cfg(test)]") {
                if !line.is_empty() && !line.starts_with("//") {
                    hasher.update(line);
                    hasher.update("\n");
                }
            }
        }
    }
    let mut hex = String::new();
    for byte in &hasher.finalize()[..SHOWN / 2] {
        write!(hex, "{byte:02x}")?;
    }
    Ok(hex)
}
