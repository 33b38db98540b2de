//! How a clip lies on the disk: what changes about it (`list/`), what its content is (`about/`), and each part of the
//! content that is more than the beginning of a text (`part/`), so that a change writes little, and content need not be
//! read to list it.

use std::collections::BTreeMap;

use hushclip_crypto::body::{HTML, TEXT};
use hushclip_protocol::ids::{DeviceId, Hash, ItemId};
use hushclip_protocol::label;
use minicbor::{Decode, Encode};

use super::{Clip, Layout};
use crate::effect::Write;
use crate::history::text_digest;
use crate::record::{ABOUT, LISTED, PART, RestoreError, WHOLE, decode, delete, put};

/// How much of a text stands in what is known of it, characters: as much as a list shows.
const BEGINNING: usize = 2_000;

/// What changes about a clip, and what its sender said of it.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Listed {
    #[n(0)]
    order: u64,
    #[n(1)]
    cursor: u64,
    #[n(2)]
    device: DeviceId,
    #[n(3)]
    at_ms: u64,
    #[n(4)]
    stored_ms: u64,
    #[n(5)]
    sent_ms: u64,
    #[n(6)]
    flags: u32,
    #[n(7)]
    ttl_s: u32,
    #[n(8)]
    expires_ms: u64,
    #[n(9)]
    counter: u64,
    #[n(10)]
    pinned: bool,
    #[n(11)]
    trashed_ms: u64,
    #[n(12)]
    origin: String,
    #[n(13)]
    late: bool,
    #[n(14)]
    given_up: bool,
}

/// What a clip's content is, without the content.
#[derive(Encode, Decode)]
#[cbor(array)]
struct About {
    /// SHA-256 of the plainest part; of a text, with the line ends that all platforms share.
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
#[derive(Encode, Decode)]
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

/// A whole clip in one record, as version 0.1 stored it.
#[derive(Decode)]
#[cbor(array)]
struct Whole {
    #[n(0)]
    item: ItemId,
    #[n(1)]
    order: u64,
    #[n(2)]
    cursor: u64,
    #[n(3)]
    device: DeviceId,
    #[n(4)]
    at_ms: u64,
    #[n(5)]
    stored_ms: u64,
    #[n(6)]
    text: String,
    #[n(7)]
    html: Option<String>,
    #[n(8)]
    sent_ms: u64,
    #[n(9)]
    flags: u32,
    #[n(10)]
    ttl_s: u32,
    #[n(11)]
    expires_ms: u64,
    #[n(12)]
    counter: u64,
    #[n(13)]
    pinned: bool,
    #[n(14)]
    trashed_ms: u64,
    #[n(15)]
    origin: String,
    #[n(16)]
    late: bool,
    #[n(17)]
    given_up: bool,
}

impl Clip {
    /// What is known of its content, from the content.
    fn about(&self) -> About {
        let end = self.text.char_indices().nth(BEGINNING).map_or(self.text.len(), |(end, _)| end);
        let text = (!self.text.is_empty()).then(|| PartOf::new(TEXT, &self.text, end < self.text.len()));
        let html = self.html.as_ref().map(|html| PartOf::new(HTML, html, true));
        let digest = match &self.html {
            Some(html) if self.text.is_empty() => label::sha256(html.as_bytes()),
            _ => text_digest(&self.text),
        };
        About { digest, beginning: self.text[..end].to_owned(), parts: text.into_iter().chain(html).collect() }
    }

    /// All its records, to be stored for the first time.
    pub(crate) fn records(&self) -> Vec<Write> {
        let about = self.about();
        let apart = about.apart().map(|(key, media)| {
            let content = if media == TEXT { Some(&self.text) } else { self.html.as_ref() };
            let value = content.map(|content| content.as_bytes().to_vec()).unwrap_or_default();
            Write::Put { key: part_key(&self.item, key), value }
        });
        [self.listed(), put(format!("{ABOUT}{}", self.item), &about)].into_iter().chain(apart).collect()
    }

    /// What to store after a change of anything but the content.
    pub(crate) fn changed(&mut self) -> Vec<Write> {
        if self.layout != Layout::Whole {
            return vec![self.listed()];
        }
        self.layout = Layout::Own;
        self.records().into_iter().chain([delete(format!("{WHOLE}{}", self.item))]).collect()
    }

    /// Deletes its records.
    pub(crate) fn delete(&self) -> Vec<Write> {
        let places = match &self.layout {
            Layout::Whole => return vec![delete(format!("{WHOLE}{}", self.item))],
            Layout::Own => self.about().apart().map(|(place, _)| place).collect(),
            Layout::Found(places) => places.clone(),
        };
        let parts = places.into_iter().map(|place| delete(part_key(&self.item, place)));
        [LISTED, ABOUT].map(|name| delete(format!("{name}{}", self.item))).into_iter().chain(parts).collect()
    }

