//! What whoever runs the relay meets: settings, files and their modes, copies, and whether it is well.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use hushclip_relay_tests::{Account, Relay, native};

use super::{Folder, LIMIT, is_other_shell, push, tool};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// Runs the binary through a shell that says something before.
fn after(before: &str, args: &str) -> (bool, Vec<u8>, String) {
    let line = format!("{before}; exec '{}' {args}", native().display());
    let output = Command::new("sh").args(["-c", &line]).stdin(Stdio::null()).output().expect("there is a shell");
    (output.status.success(), output.stdout, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_made() {
    if is_other_shell() {
        return;
    }
    let folder = Folder::new("nonsense");
    let data = folder.join("data");
    for (flag, value, why) in [
        ("--max-size", "0", "not in 1"),
        ("--quota", "0", "not in 1"),
        ("--allow-origin", "foo bar", "must be an origin"),
        ("--allow-origin", "https://a.example/app", "must be an origin"),
        ("--proxy", "10.0.0.0/64", "or a network"),
        ("--registration", "token", "needs a token"),
        ("--registration", "friends", "possible values"),
    ] {
        let (done, said) = tool(&[&"--data", &data, &flag, &value]);
        assert!(!done && said.contains(why), "{flag} {value}: {said}");
    }
    let (done, _, said) = after(
        "HUSHCLIP_RELAY_REGISTRATION_TOKEN=short; export HUSHCLIP_RELAY_REGISTRATION_TOKEN",
        &format!("--data '{}'", data.display()),
    );
    assert!(!done && said.contains("16 to 256 bytes"), "{said}");
    let (done, _, said) = after("ulimit -n 12", &format!("--data '{}' --listen 127.0.0.1:0", data.display()));
    assert!(!done && said.contains("12 files") && said.contains("LimitNOFILE") && !said.contains("panic"), "{said}");
    assert!(!data.exists());
}

#[test]
fn proxies_and_all_else_can_be_set_by_the_environment() {
    if is_other_shell() {
        return;
    }
    let variables = [
        ("HUSHCLIP_RELAY_PROXY", "10.88.0.0/16 fd00::/8"),
        ("ALLOWED_ORIGINS", "https://a.example http://b.example:8080"),
        ("HUSHCLIP_RELAY_IDLE_DAYS", "0"),
        ("HUSHCLIP_RELAY_QUOTA", "8"),
    ];
    let relay = Relay::start_with(variables.map(|(name, value)| (name, value.to_owned())).to_vec());
    let (done, said) = tool(&[&"health", &"--listen", &relay.authority()]);
    assert!(done && said.contains("\"status\":\"ok\""), "{said}");
    drop(relay);
    let (done, said) = tool(&[&"health", &"--listen", &"127.0.0.1:9"]);
    assert!(!done && said.contains("no relay answers"), "{said}");
}

#[test]
fn nobody_else_can_read_what_is_stored_or_copied() {
    if is_other_shell() {
        return;
    }
    let folder = Folder::new("modes");
    let data = folder.join("data");
    fs::create_dir(&data).expect("it is ours");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).expect("it is ours");
    // As SQLite makes one when nobody watches.
    fs::write(data.join("relay.db"), "").expect("it is ours");
    fs::set_permissions(data.join("relay.db"), fs::Permissions::from_mode(0o644)).expect("it is ours");
    let relay = Relay::start_in(data.clone(), Vec::new());
    let (mut account, mut first) = Account::registered(&relay, 120);
    let clip = account.clip(0, 1, 1000, 600);
    assert_eq!(push(&mut first, 0, &clip), Ok(1));
    assert_eq!(mode(&data), 0o700);
    for file in ["relay.db", "relay.db-wal", "relay.db-shm", "relay.lock"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    let to = folder.join("1.db");
    let backup = |to: &str| after("umask 000", &format!("backup --data '{}' --to {to}", data.display()));
    assert!(backup(&to.display().to_string()).0);
    assert_eq!(mode(&to), 0o600);
    // And to the standard output, the same bytes as a file would have.
    let (done, bytes, said) = backup("-");
    assert!(done && said.starts_with("saved: 1 account, 1 item"), "{said}");
    assert_eq!(bytes.len(), fs::metadata(&to).expect("it is there").len() as usize);
    let other = folder.join("other.db");
    fs::write(&other, bytes).expect("it is ours");
    assert!(tool(&[&"restore", &"--data", &folder.join("restored"), &"--from", &other]).0);
    let left = fs::read_dir(&data).expect("it is there").flatten();
    assert!(!left.into_iter().any(|file| file.file_name().to_string_lossy().ends_with(".part")));
    drop(relay);
}

#[test]
fn old_copies_and_halves_of_some_go() {
    if is_other_shell() {
        return;
    }
    let folder = Folder::new("rotation");
    let relay = Relay::start();
    let (_account, _first) = Account::registered(&relay, 121);
    for other in ["0.db.part", "notes.txt", "x.part"] {
        fs::write(folder.join(other), "half").expect("it is ours");
    }
    for name in ["1.db", "2.db", "3.db"] {
        let (done, said) = tool(&[&"backup", &"--data", &relay.data(), &"--to", &folder.join(name), &"--keep", &"2"]);
        assert!(done, "{said}");
    }
    let mut names: Vec<_> =
        fs::read_dir(&folder.0).expect("it is there").flatten().map(|file| file.file_name()).collect();
    names.sort();
    assert_eq!(names, ["2.db", "3.db", "notes.txt", "x.part"]);
}

#[test]
fn a_proxy_that_speaks_http_1_0_is_told_that_it_passes_no_websockets() {
    if is_other_shell() {
        return;
    }
    let relay = Relay::start();
    let mut stream = TcpStream::connect(relay.authority()).expect("it listens");
    stream.set_read_timeout(Some(LIMIT)).expect("sockets have timeouts");
    let headers = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let path = "/v1/mailbox/00000000000000000000000000000001";
    write!(stream, "GET {path} HTTP/1.0\r\nHost: relay\r\n{headers}\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.contains(" 426 ") && answer.contains("HTTP/1.1 and its Upgrade"), "{answer}");
}

#[test]
fn used_up_connections_are_logged() {
    if is_other_shell() {
        return;
    }
    let folder = Folder::new("used-up");
    let line = format!(
        "ulimit -n 100; exec '{}' --data '{}' --listen 127.0.0.1:0",
        native().display(),
        folder.join("data").display()
    );
    let mut relay = Command::new("sh")
        .args(["-c", &line])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("there is a shell");
    let mut ready = String::new();
    BufReader::new(relay.stdout.take().expect("it is piped")).read_line(&mut ready).expect("it starts");
    let address = ready.trim().trim_start_matches("ready http://").to_owned();
    let held: Vec<_> = (0..50).map(|_| TcpStream::connect(&address).expect("the system takes it")).collect();
    let mut log = BufReader::new(relay.stderr.take().expect("it is piped")).lines().map_while(Result::ok);
    let said = log.find(|line| line.contains("connections_used_up"));
    drop(held);
    relay.kill().and_then(|()| relay.wait()).expect("it is ours");
    assert_eq!(said.as_deref(), Some("level=error event=connections_used_up connections=36"));
}
