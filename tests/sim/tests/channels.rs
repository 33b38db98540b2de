//! Stories of programs that speak to each other on channels: what they send arrives once and in order, is seen by nobody
//! else, and changes nothing for clips.

#[allow(dead_code, reason = "the tools of the attacks; this uses a part")]
#[path = "attacks/craft.rs"]
mod craft;

use std::cell::Cell;
use std::rc::Rc;

use craft::{alerts, entries, problem, show_item, stolen_keys};
use hushclip_crypto::body::{ClipBody, Gone, Part, PayloadBody, TEXT, Tombstone};
use hushclip_crypto::envelope::{Address, seal_note};
use hushclip_crypto::log::open_grant;
use hushclip_engine::Event;
use hushclip_model::view::Stage;
use hushclip_model::{Command, Notice, Outcome, Problem};
use hushclip_protocol::envelope::{Envelope, Kind};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_protocol::ids::{DeviceId, ItemId};
use hushclip_protocol::{codec, limits};
use hushclip_sim::{Desk, Way};
use minicbor::Encode;

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;
const NOTES: &str = "com.example.notes";

fn listen(desk: &mut Desk, device: usize, channel: &str) {
    assert_eq!(desk.command(device, Command::Listen { channel: channel.into() }), Some(Outcome::Done));
}

/// A desk on which all listen but the device that sends.
fn listening(devices: usize) -> Desk {
    let mut desk = Desk::paired(devices);
    (1..devices).for_each(|device| listen(&mut desk, device, NOTES));
    (0..devices).for_each(|device| drop(desk.news(device)));
    desk
}

fn publish(desk: &mut Desk, device: usize, bytes: &str) -> String {
    match desk.publish(device, NOTES, bytes.as_bytes()) {
        Some(Outcome::Published { payload }) => payload,
        other => panic!("{other:?}"),
    }
}

fn kept(desk: &Desk, device: usize) -> Vec<String> {
    let texts = desk.payloads(device, NOTES).into_iter().map(|(_, bytes)| String::from_utf8(bytes).expect("a text"));
    texts.collect()
}

fn refusal(outcome: Option<Outcome>) -> String {
    outcome.and_then(|outcome| outcome.problem().map(|problem| problem.code().to_owned())).unwrap_or_default()
}

/// What the programs of a device have been told of since that was last asked.
fn failures(desk: &mut Desk, device: usize) -> Vec<String> {
    let failed = |notice| if let Notice::Failed { problem } = notice { Some(problem.code().to_owned()) } else { None };
    desk.news(device).into_iter().filter_map(failed).collect()
}

fn is_payload(envelope: &[u8]) -> bool {
    Envelope::parse(envelope).is_ok_and(|envelope| envelope.header.kind == Kind::Payload)
}

fn go_offline(desk: &mut Desk) {
    desk.reachable = false;
    desk.cut(None);
}

fn go_online(desk: &mut Desk) {
    desk.reachable = true;
    desk.wait(2 * MINUTE);
}

/// How many of the news say that a payload came.
fn told(news: &[Notice]) -> usize {
    news.iter().filter(|notice| matches!(notice, Notice::PayloadReceived { .. })).count()
}

/// An envelope as a device would make it, whose name is one byte, over and over.
fn sealed(desk: &Desk, device: usize, kind: Kind, counter: u64, name: u8, body: &impl Encode<()>) -> Vec<u8> {
    let (keys, log) = (stolen_keys(desk, device), entries(desk, device));
    let (seq, at) = (log.len() as u64 - 1, log.last().expect("an entry"));
    let account = craft::replay(&log).account();
    let address = Address {
        kind,
        account,
        epoch: seq,
        log_seq: seq,
        log_head: at.hash(),
        counter,
        item: ItemId::from_bytes([name; 16]),
        ttl_s: limits::TTL_S,
    };
    let secret = open_grant(&keys, at).expect("a member");
    seal_note(&keys, &secret.derive_item_key(&account, seq), &address, body, &mut craft::rng())
}

