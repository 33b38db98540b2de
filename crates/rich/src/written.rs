//! Formatted text as it goes on: written from the tree, so it holds what the tree can hold and nothing else.
//! What it says, the plain text beside it says too: that is what is searched, looked through for secrets and listed.

use std::borrow::Cow;

use hushclip_model::Content;

use crate::{HTML_BYTES, Node, Rich, parse};

/// Elements that stand on lines of their own, or in cells.
const APART: [&str; 23] = [
    "blockquote",
    "br",
    "caption",
    "dd",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "table",
    "td",
    "th",
    "tr",
    "ul",
];

/// What an address may hold without being taken for a picture, bytes.
const DATA_BYTES: usize = 256;

/// Content whose formatted form may go on any clipboard. None if it is a picture: browsers give what stands for
/// it in its place as its text.
pub fn harmless(mut content: Content) -> Option<Content> {
    let Some(html) = content.html.take() else { return Some(content) };
    let html = without_data(&html);
    let read = &html[..html.floor_char_boundary(HTML_BYTES)];
    let whole = read.len() == html.len();
    let Rich { nodes, pictures, .. } = parse(read, usize::MAX);
    let said = text_of(&nodes);
    // What is said after the beginning of what is too long, nobody has read.
    if pictures && said.trim().is_empty() && (whole || content.text.trim().is_empty()) {
        return None;
    }
    if whole && !said.trim().is_empty() && is_said(&said, &content.text) {
        let mut written = String::new();
        write_all(&nodes, &mut written);
        content.html = Some(written);
    }
    Some(content)
}

/// The same without what `data:` addresses hold (RFC 2397): pictures, which are not passed on, and may be larger than
/// everything around them.
fn without_data(html: &str) -> Cow<'_, str> {
    const SCHEME: &str = "data:";
    if html.len() <= HTML_BYTES {
        return html.into();
    }
    let mut parts = html.split(SCHEME);
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_whitespace() || "\"'<>)".contains(c)).unwrap_or(part.len());
        short.push_str(SCHEME);
        short.push_str(if end < DATA_BYTES { part } else { &part[end..] });
    }
    short.into()
}

/// Whether each letter and digit is in the plain text too, in this order. There may be more in that: marks of
/// lists, what stands for pictures.
fn is_said(said: &str, plain: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let (said, plain): (Vec<char>, Vec<char>) = (letters(said), letters(plain));
    let mut plain = plain.iter();
    said.iter().all(|letter| plain.any(|other| other == letter))
}

fn text_of(nodes: &[Node]) -> String {
    fn add(nodes: &[Node], text: &mut String) {
        for node in nodes {
            match node {
                Node::Text(found) => text.push_str(found),
                Node::Element { tag, children, .. } => {
                    let apart = APART.contains(tag).then_some('\n');
                    text.extend(apart);
                    add(children, text);
                    text.extend(apart);
                }
            }
        }
    }
    let mut text = String::new();
    add(nodes, &mut text);
    text
}

fn write_all(nodes: &[Node], into: &mut String) {
    for node in nodes {
        write(node, into);
    }
}

fn write(node: &Node, into: &mut String) {
    match node {
        Node::Text(text) => escape(text, into),
        Node::Element { tag, href, children } => {
            into.extend(["<", tag]);
            if let Some(href) = href {
                into.push_str(" href=\"");
                escape(href, into);
                into.push('"');
            }
            into.push('>');
            if !super::VOID.contains(tag) {
                write_all(children, into);
                into.extend(["</", tag, ">"]);
            }
        }
    }
}

