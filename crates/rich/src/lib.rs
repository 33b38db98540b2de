//! Makes formatted text harmless: HTML in, a small tree of known elements out. Only the tree is ever
//! shown or passed on, so what this parser misreads can look odd but cannot run. It keeps no styles, no
//! images and no attributes except link addresses, and it refuses to be led deep or far.

mod references;
mod written;

use hushclip_protocol::limits;
use references::decode;
pub use written::harmless;

/// Elements that are read; of others only what is in them.
#[rustfmt::skip]
const READ: [&str; 43] = [
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "div", "dl", "dt", "em", "font", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "li", "ol", "p", "pre", "q", "s",
    "samp", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "tr", "u", "ul",
];
const VOID: [&str; 2] = ["br", "hr"];
/// People leave end tags out: each of these ends an open one of the second list, if none of the third is
/// between them.
const ENDS: [(&[&str], &[&str], &[&str]); 5] = [
    (&["p"], &["p"], &["blockquote", "li", "td", "th", "div"]),
    (&["li"], &["li"], &["ul", "ol"]),
    (&["dt", "dd"], &["dt", "dd"], &["dl"]),
    (&["tr"], &["tr"], &["table"]),
    (&["td", "th"], &["td", "th"], &["tr", "table"]),
];
/// Elements whose content is not for reading.
#[rustfmt::skip]
const DROPPED: [&str; 19] = [
    "script", "style", "template", "noscript", "iframe", "object", "embed", "svg", "math", "head",
    "title", "textarea", "select", "xmp", "noembed", "noframes", "plaintext", "audio", "video",
];
/// Of these, nothing is kept but what their style makes of them.
const BARE: [&str; 2] = ["font", "span"];
/// Elements to which a style may add something, and what it adds.
const STYLED: [&str; 4] = ["font", "li", "p", "span"];
const STYLES: [(&str, &[&str], &str); 4] = [
    ("font-weight", &["bold", "600", "700", "800", "900"], "b"),
    ("font-style", &["italic", "oblique"], "i"),
    ("text-decoration", &["underline"], "u"),
    ("text-decoration", &["line-through"], "s"),
];
const PICTURES: [&str; 6] = ["canvas", "img", "object", "picture", "svg", "video"];
/// How many nodes a screen shows at most.
pub const SHOWN: usize = 2_000;
const MOST_DEPTH: usize = 32;
/// Longest formatted form that is gone through on its way out, bytes. What is left of it when it is harmless has to fit
/// into a clip; programs write several times as much around that.
pub const HTML_BYTES: usize = 4 * limits::CLIP_BYTES;

/// A piece of formatted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Text, as it is read.
    Text(String),
    /// An element with what is in it.
    Element {
        /// Its name.
        tag: &'static str,
        /// Of a link: where it leads, with a scheme that is safe to follow.
        href: Option<String>,
        /// What is in it.
        children: Vec<Node>,
    },
}

/// What was read of formatted text.
pub struct Rich {
    /// The text.
    pub nodes: Vec<Node>,
    /// There was more of it than was wanted.
    pub cut: bool,
    /// There were pictures, which are left out.
    pub(crate) pictures: bool,
}

/// Reads formatted text, up to about this many nodes.
pub fn parse(html: &str, most: usize) -> Rich {
    let mut tree = Tree { most, ..Tree::default() };
    let mut rest = html;
    while !rest.is_empty() && !tree.is_full() {
        rest = match rest.find('<') {
            Some(0) => tree.take_markup(rest),
            Some(at) => {
                tree.text(&rest[..at]);
                &rest[at..]
            }
            None => {
                tree.text(rest);
                ""
            }
        };
    }
    let (cut, pictures) = (!rest.is_empty(), tree.pictures);
    Rich { nodes: tree.finish(), cut, pictures }
}

/// What is open on the way from the root to where we are.
struct Open {
    /// The name that ends it.
    name: &'static str,
    /// The elements that are kept of it, the outermost first.
    tags: Vec<&'static str>,
    href: Option<String>,
    children: Vec<Node>,
}

#[derive(Default)]
struct Tree {
    roots: Vec<Node>,
    open: Vec<Open>,
    nodes: usize,
    most: usize,
    pictures: bool,
}

