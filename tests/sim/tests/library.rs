//! The library as a person uses it, and secrets: stories with one point each.

use hushclip_engine::Event;
use hushclip_model::settings::{Apply, Change, Policy};
use hushclip_model::view::Filter;
use hushclip_model::{ClipView, Command, CommandId, Content, HELD_MS, Problem, Query, SecretKind, UNDO_MS};
use hushclip_protocol::frame::ToRelay;
use hushclip_sim::{Desk, Way};

const SECOND: u64 = 1_000;
const DAY: u64 = 24 * 60 * 60 * SECOND;

fn clip(desk: &Desk, device: usize, text: &str) -> ClipView {
    let found = desk.view(device).clips.into_iter().find(|clip| clip.text == text);
    found.unwrap_or_else(|| panic!("device {device} has no {text}"))
}

fn choose(desk: &mut Desk, device: usize, change: Change) {
    desk.command(device, Command::SetSettings { change });
}

fn send_codes() -> Change {
    Change::secret(SecretKind::Code, Policy::Send)
}

fn delete(desk: &mut Desk, device: usize, text: &str) {
    let ids = vec![clip(desk, device, text).id];
    desk.command(device, Command::Delete { ids });
}

fn no_alerts(desk: &Desk, devices: usize) {
    for device in 0..devices {
        let alerts = desk.view(device).alerts.into_iter().filter(|alert| alert.what.code() != "joined");
        let alerts: Vec<_> = alerts.map(|alert| alert.what.to_string()).collect();
        assert!(alerts.is_empty(), "device {device}: {alerts:?}");
    }
}

#[test]
fn what_is_deleted_goes_everywhere_after_a_while() {
    let mut desk = Desk::paired(3);
    for text in ["a", "b", "c"] {
        desk.copy(0, text);
    }
    delete(&mut desk, 1, "b");
    assert_eq!(desk.texts(1), ["c", "a"], "out of sight at once");
    assert_eq!(desk.texts(2), ["c", "b", "a"], "and still to be brought back");
    desk.wait(UNDO_MS + SECOND);
    for device in 0..3 {
        assert_eq!(desk.texts(device), ["c", "a"], "device {device}");
    }
    no_alerts(&desk, 3);
}

#[test]
fn a_deletion_can_be_taken_back() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "kept");
    delete(&mut desk, 0, "kept");
    assert!(desk.texts(0).is_empty());
    desk.command(0, Command::Undelete { ids: Vec::new() });
    desk.wait(UNDO_MS * 2);
    assert_eq!(desk.texts(0), ["kept"]);
    assert_eq!(desk.texts(1), ["kept"]);
}

#[test]
fn a_device_that_was_away_deletes_too_and_misses_nothing() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "one");
    desk.take_away(1);
    desk.copy(0, "two");
    delete(&mut desk, 0, "one");
    delete(&mut desk, 0, "two");
    desk.wait(UNDO_MS + SECOND);
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(60 * SECOND);
    assert!(desk.texts(1).is_empty());
    no_alerts(&desk, 2);
}

#[test]
fn what_was_never_sent_is_deleted_without_a_trace() {
    let mut desk = Desk::paired(2);
    desk.reachable = false;
    desk.cut(None);
    desk.copy(0, "a slip");
    desk.copy(0, "meant");
    delete(&mut desk, 0, "a slip");
    desk.wait(UNDO_MS + SECOND);
    desk.reachable = true;
    desk.wait(120 * SECOND);
    assert_eq!(desk.texts(1), ["meant"]);
    no_alerts(&desk, 2);
}

#[test]
fn everything_can_be_deleted() {
    let mut desk = Desk::paired(2);
    for n in 0..300 {
        desk.copy(0, &format!("clip {n}"));
        desk.wait(SECOND);
    }
    desk.command(1, Command::DeleteAll);
    desk.wait(UNDO_MS + 60 * SECOND);
    assert!(desk.texts(0).is_empty());
    assert!(desk.texts(1).is_empty());
    no_alerts(&desk, 2);
}

#[test]
fn a_deletion_survives_a_restart() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "a");
    delete(&mut desk, 1, "a");
    desk.restart(1);
    assert!(desk.texts(1).is_empty());
    desk.wait(UNDO_MS + SECOND);
    assert!(desk.texts(0).is_empty());
}

