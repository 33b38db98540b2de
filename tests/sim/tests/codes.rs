//! Stories of pairing by typed code and of sharing history, on a desk where nothing is lost unless the
//! story says so.

use std::cell::RefCell;
use std::rc::Rc;

use hushclip_engine::Event;
use hushclip_mailbox::Nameplate;
use hushclip_model::Command;
use hushclip_model::view::Stage;
use hushclip_protocol::frame::{InviteNote, InviteStep, ToDevice, ToRelay};
use hushclip_protocol::ids::{InviteId, MailboxId};
use hushclip_protocol::limits;
use hushclip_sim::{Desk, ORIGIN, Way};

fn problem(desk: &Desk, device: usize) -> String {
    desk.view(device).problem.map(|p| p.code().to_owned()).unwrap_or_default()
}

fn code(desk: &mut Desk) -> String {
    desk.command(0, Command::InviteByCode);
    desk.view(0).invite.and_then(|invite| invite.secret).unwrap_or_default()
}

fn join(desk: &mut Desk, device: usize, code: &str) {
    let (relay, name) = (ORIGIN.into(), format!("device {device}"));
    desk.command(device, Command::JoinByCode { relay, code: code.into(), name });
}

fn approve(desk: &mut Desk, share_history: bool) {
    desk.command(0, Command::Approve { digits: None, share_history });
}

/// Another word in the place of the last one.
fn other_words(code: &str) -> String {
    let (start, word) = code.rsplit_once('-').expect("a code");
    format!("{start}-{}", if word == "abacus" { "zoom" } else { "abacus" })
}

#[test]
fn a_code_lets_a_device_in() {
    let mut desk = Desk::new(2);
    desk.create();
    desk.copy(0, "before");
    let code = code(&mut desk);
    assert_eq!(code.split('-').count(), 3, "{code}");
    desk.copy(0, &code);
    join(&mut desk, 1, &format!(" {} ", code.replace('-', " ").to_uppercase()));
    let invite = desk.view(0).invite.expect("it waits");
    assert_eq!((invite.request.as_deref(), invite.by_code), (Some("device 1"), true));
    assert_eq!(desk.view(1).joining.expect("it waits").digits, None);
    approve(&mut desk, false);
    assert_eq!(desk.view(1).stage, Stage::Member);
    desk.copy(0, "after");
    assert_eq!(desk.texts(1), ["after"], "neither the code nor what came before");
}

#[test]
fn history_is_shared_on_request() {
    for (by_code, share) in [(true, true), (false, true), (false, false)] {
        let mut desk = Desk::paired(2);
        desk.copy(0, "one");
        desk.command(1, Command::SetRotation { minutes: 30 });
        desk.wait(31 * 60_000);
        desk.copy(1, "two");
        desk.add_device();
        if by_code {
            let code = code(&mut desk);
            join(&mut desk, 2, &code);
            approve(&mut desk, share);
        } else {
            let link = desk.invite();
            desk.command(2, Command::Join { link, name: "device 2".into() });
            let digits = desk.digits(2);
            desk.command(0, Command::Approve { digits: Some(digits), share_history: share });
        }
        assert_eq!(desk.view(2).stage, Stage::Member);
        assert_eq!(desk.texts(2), if share { vec!["two", "one"] } else { vec![] });
        assert!(desk.view(2).alerts.is_empty());
        assert_eq!(desk.clipboard(2).len(), usize::from(share));
        desk.copy(0, "three");
        assert_eq!(desk.texts(2)[0], "three");
    }
}

