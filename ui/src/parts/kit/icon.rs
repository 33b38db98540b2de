//! Small drawings, one stroke wide, coloured by the text around them. They carry no meaning alone:
//! each stands beside words, or in a button that is labelled.
//!
//! An element of which `view!` knows every part beforehand becomes markup that is parsed when it is shown,
//! and pages that parse markup cannot forbid it (Trusted Types). So no element here, or in any other view, is
//! all literal strings: numbers are numbers, and the rest of such elements has a name. A test refuses others.

use leptos::prelude::*;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Copy,
    Check,
    Clock,
    Open,
    Send,
    Paste,
    Plus,
    Close,
    Warning,
    Back,
    Devices,
    Settings,
    Camera,
    /// Something came in.
    Joined,
    /// Something went out.
    Gone,
    /// One thing twice.
    Twice,
    /// Put back as it was.
    Restored,
    Search,
    Filter,
    Pin,
    More,
    Delete,
    Share,
    Eye,
    Flame,
    Keyboard,
    /// A plain page.
    Plain,
    Secret,
}

impl Shape {
    fn path(self) -> &'static str {
        match self {
            Self::Copy => {
                "M9 9h9a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2zM15 5.5V5a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h.5"
            }
            Self::Check => "M5 12.5l4.5 4.5L19 7.5",
            Self::Clock => "M12 7.5V12l3 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z",
            Self::Open => "M13.5 4.5h6v6M19 5l-8 8M17.5 14v3.5a2 2 0 0 1-2 2h-9a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2H10",
            Self::Send => "M12 19.5V5M6 11l6-6 6 6",
            Self::Paste => {
                "M9 4.5H7a2 2 0 0 0-2 2V19a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V6.5a2 2 0 0 0-2-2h-2M9.5 3h5v3.5h-5zM12 17v-6M9.5 13.5L12 11l2.5 2.5"
            }
            Self::Plus => "M12 5v14M5 12h14",
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Warning => {
                "M12 9v4.5M12 16.8v.1M10.4 4.6L2.9 17.5a1.85 1.85 0 0 0 1.6 2.8h15a1.85 1.85 0 0 0 1.6-2.8L13.6 4.6a1.85 1.85 0 0 0-3.2 0z"
            }
            Self::Back => "M15 5l-7 7 7 7",
            Self::Devices => {
                "M13 17H4.5A1.5 1.5 0 0 1 3 15.5v-9A1.5 1.5 0 0 1 4.5 5h13A1.5 1.5 0 0 1 19 6.500v.5M8 20h5M16.500 10h4a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1h-4a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1z"
            }
            Self::Settings => {
                "M4 7.5h9.5M18.5 7.5H20M13.5 7.5a2.5 2.5 0 1 0 5 0 2.5 2.5 0 1 0-5 0M4 16.5h1.5M10.5 16.5H20M5.5 16.5a2.5 2.5 0 1 0 5 0 2.5 2.5 0 1 0-5 0"
            }
            Self::Camera => {
                "M4 8h3l2-3h6l2 3h3a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1zM15.500 13.500a3.500 3.500 0 1 1-7 0 3.500 3.500 0 0 1 7 0z"
            }
            Self::Joined => "M12 8v8M8 12h8M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z",
            Self::Gone => "M8 12h8M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z",
            Self::Twice => "M15.5 12a6 6 0 1 1-12 0 6 6 0 0 1 12 0zM20.5 12a6 6 0 0 1-8 5.7M12.5 6.3a6 6 0 0 1 8 5.7",
            Self::Search => "M20 20l-4.500-4.500M17.500 10.500a7 7 0 1 1-14 0 7 7 0 0 1 14 0z",
            Self::Filter => "M4 6.500h16M7 12h10M10 17.500h4",
            Self::Pin => "M9 3.500h6M10 3.500v6l-3 4h10l-3-4v-6M12 13.500V21",
            Self::More => "M5.500 12h.01M12 12h.01M18.500 12h.01",
            Self::Delete => {
                "M4.500 6.500h15M9.500 6V4h5v2M6.500 6.500l.8 13h9.400l.8-13M10 10.500v5.500M14 10.500v5.500"
            }
            Self::Share => {
                "M12 15V3.500M7.500 7.500L12 3l4.500 4.500M7.500 11H6a1.500 1.500 0 0 0-1.500 1.500v6.500A1.500 1.500 0 0 0 6 20.500h12a1.500 1.500 0 0 0 1.500-1.500v-6.500A1.500 1.500 0 0 0 18 11h-1.500"
            }
            Self::Eye => {
                "M2.500 12c2.300-4 5.500-6 9.500-6s7.200 2 9.500 6c-2.300 4-5.500 6-9.500 6s-7.200-2-9.500-6zM14.800 12a2.800 2.800 0 1 1-5.600 0 2.800 2.800 0 0 1 5.600 0z"
            }
            Self::Flame => {
                "M12 21a6 6 0 0 0 6-6c0-4-3.500-5.500-4-9.500-2.500 1-3.500 3.500-3.300 5.500-1-.3-1.700-1.200-1.900-2.200C7 10.500 6 12.700 6 15a6 6 0 0 0 6 6z"
            }
            Self::Keyboard => {
                "M4 6.500h16a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1zM7 10.500h.01M10.300 10.500h.01M13.700 10.500h.01M17 10.500h.01M8 14h8"
            }
            Self::Plain => "M5 6.500h14M5 10.500h14M5 14.500h14M5 18.500h8",
            Self::Secret => {
                "M7 10.500V8a5 5 0 0 1 10 0v2.500M6 10.500h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1zM12 14.500v2"
            }
            Self::Restored => "M4.5 12a7.5 7.5 0 1 0 2.4-5.5M6.5 3v4h4",
        }
    }
}

/// A drawing as large as the text.
#[component]
pub(crate) fn Icon(
    /// What is drawn.
    shape: Shape,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=shape.path() />
        </svg>
    }
}

/// The product's mark: two sheets, and what they share is opaque.
#[component]
pub(crate) fn Mark() -> impl IntoView {
    let shared = "M19.5 23.5a4 4 0 0 1 4-4h5v5a4 4 0 0 1-4 4h-5z";
    view! {
        <svg class="mark" viewBox="0 0 48 48" aria-hidden="true" focusable="false">
            <rect class="mark-ground" width=48 height=48 rx=12 />
            <rect class="mark-sheet" x=10.5 y=10.5 width=18 height=18 rx=4 />
            <rect class="mark-sheet" x=19.5 y=19.5 width=18 height=18 rx=4 />
            <path class="mark-shared" d=shared />
        </svg>
    }
}

/// The light beside a device or the connection; its colour is the state of what is around it.
#[component]
pub(crate) fn Dot() -> impl IntoView {
    let class = "dot";
    view! { <span class=class></span> }
}
