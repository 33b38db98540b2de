//! Attacks on clips: forged, replayed, held back, attributed to somebody else.

use hushclip_crypto::body::{Part, TEXT};
use hushclip_engine::Event;
use hushclip_model::Command;
use hushclip_model::view::ClipKind;
use hushclip_protocol::codec;
use hushclip_protocol::envelope::{Envelope, Header, Kind, Salt, assemble};
use hushclip_protocol::frame::{Item, ToDevice, ToRelay};
use hushclip_protocol::ids::{AccountId, DeviceId, Hash, ItemId};
use hushclip_sim::{Desk, Way};

use crate::craft::*;

const DAY: u64 = 24 * 60 * 60 * 1000;

/// The relay keeps back what goes down to a device and fits.
fn drop_items(desk: &mut Desk, device: usize, which: impl Fn(u64) -> bool + 'static) {
    desk.lie(move |way, to, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Item(item)) if way == Way::Down && to == device && which(item.cursor) => Vec::new(),
        Ok(ToDevice::Items { items, has_more, through }) if way == Way::Down && to == device => {
            let items = items.into_iter().filter(|item| !which(item.cursor)).collect();
            vec![ToDevice::Items { items, has_more, through }.encode()]
        }
        _ => vec![frame],
    });
}

#[test]
fn attack_replay_under_a_new_cursor() {
    let mut desk = Desk::paired(2);
    let seen = tap(&mut desk);
    desk.copy(0, "once");
    let item = seen.borrow()[0].clone();
    for cursor in 2..6 {
        show_item(&mut desk, 1, cursor, &item.envelope);
    }
    assert_eq!(desk.texts(1), ["once"]);
    assert_eq!(desk.clipboard(1), ["once"]);
    desk.restart(1);
    show_item(&mut desk, 1, 6, &item.envelope);
    assert_eq!(desk.texts(1), ["once"]);
    assert!(alerts(&desk, 1).is_empty());
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_each_header_field_changed() {
    let mut desk = Desk::paired(3);
    let seen = tap(&mut desk);
    desk.copy(0, "first");
    let bytes = seen.borrow()[0].envelope.to_vec();
    let envelope = Envelope::parse(&bytes).unwrap();
    let other = DeviceId::from_hex(&desk.id(2)).unwrap();
    let header = || envelope.header.clone();
    let changes: [(&str, Header); 10] = [
        ("kind", Header { kind: Kind::Tombstone, ..header() }),
        ("account", Header { account: AccountId::from_bytes([1; 32]), ..header() }),
        ("epoch", Header { epoch: header().epoch - 1, ..header() }),
        ("log_seq", Header { log_seq: header().log_seq - 1, ..header() }),
        ("log_head", Header { log_head: Hash::from_bytes([1; 32]), ..header() }),
        ("sender", Header { sender: other, ..header() }),
        ("counter", Header { counter: 2, ..header() }),
        ("item", Header { item: ItemId::from_bytes([1; 16]), ..header() }),
        ("ttl_s", Header { ttl_s: 1, ..header() }),
        ("salt", Header { salt: Salt([1; 24]), ..header() }),
    ];
    let signature = codec::decode::<(
        minicbor::bytes::ByteVec,
        minicbor::bytes::ByteVec,
        hushclip_protocol::ids::Signature,
    )>(&bytes, 1 << 20)
    .unwrap()
    .2;
    for (at, (name, header)) in changes.into_iter().enumerate() {
        let forged = assemble(&codec::encode(&header), envelope.sealed, signature);
        show_item(&mut desk, 1, 2 + at as u64, &forged);
        assert_eq!(desk.texts(1), ["first"], "{name}");
        assert!(alerts(&desk, 1).is_empty(), "{name}");
    }
    desk.cut(None);
    desk.wait(5_000);
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_body_of_one_clip_under_the_header_of_another() {
    let mut desk = Desk::paired(2);
    let seen = tap(&mut desk);
    desk.copy(0, "one");
    desk.copy(0, "two");
    let (one, two) = (seen.borrow()[0].envelope.to_vec(), seen.borrow()[1].envelope.to_vec());
    let (one, two) = (Envelope::parse(&one).unwrap(), Envelope::parse(&two).unwrap());
    // With its keys the sender itself could sign it; the ciphertext belongs to its own header still.
    let keys = stolen_keys(&desk, 0);
    let header = codec::encode(&Header { counter: 3, item: ItemId::from_bytes([3; 16]), ..two.header.clone() });
    let signature = keys.sign(&hushclip_protocol::envelope::signed_bytes(&header, one.sealed));
    show_item(&mut desk, 1, 3, &assemble(&header, one.sealed, signature));
    assert_eq!(desk.texts(1), ["two", "one"]);
    desk.cut(None);
    desk.wait(5_000);
    desk.stop_lying();
    desk.copy(0, "three");
    assert_eq!(desk.texts(1)[0], "three", "its counter is spent, but it is the sender's newest");
    assert_eq!(alerts(&desk, 1), ["unreadable", "cloned"]);
    desk.copy(0, "four");
    assert_eq!(desk.texts(1)[0], "four");
}

#[test]
fn attack_clip_of_another_account() {
    let mut desk = Desk::paired(2);
    let other = other_people();
    let keys = stolen_keys(&other, 0);
    let foreign = envelope(&keys, &entries(&other, 0), 0, 1, "from elsewhere");
    show_item(&mut desk, 1, 1, &foreign);
    assert!(desk.texts(1).is_empty());
    desk.cut(None);
    desk.wait(5_000);
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_envelopes_out_of_range_or_form() {
    let mut desk = Desk::paired(2);
    let good = envelope(&stolen_keys(&desk, 0), &entries(&desk, 0), 1, 1, "good");
    let mut bad = vec![
        Vec::new(),
        vec![0x83],
        vec![0x9f, 0xff],
        vec![0x81; 300],
        vec![0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ];
    bad.extend((0..good.len()).step_by(7).map(|at| good[..at].to_vec()));
    bad.extend((0..good.len()).step_by(5).map(|at| {
        let mut changed = good.clone();
        changed[at] ^= 1;
        changed
    }));
    bad.push([good.as_slice(), &[0]].concat());
    bad.push(vec![0; hushclip_protocol::limits::ENVELOPE_BYTES + 1]);
    for (at, bytes) in bad.into_iter().enumerate() {
        show_item(&mut desk, 1, 1 + at as u64, &bytes);
        assert!(desk.texts(1).is_empty(), "case {at}");
    }
    desk.cut(None);
    desk.wait(5_000);
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_one_clip_dropped() {
    let mut desk = Desk::paired(3);
    drop_items(&mut desk, 1, |cursor| cursor == 2);
    for text in ["one", "two", "three"] {
        desk.copy(0, text);
    }
    desk.wait(1_000);
    assert_eq!(desk.texts(1), ["three", "one"]);
    assert_eq!(alerts(&desk, 1), ["missing"]);
    assert!(alerts(&desk, 2).is_empty(), "device 2 was told the truth");
    desk.restart(1);
    assert_eq!(alerts(&desk, 1), ["missing"], "kept until it is put away");
    let id = desk.view(1).alerts.last().expect("it is shown").id;
    desk.command(1, Command::DismissAlert { id });
    assert!(alerts(&desk, 1).is_empty());
    goes_on(&mut desk, 0, 1);
    assert!(alerts(&desk, 1).is_empty(), "said once");
}

#[test]
fn attack_first_clip_of_a_newcomer_dropped() {
    let mut desk = Desk::paired(2);
    drop_items(&mut desk, 0, |cursor| cursor == 1);
    desk.copy(1, "its first");
    desk.copy(1, "its second");
    desk.wait(1_000);
    assert_eq!(alerts(&desk, 0), ["missing"], "it came after device 0, so its counters start at 1");
}

#[test]
fn attack_newest_clips_dropped() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "seen");
    drop_items(&mut desk, 1, |cursor| cursor == 2);
    desk.copy(0, "held back");
    desk.wait(DAY + 60_000);
    assert_eq!(alerts(&desk, 1), ["missing"], "the daily heartbeat shows it");
    assert!(desk.view(1).devices.iter().any(|device| !device.own && device.confirmed_at.is_some()));
}

#[test]
fn attack_clips_in_another_order() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "nought");
    let mut kept: Option<Item> = None;
    desk.lie(move |way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Item(item)) if way == Way::Down && device == 1 => match kept.take() {
            None if item.cursor == 2 => {
                kept = Some(item);
                Vec::new()
            }
            Some(first) => vec![
                ToDevice::Item(Item { cursor: 2, ..item }).encode(),
                ToDevice::Item(Item { cursor: 3, ..first }).encode(),
            ],
            None => vec![frame],
        },
        _ => vec![frame],
    });
    desk.copy(0, "one");
    desk.copy(0, "two");
    assert_eq!(desk.texts(1), ["two", "nought"], "never an older one after a newer one");
    assert_eq!(alerts(&desk, 1), ["missing"]);
}

