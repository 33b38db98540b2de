//! Devices that are a home folder each, and ways to run the binary for them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::relay::Relay;

/// Nothing here takes this long unless it hangs.
const LIMIT: Duration = Duration::from_secs(30);

/// The binary, with nothing of the person's own surroundings.
pub(crate) fn hushclip() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hushclip"));
    for name in ["HUSHCLIP_HOME", "HUSHCLIP_PASSPHRASE_FILE", "XDG_DATA_HOME", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.env("HUSHCLIP_KEYRING", "off");
    command
}

/// What a finished command left.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Outcome {
    /// Asserts success; returns the standard output.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// Asserts failure with one sentence and this code, and nothing on the standard output.
    #[track_caller]
    pub(crate) fn fails(&self, code: &str) {
        assert_eq!(self.code, Some(1), "{self:?}");
        let last = self.err.lines().last().unwrap();
        assert!(last.starts_with("hushclip: ") && last.ends_with(&format!(" ({code})")), "{self:?}");
    }

    /// The JSON objects on the standard output.
    pub(crate) fn json(self) -> Vec<serde_json::Value> {
        self.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A device: a folder of its own.
pub(crate) struct Device {
    folder: TempDir,
}

impl Device {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn home(&self) -> std::path::PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = hushclip();
        command.arg("--home").arg(self.home()).args(args);
        command
    }

    /// Runs a command to its end, with an empty standard input.
    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        self.command(args).stdin(Stdio::null()).output().unwrap().into()
    }

    /// Runs a command to its end with this standard input.
    pub(crate) fn pipe(&self, args: &[&str], input: &[u8]) -> Outcome {
        let mut running = self.start(args);
        // Whoever ends without reading says so by how it ends.
        let _ = running.input.take().unwrap().write_all(input);
        running.end()
    }

    /// Starts a command; its standard input stays open.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::start(self.command(args))
    }
}

fn read_lines(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (read, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            if line.is_err() || read.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    lines
}

/// A command that runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) input: Option<ChildStdin>,
    pub(crate) out: Receiver<String>,
    err: Receiver<String>,
}

impl Running {
    /// Starts a command; its standard input stays open.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, err) = (read_lines(child.stdout.take().unwrap()), read_lines(child.stderr.take().unwrap()));
        Self { input: child.stdin.take(), child, out, err }
    }

    /// The next line on the standard output.
    pub(crate) fn line(&self) -> String {
        self.out
            .recv_timeout(LIMIT)
            .unwrap_or_else(|_| panic!("no line; {:?}", self.err.try_iter().collect::<Vec<_>>()))
    }

    /// The next line on the standard error that holds this.
    pub(crate) fn says(&self, what: &str) -> String {
        loop {
            let line = self.err.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("never said {what:?}"));
            if line.contains(what) {
                return line;
            }
        }
    }

    pub(crate) fn types(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Outcome {
        drop(self.input.take());
        let started = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < LIMIT, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        let code = self.child.wait().unwrap().code();
        let out = self.out.iter().map(|line| line + "\n").collect();
        Outcome { code, out, err: self.err.iter().collect::<Vec<_>>().join("\n") }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A relay with an account of one device.
pub(crate) fn one_device() -> (Relay, Device) {
    let (relay, laptop) = (Relay::start(), Device::new());
    laptop.run(&["init", "--relay", &relay.url(), "--name", "Laptop"]).ok();
    (relay, laptop)
}

/// A relay with an account of two devices, Laptop and Pixel.
pub(crate) fn two_devices() -> (Relay, Device, Device) {
    let (relay, laptop) = one_device();
    let pixel = Device::new();
    let invite = laptop.start(&["invite", "--yes"]);
    pixel.run(&["join", &invite.line(), "--name", "Pixel"]).ok();
    invite.end().ok();
    (relay, laptop, pixel)
}
