//! Reads what the other side asks; it is a test of ours, so what is missing ends the program.

use serde_json::Value;

/// One line.
pub(crate) struct Ask(Value);

impl Ask {
    pub(crate) fn parse(line: &str) -> Self {
        Self(serde_json::from_str(line).expect("JSON"))
    }

    pub(crate) fn str(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_else(|| panic!("text {key}"))
    }

    pub(crate) fn hex(&self, key: &str) -> Vec<u8> {
        base16ct::lower::decode_vec(self.str(key).as_bytes()).unwrap_or_else(|_| panic!("hexadecimal {key}"))
    }

    pub(crate) fn array<const N: usize>(&self, key: &str) -> [u8; N] {
        self.hex(key).try_into().unwrap_or_else(|_| panic!("{N} bytes of {key}"))
    }

    pub(crate) fn number(&self, key: &str) -> u64 {
        self.str(key).parse().unwrap_or_else(|_| panic!("number {key}"))
    }

    pub(crate) fn list(&self, key: &str) -> Vec<Self> {
        self.0[key].as_array().unwrap_or_else(|| panic!("list {key}")).iter().cloned().map(Self).collect()
    }

    /// The element of a list of texts.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        base16ct::lower::decode_vec(self.0.as_str().expect("text").as_bytes()).expect("hexadecimal")
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}
