//! Deterministic CBOR (RFC 8949 §4.2.1), strict by construction: decode, encode again, and the
//! bytes must be equal. That refuses non-minimal integers, indefinite lengths, trailing bytes and
//! unknown fields, whatever the decoding library tolerates.

use minicbor::{Decode, Encode};
use thiserror::Error;

/// Why bytes from a peer were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CodecError {
    /// Longer than this kind of object may be.
    #[error("{0} bytes are more than this object may have")]
    TooLong(usize),
    /// Not CBOR of the expected shape.
    #[error("malformed at byte {0}")]
    Malformed(usize),
    /// Decodes, but is not the one canonical encoding.
    #[error("not in canonical form")]
    NotCanonical,
}

/// Decodes `bytes`, refusing more than `cap` of them and anything not canonical.
pub fn decode<'b, T>(bytes: &'b [u8], cap: usize) -> Result<T, CodecError>
where
    T: Decode<'b, ()> + Encode<()>,
{
    if bytes.len() > cap {
        return Err(CodecError::TooLong(bytes.len()));
    }
    let value: T = minicbor::decode(bytes).map_err(|e| CodecError::Malformed(e.position().unwrap_or(0)))?;
    if encode(&value) == bytes { Ok(value) } else { Err(CodecError::NotCanonical) }
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
}
