//! What outlasts the relay's process and its memory, and what does not outlast its time.

use std::thread::sleep;
use std::time::Duration;

use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{Item, ToDevice, ToRelay};
use hushclip_protocol::ids::InviteId;
use hushclip_protocol::limits;
use hushclip_protocol::log::SignedEntry;
use hushclip_relay_tests::{Account, Relay, Socket, use_up};

/// Longer than workerd keeps an idle object in memory.
const HIBERNATION: Duration = Duration::from_secs(14);

fn push(socket: &mut Socket, after: u64, envelope: &[u8]) -> u64 {
    socket.send(&ToRelay::Push { after, envelope: envelope.to_vec().into() });
    socket.recv_some(|frame| if let ToDevice::Pushed { cursor, .. } = frame { Some(cursor) } else { None })
}

fn pull(socket: &mut Socket) -> Vec<Item> {
    socket.send(&ToRelay::Pull { after: 0, limit: 100 });
    socket.recv_some(|frame| if let ToDevice::Items { items, .. } = frame { Some(items) } else { None })
}

#[test]
fn what_was_acknowledged_survives_a_crash() {
    let mut relay = Relay::start();
    let (mut account, mut first) = Account::registered(&relay, 40);
    let mut kept = Vec::new();
    for round in 1..=3_u8 {
        let clip = account.clip(0, round, 1000, 60);
        let cursor = push(&mut first, u64::from(round) - 1, &clip);
        assert_eq!(cursor, u64::from(round));
        relay.crash_and_restart();
        kept.push(Item { cursor, envelope: clip.into(), mark: 0 });
        let welcome;
        (first, welcome) = account.sign_in(&relay, 0, None);
        assert_eq!(welcome.max_cursor, cursor);
        assert_eq!(pull(&mut first), kept);
    }
}

#[test]
fn sockets_stay_signed_in_through_hibernation() {
    let relay = Relay::start();
    let (mut account, mut first, mut second) = Account::pair(&relay, 41);
    let one = account.clip(0, 1, 100, 600);
    push(&mut first, 0, &one);
    assert_eq!(second.recv(), ToDevice::Item(Item { cursor: 1, envelope: one.into(), mark: 0 }));
    sleep(HIBERNATION);
    // Answered without waking the mailbox.
    first.send_text("ping");
    assert_eq!(first.recv_text(), "pong");
    let two = account.clip(1, 2, 100, 600);
    assert_eq!(push(&mut second, 1, &two), 2);
    assert_eq!(first.recv(), ToDevice::Item(Item { cursor: 2, envelope: two.into(), mark: 0 }));
    sleep(HIBERNATION);
    // The first event after waking is that a connection broke.
    let device = account.devices[1].device_id();
    drop(second);
    assert_eq!(first.recv(), ToDevice::Presence { device, online: false });
    assert_eq!(pull(&mut first).len(), 2);
}

#[test]
fn an_address_stays_limited_through_hibernation() {
    let relay = Relay::start();
    let (account, _first) = Account::registered(&relay, 46);
    let mut socket = Socket::open_from(&relay, account.mailbox(), "203.0.113.7");
    account.hello(&mut socket, 0, None);
    sleep(HIBERNATION);
    let mut take = |nameplate: u32| {
        let invite = InviteId::from_bytes([nameplate as u8; 16]);
        socket.send(&ToRelay::CodeOpen { invite, nameplate, offer: vec![1].into(), again: false });
        let refused = socket.recv_some(|frame| match frame {
            ToDevice::CodeOpened { .. } => Some(None),
            ToDevice::Error { code, .. } => Some(Some(code)),
            _ => None,
        });
        socket.send(&ToRelay::InviteCancel { invite });
        refused
    };
    use_up(limits::NAMEPLATES_PER_MINUTE, |nameplate| match take(nameplate) {
        None => false,
        Some(code) => {
            assert_eq!(code, ErrorCode::RateLimited);
            true
        }
    });
}

#[test]
fn a_refused_socket_stays_refused_through_hibernation() {
    let relay = Relay::start();
    let (account, _first) = Account::registered(&relay, 42);
    let mut socket = Socket::open(&relay, account.mailbox());
    // The relay closes, and this side keeps silent about it.
    socket.send_text("no frame");
    sleep(HIBERNATION);
    assert_eq!(socket.recv_close(), Some(CloseCode::BadFrame));
    let (_again, welcome) = account.sign_in(&relay, 0, None);
    assert_eq!(welcome.online, [account.devices[0].device_id()]);
}

#[test]
fn a_removed_device_is_cut_off() {
    let relay = Relay::start();
    let (mut account, mut first, mut second) = Account::pair(&relay, 44);
    let before = Account::pair(&relay, 45);
    let entry = account.remove_device(1);
    first.send(&ToRelay::LogAppend(entry));
    assert_eq!(second.recv_close(), Some(CloseCode::Removed));
    first.recv_some(|frame| matches!(frame, ToDevice::LogEntries { from: 2, .. }).then_some(()));
    let device = account.devices[1].device_id();
    assert_eq!(first.recv(), ToDevice::Presence { device, online: false });
    let mut again = Socket::open(&relay, account.mailbox());
    let mut hello = account.signed_hello(1, &again.host, &again.challenge, None);
    // It does not know of its removal yet, and is shown the signed entry.
    hello.log_seq = 1;
    let hello = account.devices[1].sign_in(&again.host, &again.challenge, hello);
    again.send(&ToRelay::Hello(hello));
    let shown = again.recv_some(|frame| match frame {
        ToDevice::LogEntries { from: 2, entries, .. } => Some(entries),
        _ => None,
    });
    assert_eq!(shown.last().map(SignedEntry::hash), Some(account.log.head()));
    assert_eq!(again.recv_close(), Some(CloseCode::Removed));
    // Somebody else who only names it is shown nothing.
    let mut thief = Socket::open(&relay, account.mailbox());
    let mut forged = account.signed_hello(0, &thief.host, &thief.challenge, None);
    forged.device = device;
    thief.send(&ToRelay::Hello(forged));
    assert_eq!(thief.recv_close(), Some(CloseCode::NotAMember));
    // Other accounts notice nothing.
    let (_, mut other, _) = before;
    assert_eq!(pull(&mut other), []);
}

#[test]
fn an_item_goes_when_its_time_has_come_and_its_cursor_is_not_given_again() {
    let mut relay = Relay::start();
    let (mut account, mut first) = Account::registered(&relay, 43);
    let long = account.clip(0, 1, 10, 600);
    let short = account.clip(0, 2, 10, 1);
    assert_eq!(push(&mut first, 0, &long), 1);
    assert_eq!(push(&mut first, 1, &short), 2);
    sleep(Duration::from_millis(2500));
    relay.crash_and_restart();
    let welcome;
    (first, welcome) = account.sign_in(&relay, 0, None);
    assert_eq!(welcome.max_cursor, 2);
    assert_eq!(pull(&mut first), [Item { cursor: 1, envelope: long.into(), mark: 0 }]);
    let next = account.clip(0, 3, 10, 60);
    assert_eq!(push(&mut first, 2, &next), 3);
    // Gone, so it may be stored anew.
    let again = account.clip(0, 2, 10, 60);
    assert_eq!(push(&mut first, 3, &again), 4);
    assert_eq!(pull(&mut first).len(), 3);
}
