//! Attacks by way of deleting: what a member may not, and what shows if it does.

use hushclip_crypto::body::{Gone, Tombstone};
use hushclip_crypto::envelope::{Address, open_note, seal_note};
use hushclip_mailbox::Store;
use hushclip_model::{Command, UNDO_MS};
use hushclip_protocol::envelope::{Envelope, Kind};
use hushclip_protocol::frame::{Place, ToRelay};
use hushclip_protocol::ids::{Hash, ItemId};
use hushclip_protocol::label::sha256;
use hushclip_protocol::limits;
use hushclip_sim::Desk;

use crate::craft::*;

fn places(desk: &Desk) -> Vec<Place> {
    let rows = desk.snapshot().item_rows(0, usize::MAX).expect("a store in memory");
    rows.iter().map(|row| Place { cursor: row.cursor, item: row.item }).collect()
}

/// A thief with the keys of device 1 deletes at the relay.
fn delete(desk: &mut Desk, kind: Kind, counter: u64, after: u64, places: Vec<Place>) {
    let envelope = envelope_with(&stolen_keys(desk, 1), &entries(desk, 1), "no tombstone", |address| {
        (address.kind, address.counter, address.item) = (kind, counter, ItemId::from_bytes([counter as u8; 16]));
    });
    desk.say_as(1, &ToRelay::Delete { after, envelope: envelope.into(), places });
}

#[test]
fn attack_deleting_what_is_not_meant_or_without_a_tombstone() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "one");
    desk.copy(0, "two");
    let stored = places(&desk);
    delete(&mut desk, Kind::Clip, 1, 2, stored.clone());
    delete(&mut desk, Kind::Heartbeat, 1, 2, stored.clone());
    delete(&mut desk, Kind::Tombstone, 1, 2, stored.iter().copied().cycle().take(limits::NAMED + 1).collect());
    assert_eq!(places(&desk), stored, "refused");
    let swapped = vec![Place { cursor: 1, ..stored[1] }, Place { cursor: 9, ..stored[0] }];
    delete(&mut desk, Kind::Tombstone, 1, 2, swapped);
    assert_eq!(places(&desk)[..2], stored, "another name, another place");
    delete(&mut desk, Kind::Tombstone, 2, 2, stored.clone());
    assert_eq!(places(&desk)[..2], stored, "behind");
    delete(&mut desk, Kind::Tombstone, 2, 3, vec![stored[0], stored[0]]);
    assert_eq!(places(&desk)[0], stored[1]);
}

#[test]
fn attack_member_deletes_at_the_relay_and_tells_nobody_what() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "first");
    desk.take_away(2);
    desk.copy(0, "deleted");
    desk.copy(0, "last");
    let stored = places(&desk);
    delete(&mut desk, Kind::Tombstone, 1, 3, vec![stored[1]]);
    desk.bring_back_while(2, 0, |_| {});
    assert_eq!(desk.texts(2), ["last", "first"]);
    assert!(alerts(&desk, 2).contains(&"missing".to_owned()), "{:?}", alerts(&desk, 2));
    assert_eq!(desk.texts(0).len(), 3, "who has it keeps it");
}

/// A thief with the keys of device 1 deletes a clip of device 0 at the relay, and tells the others that another
/// was deleted there.
fn delete_by_another_name(desk: &mut Desk, place: Place) {
    let rows = desk.snapshot().items_after(0, usize::MAX).expect("a store in memory");
    let after = rows.last().expect("an item").0.cursor;
    let (_, envelope) = rows.iter().find(|(row, _)| row.item == place.item).expect("it is stored");
    let meant = Envelope::parse(envelope).expect("an envelope").header;
    let (keys, entries) = (stolen_keys(desk, 1), entries(desk, 1));
    let named = Gone { device: meant.sender, counter: meant.counter, item: ItemId::from_bytes([7; 16]), text: None };
    let ((epoch, secret), account) = (secret(&keys, &entries), replay(&entries).account());
    let address = Address {
        kind: Kind::Tombstone,
        account,
        epoch,
        log_seq: epoch,
        log_head: entries.last().expect("an entry").hash(),
        counter: 1,
        item: ItemId::from_bytes([1; 16]),
        ttl_s: limits::TTL_S,
    };
    let note = Tombstone { at_ms: desk.now, gone: vec![named] };
    let envelope = seal_note(&keys, &secret.derive_item_key(&account, epoch), &address, &note, &mut rng());
    desk.say_as(1, &ToRelay::Delete { after, envelope: envelope.into(), places: vec![place] });
}

