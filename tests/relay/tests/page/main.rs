//! Checks the table in `docs/PROTOCOL.md` of which errors and closes answer which frame against a mailbox: each one
//! listed there is provoked, and none is provoked that is not listed.

mod cases;
mod invites;
mod states;

use std::collections::BTreeSet;

use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_protocol::ids::ConnId;
use hushclip_relay_tests::Desk;

pub(crate) const PAGE: &str = include_str!("../../../../docs/PROTOCOL.md");

/// A frame that is refused or has a socket closed, and what is there before it comes.
pub(crate) struct Case {
    desk: Desk,
    conn: ConnId,
    frame: ToRelay,
    /// How often it is sent.
    times: usize,
    /// The socket that is closed, if one is.
    closes: ConnId,
    /// The invite that this is about ends with it.
    ends: bool,
}

impl Case {
    pub(crate) const fn new(desk: Desk, conn: ConnId, frame: ToRelay) -> Self {
        Self { desk, conn, frame, times: 1, closes: conn, ends: false }
    }
}

/// Row, number of the error or close, and how it comes to that.
pub(crate) type Cases = &'static [(&'static str, u16, fn() -> Case)];

/// What stands on the page and does not happen in memory, with the reason. There is nothing like that so far: errors 4
/// and 11 stand above the table, for any frame. `bounds` asks for the one, the native relay's own tests for the other.
const NOT_HERE: &[(&str, u16, &str)] = &[];

/// The part of the page between two others.
fn between(from: &str, to: &str) -> &'static str {
    let rest = PAGE.split_once(from).expect("the page has this").1;
    rest.split_once(to).expect("and this").0
}

/// The numbers before which this word stands, as in `error 3 or 18`.
fn errors(text: &str) -> Vec<u16> {
    let after = text.split("error ").skip(1);
    let numbers = after.flat_map(|rest| {
        let words = rest.split([' ', '.', ',', ';', ':', '\n']);
        words.take_while(|word| *word == "or" || word.parse::<u16>().is_ok()).filter_map(|word| word.parse().ok())
    });
    numbers.collect()
}

/// Each row with the errors and closes that it names.
fn page() -> BTreeSet<(String, u16)> {
    let push = errors(between("### Push\n", "**Continuity**").split("Then it stores").next().unwrap_or_default());
    let table = between("**To the relay.**", "**To the device.**");
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| frame |"));
    let mut named = BTreeSet::new();
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [frame, _, _, errors, closes] = cells[..] else { panic!("five cells: {row}") };
        for part in errors.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let number = part.split(' ').next().unwrap_or_default().parse::<u16>();
            let numbers = if let Ok(number) = number {
                vec![number]
            } else {
                assert!(["[below](#push)", "as Push"].contains(&part), "no number: {part}");
                push.clone()
            };
            named.extend(numbers.into_iter().map(|number| (frame.to_owned(), number)));
        }
        let closes = closes.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() == 4);
        named.extend(closes.map(|code| (frame.to_owned(), code.parse().expect("digits"))));
    }
    named
}

fn all() -> impl Iterator<Item = &'static (&'static str, u16, fn() -> Case)> {
    cases::CASES.iter().chain(invites::CASES)
}

#[test]
fn every_error_and_close_on_the_page_has_a_case_and_every_case_is_on_the_page() {
    let provoked: BTreeSet<_> = all().map(|(row, number, _)| ((*row).to_owned(), *number)).collect();
    let not_here: BTreeSet<_> = NOT_HERE.iter().map(|(row, number, _)| ((*row).to_owned(), *number)).collect();
    let (page, here) = (page(), &provoked | &not_here);
    assert!(page.len() > 50, "the table was not found: {page:?}");
    assert_eq!(&page - &here, BTreeSet::new(), "on the page alone");
    assert_eq!(&here - &page, BTreeSet::new(), "not on the page");
}

#[test]
fn frames_are_refused_and_sockets_closed_as_the_page_says() {
    for (row, number, make) in all() {
        let Case { mut desk, conn, frame, times, closes, ends } = make();
        desk.said.clear();
        desk.closed.clear();
        let before = desk.mailbox.store().dump();
        for _ in 0..times {
            desk.send(conn, &frame);
            desk.pause();
        }
        let closed = desk.closed.get(&closes).copied();
        if let Some(code) = CloseCode::from_code(*number) {
            assert_eq!(closed, Some(code), "{row}");
            continue;
        }
        let refused: Vec<_> =
            desk.take(conn).into_iter().filter(|said| matches!(said, ToDevice::Error { .. })).collect();
        let error =
            ToDevice::Error { code: ErrorCode::ALL[usize::from(*number)], retry_after_ms: 0, of: frame.tag().number() };
        assert_eq!(refused, [error], "{row} {number}");
        if !ends {
            assert_eq!(closed, None, "{row} {number}: the socket stays open");
            assert_eq!(desk.mailbox.store().dump(), before, "{row} {number}: nothing is stored");
        }
    }
}