#[test]
fn whose_a_code_is_shows_only_to_who_has_the_words() {
    let mut desk = Desk::new(2);
    desk.create();
    let code = code(&mut desk);
    let number = code.split('-').next().expect("a number").to_owned();
    desk.take_away(0);
    join(&mut desk, 1, &code);
    // It has the offer and waits for the other device; what it may know by now is the number.
    desk.restart(1);
    assert!(desk.dialled(1).ends_with(&format!("/v1/nameplate/{number}")), "{}", desk.dialled(1));
    desk.bring_back_while(0, 100, |_| {});
    assert!(desk.view(0).invite.is_some_and(|invite| invite.request.is_some()));
    // Both have confirmed. From here on it needs no number, which ends before the welcome does.
    desk.restart(1);
    assert!(desk.dialled(1).contains("/v1/mailbox/"), "{}", desk.dialled(1));
    approve(&mut desk, false);
    assert_eq!(desk.view(1).stage, Stage::Member);
}

#[test]
fn wrong_words_end_the_code_at_once() {
    let mut desk = Desk::new(3);
    desk.create();
    let code = code(&mut desk);
    join(&mut desk, 1, &other_words(&code));
    assert_eq!((problem(&desk, 0).as_str(), problem(&desk, 1).as_str()), ("wrong_code", "code_refused"));
    assert!(desk.view(0).invite.is_none());
    assert_eq!(desk.view(1).stage, Stage::New);
    join(&mut desk, 2, &code);
    assert_eq!(problem(&desk, 2), "code_gone", "the right words come too late");
    assert_eq!(desk.view(0).devices.len(), 1);
}

#[test]
fn a_code_that_was_tried_gives_a_relay_no_second_guess() {
    for restarts in [false, true] {
        let mut desk = Desk::new(3);
        desk.create();
        let code = code(&mut desk);
        desk.take_away(0);
        join(&mut desk, 1, &code);
        // It has answered an offer, which is all that a guess takes.
        let heard = Rc::new(RefCell::new(0));
        let count = Rc::clone(&heard);
        desk.lie(move |way, device, frame| {
            *count.borrow_mut() += u32::from(way == Way::Up && device == 1);
            vec![frame]
        });
        if restarts {
            desk.command(1, Command::CancelJoin);
            desk.restart(1);
        }
        join(&mut desk, 1, &code.to_uppercase());
        assert_eq!((problem(&desk, 1).as_str(), *heard.borrow()), ("code_void", 0), "restarted: {restarts}");
        join(&mut desk, 1, &other_words(&code));
        assert!(*heard.borrow() > 0, "another one is tried");
    }
}

#[test]
fn a_second_device_with_the_code_ends_it_for_both() {
    let mut desk = Desk::new(4);
    desk.create();
    let first = code(&mut desk);
    join(&mut desk, 1, &first);
    assert!(desk.view(0).invite.is_some_and(|invite| invite.request.is_some()));
    join(&mut desk, 2, &first);
    for device in 0..3 {
        assert_eq!(problem(&desk, device), "code_void", "device {device}");
    }
    assert!(desk.view(0).invite.is_none());
    assert_eq!((desk.view(1).stage, desk.view(2).stage), (Stage::New, Stage::New));
    approve(&mut desk, false);
    assert_eq!(desk.view(0).devices.len(), 1, "there is nothing to approve any more");
    // Whoever is in stays in.
    desk.command(0, Command::Dismiss);
    let second = code(&mut desk);
    join(&mut desk, 1, &second);
    approve(&mut desk, false);
    assert_eq!(desk.view(1).stage, Stage::Member);
    join(&mut desk, 3, &second);
    assert_eq!(problem(&desk, 3), "code_gone");
    assert_eq!((desk.view(0).problem, desk.view(1).problem), (None, None));
}

