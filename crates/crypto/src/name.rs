//! What a device may be called: text that a person can see, and that leaves the text around it alone.

use hushclip_protocol::limits;

/// Format characters (Unicode's category Cf): they are invisible, and some change the direction of
/// the text around them.
const FORMAT: [(u32, u32); 21] = [
    (0xad, 0xad),
    (0x600, 0x605),
    (0x61c, 0x61c),
    (0x6dd, 0x6dd),
    (0x70f, 0x70f),
    (0x890, 0x891),
    (0x8e2, 0x8e2),
    (0x180e, 0x180e),
    (0x200b, 0x200f),
    (0x202a, 0x202e),
    (0x2060, 0x2064),
    (0x2066, 0x206f),
    (0xfeff, 0xfeff),
    (0xfff9, 0xfffb),
    (0x110bd, 0x110bd),
    (0x110cd, 0x110cd),
    (0x13430, 0x1343f),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0xe0001, 0xe0001),
    (0xe0020, 0xe007f),
];

/// Why something is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing in it is visible.
    #[error("the name is empty")]
    Empty,
    /// More than [`limits::NAME_BYTES`] of UTF-8.
    #[error("the name is too long")]
    TooLong,
    /// Control and format characters, and line and paragraph separators.
    #[error("the name contains invisible characters")]
    Unseen,
}

/// Checks a name, whoever chose it.
pub fn check_name(name: &str) -> Result<(), NameError> {
    if name.trim().is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > limits::NAME_BYTES {
        return Err(NameError::TooLong);
    }
    if name.chars().any(is_unseen) { Err(NameError::Unseen) } else { Ok(()) }
}

fn is_unseen(c: char) -> bool {
    let code = u32::from(c);
    let format = FORMAT.iter().any(|(first, last)| (*first..=*last).contains(&code));
    c.is_control() || format || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn names_are_seen_and_fit() {
        for good in ["Laptop", "日本語のパソコン", "Handy von Jörg 👋🏽", "مكتب", &"ä".repeat(32)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for blank in ["", " ", "\u{a0}\t"] {
            assert_eq!(check_name(blank), Err(NameError::Empty), "{blank:?}");
        }
        assert_eq!(check_name(&"ä".repeat(33)), Err(NameError::TooLong));
        for c in ['\0', '\n', '\x1b', '\x7f', '\u{9b}', '\u{ad}', '\u{200d}', '\u{202e}', '\u{2029}', '\u{2066}'] {
            assert_eq!(check_name(&format!("a{c}b")), Err(NameError::Unseen), "{c:?}");
        }
        assert_eq!(check_name("Pixel\u{e0041}"), Err(NameError::Unseen));
    }
}
