//! Reads the vectors of `v1` for the tests of every crate. Natively and as wasm, so the files are
//! compiled in.

use hushclip_protocol::frame::Anchor;
use serde_json::Value;

/// A case, or a whole file.
#[derive(Clone)]
pub(crate) struct Case(Value);

/// One of the files.
pub(crate) fn file(name: &str) -> Case {
    let text = match name {
        "device" => include_str!("v1/device.json"),
        "epoch" => include_str!("v1/epoch.json"),
        "fingerprint" => include_str!("v1/fingerprint.json"),
        "growth" => include_str!("v1/growth.json"),
        "padding" => include_str!("v1/padding.json"),
        "envelope" => include_str!("v1/envelope.json"),
        "log" => include_str!("v1/log.json"),
        "notes" => include_str!("v1/notes.json"),
        "pairing" => include_str!("v1/pairing.json"),
        "pairing_code" => include_str!("v1/pairing_code.json"),
        "signin" => include_str!("v1/signin.json"),
        other => panic!("no vectors of {other}"),
    };
    Case(serde_json::from_str(text).expect("JSON"))
}

#[allow(dead_code, reason = "each test uses a part")]
impl Case {
    /// What the case is called.
    pub(crate) fn name(&self) -> &str {
        self.str("name")
    }

    /// A text.
    pub(crate) fn str(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_else(|| panic!("text {key}"))
    }

    /// A text that may be null.
    pub(crate) fn maybe_str(&self, key: &str) -> Option<&str> {
        self.0[key].as_str()
    }

    /// Bytes.
    pub(crate) fn hex(&self, key: &str) -> Vec<u8> {
        base16ct::lower::decode_vec(self.str(key).as_bytes()).unwrap_or_else(|_| panic!("hexadecimal {key}"))
    }

    /// Bytes of a fixed length.
    pub(crate) fn array<const N: usize>(&self, key: &str) -> [u8; N] {
        self.hex(key).try_into().unwrap_or_else(|_| panic!("{N} bytes of {key}"))
    }

    /// Protocol versions.
    pub(crate) fn versions(&self, key: &str) -> Vec<u16> {
        let listed = self.0[key].as_array().expect("a list").iter();
        listed.map(|version| version.as_u64().expect("a number") as u16).collect()
    }

    /// Items that a device has, as `[cursor, mark]`.
    pub(crate) fn anchors(&self) -> Vec<Anchor> {
        let number = |value: &Value| value.as_str().and_then(|text| text.parse().ok()).expect("a number in a string");
        let listed = self.0["anchors"].as_array().expect("a list").iter();
        listed.map(|anchor| Anchor { cursor: number(&anchor[0]), mark: number(&anchor[1]) }).collect()
    }

    /// A number: a JSON number, or a decimal string where it may be large.
    pub(crate) fn number(&self, key: &str) -> u64 {
        self.0[key].as_u64().unwrap_or_else(|| self.str(key).parse().unwrap_or_else(|_| panic!("number {key}")))
    }

    /// Whether something is so.
    pub(crate) fn bool(&self, key: &str) -> bool {
        self.0[key].as_bool().unwrap_or_else(|| panic!("truth of {key}"))
    }

    /// What stands inside.
    pub(crate) fn case(&self, key: &str) -> Self {
        assert!(self.0[key].is_object(), "object {key}");
        Self(self.0[key].clone())
    }

    /// The cases of a list, which is never empty.
    pub(crate) fn list(&self, key: &str) -> Vec<Self> {
        let list = self.0[key].as_array().unwrap_or_else(|| panic!("list {key}"));
        list.iter().cloned().map(Self).collect()
    }

    /// The texts of a list.
    pub(crate) fn texts(&self, key: &str) -> Vec<String> {
        let list = self.0[key].as_array().unwrap_or_else(|| panic!("list {key}"));
        list.iter().map(|text| text.as_str().expect("text").to_owned()).collect()
    }
}
