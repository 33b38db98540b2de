//! Values that the grammar allows, and those next to them that it does not.

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

use crate::grammar::{Field, Grammar, Kind};

/// An item of CBOR.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Uint(u64),
    Bytes(Vec<u8>),
    Text(String),
    Bool(bool),
    Null,
    Array(Vec<Value>),
}

/// A part of a value that is no array.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    /// Which element of each array leads to it.
    pub(crate) path: Vec<usize>,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) value: Value,
    /// Null may stand there.
    pub(crate) nullable: bool,
}

impl Value {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new());
        self.write(&mut encoder);
        encoder.into_writer()
    }

    fn write(&self, to: &mut Encoder<Vec<u8>>) {
        match self {
            Self::Uint(number) => to.u64(*number),
            Self::Bytes(bytes) => to.bytes(bytes),
            Self::Text(text) => to.str(text),
            Self::Bool(is_so) => to.bool(*is_so),
            Self::Null => to.null(),
            Self::Array(items) => {
                to.array(items.len() as u64).expect("memory");
                for item in items {
                    item.write(to);
                }
                Ok(to)
            }
        }
        .expect("memory");
    }

    pub(crate) fn decode(bytes: &[u8]) -> Self {
        let mut decoder = Decoder::new(bytes);
        let value = Self::read(&mut decoder);
        assert_eq!(decoder.position(), bytes.len(), "a trailing byte");
        value
    }

    fn read(from: &mut Decoder<'_>) -> Self {
        match from.datatype().expect("an item") {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => Self::Uint(from.u64().expect("a number")),
            Type::Bytes => Self::Bytes(from.bytes().expect("bytes").to_vec()),
            Type::String => Self::Text(from.str().expect("a text").to_owned()),
            Type::Bool => Self::Bool(from.bool().expect("a truth")),
            Type::Null => {
                from.null().expect("nothing");
                Self::Null
            }
            Type::Array => {
                let len = from.array().expect("an array").expect("a length");
                Self::Array((0..len).map(|_| Self::read(from)).collect())
            }
            other => panic!("nothing here is a {other}"),
        }
    }

    /// The same with something else in one place.
    pub(crate) fn with(&self, path: &[usize], value: Self) -> Self {
        let Some((first, rest)) = path.split_first() else { return value };
        let Self::Array(items) = self else { panic!("no array") };
        let mut items = items.clone();
        items[*first] = items[*first].with(rest, value);
        Self::Array(items)
    }
}

/// Makes one value after the other, no two alike.
pub(crate) struct Maker<'g> {
    grammar: &'g Grammar,
    /// Which of several choices is taken outside of all arrays, and inside; with any but the first, what may be
    /// missing is missing.
    picks: (usize, usize),
    made: u8,
    pub(crate) leaves: Vec<Leaf>,
    /// Arrays that may have neither more nor fewer elements, and whether the last one may be missing.
    pub(crate) arrays: Vec<(Vec<usize>, bool)>,
}

impl<'g> Maker<'g> {
    pub(crate) const fn new(grammar: &'g Grammar, picks: (usize, usize)) -> Self {
        Self { grammar, picks, made: 0, leaves: Vec::new(), arrays: Vec::new() }
    }

    pub(crate) fn make(&mut self, kind: &Kind, name: &str, path: &[usize]) -> Value {
        let grammar = self.grammar;
        let value = match kind {
            Kind::Rule(rule) => return self.make(grammar.rule(rule), name, path),
            Kind::Choice(kinds) => {
                let pick = if path.is_empty() { self.picks.0 } else { self.picks.1 };
                let value = self.make(&kinds[pick.min(kinds.len() - 1)], name, path);
                if let Some(leaf) = self.leaves.last_mut().filter(|leaf| leaf.path == path) {
                    leaf.nullable = kinds.contains(&Kind::Null);
                }
                return value;
            }
            Kind::Array(fields) => return self.array(fields, path),
            Kind::Literal(number) => return Value::Uint(*number),
            Kind::Uint(bytes) => Value::Uint(greatest(*bytes) - u64::from(self.fresh())),
            Kind::Bytes(len) => Value::Bytes(vec![self.fresh(); len.unwrap_or(3)]),
            Kind::Cbor(rule) => {
                let mut inner = Self { made: self.made, ..Self::new(grammar, self.picks) };
                let bytes = inner.make(grammar.rule(rule), rule, &[]).encode();
                self.made = inner.made;
                Value::Bytes(bytes)
            }
            Kind::Text => Value::Text(format!("text {}", self.fresh())),
            Kind::Bool => Value::Bool(true),
            Kind::Null => Value::Null,
            Kind::Enumeration(members) => Value::Uint(members[self.picks.1.min(members.len() - 1)].1),
        };
        let (name, kind, path) = (name.to_owned(), kind.clone(), path.to_vec());
        self.leaves.push(Leaf { path, name, kind, value: value.clone(), nullable: false });
        value
    }