#[test]
fn attack_cursor_at_the_end_of_numbers() {
    let mut desk = Desk::paired(2);
    let seen = tap(&mut desk);
    desk.copy(0, "one");
    let bytes = seen.borrow()[0].envelope.to_vec();
    show_item(&mut desk, 1, u64::MAX, &bytes);
    desk.tell(1, &ToDevice::Items { items: Vec::new(), has_more: false, through: u64::MAX });
    desk.copy(1, "mine");
    desk.tell(1, &ToDevice::Pushed { item: ItemId::from_bytes([1; 16]), cursor: u64::MAX, mark: 1 });
    desk.tell(
        0,
        &ToDevice::Delivered(hushclip_protocol::frame::Delivered {
            device: DeviceId::from_hex(&desk.id(1)).unwrap(),
            cursor: u64::MAX,
        }),
    );
    desk.cut(None);
    desk.wait(60_000);
    assert!(desk.texts(0).contains(&"mine".to_owned()));
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_cursor_rolled_back() {
    let mut desk = Desk::paired(2);
    let before = desk.snapshot();
    desk.copy(0, "one");
    desk.copy(0, "two");
    desk.roll_back(before);
    desk.wait(5_000);
    assert_eq!(alerts(&desk, 0), ["items_restored"], "it has put its own back");
    assert_eq!(desk.texts(1), ["two", "one"], "and nobody has them twice");
    desk.wait(60_000);
    assert_eq!(desk.texts(1), ["two", "one"]);
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_copied_profile() {
    let mut desk = Desk::paired(3);
    desk.copy(1, "before the theft");
    let stolen = desk.disk(1).clone();
    desk.copy(1, "by the owner");
    desk.add_device();
    desk.take_away(1);
    desk.set_disk(3, stolen);
    desk.command(3, Command::Push { text: "by the thief".into(), html: None });
    desk.wait(5_000);
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(5_000);
    desk.copy(1, "by the owner again");
    desk.wait(5_000);
    let noticed =
        alerts(&desk, 0).contains(&"cloned".to_owned()) || alerts(&desk, 1).contains(&"cloned_here".to_owned());
    assert!(noticed, "{:?} {:?}", alerts(&desk, 0), alerts(&desk, 1));
    assert!(desk.texts(0).contains(&"by the owner again".to_owned()));
}

#[test]
fn attack_two_clips_at_one_counter() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "the real one");
    let forged = envelope(&stolen_keys(&desk, 0), &entries(&desk, 0), 2, 1, "another one");
    show_item(&mut desk, 1, 2, &forged);
    assert_eq!(desk.texts(1), ["the real one"]);
    assert_eq!(alerts(&desk, 1), ["cloned"]);
    desk.tell(0, &ToDevice::Item(Item { cursor: 2, envelope: forged.into(), mark: 1 }));
    assert_eq!(alerts(&desk, 0), ["cloned_here"]);
}

