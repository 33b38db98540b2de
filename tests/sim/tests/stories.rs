//! Stories with one point each, on a desk where nothing is lost unless the story says so.

use hushclip_engine::Event;
use hushclip_model::view::{Connection, Stage};
use hushclip_model::{Command, Notice, Outcome, Problem, UNDO_MS};
use hushclip_protocol::error::CloseCode;
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_protocol::limits;
use hushclip_sim::{Desk, ORIGIN, Way};

const MINUTE: u64 = 60_000;

fn problem(desk: &Desk, device: usize) -> String {
    desk.view(device).problem.map(|p| p.code().to_owned()).unwrap_or_default()
}

fn join(desk: &mut Desk, device: usize, link: &str) {
    desk.command(device, Command::Join { link: link.into(), name: format!("device {device}") });
}

#[test]
fn a_copied_text_crosses_and_is_marked_delivered() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "hello");
    assert_eq!(desk.clipboard(1), ["hello"]);
    assert_eq!(desk.texts(2), ["hello"]);
    let clip = desk.view(0).clips.remove(0);
    assert_eq!(clip.delivered, ["device 1", "device 2"].map(String::from).as_slice(), "awaited {:?}", clip.awaited);
    assert_eq!(desk.view(1).clips[0].from, "device 0");
}

#[test]
fn what_comes_in_is_not_sent_back() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "line one\nline two");
    desk.copy(1, "line one\r\nline two");
    desk.copy(1, "line one\nline two");
    assert_eq!(desk.texts(0).len(), 1);
    desk.copy(1, "other");
    desk.wait(MINUTE);
    desk.copy(1, "line one\nline two");
    assert_eq!(desk.texts(0), ["line one\nline two", "other", "line one\nline two"], "copied anew, so it is news");
}

#[test]
fn a_pairing_link_on_the_clipboard_is_left_alone() {
    let mut desk = Desk::paired(2);
    let link = desk.invite();
    desk.copy(0, &link);
    assert!(desk.texts(1).is_empty());
}

#[test]
fn copied_offline_arrives_once() {
    let mut desk = Desk::paired(2);
    desk.reachable = false;
    desk.cut(None);
    for text in ["a", "b", "c"] {
        desk.copy(0, text);
    }
    assert_eq!(desk.view(0).waiting, 3);
    desk.restart(0);
    assert_eq!(desk.view(0).waiting, 3, "the outbox is on disk");
    desk.reachable = true;
    desk.event(0, Event::Online);
    desk.event(1, Event::Online);
    assert_eq!(desk.texts(1), ["c", "b", "a"]);
    assert_eq!(desk.clipboard(1), ["c"], "only the newest goes to the clipboard");
    assert_eq!(desk.view(0).waiting, 0);
}

#[test]
fn an_older_clip_that_is_sent_once_more_does_not_drive_off_a_newer_one() {
    let mut desk = Desk::paired(2);
    desk.lie(|way, _, frame| {
        let lost = way == Way::Up && matches!(ToRelay::decode(&frame), Ok(ToRelay::Push { .. }));
        if lost { Vec::new() } else { vec![frame] }
    });
    desk.copy(0, "older");
    desk.restart(0);
    desk.copy(0, "newer");
    desk.stop_lying();
    desk.cut(None);
    desk.wait(MINUTE);
    assert_eq!(desk.texts(1), ["newer", "older"]);
    assert_eq!(desk.clipboard(1), ["newer"]);
}

#[test]
fn a_device_that_was_away_gets_what_it_missed() {
    let mut desk = Desk::paired(2);
    for i in 0..150 {
        desk.copy(0, &format!("clip {i}"));
        desk.wait(1000);
    }
    assert_eq!(desk.texts(1).len(), 150);
}

#[test]
fn a_full_outbox_gets_through_the_rate_limit() {
    let mut desk = Desk::paired(2);
    desk.reachable = false;
    desk.cut(None);
    for i in 0..limits::OUTBOX {
        desk.copy(0, &format!("clip {i}"));
    }
    desk.reachable = true;
    desk.event(0, Event::Online);
    desk.event(1, Event::Online);
    desk.wait(10 * MINUTE);
    assert_eq!(desk.view(0).waiting, 0);
    assert_eq!(desk.texts(1).len(), limits::OUTBOX);
}

