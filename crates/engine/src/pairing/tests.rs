//! Both sides of pairing, face to face, with the relay played by the test.

use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::{make_add_device, make_genesis};
use hushclip_crypto::pairing::Joined;
use hushclip_model::{Notice, Problem};
use hushclip_protocol::frame::{InviteNote, InviteStep, ToRelay};
use hushclip_protocol::ids::{InviteId, MailboxId};
use hushclip_protocol::limits;
use hushclip_protocol::log::Membership;
use minicbor::bytes::ByteVec;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::{Came, Invites, Inviting, Joins, Overdue, Step};
use crate::part::{Context, Output, Outputs};

const RELAY: &str = "https://relay.example";
const MAILBOX: MailboxId = MailboxId::from_bytes([7; 16]);
const START: u64 = 1_700_000_000_000;

/// What one call wants done, by kind.
#[derive(Default)]
struct Wants {
    frames: Vec<ToRelay>,
    notices: Vec<Notice>,
    problems: Vec<Problem>,
    writes: usize,
}

impl From<Outputs> for Wants {
    fn from(outputs: Outputs) -> Self {
        let mut wants = Self::default();
        for output in outputs {
            match output {
                Output::Write(_) => wants.writes += 1,
                Output::Send(frame) => wants.frames.push(frame),
                Output::Notice(notice) => wants.notices.push(notice),
                Output::Fail(problem) => wants.problems.push(problem),
                Output::Solved(_) | Output::Alert(_) => {}
            }
        }
        wants
    }
}

impl Wants {
    /// The one step of the exchange among the frames.
    fn note(self) -> InviteNote {
        let mut notes = self.frames.into_iter().filter_map(|frame| match frame {
            ToRelay::InviteNote(note) => Some(note),
            _ => None,
        });
        notes.next().expect("a step goes out")
    }
}

fn wants<T>(act: impl FnOnce(&mut Outputs) -> T) -> (T, Wants) {
    let mut out = Outputs::default();
    let done = act(&mut out);
    (done, out.into())
}

fn online(now: u64) -> Context {
    Context { now, online: true }
}

/// An open invite, its link or code, and the offer that the relay holds for it.
fn open(mailbox: MailboxId, by_code: bool, rng: &mut ChaCha20Rng) -> (Invites, String, InviteNote) {
    let side = if by_code { Inviting::by_code(mailbox, "relay.example", rng) } else { Inviting::by_link(mailbox, rng) };
    let mut invites = Invites::default();
    let ((), asked) = wants(|out| invites.start(side, online(START), out));
    let (invite, offer) = match asked.frames.into_iter().next() {
        Some(ToRelay::InviteOpen { invite, offer, .. } | ToRelay::CodeOpen { invite, offer, .. }) => (invite, offer),
        other => panic!("instead of an invite came {other:?}"),
    };
    let until = START + limits::INVITE_MS;
    let ((), ready) = wants(|out| invites.opened(invite, until, RELAY, online(START), out));
    let [Notice::InviteReady { url, code, expires_at }] = &ready.notices[..] else { panic!("it is ready") };
    assert_eq!(*expires_at, until);
    (invites, code.clone().unwrap_or_else(|| url.clone()), note(invite, InviteStep::Offer, offer))
}

fn note(invite: InviteId, step: InviteStep, bytes: ByteVec) -> InviteNote {
    InviteNote { invite, step, bytes }
}

/// A device that has asked to be let in by this link, its keys, and what it has sent.
fn asking(link: &str, offer: &InviteNote, rng: &mut ChaCha20Rng) -> (Joins, DeviceKeys, InviteNote) {
    let (mut joins, keys) = (Joins::default(), DeviceKeys::make(rng));
    let (joiner, name) = Joins::by_link(link, None, " Phone ", rng).expect("a link");
    assert_eq!(name, "Phone");
    let ((), started) = wants(|out| joins.start(joiner, START, out));
    assert!(started.writes == 1 && joins.takes(offer));
    let (came, asked) = wants(|out| joins.step(offer, &keys, rng, out));
    assert!(matches!(came, Came::ToPeople), "{came:?}");
    (joins, keys, asked.note())
}

