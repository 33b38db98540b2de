//! What lies on the disk: sealed under a key, and that under a passphrase, if there is one.

use serde_json::Value;

use crate::support::{Device, Outcome, one_device, two_devices};

const PASSPHRASE: &str = "correct horse battery";

fn status(device: &Device) -> Value {
    device.run(&["status", "--json"]).json().remove(0)
}

/// Files of a home with what is in them.
fn files(device: &Device) -> Vec<(String, Vec<u8>)> {
    let read = |file: std::fs::DirEntry| Some((file.file_name().into_string().ok()?, std::fs::read(file.path()).ok()?));
    std::fs::read_dir(device.home()).unwrap().filter_map(|file| read(file.unwrap())).collect()
}

fn keys(device: &Device) -> Vec<Vec<u8>> {
    files(device).into_iter().filter(|(name, _)| name.starts_with("key-")).map(|(_, bytes)| bytes).collect()
}

fn contains(bytes: &[u8], what: &str) -> bool {
    bytes.windows(what.len()).any(|window| window == what.as_bytes())
}

fn with_passphrase() -> (crate::relay::Relay, Device, Device) {
    let (relay, laptop, pixel) = two_devices();
    laptop.pipe(&["lock", "--set"], format!("{PASSPHRASE}\n").as_bytes()).ok();
    (relay, laptop, pixel)
}

/// Runs a command with the passphrase in a file.
fn opened(device: &Device, passphrase: &str, args: &[&str]) -> Outcome {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{passphrase}\nanother line\n")).unwrap();
    let mut command = device.command(args);
    command.env("HUSHCLIP_PASSPHRASE_FILE", file.path()).stdin(std::process::Stdio::null());
    command.output().unwrap().into()
}

#[test]
fn the_database_holds_nothing_in_clear() {
    let (_relay, laptop, pixel) = two_devices();
    let canary = "canary-7f3a-sings";
    pixel.run(&["push", canary]).ok();
    assert_eq!(laptop.run(&["pull"]).ok(), format!("{canary}\n"));
    // While it runs, and so before SQLite tidies up, too.
    let watch = laptop.start(&["watch"]);
    laptop.run(&["push", "canary-own"]).ok();
    for device in [&laptop, &pixel] {
        let files = files(device);
        assert!(files.iter().any(|(name, bytes)| name == "state.db" && !bytes.is_empty()), "{files:?}");
        for (name, bytes) in &files {
            for clear in [canary, "canary-own", "Laptop", "Pixel", "http://127.0.0.1"] {
                assert!(!contains(bytes, clear), "{clear} in {name}");
            }
        }
    }
    drop(watch);
    assert_eq!(keys(&laptop).len(), 1);
    let status = status(&laptop);
    assert_eq!((&status["keys"], &status["passphrase"]), (&"file".into(), &false.into()));
    assert!(laptop.run(&["status"]).ok().contains("in a file in the home that only you can read"));
}

#[test]
fn a_passphrase_locks_everything() {
    let (_relay, laptop, pixel) = with_passphrase();
    pixel.run(&["push", "secret"]).ok();
    for args in [&["push", "hi"][..], &["pull"], &["pull", "--all"], &["watch"], &["devices"], &["invite"], &["alerts"]]
    {
        laptop.run(args).fails("locked");
    }
    let told = status(&laptop);
    assert_eq!((&told["stage"], &told["passphrase"], &told["name"]), (&"locked".into(), &true.into(), &"".into()));
    assert!(laptop.run(&["status"]).ok().contains("locked"));
    opened(&laptop, "correct horse batterz", &["pull"]).fails("wrong_passphrase");
    assert_eq!(opened(&laptop, PASSPHRASE, &["pull"]).ok(), "secret\n");
    assert_eq!(opened(&laptop, &format!("  {PASSPHRASE} \r"), &["pull", "--all"]).ok(), "secret\n");
    assert_eq!(keys(&laptop).len(), 1);
    assert!(keys(&laptop)[0].len() > 33, "the key is in its bundle");
}

#[test]
fn a_passphrase_can_be_changed_and_removed() {
    let (_relay, laptop, pixel) = two_devices();
    let first = keys(&laptop);
    laptop.run(&["lock", "--remove"]).fails("no_passphrase");
    laptop.run(&["lock"]).fails("no_passphrase");
    laptop.run(&["unlock"]).fails("no_passphrase");
    laptop.pipe(&["lock", "--set"], b"seven77\n").fails("short_passphrase");
    laptop.run(&["lock", "--set"]).fails("locked");
    assert_eq!(keys(&laptop), first, "nothing was changed");
    laptop.pipe(&["lock", "--set"], b"the first one\n").ok();
    laptop.pipe(&["lock", "--set"], b"the wrong one\nthe second one\n").fails("wrong_passphrase");
    laptop.pipe(&["lock", "--set"], b"the first one\nshort\n").fails("short_passphrase");
    laptop.pipe(&["lock", "--set"], b"the first one\nthe second one\n").ok();
    opened(&laptop, "the first one", &["pull"]).fails("wrong_passphrase");
    pixel.run(&["push", "hi"]).ok();
    assert_eq!(opened(&laptop, "the second one", &["pull"]).ok(), "hi\n");
    laptop.pipe(&["lock", "--remove"], b"the first one\n").fails("wrong_passphrase");
    laptop.pipe(&["lock", "--remove"], b"the second one\n").ok();
    assert_eq!(laptop.run(&["pull", "--all"]).ok(), "hi\n");
    assert_eq!(keys(&laptop).len(), 1);
    assert_ne!(keys(&laptop), first, "who has the old key opens nothing new");
}

