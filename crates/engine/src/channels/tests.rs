//! Channels: what is kept, for how long, in which order, and what a restart makes of it.

use std::collections::BTreeMap;

use super::*;
use crate::part::Output;

const NOW: u64 = 1_700_000_000_000;

fn item(n: u64) -> ItemId {
    let mut id = [0; ItemId::LEN];
    id[..8].copy_from_slice(&n.to_be_bytes());
    ItemId::from_bytes(id)
}

fn of(n: u64, own: bool) -> Payload {
    Payload {
        item: item(n),
        order: n,
        cursor: if own { 0 } else { n },
        device: DeviceId::from_bytes([u8::from(own); 16]),
        at_ms: NOW,
        stored_ms: NOW,
        channel: "a".into(),
        bytes: 1,
        counter: n,
        own,
        sent_ms: 0,
    }
}

/// Does something; what is written comes on the disk.
fn act<T>(disk: &mut BTreeMap<String, Vec<u8>>, act: impl FnOnce(&mut Outputs) -> T) -> T {
    let mut out = Outputs::default();
    let done = act(&mut out);
    for output in out {
        match output {
            Output::Write(Write::Put { key, value }) => disk.insert(key, value),
            Output::Write(Write::Delete { key }) => disk.remove(&key),
            other => panic!("{other:?}"),
        };
    }
    done
}

fn restored(disk: &BTreeMap<String, Vec<u8>>) -> Channels {
    let decode = |value: &Vec<u8>| crate::record::decode(value).unwrap();
    let payloads = disk.iter().filter(|(key, _)| key.starts_with(PAYLOAD)).map(|(_, value)| decode(value));
    let listening = disk.get(CHANNELS).map(|value| crate::record::decode(value).unwrap()).unwrap_or_default();
    Channels::restore(listening, payloads.collect())
}

fn orders(channels: &Channels, channel: &str, after: u64) -> Vec<u64> {
    channels.received(channel, after).map(|payload| payload.order).collect()
}

#[test]
fn what_is_kept_is_read_again_without_its_bytes() {
    let (mut channels, mut disk) = (Channels::default(), BTreeMap::new());
    act(&mut disk, |out| channels.listen("a".into(), out));
    act(&mut disk, |out| channels.listen("b/c".into(), out));
    for n in [3, 5, 9, 12] {
        act(&mut disk, |out| channels.add(of(n, n == 5), &[7], out));
    }
    act(&mut disk, |out| channels.add(Payload { channel: "b/c".into(), ..of(13, false) }, &[8], out));
    let again = restored(&disk);
    assert_eq!(again.listened().collect::<Vec<_>>(), ["a", "b/c"]);
    assert!(again.payloads == channels.payloads);
    assert_eq!(orders(&again, "a", 0), [3, 9, 12], "its own are for others");
    assert_eq!(
        (orders(&again, "a", 3), orders(&again, "a", 12), orders(&again, "b/c", 4)),
        (vec![9, 12], vec![], vec![13])
    );
    let payload = again.get(&item(9)).unwrap();
    assert!(crate::CONTENT.contains(&&*payload.key()) && disk[&payload.key()] == [7]);
    assert!(payload.parts(&disk).is_some_and(|parts| parts == [Part::new("", [7])]));
    disk.insert(payload.key(), vec![7, 7]);
    assert!(payload.parts(&disk).is_none(), "damaged");
    disk.remove(&payload.key());
    assert!(payload.parts(&disk).is_none(), "lost");
}

#[test]
fn orders_do_not_come_back_when_what_had_them_is_gone() {
    let (mut channels, mut disk) = (Channels::default(), BTreeMap::new());
    act(&mut disk, |out| channels.listen("a".into(), out));
    for n in [3, 9] {
        act(&mut disk, |out| channels.add(of(n, false), &[7], out));
    }
    act(&mut disk, |out| channels.add(of(11, true), &[7], out));
    assert_eq!(restored(&disk).newest_order(), 11);
    assert!(
        act(&mut disk, |out| channels.remove(&item(9), out)) && !act(&mut disk, |out| channels.remove(&item(9), out))
    );
    act(&mut disk, |out| channels.forget(out));
    assert_eq!((disk.len(), restored(&disk).newest_order()), (1, 11));
    assert!(restored(&disk).listens("a"), "that outlasts accounts");
    act(&mut disk, |out| channels.add(of(12, false), &[7], out));
    act(&mut disk, |out| channels.unlisten("a", out));
    let again = restored(&disk);
    assert!(!again.listens("a") && again.payloads.is_empty() && again.newest_order() == 12);
}

#[test]
fn the_oldest_make_room_but_for_those_that_wait() {
    let (mut channels, mut disk) = (Channels::default(), BTreeMap::new());
    let kept = KEPT as u64;
    for n in 1..=kept {
        act(&mut disk, |out| channels.add(of(n, false), &[], out));
    }
    act(&mut disk, |out| channels.add(of(kept + 1, false), &[], out));
    assert_eq!((channels.payloads.len(), disk.len()), (KEPT, 2 * KEPT + 1), "and what is known of orders");
    assert!(channels.get(&item(1)).is_none() && channels.get(&item(2)).is_some());
    let large = Payload { bytes: KEPT_BYTES - 10, ..of(9_000, false) };
    act(&mut disk, |out| channels.add(large, &[], out));
    let left: Vec<_> = channels.payloads.iter().map(|payload| payload.order).collect();
    assert_eq!((left.len(), left[0], left[10]), (11, kept - 8, 9_000));
    let largest = Payload { bytes: KEPT_BYTES + 1, ..of(9_001, false) };
    act(&mut disk, |out| channels.add(largest, &[], out));
    assert_eq!(channels.payloads.len(), 1, "what has just come stays");
}

