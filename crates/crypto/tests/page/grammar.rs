//! As much of CDDL (RFC 8610) as the page uses.

use std::collections::BTreeMap;

/// A type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// So many bytes at most.
    Uint(u32),
    Literal(u64),
    Bytes(Option<usize>),
    /// A byte string that holds an encoded rule.
    Cbor(String),
    Text,
    Bool,
    Null,
    Rule(String),
    Array(Vec<Field>),
    Choice(Vec<Kind>),
    Enumeration(Vec<(String, u64)>),
}

/// An entry of an array.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: Option<String>,
    pub(crate) optional: bool,
    pub(crate) many: bool,
    pub(crate) kind: Kind,
}

/// The rules by name.
pub(crate) struct Grammar(BTreeMap<String, Kind>);

impl Grammar {
    /// Reads all blocks of CDDL on a page.
    pub(crate) fn of_page(page: &str) -> Self {
        let blocks = page.split("```cddl\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
        let text: Vec<_> = blocks.flat_map(str::lines).map(|line| line.split(';').next().unwrap_or_default()).collect();
        let mut tokens = Tokens { all: split(&text.join("\n")), at: 0 };
        let mut rules = BTreeMap::new();
        while let Some(name) = tokens.next() {
            tokens.expect("=");
            let kind = tokens.kind();
            assert!(rules.insert(name.clone(), kind).is_none(), "{name} stands there twice");
        }
        assert!(!rules.is_empty(), "the page has no grammar");
        Self(rules)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    pub(crate) fn rule(&self, name: &str) -> &Kind {
        self.0.get(name).unwrap_or_else(|| panic!("the page has no rule {name}"))
    }

    /// The rules that a choice is made of.
    pub(crate) fn variants(&self, name: &str) -> Vec<String> {
        let Kind::Choice(kinds) = self.rule(name) else { panic!("{name} is no choice") };
        let of = |kind: &Kind| if let Kind::Rule(name) = kind { name.clone() } else { panic!("{name}: {kind:?}") };
        kinds.iter().map(of).collect()
    }

    /// The number that a frame begins with.
    pub(crate) fn tag(&self, name: &str) -> u64 {
        let Kind::Array(fields) = self.rule(name) else { panic!("{name} is no array") };
        let Some(Field { kind: Kind::Literal(tag), .. }) = fields.first() else { panic!("{name} has no tag") };
        *tag
    }
}

fn split(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut goes_on = false;
    for c in text.chars() {
        let is_word = c.is_ascii_alphanumeric() || "-_.".contains(c);
        if is_word && goes_on {
            tokens.last_mut().expect("a word").push(c);
        } else if !c.is_whitespace() {
            tokens.push(c.into());
        }
        goes_on = is_word;
    }
    tokens
}

struct Tokens {
    all: Vec<String>,
    at: usize,
}

impl Tokens {
    fn peek(&self, ahead: usize) -> &str {
        self.all.get(self.at + ahead).map_or("", String::as_str)
    }

    fn next(&mut self) -> Option<String> {
        self.at += 1;
        self.all.get(self.at - 1).cloned()
    }

    fn take(&mut self, token: &str) -> bool {
        let is_next = self.peek(0) == token;
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, token: &str) {
        assert!(self.take(token), "{token} expected at: {}", self.all[self.at..].join(" "));
    }

    fn word(&mut self) -> String {
        self.next().expect("a word")
    }

    fn number(&mut self) -> u64 {
        let word = self.word();
        word.parse().unwrap_or_else(|_| panic!("a number and not {word}"))
    }

    fn kind(&mut self) -> Kind {
        let mut kinds = vec![self.one()];
        while self.take("/") {
            kinds.push(self.one());
        }
        if kinds.len() == 1 { kinds.remove(0) } else { Kind::Choice(kinds) }
    }

    fn one(&mut self) -> Kind {
        if self.take("[") {
            return self.array();
        }
        if self.take("&") {
            return self.enumeration();
        }
        let word = self.word();
        let is_sized = self.take(".size");
        match word.as_str() {
            "uint" => {
                assert!(is_sized, "an integer has a width");
                Kind::Uint(self.number() as u32)
            }
            "bstr" if self.take(".cbor") => Kind::Cbor(self.word()),
            "bstr" => Kind::Bytes(is_sized.then(|| self.number() as usize)),
            "tstr" => Kind::Text,
            "bool" => Kind::Bool,
            "null" => Kind::Null,
            _ => word.parse().map_or(Kind::Rule(word), Kind::Literal),
        }
    }

    fn array(&mut self) -> Kind {
        let mut fields = Vec::new();
        while !self.take("]") {
            let optional = self.take("?");
            // `*`, or `0*4`.
            let is_bounded = self.peek(1) == "*";
            if is_bounded {
                self.at += 3;
            }
            let many = is_bounded || self.take("*");
            let name = (self.peek(1) == ":").then(|| self.word());
            if name.is_some() {
                self.expect(":");
            }
            fields.push(Field { name, optional, many, kind: self.kind() });
            self.take(",");
        }
        Kind::Array(fields)
    }

    fn enumeration(&mut self) -> Kind {
        self.expect("(");
        let mut members = Vec::new();
        while !self.take(")") {
            let name = self.word();
            self.expect(":");
            members.push((name, self.number()));
            self.take(",");
        }
        Kind::Enumeration(members)
    }
}
