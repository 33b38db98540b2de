//! What a clip's content is ([`About`]), without the content; and where that is ([`Source`]), for whoever has the disk.

use std::collections::BTreeMap;

use hushclip_crypto::body::{HTML, Part, TEXT};
use hushclip_model::Content;
use hushclip_protocol::ids::{Hash, ItemId};
use hushclip_protocol::label;
use minicbor::{Decode, Encode};

use super::records::{part_key, whole_parts};
use crate::history::text_digest;

/// How much of a text stands in what is known of it, characters: as much as a list shows.
const BEGINNING: usize = 2_000;

/// What a clip's content is, without the content.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct About {
    /// SHA-256 of the plainest part: of a text, with the line ends that all platforms share; of anything else, with its
    /// media type and a zero before it, so that it is never taken for a text.
    #[n(0)]
    digest: Hash,
    /// Of the text.
    #[n(1)]
    beginning: String,
    /// The same content in one or more forms, the plainest first.
    #[n(2)]
    parts: Vec<PartOf>,
}

/// One form of the content, without it.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
struct PartOf {
    /// Media type.
    #[n(0)]
    media: String,
    /// Its length.
    #[n(1)]
    bytes: u64,
    /// Whether it has a record of its own; else it is the beginning.
    #[n(2)]
    apart: bool,
}

impl About {
    pub(crate) fn new(parts: &[Part]) -> Self {
        let text = parts.iter().find(|part| part.media == TEXT).and_then(text_of).unwrap_or_default();
        let end = text.char_indices().nth(BEGINNING).map_or(text.len(), |(end, _)| end);
        let digest = match parts.first() {
            Some(part) if part.media != TEXT => label::sha256(&[part.media.as_bytes(), &[0], &part.bytes].concat()),
            _ => text_digest(text),
        };
        let of = |part: &Part| PartOf {
            media: part.media.clone(),
            bytes: part.bytes.len() as u64,
            apart: part.media != TEXT || end < text.len(),
        };
        Self { digest, beginning: text[..end].to_owned(), parts: parts.iter().map(of).collect() }
    }

    pub(crate) fn digest(&self) -> &Hash {
        &self.digest
    }

    /// The beginning of the text.
    pub(crate) fn beginning(&self) -> &str {
        &self.beginning
    }

    /// Whether there is a text that goes on after its beginning.
    pub(crate) fn goes_on(&self) -> bool {
        self.parts.iter().any(|part| part.media == TEXT && part.apart)
    }

    pub(crate) fn has(&self, media: &str) -> bool {
        self.parts.iter().any(|part| part.media == media)
    }

    /// Bytes of all parts.
    pub(crate) fn bytes(&self) -> u64 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.bytes))
    }

    /// All of it, if it is no more than the beginning of a text.
    pub(crate) fn inline(&self) -> Option<Vec<Part>> {
        let whole = |part: &PartOf| (!part.apart).then(|| Part::new(&part.media, self.beginning.as_bytes()));
        self.parts.iter().map(whole).collect()
    }

    /// The parts that have a record, by their place.
    pub(super) fn apart(&self) -> impl Iterator<Item = usize> + '_ {
        self.parts.iter().enumerate().filter(|(_, part)| part.apart).map(|(place, _)| place)
    }
}

fn text_of(part: &Part) -> Option<&str> {
    str::from_utf8(&part.bytes).ok()
}

/// Text and HTML of a content that may have other parts too.
pub(crate) fn plain_and_html(parts: &[Part]) -> Content {
    let of = |media: &str| parts.iter().find(|part| part.media == media).and_then(text_of).map(str::to_owned);
    Content { text: of(TEXT).unwrap_or_default(), html: of(HTML) }
}

/// Records that were read.
pub trait Lookup {
    /// What is in the record of that name, if it is there.
    fn record(&self, key: &str) -> Option<&[u8]>;
}

impl Lookup for BTreeMap<String, Vec<u8>> {
    fn record(&self, key: &str) -> Option<&[u8]> {
        self.get(key).map(Vec::as_slice)
    }
}

impl Lookup for BTreeMap<String, Option<Vec<u8>>> {
    fn record(&self, key: &str) -> Option<&[u8]> {
        self.get(key)?.as_deref()
    }
}

/// Where a clip's content is: which records it takes, and how they make it.
#[derive(Clone)]
pub struct Source {
    item: ItemId,
    about: About,
    /// The record that has all of it, as version 0.1 stored it.
    whole: Option<String>,
}

impl Source {
    pub(crate) fn new(item: ItemId, about: About, whole: Option<String>) -> Self {
        Self { item, about, whole }
    }

    /// The records to be read, perhaps none.
    pub fn keys(&self) -> Vec<String> {
        if self.about.inline().is_some() {
            return Vec::new();
        }
        match &self.whole {
            Some(key) => vec![key.clone()],
            None => self.about.apart().map(|place| part_key(&self.item, place)).collect(),
        }
    }

    /// Text and HTML, from these records; `None` if any of them is missing or damaged.
    pub fn content(&self, records: &dyn Lookup) -> Option<Content> {
        self.parts(records).map(|parts| plain_and_html(&parts))
    }

    /// All forms, the plainest first: their media types and bytes. `None` as above.
    pub fn forms(&self, records: &dyn Lookup) -> Option<Vec<(String, Vec<u8>)>> {
        let parts = self.parts(records)?;
        Some(parts.into_iter().map(|part| (part.media, part.bytes.into())).collect())
    }

    pub(crate) fn parts(&self, records: &dyn Lookup) -> Option<Vec<Part>> {
        if let Some(inline) = self.about.inline() {
            return Some(inline);
        }
        let parts = match &self.whole {
            Some(key) => whole_parts(records.record(key)?).ok(),
            None => self.about.parts.iter().enumerate().map(|(place, part)| self.part(place, part, records)).collect(),
        }?;
        let sound = |part: &Part| {
            let known = part.media == TEXT || part.media == HTML;
            !known || text_of(part).is_some()
        };
        let parts: Vec<Part> = parts;
        let same = parts.len() == self.about.parts.len()
            && parts.iter().zip(&self.about.parts).all(|(part, of)| part.bytes.len() as u64 == of.bytes && sound(part));
        same.then_some(parts)
    }

    fn part(&self, place: usize, of: &PartOf, records: &dyn Lookup) -> Option<Part> {
        let apart = || records.record(&part_key(&self.item, place));
        let bytes = if of.apart { apart()? } else { self.about.beginning.as_bytes() };
        Some(Part::new(&of.media, bytes))
    }
}
