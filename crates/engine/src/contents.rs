//! Content in memory: what an event has brought along or asked the disk for, for as long as that is being dealt with. It
//! refuses to keep any: clips are known by what [`crate::clip::About`] says of them, payloads by their length.

use std::collections::BTreeMap;

use hushclip_crypto::body::Part;
use hushclip_model::CommandId;
use hushclip_protocol::ids::ItemId;

use crate::channels::Payload;
use crate::clip::{Lookup, Source};

/// What content is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be sealed: it is what is oldest in the outbox.
    Push,
    /// To be put on the clipboard, as the newest of the others.
    Apply,
    /// The same at the person's wish, perhaps without its formatted form.
    Take { id: CommandId, plain: bool },
}

/// Where content is.
pub(crate) enum Place {
    Clip(Source),
    Payload(Payload),
}

impl Place {
    fn keys(&self) -> Vec<String> {
        match self {
            Self::Clip(source) => source.keys(),
            Self::Payload(payload) => vec![payload.key()],
        }
    }

    fn parts(&self, records: &dyn Lookup) -> Option<Vec<Part>> {
        match self {
            Self::Clip(source) => source.parts(records),
            Self::Payload(payload) => payload.parts(records),
        }
    }
}

/// Content that is waited for.
pub(crate) struct Wanted {
    pub(crate) item: ItemId,
    pub(crate) purpose: Purpose,
    place: Place,
    is_asked: bool,
}

/// What is in memory, and what is waited for.
#[derive(Default)]
pub(crate) struct Contents {
    at_hand: Vec<(ItemId, Vec<Part>)>,
    wanted: Vec<Wanted>,
}

/// What the disk has said: the records that were asked for, if they are there.
pub(crate) type Read = BTreeMap<String, Option<Vec<u8>>>;

impl Contents {
    /// There is content, until the event is over.
    pub(crate) fn bring(&mut self, item: ItemId, parts: Vec<Part>) {
        self.at_hand.push((item, parts));
    }

    pub(crate) fn get(&self, item: &ItemId) -> Option<&Vec<Part>> {
        self.at_hand.iter().rev().find(|(of, _)| of == item).map(|(_, parts)| parts)
    }

    /// The disk is to be asked, unless it is.
    pub(crate) fn want(&mut self, item: ItemId, purpose: Purpose, place: Place) {
        if !self.wanted.iter().any(|wanted| wanted.item == item && wanted.purpose == purpose) {
            self.wanted.push(Wanted { item, purpose, place, is_asked: false });
        }
    }

    /// The event is over: nothing is kept. Gives the records that are to be read.
    pub(crate) fn end(&mut self) -> Vec<String> {
        self.at_hand.clear();
        let new = self.wanted.iter_mut().filter(|wanted| !wanted.is_asked);
        let mut keys = Vec::new();
        for wanted in new {
            wanted.is_asked = true;
            for key in wanted.place.keys() {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        keys
    }

    /// What the disk has answered, in the order of asking: what was wanted, and its content; none if that is lost.
    pub(crate) fn read(&mut self, records: &Read) -> Vec<(Wanted, Option<Vec<Part>>)> {
        let answered = |wanted: &mut Wanted| wanted.place.keys().iter().all(|key| records.contains_key(key));
        let answered: Vec<_> = self.wanted.extract_if(.., answered).collect();
        let parts = |wanted: Wanted| {
            let parts = wanted.place.parts(records);
            (wanted, parts)
        };
        answered.into_iter().map(parts).collect()
    }
}

#[cfg(test)]
mod tests {
    use hushclip_crypto::body::{HTML, TEXT};

    use super::*;
    use crate::clip::About;

    const ONE: ItemId = ItemId::from_bytes([1; 16]);
    const TWO: ItemId = ItemId::from_bytes([2; 16]);

    fn formatted(text: &str) -> Vec<Part> {
        vec![Part::new(TEXT, text), Part::new(HTML, "<b>bold</b>")]
    }

    fn source(item: ItemId, parts: &[Part]) -> Place {
        Place::Clip(Source::new(item, About::new(parts), None))
    }

    fn found(keys: &[String], parts: &[Part]) -> Read {
        assert_eq!(keys.len(), 1, "short text stands in the list: {keys:?}");
        let html = parts.iter().find(|part| part.media == HTML).expect("it is formatted");
        keys.iter().map(|key| (key.clone(), Some(html.bytes.to_vec()))).collect()
    }

    #[test]
    fn the_disk_is_asked_once_for_what_is_wanted_twice_and_answers_both() {
        let (mut contents, parts) = (Contents::default(), formatted("text"));
        contents.want(ONE, Purpose::Push, source(ONE, &parts));
        contents.want(ONE, Purpose::Push, source(ONE, &parts));
        contents.want(ONE, Purpose::Apply, source(ONE, &parts));
        let keys = contents.end();
        contents.want(ONE, Purpose::Push, source(ONE, &parts));
        assert!(contents.end().is_empty(), "that is asked for already");
        let read = contents.read(&found(&keys, &parts));
        let purposes: Vec<_> = read.iter().map(|(wanted, _)| wanted.purpose).collect();
        assert_eq!(purposes, [Purpose::Push, Purpose::Apply]);
        assert!(read.into_iter().all(|(_, content)| content.as_deref() == Some(&parts[..])));
        contents.want(ONE, Purpose::Push, source(ONE, &parts));
        assert_eq!(contents.end(), keys, "the answer is not kept");
    }

    #[test]
    fn an_answer_serves_what_it_is_for_and_what_is_lost_is_said() {
        let (mut contents, parts) = (Contents::default(), formatted("text"));
        contents.want(ONE, Purpose::Push, source(ONE, &parts));
        let of_one = contents.end();
        contents.want(TWO, Purpose::Apply, source(TWO, &parts));
        let of_two = contents.end();
        let lost = of_two.iter().map(|key| (key.clone(), None)).collect();
        let read = contents.read(&lost);
        assert_eq!(read.len(), 1);
        assert!(read[0].0.item == TWO && read[0].1.is_none());
        assert!(contents.read(&Read::new()).is_empty());
        assert_eq!(contents.read(&found(&of_one, &parts)).len(), 1);
    }

    #[test]
    fn what_an_event_has_brought_is_gone_when_it_is_over() {
        let mut contents = Contents::default();
        contents.bring(ONE, formatted("text"));
        assert!(contents.get(&ONE).is_some() && contents.get(&TWO).is_none());
        assert!(contents.end().is_empty());
        assert!(contents.get(&ONE).is_none());
    }
}
