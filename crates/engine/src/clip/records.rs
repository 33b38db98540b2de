//! How a clip lies on the disk: what changes about it (`list/`), what its content is (`about/`), and each part of the
//! content that is more than the beginning of a text (`part/`), so that a change writes little, and content is not
//! read to list it.

use std::collections::BTreeMap;

use hushclip_crypto::body::{HTML, Part, TEXT};
use hushclip_protocol::ids::{DeviceId, ItemId};
use minicbor::{Decode, Encode};

use super::content::{About, Source};
use super::{Clip, Layout};
use crate::effect::Write;
use crate::record::{ABOUT, LISTED, PART, RestoreError, WHOLE, decode, delete, put};

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
    #[n(15)]
    #[cbor(default)]
    layout: Layout,
}

/// A whole clip in one record, as version 0.1 stored it.
#[derive(Decode)]
#[cfg_attr(test, derive(Encode))]
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
    /// All its records, to be stored for the first time. The parts are those that it was made of.
    pub(crate) fn records(&self, parts: &[Part]) -> Vec<Write> {
        let apart = self.about.apart().filter_map(|place| {
            Some(Write::Put { key: part_key(&self.item, place), value: parts.get(place)?.bytes.to_vec() })
        });
        [self.listed(), put(format!("{ABOUT}{}", self.item), &self.about)].into_iter().chain(apart).collect()
    }

    /// What to store after a change of anything but the content.
    pub(crate) fn changed(&self) -> Write {
        self.listed()
    }

    /// Deletes its records.
    pub(crate) fn delete(&self) -> Vec<Write> {
        let listed = delete(format!("{LISTED}{}", self.item));
        if self.layout == Layout::Whole {
            return vec![listed, delete(whole_key(&self.item))];
        }
        let parts = self.about.apart().map(|place| delete(part_key(&self.item, place)));
        [listed, delete(format!("{ABOUT}{}", self.item))].into_iter().chain(parts).collect()
    }

    /// Where its content is.
    pub(crate) fn source(&self) -> Source {
        Source::new(self.item, self.about.clone(), (self.layout == Layout::Whole).then(|| whole_key(&self.item)))
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
            layout: self.layout,
        };
        put(format!("{LISTED}{}", self.item), &record)
    }
}

/// The record of one part of the content of an item.
pub(crate) fn part_key(item: &ItemId, place: usize) -> String {
    format!("{PART}{item}/{place}")
}

fn whole_key(item: &ItemId) -> String {
    format!("{WHOLE}{item}")
}

/// The records of clips, as they are found on the disk, in any order. Parts are not among them, or not looked at.
#[derive(Default)]
pub(crate) struct OnDisk {
    found: BTreeMap<ItemId, Found>,
}

/// What there is of one clip.
#[derive(Default)]
struct Found {
    listed: Option<Listed>,
    about: Option<About>,
    whole: Option<Clip>,
}

impl OnDisk {
    /// Takes a record, if it is of a clip.
    pub(crate) fn take(&mut self, key: &str, value: &[u8]) -> Result<(), RestoreError> {
        let item = |id: &str| ItemId::from_hex(id).ok_or(RestoreError);
        if let Some(id) = key.strip_prefix(LISTED) {
            self.of(item(id)?).listed = Some(decode(value)?);
        } else if let Some(id) = key.strip_prefix(ABOUT) {
            self.of(item(id)?).about = Some(decode(value)?);
        } else if key.starts_with(WHOLE) {
            let clip = Clip::from(decode::<Whole>(value)?);
            let id = clip.item;
            self.of(id).whole = Some(clip);
        }
        Ok(())
    }

    fn of(&mut self, item: ItemId) -> &mut Found {
        self.found.entry(item).or_default()
    }

