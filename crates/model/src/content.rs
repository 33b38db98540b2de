//! What a clip holds.

use serde::{Deserialize, Serialize};

/// What a clip holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Plain text.
    pub text: String,
    /// The same as HTML, if there is an HTML form.
    pub html: Option<String>,
}

impl Content {
    /// Plain text only.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), html: None }
    }
}

impl core::fmt::Debug for Content {
    /// Gives only the size: clip text does not belong in logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Content({} bytes)", self.text.len() + self.html.as_ref().map_or(0, String::len))
    }
}
