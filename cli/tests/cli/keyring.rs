//! Keys in a real keyring: GNOME's, on a D-Bus session of its own, with folders of its own. Where it is not
//! installed these tests say so and pass.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::relay::Relay;
use crate::support::{Outcome, hushclip};

/// A desktop session without a desktop; dropping it ends it.
struct Desktop {
    folder: TempDir,
    bus: Child,
    address: String,
    keyring: Option<Child>,
}

impl Desktop {
    /// `None` where the programs are missing.
    fn start() -> Option<Self> {
        let installed = |name: &str| Path::new("/usr/bin").join(name).exists();
        if !installed("dbus-daemon") || !installed("gnome-keyring-daemon") {
            eprintln!("skipped: dbus-daemon or gnome-keyring-daemon is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        // A session that starts nothing by itself, such as the keyring of the machine.
        let config = folder.path().join("bus.conf");
        let socket = folder.path().join("bus");
        let rules = r#"<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>"#;
        let text = format!("<busconfig><listen>unix:path={}</listen>{rules}</busconfig>", socket.display());
        std::fs::write(&config, text).unwrap();
        let mut bus = Command::new("dbus-daemon")
            .args(["--nofork", "--print-address", "--config-file"])
            .arg(&config)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Some(Self { folder, bus, address: address.trim().into(), keyring: None })
    }

    /// Starts the keyring, unlocked or not.
    fn keyring(&mut self, unlocked: bool) {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]);
        if unlocked {
            command.arg("--unlock");
        }
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        for (name, place) in
            [("HOME", ""), ("XDG_DATA_HOME", "data"), ("XDG_RUNTIME_DIR", "run"), ("XDG_CONFIG_HOME", "config")]
        {
            let place = self.folder.path().join(place);
            std::fs::create_dir_all(&place).unwrap();
            command.env(name, place);
        }
        command.env_remove("DISPLAY").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut keyring = command.spawn().unwrap();
        keyring.stdin.take().unwrap().write_all(b"the login password").unwrap();
        self.keyring = Some(keyring);
        // It is there once it has its name on the bus.
        let started = Instant::now();
        while !self.has_keyring() {
            assert!(started.elapsed() < Duration::from_secs(20), "the keyring does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn has_keyring(&self) -> bool {
        let asked = Command::new("dbus-send")
            .args(["--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"])
            .args(["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"])
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .output()
            .unwrap();
        String::from_utf8_lossy(&asked.stdout).contains("boolean true")
    }

    fn end_keyring(&mut self) {
        if let Some(mut keyring) = self.keyring.take() {
            let _ = keyring.kill();
            let _ = keyring.wait();
        }
    }

    fn run(&self, args: &[&str], input: &str) -> Outcome {
        let mut command = hushclip();
        command.env_remove("HUSHCLIP_KEYRING").env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command.arg("--home").arg(self.folder.path().join("home")).args(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap().into()
    }

    fn status(&self) -> Value {
        self.run(&["status", "--json"], "").json().remove(0)
    }

    /// Key files in the home.
    fn key_files(&self) -> usize {
        let files = std::fs::read_dir(self.folder.path().join("home")).unwrap();
        files.filter(|file| file.as_ref().unwrap().file_name().to_str().unwrap().starts_with("key-")).count()
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        self.end_keyring();
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}

#[test]
fn a_keyring_keeps_the_key_and_the_bundle() {
    let (Some(mut desktop), relay) = (Desktop::start(), Relay::start()) else { return };
    desktop.keyring(true);
    desktop.run(&["init", "--relay", &relay.url(), "--name", "Laptop"], "").ok();
    assert_eq!(desktop.status()["keys"], "keyring");
    assert!(desktop.run(&["status"], "").ok().contains("in your desktop session's keyring, without a passphrase"));
    assert_eq!(desktop.key_files(), 0);
    desktop.run(&["push", "hi"], "").ok();
    desktop.run(&["lock", "--set"], "correct horse\n").ok();
    desktop.run(&["push", "hi"], "").fails("locked");
    let status = desktop.status();
    assert_eq!((&status["keys"], &status["passphrase"]), (&"keyring".into(), &true.into()));
    desktop.run(&["lock", "--remove"], "wrong horse\n").fails("wrong_passphrase");
    desktop.run(&["lock", "--remove"], "correct horse\n").ok();
    desktop.run(&["push", "hi"], "").ok();
    // Without the keyring nothing opens, and nothing is lost.
    desktop.end_keyring();
    let started = Instant::now();
    desktop.run(&["push", "hi"], "").fails("keyring");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    // Nor with a locked one that has nobody to ask.
    desktop.keyring(false);
    desktop.run(&["push", "hi"], "").fails("keyring");
    desktop.end_keyring();
    desktop.keyring(true);
    desktop.run(&["push", "hi"], "").ok();
    desktop.run(&["leave", "--yes"], "").ok();
    assert_eq!(desktop.status()["stage"], "new");
}

#[test]
fn without_an_open_keyring_a_file_keeps_the_key() {
    for keyring in [None, Some(false)] {
        let (Some(mut desktop), relay) = (Desktop::start(), Relay::start()) else { return };
        if let Some(unlocked) = keyring {
            desktop.keyring(unlocked);
        }
        let started = Instant::now();
        desktop.run(&["init", "--relay", &relay.url()], "").ok();
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        assert_eq!(desktop.status()["keys"], "file");
        assert_eq!(desktop.key_files(), 1);
    }
}

#[test]
fn a_keyring_can_be_declined() {
    let (Some(mut desktop), relay) = (Desktop::start(), Relay::start()) else { return };
    desktop.keyring(true);
    desktop.run(&["init", "--no-keyring", "--relay", &relay.url()], "").ok();
    assert_eq!(desktop.status()["keys"], "file");
}

#[test]
fn a_bus_that_does_not_answer_holds_nothing_up() {
    let (relay, folder) = (Relay::start(), tempfile::tempdir().unwrap());
    let socket = folder.path().join("bus");
    let _silent = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let mut command = hushclip();
    command.env_remove("HUSHCLIP_KEYRING").env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display()));
    command.arg("--home").arg(folder.path().join("home")).args(["init", "--relay", &relay.url()]);
    let started = Instant::now();
    Outcome::from(command.output().unwrap()).ok();
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}