#[test]
fn pins_are_everywhere_and_outlast_newer_clips() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "address");
    let id = clip(&desk, 1, "address").id;
    desk.command(1, Command::Pin { id: id.clone(), pinned: true });
    assert!(clip(&desk, 0, "address").pinned);
    desk.command(0, Command::Pin { id, pinned: false });
    assert!(!clip(&desk, 1, "address").pinned);
    desk.restart(1);
    assert!(!clip(&desk, 1, "address").pinned);
    no_alerts(&desk, 2);
}

#[test]
fn a_search_finds_by_words_device_and_kind() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "Meeting notes for Monday");
    desk.copy(0, "https://example.org/notes");
    desk.wait(20 * SECOND);
    desk.copy(1, "monday groceries");
    let find = |query: Query| desk.find(0, &query).clips.into_iter().map(|clip| clip.text).collect::<Vec<_>>();
    let words = |text: &str| Query { text: text.into(), ..Query::default() };
    assert_eq!(find(words("MONDAY")), ["monday groceries", "Meeting notes for Monday"]);
    assert_eq!(find(words("monday notes")), ["Meeting notes for Monday"]);
    assert!(find(words("tuesday")).is_empty());
    let kind = |kind| Query { kind, ..Query::default() };
    assert_eq!(find(kind(Filter::Link)), ["https://example.org/notes"]);
    assert_eq!(find(kind(Filter::Text)).len(), 2);
    let device = desk.id(1);
    assert_eq!(find(Query { device: Some(device), ..Query::default() }), ["monday groceries"]);
    let few = desk.find(0, &Query { limit: 1, ..Query::default() });
    assert_eq!((few.clips.len(), few.found, few.total), (1, 3, 3));
}

#[test]
fn long_clips_are_shown_in_part_and_taken_whole() {
    let mut desk = Desk::paired(2);
    let long = "ä".repeat(5_000);
    desk.copy(0, &long);
    let shown = desk.find(1, &Query::default()).clips.remove(0);
    assert!(shown.cut && shown.text.chars().count() == 2_000);
    assert_eq!(desk.texts(1), [&*long]);
    desk.copy(1, "something else");
    desk.command(1, Command::Take { id: shown.id, plain: true });
    assert_eq!(desk.clipboard(1).last(), Some(&long));
    desk.copy(1, &long);
    assert_eq!(desk.texts(0).len(), 2, "what is taken from the list is no news");
}

#[test]
fn what_looks_like_a_secret_waits_for_an_answer() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "482913");
    assert!(desk.texts(1).is_empty());
    let held = desk.view(0).held.remove(0);
    assert_eq!((held.kind, held.hint.as_str()), (SecretKind::Code, "••••••"));
    desk.command(0, Command::AnswerSecret { id: held.id, send: true, remember: false, burn: false });
    assert_eq!(clip(&desk, 1, "482913").secret, Some(SecretKind::Code));
    assert!(desk.view(0).held.is_empty());
    desk.copy(0, "737373");
    desk.wait(HELD_MS + SECOND);
    assert!(desk.view(0).held.is_empty(), "nobody answered");
    desk.copy(0, "737373");
    assert_eq!(desk.view(0).held.len(), 1, "copied again, asked again");
    assert!(!desk.texts(1).contains(&"737373".into()));
}

#[test]
fn an_answer_is_remembered_for_its_kind() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "482913");
    let id = desk.view(0).held.remove(0).id;
    desk.command(0, Command::AnswerSecret { id, send: false, remember: true, burn: false });
    desk.copy(0, "111222");
    assert!(desk.view(0).held.is_empty());
    desk.restart(0);
    assert_eq!(desk.view(0).settings.secrets.code, Policy::Never);
    desk.copy(0, "4111 1111 1111 1111");
    assert_eq!(desk.view(0).held.len(), 1, "another kind is asked for");
}

#[test]
fn a_secret_has_a_short_life_everywhere() {
    let mut desk = Desk::paired(3);
    choose(&mut desk, 0, send_codes());
    desk.copy(0, "482913");
    assert_eq!(desk.clipboard(1), ["482913"]);
    desk.copy(2, "own copy");
    desk.wait(62 * SECOND);
    for device in 0..3 {
        assert!(!desk.texts(device).contains(&"482913".into()), "device {device}");
    }
    assert_eq!(desk.clipboard(1).last().map(String::as_str), Some("own copy"));
    no_alerts(&desk, 3);
}

