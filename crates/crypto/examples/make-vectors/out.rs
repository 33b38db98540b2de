//! Writing vector files, and the seeds they are made from.

use std::fs;
use std::io::Result;
use std::path::PathBuf;

use hushclip_protocol::frame::Anchor;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::legend;

/// Where the files go.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Creates the folder if it is missing.
    pub(crate) fn new(path: PathBuf) -> Result<Self> {
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Writes a file, unless there is one.
    pub(crate) fn write(&self, name: &str, body: &File) -> Result<()> {
        let path = self.0.join(format!("{name}.json"));
        if path.exists() {
            println!("{}: exists, left alone", path.display());
            return Ok(());
        }
        let mut body = body.0.clone();
        let legend = legend::of(name, &body);
        body.shift_insert(1, "legend".to_owned(), legend);
        let mut text = serde_json::to_string_pretty(&body)?;
        text.push('\n');
        fs::write(&path, text)?;
        println!("{}: written", path.display());
        Ok(())
    }
}

/// The content of one vector file.
pub(crate) struct File(Map<String, Value>);

impl File {
    /// Starts a file with the lines that explain it.
    pub(crate) fn new(about: &[&str]) -> Self {
        let mut lines = vec![
            "Test vectors of hushclip/1, as docs/PROTOCOL.md specifies it. Bytes are lower-case hexadecimal; \
             64-bit numbers are decimal strings.",
            "A committed vector is never regenerated to make a test pass.",
        ];
        lines.extend(about);
        Self(Map::from_iter([("about".to_owned(), json!(lines))]))
    }

    /// Adds a list of cases or a value that cases share.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }
}

/// Hexadecimal.
pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    base16ct::lower::encode_string(bytes.as_ref())
}

/// The random bytes of one file.
pub(crate) fn rng(file: &str) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(Sha256::digest(format!("hushclip/1 test vectors: {file}")).into())
}

/// `bytes` with one bit of the byte at `at` turned over.
pub(crate) fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

/// Fixed-size bytes out of a slice.
pub(crate) fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("the right length")
}

/// Items that a device has, as `[cursor, mark]`.
pub(crate) fn anchors(anchors: &[Anchor]) -> Value {
    anchors.iter().map(|anchor| json!([anchor.cursor.to_string(), anchor.mark.to_string()])).collect()
}
