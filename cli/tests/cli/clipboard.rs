//! `watch --clipboard` on a real clipboard: an X server of its own, with xclip as the other program that
//! copies and pastes there, or one that offers what xclip cannot. Where these are not installed the tests say so and pass.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::owner::Owner;
use crate::support::{Device, Running, two_devices};

const LIMIT: Duration = Duration::from_secs(20);
/// What password managers put beside what they copy.
const HINT: &str = "x-kde-passwordManagerHint";

/// A screen that nobody sees; dropping it ends it.
struct Screen {
    server: Child,
    display: String,
}

impl Screen {
    /// `None` where the programs are missing.
    fn start() -> Option<Self> {
        let installed = |name: &str| Path::new("/usr/bin").join(name).exists();
        if !installed("Xvfb") || !installed("xclip") {
            eprintln!("skipped: Xvfb or xclip is not installed");
            return None;
        }
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "320x200x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Some(Self { server, display: format!(":{}", number.trim()) })
    }

    fn xclip(&self, args: &[&str]) -> Command {
        let mut command = Command::new("xclip");
        command.args(["-selection", "clipboard"]).args(args).env("DISPLAY", &self.display);
        command
    }

    /// Somebody copies in another program, as text or as another type.
    fn copy(&self, kind: &str, content: &str) {
        let mut xclip = self.xclip(&["-in", "-target", kind]);
        let mut child = xclip.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(content.as_bytes()).unwrap();
        // It leaves a process behind that holds the clipboard until somebody else does, and on a busy machine takes
        // it some time later.
        child.wait().unwrap();
        let started = Instant::now();
        while self.paste(kind) != content && started.elapsed() < LIMIT / 4 {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Somebody copies in a program that offers all these forms, and answers nobody for a while.
    fn copy_forms(&self, forms: &[(&str, &str)], silent: Duration) -> Owner {
        Owner::copy(&self.display, forms, silent)
    }

    fn paste(&self, kind: &str) -> String {
        let out = self.xclip(&["-out", "-target", kind]).stderr(Stdio::null()).output().unwrap();
        String::from_utf8(out.stdout).unwrap()
    }

    #[track_caller]
    fn holds(&self, kind: &str, content: &str) {
        let started = Instant::now();
        while self.paste(kind) != content {
            assert!(started.elapsed() < LIMIT, "{:?} instead of {content:?}", self.paste(kind));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Keeps this screen's clipboard in sync, and says when it does.
    fn watch(&self, device: &Device) -> Running {
        let mut command = device.command(&["watch", "--clipboard"]);
        command.env("DISPLAY", &self.display).env_remove("WAYLAND_DISPLAY");
        let running = Running::start(command);
        running.says("in sync");
        running
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Everything that a device knows of, once it knows as many clips.
#[track_caller]
fn clips(device: &Device, count: usize) -> Vec<serde_json::Value> {
    let started = Instant::now();
    loop {
        let clips = device.run(&["pull", "--all", "--json"]).json();
        if clips.len() >= count {
            return clips;
        }
        assert!(started.elapsed() < LIMIT, "{clips:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn both_ways_and_nothing_comes_back() {
    let Some(screen) = Screen::start() else { return };
    let (_relay, laptop, pixel) = two_devices();
    screen.copy("UTF8_STRING", "copied before");
    let watch = screen.watch(&laptop);
    let long = "a long one, ".repeat(20_000);
    let exact = ["one\r\ntwo\n", "nbsp\u{a0}and 👋🏽", "x", "\n\nbetween\n\n", &long];
    for (count, text) in exact.into_iter().enumerate() {
        pixel.pipe(&["push"], format!("{text}\n").as_bytes()).ok();
        screen.holds("UTF8_STRING", text);
        let own = format!("{text} of this desk");
        screen.copy("UTF8_STRING", &own);
        assert_eq!(clips(&pixel, 2 * count + 2).last().unwrap()["text"], own);
    }
    // Whatever would come back has had the time to.
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(clips(&pixel, 0).len(), 2 * exact.len());
    screen.copy("UTF8_STRING", &"too long ".repeat(40_000));
    watch.says("too_large");
    watch.signal("-INT");
    let outcome = watch.end();
    assert_eq!((outcome.code, outcome.out.as_str()), (Some(130), ""));
    assert_eq!(laptop.run(&["pull"]).ok().lines().next(), Some("one"), "it has printed nothing");
}

#[test]
fn pictures_and_secrets_stay_here() {
    let Some(screen) = Screen::start() else { return };
    let (_relay, laptop, pixel) = two_devices();
    let watch = screen.watch(&laptop);
    screen.copy("image/png", "no picture either");
    std::thread::sleep(Duration::from_millis(1200));
    screen.copy("UTF8_STRING", "4111 1111 1111 1111");
    assert!(watch.says("Not sent").contains("a card number: •••• 1111."));
    screen.copy("UTF8_STRING", "text");
    assert_eq!(clips(&pixel, 1)[0]["text"], "text");
}

#[test]
fn what_a_password_manager_conceals_stays_here() {
    let Some(screen) = Screen::start() else { return };
    let (_relay, laptop, pixel) = two_devices();
    let watch = screen.watch(&laptop);
    let concealed = [("UTF8_STRING", "no text that looks like a secret"), (HINT, "secret")];
    let manager = screen.copy_forms(&concealed, Duration::ZERO);
    assert!(watch.says("Not sent").contains("as a secret"));
    drop(manager);
    screen.copy("UTF8_STRING", "text");
    assert_eq!(clips(&pixel, 1)[0]["text"], "text");
}

#[test]
fn secrets_of_other_devices_are_concealed_from_other_programs() {
    let Some(screen) = Screen::start() else { return };
    let (_relay, laptop, pixel) = two_devices();
    let _watch = screen.watch(&laptop);
    let card = "4111 1111 1111 1111";
    pixel.run(&["push", card]).ok();
    screen.holds("UTF8_STRING", card);
    screen.holds(HINT, "secret");
    pixel.run(&["push", "anything else"]).ok();
    screen.holds("UTF8_STRING", "anything else");
    assert!(!screen.paste("TARGETS").contains(HINT));
    // Nobody takes what was put there for a copy.
    assert_eq!(clips(&pixel, 0).len(), 2);
}

#[test]
fn a_program_that_is_slow_to_answer_does_not_hold_up_the_next_one() {
    let Some(screen) = Screen::start() else { return };
    let (_relay, laptop, pixel) = two_devices();
    let _watch = screen.watch(&laptop);
    let slow = screen.copy_forms(&[("UTF8_STRING", "never read")], LIMIT);
    std::thread::sleep(Duration::from_secs(6));
    drop(slow);
    screen.copy("UTF8_STRING", "the next one");
    assert_eq!(clips(&pixel, 1)[0]["text"], "the next one");
}

#[test]
fn a_copy_that_is_slow_to_be_read_is_not_overwritten() {
    let Some(screen) = Screen::start() else { return };
    let (_relay, laptop, pixel) = two_devices();
    let watch = screen.watch(&laptop);
    let slow = screen.copy_forms(&[("UTF8_STRING", "own")], Duration::from_secs(5));
    pixel.run(&["push", "coming"]).ok();
    assert_eq!(clips(&pixel, 2)[1]["text"], "own");
    drop(slow);
    // A secret is not sent, but newer all the same.
    let card = "4111 1111 1111 1111";
    let _slow = screen.copy_forms(&[("UTF8_STRING", card)], Duration::from_secs(3));
    pixel.run(&["push", "coming too"]).ok();
    watch.says("a card number");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(screen.paste("UTF8_STRING"), card);
}

#[test]
fn of_two_clips_that_come_in_at_once_the_newer_one_stays() {
    let Some(screen) = Screen::start() else { return };
    let (_relay, laptop, pixel) = two_devices();
    let _watch = screen.watch(&laptop);
    for text in ["first", "second"] {
        pixel.run(&["push", text]).ok();
        screen.holds("UTF8_STRING", text);
    }
    // Another program puts there what came before, which is nobody's copy, and is slow to hand it out.
    let _slow = screen.copy_forms(&[("UTF8_STRING", "first")], Duration::from_secs(4));
    pixel.run(&["push", "third"]).ok();
    pixel.run(&["push", "fourth"]).ok();
    screen.holds("UTF8_STRING", "fourth");
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(screen.paste("UTF8_STRING"), "fourth");
}

#[test]
fn a_copy_made_while_a_clip_comes_in_is_not_lost() {
    let Some(screen) = Screen::start() else { return };
    let (_relay, laptop, pixel) = two_devices();
    let _watch = screen.watch(&laptop);
    for round in 0..3 {
        let (own, coming) = (format!("own {round}"), format!("coming {round}"));
        // Between two looks, so that it is there when the other one comes in.
        screen.copy("UTF8_STRING", &own);
        pixel.run(&["push", &coming]).ok();
        let texts = |clips: &[serde_json::Value]| clips.iter().filter(|clip| clip["text"] == own).count();
        assert_eq!(texts(&clips(&pixel, 2 * round + 2)), 1);
    }
}

#[test]
fn an_owner_that_has_no_clipboard_serves_one_that_has() {
    let Some(screen) = Screen::start() else { return };
    let (_relay, laptop, pixel) = two_devices();
    let _owner = laptop.start(&["watch"]);
    let started = Instant::now();
    while laptop.run(&["status", "--json"]).json()[0]["connection"]["state"] != "online" {
        assert!(started.elapsed() < LIMIT);
    }
    let _watch = screen.watch(&laptop);
    pixel.run(&["push", "in"]).ok();
    screen.holds("UTF8_STRING", "in");
    screen.copy("UTF8_STRING", "out");
    assert_eq!(clips(&pixel, 2)[1]["text"], "out");
}

#[test]
fn without_a_desktop_it_says_so() {
    let (_relay, laptop, _pixel) = two_devices();
    for display in [None, Some(":64999")] {
        let mut command = laptop.command(&["watch", "--clipboard"]);
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").envs(display.map(|display| ("DISPLAY", display)));
        let outcome = crate::support::Outcome::from(command.stdin(Stdio::null()).output().unwrap());
        outcome.fails("no_clipboard");
        assert_eq!(outcome.out, "");
    }
}

#[test]
fn a_desktop_that_ends_ends_it() {
    let Some(screen) = Screen::start() else { return };
    let (_relay, laptop, _pixel) = two_devices();
    let watch = screen.watch(&laptop);
    drop(screen);
    watch.end().fails("no_clipboard");
}
