//! Devices of a later version: what the relay does not know of it, it stores or refuses, and the socket stays.

use hushclip_protocol::codec;
use hushclip_protocol::envelope::{Envelope, assemble};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{Item, ToDevice, ToRelay};
use hushclip_protocol::ids::{ItemId, Signature};
use hushclip_relay_tests::{Account, Relay, Socket};

/// Fields that no version knows: `"tomorrow", [1, null]`.
const TOMORROW: &[u8] = b"\x68tomorrow\x82\x01\xf6";

/// A list with these fields at its end.
fn grown(list: &[u8]) -> Vec<u8> {
    assert!((0x80..0x96).contains(&list[0]), "a short list");
    [&[list[0] + 2], &list[1..], TOMORROW].concat()
}

fn stored(socket: &mut Socket, envelope: &[u8], cursor: u64, item: u8) {
    let push = ToRelay::Push { after: cursor - 1, envelope: envelope.to_vec().into() };
    socket.send_bytes(grown(&push.encode()));
    assert_eq!(socket.recv(), ToDevice::Pushed { item: ItemId::from_bytes([item; 16]), cursor, mark: 0 });
}

#[test]
fn an_unknown_frame_is_refused_and_the_socket_stays() {
    let relay = Relay::start();
    let unknown = |tag: u8| [&[0x83][..], &codec::encode(&tag), TOMORROW].concat();
    let (account, first) = Account::registered(&relay, 140);
    first.close();
    let mut socket = Socket::open(&relay, account.mailbox());
    for tag in [16, 200, 255] {
        socket.send_bytes(unknown(tag));
        let refused = ToDevice::Error { code: ErrorCode::BadFrame, retry_after_ms: 0, of: tag };
        assert_eq!(socket.recv(), refused, "before signing in");
    }
    account.hello(&mut socket, 0, None);
    socket.send_bytes(unknown(16));
    assert_eq!(socket.recv(), ToDevice::Error { code: ErrorCode::BadFrame, retry_after_ms: 0, of: 16 });
    socket.send_bytes(grown(&ToRelay::Pull { after: 0, limit: 10 }.encode()));
    assert_eq!(socket.recv(), ToDevice::Items { items: vec![], has_more: false, through: 0 });
}

#[test]
fn items_of_unknown_kinds_and_headers_are_stored_as_they_came() {
    let relay = Relay::start();
    let (mut account, mut first, mut second) = Account::pair(&relay, 141);
    let mut envelopes: Vec<_> =
        [(5, 1), (255, 2), (0, 3)].map(|(kind, item)| account.of_kind(kind, 0, item)).into_iter().collect();
    // A header with more in it. Nobody checks the signature here.
    let parsed = Envelope::parse(&envelopes[2]).expect("our own envelope");
    envelopes[2] = assemble(&grown(parsed.header_bytes), parsed.sealed, Signature::from_bytes([7; 64]));
    let mut items = Vec::new();
    for (n, envelope) in (1..).zip(&envelopes) {
        stored(&mut first, envelope, n.into(), n);
        let item = Item { cursor: n.into(), envelope: envelope.clone().into(), mark: 0 };
        assert_eq!(second.recv(), ToDevice::Item(item.clone()));
        items.push(item);
    }
    // The reserved one is not for keeping, and holds nothing up.
    let live = account.of_kind(4, 0, 4);
    first.send(&ToRelay::Push { after: 3, envelope: live.into() });
    assert_eq!(first.recv_error(), ErrorCode::BadFrame);
    let clip = account.clip(0, 5, 20, 600);
    stored(&mut first, &clip, 4, 5);
    items.push(Item { cursor: 4, envelope: clip.into(), mark: 0 });
    first.send(&ToRelay::Pull { after: 0, limit: 100 });
    assert_eq!(first.recv(), ToDevice::Items { items, has_more: false, through: 4 });
}

#[test]
fn a_memo_starts_an_epoch_and_changes_nothing_else() {
    let relay = Relay::start();
    let (mut account, mut first, mut second) = Account::pair(&relay, 142);
    let memo = account.memo();
    first.send(&ToRelay::LogAppend(memo.clone()));
    let entries = ToDevice::LogEntries { from: 2, entries: vec![memo], has_more: false };
    assert_eq!((first.recv(), second.recv()), (entries.clone(), entries));
    let clip = account.clip(1, 1, 20, 600);
    stored(&mut second, &clip, 1, 1);
    assert_eq!(first.recv(), ToDevice::Item(Item { cursor: 1, envelope: clip.into(), mark: 0 }));
}