    /// The clips, in ascending order.
    pub(crate) fn clips(self) -> Result<Vec<Clip>, RestoreError> {
        let mut clips = Vec::with_capacity(self.found.len());
        for (item, Found { listed, about, whole }) in self.found {
            match listed {
                // Version 0.1 may have been used again in between, and have deleted or sent it.
                Some(listed) if listed.layout == Layout::Whole => clips.extend(whole.map(|whole| {
                    let clip = listed.of(item, whole.about);
                    let (counter, cursor) = (clip.counter.max(whole.counter), clip.cursor.max(whole.cursor));
                    Clip { counter, cursor, sent_ms: clip.sent_ms.max(whole.sent_ms), ..clip }
                })),
                Some(listed) => clips.push(listed.of(item, about.ok_or(RestoreError)?)),
                None => clips.extend(whole),
            }
        }
        // Version 0.1, used again in between, may have given numbers a second time.
        clips.sort_unstable_by_key(|clip| (clip.order, clip.item));
        Ok(clips)
    }
}

impl Listed {
    fn of(self, item: ItemId, about: About) -> Clip {
        Clip {
            item,
            order: self.order,
            cursor: self.cursor,
            device: self.device,
            at_ms: self.at_ms,
            stored_ms: self.stored_ms,
            about,
            sent_ms: self.sent_ms,
            flags: self.flags,
            ttl_s: self.ttl_s,
            expires_ms: self.expires_ms,
            counter: self.counter,
            pinned: self.pinned,
            trashed_ms: self.trashed_ms,
            origin: self.origin,
            late: self.late,
            given_up: self.given_up,
            layout: self.layout,
        }
    }
}

/// The content of a record of version 0.1.
pub(super) fn whole_parts(record: &[u8]) -> Result<Vec<Part>, RestoreError> {
    decode::<Whole>(record).map(|whole| whole.parts())
}

