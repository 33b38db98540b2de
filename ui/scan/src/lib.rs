//! Reads QR codes from camera pictures. It is a separate wasm module, so that only people who scan load it.
//! It refuses to know what a code says or means.

use rqrr::PreparedImage;
use wasm_bindgen::prelude::wasm_bindgen;

/// Bytes of a pixel: red, green, blue, opacity.
const PIXEL: usize = 4;

/// The text of the first QR code (ISO/IEC 18004) in a picture that can be read; none if there is none.
#[wasm_bindgen]
pub fn decode(pixels: &[u8], width: usize, height: usize) -> Option<String> {
    if width == 0 || pixels.len() != width.checked_mul(height)?.checked_mul(PIXEL)? {
        return None;
    }
    let grey = |x: usize, y: usize| {
        let at = PIXEL * (y * width + x);
        pixels.get(at..at + 3).map_or(0, luma)
    };
    let mut picture = PreparedImage::prepare_from_greyscale(width, height, grey);
    picture.detect_grids().iter().find_map(|grid| grid.decode().ok()).map(|(_, text)| text)
}

/// How bright a pixel is to the eye (ITU-R BT.601).
fn luma(rgb: &[u8]) -> u8 {
    let weighted: u32 = rgb.iter().zip([77, 150, 29]).map(|(colour, weight)| u32::from(*colour) * weight).sum();
    (weighted >> 8) as u8
}

#[cfg(test)]
mod tests {
    use qrcode::{Color, QrCode};

    use super::*;

    const MODULE: usize = 5;
    const MARGIN: usize = 60;

    /// A picture of a code, off centre on an uneven ground as a camera gives it.
    fn picture(text: &str) -> (Vec<u8>, usize, usize) {
        let code = QrCode::new(text).unwrap();
        let side = code.width() * MODULE;
        let (width, height) = (side + 3 * MARGIN, side + 2 * MARGIN);
        let dark = |x: usize, y: usize| {
            let module = |at: usize| at.checked_sub(MARGIN).map(|at| at / MODULE).filter(|at| *at < code.width());
            module(x).zip(module(y)).is_some_and(|at| code[at] == Color::Dark)
        };
        let pixel = |at: usize| {
            let (x, y) = (at % width, at / width);
            let shade = (40 * x / width) as u8;
            if dark(x, y) { [20 + shade, 30, 40, 255] } else { [190 + shade, 215, 200, 255] }
        };
        ((0..width * height).flat_map(pixel).collect(), width, height)
    }

    #[test]
    fn a_pairing_link_is_read() {
        let link = format!("https://clips.example.org/pair#{}", "Ab3_-".repeat(20));
        let (pixels, width, height) = picture(&link);
        assert_eq!(decode(&pixels, width, height), Some(link));
    }

    #[test]
    fn what_is_no_code_is_none() {
        assert_eq!(decode(&vec![200; PIXEL * 100 * 100], 100, 100), None);
        let noise: Vec<u8> = (0..PIXEL * 120 * 90).map(|n| (n * n % 251) as u8).collect();
        assert_eq!(decode(&noise, 120, 90), None);
    }

    #[test]
    fn pictures_of_a_wrong_size_are_none() {
        assert_eq!(decode(&[], 0, 0), None);
        assert_eq!(decode(&[0; 16], 3, 2), None);
        assert_eq!(decode(&[0; 16], usize::MAX, 2), None);
    }
}