#[test]
fn a_device_comes_in_by_a_link() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let own = DeviceKeys::make(&mut rng);
    let (genesis, _) = make_genesis(&own, "Laptop", &mut rng).expect("a log begins");
    let mut log = Membership::genesis(&genesis).expect("it is one");
    let (mut invites, link, offer) = open(log.account().mailbox(), false, &mut rng);
    let (mut joins, keys, request) = asking(&link, &offer, &mut rng);
    let (stands, asked) = wants(|out| invites.requested(&request, online(START), out));
    assert!(stands);
    assert!(matches!(&asked.notices[..], [Notice::JoinRequested { name, needs_digits: true }] if name == "Phone"));
    let (came, shown) = wants(|out| joins.step(&asked.note(), &keys, &mut rng, out));
    let [Notice::Digits { digits }] = &shown.notices[..] else { panic!("digits are shown") };
    assert!(matches!(came, Came::Further) && joins.digits(&keys).as_ref() == Some(digits));

    assert!(invites.next_step(&log).is_none(), "nobody has let it in");
    let (approved, _) = wants(|out| invites.approve(Some(digits), false, Vec::new(), online(START), out));
    assert!(approved.is_ok() && invites.is_handing_over() && invites.let_in() == Some(keys.device_id()));
    let Some(Step::Add(request)) = invites.next_step(&log) else { panic!("it is not in the log") };
    let (entry, _) = make_add_device(&own, &log, &request, &mut rng).expect("it can be added");
    log.apply(&entry).expect("it is the next one");
    let Some(Step::Welcome { share_history: false, anchors }) = invites.next_step(&log) else { panic!("it is") };
    let joined = Joined {
        account: log.account(),
        log_seq: log.seq(),
        log_head: log.head(),
        anchors,
        older: Vec::new(),
        names: Vec::new(),
    };
    let ((), welcomed) = wants(|out| invites.welcome(&joined, &mut rng, out));
    assert!(!invites.is_handing_over() && invites.next_step(&log).is_none(), "once on each line");
    let (came, _) = wants(|out| joins.step(&welcomed.note(), &keys, &mut rng, out));
    assert!(matches!(came, Came::In(handed, relay) if handed.log_head == joined.log_head && relay.origin() == RELAY));
    assert!(!joins.is_under_way());
    invites.begin_line();
    assert!(matches!(invites.next_step(&log), Some(Step::Welcome { .. })), "its welcome may be lost");
    let ((), over) = wants(|out| invites.drop_expired(online(START + 2 * limits::INVITE_MS), out));
    assert!(over.problems.is_empty() && !invites.is_open(), "all is done");
}

#[test]
fn three_times_wrong_digits_turn_a_device_away() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let (mut invites, link, offer) = open(MAILBOX, false, &mut rng);
    let (mut joins, keys, request) = asking(&link, &offer, &mut rng);
    let (_, asked) = wants(|out| invites.requested(&request, online(START), out));
    let (_, shown) = wants(|out| joins.step(&asked.note(), &keys, &mut rng, out));
    let [Notice::Digits { digits }] = &shown.notices[..] else { panic!("digits are shown") };
    let wrong = if digits == "000000" { "111111" } else { "000000" };
    let mut approve = |digits| wants(|out| invites.approve(Some(digits), false, Vec::new(), online(START), out));
    assert_eq!(approve(wrong).0, Err(Problem::DigitsDiffer));
    assert_eq!(approve(wrong).0, Err(Problem::DigitsDiffer));
    let (refused, told) = approve(wrong);
    assert_eq!(refused, Err(Problem::WrongDigits));
    assert_eq!(approve(digits).0, Err(Problem::NoRequest));
    let (came, _) = wants(|out| joins.step(&told.note(), &keys, &mut rng, out));
    assert!(matches!(came, Came::Nowhere(Problem::InviteRefused)), "{came:?}");
}

