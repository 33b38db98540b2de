//! The bounds of a mailbox at their edges, asked of the brain itself: what takes minutes of a relay's
//! time or gigabytes of its memory takes none of a test's. `conformance` asks running relays.

use hushclip_mailbox::{Event, Room, Store as _};
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{Item, Place, ToDevice, ToRelay};
use hushclip_protocol::ids::{Claim, Hash, InviteId, JoinToken};
use hushclip_protocol::{VERSION, label, limits};
use hushclip_relay_tests::{Desk, Envelopes};

#[test]
fn bytes_are_bounded_and_what_a_device_still_needs_is_not_dropped_for_new_ones() {
    let (mut account, mut desk, conns) = Desk::with_devices(1, 2);
    desk.event(Event::Closed { conn: conns[1] });
    let mut clips = Envelopes::new(&mut account, 0, limits::CLIP_BYTES - 100);
    let fit = limits::ITEM_BYTES / clips.sealed.len() as u64;
    for after in 0..fit {
        assert_eq!(desk.push(conns[0], after, &clips.another()), Ok(after + 1));
        desk.pause();
    }
    let next = clips.another();
    assert_eq!(desk.push(conns[0], fit, &next), Err(ErrorCode::StorageFull));
    // Nothing was lost, and what is small enough still goes in.
    let small = account.clip(0, 1, 10, 60);
    let room = limits::ITEM_BYTES - fit * clips.sealed.len() as u64;
    assert!(small.len() as u64 <= room, "the test wants room for a small one");
    assert_eq!(desk.push(conns[0], fit, &small), Ok(fit + 1));
    // The other device fetches half: that half makes room, oldest first, and no more than is needed.
    let (second, _) = desk.sign_in_after(&account, 1, fit / 2);
    assert_eq!(desk.push(conns[0], fit + 1, &next), Ok(fit + 2));
    let kept = desk.mailbox.store().dump().len() as u64;
    assert!(kept <= limits::ITEM_BYTES + 10_000, "{kept}");
    desk.send(second, &ToRelay::Pull { after: 0, limit: 1 });
    let pulled = desk
        .take(second)
        .into_iter()
        .find_map(|f| if let ToDevice::Items { items, .. } = f { Some(items) } else { None });
    assert_eq!(pulled.expect("an answer")[0].cursor, 2);
}

#[test]
fn the_newest_thousand_items_are_kept() {
    let (mut account, mut desk, conns) = Desk::with_devices(2, 1);
    let mut clips = Envelopes::new(&mut account, 0, 10);
    let count = limits::ITEMS as u64 + 5;
    for after in 0..count {
        assert_eq!(desk.push(conns[0], after, &clips.another()), Ok(after + 1));
        desk.pause();
    }
    let (conn, welcome) = desk.sign_in(&account, 0, None);
    assert_eq!(welcome.max_cursor, count);
    desk.send(conn, &ToRelay::Pull { after: 0, limit: 1 });
    assert!(matches!(&desk.take(conn)[0], ToDevice::Items { items, .. } if items[0].cursor == 6));
}

#[test]
fn frames_are_counted_for_a_device_over_all_its_sockets() {
    let (account, mut desk, conns) = Desk::with_devices(3, 2);
    let (again, _) = desk.sign_in(&account, 0, None);
    desk.now += 60_000;
    let refused = |desk: &mut Desk, conn| {
        desk.send(conn, &ToRelay::Pull { after: 0, limit: 1 });
        matches!(
            desk.take(conn).last(),
            Some(ToDevice::Error { code: ErrorCode::RateLimited, retry_after_ms: 500, of: 4 })
        )
    };
    for n in 0..limits::FRAMES_PER_MINUTE {
        assert!(!refused(&mut desk, if n % 2 == 0 { conns[0] } else { again }), "frame {n}");
    }
    assert!(refused(&mut desk, conns[0]) && refused(&mut desk, again));
    // Neither a new socket nor another device's allowance helps or suffers.
    let (third, _) = desk.sign_in(&account, 0, None);
    assert!(refused(&mut desk, third));
    assert!(!refused(&mut desk, conns[1]));
    desk.now += 500;
    assert!(!refused(&mut desk, again));
    for _ in 0..=limits::FRAMES_PER_MINUTE {
        refused(&mut desk, again);
    }
    assert_eq!(desk.closed.get(&again), Some(&CloseCode::RateLimited));
}

