//! What only the binary for people's own boxes does: its folder, backup and restore, shutdown, a full disk,
//! slow connections. Does nothing when the other shell is being tested.

mod accounts;
mod admin;

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{Item, ToDevice, ToRelay};
use hushclip_relay_tests::{Account, Relay, Shell, Socket, native, request, request_with};
use rusqlite::Connection;

/// Longer than any command takes.
const LIMIT: Duration = Duration::from_secs(20);

fn is_other_shell() -> bool {
    Shell::wanted() != Shell::Native
}

/// A folder of a test's own, gone with this value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("hushclip-native-tests-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("folders can be made");
        Self(path)
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs a command of the binary; what it printed, and whether it succeeded.
fn tool(args: &[&dyn AsRef<OsStr>]) -> (bool, String) {
    let mut command = Command::new(native());
    for arg in args {
        command.arg(arg);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("`cargo xtask build` has made it");
    let started = Instant::now();
    while child.try_wait().expect("it can be waited for").is_none() {
        if started.elapsed() > LIMIT {
            child.kill().expect("it is ours");
        }
        sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("it has ended");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

fn push(socket: &mut Socket, after: u64, envelope: &[u8]) -> Result<u64, ErrorCode> {
    socket.send(&ToRelay::Push { after, envelope: envelope.to_vec().into() });
    socket.recv_some(|frame| match frame {
        ToDevice::Pushed { cursor, .. } => Some(Ok(cursor)),
        ToDevice::Error { code, .. } => Some(Err(code)),
        _ => None,
    })
}

fn pull(socket: &mut Socket) -> Vec<Item> {
    pull_after(socket, 0)
}

fn pull_after(socket: &mut Socket, after: u64) -> Vec<Item> {
    socket.send(&ToRelay::Pull { after, limit: 100 });
    socket.recv_some(|frame| if let ToDevice::Items { items, .. } = frame { Some(items) } else { None })
}

fn database(relay: &Relay) -> Connection {
    Connection::open(relay.data().join("relay.db")).expect("SQLite opens it")
}

fn schema(relay: &Relay) -> i64 {
    database(relay).query_row("PRAGMA user_version", [], |row| row.get(0)).expect("SQLite reads it")
}

#[test]
fn a_backup_of_a_busy_relay_holds_what_was_acknowledged_before_it() {
    if is_other_shell() {
        return;
    }
    let folder = Folder::new("backup");
    let relay = Relay::start();
    let (mut account, mut first, second) = Account::pair(&relay, 90);
    drop(second);
    let clips: Vec<_> = (1..=100).map(|item| account.clip(0, item, 5000, 600)).collect();
    let (acknowledged, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let pusher = {
        let (acknowledged, stop, clips) = (Arc::clone(&acknowledged), Arc::clone(&stop), clips.clone());
        thread::spawn(move || {
            for (after, clip) in clips.iter().enumerate() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let cursor = push(&mut first, after as u64, clip).expect("there is room");
                acknowledged.store(cursor, Ordering::SeqCst);
            }
        })
    };
    let started = Instant::now();
    while acknowledged.load(Ordering::SeqCst) < 10 && started.elapsed() < Duration::from_secs(8) {
        sleep(Duration::from_millis(1));
    }
    let before = acknowledged.load(Ordering::SeqCst) as usize;
    let file = folder.join("backup.db");
    let (done, said) = tool(&[&"backup", &"--data", &relay.data(), &"--to", &file]);
    stop.store(true, Ordering::Relaxed);
    pusher.join().expect("the pusher ends");
    assert!(done && before >= 10, "{before}: {said}");
    assert!(said.starts_with("saved: 1 account, "), "{said}");
    assert!(tool(&[&"check", &"--data", &relay.data()]).0);
    let (again, why) = tool(&[&"backup", &"--data", &relay.data(), &"--to", &file]);
    assert!(!again && why.contains("already exists"), "{why}");

    let data = folder.join("restored");
    let (done, said) = tool(&[&"restore", &"--data", &data, &"--from", &file]);
    assert!(done, "{said}");
    let (again, why) = tool(&[&"restore", &"--data", &data, &"--from", &file]);
    assert!(!again && why.contains("already has accounts"), "{why}");
    let restored = Relay::start_in(data, Vec::new());
    let (mut socket, welcome) = account.sign_in(&restored, 1, None);
    let items = pull(&mut socket);
    assert!(items.len() >= before, "{before} were acknowledged, {} are there", items.len());
    assert_eq!(welcome.max_cursor, items.len() as u64);
    for (item, (cursor, clip)) in items.iter().zip((1..).zip(&clips)) {
        assert_eq!((item.cursor, &*item.envelope), (cursor, clip));
    }
    // And it goes on from there.
    let next = account.clip(1, 200, 10, 600);
    assert_eq!(push(&mut socket, welcome.max_cursor, &next), Ok(welcome.max_cursor + 1));
}

#[test]
fn what_is_no_backup_is_not_restored() {
    if is_other_shell() {
        return;
    }
    let folder = Folder::new("no-backup");
    let file = folder.join("file");
    let data = folder.join("data");
    let restore = || tool(&[&"restore", &"--data", &data, &"--from", &file]);
    assert!(!restore().0);
    fs::write(&file, "not a database at all, and long enough to be looked at as if it were one").expect("it is ours");
    assert!(!restore().0);
    fs::remove_file(&file).expect("it is ours");
    Connection::open(&file).and_then(|db| db.execute_batch("CREATE TABLE other (a)")).expect("SQLite writes");
    let (done, why) = restore();
    assert!(!done && why.contains("not a hushclip-relay database"), "{why}");
    assert!(!data.join("relay.db").exists());
    let (done, why) = tool(&[&"backup", &"--data", &data, &"--to", &folder.join("copy")]);
    assert!(!done && why.contains("there is no relay database"), "{why}");
}

#[test]
fn a_database_of_the_version_before_is_brought_forward_and_one_of_a_later_version_refused() {
    if is_other_shell() {
        return;
    }
    let mut relay = Relay::start();
    let (mut account, mut first) = Account::registered(&relay, 91);
    let clip = account.clip(0, 1, 100, 600);
    assert_eq!(push(&mut first, 0, &clip), Ok(1));
    relay.crash();
    let now = schema(&relay);
    let old = "DROP TABLE subscriptions; DROP TABLE push_key; DROP TABLE membership; DROP TABLE accounts; DROP TABLE doomed; PRAGMA user_version = 1";
    database(&relay).execute_batch(old).expect("SQLite writes");
    relay.restart();
    assert_eq!(schema(&relay), now);
    let (mut first, welcome) = account.sign_in(&relay, 0, None);
    assert_eq!((welcome.max_cursor, pull(&mut first).len()), (1, 1));
    assert!(relay.end());
    database(&relay).pragma_update(None, "user_version", now + 1).expect("SQLite writes");
    let (done, why) = tool(&[&"--data", &relay.data(), &"--listen", &"127.0.0.1:0"]);
    assert!(!done && why.contains("use a newer hushclip-relay"), "{why}");
    assert_eq!(schema(&relay), now + 1);
}

#[test]
fn two_relays_never_share_a_folder() {
    if is_other_shell() {
        return;
    }
    let relay = Relay::start();
    let (done, why) = tool(&[&"--data", &relay.data(), &"--listen", &"127.0.0.1:0"]);
    assert!(!done && why.contains("another relay is using the folder"), "{why}");
    assert_eq!(request(&relay, "GET", "/health").status, 200);
}

#[test]
fn it_ends_when_it_is_asked_to_and_leaves_one_whole_file() {
    if is_other_shell() {
        return;
    }
    let mut relay = Relay::start();
    let (mut account, mut first, mut second) = Account::pair(&relay, 92);
    let clip = account.clip(0, 1, 100, 600);
    assert_eq!(push(&mut first, 0, &clip), Ok(1));
    second.recv_some(|frame| matches!(frame, ToDevice::Item(_)).then_some(()));
    second.send(&ToRelay::Ack { cursor: 1 });
    first.recv_some(|frame| matches!(frame, ToDevice::Delivered(_)).then_some(()));
    let started = Instant::now();
    assert!(relay.end(), "it does not end well");
    assert!(started.elapsed() < Duration::from_secs(6), "it takes {:?} to end", started.elapsed());
    assert_eq!(second.recv_close_number(), Some(1001));
    let log = fs::metadata(relay.data().join("relay.db-wal")).map_or(0, |meta| meta.len());
    assert_eq!(log, 0, "the log was not written back");
    relay.restart();
    let (_first, welcome) = account.sign_in(&relay, 0, None);
    let device = account.devices[1].device_id();
    assert_eq!(welcome.delivered.iter().find(|delivered| delivered.device == device).map(|d| d.cursor), Some(1));
}

#[test]
fn a_full_disk_refuses_clips_and_nothing_else_and_has_room_again() {
    if is_other_shell() {
        return;
    }
    let relay = Relay::start_with(vec![("HUSHCLIP_RELAY_MAX_SIZE", "2".to_owned())]);
    // One that fetches nothing: else what all have makes room for what is new.
    let (mut account, mut first, _idle) = Account::pair(&relay, 93);
    let kept = account.clip(0, 1, 100, 600);
    assert_eq!(push(&mut first, 0, &kept), Ok(1));
    let mut last = 1;
    let refused = loop {
        let clip = account.clip(0, last as u8 + 1, 250_000, 4);
        match push(&mut first, last, &clip) {
            Ok(cursor) => last = cursor,
            Err(code) => break code,
        }
        assert!(last < 20, "there is no bound");
    };
    assert_eq!(refused, ErrorCode::RelayFull);
    assert!(last > 1);
    assert_eq!(pull_after(&mut first, last - 1).len(), 1);
    let health = request(&relay, "GET", "/health");
    assert!(health.status == 503 && health.text().contains("storage_full"), "{}", health.text());
    assert!(request(&relay, "GET", "/status").text().contains("full"));
    // What has had its time makes room.
    sleep(Duration::from_secs(5));
    let next = account.clip(0, 100, 250_000, 600);
    assert_eq!(push(&mut first, last, &next), Ok(last + 1));
    assert_eq!(pull(&mut first).len(), 2);
    assert_eq!(request(&relay, "GET", "/health").status, 200);
}

#[test]
fn files_are_compressed_once_and_not_sent_twice() {
    if is_other_shell() {
        return;
    }
    let relay = Relay::start();
    let plain = request(&relay, "GET", "/");
    let packed = request_with(&relay, "GET", "/", &[("Accept-Encoding", "br, gzip")]);
    assert_eq!((plain.header("content-encoding"), packed.header("content-encoding")), ("", "gzip"));
    assert_eq!((plain.header("vary"), packed.header("vary")), ("Accept-Encoding", "Accept-Encoding"));
    assert!(packed.body.len() < plain.body.len());
    let tag = packed.header("etag");
    assert!(tag.len() > 32 && tag != plain.header("etag"), "{tag}");
    let known = request_with(&relay, "GET", "/", &[("Accept-Encoding", "gzip"), ("If-None-Match", tag)]);
    assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, tag));
    assert!(known.header("content-security-policy").starts_with("default-src 'none'"));
}

#[test]
fn a_folder_can_stand_for_the_web_app() {
    if is_other_shell() {
        return;
    }
    let folder = Folder::new("web");
    let start = || Relay::start_with(vec![("HUSHCLIP_RELAY_WEB", folder.0.display().to_string())]);
    let answer = request(&start(), "GET", "/");
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("no_web_app"), "{}", answer.text());
    fs::write(folder.join("index.html"), "my own").expect("it is ours");
    assert_eq!(request(&start(), "GET", "/").text(), "my own");
}