#[test]
fn what_a_device_has_sent_takes_no_room_of_what_comes_in() {
    let (mut channels, mut disk) = (Channels::default(), BTreeMap::new());
    act(&mut disk, |out| channels.add(of(1, false), &[], out));
    let most = limits::ITEMS as u64;
    for n in 2..=most + 2 {
        act(&mut disk, |out| channels.add(of(n, true), &[], out));
    }
    assert_eq!((channels.payloads.len(), channels.bytes_beyond(0)), (limits::ITEMS + 2, most + 1), "all of them wait");
    for n in 2..=most + 2 {
        act(&mut disk, |out| channels.settle(&item(n), n, NOW, out));
    }
    assert_eq!((channels.bytes_beyond(most), channels.bytes_beyond(0)), (2, most + 1), "some have what is older");
    act(&mut disk, |out| channels.add(of(most + 3, true), &[], out));
    assert_eq!(channels.payloads.len(), limits::ITEMS + 1);
    assert!(channels.get(&item(1)).is_some() && channels.get(&item(3)).is_none());
}

#[test]
fn a_device_listens_to_so_many_channels_and_no_more() {
    let mut channels = Channels::default();
    let out = &mut Outputs::default();
    for n in 0..MOST {
        assert!(channels.listen(format!("channel/{n}"), out));
    }
    assert!(!channels.listen("one.more".into(), out) && !channels.listens("one.more"));
    assert!(channels.listen("channel/0".into(), out), "that is no more than before");
}

#[test]
fn they_go_in_time_but_for_those_that_wait() {
    let (mut channels, mut disk) = (Channels::default(), BTreeMap::new());
    assert_eq!(channels.next_due(), None);
    act(&mut disk, |out| channels.add(of(1, true), &[], out));
    assert_eq!(channels.next_due(), None, "the relay has not had it");
    act(&mut disk, |out| channels.add(of(2, false), &[], out));
    assert_eq!(channels.next_due(), Some(NOW + LIFE_MS));
    act(&mut disk, |out| channels.tidy(NOW + LIFE_MS - 1, out));
    assert_eq!(channels.payloads.len(), 2);
    act(&mut disk, |out| channels.tidy(NOW + LIFE_MS, out));
    assert_eq!((channels.payloads.len(), restored(&disk).payloads.len()), (1, 1));
    act(&mut disk, |out| channels.settle(&item(1), 40, NOW + LIFE_MS, out));
    assert_eq!(channels.next_due(), Some(NOW + 2 * LIFE_MS), "the relay has it since now");
    // The clock was years ahead.
    act(&mut disk, |out| channels.tidy(1_000, out));
    assert_eq!(channels.next_due(), Some(1_000 + LIFE_MS));
    assert_eq!(restored(&disk).payloads, channels.payloads);
}

#[test]
fn what_the_relay_may_have_lost_is_known_until_it_shows_it() {
    let (mut channels, mut disk) = (Channels::default(), BTreeMap::new());
    for n in 1..=4 {
        act(&mut disk, |out| channels.add(Payload { counter: 0, ..of(n, n != 3) }, &[7], out));
        act(&mut disk, |out| channels.sealed(&item(n), n, out));
    }
    assert_eq!(channels.item_of(&DeviceId::from_bytes([1; 16]), 4), Some(item(4)));
    for n in [1, 2, 4] {
        act(&mut disk, |out| channels.settle(&item(n), 10 + n, NOW, out));
    }
    assert_eq!(channels.unsettled().count(), 0);
    act(&mut disk, |out| channels.doubt_after(11, NOW + 1, out));
    let open: Vec<_> = channels.unsettled().map(|payload| payload.order).collect();
    assert_eq!(open, [2, 4]);
    act(&mut disk, |out| channels.settle(&item(2), 12, NOW + 9, out));
    let again = restored(&disk);
    assert_eq!(again.unsettled().map(|payload| payload.order).collect::<Vec<_>>(), [4]);
    assert_eq!(again.get(&item(2)).unwrap().sent_ms, NOW, "it lives no longer for it");
    assert!(act(&mut disk, |out| channels.note_place(&item(3), 90, out)), "another device's has moved");
    assert!(!act(&mut disk, |out| channels.note_place(&item(4), 90, out)), "of its own it is told otherwise");
    act(&mut disk, |out| channels.drop_own(out));
    assert_eq!(orders(&channels, "a", 0), [3]);
    let late = Payload { cursor: 5, ..of(7, true) };
    act(&mut disk, |out| channels.add(late, &[7], out));
    act(&mut disk, |out| channels.doubt_after(0, NOW + LIFE_MS, out));
    assert_eq!(channels.unsettled().count(), 0, "no relay keeps it so long");
}