#[test]
fn strangers_who_hold_sockets_do_not_keep_members_out() {
    let devices = limits::SOCKETS / limits::SOCKETS_PER_DEVICE;
    let (account, mut desk, conns) = Desk::with_devices(4, devices);
    let strangers: Vec<_> = (devices..limits::SOCKETS)
        .map(|_| {
            desk.now += 1;
            desk.open()
        })
        .collect();
    assert_eq!(desk.closed.get(&strangers[0]), None);
    desk.sign_in(&account, 0, None);
    // The one that has waited longest has gone.
    assert_eq!(desk.closed.remove(&strangers[0]), Some(CloseCode::TooManySockets));
    assert!(strangers[1..].iter().chain(&conns).all(|conn| !desk.closed.contains_key(conn)));
    // Where all are members, the newcomer has to wait.
    for number in devices + 1..limits::SOCKETS {
        desk.sign_in(&account, number % devices, None);
    }
    desk.closed.clear();
    let late = desk.open();
    assert_eq!(desk.closed, [(late, CloseCode::TooManySockets)].into());
}

#[test]
fn a_device_does_not_take_the_sockets_of_the_others() {
    let (account, mut desk, conns) = Desk::with_devices(6, 2);
    let mut own = vec![conns[0]];
    for _ in 0..2 * limits::SOCKETS {
        desk.now += 1;
        own.push(desk.sign_in(&account, 0, None).0);
        let kept = own.len().saturating_sub(limits::SOCKETS_PER_DEVICE);
        assert!(own[..kept].iter().all(|conn| desk.closed.get(conn) == Some(&CloseCode::TooManySockets)));
        assert!(own[kept..].iter().chain(&conns[1..]).all(|conn| !desk.closed.contains_key(conn)));
    }
    let offline = |frame: &ToDevice| matches!(frame, ToDevice::Presence { online: false, .. });
    assert!(!desk.take(conns[1]).iter().any(offline), "it has been there all the time");
}

#[test]
fn a_log_that_is_not_the_relays_is_not_stored_with_a_clip() {
    let (mut account, mut desk, conns) = Desk::with_devices(7, 1);
    let mut clip = account.clip(0, 1, 10, 60);
    let head = account.log.head();
    let at = clip.windows(32).position(|bytes| bytes == head.as_bytes()).expect("the header names the log's head");
    // In an account of one entry the head is the account: the second of the two.
    let at = at + 32 + clip[at + 32..].windows(32).position(|bytes| bytes == head.as_bytes()).expect("twice");
    clip[at] ^= 1;
    assert_eq!(desk.push(conns[0], 0, &clip), Err(ErrorCode::BadFrame));
    clip[at] ^= 1;
    assert_eq!(desk.push(conns[0], 0, &clip), Ok(1));
}

#[test]
fn whoever_does_not_say_that_it_stores_is_let_go_and_catches_up() {
    let (mut account, mut desk, conns) = Desk::with_devices(5, 2);
    let mut clips = Envelopes::new(&mut account, 0, limits::CLIP_BYTES - 100);
    let fit = (limits::UNACKED_BYTES / clips.sealed.len()) as u64;
    let mut after = 0;
    let push = |desk: &mut Desk, clips: &mut Envelopes, after: &mut u64| {
        *after = desk.push(conns[0], *after, &clips.another()).expect("there is room");
        desk.pause();
    };
    // One that answers may be sent any number.
    for _ in 0..3 * fit {
        push(&mut desk, &mut clips, &mut after);
        desk.send(conns[1], &ToRelay::Ack { cursor: after });
    }
    for _ in 0..fit {
        push(&mut desk, &mut clips, &mut after);
    }
    assert_eq!(desk.closed.get(&conns[1]), None);
    push(&mut desk, &mut clips, &mut after);
    assert_eq!(desk.closed.get(&conns[1]), Some(&CloseCode::TooSlow));
    // Half an answer is worth half.
    let (back, _) = desk.sign_in_after(&account, 1, 3 * fit);
    desk.said.clear();
    let mut at = 3 * fit;
    while at < after {
        desk.send(back, &ToRelay::Pull { after: at, limit: 100 });
        let Some(ToDevice::Items { through, .. }) = desk.take(back).pop() else { panic!("no items") };
        at = through;
        desk.pause();
    }
    assert_eq!(desk.closed.get(&back), None);
    // Asking for the same again and again without storing it is no way around.
    for _ in 0..20 {
        desk.send(back, &ToRelay::Pull { after: 0, limit: 100 });
        desk.pause();
    }
    assert_eq!(desk.closed.get(&back), Some(&CloseCode::TooSlow));
}

