//! Deterministic CBOR (RFC 8949 §4.2.1). [`decode`] is strict by construction: it decodes, encodes again, and compares
//! the bytes. That refuses non-minimal integers, indefinite lengths, trailing bytes and unknown fields, whatever the
//! decoding library tolerates. [`decode_growing`] is as strict about the form, but skips unknown fields.

use minicbor::{Decode, Encode};
use thiserror::Error;

use crate::canonical;

/// Why bytes from a peer were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CodecError {
    /// Longer than this kind of object may be.
    #[error("too long: {0} bytes")]
    TooLong(usize),
    /// Not CBOR of the expected shape.
    #[error("malformed at byte {0}")]
    Malformed(usize),
    /// Decodes, but is not the one canonical encoding.
    #[error("not in canonical form")]
    NotCanonical,
    /// Well-formed, but of a kind that this version does not know.
    #[error("unknown kind {0}")]
    Unknown(u8),
}

/// Decodes `bytes`, refusing more than `cap` of them and anything not canonical.
pub fn decode<'b, T>(bytes: &'b [u8], cap: usize) -> Result<T, CodecError>
where
    T: Decode<'b, ()> + Encode<()>,
{
    if bytes.len() > cap {
        return Err(CodecError::TooLong(bytes.len()));
    }
    let value: T = minicbor::decode(bytes).map_err(malformed)?;
    if encode(&value) == bytes { Ok(value) } else { Err(CodecError::NotCanonical) }
}

/// Decodes what later versions may add to: fields at the end of a list that this version does not know are skipped. The
/// form is checked as strictly as in [`decode`], but the same value may have several encodings, one for each version,
/// so whatever is signed or hashed is kept as received.
pub fn decode_growing<'b, T: Decode<'b, ()>>(bytes: &'b [u8], cap: usize) -> Result<T, CodecError> {
    if bytes.len() > cap {
        return Err(CodecError::TooLong(bytes.len()));
    }
    let value = minicbor::decode(bytes).map_err(malformed)?;
    canonical::check(bytes)?;
    Ok(value)
}

/// As [`decode_growing`], for a list whose first field is a number below `known` that says what the others are.
pub(crate) fn decode_tagged<'b, T: Decode<'b, ()>>(bytes: &'b [u8], cap: usize, known: u8) -> Result<T, CodecError> {
    if bytes.len() > cap {
        return Err(CodecError::TooLong(bytes.len()));
    }
    let mut decoder = minicbor::Decoder::new(bytes);
    decoder.array().map_err(malformed)?;
    let tag = decoder.u8().map_err(malformed)?;
    if tag < known {
        return decode_growing(bytes, cap);
    }
    canonical::check(bytes)?;
    Err(CodecError::Unknown(tag))
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn malformed(error: minicbor::decode::Error) -> CodecError {
    CodecError::Malformed(error.position().unwrap_or(0))
}

/// A list that keeps what this version does not know of it, both fields at its end and anything inside a field that
/// does not change, and writes it back: a later version has put it there and will want it again. `T` must always encode
/// all its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept<T> {
    /// What this version knows.
    pub value: T,
    /// What was read.
    stored: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    /// As it was stored.
    stored: Vec<u8>,
    /// How this version writes what it has read of it; `None` if it does not know the field.
    own: Option<Vec<u8>>,
}

impl<T: Encode<()> + for<'b> Decode<'b, ()>> Kept<T> {
    /// As [`decode_growing`].
    pub fn decode(bytes: &[u8], cap: usize) -> Result<Self, CodecError> {
        let value: T = decode_growing(bytes, cap)?;
        let encoded = encode(&value);
        let list = |bytes| fields(bytes).ok_or(CodecError::Malformed(0));
        let mut own = list(&encoded)?.into_iter().map(<[u8]>::to_vec);
        let stored = list(bytes)?.into_iter();
        let stored = stored.map(|stored| Field { stored: stored.to_vec(), own: own.next() }).collect();
        Ok(Self { value, stored })
    }