#[test]
fn a_code_works_for_ten_minutes_and_until_it_is_cancelled() {
    let mut desk = Desk::new(2);
    desk.create();
    let late = code(&mut desk);
    desk.wait(limits::INVITE_MS + 1);
    desk.event(0, Event::Timer);
    assert_eq!(desk.view(0).problem, None, "its time is no news");
    join(&mut desk, 1, &late);
    assert_eq!(problem(&desk, 1), "code_gone");
    let cancelled = code(&mut desk);
    desk.command(0, Command::CancelInvite);
    assert_eq!(desk.view(0).problem, None);
    join(&mut desk, 1, &cancelled);
    assert_eq!(problem(&desk, 1), "code_gone");
    let waiting = code(&mut desk);
    join(&mut desk, 1, &waiting);
    desk.command(0, Command::CancelInvite);
    assert_eq!((problem(&desk, 1).as_str(), desk.view(1).stage), ("code_void", Stage::New));
    let refused = code(&mut desk);
    join(&mut desk, 1, &refused);
    desk.command(0, Command::Refuse);
    assert_eq!((problem(&desk, 1).as_str(), desk.view(1).stage), ("invite_refused", Stage::New));
}

#[test]
fn a_lost_answer_about_the_nameplate_costs_five_seconds() {
    let mut desk = Desk::new(2);
    desk.create();
    desk.nameplates_silent = true;
    assert_eq!(code(&mut desk), "", "not before the number leads here");
    desk.copy(0, "meanwhile");
    assert_eq!(desk.view(0).waiting, 0, "clips do not wait for it");
    desk.wait(12_000);
    desk.restart(0);
    desk.nameplates_silent = false;
    desk.wait(6_000);
    let code = desk.view(0).invite.and_then(|invite| invite.secret).unwrap_or_default();
    join(&mut desk, 1, &code);
    approve(&mut desk, false);
    assert_eq!(desk.view(1).stage, Stage::Member);
}

#[test]
fn a_joiner_may_sleep_for_a_day_though_the_number_leads_elsewhere_by_then() {
    let mut desk = Desk::new(2);
    desk.create();
    let code = code(&mut desk);
    let number = code.split('-').next().unwrap_or_default().to_owned();
    desk.nameplates_silent = true;
    join(&mut desk, 1, &code);
    assert_eq!(desk.dialled(1), format!("wss://relay.test/v1/nameplate/{number}"));
    desk.take_away(1);
    approve(&mut desk, false);
    let elsewhere = Nameplate { mailbox: MailboxId::from_bytes([9; 16]), until_ms: u64::MAX };
    desk.nameplates.insert(number.parse().expect("a number"), elsewhere);
    desk.wait(limits::WELCOME_MS - 60_000);
    desk.bring_back_while(1, 0, |_| {});
    assert!(desk.dialled(1).starts_with("wss://relay.test/v1/mailbox/"), "{}", desk.dialled(1));
    assert_eq!(desk.view(1).stage, Stage::Member);
}

#[test]
fn what_is_no_code_is_said_so() {
    let mut desk = Desk::new(1);
    for (typed, expected) in [("hello", "bad_code"), ("4-purple", "bad_code"), ("4-purpel-cactus", "bad_code")] {
        join(&mut desk, 0, typed);
        assert_eq!(problem(&desk, 0), expected);
    }
    let message = desk.view(0).problem.map(|problem| problem.to_string()).unwrap_or_default();
    assert!(message.contains("“purpel”. Did you mean “purple”?"), "{message}");
    let command = Command::JoinByCode { relay: "nowhere".into(), code: "4-purple-cactus".into(), name: "x".into() };
    desk.command(0, command);
    assert_eq!(problem(&desk, 0), "bad_relay");
}

#[test]
fn a_taken_nameplate_is_passed_over() {
    let mut desk = Desk::new(2);
    desk.create();
    let elsewhere = Nameplate { mailbox: MailboxId::from_bytes([9; 16]), until_ms: u64::MAX };
    desk.nameplates = (1..=99).map(|number| (number, elsewhere)).collect();
    let code = code(&mut desk);
    let number: u32 = code.split('-').next().and_then(|n| n.parse().ok()).expect("a number");
    assert!(number > 99, "{code}");
    join(&mut desk, 1, &code);
    approve(&mut desk, false);
    assert_eq!(desk.view(1).stage, Stage::Member);
    desk.nameplates = (1..=limits::NAMEPLATE).map(|number| (number, elsewhere)).collect();
    desk.command(0, Command::InviteByCode);
    assert_eq!(problem(&desk, 0), "too_many_invites", "it does not try for ever");
}