impl Tree {
    fn is_full(&self) -> bool {
        self.nodes >= self.most
    }

    fn push(&mut self, node: Node) {
        self.nodes += 1;
        self.open.last_mut().map_or(&mut self.roots, |open| &mut open.children).push(node);
    }

    fn text(&mut self, text: &str) {
        self.push(Node::Text(decode(text)));
    }

    /// Takes what starts with `<`, and gives what comes after it.
    fn take_markup<'a>(&mut self, html: &'a str) -> &'a str {
        let after = &html[1..];
        if let Some(comment) = after.strip_prefix("!--") {
            return after_first(comment, "-->");
        }
        if after.starts_with(['!', '?']) {
            return after_first(after, ">");
        }
        if let Some(end) = after.strip_prefix('/') {
            let (name, _, rest) = tag(end);
            self.close(&name);
            return rest;
        }
        if !after.starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.text("<");
            return after;
        }
        let (name, attributes, rest) = tag(after);
        self.pictures |= PICTURES.contains(&name.as_str());
        if DROPPED.contains(&name.as_str()) {
            return after_element(rest, &name);
        }
        self.start(&name, attributes);
        rest
    }

    fn start(&mut self, name: &str, attributes: &str) {
        let Some(name) = READ.into_iter().find(|read| *read == name) else { return };
        if VOID.contains(&name) {
            return self.push(Node::Element { tag: name, href: None, children: Vec::new() });
        }
        self.end_before(name);
        let tags = kept(name, &attribute(attributes, "style").unwrap_or_default());
        // One element may be written as several, and is to be the same when it is read again.
        let depth: usize = self.open.iter().map(|open| open.tags.len().max(1)).sum();
        if depth + tags.len().max(1) <= MOST_DEPTH {
            let href = (name == "a").then(|| attribute(attributes, "href")).flatten();
            self.open.push(Open { name, tags, href: href.and_then(|href| safe(&href)), children: Vec::new() });
        }
    }

    /// Ends what the start of this element ends.
    fn end_before(&mut self, tag: &str) {
        let Some((_, ended, between)) = ENDS.iter().find(|(starts, ..)| starts.contains(&tag)) else { return };
        let within = self.open.iter().rposition(|open| between.contains(&open.name)).map_or(0, |at| at + 1);
        if let Some(at) = self.open[within..].iter().position(|open| ended.contains(&open.name)) {
            self.pop_to(within + at);
        }
    }

    fn close(&mut self, name: &str) {
        if let Some(at) = self.open.iter().rposition(|open| open.name == name) {
            self.pop_to(at);
        }
    }

    fn pop_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            self.pop();
        }
    }

    fn pop(&mut self) {
        let Some(Open { tags, mut href, children, .. }) = self.open.pop() else { return };
        let wrap = |children, tag: &&'static str| vec![Node::Element { tag, href: href.take(), children }];
        let made = tags.iter().rev().fold(children, wrap);
        self.nodes += tags.len();
        self.open.last_mut().map_or(&mut self.roots, |open| &mut open.children).extend(made);
    }

    fn finish(mut self) -> Vec<Node> {
        self.pop_to(0);
        self.roots
    }
}