    /// Encodes the list, with everything that has not changed left as it was stored.
    pub fn encode(&self) -> Vec<u8> {
        let encoded = encode(&self.value);
        let Some(own) = fields(&encoded) else { return encoded };
        let mut out = minicbor::Encoder::new(Vec::new());
        if out.array(own.len().max(self.stored.len()) as u64).is_err() {
            // As in `encode`.
            unreachable!("encoding to memory");
        }
        let mut out = out.into_writer();
        let mut stored = self.stored.iter();
        for own in own {
            let same = stored.next().filter(|field| field.own.as_deref() == Some(own));
            out.extend_from_slice(same.map_or(own, |field| &field.stored));
        }
        out.extend(stored.flat_map(|field| &field.stored));
        out
    }
}

/// The fields of a list; `None` for anything that is not a list.
fn fields(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let count = decoder.array().ok()??;
    let mut field = || {
        let from = decoder.position();
        decoder.skip().ok()?;
        bytes.get(from..decoder.position())
    };
    (0..count).map(|_| field()).collect()
}

/// The canonical encoding of `value`.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    match minicbor::encode(value, &mut out) {
        Ok(()) => out,
        // Writing to a Vec cannot fail, and our types have no custom encoding errors.
        Err(_) => unreachable!("encoding to memory"),
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[derive(Debug, PartialEq, Encode, Decode)]
    #[cbor(array)]
    struct Pair {
        #[n(0)]
        a: u64,
        #[n(1)]
        b: String,
    }

    #[test]
    fn only_the_canonical_encoding_is_accepted() {
        let pair = Pair { a: 5, b: "x".into() };
        let bytes = encode(&pair);
        assert_eq!(bytes, [0x82, 5, 0x61, b'x']);
        assert_eq!(decode::<Pair>(&bytes, 100), Ok(pair));
        let refused = |b: &[u8]| decode::<Pair>(b, 100).unwrap_err();
        assert_eq!(refused(&[0x82, 0x18, 5, 0x61, b'x']), CodecError::NotCanonical);
        assert_eq!(refused(&[0x9f, 5, 0x61, b'x', 0xff]), CodecError::NotCanonical);
        assert_eq!(refused(&[0x82, 5, 0x61, b'x', 0]), CodecError::NotCanonical);
        assert_eq!(refused(&[0x83, 5, 0x61, b'x', 0]), CodecError::NotCanonical);
        assert!(matches!(refused(&[0x82, 5]), CodecError::Malformed(_)));
        assert!(matches!(
            refused(&[0x82, 5, 0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            CodecError::Malformed(_)
        ));
        assert!(matches!(refused(&[]), CodecError::Malformed(_)));
        assert_eq!(decode::<Pair>(&bytes, 3), Err(CodecError::TooLong(4)));
    }

    #[test]
    fn what_a_later_version_has_added_is_written_again() {
        let bytes = [0x84, 5, 0x61, b'x', 0x81, 7, 0xf6];
        let mut kept = Kept::<Pair>::decode(&bytes, 100).unwrap();
        assert_eq!(kept.encode(), bytes);
        kept.value.a = 6;
        assert_eq!(kept.encode(), [0x84, 6, 0x61, b'x', 0x81, 7, 0xf6]);
        let plain = Kept::<Pair>::decode(&[0x82, 5, 0x61, b'x'], 100).unwrap();
        assert_eq!(plain.encode(), [0x82, 5, 0x61, b'x']);
        assert!(Kept::<Pair>::decode(&[0x81, 5], 100).is_err());
    }

    #[test]
    fn what_a_later_version_adds_is_passed_over() {
        let pair = || Ok(Pair { a: 5, b: "x".into() });
        assert_eq!(decode_growing::<Pair>(&[0x82, 5, 0x61, b'x'], 100), pair());
        assert_eq!(decode_growing::<Pair>(&[0x84, 5, 0x61, b'x', 0x81, 7, 0xf6], 100), pair());
        let refused = |b: &[u8]| decode_growing::<Pair>(b, 100).unwrap_err();
        assert_eq!(refused(&[0x83, 5, 0x61, b'x', 0x18, 5]), CodecError::NotCanonical);
        assert_eq!(refused(&[0x82, 5, 0x61, b'x', 0]), CodecError::NotCanonical);
        assert!(matches!(refused(&[0x81, 5]), CodecError::Malformed(_)));
        assert_eq!(decode_growing::<Pair>(&[0x82, 5, 0x61, b'x'], 3), Err(CodecError::TooLong(4)));
    }
}
