//! Several processes with one home: they share the engine, and survive each other.

use std::time::Duration;

use crate::support::two_devices;

#[test]
fn push_and_pull_while_watch_runs() {
    let (_relay, laptop, pixel) = two_devices();
    let watch = pixel.start(&["watch"]);
    laptop.run(&["push", "one"]).ok();
    assert_eq!(watch.line(), "one");
    pixel.pipe(&["push"], b"two\n").ok();
    assert_eq!(laptop.run(&["pull"]).ok(), "two\n");
    // It was printed already.
    assert_eq!(pixel.run(&["pull"]).ok(), "");
    assert_eq!(pixel.run(&["status", "--json"]).json()[0]["connection"]["state"], "online");
    pixel.pipe(&["push"], &vec![b'a'; 256 * 1024 + 1]).fails("too_large");
    laptop.run(&["push", "three"]).ok();
    assert_eq!(watch.line(), "three");
}

#[test]
fn watchers_take_over_when_the_owner_dies() {
    let (_relay, laptop, pixel) = two_devices();
    let mut owner = pixel.start(&["watch"]);
    laptop.run(&["push", "one"]).ok();
    assert_eq!(owner.line(), "one");
    let heirs: Vec<_> = (0..3).map(|_| pixel.start(&["watch"])).collect();
    for heir in &heirs {
        // Once it prints, it is attached.
        while heir.out.recv_timeout(Duration::from_millis(200)).is_err() {
            laptop.run(&["push", "are you there?"]).ok();
        }
    }
    owner.child.kill().unwrap();
    owner.child.wait().unwrap();
    laptop.run(&["push", "last"]).ok();
    for heir in &heirs {
        while heir.line() != "last" {}
    }
}

#[test]
fn many_at_once_lose_and_double_nothing() {
    let (_relay, laptop, pixel) = two_devices();
    // Owners come and go all the time, and each hands over to the next.
    let running: Vec<_> = (0..12).map(|n| laptop.start(&["push", &format!("clip {n}")])).collect();
    for push in running {
        push.end().ok();
    }
    let mut got: Vec<_> = pixel.run(&["pull"]).ok().lines().map(str::to_owned).collect();
    got.sort();
    let mut expected: Vec<_> = (0..12).map(|n| format!("clip {n}")).collect();
    expected.sort();
    assert_eq!(got, expected);
}

#[cfg(unix)]
#[test]
fn signals_end_watch_with_their_codes() {
    let (_relay, laptop, pixel) = two_devices();
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let watch = pixel.start(&["watch"]);
        laptop.run(&["push", "--", signal]).ok();
        assert_eq!(watch.line(), signal);
        watch.signal(signal);
        assert_eq!(watch.end().code, Some(code));
    }
    assert!(!pixel.home().join("agent.sock").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_home_with_a_long_path_is_shared_too() {
    let (relay, folder) = (crate::relay::Relay::start(), tempfile::tempdir().unwrap());
    let home = folder.path().join("a-rather-long-name-for-a-folder".repeat(7));
    let run = |args: &[&str]| {
        let mut command = crate::support::hushclip();
        command.arg("--home").arg(&home).args(args);
        command
    };
    assert!(run(&["init", "--relay", &relay.url()]).output().unwrap().status.success());
    let mut watch = run(&["watch"]).spawn().unwrap();
    while !home.join("agent.sock").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(run(&["push", "hi"]).status().unwrap().success());
    watch.kill().unwrap();
    watch.wait().unwrap();
}
