//! The driver over a real engine, and a disk that is a map.

use std::collections::BTreeMap;

use hushclip_model::{Command, Content, Outcome};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::*;

const NOW: u64 = 1_700_000_000_000;

struct Desk {
    driver: Driver,
    disk: BTreeMap<String, Vec<u8>>,
    rng: ChaCha20Rng,
    now: u64,
}

impl Desk {
    /// A device with an account, on a line that nobody has answered.
    fn with_account() -> Self {
        let driver = Driver::open([]).expect("a fresh one");
        let mut desk = Self { driver, disk: BTreeMap::new(), rng: ChaCha20Rng::seed_from_u64(1), now: NOW };
        desk.driver.push(Event::Started);
        desk.ask(1, create());
        desk.run();
        desk
    }

    fn ask(&mut self, id: u64, command: Command) {
        self.driver.push(Event::Command { id: CommandId(id), command });
    }

    fn next(&mut self) -> Option<Step> {
        self.driver.next(self.now, &mut self.rng)
    }

    /// Does all that is to be done; what that was, without the storing.
    fn run(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        while let Some(step) = self.next() {
            match step {
                Step::Store(writes) => {
                    self.store(writes);
                    self.driver.stored();
                }
                Step::Load(keys) => {
                    let read = |key: String| {
                        let value = self.disk.get(&key).cloned();
                        (key, value)
                    };
                    let records = keys.into_iter().map(read).collect();
                    self.driver.loaded(records, self.now);
                }
                step => steps.push(step),
            }
        }
        steps
    }

    fn store(&mut self, writes: Vec<Write>) {
        for write in writes {
            match write {
                Write::Put { key, value } => self.disk.insert(key, value),
                Write::Delete { key } => self.disk.remove(&key),
            };
        }
    }
}

fn create() -> Command {
    let (relay, name) = ("https://relay.example".to_owned(), "Laptop".to_owned());
    Command::CreateAccount { relay, name, token: None }
}

fn opened(steps: &[Step]) -> LineId {
    let opened = steps.iter().find_map(|step| if let Step::Open { line, .. } = step { Some(*line) } else { None });
    opened.expect("a line is opened")
}

#[test]
fn nothing_is_handed_out_before_what_came_first_is_stored() {
    let mut desk = Desk::with_account();
    desk.ask(2, Command::Push { text: "one".into(), html: None });
    let Some(Step::Store(writes)) = desk.next() else { panic!("a clip is stored first") };
    assert_eq!(desk.next(), None, "the answer says that it is");
    desk.store(writes);
    desk.driver.stored();
    let steps = desk.run();
    assert!(matches!(&steps[0], Step::Answer(Answered { id: CommandId(2), outcome: Outcome::Queued { .. } })));
    assert_eq!(steps.last(), Some(&Step::Show));
}

#[test]
fn what_an_old_line_says_is_not_heard() {
    let mut desk = Desk::with_account();
    let old = desk.driver.line.expect("it is on one");
    desk.driver.line(old, Said::Closed { code: None });
    desk.run();
    desk.driver.push(Event::Online);
    let line = opened(&desk.run());
    assert!(matches!(&desk.driver.view_without_clips().connection, Connection::Connecting));
    desk.driver.line(old, Said::Closed { code: None });
    assert_eq!(desk.run(), []);
    desk.driver.line(line, Said::Closed { code: None });
    assert!(matches!(desk.run()[..], [Step::WakeAt(_), Step::Show]));
    assert!(matches!(desk.driver.view_without_clips().connection, Connection::Waiting { .. }));
}

#[test]
fn a_change_that_is_not_stored_is_tried_until_it_is_and_meanwhile_nothing_else_is() {
    let mut desk = Desk::with_account();
    desk.ask(2, Command::Push { text: "one".into(), html: None });
    let Some(Step::Store(writes)) = desk.next() else { panic!("a clip is stored first") };
    desk.driver.failed(Problem::StorageFull, desk.now);
    let steps = desk.run();
    assert!(matches!(
        &steps[..],
        [Step::Close { .. }, Step::Notice(Notice::Failed { problem: Problem::StorageFull }), Step::Show]
    ));
    assert_eq!(desk.driver.view_without_clips().problem, Some(Problem::StorageFull));
    let again_at = desk.driver.again_at().expect("it is tried again");
    assert_eq!(desk.next(), None);
    desk.now = again_at;
    assert_eq!(desk.next(), Some(Step::Store(writes.clone())));
    desk.driver.failed(Problem::StorageFull, desk.now);
    assert_eq!(desk.next(), Some(Step::Show), "it is told once");
    // Whoever comes back tries at once.
    desk.driver.push(Event::Online);
    assert_eq!(desk.next(), Some(Step::Store(writes)));
    desk.driver.stored();
    let steps = desk.run();
    assert!(matches!(&steps[0], Step::Answer(Answered { id: CommandId(2), .. })), "{steps:?}");
    assert_eq!(desk.driver.view_without_clips().problem, None);
}

