//! Wrong usage, exit codes, and what is made on disk.

use std::process::Stdio;

use crate::relay::Relay;
use crate::support::{Device, hushclip, one_device};

#[test]
fn wrong_usage_exits_2() {
    let device = Device::new();
    let wrong: [&[&str]; 9] = [
        &[],
        &["frobnicate"],
        &["init"],
        &["join"],
        &["watch", "--count", "0"],
        &["push", "a", "b"],
        &["devices", "remove"],
        &["rotation", "29"],
        &["rotation", "10081"],
    ];
    for args in wrong {
        let outcome = device.run(args);
        assert_eq!((outcome.code, &*outcome.out), (Some(2), ""), "{args:?}");
    }
    assert!(!device.home().exists());
}

#[test]
fn help_names_every_command() {
    let help = Device::new().run(&["--help"]).ok();
    for command in [
        "init", "invite", "join", "push", "pull", "watch", "devices", "status", "alerts", "rotation", "resume",
        "leave", "lock", "unlock",
    ] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{command}");
    }
}

#[test]
fn without_an_account_commands_fail_and_make_nothing() {
    let device = Device::new();
    for args in [
        &["push", "hi"][..],
        &["pull"],
        &["watch"],
        &["devices"],
        &["invite"],
        &["alerts"],
        &["leave", "--yes"],
        &["lock"],
        &["unlock"],
    ] {
        device.run(args).fails("no_account");
    }
    assert!(device.run(&["status"]).ok().contains("none yet"));
    assert_eq!(device.run(&["status", "--json"]).json()[0]["stage"], "new");
    assert!(!device.home().exists());
}

#[test]
fn init_makes_nothing_unless_a_relay_answers() {
    let device = Device::new();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    device.run(&["init", "--relay", &format!("http://127.0.0.1:{port}")]).fails("relay_unreachable");
    device.run(&["init", "--relay", &format!("https://{}", &Relay::start().url()[7..])]).fails("relay_unreachable");
    for relay in ["relay.example", "ftp://relay.example", "", "http://", "https://a/b", "https://u@a"] {
        device.run(&["init", "--relay", relay]).fails("bad_relay");
    }
    assert!(!device.home().exists());
}

#[test]
fn a_second_account_is_refused() {
    let (relay, laptop) = one_device();
    let refused = laptop.run(&["init", "--relay", &relay.url()]);
    refused.fails("already_member");
    assert!(refused.err.contains("hushclip leave"), "{refused:?}");
    laptop.run(&["join", "https://relay.example/pair#AAAA"]).fails("already_member");
}

#[test]
fn a_name_is_needed() {
    let (relay, device) = (Relay::start(), Device::new());
    for wrong in [" ", "two\nlines", "turned \u{202e}around", "not\u{200b}seen"] {
        device.run(&["init", "--relay", &relay.url(), "--name", wrong]).fails("bad_name");
    }
    device.run(&["init", "--relay", &relay.url()]).ok();
}

#[cfg(unix)]
#[test]
fn only_the_user_can_read_the_home() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_relay, laptop) = one_device();
    let mut watch = laptop.start(&["watch", "--json"]);
    // Whichever of the two owned the home first, in the end it is the one that stays.
    laptop.run(&["push", "hi"]).ok();
    for _ in 0..200 {
        if laptop.home().join("agent.sock").exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let mode = |path: &std::path::Path| path.symlink_metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&laptop.home()), 0o700);
    let mut names = Vec::new();
    for file in std::fs::read_dir(laptop.home()).unwrap() {
        let file = file.unwrap();
        assert_eq!(mode(&file.path()), 0o600, "{:?}", file.file_name());
        names.push(file.file_name().into_string().unwrap());
    }
    assert!(names.contains(&"agent.sock".to_owned()) && names.contains(&"state.db".to_owned()), "{names:?}");
    watch.signal("-TERM");
    assert_eq!(watch.child.wait().unwrap().code(), Some(143));
}

#[test]
fn the_home_can_come_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::start();
    let run = |variable: &str, args: &[&str]| {
        hushclip().env(variable, folder.path().join(variable)).args(args).stdin(Stdio::null()).output().unwrap()
    };
    for (variable, home) in [("HUSHCLIP_HOME", "HUSHCLIP_HOME"), ("XDG_DATA_HOME", "XDG_DATA_HOME/hushclip")] {
        if variable == "XDG_DATA_HOME" && !cfg!(target_os = "linux") {
            continue;
        }
        assert!(run(variable, &["init", "--relay", &relay.url()]).status.success());
        assert!(folder.path().join(home).join("state.db").exists());
    }
}

#[test]
fn a_damaged_home_is_said_and_left_alone() {
    let (_relay, laptop) = one_device();
    std::fs::write(laptop.home().join("state.db"), "this is no database, and long enough to be looked at").unwrap();
    laptop.run(&["status"]).fails("storage");
    assert!(std::fs::read(laptop.home().join("state.db")).unwrap().starts_with(b"this is no database"));
}