#[test]
fn what_a_program_sends_arrives_with_those_that_listen_and_nowhere_else() {
    let mut desk = listening(3);
    listen(&mut desk, 2, "another");
    desk.command(2, Command::Unlisten { channel: NOTES.into() });
    let id = publish(&mut desk, 0, "canary in a payload");
    let [(payload, bytes)] = &desk.payloads(1, NOTES)[..] else { panic!("one") };
    assert_eq!((&payload.id, &*payload.from, &*payload.channel), (&id, "device 0", NOTES));
    assert_eq!((payload.device.clone(), payload.at), (desk.id(0), desk.now));
    assert_eq!((bytes.as_slice(), payload.bytes), (&b"canary in a payload"[..], 19));
    let (order, cursor) = (payload.order, payload.cursor.expect("it is at the relay"));
    for device in 0..2 {
        let records: Vec<_> = desk.disk(device).keys().filter(|key| key.contains(&id)).cloned().collect();
        assert_eq!(records, [format!("part/{id}/0"), format!("payload/{id}")]);
    }
    let heard = Notice::PayloadReceived { channel: NOTES.into(), order };
    assert!(desk.news(1).contains(&heard));
    assert!(desk.news(0).contains(&Notice::PayloadStored { id: id.clone(), cursor }));
    assert!(kept(&desk, 0).is_empty() && kept(&desk, 2).is_empty() && desk.payloads(2, "another").is_empty());
    let delivery = desk.delivery(0, &id).expect("it is its own");
    let others = [1, 2].map(|device| (desk.id(device), format!("device {device}")));
    assert!(delivery.cursor == Some(cursor) && delivery.delivered.len() == 2 && delivery.awaited.is_empty());
    assert!(others.iter().all(|other| delivery.delivered.contains(other)));
    assert_eq!(desk.delivery(1, &id), None, "another device's");
    for device in 0..3 {
        let view = desk.view(device);
        assert!(view.clips.is_empty() && view.total == 0 && view.unread == 0 && view.waiting == 0);
        assert!(desk.clipboard(device).is_empty() && alerts(&desk, device).is_empty());
        assert!(view.problem.is_none() && view.devices.iter().all(|other| other.later == 0));
        // Who does not listen has counted it all the same.
        assert!(
            device == 0 || view.devices.iter().any(|other| other.name == "device 0" && other.confirmed_at.is_some())
        );
    }
    assert!(!desk.dump().windows(6).any(|window| window == b"canary" || window == &NOTES.as_bytes()[..6]));
    publish(&mut desk, 0, "next");
    let (desk, mut all) = (&desk, desk.payloads(1, NOTES));
    assert!(all.remove(0).0.order == order && all[0].0.order > order && kept(desk, 1).len() == 2);
}

#[test]
fn a_clip_has_its_delivery_by_device_too() {
    let mut desk = Desk::paired(3);
    desk.take_away(2);
    desk.copy(0, "a clip");
    let clip = desk.view(0).clips.remove(0);
    let delivery = desk.delivery(0, &clip.id).expect("it is its own");
    assert_eq!(delivery.cursor, clip.cursor);
    assert_eq!(delivery.delivered, [(desk.id(1), "device 1".to_owned())]);
    assert_eq!(delivery.awaited, [(desk.id(2), "device 2".to_owned())]);
    assert!(desk.delivery(1, &clip.id).is_none() && desk.delivery(0, "nonsense").is_none());
    assert_eq!((clip.delivered, clip.awaited), (vec!["device 1".to_owned()], vec!["device 2".to_owned()]));
}

#[test]
fn both_are_away_in_turn_and_what_was_sent_arrives_in_order() {
    let mut desk = listening(2);
    go_offline(&mut desk);
    for text in ["one", "two", "three"] {
        publish(&mut desk, 0, text);
    }
    // Longer than what is brought along, and read from the disk when its turn comes.
    publish(&mut desk, 0, &"four".repeat(20_000));
    desk.restart(0);
    desk.take_away(1);
    go_online(&mut desk);
    assert!(desk.news(0).iter().filter(|notice| matches!(notice, Notice::PayloadStored { .. })).count() == 4);
    desk.take_away(0);
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(MINUTE);
    assert_eq!(kept(&desk, 1), ["one", "two", "three", &"four".repeat(20_000)]);
    assert_eq!((told(&desk.news(1)), alerts(&desk, 1).len()), (4, 0));
    desk.restart(1);
    assert_eq!(kept(&desk, 1).len(), 4);
}