#[test]
fn a_failure_that_is_over_is_not_told() {
    let mut desk = Desk::with_account();
    desk.ask(2, Command::Push { text: "one".into(), html: None });
    assert!(matches!(desk.next(), Some(Step::Store(_))));
    desk.driver.failed(Problem::StorageFull, desk.now);
    desk.run();
    desk.driver.push(Event::Online);
    assert!(matches!(desk.next(), Some(Step::Store(_))));
    desk.ask(3, Command::Push { text: "two".into(), html: None });
    desk.driver.stored();
    assert!(desk.run().iter().all(|step| !matches!(step, Step::Notice(_))));
}

#[test]
fn a_copy_that_waits_is_not_overwritten_unless_the_person_picks_something() {
    let mut desk = Desk::with_account();
    let text = |text: &str| Content::text(text);
    desk.ask(2, Command::Push { text: "one".into(), html: None });
    desk.run();
    let id = desk.driver.engine().view().clips[0].id.clone();
    desk.driver.effects.push_back(Effect::WriteClipboard { content: text("theirs"), picked: false });
    desk.driver.push_copy(Event::LocalCopy(text("mine")));
    assert!(desk.run().iter().all(|step| !matches!(step, Step::WriteClipboard { .. })));
    desk.ask(3, Command::Take { id, plain: false });
    desk.driver.push_copy(Event::LocalCopy(text("mine too")));
    let picked = Step::WriteClipboard { content: text("one"), picked: true };
    assert!(desk.run().contains(&picked));
}

#[test]
fn whoever_waits_for_an_answer_gets_one_at_the_end() {
    let mut desk = Desk::with_account();
    desk.ask(2, Command::Push { text: "one".into(), html: None });
    desk.ask(3, Command::Dismiss);
    assert!(matches!(desk.next(), Some(Step::Store(_))));
    let answers = desk.driver.abandon(&Problem::Locked);
    let ids: Vec<_> = answers.iter().map(|answered| answered.id.0).collect();
    assert_eq!(ids, [2, 3]);
    assert_eq!(answers[0].outcome, Problem::Interrupted.into(), "its change may be stored");
    assert_eq!(answers[1].outcome, Problem::Locked.into());
}

#[test]
fn many_events_are_shown_once_but_not_too_late() {
    let mut desk = Desk::with_account();
    for id in 2..10 {
        desk.ask(id, Command::Push { text: id.to_string(), html: None });
    }
    assert_eq!(desk.run().iter().filter(|step| **step == Step::Show).count(), 1);
    desk.ask(10, Command::Push { text: "a".into(), html: None });
    desk.ask(11, Command::Push { text: "b".into(), html: None });
    let mut shown = 0;
    while let Some(step) = desk.next() {
        shown += u32::from(step == Step::Show);
        if let Step::Store(_) = step {
            desk.driver.stored();
        }
        desk.now += SHOW_LAG_MS;
    }
    assert_eq!(shown, 2);
}

/// More than stands in what is known of it.
fn long() -> String {
    "long ".repeat(1_000)
}

fn desk_with_a_long_clip() -> (Desk, String) {
    let mut desk = Desk::with_account();
    desk.ask(2, Command::Push { text: long(), html: None });
    desk.run();
    let shown = desk.driver.engine().view().clips.remove(0);
    assert!(shown.cut && shown.text.len() < long().len());
    (desk, shown.id)
}

