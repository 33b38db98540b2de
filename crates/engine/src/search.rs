//! What a query finds, and how much of a clip a list shows.

use hushclip_crypto::body::{FLAG_BURN, FLAG_SENSITIVE};
use hushclip_model::view::Filter;
use hushclip_model::{ClipView, Query};
use hushclip_protocol::ids::DeviceId;

use crate::clip::Clip;

/// How much of a long text a list shows, characters.
const SHOWN_CHARS: usize = 2_000;
/// Longest HTML form that a list shows, bytes.
const SHOWN_HTML: usize = 16 * 1024;

/// A query, prepared.
pub(crate) struct Search<'a> {
    query: &'a Query,
    words: Vec<String>,
    device: Option<DeviceId>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(query: &'a Query) -> Self {
        let words = query.text.split_whitespace().map(str::to_lowercase).collect();
        Self { query, words, device: DeviceId::from_hex(&query.device) }
    }

    pub(crate) fn finds(&self, clip: &Clip) -> bool {
        let Self { query, words, device } = self;
        let from = query.device.is_empty() || *device == Some(clip.device);
        if !from || (query.pinned && !clip.pinned) {
            return false;
        }
        let secret = clip.flags & (FLAG_SENSITIVE | FLAG_BURN) != 0;
        let fits = match query.kind {
            Filter::All => true,
            Filter::Secret => secret,
            Filter::Formatted => clip.html.is_some() && !secret,
            Filter::Link => !secret && is_link(&clip.text),
            Filter::Text => !secret && clip.html.is_none() && !is_link(&clip.text),
        };
        fits && (words.is_empty() || (!secret && words.iter().all(|word| holds_word(&clip.text, word))))
    }
}

/// Whether a text is a web address and nothing else.
fn is_link(text: &str) -> bool {
    let text = text.trim();
    let schemed = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    (schemed("https://") || schemed("http://")) && !text.contains(char::is_whitespace)
}

/// Whether a text holds a word that is in lower case, in any case.
fn holds_word(text: &str, word: &str) -> bool {
    if !word.is_ascii() {
        return text.to_lowercase().contains(word);
    }
    // The usual case, without a copy of the text.
    let (text, word) = (text.as_bytes(), word.as_bytes());
    text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

/// As much of a clip as a list shows.
pub(crate) fn shortened(mut clip: ClipView) -> ClipView {
    if let Some((end, _)) = clip.text.char_indices().nth(SHOWN_CHARS) {
        clip.text.truncate(end);
        clip.cut = true;
    }
    if clip.html.as_ref().is_some_and(|html| html.len() > SHOWN_HTML) {
        clip.html = None;
        clip.cut = true;
    }
    clip
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case_and_script() {
        assert!(holds_word("Grüße aus KÖLN", "köln"));
        assert!(holds_word("Hello World", "o w"));
        assert!(holds_word("HELLO", "hello"));
        assert!(!holds_word("hell", "hello"));
    }

    #[test]
    fn a_link_is_an_address_and_nothing_else() {
        assert!(is_link(" HTTPS://example.org/a "));
        assert!(!is_link("see https://example.org"));
        assert!(!is_link("https://example.org and more"));
        assert!(!is_link("h€"));
    }
}