#[test]
fn a_secret_that_is_still_on_the_clipboard_is_cleared_from_it() {
    let mut desk = Desk::paired(2);
    choose(&mut desk, 0, send_codes());
    choose(&mut desk, 0, Change { secret_life_s: Some(15), ..Change::default() });
    desk.copy(0, "482913");
    desk.wait(16 * SECOND);
    assert_eq!(desk.clipboard(1), ["482913", ""]);
    assert!(desk.clipboard(0).is_empty(), "what the person copied is theirs");
}

#[test]
fn a_device_that_comes_back_after_a_secret_has_gone_does_not_miss_it() {
    let mut desk = Desk::paired(2);
    choose(&mut desk, 0, send_codes());
    desk.take_away(1);
    desk.copy(0, "482913");
    desk.wait(DAY / 24);
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(60 * SECOND);
    assert!(desk.texts(1).is_empty());
    no_alerts(&desk, 2);
}

/// When a device says that its only secret goes.
fn ends(desk: &Desk, device: usize) -> u64 {
    desk.view(device).clips.into_iter().find_map(|clip| clip.expires_at).expect("a secret")
}

#[test]
fn all_devices_count_down_to_the_same_moment() {
    let mut desk = Desk::paired(3);
    choose(&mut desk, 0, send_codes());
    desk.take_away(2);
    desk.copy(0, "482913");
    let sender = ends(&desk, 0);
    desk.wait(25 * SECOND);
    desk.bring_back_while(2, 0, |_| {});
    assert_eq!([ends(&desk, 1), ends(&desk, 2)], [sender; 2], "also the one that came 25 seconds later");
    desk.wait(36 * SECOND);
    assert!((0..3).all(|device| desk.texts(device).is_empty()));
}

#[test]
fn a_secret_has_its_time_where_clocks_differ() {
    for skew in [-5 * 60_000, 5 * 60_000] {
        let mut desk = Desk::paired(2);
        choose(&mut desk, 0, send_codes());
        desk.skew(0, skew);
        desk.copy(0, "482913");
        desk.wait(50 * SECOND);
        assert_eq!(desk.texts(1), ["482913"], "{skew}");
    }
}

#[test]
fn a_secret_that_another_device_has_deleted_is_not_missed_either() {
    let mut desk = Desk::paired(3);
    choose(&mut desk, 0, send_codes());
    desk.copy(0, "earlier");
    desk.take_away(2);
    desk.copy(0, "482913");
    delete(&mut desk, 1, "482913");
    desk.wait(70 * SECOND);
    desk.copy(0, "later");
    desk.bring_back_while(2, 0, |_| {});
    assert_eq!(desk.texts(2), ["later", "earlier"]);
    no_alerts(&desk, 3);
}

#[test]
fn what_is_to_burn_goes_with_the_first_paste() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "482913");
    let id = desk.view(0).held.remove(0).id;
    desk.command(0, Command::AnswerSecret { id, send: true, remember: false, burn: true });
    assert_eq!(desk.clipboard(1), ["482913"]);
    desk.event(0, Event::Pasted);
    assert_eq!(desk.texts(1).len(), 1, "pastes where it was copied do not count");
    desk.event(1, Event::Pasted);
    assert_eq!(desk.clipboard(1), ["482913", ""]);
    for device in 0..3 {
        assert!(desk.texts(device).is_empty(), "device {device}");
    }
    no_alerts(&desk, 3);
}

#[test]
fn clips_go_on_the_clipboard_only_if_wanted() {
    for apply in [Apply::Ask, Apply::Never] {
        let mut desk = Desk::paired(2);
        choose(&mut desk, 1, Change { apply: Some(apply), ..Change::default() });
        desk.copy(0, "hello");
        assert!(desk.clipboard(1).is_empty());
        assert_eq!(desk.view(1).unread, 1);
        desk.command(1, Command::Seen);
        assert_eq!(desk.view(1).unread, 0);
        let id = clip(&desk, 1, "hello").id;
        desk.command(1, Command::Take { id, plain: false });
        assert_eq!(desk.clipboard(1), ["hello"]);
        desk.copy(1, "hello");
        assert_eq!(desk.texts(0).len(), 1);
    }
}

#[test]
fn what_is_chosen_on_two_screens_at_once_is_both_chosen() {
    let mut desk = Desk::paired(1);
    // Neither has seen what the other has made of it.
    choose(&mut desk, 0, Change { paused: Some(true), pause_sites: vec!["a.example".into()], ..Change::default() });
    choose(&mut desk, 0, Change { pause_sites: vec!["b.example".into()], ..send_codes() });
    choose(&mut desk, 0, Change { resume_sites: vec!["a.example".into()], ..Change::default() });
    let settings = desk.view(0).settings;
    assert!(settings.paused);
    assert_eq!(settings.paused_sites, ["b.example"]);
    assert_eq!((settings.secrets.code, settings.secrets.card), (Policy::Send, Policy::Ask));
}