#[test]
fn another_device_with_the_same_link_spoils_the_invite() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let (mut invites, link, offer) = open(MAILBOX, false, &mut rng);
    let (_, _, first) = asking(&link, &offer, &mut rng);
    let (_, _, second) = asking(&link, &offer, &mut rng);
    assert!(wants(|out| invites.requested(&first, online(START), out)).0);
    assert!(wants(|out| invites.requested(&first, online(START), out)).0, "its request came once more");
    let (stands, told) = wants(|out| invites.requested(&second, online(START), out));
    assert!(!stands && !invites.is_open());
    assert_eq!(told.problems, [Problem::PairingDisturbed]);
    assert!(told.frames.iter().any(|frame| matches!(frame, ToRelay::InviteCancel { .. })), "it is no use any more");
}

#[test]
fn an_invite_that_ends_is_news_if_somebody_had_come() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let late = online(START + limits::INVITE_MS);
    let (mut invites, _, _) = open(MAILBOX, false, &mut rng);
    assert_eq!(invites.next_due(START), Some(late.now));
    let ((), told) = wants(|out| invites.drop_expired(late, out));
    assert!(told.problems.is_empty() && !invites.is_open());

    let (mut invites, link, offer) = open(MAILBOX, false, &mut rng);
    let (_, _, request) = asking(&link, &offer, &mut rng);
    wants(|out| invites.requested(&request, online(START), out));
    let ((), told) = wants(|out| invites.drop_expired(late, out));
    assert_eq!(told.problems, [Problem::InviteUnanswered { name: "Phone".into() }]);
}

#[test]
fn a_clock_that_is_put_back_lengthens_nothing() {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let (mut invites, link, offer) = open(MAILBOX, false, &mut rng);
    let (mut joins, _, _) = asking(&link, &offer, &mut rng);
    let past = online(START - 1_000_000_000);
    wants(|out| invites.drop_expired(past, out));
    assert_eq!(invites.next_due(past.now), Some(past.now + limits::INVITE_MS));
    wants(|out| joins.mind_clock(past.now, out));
    assert!(joins.deadline(None).is_some_and(|at| at <= past.now + 2 * limits::INVITE_MS));
}

#[test]
fn joining_is_tried_once_more_when_its_time_is_over() {
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    let (_, link, offer) = open(MAILBOX, false, &mut rng);
    let (mut joins, _, _) = asking(&link, &offer, &mut rng);
    let end = joins.deadline(None).expect("it has a time");
    assert_eq!(joins.overdue(None, end - 1), None);
    assert_eq!(joins.overdue(None, end), Some(Overdue::TryAgain));
    assert_eq!(joins.overdue(None, end + 1), None, "that takes a while");
    let end = joins.deadline(None).expect("it has a time");
    assert_eq!(joins.overdue(None, end), Some(Overdue::Over(Problem::JoinUnanswered)));
}

#[test]
fn a_code_is_tried_once() {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let (mut invites, code, offer) = open(MAILBOX, true, &mut rng);
    let (mut joins, keys) = (Joins::default(), DeviceKeys::make(&mut rng));
    let (joiner, _) = joins.by_code(RELAY, &code, "Phone", &mut rng).expect("a code");
    wants(|out| joins.start(joiner, START, out));
    assert!(joins.is_by_code() && joins.takes(&offer), "the offer says where it leads");
    let (came, asked) = wants(|out| joins.step(&offer, &keys, &mut rng, out));
    assert!(matches!(came, Came::ToPeople), "{came:?}");
    let (_, told) = wants(|out| invites.requested(&asked.note(), online(START), out));
    assert!(matches!(&told.notices[..], [Notice::JoinRequested { needs_digits: false, .. }]));
    assert!(wants(|out| joins.cancel(out)).0);
    assert_eq!(joins.by_code(RELAY, &code, "Phone", &mut rng).err(), Some(Problem::CodeVoid));
    joins.forget();
    assert!(joins.by_code(RELAY, &code, "Phone", &mut rng).is_ok());
}
