//! Content in memory: what an event has brought along or asked the disk for, for as long as that is being dealt with. It
//! refuses to keep any: clips are known by what [`crate::clip::About`] says of them.

use std::collections::{BTreeMap, BTreeSet};

use hushclip_crypto::body::Part;
use hushclip_model::CommandId;
use hushclip_protocol::ids::ItemId;

use crate::clip::Source;

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

/// Content that is waited for.
pub(crate) struct Wanted {
    pub(crate) item: ItemId,
    pub(crate) purpose: Purpose,
    source: Source,
    is_asked: bool,
}

/// What is in memory, and what is waited for.
#[derive(Default)]
pub(crate) struct Contents {
    at_hand: BTreeMap<ItemId, Vec<Part>>,
    wanted: Vec<Wanted>,
}

/// What the disk has said: the records that were asked for, if they are there.
pub(crate) type Read = BTreeMap<String, Option<Vec<u8>>>;

impl Contents {
    /// There is content, until the event is over.
    pub(crate) fn bring(&mut self, item: ItemId, parts: Vec<Part>) {
        self.at_hand.insert(item, parts);
    }

    pub(crate) fn get(&self, item: &ItemId) -> Option<&Vec<Part>> {
        self.at_hand.get(item)
    }

    /// The disk is to be asked, unless it is.
    pub(crate) fn want(&mut self, item: ItemId, purpose: Purpose, source: Source) {
        if !self.wanted.iter().any(|wanted| wanted.item == item && wanted.purpose == purpose) {
            self.wanted.push(Wanted { item, purpose, source, is_asked: false });
        }
    }

    /// The event is over: nothing is kept. Gives the records that are to be read.
    pub(crate) fn end(&mut self) -> Vec<String> {
        self.at_hand.clear();
        let new = self.wanted.iter_mut().filter(|wanted| !wanted.is_asked);
        let keys: BTreeSet<String> = new
            .flat_map(|wanted| {
                wanted.is_asked = true;
                wanted.source.keys()
            })
            .collect();
        keys.into_iter().collect()
    }

    /// What the disk has answered, in the order of asking: what was wanted, and its content; none if that is lost.
    pub(crate) fn read(&mut self, records: Read) -> Vec<(Wanted, Option<Vec<Part>>)> {
        let answered = |wanted: &mut Wanted| wanted.source.keys().iter().all(|key| records.contains_key(key));
        let answered: Vec<_> = self.wanted.extract_if(.., answered).collect();
        let records = records.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        let parts = |wanted: Wanted| {
            let parts = wanted.source.parts(&records);
            (wanted, parts)
        };
        answered.into_iter().map(parts).collect()
    }
}