fn escape(text: &str, into: &mut String) {
    for c in text.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\u{a0}' => into.push_str("&nbsp;"),
            c => into.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, html: &str) -> Option<String> {
        harmless(Content { text: text.into(), html: Some(html.into()) }).expect("no picture").html
    }

    #[test]
    fn however_deep_it_is_the_same_when_it_is_read_again() {
        let style = "font-weight: bold; font-style: italic; text-decoration: underline";
        let deep = format!("{}x", format!("<span style='{style}'>").repeat(40));
        let once = written("x", &deep).expect("it says x");
        assert!(once.starts_with("<b>") || once.starts_with("<strong>"), "{once}");
        assert_eq!(written("x", &once).as_deref(), Some(once.as_str()));
    }

    #[test]
    fn of_what_is_too_long_the_text_alone_goes_on_unless_it_is_a_picture() {
        let around = |bytes: usize| format!("<b>x</b><!--{}-->", "é".repeat(bytes / 2));
        assert_eq!(written("x", &around(HTML_BYTES / 2)).as_deref(), Some("<b>x</b>"));
        let content = harmless(Content { text: "x".into(), html: Some(around(HTML_BYTES)) });
        assert_eq!(content, Some(Content { text: "x".into(), html: None }));
        let picture =
            format!("<meta charset=utf-8><img alt=x src=\"data:image/png;base64,{}\">", "A".repeat(HTML_BYTES));
        assert_eq!(harmless(Content { text: "x".into(), html: Some(picture.clone()) }), None);
        let words = format!("{picture}<p>and <i>words</i></p>");
        assert_eq!(written("and words", &words).as_deref(), Some("<p>and <i>words</i></p>"));
        let after_much = format!("<img src=x>{}<p>words</p>", "<hr>".repeat(HTML_BYTES / 4));
        let content = harmless(Content { text: "words".into(), html: Some(after_much) });
        assert_eq!(content, Some(Content { text: "words".into(), html: None }), "nobody has read what it says");
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        for (text, html, expected) in [
            ("One bold word", "<p>One <b onclick=x>bold</b> word</p>", "<p>One <b>bold</b> word</p>"),
            ("a < b & c\u{a0}\"d\"", "a &lt; b &amp; c&nbsp;\"d\"", "a &lt; b &amp; c&nbsp;&quot;d&quot;"),
            (
                "x",
                "<a href='https://example.org/?a=1&amp;b=%22\"'>x",
                "<a href=\"https://example.org/?a=1&amp;b=%22&quot;\">x</a>",
            ),
            ("x", "<a href=javascript:alert(1)>x</a>", "<a>x</a>"),
            ("1. one\n2. two", "<ol><li>one<li>two</ol>", "<ol><li>one</li><li>two</li></ol>"),
            ("a\nb", "a<br>b<hr>", "a<br>b<hr>"),
            (
                "<script>alert(1)</script>",
                "&lt;script&gt;alert(1)&lt;/script&gt;",
                "&lt;script&gt;alert(1)&lt;/script&gt;",
            ),
            ("words", "words<img src=https://tracker.example/1.png onerror=alert(1)>", "words"),
            ("words", "words<form action=https://evil.example><input name=a></form>", "words"),
            ("words", "<link rel=stylesheet href=https://evil.example><style>@import 'x'</style>words", "words"),
            ("LOUD", "<span style='text-transform: uppercase'>loud</span>", "loud"),
        ] {
            assert_eq!(written(text, html).as_deref(), Some(expected), "{html}");
            // It is read again by whoever gets it, and is the same then.
            assert_eq!(written(text, expected).as_deref(), Some(expected), "{html} twice");
        }
    }

    #[test]
    fn what_only_the_formatted_form_says_does_not_go_on() {
        for (text, html) in [
            ("harmless", "<b>rm -rf /</b>"),
            ("harmless", "harmless <b>hunter2</b>"),
            ("words", "<meta charset=utf-8><br>"),
            ("words", "<script>words</script>"),
            ("", "<b>words</b>"),
        ] {
            assert_eq!(written(text, html), None, "{html}");
        }
    }

    #[test]
    fn a_picture_is_no_text() {
        let picture = |html: &str| harmless(Content { text: "A kitten".into(), html: Some(html.into()) }).is_none();
        assert!(picture("<meta charset=utf-8><img src=kitten.png alt=\"A kitten\">"));
        assert!(picture("<a href=https://example.org><picture><source><img alt='A kitten'></picture></a> \n"));
        assert!(!picture("<img src=kitten.png> A kitten"));
        assert!(!picture("A kitten"));
        assert!(!picture(""));
    }

    #[test]
    fn long_texts_keep_all_their_formatting() {
        let rows = 10_000;
        let html = format!("<table>{}</table>", "<tr><td>1</td></tr>".repeat(rows));
        let written = written(&"1\n".repeat(rows), &html).expect("the table");
        assert_eq!(written, html);
    }
}
