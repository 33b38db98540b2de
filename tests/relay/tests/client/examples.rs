//! The examples of the client library, each run as a person would run it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use hushclip_client::Client;
use hushclip_relay_tests::Relay;

use crate::{bounded, first};

/// How long a line may take to come.
const LINE: Duration = Duration::from_secs(30);

fn build() {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "-q", "-p", "hushclip-client", "--examples"]);
        // As the suite has built them already.
        cargo.args(std::env::var("HUSHCLIP_TESTED").unwrap_or_default().split_whitespace());
        // Crates that look at these would be compiled anew.
        for (name, _) in std::env::vars() {
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(name);
            }
        }
        assert!(cargo.status().unwrap().success(), "the examples build");
    });
}

fn built(name: &str) -> PathBuf {
    // Tests are in `target/PROFILE/deps`.
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples").join(name)
}

/// An example that runs; dropping it ends it.
struct Example {
    process: Child,
    lines: Receiver<String>,
}

impl Example {
    fn start(name: &str, folder: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(built(name));
        command.args(args).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (say, lines) = channel();
        let said = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || said.lines().map_while(Result::ok).try_for_each(|line| say.send(line)));
        Self { process, lines }
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(LINE).expect("it says something")
    }

    fn say(&mut self, line: &str) {
        writeln!(self.process.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Waits for its end: what it has said.
    fn end(&mut self) -> Vec<String> {
        drop(self.process.stdin.take());
        let lines = std::iter::from_fn(|| self.lines.recv_timeout(LINE).ok()).collect();
        assert!(self.process.wait().unwrap().success());
        lines
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts one with a pairing link at the end, and lets it in as it asks.
async fn started(host: &Client, name: &str, folder: &Path, args: &[&str]) -> Example {
    let invite = host.invite().await.unwrap();
    let example = Example::start(name, folder, &[args, &[invite.secret()]].concat());
    let request = invite.request().await.unwrap();
    let line = example.line();
    let digits = line.strip_prefix("Type ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    request.approve(Some(digits), true).await.unwrap_or_else(|error| panic!("{line}: {error}"));
    example
}

#[test]
fn two_processes_share_a_list() {
    build();
    bounded(async {
        let (relay, folder) = (Relay::start(), tempfile::tempdir().unwrap());
        let host = first(&relay).await;
        let mut home = started(&host, "todo", folder.path(), &["home.db"]).await;
        let mut work = started(&host, "todo", folder.path(), &["work.db"]).await;
        home.say("Buy milk");
        assert_eq!(work.line(), "- Buy milk");
        work.say("Write the report");
        assert_eq!(home.line(), "- Write the report");
        assert_eq!(work.end(), [""; 0]);
        home.say("Call mum");
        let again = Example::start("todo", folder.path(), &["work.db"]);
        assert_eq!([again.line(), again.line()], ["- Buy milk", "- Call mum"]);
        assert_eq!(host.history().await.unwrap(), []);
    });
}

#[test]
fn lines_of_a_log_reach_the_phone() {
    build();
    bounded(async {
        let (relay, folder) = (Relay::start(), tempfile::tempdir().unwrap());
        let log = folder.path().join("server.log");
        std::fs::write(&log, "ERROR of yesterday\n").unwrap();
        let phone = first(&relay).await;
        let mut clips = phone.clips().await.unwrap();
        let bridge = started(&phone, "log_bridge", folder.path(), &["bridge.db", "server.log", "ERROR"]).await;
        assert_eq!(bridge.line(), "Watching.");
        let mut file = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
        write!(file, "all is well\nERROR: disk full\nERROR: not the wh").unwrap();
        assert_eq!(clips.next().await.unwrap().unwrap().text, "ERROR: disk full");
        writeln!(file, "ole line").unwrap();
        let clip = clips.next().await.unwrap().unwrap();
        assert_eq!((&*clip.text, &*clip.from), ("ERROR: not the whole line", "Log bridge"));
    });
}

#[test]
fn settings_that_were_changed_offline_on_both_sides_agree() {
    build();
    bounded(async {
        let (mut relay, folder) = (Relay::start(), tempfile::tempdir().unwrap());
        let host = first(&relay).await;
        for db in ["a.db", "b.db"] {
            started(&host, "settings", folder.path(), &[db, "join"]).await.end();
        }
        let run = |args: &[&str]| Example::start("settings", folder.path(), args).end();
        relay.crash();
        assert_eq!(run(&["a.db", "set", "theme", "dark"]), ["theme=dark"]);
        assert_eq!(run(&["a.db", "set", "size", "12"]), ["size=12", "theme=dark"]);
        assert_eq!(run(&["b.db", "set", "theme", "light"]), ["theme=light"]);
        relay.restart_here();
        run(&["a.db", "list"]);
        let agreed = ["size=12", "theme=light"];
        assert_eq!(run(&["b.db", "list"]), agreed, "the later change counts");
        assert_eq!(run(&["a.db", "list"]), agreed);
        assert_eq!(host.history().await.unwrap(), []);
    });
}
