//! Databases that released versions have made, from `tests/fixtures`: the relay serves what is in them.

use std::fs;
use std::path::{Path, PathBuf};

use hushclip_protocol::envelope::Envelope;
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_relay_tests::{Account, Relay, Shell};
use rusqlite::Connection;

/// Where the worker's object of the fixture is found: its name follows from the mailbox.
const OBJECT: &str =
    "mailboxes/hushclip-mailbox-v1/dd85d11b6f45dd679e824e2672ead40f326c0396ea936358769b895524eedb4e.sqlite";

/// A folder with the database of a version, as if all in it had come just now.
fn data_of(version: &str) -> PathBuf {
    let data = std::env::temp_dir().join(format!("hushclip-relay-fixture-{}", std::process::id()));
    let _ = fs::remove_dir_all(&data);
    let (file, place, accounts) = match Shell::wanted() {
        Shell::Native => ("relay.db", "relay.db", "accounts"),
        Shell::Workerd => ("worker.sqlite", OBJECT, "account"),
    };
    let to = data.join(place);
    fs::create_dir_all(to.parent().expect("a folder")).expect("it is made");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(version).join(file);
    fs::copy(from, &to).expect("it is there");
    #[cfg(unix)]
    fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("it is ours");
    let now = "CAST(unixepoch() AS INTEGER) * 1000";
    let update =
        format!("UPDATE items SET expires = {now} + 86400000; UPDATE {accounts} SET started = {now}, used = {now}");
    Connection::open(&to).expect("a database").execute_batch(&update).expect("its tables");
    data
}

#[test]
fn an_account_of_v0_1_is_served() {
    let relay = Relay::start_in(data_of("v0.1"), Vec::new());
    // Who made the fixture did this, with the same seed.
    let mut account = Account::make(1_001);
    account.add_device();
    let _ = (1..=4).map(|item| account.clip(0, item, 10, 60)).count();
    let _ = account.tombstone(0, 5);
    account.rotate();
    let (mut first, welcome) = account.sign_in(&relay, 0, None);
    assert_eq!((welcome.max_cursor, welcome.log_seq), (6, 2));
    assert_eq!(welcome.log_head, account.log.head());
    first.send(&ToRelay::LogPull { from: 0 });
    let log =
        first.recv_some(|frame| if let ToDevice::LogEntries { entries, .. } = frame { Some(entries) } else { None });
    assert_eq!((log.len(), &log[0]), (3, &account.genesis));
    first.send(&ToRelay::Pull { after: 0, limit: 100 });
    let items = first.recv_some(|frame| if let ToDevice::Items { items, .. } = frame { Some(items) } else { None });
    let told: Vec<_> = items
        .iter()
        .map(|item| {
            let envelope = Envelope::parse(&item.envelope).expect("an envelope");
            assert!(envelope.verify(&account.devices[0].sign_pk()));
            (item.cursor, envelope.header.item.as_bytes()[0], envelope.header.counter)
        })
        .collect();
    assert_eq!(told, [(1, 1, 1), (3, 3, 3), (4, 4, 4), (5, 5, 5), (6, 6, 6)]);
    // And it goes on.
    account.counter = 6;
    let next = account.clip(0, 7, 30, 60);
    first.send(&ToRelay::Push { after: 6, envelope: next.into() });
    let cursor = first.recv_some(|frame| if let ToDevice::Pushed { cursor, .. } = frame { Some(cursor) } else { None });
    assert_eq!(cursor, 7);
}
