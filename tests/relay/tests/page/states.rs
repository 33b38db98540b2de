//! What the page says below the table, of frames that come at the wrong time or are none.

use hushclip_mailbox::Event;
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{InviteStep, ToDevice, ToRelay};
use hushclip_protocol::ids::ConnId;
use hushclip_protocol::limits;
use hushclip_relay_tests::{Account, Desk};

use crate::PAGE;
use crate::invites::{INVITE, claim, code_claim, code_open, invite_open, joining, note, other};

const NEVER_OF_A_MEMBER: [&str; 4] = ["Hello", "Register", "Claim", "CodeClaim"];
const OF_A_JOINER: &str = "InviteNote";
const BEFORE_SIGN_IN: [&str; 5] = ["Hello", "Register", "Claim", "CodeClaim", "LogAppend"];

/// One frame of each kind, by tag, none of which is wrong by itself.
fn frames(account: &mut Account) -> Vec<ToRelay> {
    let hello = account.signed_hello(0, Desk::HOST, &Desk::challenge(ConnId::from_bytes([1; 16])), None);
    let (envelope, tombstone) = (account.clip(0, 1, 10, 600).into(), account.tombstone(0, 2).into());
    vec![
        ToRelay::Hello(hello),
        ToRelay::Register { entry: account.genesis.clone(), token: String::new() },
        claim(INVITE, 8, 1),
        ToRelay::Push { after: 0, envelope },
        ToRelay::Pull { after: 0, limit: 1 },
        ToRelay::Ack { cursor: 0 },
        ToRelay::LogAppend(account.genesis.clone()),
        ToRelay::LogPull { from: 0 },
        invite_open(other(1), 1, false),
        ToRelay::InviteCancel { invite: INVITE },
        note(INVITE, InviteStep::Request, 1),
        code_open(other(2), 4, 1, false),
        code_claim(5, 1),
        ToRelay::PushSubscribe { endpoint: String::new() },
        ToRelay::Leave,
        ToRelay::Delete { after: 0, envelope: tombstone, places: vec![] },
    ]
}

fn name(frame: &ToRelay) -> String {
    format!("{frame:?}").split([' ', '(']).next().unwrap_or_default().to_owned()
}

/// Which of the two a frame came to: error 0, or that its socket was closed.
fn said(desk: &mut Desk, conn: ConnId, frame: &ToRelay) -> (bool, Option<CloseCode>) {
    desk.take(conn);
    desk.send(conn, frame);
    let is_bad = |said| matches!(said, ToDevice::Error { code: ErrorCode::BadFrame, .. });
    (desk.take(conn).into_iter().any(is_bad), desk.closed.get(&conn).copied())
}

#[test]
fn each_frame_has_its_time_as_the_page_says() {
    let flat = PAGE.split_whitespace().collect::<Vec<_>>().join(" ");
    let [first @ .., last] = BEFORE_SIGN_IN;
    for sentence in [
        format!(
            "{} from a member, and anything but {OF_A_JOINER} from a joiner, is error 0.",
            NEVER_OF_A_MEMBER.join(", ")
        ),
        format!("Before sign-in, anything but {} and {last} is close 4010.", first.join(", ")),
        "What cannot be decoded, or is longer than 1 MiB, is close 4002.".to_owned(),
    ] {
        assert!(flat.contains(&sentence), "not on the page: {sentence}");
    }
    for n in 0..16 {
        let (mut account, mut desk, member, joiner) = joining();
        let frame = frames(&mut account).swap_remove(n);
        let (name, stranger) = (name(&frame), desk.open());
        assert_eq!(usize::from(frame.tag().number()), n, "one of each kind");
        let (_, closed) = said(&mut desk, stranger, &frame);
        let is_early = !BEFORE_SIGN_IN.contains(&&*name);
        assert_eq!(closed == Some(CloseCode::SignInFirst), is_early, "{name}: {closed:?}");
        let (is_bad, closed) = said(&mut desk, joiner, &frame);
        assert_eq!((is_bad, closed), (name != OF_A_JOINER, None), "{name} of a joiner");
        let (is_bad, closed) = said(&mut desk, member, &frame);
        let leaves = (name == "Leave").then_some(CloseCode::Gone);
        assert_eq!((is_bad, closed), (NEVER_OF_A_MEMBER.contains(&&*name), leaves), "{name} of a member");
    }
}

#[test]
fn what_is_no_frame_ends_the_line_as_the_page_says() {
    for bytes in [vec![], vec![0xff], vec![0x81, 0x18, 16], vec![0; limits::FRAME_BYTES + 1]] {
        let (_, mut desk, conns) = Desk::with_devices(1, 1);
        desk.event(Event::Frame { conn: conns[0], bytes });
        assert_eq!(desk.closed.get(&conns[0]), Some(&CloseCode::BadFrame));
    }
    let (_, mut desk, conns) = Desk::with_devices(1, 1);
    desk.event(Event::Frame { conn: conns[0], bytes: vec![0x81, 16] });
    let refused = ToDevice::Error { code: ErrorCode::BadFrame, retry_after_ms: 0, of: 16 };
    assert_eq!((desk.take(conns[0]).last(), desk.closed.get(&conns[0])), (Some(&refused), None));
    desk.event(Event::Text { conn: conns[0] });
    assert_eq!(desk.closed.get(&conns[0]), Some(&CloseCode::BadFrame));
}