    fn listed(&self) -> Write {
        let record = Listed {
            order: self.order,
            cursor: self.cursor,
            device: self.device,
            at_ms: self.at_ms,
            stored_ms: self.stored_ms,
            sent_ms: self.sent_ms,
            flags: self.flags,
            ttl_s: self.ttl_s,
            expires_ms: self.expires_ms,
            counter: self.counter,
            pinned: self.pinned,
            trashed_ms: self.trashed_ms,
            origin: self.origin.clone(),
            late: self.late,
            given_up: self.given_up,
        };
        put(format!("{LISTED}{}", self.item), &record)
    }
}

impl About {
    /// The parts that have a record, by their place, and their media types.
    fn apart(&self) -> impl Iterator<Item = (usize, &str)> {
        self.parts.iter().enumerate().filter(|(_, part)| part.apart).map(|(at, part)| (at, &*part.media))
    }
}

impl PartOf {
    fn new(media: &str, content: &str, apart: bool) -> Self {
        Self { media: media.to_owned(), bytes: content.len() as u64, apart }
    }
}

fn part_key(item: &ItemId, at: usize) -> String {
    format!("{PART}{item}/{at}")
}

/// The records of clips, as they are found on the disk, in any order.
#[derive(Default)]
pub(crate) struct OnDisk {
    listed: BTreeMap<ItemId, Listed>,
    about: BTreeMap<ItemId, About>,
    parts: BTreeMap<String, Vec<u8>>,
    whole: Vec<Clip>,
}

impl OnDisk {
    /// Takes a record, if it is of a clip.
    pub(crate) fn take(&mut self, key: &str, value: &[u8]) -> Result<(), RestoreError> {
        let item = |id: &str| ItemId::from_hex(id).ok_or(RestoreError);
        if let Some(id) = key.strip_prefix(LISTED) {
            self.listed.insert(item(id)?, decode(value)?);
        } else if let Some(id) = key.strip_prefix(ABOUT) {
            self.about.insert(item(id)?, decode(value)?);
        } else if key.starts_with(PART) {
            self.parts.insert(key.to_owned(), value.to_vec());
        } else if key.starts_with(WHOLE) {
            self.whole.push(decode::<Whole>(value)?.into());
        }
        Ok(())
    }

    /// The clips, in ascending order.
    pub(crate) fn clips(mut self) -> Result<Vec<Clip>, RestoreError> {
        let mut clips = std::mem::take(&mut self.whole);
        // Version 0.1 may have been used again in between, and does not see what came apart.
        clips.retain(|clip| !self.listed.contains_key(&clip.item));
        for (item, listed) in std::mem::take(&mut self.listed) {
            let about = self.about.remove(&item).ok_or(RestoreError)?;
            clips.push(self.clip(item, listed, about)?);
        }
        clips.sort_by_key(|clip| clip.order);
        Ok(clips)
    }