impl Whole {
    fn parts(&self) -> Vec<Part> {
        let text = (!self.text.is_empty()).then(|| Part::new(TEXT, self.text.as_bytes()));
        let html = self.html.as_ref().map(|html| Part::new(HTML, html.as_bytes()));
        text.into_iter().chain(html).collect()
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
            about: About::new(&whole.parts()),
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

    const LONG: usize = 2_000;

    fn parts(text: &str, html: Option<&str>) -> Vec<Part> {
        let text = (!text.is_empty()).then(|| Part::new(TEXT, text));
        text.into_iter().chain(html.map(|html| Part::new(HTML, html))).collect()
    }

    fn clip(parts: &[Part]) -> Clip {
        Clip {
            item: ItemId::from_bytes([0xab; 16]),
            order: u64::MAX,
            cursor: u64::MAX,
            device: DeviceId::from_bytes([1; 16]),
            at_ms: u64::MAX,
            stored_ms: u64::MAX,
            about: About::new(parts),
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
            layout: Layout::Apart,
        }
    }

    fn disk(writes: Vec<Write>) -> BTreeMap<String, Vec<u8>> {
        let put = |write| if let Write::Put { key, value } = write { Some((key, value)) } else { None };
        writes.into_iter().filter_map(put).collect()
    }

    /// Parts are not read.
    fn read(disk: &BTreeMap<String, Vec<u8>>) -> Result<Vec<Clip>, RestoreError> {
        let mut found = OnDisk::default();
        disk.iter().filter(|(key, _)| !key.starts_with(PART)).try_for_each(|(key, value)| found.take(key, value))?;
        found.clips()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (long, longer) = ("ü".repeat(LONG), "ü".repeat(LONG + 1));
        for (text, html, records) in [
            ("", None, 2),
            ("one\r\ntwo", None, 2),
            ("bold", Some("<b>bold</b>"), 3),
            ("", Some("<b></b>"), 3),
            (&long, None, 2),
            (&longer, None, 3),
            (&longer, Some(&*long), 4),
        ] {
            let parts = parts(text, html);
            let clip = clip(&parts);
            let disk = disk(clip.records(&parts));
            assert_eq!(disk.len(), records, "{} characters", text.chars().count());
            let [found] = &read(&disk).unwrap()[..] else { panic!("one clip") };
            assert_eq!(found.source().keys().len(), records - 2, "what is to be read is what lies apart");
            assert!(found.source().parts(&disk).unwrap() == parts && found.listed() == clip.listed());
            let content = found.source().content(&disk).unwrap();
            assert_eq!((&*content.text, content.html.as_deref()), (text, html));
            let gone: Vec<_> = clip.delete().iter().map(|write| write.key().to_owned()).collect();
            assert!(gone.len() == records && gone.iter().all(|key| disk.contains_key(key)));
            for key in found.source().keys() {
                let mut less = disk.clone();
                less.remove(&key);
                assert!(found.source().parts(&less).is_none(), "without {key}");
                less.insert(key.clone(), disk[&key][1..].to_vec());
                assert!(found.source().parts(&less).is_none(), "{key} cut");
            }
            let mut less = disk.clone();
            less.remove(&format!("{ABOUT}{}", clip.item));
            assert!(read(&less).is_err(), "without what its content is");
        }
    }

    #[test]
    fn a_record_from_before_a_field_was_added_opens() {
        let clip = clip(&[]);
        let Write::Put { mut value, .. } = clip.changed() else { panic!("it is written") };
        let (of_16, of_15, apart) = (0x90, 0x8f, 0);
        assert_eq!((value[0], value.pop()), (of_16, Some(apart)));
        value[0] = of_15;
        assert_eq!(decode::<Listed>(&value).unwrap().layout, Layout::Apart);
    }

    #[test]
    fn a_change_writes_little() {
        let mut clip = clip(&parts(&"x".repeat(20_000), Some(&"<b>x".repeat(5_000))));
        clip.pinned = true;
        let Write::Put { key, value } = clip.changed() else { panic!("it is written") };
        assert!(key.len() + value.len() < 300, "{} bytes", key.len() + value.len());
    }

    #[test]
    fn a_clip_of_version_0_1_stays_where_it_is_when_it_changes() {
        let long = "x".repeat(LONG + 1);
        let old = Whole {
            item: ItemId::from_bytes([0xab; 16]),
            order: 1,
            cursor: 2,
            device: DeviceId::from_bytes([1; 16]),
            at_ms: 3,
            stored_ms: 4,
            text: long.clone(),
            html: Some("<i>x</i>".into()),
            sent_ms: 5,
            flags: 0,
            ttl_s: 6,
            expires_ms: 0,
            counter: 7,
            pinned: false,
            trashed_ms: 0,
            origin: String::new(),
            late: false,
            given_up: false,
        };
        let key = whole_key(&old.item);
        let mut disk = disk(vec![put(key.clone(), &old)]);
        let [found] = &mut read(&disk).unwrap()[..] else { panic!("one clip") };
        assert_eq!(found.source().keys(), [&*key]);
        found.pinned = true;
        let Write::Put { key: listed, value } = found.changed() else { panic!("it is written") };
        disk.insert(listed, value);
        let [found] = &read(&disk).unwrap()[..] else { panic!("one clip") };
        let content = found.source().content(&disk).unwrap();
        assert!(found.pinned && content.text == long && content.html.as_deref() == Some("<i>x</i>"));
        let gone = found.delete();
        assert!(disk.keys().all(|key| gone.contains(&delete(&**key))));
        // Version 0.1 knows one of the records only, and may have sent or deleted it.
        let Write::Put { value, .. } = put(key.clone(), &Whole { counter: 8, cursor: 9, ..old }) else { panic!() };
        disk.insert(key.clone(), value);
        let [found] = &read(&disk).unwrap()[..] else { panic!("one clip") };
        assert_eq!((found.counter, found.cursor, found.pinned), (8, 9, true));
        disk.remove(&key);
        assert!(read(&disk).unwrap().is_empty());
    }

    #[test]
    fn a_part_that_a_later_version_knows_is_kept() {
        let mut parts = parts("text", None);
        parts.push(Part::new("image/tomorrow", [0xff, 0x00]));
        let clip = clip(&parts);
        let disk = disk(clip.records(&parts));
        let [found] = &read(&disk).unwrap()[..] else { panic!("one clip") };
        assert!(found.source().parts(&disk).unwrap() == parts);
        assert_eq!(found.source().content(&disk), Some(hushclip_model::Content::text("text")));
        let gone = found.delete();
        assert!(disk.keys().all(|key| gone.contains(&delete(&**key))), "and goes with it");
    }
}