#[test]
fn a_process_that_dies_anywhere_loses_nothing_and_doubles_nothing() {
    for dying in 0..2 {
        let mut steps = 0;
        loop {
            let mut desk = listening(2);
            desk.crash_after(dying, steps);
            let published: Vec<_> = ["one", "two"].iter().map(|text| desk.publish(0, NOTES, text.as_bytes())).collect();
            desk.wait(2 * MINUTE);
            let case = format!("device {dying} dies after {steps} steps");
            let texts = kept(&desk, 1);
            for (text, outcome) in ["one", "two"].iter().zip(published) {
                let is_there = texts.iter().filter(|kept| *kept == text).count();
                assert!(is_there == 1 || (is_there == 0 && outcome.is_none()), "{case}: {texts:?}");
            }
            assert!(texts.is_sorted() && told(&desk.news(1)) <= texts.len(), "{case}: {texts:?}");
            assert!(alerts(&desk, 0).is_empty() && alerts(&desk, 1).is_empty(), "{case}");
            assert!(desk.disk(0).keys().all(|key| !key.starts_with("out/")), "{case}");
            if desk.is_to_crash() {
                break;
            }
            steps += 1;
        }
        assert!(steps > 8, "{steps} steps prove nothing");
    }
}

#[test]
fn a_relay_that_has_lost_them_gets_them_again_and_nobody_sees_one_twice() {
    let mut desk = listening(3);
    publish(&mut desk, 0, "before");
    let backup = desk.snapshot();
    desk.take_away(2);
    publish(&mut desk, 0, "one");
    desk.copy(0, "a clip");
    let last = publish(&mut desk, 0, "two");
    for device in 0..2 {
        desk.news(device);
    }
    desk.roll_back(backup);
    desk.wait(2 * MINUTE);
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(MINUTE);
    for device in [1, 2] {
        assert_eq!(kept(&desk, device), ["before", "one", "two"], "device {device}");
        assert_eq!((desk.texts(device).len(), alerts(&desk, device).len()), (1, 0), "device {device}");
    }
    assert_eq!((told(&desk.news(1)), told(&desk.news(2))), (0, 3));
    assert_eq!(alerts(&desk, 0), ["items_restored"]);
    assert!(desk.delivery(0, &last).is_some_and(|delivery| delivery.awaited.is_empty() && delivery.cursor.is_some()));
    // And a relay that has nothing at all.
    desk.roll_back(hushclip_mailbox::MemoryStore::default());
    desk.wait(2 * MINUTE);
    assert_eq!((kept(&desk, 1), kept(&desk, 2)), (kept(&desk, 2), kept(&desk, 1)));
    publish(&mut desk, 0, "after");
    assert_eq!(kept(&desk, 2), ["before", "one", "two", "after"]);
}

#[test]
fn who_begins_to_listen_hears_what_comes_from_then_on_and_who_stops_keeps_nothing() {
    let mut desk = Desk::paired(2);
    publish(&mut desk, 0, "too early");
    listen(&mut desk, 1, NOTES);
    listen(&mut desk, 1, NOTES);
    publish(&mut desk, 0, "one");
    desk.restart(1);
    publish(&mut desk, 0, "two");
    assert_eq!(kept(&desk, 1), ["one", "two"]);
    let order = desk.payloads(1, NOTES)[1].0.order;
    publish(&mut desk, 1, "its own");
    desk.command(1, Command::Unlisten { channel: NOTES.into() });
    publish(&mut desk, 0, "too late");
    assert!(kept(&desk, 1).is_empty());
    assert_eq!(desk.disk(1).keys().filter(|key| key.starts_with("payload/")).count(), 1, "its own");
    assert_eq!(desk.command(1, Command::Unlisten { channel: "no name".into() }), Some(Outcome::Done));
    // Whoever has had the second one goes on from there.
    desk.restart(1);
    listen(&mut desk, 1, NOTES);
    publish(&mut desk, 0, "again");
    assert!(desk.payloads(1, NOTES)[0].0.order > order && kept(&desk, 1) == ["again"]);
}

#[test]
fn a_busy_program_leaves_its_listeners_frames_of_their_own() {
    let mut desk = listening(2);
    let acks = Rc::new(Cell::new(0));
    let seen = Rc::clone(&acks);
    desk.lie(move |way, device, frame| {
        let is_ack = matches!(ToRelay::decode(&frame), Ok(ToRelay::Ack { .. }));
        seen.set(seen.get() + u32::from(way == Way::Up && device == 1 && is_ack));
        vec![frame]
    });
    let mut last = String::new();
    for number in 0..100 {
        last = publish(&mut desk, 0, &number.to_string());
        desk.wait(600);
    }
    assert_eq!(kept(&desk, 1).len(), 100);
    assert!((25..=45).contains(&acks.get()), "{} acknowledgements in a minute", acks.get());
    desk.wait(2_000);
    assert!(desk.delivery(0, &last).expect("it is kept").awaited.is_empty(), "the last one is acknowledged too");
    let all = acks.get();
    desk.wait(MINUTE);
    assert_eq!(acks.get(), all, "and nothing after that");
    publish(&mut desk, 0, "alone");
    assert_eq!(acks.get(), all + 1, "what comes seldom is acknowledged at once");
}