#[test]
fn a_newcomer_sees_what_comes_after_it() {
    let mut desk = Desk::new(2);
    desk.create();
    desk.copy(0, "before");
    let link = desk.invite();
    join(&mut desk, 1, &link);
    assert_eq!(desk.view(1).stage, Stage::Joining);
    let digits = desk.digits(1);
    assert_eq!(digits.len(), 6);
    desk.news(1);
    desk.command(
        0,
        Command::Approve { digits: Some(format!("{} {}", &digits[..3], &digits[3..])), share_history: false },
    );
    assert_eq!(desk.view(1).stage, Stage::Member);
    assert!(desk.news(1).contains(&Notice::Joined));
    assert_eq!(desk.view(1).devices.iter().map(|d| d.name.as_str()).collect::<Vec<_>>(), ["device 1", "device 0"]);
    desk.copy(0, "after");
    assert_eq!(desk.texts(1), ["after"]);
    assert_eq!(desk.view(1).problem, None);
}

#[test]
fn wrong_digits_three_times_turn_the_device_away() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    join(&mut desk, 1, &link);
    let right = desk.digits(1);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..2 {
        desk.command(0, Command::Approve { digits: Some(wrong.into()), share_history: false });
        assert!(desk.view(0).invite.is_some_and(|invite| invite.wrong_digits));
    }
    desk.command(0, Command::Approve { digits: Some(wrong.into()), share_history: false });
    assert_eq!(problem(&desk, 0), "wrong_digits");
    assert_eq!(problem(&desk, 1), "invite_refused");
    assert_eq!(desk.view(1).stage, Stage::New);
    desk.command(0, Command::Approve { digits: Some(right), share_history: false });
    assert_eq!(desk.view(0).devices.len(), 1, "too late");
}

#[test]
fn a_link_works_once() {
    let mut desk = Desk::new(3);
    desk.create();
    let link = desk.invite();
    join(&mut desk, 1, &link);
    join(&mut desk, 2, &link);
    assert_eq!(problem(&desk, 2), "invite_used");
    assert_eq!(desk.view(2).stage, Stage::New);
    assert_eq!(desk.view(1).stage, Stage::Joining, "the first is not disturbed");
}

#[test]
fn a_link_ends_after_ten_minutes_or_when_cancelled() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    desk.wait(limits::INVITE_MS + 1);
    join(&mut desk, 1, &link);
    assert_eq!(problem(&desk, 1), "invite_gone");
    assert!(desk.view(0).invite.is_none());
    let link = desk.invite();
    desk.command(0, Command::CancelInvite);
    join(&mut desk, 1, &link);
    assert_eq!(problem(&desk, 1), "invite_gone");
}

#[test]
fn what_is_no_link_is_said_so() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    for (text, code) in [
        ("hello", "bad_link"),
        ("https://relay.test/pair", "bad_link"),
        (&link[..link.len() - 8], "bad_link"),
        (&*link.replace("#A", "#B"), "newer_link"),
    ] {
        join(&mut desk, 1, text);
        assert_eq!(problem(&desk, 1), code, "{text}");
        assert_eq!(desk.view(1).stage, Stage::New);
    }
    let other = format!("{}A", &link[..link.len() - 1]);
    join(&mut desk, 1, &other);
    assert_ne!(problem(&desk, 1), "", "a changed link does not get in");
}

#[test]
fn too_long_is_refused_before_anything_is_stored() {
    let mut desk = Desk::paired(2);
    let told = desk.view(0).bounds.expect("what the relay said").clip_bytes as usize;
    assert_eq!(told, limits::CLIP_BYTES, "what is promised is the bound");
    let refused = desk.command(0, Command::Push { text: "x".repeat(told), html: None });
    assert!(matches!(refused, Some(Outcome::Refused { problem: Problem::TooLarge { bytes } }) if bytes > told));
    assert_eq!(problem(&desk, 0), "too_large");
    assert!(desk.texts(0).is_empty());
    let taken = desk.command(0, Command::Push { text: "x".repeat(told - 100), html: None });
    assert_eq!(desk.texts(1).len(), 1, "just below crosses");
    let id = desk.view(0).clips[0].id.clone();
    assert_eq!(taken, Some(Outcome::Queued { clip: id }), "only now may whoever typed it forget it");
}

#[test]
fn a_full_relay_loses_nothing() {
    let mut desk = Desk::paired(2);
    desk.fill_relay(true);
    desk.copy(0, "kept");
    assert_eq!(problem(&desk, 0), "relay_no_space");
    assert_eq!(desk.view(0).waiting, 1);
    desk.fill_relay(false);
    desk.wait(MINUTE);
    assert_eq!(desk.texts(1), ["kept"]);
    assert_eq!(desk.view(0).problem, None, "solved by itself");
}