#[test]
fn attack_repeating_random_numbers() {
    // The key and the nonce of an item come from its header, and the counter in there never repeats.
    let mut desk = Desk::paired(2);
    let pushed = pushes(&mut desk, 0);
    for text in ["one", "two", "three"] {
        desk.repeat_random(0);
        desk.copy(0, text);
    }
    let pushed = pushed.borrow();
    let headers: Vec<_> = pushed.iter().map(|bytes| Envelope::parse(bytes).unwrap().header_bytes).collect();
    assert_eq!(headers.len(), 3);
    for (at, header) in headers.iter().enumerate() {
        assert!(!headers[..at].contains(header), "one key and nonce for two texts");
    }
    assert_eq!(desk.texts(1), ["three", "two", "one"], "nor does the relay take one for the other");
}

#[test]
fn attack_process_killed_between_counter_and_sending() {
    let mut desk = Desk::paired(2);
    let pushed = pushes(&mut desk, 0);
    // Everything is written, and the frame never leaves.
    desk.lie_also(|way, device, frame| {
        let push = way == Way::Up && device == 0 && matches!(ToRelay::decode(&frame), Ok(ToRelay::Push { .. }));
        if push { Vec::new() } else { vec![frame] }
    });
    desk.copy(0, "one");
    for _ in 0..3 {
        desk.restart(0);
        desk.wait(2_000);
    }
    desk.stop_lying();
    assert!(pushed.borrow().len() > 1);
    assert!(pushed.borrow().iter().all(|bytes| *bytes == pushed.borrow()[0]), "the same envelope each time");
    desk.restart(0);
    desk.wait(2_000);
    assert_eq!(desk.texts(1), ["one"]);
    desk.copy(0, "two");
    assert!(alerts(&desk, 1).is_empty(), "no counter was skipped or used twice");
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_ranges_of_the_header() {
    let mut desk = Desk::paired(2);
    let (keys, log) = (stolen_keys(&desk, 0), entries(&desk, 0));
    let week = hushclip_protocol::limits::TTL_S;
    for (cursor, (ttl_s, counter, taken)) in (1..).zip([
        (0, 1, false),
        (week + 1, 1, false),
        (u32::MAX, 1, false),
        (week, 0, false),
        (week, 1, true),
        (1, 2, true),
    ]) {
        let bytes = envelope_with(&keys, &log, "x", |address| {
            (address.ttl_s, address.counter) = (ttl_s, counter);
            address.item = ItemId::from_bytes([cursor as u8; 16]);
        });
        let before = desk.texts(1).len();
        show_item(&mut desk, 1, cursor, &bytes);
        assert_eq!(desk.texts(1).len() > before, taken, "ttl {ttl_s}, counter {counter}");
    }
    assert!(alerts(&desk, 1).is_empty());
}

#[test]
fn attack_copied_profile_counts_to_the_end_of_numbers() {
    let mut desk = Desk::paired(3);
    desk.copy(1, "by the owner");
    let forged = envelope(&stolen_keys(&desk, 1), &entries(&desk, 0), 3 - 1, u64::MAX, "by the thief");
    show_item(&mut desk, 0, 2, &forged);
    assert_eq!(alerts(&desk, 0), ["missing"], "what was left out is told");
    desk.tell(1, &ToDevice::Item(Item { cursor: 2, envelope: forged.into(), mark: 1 }));
    assert_eq!(alerts(&desk, 1), ["cloned_here"]);
    desk.copy(1, "and on");
    desk.copy(1, "and on again");
    desk.restart(1);
    desk.cut(None);
    desk.wait(60_000);
    assert!(desk.texts(2).contains(&"and on".to_owned()), "device 2 was not shown the forged one");
}

#[test]
fn attack_items_skipped_by_the_cursor() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "first");
    desk.take_away(1);
    desk.copy(0, "second");
    desk.copy(0, "third");
    desk.lie(|way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Items { through, .. }) if way == Way::Down && device == 1 => {
            vec![ToDevice::Items { items: Vec::new(), has_more: false, through: through + 1 }.encode()]
        }
        _ => vec![frame],
    });
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(5_000);
    desk.stop_lying();
    assert_eq!(desk.texts(1), ["first"]);
    desk.cut(None);
    desk.wait(5_000);
    assert_eq!(desk.texts(1), ["third", "second", "first"], "a cursor is a hint");
    desk.copy(0, "fourth");
    assert!(alerts(&desk, 1).is_empty());
}