#[test]
fn who_answers_at_once_has_what_it_answers() {
    let mut desk = listening(2);
    listen(&mut desk, 0, NOTES);
    let (mut asked, mut answered) = (String::new(), String::new());
    for number in 0..30 {
        asked = publish(&mut desk, 0, &format!("request {number}"));
        desk.wait(50);
        answered = publish(&mut desk, 1, &format!("answer {number}"));
        desk.wait(50);
    }
    assert!(desk.delivery(0, &asked).expect("it is kept").awaited.is_empty());
    desk.wait(2_000);
    assert!(desk.delivery(1, &answered).expect("it is kept").awaited.is_empty());
}

#[test]
fn a_process_that_ends_in_order_says_what_it_has() {
    let mut desk = listening(2);
    let mut last = String::new();
    for number in 0..30 {
        last = publish(&mut desk, 0, &number.to_string());
    }
    assert_eq!(desk.delivery(0, &last).expect("it is kept").awaited.len(), 1, "it waits with the others");
    desk.event(1, Event::Closing);
    assert!(desk.delivery(0, &last).expect("it is kept").awaited.is_empty());
}

#[test]
fn clips_go_their_way_whatever_programs_send() {
    let mut desk = Desk::paired(2);
    go_offline(&mut desk);
    desk.copy(0, "the newest of device 0");
    publish(&mut desk, 0, "behind it");
    publish(&mut desk, 1, "of device 1");
    assert_eq!((desk.view(0).waiting, desk.view(1).waiting), (1, 0));
    // What is on the clipboard is no news for that.
    desk.copy(0, "the newest of device 0");
    assert_eq!(desk.view(0).waiting, 1);
    go_online(&mut desk);
    assert_eq!(desk.clipboard(1), ["the newest of device 0"], "nothing newer waited there, and nothing superseded it");
    desk.copy(1, "the newest of device 0");
    assert_eq!((desk.texts(0).len(), desk.texts(1).len()), (1, 1), "an echo");
    let clip = desk.view(0).clips[0].id.clone();
    desk.command(1, Command::Pin { id: clip, pinned: true });
    publish(&mut desk, 1, "between");
    assert!(desk.view(0).clips[0].pinned && desk.clipboard(0).is_empty());
    desk.command(0, Command::DeleteAll);
    desk.wait(MINUTE);
    assert!(desk.texts(1).is_empty());
    assert!(alerts(&desk, 0).is_empty() && alerts(&desk, 1).is_empty());
}

#[test]
fn nobody_is_woken_for_a_payload() {
    let mut desk = Desk::paired(2);
    let endpoint = "https://push.services.mozilla.com/wpush/v2/device-1".to_owned();
    desk.command(1, Command::SetPush { endpoint: Some(endpoint.clone()) });
    desk.take_away(1);
    desk.wait(2 * MINUTE);
    publish(&mut desk, 0, "quietly");
    assert!(desk.woken.is_empty());
    desk.copy(0, "a clip");
    assert_eq!(desk.woken, [endpoint]);
}

#[test]
fn of_a_removed_device_what_came_stays_and_nothing_more_comes() {
    let mut desk = Desk::paired(3);
    (0..3).for_each(|device| listen(&mut desk, device, NOTES));
    publish(&mut desk, 2, "in time");
    publish(&mut desk, 0, "for all");
    desk.take_away(1);
    publish(&mut desk, 2, "while device 1 was away");
    desk.take_away(2);
    let device = desk.id(2);
    desk.command(0, Command::RemoveDevice { device });
    desk.wait(MINUTE);
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(MINUTE);
    assert_eq!(kept(&desk, 1), ["in time", "for all"], "it is out by the time that the rest comes");
    assert_eq!(kept(&desk, 0), ["in time", "while device 1 was away"]);
    assert!(!alerts(&desk, 1).iter().any(|code| code != "removed"), "{:?}", alerts(&desk, 1));
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(2 * MINUTE);
    assert_eq!((desk.view(2).stage, kept(&desk, 2)), (Stage::Removed, vec!["for all".to_owned()]));
    assert_eq!(desk.payloads(2, NOTES)[0].0.from, "device 0");
    assert_eq!(desk.disk(2).keys().filter(|key| key.starts_with("payload/")).count(), 1, "its own are gone");
    assert_eq!(refusal(desk.publish(2, NOTES, b"")), "no_account");
}