#[test]
fn who_has_certainly_copied_something_again_means_it() {
    let mut desk = Desk::paired(2);
    let again = |desk: &mut Desk, text: &str| desk.event(0, Event::Copied(Content::text(text)));
    desk.copy(0, "mine");
    desk.copy(1, "theirs");
    assert_eq!(desk.clipboard(0), ["theirs"]);
    desk.copy(0, "mine");
    assert_eq!(desk.texts(1).len(), 2, "it may be another program's doing");
    again(&mut desk, "mine");
    assert_eq!(desk.texts(1).len(), 2, "the same copy, found in two ways");
    desk.wait(3 * SECOND);
    again(&mut desk, "mine");
    assert_eq!(desk.clipboard(1).last().map(String::as_str), Some("mine"));
    assert_eq!(desk.texts(1).len(), 3);
    again(&mut desk, "mine");
    assert_eq!(desk.texts(1).len(), 3, "the newest already");
}

#[test]
fn who_goes_back_to_a_copy_at_once_means_it_too() {
    let mut desk = Desk::paired(2);
    for text in ["this", "no, that", "this after all", "no, that", "this after all"] {
        desk.event(0, Event::Copied(Content::text(text)));
        desk.wait(300);
    }
    assert_eq!(desk.clipboard(1), ["this", "no, that", "this after all", "no, that", "this after all"]);
}

#[test]
fn a_paused_device_sends_no_copies_and_none_of_them_later() {
    let mut desk = Desk::paired(2);
    let pause_sites = vec!["b.example".into(), "a.example".into(), String::new(), "a.example".into()];
    choose(&mut desk, 0, Change { paused: Some(true), pause_sites, ..Change::default() });
    desk.copy(0, "private");
    choose(&mut desk, 0, Change { paused: Some(false), ..Change::default() });
    desk.copy(0, "private");
    assert!(desk.texts(1).is_empty());
    desk.copy(0, "public");
    assert_eq!(desk.texts(1), ["public"]);
    let settings = desk.view(0).settings;
    assert_eq!(settings.paused_sites, ["a.example", "b.example"]);
    assert!(settings.catches(Some(&["c.example".into()])) && !settings.catches(Some(&["a.example".into()])));
}

#[test]
fn only_the_harmless_form_of_a_copy_leaves() {
    let mut desk = Desk::paired(2);
    let html =
        "<style>p{}</style><p style='color:red' onclick=x>see <i>there</i><img src=https://tracker.example/1.png>";
    desk.event(0, Event::LocalCopy(Content { text: "see there".into(), html: Some(html.into()) }));
    for device in 0..2 {
        assert_eq!(clip(&desk, device, "see there").html.as_deref(), Some("<p>see <i>there</i></p>"));
    }
}

#[test]
fn a_copied_picture_is_not_its_description() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "before");
    let picture = || Some("<img src=https://example.org/kitten.png alt='A kitten'>".to_owned());
    desk.event(0, Event::LocalCopy(Content { text: "A kitten".into(), html: picture() }));
    let outcome = desk.command(0, Command::Push { text: "A kitten".into(), html: picture() });
    assert_eq!(outcome, Some(Problem::Empty.into()));
    assert_eq!(desk.texts(1), ["before"]);
}

#[test]
fn a_history_goes_into_a_file_and_comes_back_elsewhere() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "first");
    desk.copy(0, "second");
    let id = clip(&desk, 0, "first").id;
    desk.command(0, Command::Pin { id, pinned: true });
    let archive = desk.archive(0);
    assert_eq!(archive.clips.len(), 2);
    let mut other = Desk::paired(2);
    other.wait(SECOND);
    other.copy(1, "newer");
    let twice = [archive.clips.clone(), archive.clips.clone()].concat();
    other.event(0, Event::Import { id: CommandId(1), clips: twice });
    other.event(0, Event::Import { id: CommandId(2), clips: archive.clips });
    assert_eq!(other.texts(0), ["newer", "second", "first"]);
    let first = clip(&other, 0, "first");
    assert!(first.pinned && !first.own && first.from == "device 0" && first.awaited.is_empty());
    assert_eq!(other.texts(1), ["newer"], "it stays where it was imported");
    assert_eq!((other.view(0).waiting, other.view(0).unread), (0, 1));
    other.restart(0);
    assert_eq!(other.texts(0), ["newer", "second", "first"]);
    delete(&mut other, 0, "first");
    other.wait(UNDO_MS + SECOND);
    assert_eq!(other.texts(0), ["newer", "second"]);
    no_alerts(&other, 2);
}

