//! A link as a picture, drawn as one SVG path: dark on light in every theme, with its quiet zone.

use leptos::prelude::*;
use qrcode::{Color, EcLevel, QrCode};

/// Light modules around the code, as ISO/IEC 18004 asks for.
const QUIET: usize = 4;

/// The picture of `link`; nothing when the link is too long for one.
#[component]
pub(crate) fn Qr(
    /// What the picture says.
    link: String,
    /// What a screen reader says instead.
    label: &'static str,
) -> impl IntoView {
    outline(&link).map(|(side, path)| {
        view! {
            <svg
                class="qr"
                data-testid="invite-qr"
                role="img"
                aria-label=label
                viewBox=format!("0 0 {side} {side}")
                shape-rendering="crispEdges"
            >
                <rect width=side height=side fill="#fff" />
                <path fill="#000" d=path />
            </svg>
        }
    })
}

/// Side length in modules, quiet zone included, and the dark modules as a path of row runs.
fn outline(link: &str) -> Option<(usize, String)> {
    use std::fmt::Write as _;

    let code = QrCode::with_error_correction_level(link, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] == Color::Dark {
                let length = run.len();
                write!(path, "M{} {}h{length}v1h-{length}z", x + QUIET, y + QUIET).ok()?;
            }
            x += run.len();
        }
    }
    Some((width + 2 * QUIET, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finder_pattern_starts_after_the_quiet_zone() {
        let (side, path) = outline("https://example.org/pair#abc").unwrap();
        assert!(path.starts_with("M4 4h7v1h-7z"));
        assert_eq!((side - 2 * QUIET - 17) % 4, 0, "a QR code is 17 + 4 n wide");
    }

    #[test]
    fn a_link_too_long_has_no_picture() {
        assert!(outline(&"x".repeat(4_000)).is_none());
    }
}
