//! `padding.json`: Padmé lengths, padded bytes, and padding that is refused.

use hushclip_crypto::pad::{pad, padded_len};
use serde_json::json;

use crate::out::{File, flipped, hex};

/// Makes the file.
pub(crate) fn make() -> File {
    let lengths = [
        0,
        1,
        255,
        256,
        257,
        272,
        273,
        511,
        512,
        513,
        1000,
        1023,
        1024,
        1025,
        4095,
        4097,
        65_535,
        65_537,
        100_000,
        262_144,
        262_145,
        0x7fff_ffff,
        0x8000_0001,
        0xffff_ffff,
        0x1_0000_0001,
        (1 << 40) + 1,
    ];
    let lengths: Vec<_> = lengths
        .into_iter()
        .map(|len| json!({ "len": len.to_string(), "padded_len": padded_len(len).to_string() }))
        .collect();
    let mut padded = Vec::new();
    for len in [0, 1, 100, 255, 256, 271, 272, 600] {
        let plain: Vec<u8> = (0..len).map(|at: u32| at as u8).collect();
        padded.push(json!({ "name": format!("{len} bytes"), "plain": hex(&plain), "padded": hex(pad(plain)) }));
    }
    padded.push(json!({ "name": "ends like padding", "plain": "800000", "padded": hex(pad(vec![0x80, 0, 0])) }));
    let good = pad(vec![7; 10]);
    let ending = |byte: u8, len: usize| {
        let mut bytes = vec![7; 10];
        bytes.push(byte);
        bytes.resize(len, 0);
        bytes
    };
    let refused: Vec<_> = [
        ("empty", Vec::new()),
        ("zeros only", vec![0; 256]),
        ("no marker", vec![7; 256]),
        ("marker is 0x81", ending(0x81, 256)),
        ("marker is 0x01", ending(0x01, 256)),
        ("a bit in the padding", flipped(&good, 255)),
        ("one zero too few", good[..255].to_vec()),
        ("one zero too many", ending(0x80, 257)),
        ("no zeros", ending(0x80, 11)),
        ("padded to the next step", ending(0x80, 272)),
        ("padded to a power of two", ending(0x80, 512)),
        ("a length between two steps", {
            let mut bytes = vec![7; 256];
            bytes.push(0x80);
            bytes.resize(271, 0);
            bytes
        }),
    ]
    .into_iter()
    .map(|(name, padded)| json!({ "name": name, "padded": hex(padded) }))
    .collect();
    File::new(&["`padded` is `plain`, 0x80, and zeros up to `padded_len(len(plain) + 1)`."])
        .with("lengths", lengths)
        .with("padded", padded)
        .with("refused", refused)
}
