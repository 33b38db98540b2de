//! What a person at a terminal sees and types. The terminal is a real one, made by `script`; where that is
//! missing these tests say so and pass.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::support::{Device, hushclip, two_devices};

const LIMIT: Duration = Duration::from_secs(30);
const PASSPHRASE: &str = "correct horse battery";

/// A command on a terminal of its own.
struct Terminal {
    child: Child,
    input: ChildStdin,
    output: Receiver<u8>,
    shown: String,
}

impl Terminal {
    fn start(device: &Device, args: &[&str]) -> Self {
        let plain = hushclip();
        let mut command = std::process::Command::new("script");
        let line = format!("{} --home {} {}", plain.get_program().display(), device.home().display(), args.join(" "));
        command.args(["--quiet", "--flush", "--return", "--command", &line, "/dev/null"]);
        command.env("HUSHCLIP_KEYRING", "off").env_remove("HUSHCLIP_PASSPHRASE_FILE");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (read, output) = channel();
        let mut stream = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            let mut byte = [0];
            while matches!(stream.read(&mut byte), Ok(1)) && read.send(byte[0]).is_ok() {}
        });
        Self { input: child.stdin.take().unwrap(), child, output, shown: String::new() }
    }

    /// Waits until this is shown, then types a line.
    fn at(&mut self, prompt: &str, typed: &str) -> &mut Self {
        let begun = self.shown.len();
        while !self.shown[begun..].contains(prompt) {
            let byte = self.output.recv_timeout(LIMIT);
            self.shown.push(char::from(byte.unwrap_or_else(|_| panic!("no {prompt:?} in {:?}", self.shown))));
        }
        // A terminal that does not show what is typed is switched to that just after the prompt.
        std::thread::sleep(Duration::from_millis(200));
        writeln!(self.input, "{typed}").unwrap();
        self
    }

    /// Waits for the end; returns the exit code and all that was shown.
    fn end(mut self) -> (Option<i32>, String) {
        while let Ok(byte) = self.output.recv_timeout(LIMIT) {
            self.shown.push(char::from(byte));
        }
        let code = self.child.wait().unwrap().code();
        (code, std::mem::take(&mut self.shown).replace("\r\n", "\n"))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn has_terminals() -> bool {
    let there = std::path::Path::new("/usr/bin/script").exists();
    if !there {
        eprintln!("skipped: `script` is not installed");
    }
    there
}

#[test]
fn removing_is_asked_in_one_sentence() {
    if !has_terminals() {
        return;
    }
    let (_relay, laptop, _pixel) = two_devices();
    let remove = |answer: &str| {
        let mut terminal = Terminal::start(&laptop, &["devices", "remove", "Pixel"]);
        terminal.at("[y/N]", answer);
        terminal.end()
    };
    let (code, shown) = remove("");
    assert!(code == Some(1) && shown.contains("(cancelled)"), "{shown}");
    assert_eq!(laptop.run(&["devices", "--json"]).json().len(), 2);
    let (code, shown) = remove("y");
    assert!(code == Some(0) && shown.ends_with("Pixel was removed.\n"), "{shown}");
}

#[test]
fn a_passphrase_is_asked_for_and_never_shown() {
    if !has_terminals() {
        return;
    }
    let (_relay, laptop, pixel) = two_devices();
    let mut set = Terminal::start(&laptop, &["lock", "--set"]);
    set.at("New passphrase", PASSPHRASE).at("Once more", "something else");
    let (code, shown) = set.end();
    assert!(code == Some(1) && shown.contains("(typed_differently)") && !shown.contains("horse"), "{shown}");
    let mut set = Terminal::start(&laptop, &["lock", "--set"]);
    set.at("New passphrase", PASSPHRASE).at("Once more", PASSPHRASE);
    let (code, shown) = set.end();
    assert!(code == Some(0) && !shown.contains("horse"), "{shown}");
    pixel.run(&["push", "hi"]).ok();
    let mut pull = Terminal::start(&laptop, &["pull"]);
    pull.at("Passphrase: ", "wrong wrong").at("Passphrase: ", PASSPHRASE);
    let (code, shown) = pull.end();
    assert!(code == Some(0) && shown.contains("(wrong_passphrase)") && shown.ends_with("hi\n"), "{shown}");
    let mut pull = Terminal::start(&laptop, &["pull"]);
    pull.at("Passphrase: ", "wrong 1").at("Passphrase: ", "wrong 2").at("Passphrase: ", "wrong 3");
    assert_eq!(pull.end().0, Some(1), "three tries");
    // Status asks nothing.
    let (code, shown) = Terminal::start(&laptop, &["status"]).end();
    assert!(code == Some(0) && shown.contains("locked"), "{shown}");
    let mut unlock = Terminal::start(&laptop, &["unlock"]);
    unlock.at("Passphrase: ", PASSPHRASE);
    let (code, shown) = unlock.end();
    // It outlives the terminal.
    let pushed = laptop.run(&["push", "hi"]);
    let locked = laptop.run(&["lock"]);
    pushed.ok();
    laptop.run(&["push", "hi"]).fails("locked");
    assert!(code == Some(0) && shown.contains("Unlocked"), "{shown}");
    locked.ok();
}
