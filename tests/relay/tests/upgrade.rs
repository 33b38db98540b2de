//! The worker's databases of other versions: earlier ones are brought forward in place, later ones are
//! left alone. The native relay's are in `native`.

use std::fs;
use std::path::PathBuf;

use hushclip_protocol::error::CloseCode;
use hushclip_protocol::frame::{Item, ToDevice, ToRelay};
use hushclip_relay_tests::{Account, Relay, Shell, Socket};
use rusqlite::Connection;

/// The key of the worker's objects, as in `workerd.capnp`.
const OBJECTS: &str = "mailboxes/hushclip-mailbox-v1";

/// The database of the one account there is.
fn database(relay: &Relay) -> Connection {
    let files = fs::read_dir(relay.data().join(OBJECTS)).expect("the worker's folder");
    let is_database = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".sqlite") && name != "metadata.sqlite"
    };
    let databases: Vec<_> = files.map(|file| file.expect("the worker's folder").path()).filter(is_database).collect();
    let [path] = &databases[..] else { panic!("{databases:?}") };
    Connection::open(path).expect("a database")
}

fn push(socket: &mut Socket, after: u64, envelope: &[u8]) -> u64 {
    socket.send(&ToRelay::Push { after, envelope: envelope.to_vec().into() });
    socket.recv_some(|frame| if let ToDevice::Pushed { cursor, .. } = frame { Some(cursor) } else { None })
}

#[test]
fn a_database_of_version_1_is_brought_forward() {
    if Shell::wanted() != Shell::Workerd {
        return;
    }
    let mut relay = Relay::start();
    let (mut account, mut first) = Account::registered(&relay, 70);
    let clip = account.clip(0, 1, 100, 600);
    assert_eq!(push(&mut first, 0, &clip), 1);
    relay.crash();
    let old = "
        CREATE TABLE old (cursor INTEGER PRIMARY KEY, item BLOB NOT NULL, expires INTEGER NOT NULL, envelope BLOB NOT NULL);
        INSERT INTO old SELECT cursor, item, expires, envelope FROM items; DROP TABLE items; ALTER TABLE old RENAME TO items;
        DROP TABLE subscriptions; DROP TABLE membership; DROP TABLE account;
        UPDATE meta SET value = 1 WHERE key = 'schema';";
    database(&relay).execute_batch(old).expect("it was version 5");
    relay.restart();
    let (mut first, welcome) = account.sign_in(&relay, 0, None);
    assert_eq!(welcome.max_cursor, 1);
    first.send(&ToRelay::Pull { after: 0, limit: 10 });
    let ToDevice::Items { items, .. } = first.recv() else { panic!("no items") };
    assert_eq!(items, [Item { cursor: 1, envelope: clip.into(), mark: 0 }]);
    // What is new works, and stays.
    first.send(&ToRelay::PushSubscribe { endpoint: "https://fcm.googleapis.com/fcm/send/1".into() });
    let next = account.clip(0, 2, 100, 600);
    assert_eq!(push(&mut first, 1, &next), 2);
    relay.crash();
    let database = database(&relay);
    let version: i64 = database.query_row("SELECT value FROM meta WHERE key = 'schema'", [], |row| row.get(0)).unwrap();
    let subscriptions: i64 = database.query_row("SELECT count(*) FROM subscriptions", [], |row| row.get(0)).unwrap();
    assert_eq!((version, subscriptions), (5, 1));
}

#[test]
fn a_database_from_the_future_is_left_as_it_is() {
    if Shell::wanted() != Shell::Workerd {
        return;
    }
    let mut relay = Relay::start();
    let (mut account, mut first) = Account::registered(&relay, 71);
    let clip = account.clip(0, 1, 100, 600);
    assert_eq!(push(&mut first, 0, &clip), 1);
    relay.crash();
    let set = |relay: &Relay, version: i64| {
        database(relay).execute("UPDATE meta SET value = ? WHERE key = 'schema'", [version]).expect("a row");
    };
    set(&relay, 99);
    relay.restart();
    assert_eq!(Socket::open_refused(&relay, account.mailbox()), Some(CloseCode::Internal));
    // Other accounts are served.
    let (_other, _socket) = Account::registered(&relay, 72);
    relay.crash();
    let folder = relay.data().join(OBJECTS);
    let databases: Vec<_> = fs::read_dir(&folder)
        .expect("the worker's folder")
        .map(|file| file.expect("the worker's folder").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "sqlite"))
        .collect();
    for path in databases {
        // Only the one that was changed has this version.
        let _ = Connection::open(path)
            .and_then(|found| found.execute("UPDATE meta SET value = 5 WHERE key = 'schema' AND value = 99", []));
    }
    relay.restart();
    let (mut first, _) = account.sign_in(&relay, 0, None);
    first.send(&ToRelay::Pull { after: 0, limit: 10 });
    let ToDevice::Items { items, .. } = first.recv() else { panic!("no items") };
    assert_eq!(items, [Item { cursor: 1, envelope: clip.into(), mark: 0 }]);
}