#[test]
fn attack_member_deletes_by_another_name_for_those_who_are_away() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "first");
    desk.take_away(2);
    desk.copy(0, "deleted");
    desk.copy(0, "last");
    let stored = places(&desk);
    delete_by_another_name(&mut desk, stored[1]);
    desk.bring_back_while(2, 0, |_| {});
    assert_eq!(desk.texts(2), ["last", "first"]);
    assert_eq!(desk.texts(0).len(), 3, "who has it keeps it");
    let alert = desk.view(0).alerts.pop().expect("and says so");
    assert_eq!((alert.what.code(), alert.what.values()), ("false_deletion", vec!["device 1".to_owned()]));
    desk.restart(0);
    assert_eq!(alerts(&desk, 0), ["false_deletion"]);
}

#[test]
fn attack_member_deletes_by_another_name_a_clip_of_long_ago() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "deleted");
    for number in 0..40 {
        desk.copy(0, &format!("clip {number}"));
    }
    let stored = places(&desk);
    delete_by_another_name(&mut desk, stored[0]);
    for device in [0, 2] {
        assert_eq!(alerts(&desk, device), ["false_deletion"], "device {device}");
    }
}

/// What the tombstones that device 0 sends say of texts.
fn named(desk: &Desk, sent: &[Vec<u8>]) -> Vec<Option<Hash>> {
    let (epoch, secret) = secret(&stolen_keys(desk, 0), &entries(desk, 0));
    let account = log(desk, 0).account();
    let key = secret.derive_item_key(&account, epoch);
    let open = |bytes: &Vec<u8>| open_note::<Tombstone>(&key, &Envelope::parse(bytes).ok()?).ok();
    sent.iter().filter_map(open).flat_map(|tombstone| tombstone.gone).map(|gone| gone.text).collect()
}

#[test]
fn attack_guess_at_a_deleted_secret() {
    let mut desk = Desk::paired(2);
    let sent = pushes(&mut desk, 0);
    desk.command(0, Command::Push { text: "482913".into(), html: None });
    desk.copy(0, "no\r\nsecret");
    let ids = desk.view(0).clips.into_iter().map(|clip| clip.id).collect();
    desk.command(0, Command::Delete { ids });
    desk.wait(UNDO_MS);
    let (epoch, secret) = secret(&stolen_keys(&desk, 0), &entries(&desk, 0));
    let key = secret.derive_dedup_key(&log(&desk, 0).account(), epoch);
    let mut named = named(&desk, &sent.borrow());
    named.sort_unstable();
    assert_eq!(named, [None, Some(key.digest(sha256(b"no\nsecret").as_bytes()))]);
}

#[test]
fn attack_a_deleted_clip_is_shown_twice_to_whoever_was_away() {
    let mut desk = Desk::paired(3);
    desk.copy(1, "warm up");
    let items = tap(&mut desk);
    desk.wait(1_000);
    desk.take_away(2);
    desk.copy(1, "regretted");
    let clip = items.borrow().last().cloned().expect("an item");
    let id = desk.view(0).clips[0].id.clone();
    desk.command(0, Command::Delete { ids: vec![id] });
    desk.wait(20_000);
    desk.stop_lying();
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(90_000);
    let before = desk.clipboard(2).len();
    for cursor in 2..12 {
        show_item(&mut desk, 2, cursor, &clip.envelope);
        desk.wait(5_000);
    }
    assert_eq!((desk.texts(2), desk.clipboard(2).len()), (vec!["warm up".to_owned()], before));
    assert!(alerts(&desk, 2).is_empty(), "{:?}", alerts(&desk, 2));
}
