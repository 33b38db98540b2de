//! Invites, and who comes by them.

use hushclip_mailbox::{Event, Peer, Room};
use hushclip_protocol::frame::{InviteNote, InviteStep, ToRelay};
use hushclip_protocol::ids::{Claim, ConnId, Hash, InviteId, JoinToken};
use hushclip_protocol::{VERSION, label, limits};
use hushclip_relay_tests::{Account, Desk};

use crate::{Case, Cases};

const OPEN: &str = "InviteOpen, CodeOpen";
pub(crate) const INVITE: InviteId = InviteId::from_bytes([7; 16]);
const NUMBER: u32 = 4;

pub(crate) const CASES: Cases = &[
    (OPEN, 0, || member(invite_open(INVITE, 0, false))),
    (OPEN, 0, || member(code_open(INVITE, NUMBER, 0, false))),
    (OPEN, 0, || member(code_open(INVITE, 0, 1, false))),
    (OPEN, 0, || member(code_open(INVITE, limits::NAMEPLATE + 1, 1, false))),
    (OPEN, 2, || member(invite_open(INVITE, limits::PAIRING_BYTES + 1, false))),
    (OPEN, 2, || member(code_open(INVITE, NUMBER, limits::PAIRING_BYTES + 1, false))),
    (OPEN, 8, || member(invite_open(INVITE, 1, true))),
    (OPEN, 8, || member(code_open(INVITE, NUMBER, 1, true))),
    (OPEN, 9, || others(&invite_open(INVITE, 1, false), invite_open(INVITE, 1, false))),
    (OPEN, 9, || others(&invite_open(INVITE, 1, false), code_open(INVITE, NUMBER, 1, false))),
    (OPEN, 10, || full(invite_open(INVITE, 1, false))),
    (OPEN, 10, || full(code_open(INVITE, NUMBER, 1, false))),
    (OPEN, 13, || others(&code_open(INVITE, NUMBER, 1, false), code_open(other(1), NUMBER, 1, false))),
    (OPEN, 18, || no_room(invite_open(INVITE, 1, false))),
    (OPEN, 18, || no_room(code_open(INVITE, NUMBER, 1, false))),
    ("InviteCancel", 8, || member(ToRelay::InviteCancel { invite: INVITE })),
    ("InviteCancel", 4004, || {
        let (_, desk, inviter, joiner) = joining();
        Case { closes: joiner, ..Case::new(desk, inviter, ToRelay::InviteCancel { invite: INVITE }) }
    }),
    ("InviteNote, of the inviter", 0, || inviter(InviteStep::Reveal, 0)),
    ("InviteNote, of the inviter", 2, || inviter(InviteStep::Reveal, limits::PAIRING_BYTES + 1)),
    ("InviteNote, of the inviter", 8, || member(note(other(1), InviteStep::Reveal, 1))),
    ("InviteNote, of the inviter", 8, || inviter(InviteStep::Request, 1)),
    ("InviteNote, of the joiner", 0, || joiner(note(INVITE, InviteStep::Reveal, 1))),
    ("InviteNote, of the joiner", 0, || joiner(note(other(1), InviteStep::Request, 1))),
    ("InviteNote, of the joiner", 2, || joiner(note(INVITE, InviteStep::Request, limits::PAIRING_BYTES + 1))),
    ("InviteNote, of the joiner", 8, late),
    ("InviteNote, of the joiner", 4004, late),
    ("Claim", 8, || claiming(|_| {}, claim(other(1), 8, 1))),
    ("Claim", 8, || claiming(|_| {}, claim(INVITE, 9, 1))),
    ("Claim", 9, || claiming(|desk| claimed(desk, &claim(INVITE, 8, 1)), claim(INVITE, 8, 2))),
    ("Claim", 4001, || claiming(|_| {}, of_another_version(claim(INVITE, 8, 1)))),
    ("Claim", 4007, || claiming(|desk| tries(desk, &claim(INVITE, 9, 1)), claim(INVITE, 9, 1))),
    ("CodeClaim", 8, || claiming(|_| {}, code_claim(NUMBER + 1, 1))),
    ("CodeClaim", 9, || {
        let case = claiming(|desk| claimed(desk, &code_claim(NUMBER, 1)), code_claim(NUMBER, 2));
        Case { ends: true, ..case }
    }),
    ("CodeClaim", 4001, || claiming(|_| {}, of_another_version(code_claim(NUMBER, 1)))),
    ("CodeClaim", 4007, || claiming(|desk| tries(desk, &code_claim(NUMBER + 1, 1)), code_claim(NUMBER, 1))),
];