    fn array(&mut self, fields: &[Field], path: &[usize]) -> Value {
        let mut items = Vec::new();
        for field in fields {
            if field.optional && self.picks.1 > 0 {
                continue;
            }
            for _ in 0..if field.many { 2 } else { 1 } {
                let path = [path, &[items.len()]].concat();
                items.push(self.make(&field.kind, field.name.as_deref().unwrap_or_default(), &path));
                // A later field may stand behind one that is left out.
                if let Some(leaf) = self.leaves.last_mut().filter(|leaf| field.optional && leaf.path == path) {
                    leaf.nullable = true;
                }
            }
        }
        if fields.iter().all(|field| !field.many) {
            let may_lack = fields.last().is_some_and(|field| field.optional && self.picks.1 == 0);
            let may_have_more = fields.last().is_some_and(|field| field.optional && self.picks.1 > 0);
            if !may_have_more {
                self.arrays.push((path.to_vec(), may_lack));
            }
        }
        Value::Array(items)
    }

    const fn fresh(&mut self) -> u8 {
        self.made += 1;
        self.made
    }
}

/// The greatest number of so many bytes.
pub(crate) const fn greatest(bytes: u32) -> u64 {
    u64::MAX >> (64 - 8 * bytes)
}

/// What may not stand in the place of a leaf.
pub(crate) fn wrong(leaf: &Leaf) -> Vec<Value> {
    let text = Value::Text("no".into());
    let mut wrong = match &leaf.kind {
        Kind::Uint(8) => vec![text, Value::Bytes(vec![1; 8])],
        Kind::Uint(bytes) => vec![text, Value::Uint(greatest(*bytes) + 1)],
        Kind::Bytes(Some(len)) => vec![text, Value::Bytes(vec![1; len - 1]), Value::Bytes(vec![1; len + 1])],
        Kind::Bytes(None) | Kind::Cbor(_) => vec![text, Value::Uint(1)],
        Kind::Text => vec![Value::Bytes(b"text".to_vec()), Value::Uint(1)],
        Kind::Bool => vec![Value::Uint(1)],
        Kind::Enumeration(_) => vec![text, Value::Uint(256)],
        _ => Vec::new(),
    };
    if !leaf.nullable {
        wrong.push(Value::Null);
    }
    wrong
}

/// The leaves of bytes that a rule allows; panics where it does not.
pub(crate) fn leaves(grammar: &Grammar, rule: &str, bytes: &[u8]) -> Vec<Leaf> {
    let mut found = Vec::new();
    let value = Value::decode(bytes);
    if let Err(why) = check(grammar, grammar.rule(rule), rule, &value, &[], &mut found) {
        panic!("{rule} does not allow {value:?}: {why}");
    }
    found
}

fn check(
    grammar: &Grammar,
    kind: &Kind,
    name: &str,
    value: &Value,
    path: &[usize],
    found: &mut Vec<Leaf>,
) -> Result<(), String> {
    let fits = match (kind, value) {
        (Kind::Rule(rule), _) => return check(grammar, grammar.rule(rule), name, value, path, found),
        (Kind::Choice(kinds), _) => {
            let before = found.len();
            let fits = kinds.iter().any(|kind| {
                found.truncate(before);
                check(grammar, kind, name, value, path, found).is_ok()
            });
            return if fits { Ok(()) } else { Err(format!("{name}: none of the choices")) };
        }
        (Kind::Array(fields), Value::Array(items)) => return check_array(grammar, fields, items, path, found),
        (Kind::Literal(wanted), Value::Uint(number)) => wanted == number,
        (Kind::Uint(bytes), Value::Uint(number)) => *number <= greatest(*bytes),
        (Kind::Bytes(len), Value::Bytes(bytes)) => len.is_none_or(|len| bytes.len() == len),
        (Kind::Cbor(rule), Value::Bytes(bytes)) => {
            check(grammar, grammar.rule(rule), rule, &Value::decode(bytes), &[], &mut Vec::new())?;
            true
        }
        (Kind::Enumeration(members), Value::Uint(number)) => members.iter().any(|(_, member)| member == number),
        (Kind::Text, Value::Text(_)) | (Kind::Bool, Value::Bool(_)) | (Kind::Null, Value::Null) => true,
        _ => false,
    };
    if !fits {
        return Err(format!("{name}: {kind:?}"));
    }
    found.push(Leaf {
        path: path.to_vec(),
        name: name.into(),
        kind: kind.clone(),
        value: value.clone(),
        nullable: false,
    });
    Ok(())
}

fn check_array(
    grammar: &Grammar,
    fields: &[Field],
    items: &[Value],
    path: &[usize],
    found: &mut Vec<Leaf>,
) -> Result<(), String> {
    let mut at = 0;
    for field in fields {
        let name = field.name.as_deref().unwrap_or_default();
        let most = if field.many { items.len() - at } else { 1 };
        for _ in 0..most {
            let Some(item) = items.get(at) else {
                if field.optional {
                    break;
                }
                return Err(format!("{name} is missing"));
            };
            check(grammar, &field.kind, name, item, &[path, &[at]].concat(), found)?;
            at += 1;
        }
    }
    if at == items.len() { Ok(()) } else { Err("too many elements".into()) }
}