#[test]
fn who_dawdles_over_a_request_is_cut_off() {
    if is_other_shell() {
        return;
    }
    let relay = Relay::start();
    let mut streams: Vec<_> = (0..20).map(|_| TcpStream::connect(relay.authority()).expect("it listens")).collect();
    let started = Instant::now();
    let limit = Duration::from_secs(14);
    // One byte now and then; the last one says nothing at all.
    let silent = streams.split_off(19);
    for byte in b"GET / HTTP/1.1\r\nHost: relay\r\nX-Slow: ".iter().chain([b'x'; 100].iter()) {
        streams.retain_mut(|stream| stream.write_all(&[*byte]).is_ok());
        sleep(Duration::from_millis(300));
        if streams.is_empty() || started.elapsed() > limit {
            break;
        }
    }
    assert!(streams.is_empty(), "{} are still there", streams.len());
    for mut stream in silent {
        stream.set_read_timeout(Some(limit)).expect("sockets have timeouts");
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(started.elapsed() < 2 * limit, "who says nothing stays");
    }
    // A head that is too long is none.
    let mut stream = TcpStream::connect(relay.authority()).expect("it listens");
    let _ = write!(stream, "GET / HTTP/1.1\r\nHost: relay\r\nX-Long: {}\r\n\r\n", "x".repeat(100_000));
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(request(&relay, "GET", "/health").status, 200);
}