#[test]
fn no_account_takes_all_numbers() {
    let mut desk = Desk::new(1);
    desk.create();
    for _ in 0..100 {
        desk.command(0, Command::InviteByCode);
        desk.wait(1_000);
        desk.command(0, Command::CancelInvite);
    }
    assert_eq!(problem(&desk, 0), "too_many_invites");
    assert_eq!(desk.nameplates.len(), 32);
    desk.wait(limits::INVITE_MS);
    desk.command(0, Command::Dismiss);
    assert_ne!(code(&mut desk), "", "they are free again");
    assert_eq!(problem(&desk, 0), "");
}

#[test]
fn pairing_by_code_survives_a_cut_after_every_frame() {
    for cut_after in 0..14 {
        let mut desk = Desk::new(2);
        desk.create();
        let code = code(&mut desk);
        let mut seen = 0;
        // One frame is lost, and with it, a moment later, the connection.
        desk.lie(move |_, _, frame| {
            seen += 1;
            if seen == cut_after + 1 { Vec::new() } else { vec![frame] }
        });
        join(&mut desk, 1, &code);
        for _ in 0..4 {
            if desk.view(0).invite.is_some_and(|invite| invite.request.is_some()) {
                approve(&mut desk, false);
            }
            desk.cut(None);
            desk.event(0, Event::Online);
            desk.restart(1);
            desk.wait(5_000);
        }
        assert_eq!(desk.view(1).stage, Stage::Member, "cut after frame {cut_after}: {:?}", desk.view(1).problem);
    }
}

#[test]
fn attack_relay_answers_the_joiner_itself() {
    let mut desk = Desk::new(2);
    desk.create();
    let code = code(&mut desk);
    // It does not know the words, so all it can do is to change what the two say.
    desk.lie(|way, _, frame| {
        if way == Way::Down
            && let Ok(ToDevice::InviteNote(mut note)) = ToDevice::decode(&frame)
            && note.step == InviteStep::Offer
        {
            let last = note.bytes.len() - 1;
            note.bytes[last] ^= 1;
            return vec![ToDevice::InviteNote(note).encode()];
        }
        vec![frame]
    });
    join(&mut desk, 1, &code);
    assert_eq!(problem(&desk, 0), "wrong_code");
    assert_eq!(desk.view(1).stage, Stage::New);
}

#[test]
fn attack_relay_passes_a_second_request_on() {
    let mut desk = Desk::new(3);
    desk.create();
    let code = code(&mut desk);
    join(&mut desk, 1, &code);
    assert!(desk.view(0).invite.is_some_and(|invite| invite.request.is_some()));
    // A request made for other words, or by another device, in place of the first.
    let foreign =
        InviteNote { invite: InviteId::from_bytes([0; 16]), step: InviteStep::Request, bytes: vec![1, 2, 3].into() };
    desk.tell(0, &ToDevice::InviteNote(foreign.clone()));
    assert!(desk.view(0).invite.is_some(), "for another invite: nothing to do with this one");
    approve(&mut desk, false);
    assert_eq!(desk.view(1).stage, Stage::Member);
}

#[test]
fn attack_inviter_that_does_not_know_the_words_is_left() {
    let mut desk = Desk::new(2);
    desk.create();
    let code = code(&mut desk);
    desk.lie(|way, _, frame| {
        if way == Way::Down
            && let Ok(ToDevice::InviteNote(mut note)) = ToDevice::decode(&frame)
            && note.step == InviteStep::Reveal
        {
            note.bytes[0] ^= 1;
            return vec![ToDevice::InviteNote(note).encode()];
        }
        vec![frame]
    });
    join(&mut desk, 1, &code);
    assert_eq!(problem(&desk, 1), "code_refused");
    assert_eq!(desk.view(1).stage, Stage::New);
}

