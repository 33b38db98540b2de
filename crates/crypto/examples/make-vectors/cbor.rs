//! CBOR by hand, in order to make what our encoder never would.

/// The head of an item: major type and argument in the fewest bytes.
pub(crate) fn head(major: u8, argument: u64) -> Vec<u8> {
    let head = |short: u8| (major << 5) + short;
    match argument {
        0..24 => vec![head(argument as u8)],
        24..0x100 => vec![head(24), argument as u8],
        0x100..0x1_0000 => [&[head(25)][..], &(argument as u16).to_be_bytes()].concat(),
        0x1_0000..0x1_0000_0000 => [&[head(26)][..], &(argument as u32).to_be_bytes()].concat(),
        _ => [&[head(27)][..], &argument.to_be_bytes()].concat(),
    }
}

/// An unsigned integer.
pub(crate) fn uint(value: u64) -> Vec<u8> {
    head(0, value)
}

/// A byte string.
pub(crate) fn bytes(value: &[u8]) -> Vec<u8> {
    [head(2, value.len() as u64), value.to_vec()].concat()
}

/// A text string.
pub(crate) fn text(value: &str) -> Vec<u8> {
    [head(3, value.len() as u64), value.as_bytes().to_vec()].concat()
}

/// An array of encoded items.
pub(crate) fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [head(4, items.len() as u64), items.concat()].concat()
}

/// An array of encoded items, of indefinite length: never canonical.
pub(crate) fn endless_list(items: &[Vec<u8>]) -> Vec<u8> {
    [&[0x9f][..], &items.concat(), &[0xff]].concat()
}
