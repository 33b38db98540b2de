//! What of a clip is shown in the list, and where in it the words stand that were searched. Plain functions
//! on text; what is found is decided by the engine.

use crate::entry;

/// How much stands before the first word found, characters.
const LEAD_CHARS: usize = 60;
/// Words beyond these are not marked.
const MOST_WORDS: usize = 8;

/// A piece of text, and whether it was searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) is_match: bool,
}

/// The words that were searched, as they are compared.
pub(crate) fn words(query: &str) -> Vec<String> {
    query.split_whitespace().take(MOST_WORDS).map(str::to_lowercase).collect()
}

/// A clip's text in pieces, shortened; it starts near the first word if that is far in.
pub(crate) fn pieces(text: &str, words: &[String]) -> Vec<Piece> {
    let first = if words.is_empty() { None } else { marks(text, words).first().map(|(start, _)| *start) };
    let lead = first.map(|first| text[..first].char_indices().rev().nth(LEAD_CHARS).map_or(0, |(at, _)| at));
    let shown = match lead {
        Some(lead) if lead > LEAD_CHARS => format!("…{}", entry::preview(&text[lead..])),
        _ => entry::preview(text),
    };
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut push = |text: &str, is_match| {
        if !text.is_empty() {
            pieces.push(Piece { text: text.to_owned(), is_match });
        }
    };
    for (start, end) in marks(&shown, words) {
        push(&shown[at..start], false);
        push(&shown[start..end], true);
        at = end;
    }
    push(&shown[at..], false);
    pieces
}

/// Where the words stand, in order and apart.
fn marks(text: &str, words: &[String]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    if words.is_empty() {
        return found;
    }
    while at < text.len() {
        let rest = &text[at..];
        let longest = words.iter().filter_map(|word| matched(rest, word)).max();
        let next = rest.chars().next().map_or(1, char::len_utf8);
        match longest {
            Some(length) if length > 0 => {
                found.push((at, at + length));
                at += length;
            }
            _ => at += next,
        }
    }
    found
}

/// How many bytes of the text's start are this word, in any case.
fn matched(text: &str, word: &str) -> Option<usize> {
    let mut wanted = word.chars().peekable();
    for (at, c) in text.char_indices() {
        if wanted.peek().is_none() {
            return Some(at);
        }
        for lower in c.to_lowercase() {
            if wanted.next() != Some(lower) {
                return None;
            }
        }
    }
    wanted.peek().is_none().then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, query: &str) -> String {
        pieces(text, &words(query))
            .into_iter()
            .map(|piece| if piece.is_match { format!("[{}]", piece.text) } else { piece.text })
            .collect()
    }

    #[test]
    fn words_are_marked_in_any_case() {
        assert_eq!(shown("The blue Folder, the BLUE one", "blue fold"), "The [blue] [Fold]er, the [BLUE] one");
        assert_eq!(shown("Straße ÄÖÜ", "äö"), "Straße [ÄÖ]Ü");
        assert_eq!(shown("İstanbul", "i\u{307}s"), "[İs]tanbul");
        assert_eq!(shown("nothing here", "else"), "nothing here");
        assert_eq!(shown("all of it", "  "), "all of it");
        assert_eq!(shown("foobar", "foo foobar"), "[foobar]");
    }

    #[test]
    fn a_word_far_in_is_brought_near() {
        let text = format!("{} needle {}", "hay ".repeat(500), "straw ".repeat(500));
        let shown = shown(&text, "needle");
        assert!(shown.starts_with('…') && shown.contains("[needle]"), "{shown}");
        assert!(shown.find('[').unwrap() < 80, "{shown}");
    }
}
