//! Items that go before their time, because whoever deletes them names them.

use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{Place, ToDevice, ToRelay};
use hushclip_protocol::ids::ItemId;
use hushclip_protocol::limits;
use hushclip_relay_tests::{Account, Relay, Socket};

fn named(n: u8) -> ItemId {
    ItemId::from_bytes([n; 16])
}

fn push(socket: &mut Socket, account: &mut Account, after: u64, n: u8) {
    socket.send(&ToRelay::Push { after, envelope: account.clip(0, n, 100, 600).into() });
    assert_eq!(socket.recv(), ToDevice::Pushed { item: named(n), cursor: after + 1, mark: 0 });
}

/// What came of a push or a delete.
fn answer(socket: &mut Socket) -> Result<u64, ErrorCode> {
    socket.recv_some(|frame| match frame {
        ToDevice::Pushed { cursor, .. } => Some(Ok(cursor)),
        ToDevice::Error { code, .. } => Some(Err(code)),
        _ => None,
    })
}

fn kept(socket: &mut Socket) -> Vec<u64> {
    kept_after(socket, 0)
}

fn kept_after(socket: &mut Socket, after: u64) -> Vec<u64> {
    socket.send(&ToRelay::Pull { after, limit: 100 });
    match socket.recv() {
        ToDevice::Items { items, .. } => items.iter().map(|item| item.cursor).collect(),
        other => panic!("instead of items came {other:?}"),
    }
}

#[test]
fn what_a_delete_names_is_gone_for_good() {
    let mut relay = Relay::start();
    let (mut account, mut first) = Account::registered(&relay, 600);
    for n in 1..=4 {
        push(&mut first, &mut account, u64::from(n) - 1, n);
    }
    // One at its place, one at the place of another, one that never was.
    let places = [(2, 2), (3, 1), (9, 9)].map(|(cursor, item)| Place { cursor, item: named(item) }).to_vec();
    let envelope = account.tombstone(0, 5).into();
    first.send(&ToRelay::Delete { after: 4, envelope, places });
    assert_eq!(first.recv(), ToDevice::Pushed { item: named(5), cursor: 5, mark: 0 });
    assert_eq!(kept(&mut first), [1, 3, 4, 5]);
    relay.crash_and_restart();
    let (mut first, _) = account.sign_in(&relay, 0, None);
    assert_eq!(kept(&mut first), [1, 3, 4, 5]);
    // Only a tombstone takes others along.
    let (envelope, places) = (account.clip(0, 6, 100, 600).into(), vec![Place { cursor: 1, item: named(1) }]);
    first.send(&ToRelay::Delete { after: 5, envelope, places });
    assert!(matches!(first.recv(), ToDevice::Error { code: ErrorCode::BadFrame, of: 15, .. }));
    assert_eq!(kept(&mut first), [1, 3, 4, 5]);
}

#[test]
fn the_cursor_of_a_deleted_item_is_never_given_again() {
    let mut relay = Relay::start();
    let (mut account, mut first) = Account::registered(&relay, 610);
    push(&mut first, &mut account, 0, 1);
    let envelope = account.tombstone(0, 2).into();
    let places = vec![Place { cursor: 1, item: named(1) }];
    first.send(&ToRelay::Delete { after: 1, envelope, places });
    assert_eq!(first.recv(), ToDevice::Pushed { item: named(2), cursor: 2, mark: 0 });
    relay.crash_and_restart();
    let (mut first, welcome) = account.sign_in(&relay, 0, None);
    assert_eq!(welcome.max_cursor, 2);
    push(&mut first, &mut account, 2, 3);
}

#[test]
fn deleting_makes_room_in_a_full_account() {
    let relay = Relay::start_with(["HUSHCLIP_RELAY_QUOTA", "QUOTA_MIB"].map(|name| (name, "1".to_owned())).to_vec());
    // The second device acknowledges nothing, so nothing goes by itself.
    let (mut account, mut first, _second) = Account::pair(&relay, 620);
    let (mut stored, mut n, mut last) = (0, 0, 0);
    for bytes in [limits::CLIP_BYTES - 100, 50_000, 10_000, 2_000, 300, 1] {
        loop {
            n += 1;
            first.send(&ToRelay::Push { after: stored, envelope: account.clip(0, n, bytes, 600).into() });
            match answer(&mut first) {
                Ok(cursor) => (stored, last) = (cursor, n),
                Err(code) => break assert_eq!(code, ErrorCode::StorageFull),
            }
        }
    }
    let mut delete = |first: &mut Socket, places| {
        first.send(&ToRelay::Delete { after: stored, envelope: account.tombstone(0, 200).into(), places });
        answer(first)
    };
    assert_eq!(delete(&mut first, vec![]), Err(ErrorCode::StorageFull), "it makes no room");
    assert_eq!(delete(&mut first, vec![Place { cursor: stored, item: named(last) }]), Ok(stored + 1));
    assert_eq!(kept_after(&mut first, stored - 2), [stored - 1, stored + 1]);
}