#[test]
fn attack_relay_shows_a_second_request_with_the_right_words() {
    let mut desk = Desk::new(3);
    desk.create();
    let code = code(&mut desk);
    let offers = Rc::new(RefCell::new(None));
    let keep = Rc::clone(&offers);
    desk.lie(move |_, _, frame| {
        if let Ok(ToDevice::InviteNote(note)) = ToDevice::decode(&frame)
            && note.step == InviteStep::Offer
        {
            *keep.borrow_mut() = Some(note);
        }
        vec![frame]
    });
    join(&mut desk, 1, &code);
    assert!(desk.view(0).invite.is_some_and(|invite| invite.request.is_some()));
    // It keeps quiet about the second device, gives it the offer, and shows its request to the inviter.
    let caught = Rc::new(RefCell::new(None));
    let (keep, offer) = (Rc::clone(&caught), offers.borrow_mut().take().expect("an offer"));
    desk.lie(move |way, device, frame| match ToRelay::decode(&frame) {
        Ok(ToRelay::CodeClaim { .. }) if way == Way::Up && device == 2 => Vec::new(),
        Ok(ToRelay::InviteNote(note)) if way == Way::Up && device == 2 => {
            *keep.borrow_mut() = Some(note);
            Vec::new()
        }
        _ => vec![frame],
    });
    join(&mut desk, 2, &code);
    desk.tell(2, &ToDevice::InviteNote(offer));
    let request = caught.borrow_mut().take().expect("it answers");
    desk.tell(0, &ToDevice::InviteNote(request));
    assert_eq!(problem(&desk, 0), "code_void");
    assert_eq!(desk.view(1).stage, Stage::New, "the first one is turned away as well");
    approve(&mut desk, false);
    assert_eq!(desk.view(0).devices.len(), 1);
}

#[test]
fn a_relay_that_cannot_write_is_told_as_that_and_voids_no_code() {
    let mut desk = Desk::new(2);
    desk.create();
    desk.fill_relay(true);
    assert_eq!(code(&mut desk), "");
    let told = desk.view(0).problem.expect("it is told");
    assert_eq!(told.code(), "relay_no_space");
    assert!(told.to_string().contains("run out of space"), "{told}");
    desk.fill_relay(false);
    let code = code(&mut desk);
    desk.fill_relay(true);
    join(&mut desk, 1, &code);
    let told = desk.view(1).problem.expect("it is told");
    assert!(told.to_string().contains("run out of space"), "{told}");
    assert_eq!(desk.view(1).stage, Stage::Joining, "it tries again");
    assert!(desk.view(0).invite.is_some(), "nobody has used the code");
    desk.fill_relay(false);
    desk.wait(60_000);
    approve(&mut desk, false);
    assert_eq!(desk.view(1).stage, Stage::Member);
}

#[test]
fn a_new_code_does_not_leave_a_device_behind_that_was_let_in() {
    let mut desk = Desk::new(3);
    desk.create();
    let first = code(&mut desk);
    join(&mut desk, 1, &first);
    desk.lie(|way, _, frame| match ToRelay::decode(&frame) {
        Ok(ToRelay::LogAppend(_)) if way == Way::Up => Vec::new(),
        _ => vec![frame],
    });
    approve(&mut desk, false);
    assert_eq!(code(&mut desk), "");
    assert_eq!(problem(&desk, 0), "invite_handing_over");
    desk.stop_lying();
    desk.wait(60_000);
    assert_eq!(desk.view(1).stage, Stage::Member);
    assert_eq!(problem(&desk, 0), "", "it is in");
    let second = code(&mut desk);
    join(&mut desk, 2, &second);
    approve(&mut desk, false);
    assert_eq!(desk.view(2).stage, Stage::Member);
}