/// Locks a device at the end, however that comes, so that nothing stays behind.
struct Locks<'a>(&'a Device);

impl Drop for Locks<'_> {
    fn drop(&mut self) {
        let _ = self.0.run(&["lock"]);
    }
}

#[cfg(unix)]
#[test]
fn unlocking_lasts_until_locked() {
    let (_relay, laptop, pixel) = with_passphrase();
    let _locks = Locks(&laptop);
    laptop.pipe(&["unlock"], b"wrong wrong wrong\n").fails("wrong_passphrase");
    assert!(laptop.pipe(&["unlock"], format!("{PASSPHRASE}\n").as_bytes()).ok().contains("until `hushclip lock`"));
    assert!(laptop.run(&["unlock"]).ok().contains("already"));
    laptop.run(&["push", "hi"]).ok();
    assert_eq!(pixel.run(&["pull"]).ok(), "hi\n");
    let told = status(&laptop);
    assert_eq!((&told["stage"], &told["passphrase"]), (&"member".into(), &true.into()));
    laptop.pipe(&["lock", "--set"], b"x\n").fails("busy");
    let watch = laptop.start(&["watch"]);
    pixel.run(&["push", "two"]).ok();
    assert_eq!(watch.line(), "two");
    assert_eq!(laptop.run(&["lock"]).ok(), "Locked.\n");
    watch.end().fails("locked");
    laptop.run(&["pull"]).fails("locked");
    assert_eq!(laptop.run(&["lock"]).ok(), "Locked.\n", "once more does no harm");
    assert_eq!(status(&laptop)["stage"], "locked");
}

#[cfg(unix)]
#[test]
fn unlocking_in_the_foreground_ends_in_order() {
    let (_relay, laptop, _pixel) = with_passphrase();
    let mut stays = laptop.start(&["unlock", "--stay"]);
    stays.types(PASSPHRASE);
    assert_eq!(stays.line(), "Unlocked.");
    laptop.run(&["push", "hi"]).ok();
    laptop.run(&["lock"]).ok();
    stays.end().ok();
    let mut stays = laptop.start(&["unlock", "--stay"]);
    stays.types(PASSPHRASE);
    assert_eq!(stays.line(), "Unlocked.");
    laptop.run(&["leave", "--yes"]).ok();
    stays.end().ok();
}

#[test]
fn a_running_watch_without_a_passphrase_is_not_locked() {
    let (_relay, laptop, pixel) = two_devices();
    let watch = laptop.start(&["watch"]);
    pixel.run(&["push", "one"]).ok();
    assert_eq!(watch.line(), "one");
    laptop.run(&["lock"]).fails("no_passphrase");
    pixel.run(&["push", "two"]).ok();
    assert_eq!(watch.line(), "two");
}

#[test]
fn without_its_key_a_home_says_so_and_loses_nothing() {
    let (_relay, laptop) = one_device();
    let key = std::fs::read_dir(laptop.home()).unwrap().map(|file| file.unwrap().path());
    let key = key.into_iter().find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("key-")).unwrap();
    let right = std::fs::read(&key).unwrap();
    let mut other = right.clone();
    *other.last_mut().unwrap() ^= 1;
    for (bytes, code) in [(Some(&other[..]), "storage"), (Some(b"\x09"), "key_damaged"), (None, "key_missing")] {
        match bytes {
            Some(bytes) => std::fs::write(&key, bytes).unwrap(),
            None => std::fs::remove_file(&key).unwrap(),
        }
        for args in [&["push", "hi"][..], &["status"]] {
            let outcome = laptop.run(args);
            outcome.fails(code);
            assert!(outcome.err.contains("Nothing was changed."), "{outcome:?}");
        }
    }
    std::fs::write(&key, &right).unwrap();
    laptop.run(&["push", "hi"]).ok();
}

#[test]
fn a_database_that_was_away_for_a_while_still_opens() {
    let (relay, laptop, pixel) = two_devices();
    let (state, away) = (laptop.home().join("state.db"), laptop.home().join("away.db"));
    std::fs::rename(&state, &away).unwrap();
    laptop.run(&["init", "--relay", &relay.url()]).ok();
    laptop.run(&["status"]).ok();
    std::fs::rename(&away, &state).unwrap();
    pixel.run(&["push", "hi"]).ok();
    assert_eq!(laptop.run(&["pull"]).ok(), "hi\n");
}

#[test]
fn a_lost_passphrase_leaves_only_leaving() {
    let (_relay, laptop, _pixel) = with_passphrase();
    laptop.run(&["leave", "--yes"]).ok();
    assert_eq!(status(&laptop)["stage"], "new");
    assert_eq!(keys(&laptop).len(), 0);
}

#[test]
fn a_home_of_an_older_version_is_said_and_left_alone() {
    let (_relay, laptop) = one_device();
    let state = laptop.home().join("state.db");
    let db = rusqlite::Connection::open(&state).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    drop(db);
    let before = std::fs::read(&state).unwrap();
    for args in [&["push", "hi"][..], &["status"], &["unlock"], &["lock", "--set"]] {
        let outcome = laptop.run(args);
        outcome.fails("storage");
        assert!(outcome.err.contains("another version of Hushclip"), "{outcome:?}");
    }
    assert!(std::fs::read(&state).unwrap() == before);
    laptop.run(&["leave", "--yes"]).ok();
}