pub(crate) const fn other(n: u8) -> InviteId {
    InviteId::from_bytes([n; 16])
}

pub(crate) fn invite_open(invite: InviteId, bytes: usize, again: bool) -> ToRelay {
    let claim_hash: Hash = label::hash(label::CLAIM, &[Claim::from_bytes([8; 32]).as_bytes()]);
    ToRelay::InviteOpen { invite, claim_hash, offer: vec![1; bytes].into(), again }
}

pub(crate) fn code_open(invite: InviteId, nameplate: u32, bytes: usize, again: bool) -> ToRelay {
    ToRelay::CodeOpen { invite, nameplate, offer: vec![1; bytes].into(), again }
}

pub(crate) fn note(invite: InviteId, step: InviteStep, bytes: usize) -> ToRelay {
    ToRelay::InviteNote(InviteNote { invite, step, bytes: vec![1; bytes].into() })
}

pub(crate) fn claim(invite: InviteId, claim: u8, token: u8) -> ToRelay {
    let (claim, token) = (Claim::from_bytes([claim; 32]), JoinToken::from_bytes([token; 16]));
    ToRelay::Claim { versions: vec![VERSION], invite, claim, token }
}

pub(crate) fn code_claim(nameplate: u32, token: u8) -> ToRelay {
    ToRelay::CodeClaim { versions: vec![VERSION], nameplate, token: JoinToken::from_bytes([token; 16]) }
}

fn of_another_version(mut frame: ToRelay) -> ToRelay {
    if let ToRelay::Claim { versions, .. } | ToRelay::CodeClaim { versions, .. } = &mut frame {
        *versions = vec![99];
    }
    frame
}

/// What a member says where nothing is open.
fn member(frame: ToRelay) -> Case {
    let (_, desk, conns) = Desk::with_devices(1, 1);
    Case::new(desk, conns[0], frame)
}

/// What a member says after another one.
fn others(first: &ToRelay, frame: ToRelay) -> Case {
    let (_, mut desk, conns) = Desk::with_devices(1, 2);
    desk.send(conns[1], first);
    Case::new(desk, conns[0], frame)
}

/// What a member says who has as many invites open as there may be.
fn full(frame: ToRelay) -> Case {
    let mut case = member(frame);
    for n in 0..limits::INVITES as u8 {
        case.desk.send(case.conn, &invite_open(other(100 + n), 1, false));
    }
    case
}

fn no_room(frame: ToRelay) -> Case {
    let mut case = member(frame);
    case.desk.mailbox.set_room(Room::Nothing);
    case
}

/// An invite that was claimed; the sockets of inviter and joiner.
pub(crate) fn joining() -> (Account, Desk, ConnId, ConnId) {
    let (account, mut desk, conns) = Desk::with_devices(1, 1);
    desk.send(conns[0], &invite_open(INVITE, 1, false));
    let joiner = desk.open();
    desk.send(joiner, &claim(INVITE, 8, 1));
    (account, desk, conns[0], joiner)
}

fn inviter(step: InviteStep, bytes: usize) -> Case {
    let (_, desk, inviter, _) = joining();
    Case::new(desk, inviter, note(INVITE, step, bytes))
}

fn joiner(frame: ToRelay) -> Case {
    let (_, desk, _, joiner) = joining();
    Case::new(desk, joiner, frame)
}

/// What a joiner says when its time is over, before anything else happens.
fn late() -> Case {
    let mut case = joiner(note(INVITE, InviteStep::Request, 1));
    case.desk.now += limits::INVITE_MS;
    Case { ends: true, ..case }
}

/// What a stranger says where there is an invite by link and one by code.
fn claiming(before: fn(&mut Desk), frame: ToRelay) -> Case {
    let (_, mut desk, conns) = Desk::with_devices(1, 1);
    desk.send(conns[0], &invite_open(INVITE, 1, false));
    desk.send(conns[0], &code_open(other(1), NUMBER, 1, false));
    desk.event(Event::Nameplate { nameplate: NUMBER, taken: true });
    before(&mut desk);
    let conn = desk.open_from(stranger());
    Case::new(desk, conn, frame)
}

fn stranger() -> Peer {
    Peer::named(Some("192.0.2.1"))
}

fn claimed(desk: &mut Desk, frame: &ToRelay) {
    let conn = desk.open();
    desk.send(conn, frame);
}

/// As often as it may fail in a minute.
fn tries(desk: &mut Desk, frame: &ToRelay) {
    for _ in 0..limits::CLAIMS_PER_MINUTE {
        let conn = desk.open_from(stranger());
        desk.send(conn, frame);
    }
}
