//! Items: stored once, numbered without gaps, handed to the others at once or when they ask.

use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{Delivered, Item, ToDevice, ToRelay};
use hushclip_protocol::ids::ItemId;
use hushclip_protocol::limits;
use hushclip_relay_tests::{Account, Relay, Socket};

fn push(socket: &mut Socket, after: u64, envelope: &[u8]) {
    socket.send(&ToRelay::Push { after, envelope: envelope.to_vec().into() });
}

fn item(n: u8) -> ItemId {
    ItemId::from_bytes([n; 16])
}

fn pull(socket: &mut Socket, after: u64, limit: u16) -> (Vec<Item>, bool, u64) {
    socket.send(&ToRelay::Pull { after, limit });
    match socket.recv() {
        ToDevice::Items { items, has_more, through } => (items, has_more, through),
        other => panic!("instead of items came {other:?}"),
    }
}

#[test]
fn an_item_reaches_the_other_device_and_its_ack_comes_back() {
    let relay = Relay::start();
    let (mut account, mut first, mut second) = Account::pair(&relay, 20);
    let clip = account.clip(0, 1, 100, 60);
    push(&mut first, 0, &clip);
    assert_eq!(first.recv(), ToDevice::Pushed { item: item(1), cursor: 1, mark: 0 });
    assert_eq!(second.recv(), ToDevice::Item(Item { cursor: 1, envelope: clip.clone().into(), mark: 0 }));
    second.send(&ToRelay::Ack { cursor: 1 });
    let device = account.devices[1].device_id();
    assert_eq!(first.recv(), ToDevice::Delivered(Delivered { device, cursor: 1 }));
    // The first answer was lost: the same item has the same place and goes to nobody again.
    push(&mut first, 0, &clip);
    assert_eq!(first.recv(), ToDevice::Pushed { item: item(1), cursor: 1, mark: 0 });
    let newest = second.newest_anchor();
    second.close();
    assert_eq!(first.recv(), ToDevice::Presence { device, online: false });
    let (_second, welcome) = account.sign_in(&relay, 1, newest);
    assert_eq!((welcome.max_cursor, welcome.resume_after), (1, 1));
    assert!(welcome.delivered.contains(&Delivered { device, cursor: 1 }));
}

#[test]
fn items_are_pulled_after_a_cursor() {
    let relay = Relay::start();
    let (mut account, mut first) = Account::registered(&relay, 21);
    let clips: Vec<_> = (1..=5).map(|n| account.clip(0, n, 10, 60)).collect();
    for (at, clip) in (0..).zip(&clips) {
        push(&mut first, at, clip);
        first.recv();
    }
    let expect = |from: u64, to: u64| -> Vec<Item> {
        (from..=to)
            .zip(&clips[from as usize - 1..])
            .map(|(cursor, c)| Item { cursor, envelope: c.clone().into(), mark: 0 })
            .collect()
    };
    assert_eq!(pull(&mut first, 0, 100), (expect(1, 5), false, 5));
    assert_eq!(pull(&mut first, 2, 2), (expect(3, 4), true, 4));
    assert_eq!(pull(&mut first, 4, 2), (expect(5, 5), false, 5));
    assert_eq!(pull(&mut first, 5, 1), (vec![], false, 5));
    assert_eq!(pull(&mut first, u64::MAX, 0), (vec![], false, u64::MAX));
}

#[test]
fn large_items_come_in_several_frames() {
    let relay = Relay::start();
    let (mut account, mut first) = Account::registered(&relay, 22);
    for n in 1..=8 {
        let clip = account.clip(0, n, limits::CLIP_BYTES - 100, 60);
        push(&mut first, u64::from(n) - 1, &clip);
        assert_eq!(first.recv(), ToDevice::Pushed { item: item(n), cursor: n.into(), mark: 0 });
    }
    let (mut after, mut cursors) = (0, Vec::new());
    loop {
        let (items, has_more, through) = pull(&mut first, after, limits::PULL_ITEMS);
        cursors.extend(items.iter().map(|item| item.cursor));
        after = through;
        if !has_more {
            break;
        }
    }
    assert_eq!(cursors, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn what_is_not_the_senders_next_item_is_refused() {
    let relay = Relay::start();
    let (mut account, mut first, mut second) = Account::pair(&relay, 23);
    let clip = account.clip(0, 1, 10, 60);
    push(&mut second, 0, &clip);
    assert_eq!(second.recv_error(), ErrorCode::BadFrame);
    push(&mut first, 1, &clip);
    assert_eq!(first.recv_error(), ErrorCode::Behind);
    push(&mut first, 0, &clip[..clip.len() - 1]);
    assert_eq!(first.recv_error(), ErrorCode::BadFrame);
    push(&mut first, 0, &vec![0; limits::ENVELOPE_BYTES + 1]);
    assert_eq!(first.recv_error(), ErrorCode::TooLarge);
    let entry = account.add_device();
    first.send(&ToRelay::LogAppend(entry.clone()));
    assert_eq!(first.recv(), ToDevice::LogEntries { from: 2, entries: vec![entry.clone()], has_more: false });
    assert_eq!(second.recv(), ToDevice::LogEntries { from: 2, entries: vec![entry.clone()], has_more: false });
    push(&mut first, 0, &clip);
    assert_eq!(first.recv_error(), ErrorCode::StaleEpoch);
    second.send(&ToRelay::LogPull { from: 1 });
    let ToDevice::LogEntries { from: 1, entries, has_more: false } = second.recv() else { panic!("not the log") };
    assert_eq!(entries[1], entry);
}
