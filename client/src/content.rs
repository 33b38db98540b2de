//! What was sent, with all its bytes.

use hushclip_model::PayloadView;

/// One form of a clip's content.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Form {
    /// Its media type, such as `text/plain`.
    pub media: String,
    /// The content.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Form {
    /// Leaves the content out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Form({} bytes)", self.bytes.len())
    }
}

/// Something that another device has sent.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Payload {
    /// What is known of it: who sent it, when, and its place among all that came here.
    pub about: PayloadView,
    /// What the program there has sent.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Payload {
    /// Leaves the bytes out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.about.fmt(f)
    }
}