#[test]
fn the_last_touch_is_told_while_there_is_no_line() {
    let mut desk = Desk::paired(2);
    assert_eq!(desk.view(1).in_touch_at, None);
    desk.reachable = false;
    let gone = desk.now;
    desk.cut(None);
    desk.wait(60 * SECOND);
    let told = desk.view(1).in_touch_at.unwrap_or_default();
    assert!(told.abs_diff(gone) < 2 * SECOND, "{told} is not {gone}");
    desk.restart(1);
    assert!(desk.view(1).in_touch_at.is_some());
}

#[test]
fn who_has_certainly_copied_what_was_deleted_wants_it_again() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "oops");
    let id = desk.view(0).clips[0].id.clone();
    desk.command(0, Command::Delete { ids: vec![id] });
    desk.wait(3_000);
    desk.event(0, Event::Copied(Content::text("oops")));
    desk.wait(20_000);
    assert_eq!((desk.texts(0), desk.texts(1)), (vec!["oops".to_owned()], vec!["oops".to_owned()]));
    let id = desk.view(0).clips[0].id.clone();
    desk.command(0, Command::Delete { ids: vec![id] });
    desk.wait(10_000);
    desk.event(0, Event::Copied(Content::text("oops")));
    assert_eq!(desk.texts(1), ["oops"]);
}

#[test]
fn a_copy_that_was_found_and_deleted_at_once_is_not_found_again() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "oops");
    let id = desk.view(0).clips[0].id.clone();
    desk.command(0, Command::Delete { ids: vec![id] });
    desk.wait(100);
    desk.event(0, Event::Copied(Content::text("oops")));
    desk.wait(20_000);
    assert_eq!((desk.texts(0).len(), desk.texts(1).len()), (0, 0));
}

#[test]
fn what_another_agent_puts_in_the_place_of_a_copy_is_none() {
    let mut desk = Desk::paired(2);
    desk.copy(1, "theirs");
    desk.wait(3_000);
    desk.copy(0, "mine");
    desk.wait(3_000);
    // The person has copied something here; by the time of the look, an agent that was away has put this there.
    desk.event(0, Event::Copied(Content::text("theirs")));
    assert_eq!(
        (desk.texts(0), desk.texts(1)),
        (vec!["mine".into(), "theirs".into()], vec!["mine".into(), "theirs".into()])
    );
}

#[test]
fn an_older_copy_that_another_agent_puts_in_the_place_of_a_newer_one_is_none() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "first");
    desk.wait(15_000);
    desk.copy(0, "second");
    // That agent was away, has only now got the first one, and has not heard of the second.
    desk.wait(300);
    desk.event(0, Event::LocalCopy(Content::text("first")));
    desk.wait(3_000);
    assert_eq!(
        (desk.texts(0), desk.texts(1)),
        (vec!["second".into(), "first".into()], vec!["second".into(), "first".into()])
    );
    // A person takes longer to go back.
    desk.copy(0, "third");
    desk.wait(3_000);
    desk.copy(0, "second");
    assert_eq!(desk.texts(1), ["second", "third", "second", "first"]);
}

#[test]
fn what_waits_to_be_sent_is_not_sent_twice_whatever_the_clock_does() {
    let mut desk = Desk::paired(2);
    desk.lie(|way, device, frame| {
        let is_push = matches!(ToRelay::decode(&frame), Ok(ToRelay::Push { .. }));
        if way == Way::Up && device == 0 && is_push { Vec::new() } else { vec![frame] }
    });
    desk.copy(0, "first");
    desk.copy(0, "on its way");
    desk.copy(1, "theirs");
    assert_eq!((desk.texts(0)[0].as_str(), desk.view(0).waiting), ("theirs", 2));
    // The browser vouches for the copy only now, by a clock that was put forward meanwhile.
    desk.skew(0, 24 * 60 * 60_000);
    desk.event(0, Event::Copied(Content::text("on its way")));
    desk.stop_lying();
    desk.cut(None);
    desk.wait(60_000);
    assert_eq!(desk.texts(1), ["on its way", "first", "theirs"]);
}
