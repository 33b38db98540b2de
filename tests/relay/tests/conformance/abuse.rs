//! Peers that mean no good, or are on a very bad line: the relay keeps serving the others.

use std::thread::sleep;
use std::time::{Duration, Instant};

use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_protocol::limits;
use hushclip_relay_tests::{Account, Relay, Shell, Socket, request, request_with};

/// Longer than the relay lets anybody stay who has not signed in.
const DEADLINE: Duration = Duration::from_millis(limits::SIGN_IN_MS + 3_000);

fn push(socket: &mut Socket, after: u64, envelope: &[u8]) -> u64 {
    socket.send(&ToRelay::Push { after, envelope: envelope.to_vec().into() });
    socket.recv_some(|frame| if let ToDevice::Pushed { cursor, .. } = frame { Some(cursor) } else { None })
}

/// A binary message in one WebSocket frame (RFC 6455 §5.2), masked with zeros.
fn on_the_wire(payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("a short one").to_be_bytes();
    [&[0x82, 0x80 | 0x7e], &length[..], &[0; 4], payload].concat()
}

#[test]
fn a_thousand_idle_sockets_on_one_account_disturb_nobody() {
    let relay = Relay::start();
    let (mut account, mut first, mut second) = Account::pair(&relay, 60);
    let mut strangers = Vec::new();
    for number in 0..1000 {
        strangers.push(Socket::open(&relay, account.mailbox()));
        if number % 250 == 0 {
            // Members go on, and a member that comes finds its place.
            let clip = account.clip(0, (number / 250) as u8 + 1, 100, 60);
            let cursor = push(&mut first, number / 250, &clip);
            assert_eq!(cursor, number / 250 + 1);
            second.recv_some(|frame| matches!(frame, ToDevice::Item(item) if item.cursor == cursor).then_some(()));
            account.sign_in(&relay, 1, None).0.close();
        }
    }
    // Fewer than had to go, because of those that came in one millisecond any may have been the first.
    let full = strangers.iter_mut().take(1000 - 2 * limits::SOCKETS);
    for stranger in full {
        assert_eq!(stranger.recv_close(), Some(CloseCode::TooManySockets));
    }
    let started = Instant::now();
    let last = strangers.last_mut().expect("there are some").recv_close_within(DEADLINE);
    assert_eq!(last, Some(CloseCode::SignInTimeout), "after {} ms", started.elapsed().as_millis());
    first.send_text("ping");
    assert_eq!(first.recv_text(), "pong");
    assert_eq!(request(&relay, "GET", "/health").status, 200);
}

#[test]
fn a_frame_that_comes_byte_by_byte_is_a_frame() {
    let relay = Relay::start();
    let (account, _first) = Account::registered(&relay, 61);
    let mut slow = Socket::open(&relay, account.mailbox());
    let hello = ToRelay::Hello(account.signed_hello(0, &slow.host, &slow.challenge, None));
    for byte in on_the_wire(&hello.encode()) {
        slow.send_raw(&[byte]);
        sleep(Duration::from_millis(5));
    }
    assert!(matches!(slow.recv(), ToDevice::Welcome(_)));
}

#[test]
fn a_stranger_whose_frame_never_ends_is_let_go() {
    let relay = Relay::start();
    let (account, mut first) = Account::registered(&relay, 62);
    let mut slow = Socket::open(&relay, account.mailbox());
    let bytes = on_the_wire(&[0x82; 4000]);
    let mut rest = bytes.iter();
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(limits::SIGN_IN_MS - 500) {
        slow.send_raw(&[*rest.next().expect("there are enough")]);
        sleep(Duration::from_millis(100));
    }
    assert_eq!(slow.recv_close_within(DEADLINE), Some(CloseCode::SignInTimeout));
    first.send_text("ping");
    assert_eq!(first.recv_text(), "pong");
}