#[test]
fn unsent_payloads_of_a_device_that_is_removed_are_dropped() {
    let mut desk = listening(2);
    listen(&mut desk, 0, NOTES);
    publish(&mut desk, 1, "came in");
    publish(&mut desk, 0, "came in");
    go_offline(&mut desk);
    publish(&mut desk, 1, "waits");
    desk.take_away(1);
    go_online(&mut desk);
    let device = desk.id(1);
    desk.command(0, Command::RemoveDevice { device });
    desk.wait(MINUTE);
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(2 * MINUTE);
    assert_eq!(
        (desk.view(1).stage, kept(&desk, 1), kept(&desk, 0)),
        (Stage::Removed, vec!["came in".into()], vec!["came in".into()])
    );
    assert!(desk.disk(1).keys().all(|key| !key.starts_with("out/")));
}

#[test]
fn they_go_after_a_week_and_with_the_account() {
    let mut desk = listening(2);
    let id = publish(&mut desk, 0, "one");
    desk.wait(6 * DAY);
    publish(&mut desk, 0, "two");
    let orders: Vec<_> = desk.payloads(1, NOTES).iter().map(|(payload, _)| payload.order).collect();
    desk.wait(DAY + MINUTE);
    assert_eq!((kept(&desk, 1), desk.delivery(0, &id)), (vec!["two".to_owned()], None));
    desk.wait(6 * DAY);
    assert!(kept(&desk, 1).is_empty());
    for device in 0..2 {
        let left: Vec<_> = desk.disk(device).keys().filter(|key| key.starts_with("pa")).collect();
        assert!(left.is_empty(), "device {device}: {left:?}");
    }
    publish(&mut desk, 0, "three");
    desk.command(1, Command::Leave);
    assert!(kept(&desk, 1).is_empty());
    let left: Vec<_> = desk.disk(1).keys().collect();
    assert_eq!(left, ["channels"], "which programs listen is no matter of the account");
    desk.restart(1);
    let link = desk.invite();
    desk.command(1, Command::Join { link, name: "device 1".into() });
    let digits = desk.digits(1);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    publish(&mut desk, 0, "four");
    let [(payload, _)] = &desk.payloads(1, NOTES)[..] else { panic!("it listens still") };
    assert!(payload.order > orders[1] + 1, "a program that has had them goes on");
}

#[test]
fn what_cannot_be_sent_is_refused_and_no_person_is_bothered() {
    let mut desk = Desk::new(1);
    assert_eq!(refusal(desk.publish(0, NOTES, b"")), "no_account");
    listen(&mut desk, 0, NOTES);
    desk.create();
    for name in ["", "two words", "caf\u{e9}", &"x".repeat(limits::CHANNEL_BYTES + 1)] {
        assert_eq!(refusal(desk.publish(0, name, b"")), "bad_channel", "{name:?}");
        assert_eq!(refusal(desk.command(0, Command::Listen { channel: name.into() })), "bad_channel", "{name:?}");
    }
    let around = codec::encode(&PayloadBody { at_ms: desk.now, channel: NOTES.into(), bytes: vec![0; 1 << 17].into() });
    let most = limits::CLIP_BYTES - (around.len() - (1 << 17));
    let refused = desk.publish(0, NOTES, &vec![0; most + 1]);
    let told = Problem::PayloadTooLarge { bytes: limits::CLIP_BYTES + 1 };
    assert_eq!(refused, Some(Outcome::Refused { problem: told }));
    go_offline(&mut desk);
    assert!(matches!(desk.publish(0, NOTES, &vec![0; most]), Some(Outcome::Published { .. })));
    for n in 1..limits::OUTBOX {
        publish(&mut desk, 0, &n.to_string());
    }
    assert_eq!(refusal(desk.publish(0, NOTES, b"one more")), "too_many_payloads");
    for n in 0..3 {
        desk.copy(0, &format!("clip {n}"));
    }
    assert_eq!(desk.view(0).waiting, 3, "there is as much room for clips as ever");
    assert_eq!(problem(&desk, 0), "");
    desk.reachable = true;
    desk.wait(10 * MINUTE);
    assert!(desk.disk(0).keys().all(|key| !key.starts_with("out/")));
    publish(&mut desk, 0, "one more");
}