#[test]
fn a_relay_of_another_version_is_not_called_again() {
    let mut desk = Desk::paired(1);
    desk.cut(Some(CloseCode::Version));
    assert_eq!(problem(&desk, 0), "relay_version");
    desk.wait(60 * MINUTE);
    assert_eq!(desk.view(0).connection, Connection::Idle);
}

#[test]
fn reconnects_for_ever_with_growing_waits() {
    let mut desk = Desk::paired(1);
    desk.reachable = false;
    desk.cut(None);
    let mut longest = 0;
    for _ in 0..50 {
        let Connection::Waiting { retry_at } = desk.view(0).connection else { panic!("{:?}", desk.view(0).connection) };
        longest = longest.max(retry_at - desk.now);
        desk.wait(retry_at - desk.now);
    }
    assert!((30_000..=60_000).contains(&longest), "{longest} ms");
    desk.reachable = true;
    desk.event(0, Event::Online);
    assert_eq!(desk.view(0).connection, Connection::Online, "at once when the network is back");
}

#[test]
fn a_dead_line_is_noticed() {
    let mut desk = Desk::paired(2);
    desk.wait(5 * MINUTE);
    assert_eq!(desk.view(0).connection, Connection::Online);
    desk.reachable = false;
    desk.wait(31_000);
    assert!(matches!(desk.view(0).connection, Connection::Waiting { .. }), "no answer to a ping");
    assert!(desk.wake_of(0).is_some());
}

#[test]
fn joining_survives_restarts_on_both_sides() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    join(&mut desk, 1, &link);
    let digits = desk.digits(1);
    desk.restart(0);
    desk.restart(1);
    assert_eq!(desk.digits(1), digits);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    assert_eq!(desk.view(1).stage, Stage::Member);
    desk.copy(1, "hi");
    assert_eq!(desk.texts(0), ["hi"]);
}

#[test]
fn an_account_at_the_wrong_address_is_no_dead_end() {
    let mut desk = Desk::new(1);
    desk.reachable = false;
    desk.create();
    assert_eq!(desk.view(0).stage, Stage::Joining, "nothing is made until a relay answers");
    desk.restart(0);
    desk.command(0, Command::CancelJoin);
    assert_eq!(desk.view(0).stage, Stage::New);
    desk.create();
    desk.reachable = true;
    desk.create();
    assert_eq!(desk.view(0).stage, Stage::Member);
}

#[test]
fn a_long_absence_is_caught_up_though_the_log_grows_meanwhile() {
    // The new entry comes in at another moment of the catching up each time.
    for steps in 0..40 {
        let mut desk = Desk::new(3);
        desk.create();
        let link = desk.invite();
        join(&mut desk, 1, &link);
        let digits = desk.digits(1);
        desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
        desk.take_away(1);
        for i in 0..250 {
            desk.copy(0, &format!("clip {i}"));
            desk.wait(1000);
        }
        let link = desk.invite();
        join(&mut desk, 2, &link);
        let digits = desk.digits(2);
        desk.bring_back_while(1, steps, |desk| {
            desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
        });
        assert_eq!(desk.view(1).devices.len(), 3, "after {steps} steps");
        assert_eq!(desk.texts(1).len(), 250, "after {steps} steps");
        assert_eq!(desk.clipboard(1), ["clip 249"], "after {steps} steps");
    }
}

#[test]
fn a_wrong_clock_does_not_shorten_an_invite_or_keep_a_device_offline() {
    let mut desk = Desk::new(2);
    desk.create();
    desk.skew(0, 20 * 60_000);
    desk.cut(None);
    desk.wait(5_000);
    let link = desk.invite();
    desk.wait(60_000);
    join(&mut desk, 1, &link);
    let digits = desk.digits(1);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    assert_eq!(desk.view(1).stage, Stage::Member);
    desk.reachable = false;
    desk.cut(None);
    desk.skew(0, -20 * 60_000);
    desk.reachable = true;
    desk.event(0, Event::Timer);
    assert_eq!(desk.view(0).connection, Connection::Online);
}

#[test]
fn a_joiner_asleep_at_the_end_still_comes_in() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    join(&mut desk, 1, &link);
    let digits = desk.digits(1);
    desk.take_away(1);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    desk.wait(60 * MINUTE);
    desk.bring_back_while(1, 0, |_| {});
    assert_eq!(desk.view(1).stage, Stage::Member);
}

#[test]
fn leaving_forgets_everything() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "one");
    desk.command(1, Command::Leave);
    assert_eq!((desk.view(1).stage, desk.texts(1).len()), (Stage::New, 0));
    desk.restart(1);
    assert_eq!(desk.view(1).stage, Stage::New, "on disk too");
    let link = desk.invite();
    join(&mut desk, 1, &link);
    let digits = desk.digits(1);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    desk.copy(0, "two");
    assert_eq!(desk.texts(1), ["two"], "and it can come in again, as a new device");
}