/// The elements that are kept of one that is read, the outermost first.
fn kept(name: &'static str, style: &str) -> Vec<&'static str> {
    let says = |property: &str, values: &[&str]| {
        let mut declared = style.split(';').filter_map(|declaration| declaration.split_once(':'));
        declared.any(|(found, value)| {
            let found = found.trim().to_ascii_lowercase();
            let is_meant = found == property || found.strip_prefix(property) == Some("-line");
            is_meant && value.split_whitespace().any(|word| values.iter().any(|value| word.eq_ignore_ascii_case(value)))
        })
    };
    // Google's editors wrap all they copy in bold that is none; others copy the lines of a program one by one.
    match name {
        "b" if says("font-weight", &["normal", "400"]) => return Vec::new(),
        "div" if says("white-space", &["pre", "pre-wrap"]) => return vec!["pre"],
        _ => {}
    }
    let adds = STYLES.iter().filter(|(property, values, _)| STYLED.contains(&name) && says(property, values));
    let bare = BARE.contains(&name);
    (!bare).then_some(name).into_iter().chain(adds.map(|(.., tag)| *tag)).collect()
}

/// Name, attributes, and what comes after the tag whose name starts here.
fn tag(html: &str) -> (String, &str, &str) {
    let name_end = html.find(|c: char| c.is_whitespace() || matches!(c, '/' | '>')).unwrap_or(html.len());
    let (name, rest) = html.split_at(name_end);
    let mut quote = None;
    let end = rest.find(|c| match (quote, c) {
        (None, '>') => true,
        (None, '"' | '\'') => {
            quote = Some(c);
            false
        }
        (Some(open), c) if open == c => {
            quote = None;
            false
        }
        _ => false,
    });
    let (attributes, rest) = match end {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (rest, ""),
    };
    (name.to_ascii_lowercase(), attributes, rest)
}

/// The value of the first attribute with this name.
fn attribute(attributes: &str, wanted: &str) -> Option<String> {
    let mut rest = attributes.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
    while !rest.is_empty() {
        let name_end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '/')).unwrap_or(rest.len());
        let (name, after) = rest.split_at(name_end);
        let (value, after) = match after.trim_start().strip_prefix('=') {
            Some(value) => value_of(value.trim_start()),
            None => ("", after),
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(decode(value));
        }
        // A sign that is neither name nor value must not keep us here.
        let after = if after.len() == rest.len() { after.get(1..).unwrap_or_default() } else { after };
        rest = after.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
    }
    None
}

fn value_of(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner.split_once(quote).unwrap_or((inner, ""));
        }
    }
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

/// The address, if it is safe to follow.
fn safe(href: &str) -> Option<String> {
    let href = href.trim();
    let lower = href.to_ascii_lowercase();
    let known = ["https://", "http://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    (known && !href.contains(char::is_control)).then(|| href.to_owned())
}

fn after_first<'a>(text: &'a str, end: &str) -> &'a str {
    text.find(end).map_or("", |at| &text[at + end.len()..])
}