#[test]
fn wrong_claims_of_one_invite_are_counted_and_the_right_one_still_works() {
    let (_account, mut desk, conns) = Desk::with_devices(6, 1);
    let (invite, claim) = (InviteId::from_bytes([7; 16]), Claim::from_bytes([8; 32]));
    let claim_hash: Hash = label::hash(label::CLAIM, &[claim.as_bytes()]);
    desk.send(conns[0], &ToRelay::InviteOpen { invite, claim_hash, offer: vec![1; 40].into(), again: false });
    let attempt = |desk: &mut Desk, claim: u8| {
        let conn = desk.open();
        let (claim, token) = (Claim::from_bytes([claim; 32]), JoinToken::from_bytes([conn.as_bytes()[0]; 16]));
        desk.send(conn, &ToRelay::Claim { versions: vec![VERSION], invite, claim, token });
        let answer = desk.take(conn).pop();
        (answer, desk.closed.get(&conn).copied())
    };
    for _ in 0..limits::CLAIMS_PER_MINUTE {
        let (answer, closed) = attempt(&mut desk, 1);
        assert!(matches!(answer, Some(ToDevice::Error { code: ErrorCode::InviteGone, .. })) && closed.is_none());
    }
    assert_eq!(attempt(&mut desk, 1).1, Some(CloseCode::RateLimited));
    let (answer, closed) = attempt(&mut desk, 8);
    assert!(matches!(answer, Some(ToDevice::InviteNote(_))) && closed.is_none());
}

#[test]
fn a_device_that_is_away_is_woken_once_a_minute_at_most() {
    let (mut account, mut desk, conns) = Desk::with_devices(7, 3);
    let endpoint = "https://push.example/abc";
    let mut clips = Envelopes::new(&mut account, 0, 10);
    let subscribe = |desk: &mut Desk, conn, endpoint: &str| {
        desk.send(conn, &ToRelay::PushSubscribe { endpoint: endpoint.to_owned() });
        desk.take(conn).pop()
    };
    assert_eq!(subscribe(&mut desk, conns[1], endpoint), None);
    for (bad, code) in [("ftp://push.example", ErrorCode::BadFrame), ("https://é", ErrorCode::BadFrame)] {
        let refused = ToDevice::Error { code, retry_after_ms: 0, of: 13 };
        assert_eq!(subscribe(&mut desk, conns[2], bad), Some(refused));
    }
    let long = format!("https://{}", "a".repeat(limits::PUSH_ENDPOINT_BYTES));
    assert!(matches!(subscribe(&mut desk, conns[2], &long), Some(ToDevice::Error { code: ErrorCode::TooLarge, .. })));
    // While it is connected it hears by itself.
    desk.push(conns[0], 0, &clips.another()).expect("stored");
    assert_eq!(desk.woken, [""; 0]);
    desk.event(Event::Closed { conn: conns[1] });
    desk.push(conns[0], 1, &clips.another()).expect("stored");
    assert_eq!(desk.woken, [endpoint]);
    desk.now += limits::WAKE_MS - 1;
    desk.push(conns[0], 2, &clips.another()).expect("stored");
    assert_eq!(desk.woken.len(), 1);
    desk.now += 1;
    desk.push(conns[0], 3, &clips.another()).expect("stored");
    assert_eq!(desk.woken.len(), 2);
    // An answer for another address changes nothing.
    let device = account.devices[1].device_id();
    let answered = |endpoint: &str| Event::WakeAnswered { device, endpoint: endpoint.to_owned(), gone: true };
    desk.event(answered("https://push.example/old"));
    desk.now += limits::WAKE_MS;
    desk.push(conns[0], 4, &clips.another()).expect("stored");
    assert_eq!(desk.woken.len(), 3);
    desk.event(answered(endpoint));
    desk.now += limits::WAKE_MS;
    desk.push(conns[0], 5, &clips.another()).expect("stored");
    assert_eq!(desk.woken.len(), 3);
    // It subscribes anew, is removed, and is woken no more.
    let (back, welcome) = desk.sign_in(&account, 1, None);
    assert_eq!(welcome.push_key.len(), 65);
    subscribe(&mut desk, back, endpoint);
    let entry = account.remove_device(1);
    desk.send(conns[0], &ToRelay::LogAppend(entry));
    assert_eq!(desk.closed.get(&back), Some(&CloseCode::Removed));
    let clip = account.clip(0, 9, 10, 60);
    desk.now += limits::WAKE_MS;
    assert_eq!(desk.push(conns[0], 6, &clip), Ok(7));
    assert_eq!(desk.woken.len(), 3);
}