#[test]
fn bulky_html_does_not_keep_its_text_back() {
    let mut desk = Desk::paired(2);
    let html = format!("few <b>words</b>{}", "<hr>".repeat(limits::CLIP_BYTES / 4));
    desk.command(0, Command::Push { text: "few words".into(), html: Some(html) });
    assert_eq!(desk.texts(1), ["few words"]);
    assert_eq!(desk.view(1).clips[0].html, None);
}

#[test]
fn an_account_that_the_relay_takes_late_is_the_one_that_is_started_again() {
    for (relay, outcome) in [(ORIGIN, Outcome::Done), ("https://other.example", Problem::AlreadyMember.into())] {
        let mut desk = Desk::new(1);
        desk.lie(|_, _, _| vec![]);
        desk.create();
        assert_eq!(desk.view(0).stage, Stage::Joining);
        desk.stop_lying();
        desk.restart(0);
        assert_eq!(desk.view(0).stage, Stage::Member);
        let again = || Command::CreateAccount { relay: relay.into(), name: "again".into(), token: None };
        assert_eq!(desk.command(0, again()), Some(outcome));
        assert_eq!(desk.command(0, again()), Some(Problem::AlreadyMember.into()), "once");
    }
}

#[test]
fn commands_out_of_place_are_explained() {
    let mut desk = Desk::new(1);
    desk.command(0, Command::Push { text: "x".into(), html: None });
    assert_eq!(problem(&desk, 0), "no_account");
    desk.command(0, Command::CreateAccount { relay: "relay".into(), name: "n".into(), token: None });
    assert_eq!(problem(&desk, 0), "bad_relay");
    desk.command(0, Command::CreateAccount { relay: ORIGIN.into(), name: " ".into(), token: None });
    assert_eq!(problem(&desk, 0), "bad_name");
    desk.create();
    desk.create();
    assert_eq!(problem(&desk, 0), "already_member");
    desk.command(0, Command::Approve { digits: None, share_history: false });
    assert_eq!(problem(&desk, 0), "no_request");
    desk.command(0, Command::Push { text: String::new(), html: None });
    assert_eq!(problem(&desk, 0), "empty");
}

#[test]
fn a_device_that_sleeps_is_woken_and_finds_the_clip() {
    let endpoint = "https://push.example/1";
    let mut desk = Desk::paired(2);
    assert!(!desk.view(1).push);
    desk.command(1, Command::SetPush { endpoint: Some(endpoint.into()) });
    assert!(desk.view(1).push);
    desk.copy(0, "seen at once");
    assert!(desk.woken.is_empty());
    desk.take_away(1);
    desk.copy(0, "while it sleeps");
    assert_eq!(desk.woken, [endpoint]);
    desk.bring_back_while(1, 0, |_| ());
    assert_eq!(desk.texts(1)[0], "while it sleeps");
    // The relay has lost its disk's newest state: the device tells it again when it is back.
    desk.restart(1);
    assert!(desk.view(1).push);
    desk.command(1, Command::SetPush { endpoint: None });
    desk.wait(60_000);
    desk.take_away(1);
    desk.copy(0, "it asked not to be woken");
    assert_eq!(desk.woken.len(), 1);
}

#[test]
fn an_address_that_no_relay_takes_is_refused_in_words() {
    let mut desk = Desk::paired(2);
    desk.command(1, Command::SetPush { endpoint: Some("ftp://push.example/1".into()) });
    assert_eq!(desk.view(1).problem, Some(Problem::PushRefused));
    desk.command(1, Command::SetPush { endpoint: Some("a".repeat(2000)) });
    assert_eq!(desk.view(1).problem, Some(Problem::BadPushAddress));
    assert!(!desk.view(1).push);
    // The bounds are known once the relay has said them.
    assert_eq!(desk.view(1).bounds.map(|bounds| bounds.items), Some(1000));
}

#[test]
fn two_programs_on_one_clipboard_do_not_take_turns_for_ever() {
    let mut desk = Desk::paired(2);
    for _ in 0..10 {
        for text in ["one", "other"] {
            // Device 1 puts each of them there once it has come, which is after the next.
            desk.copy(0, text);
            desk.wait(300);
        }
    }
    assert_eq!(desk.texts(1), ["other", "one", "other", "one"]);
    desk.wait(MINUTE);
    desk.copy(0, "one");
    assert_eq!(desk.texts(1).len(), 5, "a person who goes back to it later is heard");
}