/// What comes after the end tag of an element that is left out.
fn after_element<'a>(html: &'a str, name: &str) -> &'a str {
    let mut rest = html;
    while let Some(at) = rest.find("</") {
        rest = &rest[at + 2..];
        // Only the one that is meant is looked at to its end, which may be far away.
        let same = rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name));
        if same && !rest[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return tag(rest).2;
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree in a notation of its own, so that nothing reads like what it was made from.
    fn shown(html: &str) -> String {
        fn show(nodes: &[Node]) -> String {
            nodes
                .iter()
                .map(|node| match node {
                    Node::Text(text) => text.clone(),
                    Node::Element { tag, href, children } => {
                        let href = href.as_ref().map(|href| format!(" {href}")).unwrap_or_default();
                        format!("[{tag}{href}|{}]", show(children))
                    }
                })
                .collect()
        }
        show(&parse(html, SHOWN).nodes)
    }

    #[test]
    fn what_people_copy_stays_readable() {
        for (html, tree) in [
            ("<p>One <b>bold</b> word</p>", "[p|One [b|bold] word]"),
            ("<UL><LI>one<LI>two</UL>", "[ul|[li|one][li|two]]"),
            ("a &amp; b &lt;c&gt; &#8364;&#x20ac; &nope; AT&T", "a & b <c> €€ &nope; AT&T"),
            ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
            ("<a href='https://example.org/?a=1&amp;b=2' onclick=x>link</a>", "[a https://example.org/?a=1&b=2|link]"),
            ("<a title=\"1 > 0\" href=mailto:a@example.org>mail</a>", "[a mailto:a@example.org|mail]"),
            ("line<br/>break<hr>", "line[br|]break[hr|]"),
            ("<table><tr><td>1<td>2<tr><td>3</table>", "[table|[tr|[td|1][td|2]][tr|[td|3]]]"),
            ("<ol><li>a<ul><li>b</ul><li>c</ol>", "[ol|[li|a[ul|[li|b]]][li|c]]"),
            ("<p>a<p>b", "[p|a][p|b]"),
            ("<!--StartFragment--><i>x</i><!--EndFragment-->", "[i|x]"),
            ("<font color=red>red</font><o:p></o:p>", "red"),
            ("<html><head><title>t</title></head><body>b</body></html>", "b"),
            ("<b>open", "[b|open]"),
            ("<b style='font-weight:normal;'>all <b>of</b> it</b>", "all [b|of] it"),
            (
                "<span style='color:red'>a <span style='FONT-WEIGHT: 700; font-style:italic'>b</span></span>",
                "a [b|[i|b]]",
            ),
            ("<p style='text-decoration-line: underline line-through'>a<font>b</font>", "[p|[u|[s|ab]]]"),
            ("<div style='color: #000; white-space: pre;'><div><span>a</span></div></div>", "[pre|[div|a]]"),
        ] {
            assert_eq!(shown(html), tree, "{html}");
        }
    }

    #[test]
    fn what_runs_elsewhere_is_left_out() {
        for (html, tree) in [
            ("<script>alert(1)</script>x", "x"),
            ("<SCRIPT SRC=//evil.example></SCRIPT >x", "x"),
            ("<script>'</scripty>'</script>x", "x"),
            ("<style>@import 'x'</style>x", "x"),
            ("<img src=x onerror=alert(1)>x", "x"),
            ("<svg onload=alert(1)><a href=javascript:alert(1)>x</a></svg>y", "y"),
            ("<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></math>y", "y"),
            ("<iframe srcdoc='<script>alert(1)</script>'></iframe>x", "x"),
            ("<a href=\"javascript:alert(1)\">x</a>", "[a|x]"),
            ("<a href=\"java\nscript:alert(1)\">x</a>", "[a|x]"),
            ("<a href=\" &#106;avascript:alert(1)\">x</a>", "[a|x]"),
            ("<a href=\"&#x01;javascript:alert(1)\">x</a>", "[a|x]"),
            ("<a href=\"data:text/html,<script>alert(1)</script>\">x</a>", "[a|x]"),
            ("<a href=vbscript:x>x</a><a href=//evil.example>y</a>", "[a|x][a|y]"),
            ("<a href=\"https://exa\nmple.org\">x</a>", "[a|x]"),
            ("<p style=\"background:url(https://evil.example)\" onmouseover=alert(1)>x</p>", "[p|x]"),
            ("<form action=https://evil.example><input name=a><button>b</button></form>", "b"),
            ("<base href=https://evil.example/><meta http-equiv=refresh content=0>x", "x"),
            ("<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "\">"),
            ("<<b>x", "<[b|x]"),
            ("<b <script>alert(1)</script>x", "[b|alert(1)x]"),
            ("<script", ""),
            ("<a href=", "[a|]"),
            ("<!-- <b>x", ""),
        ] {
            assert_eq!(shown(html), tree, "{html}");
        }
    }

    #[test]
    fn it_cannot_be_led_deep_or_far() {
        let Rich { nodes, cut, .. } = parse(&"<div>".repeat(100_000), SHOWN);
        assert!(!cut);
        let mut depth = 0;
        let mut at = &nodes;
        while let Some(Node::Element { children, .. }) = at.first() {
            (depth, at) = (depth + 1, children);
        }
        assert_eq!(depth, MOST_DEPTH);
        let Rich { nodes, cut, .. } = parse(&"<br>".repeat(100_000), SHOWN);
        assert_eq!((nodes.len(), cut), (SHOWN, true));
        let rich = parse(&format!("<script>{}<p>after", "</".repeat(100_000)), SHOWN);
        assert!(rich.nodes.is_empty());
    }

    #[test]
    fn nonsense_comes_to_an_end() {
        let pieces = ["<", ">", "/", "=", "\"", "'", "&", "#", ";", "a", "href", " ", "!--", "script", "é", "\0"];
        // Every arrangement of four pieces, most of them no HTML at all.
        for n in 0..pieces.len().pow(4) {
            let html: String = (0..4).map(|place| pieces[n / pieces.len().pow(place) % pieces.len()]).collect();
            let _ = parse(&format!("<a {html}"), SHOWN);
            let _ = parse(&html, SHOWN);
        }
    }
}