#[test]
fn welcome_tells_the_bounds_and_who_has_what() {
    let (mut account, mut desk, conns) = Desk::with_devices(8, 3);
    let clip = account.clip(0, 1, 10, 60);
    desk.push(conns[0], 0, &clip).expect("stored");
    let mark = desk.mailbox.store().item_rows(1 - 1, 1).expect("memory")[0].mark;
    assert!(desk.take(conns[1]).contains(&ToDevice::Item(Item { cursor: 1, envelope: clip.into(), mark })));
    desk.send(conns[1], &ToRelay::Ack { cursor: 1 });
    let (_, welcome) = desk.sign_in(&account, 2, None);
    let stored = |device: usize| {
        let device = account.devices[device].device_id();
        welcome.delivered.iter().find(|d| d.device == device).map_or(0, |d| d.cursor)
    };
    // Who pushed has it, too.
    assert_eq!((stored(0), stored(1), stored(2)), (1, 1, 0));
    assert_eq!((welcome.limits.sockets, welcome.limits.frame_bytes), (64, 1 << 20));
}

#[test]
fn a_removed_device_is_shown_its_removal_one_page_for_each_time_that_it_asks() {
    let (mut account, mut desk, conns) = Desk::with_devices(20, 2);
    let gone = account.devices[1].device_id();
    for _ in 0..100 {
        let entry = account.rotate();
        desk.send(conns[0], &ToRelay::LogAppend(entry));
        desk.pause();
    }
    let removal = account.remove_device(1);
    desk.send(conns[0], &ToRelay::LogAppend(removal.clone()));
    let after = account.rotate();
    desk.send(conns[0], &ToRelay::LogAppend(after));
    let conn = desk.open();
    desk.take(conn);
    let challenge = Desk::challenge(conn);
    let mut hello = account.signed_hello(1, Desk::HOST, &challenge, None);
    hello.log_seq = 1;
    hello = account.devices[1].sign_in(Desk::HOST, &challenge, hello);
    desk.send(conn, &ToRelay::Hello(hello));
    let (mut from, mut last, mut pages) = (2, None, 0);
    while !desk.closed.contains_key(&conn) {
        let [ToDevice::LogEntries { from: at, entries, has_more }] = &desk.take(conn)[..] else { panic!("no page") };
        assert!(*at == from && entries.len() <= usize::from(limits::PULL_ENTRIES) && *has_more);
        from += entries.len() as u64;
        pages += 1;
        desk.send(conn, &ToRelay::LogPull { from });
    }
    if let [ToDevice::LogEntries { entries, has_more: false, .. }] = &desk.take(conn)[..] {
        last = entries.last().cloned();
    }
    assert_eq!((pages, last.map(|entry| entry.hash())), (3, Some(removal.hash())));
    assert_eq!(desk.closed.get(&conn), Some(&CloseCode::Removed));
    assert!(account.log.removed(&gone).is_some());
}

#[test]
fn what_was_not_sent_is_not_acknowledged() {
    let (mut account, mut desk, conns) = Desk::with_devices(21, 2);
    let device = account.devices[1].device_id();
    let delivered = |desk: &mut Desk| {
        let frames = desk.take(conns[0]).into_iter();
        let of =
            |frame| if let ToDevice::Delivered(d) = frame { (d.device == device).then_some(d.cursor) } else { None };
        frames.filter_map(of).next_back()
    };
    let mut clips = Envelopes::new(&mut account, 0, 10);
    assert_eq!(desk.push(conns[0], 0, &clips.another()), Ok(1));
    desk.send(conns[1], &ToRelay::Ack { cursor: u64::MAX });
    assert_eq!(delivered(&mut desk), Some(1));
    // It is no promise for what comes.
    assert_eq!(desk.push(conns[0], 1, &clips.another()), Ok(2));
    let (_, welcome) = desk.sign_in(&account, 1, None);
    assert!(welcome.delivered.iter().any(|d| d.device == device && d.cursor == 1));
}