#[test]
fn attack_withheld_items_called_expired() {
    // The relay pretends that much more has passed than it keeps: the counters say otherwise.
    let mut desk = Desk::paired(2);
    desk.copy(0, "first");
    desk.take_away(1);
    for text in ["second", "third"] {
        desk.copy(0, text);
    }
    desk.lie(|way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Welcome(mut welcome)) if way == Way::Down && device == 1 => {
            welcome.max_cursor += 5_000;
            vec![ToDevice::Welcome(welcome).encode()]
        }
        Ok(ToDevice::Items { mut items, has_more, through }) if way == Way::Down && device == 1 => {
            items.retain(|item| item.cursor != 2);
            vec![ToDevice::Items { items, has_more, through }.encode()]
        }
        _ => vec![frame],
    });
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(5_000);
    assert_eq!(desk.texts(1), ["third", "first"]);
    assert_eq!(alerts(&desk, 1), ["missing"]);
}

#[test]
fn attack_own_clip_acknowledged_and_thrown_away() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "first");
    desk.lie(|way, device, frame| match ToRelay::decode(&frame) {
        Ok(ToRelay::Push { .. }) if way == Way::Up && device == 0 => Vec::new(),
        _ => vec![frame],
    });
    desk.copy(0, "second");
    let item = ItemId::from_hex(&desk.view(0).clips[0].id).unwrap();
    desk.tell(0, &ToDevice::Pushed { item, cursor: 2, mark: 1 });
    assert_eq!(desk.view(0).waiting, 0, "it has no way to know");
    desk.stop_lying();
    desk.copy(0, "third");
    desk.wait(5_000);
    assert_eq!(desk.texts(1), ["third", "second", "first"], "but finds out, and sends it once more");
    assert_eq!((alerts(&desk, 0), alerts(&desk, 1).len()), (vec!["items_restored".to_owned()], 0));
}

