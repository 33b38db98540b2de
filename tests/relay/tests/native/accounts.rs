//! Who may start an account, how much each may hold, and how whoever runs the relay sees and ends them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_relay_tests::{Account, Relay, Socket, request, request_with};

use super::{Folder, database, is_other_shell, pull, push, tool};

const TOKEN: &str = "what-the-admin-knows";

fn start(variables: &[(&'static str, &str)]) -> Relay {
    Relay::start_with(variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
}

/// Stores clips until one is refused; says why, and the newest cursor.
fn fill(account: &mut Account, socket: &mut Socket, bytes: usize) -> (ErrorCode, u64) {
    for after in 0..200 {
        let clip = account.clip(0, after as u8 + 1, bytes, 600);
        if let Err(code) = push(socket, after, &clip) {
            return (code, after);
        }
    }
    panic!("there is no bound");
}

fn rows_of(relay: &Relay, account: &Account) -> i64 {
    let db = database(relay);
    let tables = ["items", "log", "membership", "accounts", "acked", "floors", "invites", "subscriptions", "alarms"];
    let count = |table: &&str| -> i64 {
        let query = format!("SELECT count(*) FROM {table} WHERE mailbox = ?");
        db.query_row(&query, [account.mailbox().as_bytes()], |row| row.get(0)).expect("SQLite reads it")
    };
    tables.iter().map(count).sum()
}

#[test]
fn an_address_starts_so_many_accounts_a_day() {
    if is_other_shell() {
        return;
    }
    let relay = Relay::start();
    for n in 0..11 {
        let account = Account::make(200 + n);
        let mut socket = Socket::open_from(&relay, account.mailbox(), "203.0.113.7");
        let wanted = if n < 10 { Ok(()) } else { Err(ErrorCode::TooManyAccounts) };
        assert_eq!(account.register(&mut socket, ""), wanted, "the account number {n}");
    }
    let account = Account::make(230);
    let mut socket = Socket::open_from(&relay, account.mailbox(), "203.0.113.8");
    assert_eq!(account.register(&mut socket, ""), Ok(()));
}

#[test]
fn a_stranger_behind_the_same_address_does_not_keep_its_regulars_out() {
    if is_other_shell() {
        return;
    }
    let relay = Relay::start();
    let account = Account::make(110);
    let mut first = Socket::open_from(&relay, account.mailbox(), "198.51.100.1");
    assert_eq!(account.register(&mut first, ""), Ok(()));
    account.hello(&mut first, 0, None);
    let path = "/v1/mailbox/00000000000000000000000000000001";
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    let knock = || {
        let headers = [
            ("X-Forwarded-For", "198.51.100.1"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", key),
        ];
        request_upgrade(&relay, path, &headers)
    };
    assert!((0..200).any(|_| knock() == 429), "an address may do what it likes");
    let mut again = Socket::open_from(&relay, account.mailbox(), "198.51.100.1");
    account.hello(&mut again, 0, None);
}

/// The status of the answer to a request for a WebSocket, which is given up at once.
fn request_upgrade(relay: &Relay, path: &str, headers: &[(&str, &str)]) -> u16 {
    let headers: String = headers.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
    let mut stream = TcpStream::connect(relay.authority()).expect("it listens");
    let host = relay.authority();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n{headers}\r\n").expect("it reads");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("it answers");
    String::from_utf8_lossy(&answer[9..]).parse().expect("an answer has a status")
}

#[test]
fn a_full_relay_keeps_room_for_removals_and_says_that_it_is_full() {
    if is_other_shell() {
        return;
    }
    let relay = start(&[("HUSHCLIP_RELAY_MAX_SIZE", "2"), ("HUSHCLIP_METRICS_TOKEN", TOKEN)]);
    let (mut account, mut first, mut second) = Account::pair(&relay, 102);
    let (refused, last) = fill(&mut account, &mut first, 60_000);
    assert_eq!(refused, ErrorCode::RelayFull);
    assert!(last > 10, "{last}");
    let health = request(&relay, "GET", "/health");
    assert!(health.status == 503 && health.text().contains("storage_full"), "{} {}", health.status, health.text());
    let figures = request_with(&relay, "GET", "/metrics", &[("Authorization", &format!("bearer {TOKEN}"))]).text();
    for line in [
        "hushclip_relay_storage_ok 0",
        "hushclip_relay_storage_full 1",
        "hushclip_relay_storage_broken 0",
        "hushclip_relay_accounts 1",
        &format!("hushclip_relay_items {last}"),
        "hushclip_relay_stored_limit_bytes 2097152",
        "hushclip_relay_frames_refused_total{reason=\"relay_full\"} 1",
    ] {
        assert!(figures.lines().any(|found| found == line), "{line} is not in {figures}");
    }
    let newcomer = Account::make(103);
    let mut stranger = Socket::open(&relay, newcomer.mailbox());
    assert_eq!(newcomer.register(&mut stranger, ""), Err(ErrorCode::RelayFull));
    let removal = account.remove_device(1);
    first.send(&ToRelay::LogAppend(removal));
    first.recv_some(|frame| matches!(frame, ToDevice::LogEntries { from: 2, .. }).then_some(()));
    assert_eq!(second.recv_close(), Some(CloseCode::Removed));
}

#[test]
fn who_holds_much_does_not_take_the_room_of_who_holds_little() {
    if is_other_shell() {
        return;
    }
    let relay = start(&[("HUSHCLIP_RELAY_MAX_SIZE", "8")]);
    let (mut family, mut home) = Account::registered(&relay, 104);
    // What all devices of an account have makes room for what is new; one of these fetches nothing.
    let (mut stranger, mut elsewhere, _idle) = Account::pair(&relay, 105);
    let (refused, _) = fill(&mut stranger, &mut elsewhere, 250_000);
    assert_eq!(refused, ErrorCode::RelayFull);
    assert_eq!(request(&relay, "GET", "/health").status, 200);
    for after in 0..3 {
        let clip = family.clip(0, after as u8 + 1, 250_000, 600);
        assert_eq!(push(&mut home, after, &clip), Ok(after + 1));
    }
}

#[test]
fn an_account_has_its_quota() {
    if is_other_shell() {
        return;
    }
    let relay = start(&[("HUSHCLIP_RELAY_QUOTA", "1")]);
    let (mut account, mut first) = Account::registered(&relay, 106);
    let other = account.add_device();
    first.send(&ToRelay::LogAppend(other));
    first.recv_some(|frame| matches!(frame, ToDevice::LogEntries { from: 1, .. }).then_some(()));
    let (refused, last) = fill(&mut account, &mut first, 250_000);
    assert_eq!((refused, last), (ErrorCode::StorageFull, 4));
    let (_first, welcome) = account.sign_in(&relay, 0, None);
    assert_eq!(welcome.limits.item_bytes, 1024 * 1024);
    assert_eq!(request(&relay, "GET", "/health").status, 200);
}

#[test]
fn accounts_are_shown_exported_and_deleted_while_the_relay_runs() {
    if is_other_shell() {
        return;
    }
    let folder = Folder::new("accounts");
    let mut relay = Relay::start();
    let (mut account, mut first, second) = Account::pair(&relay, 107);
    drop(second);
    let clip = account.clip(0, 1, 1000, 600);
    assert_eq!(push(&mut first, 0, &clip), Ok(1));
    let (other, mut stays) = Account::registered(&relay, 108);
    let id = account.mailbox().to_hex();
    let (data, accounts) = (relay.data().to_owned(), "accounts");
    let (done, list) = tool(&[&accounts, &"--data", &data, &"list"]);
    let line = list.lines().find(|line| line.starts_with(&id)).unwrap_or_default();
    assert!(done && line.contains("  2      1 ") && line.contains(" UTC"), "{list}");
    let (done, shown) = tool(&[&accounts, &"--data", &data, &"show", &&id[..8]]);
    assert!(done && shown.contains("log          2 entries"), "{shown}");

    let file = folder.join("one.db");
    let (done, said) = tool(&[&accounts, &"--data", &data, &"export", &id, &"--to", &file]);
    assert!(done, "{said}");
    let (done, said) = tool(&[&accounts, &"--data", &data, &"delete", &id]);
    assert!(!done && said.contains("--yes"), "{said}");
    assert_eq!(account.sign_in(&relay, 0, None).1.max_cursor, 1);
    let (done, said) = tool(&[&accounts, &"--data", &data, &"delete", &id, &"--yes"]);
    assert!(done && said.contains("deleted"), "{said}");
    assert_eq!(first.recv_close(), Some(CloseCode::Gone));
    assert_eq!(rows_of(&relay, &account), 0);
    let (_, list) = tool(&[&accounts, &"--data", &data, &"list"]);
    assert!(!list.contains(&id) && list.contains(&other.mailbox().to_hex()), "{list}");
    assert_eq!(pull(&mut stays).len(), 0);
    // And one that nobody runs.
    assert!(relay.end());
    let (done, said) = tool(&[&accounts, &"--data", &data, &"delete", &other.mailbox().to_hex(), &"--yes"]);
    assert!(done, "{said}");
    assert_eq!(rows_of(&relay, &other), 0);

    let elsewhere = folder.join("data");
    let (done, said) = tool(&[&"restore", &"--data", &elsewhere, &"--from", &file]);
    assert!(done && said.contains("1 account, 1 item"), "{said}");
    let restored = Relay::start_in(elsewhere, Vec::new());
    let (mut socket, _) = account.sign_in(&restored, 1, None);
    assert_eq!(pull(&mut socket).len(), 1);
}

#[test]
fn the_last_device_takes_the_account_along() {
    if is_other_shell() {
        return;
    }
    let relay = Relay::start();
    let (mut account, mut first, mut second) = Account::pair(&relay, 109);
    let clip = account.clip(0, 1, 1000, 600);
    assert_eq!(push(&mut first, 0, &clip), Ok(1));
    // Not the last one: the account stays, and the list of devices says nothing else.
    second.send(&ToRelay::Leave);
    assert_eq!(second.recv_close(), Some(CloseCode::Gone));
    assert_eq!(pull(&mut first).len(), 1);
    let removal = account.remove_device(1);
    first.send(&ToRelay::LogAppend(removal));
    first.recv_some(|frame| matches!(frame, ToDevice::LogEntries { from: 2, .. }).then_some(()));
    first.send(&ToRelay::Leave);
    assert_eq!(first.recv_close(), Some(CloseCode::Gone));
    assert_eq!(rows_of(&relay, &account), 0);
}
