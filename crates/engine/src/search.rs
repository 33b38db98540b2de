//! What a query finds, by what is known of clips without their content.

use hushclip_crypto::body::{FLAG_BURN, FLAG_SENSITIVE, HTML};
use hushclip_model::Query;
use hushclip_model::view::Filter;
use hushclip_protocol::ids::DeviceId;

use crate::clip::Clip;

/// A query, prepared.
pub(crate) struct Search<'a> {
    query: &'a Query,
    words: Vec<String>,
    /// Of whom clips are wanted, if not of all.
    device: Option<&'a str>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(query: &'a Query) -> Self {
        // A popup that is older than its background says "" for all.
        let device = query.device.as_deref().filter(|device| !device.is_empty());
        let words = query.text.split_whitespace().map(str::to_lowercase).collect();
        Self { query, words, device }
    }

    pub(crate) fn finds(&self, clip: &Clip) -> bool {
        let Self { query, words, device } = self;
        let from = device.is_none_or(|device| DeviceId::from_hex(device) == Some(clip.device));
        if !from || (query.pinned && !clip.pinned) {
            return false;
        }
        let text = clip.about.beginning();
        let secret = clip.flags & (FLAG_SENSITIVE | FLAG_BURN) != 0;
        let fits = match query.kind {
            Filter::All => true,
            Filter::Secret => secret,
            Filter::Formatted => clip.about.has(HTML) && !secret,
            Filter::Link => !secret && is_link(text),
            Filter::Text => !secret && !clip.about.has(HTML) && !is_link(text),
        };
        fits && (words.is_empty() || (!secret && words.iter().all(|word| holds_word(text, word))))
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