#[test]
fn attack_kinds_that_nobody_sends_yet() {
    let mut desk = Desk::paired(2);
    let (keys, log) = (stolen_keys(&desk, 0), entries(&desk, 0));
    let (_, secret) = secret(&keys, &log);
    let account = replay(&log).account();
    for (counter, kind) in [(1, Kind::State), (2, Kind::Live)] {
        let address = hushclip_crypto::envelope::Address {
            kind,
            account,
            epoch: 1,
            log_seq: 1,
            log_head: log[1].hash(),
            counter,
            item: ItemId::from_bytes([counter as u8; 16]),
            ttl_s: 60,
        };
        let note = hushclip_crypto::body::Heartbeat { at_ms: 1 };
        let key = secret.derive_item_key(&account, 1);
        let bytes = hushclip_crypto::envelope::seal_note(&keys, &key, &address, &note, &mut rng());
        show_item(&mut desk, 1, counter, &bytes);
    }
    assert!(desk.texts(1).is_empty());
    assert_eq!(alerts(&desk, 1), ["unreadable"], "a state that is none is told");
}

#[test]
fn attack_tombstone_by_a_stranger() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "stays");
    let thief = hushclip_crypto::keys::DeviceKeys::make(&mut rng());
    let log = entries(&desk, 1);
    let account = replay(&log).account();
    let (_, secret) = secret(&stolen_keys(&desk, 1), &log);
    let gone = hushclip_crypto::body::Gone {
        device: DeviceId::from_hex(&desk.id(0)).unwrap(),
        counter: 1,
        item: ItemId::from_hex(&desk.view(1).clips[0].id).unwrap(),
        text: None,
    };
    let address = hushclip_crypto::envelope::Address {
        kind: Kind::Tombstone,
        account,
        epoch: 1,
        log_seq: 1,
        log_head: log[1].hash(),
        counter: 2,
        item: ItemId::from_bytes([7; 16]),
        ttl_s: 60,
    };
    let tombstone = hushclip_crypto::body::Tombstone { at_ms: 1, gone: vec![gone] };
    let key = secret.derive_item_key(&account, 1);
    let bytes = hushclip_crypto::envelope::seal_note(&thief, &key, &address, &tombstone, &mut rng());
    show_item(&mut desk, 1, 2, &bytes);
    assert_eq!(desk.texts(1), ["stays"]);
    desk.say_as(0, &ToRelay::Push { after: 1, envelope: bytes.into() });
    desk.event(1, Event::Online);
    desk.cut(None);
    desk.wait(5_000);
    goes_on(&mut desk, 0, 1);
}

#[test]
fn what_cannot_be_shown_says_so() {
    let mut desk = Desk::paired(2);
    let (keys, entries) = (stolen_keys(&desk, 0), entries(&desk, 0));
    let of = |counter, media: &str, bytes: &[u8]| {
        let part = Part { media: media.into(), bytes: bytes.to_vec().into() };
        envelope_of(&keys, &entries, vec![part], |address| {
            address.counter = counter;
            address.item = ItemId::from_bytes([counter as u8; 16]);
        })
    };
    for (counter, media, bytes) in [(1, TEXT, &[0xc3, 0x28][..]), (2, "image/png", b"png"), (3, TEXT, b"a text")] {
        show_item(&mut desk, 1, counter, &of(counter, media, bytes));
    }
    let kinds: Vec<_> = desk.view(1).clips.into_iter().map(|clip| (clip.kind, clip.text)).collect();
    let other = || (ClipKind::Other, String::new());
    assert_eq!(kinds, [(ClipKind::Text, "a text".to_owned()), other(), other()]);
    assert_eq!(desk.clipboard(1), ["a text"]);
}

#[test]
fn attack_items_that_are_stored_nowhere() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "first");
    desk.take_away(1);
    desk.copy(0, "at no place");
    desk.lie(|way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Items { mut items, has_more, through }) if way == Way::Down && device == 1 => {
            for item in &mut items {
                item.cursor = 0;
            }
            vec![ToDevice::Items { items, has_more, through }.encode()]
        }
        _ => vec![frame],
    });
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(5_000);
    assert_eq!(desk.texts(1), ["first"]);
    desk.stop_lying();
    desk.copy(0, "the next one");
    assert_eq!((desk.texts(1).len(), alerts(&desk, 1)), (2, vec!["missing".to_owned()]));
}