#[test]
fn one_that_the_relay_takes_for_too_large_is_given_up_and_the_rest_goes_on() {
    let mut desk = listening(2);
    go_offline(&mut desk);
    let large = publish(&mut desk, 0, &"large".repeat(10_000));
    publish(&mut desk, 0, "small");
    desk.lie(|way, _, frame| match (way, ToDevice::decode(&frame)) {
        (Way::Down, Ok(ToDevice::Welcome(mut welcome))) => {
            welcome.limits.envelope_bytes = 30_000;
            vec![ToDevice::Welcome(welcome).encode()]
        }
        _ => vec![frame],
    });
    desk.lie_also(|way, _, frame| match ToRelay::decode(&frame) {
        Ok(ToRelay::Push { envelope, .. }) if way == Way::Up && envelope.len() > 30_000 => Vec::new(),
        _ => vec![frame],
    });
    desk.reachable = true;
    desk.wait(5_000);
    desk.tell(0, &ToDevice::Error { code: ErrorCode::TooLarge, retry_after_ms: 0, of: 3 });
    desk.wait(2 * MINUTE);
    assert_eq!((kept(&desk, 1), problem(&desk, 0)), (vec!["small".to_owned()], String::new()));
    assert!(failures(&mut desk, 0).contains(&"payload_too_large".to_owned()));
    assert!(desk.delivery(0, &large).is_none() && alerts(&desk, 1).is_empty(), "{:?}", alerts(&desk, 1));
}

#[test]
fn a_relay_that_knows_no_payloads_takes_the_clips_behind_them() {
    let mut desk = listening(2);
    desk.lie(|way, _, frame| match ToRelay::decode(&frame) {
        Ok(ToRelay::Push { envelope, .. }) if way == Way::Up && is_payload(&envelope) => Vec::new(),
        _ => vec![frame],
    });
    let refused = publish(&mut desk, 0, "refused");
    desk.copy(0, "and on");
    assert_eq!(desk.texts(1), [""; 0], "it is behind the payload");
    desk.tell(0, &ToDevice::Error { code: ErrorCode::BadFrame, retry_after_ms: 0, of: 3 });
    desk.wait(MINUTE);
    assert_eq!((desk.texts(1), problem(&desk, 0)), (vec!["and on".to_owned()], String::new()));
    assert_eq!(failures(&mut desk, 0), ["payload_refused"]);
    assert!(desk.delivery(0, &refused).is_none() && kept(&desk, 1).is_empty());
    assert!(alerts(&desk, 1).is_empty(), "{:?}", alerts(&desk, 1));
}

#[test]
fn one_whose_bytes_are_lost_does_not_hold_up_what_comes_after_it() {
    let mut desk = listening(2);
    go_offline(&mut desk);
    let lost = publish(&mut desk, 0, "lost");
    publish(&mut desk, 0, "next");
    let mut records = desk.disk(0).clone();
    records.retain(|key, _| !(key.starts_with("part/") && key.contains(&lost)));
    desk.set_disk(0, records);
    go_online(&mut desk);
    assert_eq!((kept(&desk, 1), problem(&desk, 0)), (vec!["next".to_owned()], "content_lost".to_owned()));
    assert!(alerts(&desk, 1).is_empty());
}

#[test]
fn over_a_device_line_it_waits_for_the_relay() {
    let mut desk = listening(2);
    publish(&mut desk, 0, "the first");
    let heard = desk.listen();
    desk.take_away(1);
    publish(&mut desk, 0, "one");
    desk.copy(0, "behind it");
    let envelopes = heard.borrow().clone();
    go_offline(&mut desk);
    desk.wake_up(1, []);
    desk.open_line(1, 0);
    for envelope in envelopes {
        desk.pass(1, 0, envelope);
    }
    assert_eq!((kept(&desk, 1), desk.texts(1)), (vec!["the first".to_owned()], Vec::<String>::new()));
    go_online(&mut desk);
    assert_eq!((kept(&desk, 1), desk.texts(1)), (vec!["the first".into(), "one".into()], vec!["behind it".to_owned()]));
    assert!(alerts(&desk, 1).is_empty());
}