    fn clip(&mut self, item: ItemId, listed: Listed, about: About) -> Result<Clip, RestoreError> {
        let (mut text, mut html) = (String::new(), None);
        for (place, PartOf { media, bytes, apart }) in about.parts.iter().enumerate() {
            // Others are a later version's.
            if media != TEXT && media != HTML {
                continue;
            }
            let content = if *apart {
                let part = self.parts.remove(&part_key(&item, place)).ok_or(RestoreError)?;
                String::from_utf8(part).map_err(|_| RestoreError)?
            } else {
                about.beginning.clone()
            };
            if content.len() as u64 != *bytes {
                return Err(RestoreError);
            }
            if media == TEXT {
                text = content;
            } else {
                html = Some(content);
            }
        }
        let apart = about.apart().map(|(place, _)| place).collect();
        Ok(Clip {
            item,
            order: listed.order,
            cursor: listed.cursor,
            device: listed.device,
            at_ms: listed.at_ms,
            stored_ms: listed.stored_ms,
            text,
            html,
            sent_ms: listed.sent_ms,
            flags: listed.flags,
            ttl_s: listed.ttl_s,
            expires_ms: listed.expires_ms,
            counter: listed.counter,
            pinned: listed.pinned,
            trashed_ms: listed.trashed_ms,
            origin: listed.origin,
            late: listed.late,
            given_up: listed.given_up,
            layout: Layout::Found(apart),
        })
    }
}

impl From<Whole> for Clip {
    fn from(whole: Whole) -> Self {
        Self {
            item: whole.item,
            order: whole.order,
            cursor: whole.cursor,
            device: whole.device,
            at_ms: whole.at_ms,
            stored_ms: whole.stored_ms,
            text: whole.text,
            html: whole.html,
            sent_ms: whole.sent_ms,
            flags: whole.flags,
            ttl_s: whole.ttl_s,
            expires_ms: whole.expires_ms,
            counter: whole.counter,
            pinned: whole.pinned,
            trashed_ms: whole.trashed_ms,
            origin: whole.origin,
            late: whole.late,
            given_up: whole.given_up,
            layout: Layout::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(text: &str, html: Option<&str>) -> Clip {
        Clip {
            item: ItemId::from_bytes([0xab; 16]),
            order: u64::MAX,
            cursor: u64::MAX,
            device: DeviceId::from_bytes([1; 16]),
            at_ms: u64::MAX,
            stored_ms: u64::MAX,
            text: text.into(),
            html: html.map(str::to_owned),
            sent_ms: u64::MAX,
            flags: u32::MAX,
            ttl_s: u32::MAX,
            expires_ms: u64::MAX,
            counter: u64::MAX,
            pinned: false,
            trashed_ms: u64::MAX,
            origin: "o".repeat(64),
            late: true,
            given_up: true,
            layout: Layout::Own,
        }
    }

    fn disk(writes: Vec<Write>) -> BTreeMap<String, Vec<u8>> {
        let put = |write| if let Write::Put { key, value } = write { Some((key, value)) } else { None };
        writes.into_iter().filter_map(put).collect()
    }

    fn read(disk: &BTreeMap<String, Vec<u8>>) -> Result<Vec<Clip>, RestoreError> {
        let mut found = OnDisk::default();
        disk.iter().try_for_each(|(key, value)| found.take(key, value))?;
        found.clips()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (long, longer) = ("ü".repeat(BEGINNING), "ü".repeat(BEGINNING + 1));
        for (text, html, records) in [
            ("", None, 2),
            ("one\r\ntwo", None, 2),
            ("bold", Some("<b>bold</b>"), 3),
            (&long, None, 2),
            (&longer, None, 3),
            (&longer, Some(&*long), 4),
        ] {
            let clip = clip(text, html);
            let disk = disk(clip.records());
            assert_eq!(disk.len(), records, "{} characters", text.chars().count());
            let [found] = &read(&disk).unwrap()[..] else { panic!("one clip") };
            assert_eq!((&found.text, &found.html), (&clip.text, &clip.html));
            assert!(found.listed() == clip.listed() && found.records() == clip.records());
            let gone: Vec<_> = clip.delete().iter().map(|write| write.key().to_owned()).collect();
            assert!(gone.len() == records && gone.iter().all(|key| disk.contains_key(key)));
            // Nothing of it may be missing or cut short.
            for key in disk.keys().filter(|key| !key.starts_with(LISTED)) {
                let mut less = disk.clone();
                less.remove(key);
                assert!(read(&less).is_err(), "without {key}");
                less.insert(key.clone(), disk[key][1..].to_vec());
                assert!(read(&less).is_err(), "{key} cut");
            }
        }
    }

    #[test]
    fn a_change_writes_little() {
        let mut clip = clip(&"x".repeat(20_000), Some(&"<b>x".repeat(5_000)));
        clip.pinned = true;
        let [Write::Put { key, value }] = &clip.changed()[..] else { panic!("one record") };
        assert!(key.len() + value.len() < 300, "{} bytes", key.len() + value.len());
    }

    #[test]
    fn a_clip_of_version_0_1_comes_apart_when_it_changes() {
        let mut whole = clip("text", Some("<i>text</i>"));
        whole.layout = Layout::Whole;
        let old = format!("{WHOLE}{}", whole.item);
        assert_eq!(whole.delete(), [delete(&*old)]);
        let writes = whole.changed();
        assert!(writes.contains(&delete(&*old)));
        let [found] = &read(&disk(writes)).unwrap()[..] else { panic!("one clip") };
        assert_eq!(
            (&*found.text, found.html.as_deref(), &found.layout),
            ("text", Some("<i>text</i>"), &Layout::Found(vec![1]))
        );
        assert_eq!(whole.changed().len(), 1);
    }

    #[test]
    fn a_part_that_a_later_version_knows_is_passed_over() {
        let mut disk = disk(clip("text", None).records());
        let key = disk.keys().find(|key| key.starts_with(ABOUT)).expect("it is written").clone();
        let mut about: About = decode(&disk[&key]).unwrap();
        about.parts.push(PartOf { media: "image/tomorrow".into(), bytes: 1 << 40, apart: true });
        disk.insert(key, hushclip_protocol::codec::encode(&about));
        assert_eq!(read(&disk).unwrap()[0].text, "text");
        let part = part_key(&ItemId::from_bytes([0xab; 16]), 1);
        disk.insert(part, vec![0xff]);
        let [found] = &mut read(&disk).unwrap()[..] else { panic!("one clip") };
        assert_eq!(found.text, "text");
        assert_eq!(found.changed().len(), 1, "what is not known of it stays as it is");
        let gone = found.delete();
        assert!(disk.keys().all(|key| gone.contains(&delete(&**key))), "and goes with it");
    }
}
