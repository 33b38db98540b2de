//! Names of channels, on which programs talk to programs. It does not know which channels there are.

use crate::limits::CHANNEL_BYTES;

/// Whether a channel can have this name: 1 to [`CHANNEL_BYTES`] of `a-z A-Z 0-9 . - _ /`, such as `com.example.notes`.
pub fn is_channel(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/".contains(&byte);
    (1..=CHANNEL_BYTES).contains(&name.len()) && name.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_64_letters_digits_and_a_few_signs() {
        for name in ["a", "com.example.notes", "A-Z/a_z.09", &"x".repeat(CHANNEL_BYTES)] {
            assert!(is_channel(name), "{name}");
        }
        for name in ["", " ", "a b", "a\0", "caf\u{e9}", "a:b", "a\\b", "a\n", &"x".repeat(CHANNEL_BYTES + 1)] {
            assert!(!is_channel(name), "{name:?}");
        }
    }
}