#[test]
fn a_tombstone_takes_it_away_and_one_of_tomorrow_is_counted() {
    let mut desk = Desk::paired(3);
    (0..3).for_each(|device| listen(&mut desk, device, NOTES));
    let id = publish(&mut desk, 0, "deleted");
    publish(&mut desk, 0, "stays");
    let device = DeviceId::from_hex(&desk.id(0)).expect("an identifier");
    let gone = vec![Gone { device, counter: 1, item: ItemId::from_hex(&id).expect("an item"), text: None }];
    let body = |channel: &str| PayloadBody { at_ms: desk.now, channel: channel.into(), bytes: vec![1].into() };
    let all = [
        sealed(&desk, 2, Kind::Tombstone, 1, 1, &Tombstone { at_ms: desk.now, gone }),
        sealed(&desk, 2, Kind::Payload, 2, 2, &body("a name of tomorrow")),
        sealed(&desk, 2, Kind::Payload, 3, 3, &body("")),
        sealed(&desk, 2, Kind::Payload, 4, 4, &body(NOTES)),
        // No payload at all.
        sealed(&desk, 2, Kind::Payload, 5, 5, &Tombstone { at_ms: desk.now, gone: Vec::new() }),
    ];
    for (after, envelope) in (2..).zip(all) {
        desk.say_as(2, &ToRelay::Push { after, envelope: envelope.into() });
    }
    desk.wait(MINUTE);
    assert_eq!(desk.payloads(1, NOTES).into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>(), [&b"stays"[..], &[1]]);
    let later: Vec<_> = desk.view(1).devices.iter().filter(|d| d.name == "device 2").map(|d| d.later).collect();
    assert_eq!((later, alerts(&desk, 1)), (vec![2], vec!["unreadable".to_owned()]));
    // Its sender does not put it back.
    assert!(desk.delivery(0, &id).is_none());
    desk.roll_back(hushclip_mailbox::MemoryStore::default());
    desk.wait(2 * MINUTE);
    assert_eq!(kept(&desk, 1).first().map(String::as_str), Some("stays"));
    assert_eq!(desk.disk(1).keys().filter(|key| key.starts_with("payload/")).count(), 2);
}

#[test]
fn what_a_device_sends_that_has_forgotten_its_counters_is_taken() {
    let mut desk = listening(2);
    let backup = desk.disk(0).clone();
    publish(&mut desk, 0, "before");
    desk.wait(MINUTE);
    desk.lie(|way, device, frame| match ToDevice::decode(&frame) {
        // It does not see what it has sent in its other life.
        Ok(ToDevice::Items { has_more, through, .. }) if way == Way::Down && device == 0 => {
            vec![ToDevice::Items { items: Vec::new(), has_more, through }.encode()]
        }
        _ => vec![frame],
    });
    desk.set_disk(0, backup);
    desk.wait(MINUTE);
    publish(&mut desk, 0, "after");
    assert_eq!((kept(&desk, 1), alerts(&desk, 1)), (vec!["before".into(), "after".into()], vec!["cloned".to_owned()]));
}

#[test]
fn a_clip_and_a_payload_of_one_name_are_not_both_taken() {
    let mut desk = listening(2);
    let clip = |text: &str| ClipBody {
        at_ms: desk.now,
        flags: 0,
        file_name: String::new(),
        // More than stands in the list, so that it has a record of its own.
        parts: vec![Part::new(TEXT, text.repeat(3_000))],
    };
    let payload = |bytes: &[u8]| PayloadBody { at_ms: desk.now, channel: NOTES.into(), bytes: bytes.to_vec().into() };
    let all = [
        sealed(&desk, 0, Kind::Clip, 1, 7, &clip("a")),
        sealed(&desk, 0, Kind::Payload, 2, 7, &payload(b"no")),
        sealed(&desk, 0, Kind::Payload, 3, 8, &payload(b"yes")),
        sealed(&desk, 0, Kind::Clip, 4, 8, &clip("b")),
    ];
    for (cursor, envelope) in (1..).zip(all) {
        show_item(&mut desk, 1, cursor, &envelope);
    }
    assert_eq!((desk.texts(1), kept(&desk, 1)), (vec!["a".repeat(3_000)], vec!["yes".to_owned()]));
    assert!(alerts(&desk, 1).is_empty());
}

fn push_bytes(desk: &mut Desk, device: usize, media: &str, bytes: &[u8]) {
    let command = Command::PushBytes { media: media.into(), bytes: bytes.into() };
    assert!(matches!(desk.command(device, command), Some(Outcome::Queued { .. })), "{media}");
}

