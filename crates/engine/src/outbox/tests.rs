//! The outbox by itself.

use hushclip_crypto::body::Pin;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::*;
use crate::part::Output;

const NOW: u64 = 1_700_000_000_000;

fn item(n: u8) -> ItemId {
    ItemId::from_bytes([n; ItemId::LEN])
}

fn device() -> DeviceId {
    DeviceId::from_bytes([9; DeviceId::LEN])
}

/// Does something, and gives what the frames and writes of it are.
fn frames<T>(act: impl FnOnce(&mut Outputs) -> T) -> (T, Vec<ToRelay>) {
    let mut out = Outputs::default();
    let done = act(&mut out);
    let sent = out.into_iter().filter_map(|output| if let Output::Send(frame) = output { Some(frame) } else { None });
    (done, sent.collect())
}

fn with_clips(count: u8) -> Outbox {
    let mut outbox = Outbox::default();
    for n in 1..=count {
        outbox.put(item(n), u64::from(n), Cargo::Clip, &mut Outputs::default());
    }
    outbox
}

/// Seals what is in front, and pushes it.
fn push(outbox: &mut Outbox) -> u64 {
    let out = &mut Outputs::default();
    let counter = outbox.unsealed(0).map(|what| {
        outbox.sealed(&what, 0, vec![1], Some(NOW), out);
        what.counter
    });
    let (pushed, sent) = frames(|out| outbox.push(7, out));
    assert_eq!(pushed, outbox.front().map(|front| front.item));
    assert!(matches!(&sent[..], [ToRelay::Push { after: 7, .. } | ToRelay::Delete { after: 7, .. }]));
    counter.or(outbox.front().and_then(|front| Some(front.sealed.as_ref()?.counter))).expect("it is sealed")
}

#[test]
fn counters_go_out_one_by_one_and_never_twice() {
    let mut outbox = with_clips(2);
    assert_eq!(push(&mut outbox), 1);
    assert_eq!(outbox.in_doubt(), Some(item(1)));
    assert_eq!(push(&mut outbox), 1, "it may have been stored");
    outbox.settle(item(1), 8, NOW, &mut Outputs::default());
    assert_eq!(push(&mut outbox), 2);
    assert!(!outbox.note_counter(2, &mut Outputs::default()), "that is known");
    assert!(outbox.note_counter(5, &mut Outputs::default()), "somebody has used it");
    outbox.settle(item(2), 9, NOW, &mut Outputs::default());
    outbox.put(item(3), 3, Cargo::Heartbeat, &mut Outputs::default());
    assert_eq!(push(&mut outbox), 6);
}

#[test]
fn a_clip_is_sealed_anew_for_another_epoch_and_when_there_is_a_newer_one() {
    let mut outbox = with_clips(1);
    push(&mut outbox);
    assert!(outbox.unsealed(0).is_none());
    assert!(outbox.unsealed(1).is_some_and(|what| what.counter == 1 && !what.superseded));
    outbox.put(item(2), 2, Cargo::Clip, &mut Outputs::default());
    assert!(outbox.unsealed(0).is_some_and(|what| what.counter == 1 && what.superseded));
}

#[test]
fn what_is_given_up_with_a_counter_leaves_a_tombstone_in_its_place() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut outbox = with_clips(3);
    let given_up = outbox.give_up(&item(2), device(), None, &mut rng, &mut Outputs::default());
    assert!(given_up.reserved.is_none() && outbox.len() == 2, "nobody knows of it");
    push(&mut outbox);
    let given_up = outbox.give_up(&item(1), device(), None, &mut rng, &mut Outputs::default());
    assert_eq!((given_up.reserved, outbox.len()), (Some(1), 2));
    let front = outbox.front().expect("a tombstone");
    assert!(matches!(&front.cargo, Cargo::Tombstone(gone) if gone[0].counter == 1 && gone[0].item == item(1)));
    assert_eq!(front.order, 1);
}

#[test]
fn the_oldest_go_when_too_many_wait_but_not_what_is_in_flight() {
    let mut outbox = Outbox::default();
    let name = |n: usize| ItemId::from_bytes(std::array::from_fn(|at| (n >> (8 * at.min(7))) as u8));
    for n in 0..=limits::OUTBOX {
        outbox.put(name(n), n as u64, Cargo::Clip, &mut Outputs::default());
    }
    assert_eq!(outbox.overflow(None), Some(name(0)));
    assert_eq!(outbox.overflow(Some(name(0))), Some(name(1)));
    outbox.withdraw(&name(1), &mut Outputs::default());
    assert_eq!(outbox.overflow(Some(name(0))), None);
}

#[test]
fn notes_that_the_relay_has_lost_go_once_more_before_all_else() {
    let mut outbox = Outbox::default();
    for n in 1..=2 {
        let pins = vec![Pin { item: item(10 + n), pinned: true }];
        outbox.put(item(n), u64::from(n), Cargo::Pins(pins), &mut Outputs::default());
        push(&mut outbox);
        outbox.settle(item(n), 7 + u64::from(n), NOW, &mut Outputs::default());
    }
    outbox.put(item(3), 3, Cargo::Clip, &mut Outputs::default());
    outbox.doubt_after(8, NOW, &mut Outputs::default());
    assert_eq!(outbox.put_back(Vec::new(), NOW, &mut Outputs::default()), 1);
    let front = outbox.front().expect("the lost one");
    assert!(front.again && front.item == item(2) && outbox.pins_in_doubt().contains(&item(12)));
    outbox.settle(item(2), 9, NOW, &mut Outputs::default());
    outbox.doubt_after(0, NOW, &mut Outputs::default());
    outbox.note_shown(item(1), 8, &mut Outputs::default());
    outbox.note_shown(item(2), 9, &mut Outputs::default());
    assert_eq!(outbox.put_back(Vec::new(), NOW, &mut Outputs::default()), 0, "it was shown");
}