#[test]
fn a_clock_put_forward_gives_them_one_more_turn() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "one");
    desk.copy(0, "other");
    desk.skew(0, 24 * 60 * MINUTE.cast_signed());
    for _ in 0..10 {
        for text in ["one", "other"] {
            desk.copy(0, text);
            desk.wait(300);
        }
    }
    // Nothing but the clock tells it that the first two were just now, and that is how it knows no person's hand.
    assert_eq!(desk.texts(1), ["other", "one", "other", "one", "other", "one"]);
}

/// Seed 2,004,589 of the storm.
#[test]
fn a_program_that_was_away_puts_an_older_clip_back_and_nobody_sends_it() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "older");
    desk.wait(20_000);
    desk.copy(1, "newer");
    // Another program on this clipboard comes back, and does not have the newer one yet.
    desk.copy(0, "older");
    assert_eq!(desk.texts(1), ["newer", "older"]);
    desk.copy(0, "else");
    desk.wait(MINUTE);
    desk.copy(0, "older");
    assert_eq!(desk.texts(1)[0], "older", "a person who goes back to it later is heard");
}

#[test]
fn what_another_device_brings_is_listed_at_once_and_on_the_clipboard_when_the_relay_has_it() {
    let mut desk = Desk::paired(3);
    // Where a sender begins, the relay has to show.
    desk.copy(0, "before");
    desk.lie(|way, device, frame| {
        let is_item = way == Way::Down && matches!(ToDevice::decode(&frame), Ok(ToDevice::Item(_)));
        if is_item && device == 1 { Vec::new() } else { vec![frame] }
    });
    let sealed = desk.listen();
    desk.open_line(1, 0);
    desk.copy(0, "one");
    desk.copy(0, "two");
    let envelopes: Vec<_> = sealed.take();
    let [one, two] = &envelopes[..] else { panic!("{} envelopes", envelopes.len()) };
    desk.pass(1, 0, two.clone());
    assert_eq!(desk.texts(1), ["before"], "what was sent before the second is missing");
    desk.pass(1, 0, one.clone());
    desk.pass(1, 0, one.clone());
    assert_eq!(desk.texts(1), ["two", "one", "before"]);
    assert_eq!(desk.clipboard(1), ["before"]);
    let places: Vec<_> = desk.view(1).clips.iter().map(|clip| clip.cursor.is_some()).collect();
    assert_eq!(places, [false, false, true], "nobody knows where the relay has them");
    let mut changed = two.clone();
    *changed.last_mut().expect("it is long") ^= 1;
    desk.pass(1, 0, changed);
    desk.stop_lying();
    desk.restart(1);
    assert_eq!(desk.texts(1), ["two", "one", "before"]);
    assert_eq!(desk.clipboard(1), ["before", "two"]);
    assert!(desk.view(1).clips.iter().all(|clip| clip.cursor.is_some()));
    assert!(desk.view(1).alerts.iter().all(|alert| alert.what.code() == "joined"));
}

#[test]
fn a_deletion_and_a_pin_wait_for_the_relay_whichever_line_brings_them_first() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "pinned");
    desk.copy(0, "deleted");
    desk.lie(|way, device, frame| {
        let is_item = way == Way::Down && matches!(ToDevice::decode(&frame), Ok(ToDevice::Item(_)));
        if is_item && device == 1 { Vec::new() } else { vec![frame] }
    });
    let sealed = desk.listen();
    desk.open_line(1, 0);
    let ids: Vec<_> = desk.view(0).clips.into_iter().map(|clip| clip.id).collect();
    let [deleted, pinned] = &ids[..] else { panic!("{} clips", ids.len()) };
    desk.copy(0, "in between");
    desk.command(0, Command::Delete { ids: vec![deleted.clone()] });
    desk.wait(UNDO_MS);
    desk.command(0, Command::Pin { id: pinned.clone(), pinned: true });
    desk.copy(0, "after");
    let envelopes = sealed.take();
    assert_eq!(envelopes.len(), 4, "two clips, a tombstone and a pin");
    for envelope in envelopes {
        desk.pass(1, 0, envelope);
    }
    assert_eq!(desk.texts(1), ["in between", "deleted", "pinned"], "what came after the tombstone waits too");
    assert!(desk.view(1).clips.iter().all(|clip| !clip.pinned));
    desk.stop_lying();
    desk.restart(1);
    assert_eq!(desk.texts(1), ["after", "in between", "pinned"]);
    assert!(desk.view(1).clips.iter().all(|clip| clip.pinned == (clip.id == *pinned)));
    assert!(desk.view(1).alerts.iter().all(|alert| alert.what.code() == "joined"));
}