#[test]
fn a_long_clip_is_read_before_it_is_taken_and_nothing_comes_between() {
    let (mut desk, id) = desk_with_a_long_clip();
    desk.ask(3, Command::Take { id, plain: false });
    desk.ask(4, Command::Dismiss);
    let Some(Step::Load(keys)) = desk.next() else { panic!("it is read") };
    assert_eq!(desk.next(), None, "until it is");
    let records = keys.into_iter().map(|key| (key.clone(), desk.disk.get(&key).cloned())).collect();
    desk.driver.loaded(records, desk.now);
    let steps = desk.run();
    let written = steps.iter().position(|step| matches!(step, Step::WriteClipboard { picked: true, .. }));
    let answers: Vec<_> = steps.iter().filter(|step| matches!(step, Step::Answer(_))).collect();
    assert!(matches!(&steps[written.unwrap()], Step::WriteClipboard { content, .. } if content.text == long()));
    let done = |id| Step::Answer(Answered { id: CommandId(id), outcome: Outcome::Done });
    assert_eq!(answers, [&done(3), &done(4)]);
}

#[test]
fn a_person_may_read_while_nothing_can_be_stored() {
    let (mut desk, id) = desk_with_a_long_clip();
    desk.ask(3, Command::Push { text: long() + "er", html: None });
    assert!(matches!(desk.next(), Some(Step::Store(_))));
    desk.driver.failed(Problem::StorageFull, desk.now);
    desk.run();
    let unsaved = desk.driver.engine().view().clips.remove(0).id;
    for (name, clip, text) in [(4, id.clone(), long()), (5, unsaved, long() + "er")] {
        desk.driver.read(CommandId(name), clip);
        let content = Content::text(text);
        let answer = Answered { id: CommandId(name), outcome: Outcome::Content { content } };
        assert_eq!(desk.run(), [Step::Answer(answer)]);
    }
    // The disk's trouble is told to whoever reads, and no more than that.
    desk.driver.read(CommandId(6), id);
    assert!(matches!(desk.next(), Some(Step::Load(_))));
    desk.driver.failed(Problem::StorageFailed, desk.now);
    let answer = Answered { id: CommandId(6), outcome: Problem::StorageFailed.into() };
    assert_eq!(desk.run(), [Step::Answer(answer)]);
}

#[test]
fn a_clip_that_is_lost_or_gone_is_said_to_be() {
    let (mut desk, id) = desk_with_a_long_clip();
    desk.disk.retain(|key, _| !hushclip_engine::CONTENT.contains(&&**key));
    desk.driver.read(CommandId(3), id.clone());
    desk.ask(4, Command::Take { id, plain: false });
    desk.driver.read(CommandId(5), "no clip".into());
    let refused = |id, problem: Problem| Step::Answer(Answered { id: CommandId(id), outcome: problem.into() });
    let steps = desk.run();
    for step in [refused(3, Problem::ContentLost), refused(4, Problem::ContentLost), refused(5, Problem::ClipGone)] {
        assert!(steps.contains(&step), "{step:?} in {steps:?}");
    }
    assert!(steps.iter().all(|step| !matches!(step, Step::WriteClipboard { .. })));
}

#[test]
fn the_history_is_read_for_a_file() {
    let (mut desk, _) = desk_with_a_long_clip();
    desk.ask(3, Command::Push { text: "short".into(), html: None });
    desk.run();
    desk.driver.archive(CommandId(4));
    let [Step::Archive { id: CommandId(4), archive, lost: 0 }] = &desk.run()[..] else {
        panic!("a file is to be made")
    };
    let texts: Vec<_> = archive.clips.iter().map(|clip| &*clip.text).collect();
    assert_eq!(texts, [&*long(), "short"]);
}

#[test]
fn what_is_not_stored_yet_is_no_loss() {
    let (mut desk, id) = desk_with_a_long_clip();
    desk.ask(3, Command::Take { id, plain: false });
    assert!(matches!(desk.next(), Some(Step::Load(_))));
    // What follows the reading waits with it.
    let key = "part/x/0".to_owned();
    desk.driver.effects.push_back(Effect::Persist(vec![Write::Put { key: key.clone(), value: vec![1] }]));
    desk.driver.failed(Problem::StorageUnread, desk.now);
    desk.run();
    let mut records = Records::from([(key.clone(), None)]);
    desk.driver.see_unsaved(&mut records);
    assert_eq!(records[&key], Some(vec![1]));
}
