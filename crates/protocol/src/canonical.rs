//! Whether bytes are one item in deterministic form (RFC 8949 §4.2.1), whatever its shape. It looks only at the form,
//! so that what a later version adds can be skipped and still has only one encoding.

use crate::codec::CodecError;

/// How deep lists and maps may be nested.
const DEPTH: u32 = 16;

/// Refuses everything but one item in deterministic form: shortest integers and lengths, no indefinite lengths, map
/// keys ascending and unique, nothing after it. Floating-point numbers, tags and simple values other than `false`,
/// `true` and `null` are never on our wire.
pub(crate) fn check(bytes: &[u8]) -> Result<(), CodecError> {
    let mut walk = Walk { bytes, at: 0 };
    walk.item(0)?;
    if walk.at == bytes.len() { Ok(()) } else { Err(CodecError::NotCanonical) }
}

/// How far the walk has got.
struct Walk<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Walk<'b> {
    fn item(&mut self, depth: u32) -> Result<(), CodecError> {
        if depth > DEPTH {
            return Err(self.malformed());
        }
        let (major, argument) = self.head()?;
        match major {
            0 | 1 => Ok(()),
            2 => self.skip(argument).map(drop),
            3 => {
                let text = self.skip(argument)?;
                core::str::from_utf8(text).map(drop).map_err(|_| self.malformed())
            }
            4 => (0..argument).try_for_each(|_| self.item(depth + 1)),
            5 => self.map(argument, depth),
            // `false`, `true` and `null`.
            7 if (20..=22).contains(&argument) => Ok(()),
            _ => Err(CodecError::NotCanonical),
        }
    }

    fn map(&mut self, entries: u64, depth: u32) -> Result<(), CodecError> {
        let mut before: Option<(usize, usize)> = None;
        for _ in 0..entries {
            let start = self.at;
            self.item(depth + 1)?;
            let key = (start, self.at);
            if before.is_some_and(|(from, to)| self.bytes[from..to] >= self.bytes[key.0..key.1]) {
                return Err(CodecError::NotCanonical);
            }
            before = Some(key);
            self.item(depth + 1)?;
        }
        Ok(())
    }

    /// Major type and argument, in the shortest form.
    fn head(&mut self) -> Result<(u8, u64), CodecError> {
        let first = self.skip(1)?[0];
        let (major, short) = (first >> 5, first & 31);
        let (length, least) = match short {
            0..24 => return Ok((major, u64::from(short))),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            _ => return Err(CodecError::NotCanonical),
        };
        let bytes = self.skip(length)?;
        let argument = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        // Only the short form of simple values is allowed, and no floating point.
        if argument < least || major == 7 { Err(CodecError::NotCanonical) } else { Ok((major, argument)) }
    }

    fn skip(&mut self, length: u64) -> Result<&'b [u8], CodecError> {
        let rest = &self.bytes[self.at..];
        let length = usize::try_from(length).ok().filter(|length| *length <= rest.len());
        let Some(length) = length else { return Err(self.malformed()) };
        self.at += length;
        Ok(&rest[..length])
    }

    const fn malformed(&self) -> CodecError {
        CodecError::Malformed(self.at)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn one_item_in_its_only_form_is_taken() {
        for good in [
            &[0x00][..],
            &[0x17],
            &[0x18, 24],
            &[0x19, 1, 0],
            &[0x1a, 0, 1, 0, 0],
            &[0x1b, 0, 0, 0, 1, 0, 0, 0, 0],
            &[0x20],
            &[0x42, 1, 2],
            &[0x61, b'x'],
            &[0x82, 0xf4, 0xf6],
            &[0xa2, 0x00, 0xf5, 0x61, b'a', 0x80],
        ] {
            assert_eq!(check(good), Ok(()), "{good:02x?}");
        }
    }

    #[test]
    fn other_forms_of_the_same_are_not() {
        for bad in [
            &[0x18, 23][..],
            &[0x19, 0, 255],
            &[0x1a, 0, 0, 255, 255],
            &[0x1b, 0, 0, 0, 0, 255, 255, 255, 255],
            &[0x58, 1, 0],
            &[0x9f, 0xff],
            &[0x5f, 0x41, 0, 0xff],
            &[0xa2, 0x01, 0, 0x00, 0],
            &[0xa2, 0x00, 0, 0x00, 0],
            &[0xc0, 0],
            &[0xf9, 0, 0],
            &[0xf7],
            &[0xf8, 20],
            &[0x00, 0x00],
        ] {
            assert_eq!(check(bad), Err(CodecError::NotCanonical), "{bad:02x?}");
        }
    }

    #[test]
    fn what_is_no_item_is_said_to_be_none() {
        let deep = vec![0x81; 40];
        for bad in
            [&[][..], &[0x42, 1], &[0x82, 0], &[0x61, 0xff], &[0x5b, 255, 255, 255, 255, 255, 255, 255, 255], &deep]
        {
            assert!(matches!(check(bad), Err(CodecError::Malformed(_))), "{bad:02x?}");
        }
    }
}