#[test]
fn the_place_of_what_is_gone_is_given_to_nothing_else() {
    let mut desk = listening(2);
    let newest = |desk: &Desk| {
        let of_clips = desk.view(1).clips.iter().map(|clip| clip.order).max().unwrap_or_default();
        desk.payloads(1, NOTES).iter().map(|(payload, _)| payload.order).fold(of_clips, u64::max)
    };
    desk.copy(0, "one");
    let mut seen = newest(&desk);
    for round in 0..3 {
        // A person deletes the newest clip, and a note goes out.
        let id = desk.view(1).clips[0].id.clone();
        desk.command(1, Command::Delete { ids: vec![id] });
        desk.wait(MINUTE);
        if round > 0 {
            desk.restart(1);
        }
        if round == 1 {
            drop(publish(&mut desk, 0, "payload"));
        } else {
            desk.copy(0, &format!("round {round}"));
        }
        assert!(newest(&desk) > seen, "round {round}");
        seen = newest(&desk);
        desk.copy(0, &format!("next {round}"));
        seen = seen.max(newest(&desk));
    }
}

#[test]
fn what_a_program_pushes_that_is_no_text_changes_nothing_for_texts() {
    let mut desk = Desk::paired(2);
    // It waits behind a copy, which is the newest for clipboards.
    go_offline(&mut desk);
    desk.copy(0, "a person's");
    push_bytes(&mut desk, 0, "application/json", b"{}");
    push_bytes(&mut desk, 0, "application/json", b"{}");
    assert_eq!(desk.view(0).waiting, 1);
    go_online(&mut desk);
    desk.wait(2 * MINUTE);
    assert_eq!(desk.clipboard(1), ["a person's"]);
    assert_eq!(desk.view(1).clips.len(), 3, "and equal ones all arrive");
    // It waits while a text comes in.
    go_offline(&mut desk);
    push_bytes(&mut desk, 1, "application/json", b"[]");
    go_online(&mut desk);
    desk.copy(0, "newer");
    desk.wait(2 * MINUTE);
    assert_eq!(desk.clipboard(1).last().map(String::as_str), Some("newer"));
    // The same bytes are another content as text.
    push_bytes(&mut desk, 0, "text/markdown", b"# Title");
    desk.copy(0, "# Title");
    desk.wait(2 * MINUTE);
    assert_eq!(desk.clipboard(1).last().map(String::as_str), Some("# Title"));
    // Nobody takes it to a clipboard.
    let id = desk.view(1).clips.iter().find(|clip| clip.text.is_empty()).expect("one without text").id.clone();
    desk.command(1, Command::Take { id, plain: false });
    assert_eq!(desk.clipboard(1).last().map(String::as_str), Some("# Title"));
}

#[test]
fn what_programs_push_is_refused_where_too_much_waits_and_drives_out_no_copy() {
    let mut desk = Desk::paired(2);
    go_offline(&mut desk);
    desk.copy(0, "a person's");
    for n in 0..limits::OUTBOX {
        push_bytes(&mut desk, 0, "application/json", n.to_string().as_bytes());
    }
    let one_more = Command::PushBytes { media: "application/json".into(), bytes: b"x".to_vec() };
    assert_eq!(refusal(desk.command(0, one_more)), "too_many_payloads");
    for media in ["text/plain", "Text/Plain", "text/html; charset=utf-8", "text", "a b/c", "/", ""] {
        let command = Command::PushBytes { media: media.into(), bytes: b"x".to_vec() };
        assert_eq!(refusal(desk.command(0, command)), "bad_media_type", "{media}");
    }
    go_online(&mut desk);
    desk.wait(30 * MINUTE);
    assert_eq!(desk.clipboard(1), ["a person's"]);
}

#[test]
fn payloads_leave_room_for_clips_while_a_device_is_away() {
    let mut desk = listening(3);
    desk.take_away(2);
    let large = vec![7; 250_000];
    let mut sent = 0;
    while refusal(desk.publish(0, NOTES, &large)).is_empty() {
        sent += 1;
        desk.wait(MINUTE);
        assert!(sent < 200, "some share of the relay's 64 MiB");
    }
    assert_eq!(refusal(desk.publish(0, NOTES, &large)), "too_many_payloads");
    desk.copy(0, "a clip");
    desk.wait(MINUTE);
    assert_eq!(desk.texts(1), ["a clip"]);
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(5 * MINUTE);
    assert_eq!(kept_bytes(&desk, 2), sent * large.len());
    assert_eq!(refusal(desk.publish(0, NOTES, &large)), "", "now that all have them");
}

fn kept_bytes(desk: &Desk, device: usize) -> usize {
    desk.payloads(device, NOTES).iter().map(|(_, bytes)| bytes.len()).sum()
}
