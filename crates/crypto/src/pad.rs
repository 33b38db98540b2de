//! Padmé padding (Nikitin et al., PETS 2019, §4) with a floor, so that a length reveals little: at most
//! `O(log log n)` bits, for at most 12 % more bytes. The padding is `0x80` and zeros (ISO/IEC 7816-4).

use crate::OpenError;

/// Shortest padded length, in bytes.
pub const FLOOR: u64 = 256;

/// The length that `len` bytes are padded to.
pub const fn padded_len(len: u64) -> u64 {
    if len <= FLOOR {
        return FLOOR;
    }
    let exponent = len.ilog2();
    let mantissa = exponent.ilog2() + 1;
    let mask = (1u64 << (exponent - mantissa)) - 1;
    (len + mask) & !mask
}

/// Appends the padding.
pub fn pad(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.push(0x80);
    let len = padded_len(bytes.len() as u64) as usize;
    bytes.resize(len, 0);
    bytes
}

/// Removes the padding.
pub fn unpad(mut bytes: Vec<u8>) -> Result<Vec<u8>, OpenError> {
    let end = bytes.iter().rposition(|b| *b != 0).ok_or(OpenError)?;
    if bytes[end] != 0x80 || padded_len(end as u64 + 1) != bytes.len() as u64 {
        return Err(OpenError);
    }
    bytes.truncate(end);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn lengths_of_the_paper() {
        // Computed by hand from the definition: E = ⌊log₂ L⌋, S = ⌊log₂ E⌋ + 1.
        for (len, padded) in
            [(0, 256), (256, 256), (257, 272), (512, 512), (513, 544), (1000, 1024), (100_000, 100_352)]
        {
            assert_eq!(padded_len(len), padded, "{len}");
        }
        assert_eq!(padded_len((1 << 40) + 1), (1 << 40) + (1 << 34));
    }

    #[test]
    fn every_length_comes_back() {
        for len in 0..2000 {
            let bytes = vec![0; len];
            let padded = pad(bytes.clone());
            assert_eq!(padded.len() as u64, padded_len(len as u64 + 1));
            assert_eq!(unpad(padded), Ok(bytes));
        }
    }

    #[test]
    fn wrong_padding_is_refused() {
        assert_eq!(unpad(vec![0; 256]), Err(OpenError));
        assert_eq!(unpad(vec![1; 256]), Err(OpenError));
        let mut longer = pad(vec![7; 10]);
        longer.push(0);
        assert_eq!(unpad(longer), Err(OpenError));
        assert_eq!(unpad(vec![]), Err(OpenError));
    }
}