#[test]
fn a_device_that_reads_nothing_is_let_go_and_catches_up() {
    let relay = Relay::start();
    let (mut account, mut first, mut second) = Account::pair(&relay, 63);
    let device = account.devices[1].device_id();
    let mut pushed = 0;
    let mut gone = false;
    // Far below what one device may send in a minute, and far above what may be on its way.
    while !gone && pushed < 60 {
        let clip = account.clip(0, pushed as u8 + 1, limits::CLIP_BYTES - 100, 600);
        first.send(&ToRelay::Push { after: pushed, envelope: clip.into() });
        loop {
            match first.recv() {
                ToDevice::Pushed { cursor, .. } => break pushed = cursor,
                frame => gone |= frame == ToDevice::Presence { device, online: false },
            }
        }
    }
    assert!(gone, "the relay keeps {pushed} clips for a device that does not read");
    assert!(pushed as usize * limits::CLIP_BYTES <= 2 * limits::UNACKED_BYTES, "after {pushed}");
    assert_eq!(second.recv_close(), Some(CloseCode::TooSlow));
    let (mut back, welcome) = account.sign_in(&relay, 1, None);
    assert_eq!(welcome.max_cursor, pushed);
    let mut after = 0;
    while after < pushed {
        back.send(&ToRelay::Pull { after, limit: 100 });
        let (items, through) = back.recv_some(|frame| match frame {
            ToDevice::Items { items, through, .. } => Some((items, through)),
            _ => None,
        });
        assert_eq!(items.first().map(|item| item.cursor), Some(after + 1));
        after = through;
        back.send(&ToRelay::Ack { cursor: after });
    }
}

#[test]
fn whoever_floods_is_told_and_then_let_go() {
    let relay = Relay::start();
    let (mut account, mut first, mut second) = Account::pair(&relay, 64);
    for _ in 0..limits::FRAMES_PER_MINUTE + 20 {
        first.send(&ToRelay::Ack { cursor: 0 });
    }
    assert_eq!(first.recv_error(), ErrorCode::RateLimited);
    for _ in 0..2 * limits::FRAMES_PER_MINUTE {
        first.send(&ToRelay::Ack { cursor: 0 });
    }
    assert_eq!(first.recv_close(), Some(CloseCode::RateLimited));
    // The other one notices nothing, and coming back gives no new allowance.
    let clip = account.clip(1, 1, 10, 60);
    assert_eq!(push(&mut second, 0, &clip), 1);
    let (mut again, _) = account.sign_in(&relay, 0, None);
    again.send(&ToRelay::Pull { after: 0, limit: 1 });
    again.send(&ToRelay::Pull { after: 0, limit: 1 });
    assert_eq!(again.recv_error(), ErrorCode::RateLimited);
}

/// Text messages, and WebSocket's own pings: empty, and masked with zeros.
fn pings(socket: &mut Socket, are_text: bool, count: u32) {
    for _ in 0..count {
        if are_text {
            socket.send_text("ping");
        } else {
            socket.send_raw(&[0x89, 0x80, 0, 0, 0, 0]);
        }
    }
}

#[test]
fn whoever_only_pings_costs_little() {
    let token = "of-the-admin";
    let variables = ["METRICS_TOKEN", "HUSHCLIP_METRICS_TOKEN"].map(|name| (name, token.to_owned()));
    let relay = Relay::start_with(variables.to_vec());
    let (account, mut first) = Account::registered(&relay, 66);
    for (are_text, who) in [(true, None), (false, None), (true, Some(0)), (false, Some(0))] {
        let mut socket = Socket::open(&relay, account.mailbox());
        if let Some(device) = who {
            account.hello(&mut socket, device, None);
        }
        pings(&mut socket, are_text, limits::FRAMES_PER_MINUTE);
        // It is still there.
        socket.send(&ToRelay::LogAppend(account.genesis.clone()));
        socket.recv_after_pongs();
        pings(&mut socket, are_text, 1);
        match Shell::wanted() {
            Shell::Native => assert_eq!(socket.recv_close(), Some(CloseCode::RateLimited), "{are_text} {who:?}"),
            // It answers them by itself, and no mailbox hears of them.
            Shell::Workerd => {
                pings(&mut socket, are_text, 3 * limits::FRAMES_PER_MINUTE);
                socket.send(&ToRelay::LogAppend(account.genesis.clone()));
                socket.recv_after_pongs();
            }
        }
    }
    first.send(&ToRelay::Pull { after: 0, limit: 1 });
    first.recv_some(|frame| matches!(frame, ToDevice::Items { .. }).then_some(()));
    let figures = request_with(&relay, "GET", "/metrics", &[("Authorization", &format!("Bearer {token}"))]).text();
    // Three of the first device, two to sign in, and what was said between pings.
    let said = if Shell::wanted() == Shell::Native { 3 + 2 + 4 } else { 3 + 2 + 8 };
    assert!(figures.contains(&format!("\nhushclip_relay_frames_received_total {said}\n")), "{figures}");
}