#[test]
fn another_address_is_no_way_to_be_woken_sooner() {
    let (mut account, mut desk, conns) = Desk::with_devices(22, 2);
    let mut clips = Envelopes::new(&mut account, 0, 10);
    for after in 0..20 {
        let (conn, _) = desk.sign_in(&account, 1, None);
        // Named anew, or first unnamed and then named.
        if after % 2 == 0 {
            desk.send(conn, &ToRelay::PushSubscribe { endpoint: String::new() });
        }
        desk.send(conn, &ToRelay::PushSubscribe { endpoint: format!("https://push.example/{after}") });
        desk.event(Event::Closed { conn });
        desk.event(Event::Closed { conn: conns[1] });
        assert_eq!(desk.push(conns[0], after, &clips.another()), Ok(after + 1));
        desk.now += 1_000;
    }
    assert_eq!(desk.woken.len(), 1);
}

#[test]
fn deleting_makes_room_where_there_is_none() {
    // The second device fetches nothing.
    let (mut account, mut desk, conns) = Desk::with_devices(23, 2);
    desk.set_quota(1 << 20);
    let (mut after, mut counts) = (0, Vec::new());
    for bytes in [limits::CLIP_BYTES - 100, 1] {
        let mut clips = Envelopes::new(&mut account, 0, bytes);
        while let Ok(cursor) = desk.push(conns[0], after, &clips.another()) {
            after = cursor;
            desk.pause();
        }
        counts.push(after);
    }
    let (longs, last) = (counts[0], counts[1]);
    assert!(longs > 1 && last > longs + 10, "{counts:?}");
    let short = desk.row(last).bytes;
    // Even the shortest clip makes room for its tombstone, which a greater counter makes the longer one.
    account.counter = 1 << 40;
    let rooms = [
        (Room::Enough, ErrorCode::StorageFull),
        (Room::Scarce { share: 1000 }, ErrorCode::RelayFull),
        (Room::Nothing, ErrorCode::RelayFull),
    ];
    for (n, (room, full)) in (1..).zip(rooms) {
        desk.mailbox.set_room(room);
        let named = desk.place(last - u64::from(n));
        let long = account.tombstone_of(0, n, 800);
        // What is named twice goes once, and what is not here under that name does not go.
        assert_eq!(desk.delete(conns[0], after, &long, &[named, named]), Err(full), "{room:?}");
        let elsewhere = Place { cursor: 1, ..named };
        let tombstone = account.tombstone(0, n);
        assert!(tombstone.len() as u64 > short);
        assert_eq!(desk.delete(conns[0], after, &tombstone, &[elsewhere]), Err(full), "{room:?}");
        assert_eq!(desk.delete(conns[0], after, &tombstone, &[named]), Ok(after + 1), "{room:?}");
        after += 1;
    }
    // What a deletion frees is added to what is left.
    desk.mailbox.set_room(Room::Enough);
    desk.set_quota(desk.used() + 300);
    let (long, named) = (account.tombstone_of(0, 10, 500), desk.place(last));
    assert!(long.len() as u64 > short + 100 && long.len() as u64 <= short + 300, "{}", long.len());
    assert_eq!(desk.push(conns[0], after, &long), Err(ErrorCode::StorageFull));
    assert_eq!(desk.delete(conns[0], after, &long, &[named]), Ok(after + 1));
    // A long one leaves room for other clips.
    let (tombstone, named) = (account.tombstone(0, 11), desk.place(longs));
    assert_eq!(desk.delete(conns[0], after + 1, &tombstone, &[named]), Ok(after + 2));
    assert_eq!(desk.push(conns[0], after + 2, &account.clip(0, 12, 100_000, 600)), Ok(after + 3));
    assert_eq!(desk.place(1), Place { cursor: 1, item: desk.row(1).item }, "what was not named is there");
}
