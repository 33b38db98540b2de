//! What other users of the machine, and what a process leaves behind, do not get.

use std::fs::{Permissions, rename, set_permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Device, Running, one_device};

/// Somebody else on every system.
const NOBODY: u32 = 65_534;

/// Starts a command that owns the home, and waits until others can ask it.
fn owner(device: &Device, command: Command) -> Running {
    let watch = Running::start(command);
    let started = Instant::now();
    while !device.home().join("agent.sock").exists() {
        assert!(started.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    }
    watch
}

#[test]
fn a_folder_that_others_can_write_to_is_not_trusted() {
    let (_relay, laptop) = one_device();
    for mode in [0o777, 0o770, 0o1777] {
        set_permissions(laptop.home(), Permissions::from_mode(mode)).unwrap();
        for args in [&["push", "hi"][..], &["status"], &["leave", "--yes"], &["lock"]] {
            let outcome = laptop.run(args);
            outcome.fails("unsafe_home");
            assert!(outcome.err.contains("chmod 700"), "{outcome:?}");
        }
    }
    set_permissions(laptop.home(), Permissions::from_mode(0o755)).unwrap();
    laptop.run(&["push", "hi"]).ok();
    // Only root can give a folder away.
    if chown(laptop.home(), Some(NOBODY), None).is_ok() {
        laptop.run(&["push", "hi"]).fails("unsafe_home");
    }
}

#[test]
fn an_owner_of_another_version_is_told_from_one_that_has_ended() {
    let (_relay, laptop) = one_device();
    let watch = owner(&laptop, laptop.command(&["watch"]));
    let socket = laptop.home().join("agent.sock");
    let mut line = UnixStream::connect(&socket).unwrap();
    let mut told = BufReader::new(line.try_clone().unwrap()).lines().map(Result::unwrap);
    let first = told.next().unwrap();
    line.write_all(b"{\"number\":1,\"ask\":\"what is new\"}\n").unwrap();
    assert_eq!(told.last().unwrap(), "\"not_understood\"");
    // Such an owner, and one that already says things differently.
    rename(&socket, laptop.home().join("away.sock")).unwrap();
    let other = UnixListener::bind(&socket).unwrap();
    set_permissions(&socket, Permissions::from_mode(0o600)).unwrap();
    let says = std::thread::spawn(move || {
        let (mut line, _) = other.accept().unwrap();
        line.write_all(format!("{first}\n").as_bytes()).unwrap();
        let mut lines = BufReader::new(line.try_clone().unwrap()).lines();
        lines.next().unwrap().unwrap();
        line.write_all(b"\"not_understood\"\n").unwrap();
        assert!(lines.next().is_none_or(|line| line.is_err()));
        let (mut line, _) = other.accept().unwrap();
        line.write_all(b"{\"picture\":{}}\n").unwrap();
        assert!(BufReader::new(line).lines().next().is_none_or(|line| line.is_err()));
        // It does what it understands.
        let (mut line, _) = other.accept().unwrap();
        line.write_all(b"{\"picture\":{}}\n").unwrap();
        let asked = BufReader::new(line.try_clone().unwrap()).lines().next().unwrap().unwrap();
        assert!(asked.contains("lock"), "{asked}");
        drop(watch);
    });
    laptop.run(&["push", "hi"]).fails("other_version");
    laptop.run(&["push", "hi"]).fails("other_version");
    laptop.run(&["lock"]).fails("no_passphrase");
    says.join().unwrap();
}

#[test]
fn a_socket_that_others_can_open_is_not_trusted() {
    let (_relay, laptop) = one_device();
    let _watch = owner(&laptop, laptop.command(&["watch"]));
    let socket = laptop.home().join("agent.sock");
    set_permissions(&socket, Permissions::from_mode(0o666)).unwrap();
    laptop.run(&["push", "hi"]).fails("unsafe_socket");
    set_permissions(&socket, Permissions::from_mode(0o600)).unwrap();
    laptop.run(&["push", "hi"]).ok();
    if chown(&socket, Some(NOBODY), None).is_ok() {
        laptop.run(&["push", "hi"]).fails("unsafe_socket");
    }
}

#[test]
fn a_crash_leaves_no_memory_behind() {
    let (_relay, laptop) = one_device();
    let binary = laptop.command(&["watch"]);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -c unlimited; exec \"$@\"", "sh"]).arg(binary.get_program()).args(binary.get_args());
    command.env("HUSHCLIP_KEYRING", "off").current_dir(laptop.home());
    let mut watch = owner(&laptop, command);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", watch.child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    watch.signal("-ABRT");
    let status = watch.child.wait().unwrap();
    assert_eq!((status.signal(), status.core_dumped()), (Some(6), false));
}

#[test]
fn memory_that_is_given_back_is_wiped() {
    let (_relay, laptop) = one_device();
    let watch = owner(&laptop, laptop.command(&["watch"]));
    // Passed on to the process that owns the home, which refuses it. Something long goes through many buffers.
    let canary = "canaryinthecoalmine";
    let link = format!("https://relay.example/pair#{}", canary.repeat(5_000));
    laptop.run(&["join", &link]).fails("already_member");
    let Ok(memory) = std::fs::File::open(format!("/proc/{}/mem", watch.child.id())) else {
        // Nobody else may read it, which is as good.
        return;
    };
    // It may still be giving it back.
    let started = Instant::now();
    while holds(&memory, &watch, canary.as_bytes()) {
        assert!(started.elapsed() < Duration::from_secs(10), "it still holds it");
    }
    assert!(holds(&memory, &watch, b"agent.sock"), "nothing was read");
}

/// Whether what a process can write to holds this.
fn holds(memory: &std::fs::File, process: &Running, what: &[u8]) -> bool {
    use std::os::unix::fs::FileExt as _;
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", process.child.id())).unwrap();
    maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw"))).any(|line| {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        memory.read_exact_at(&mut bytes, from).is_ok() && bytes.windows(what.len()).any(|window| window == what)
    })
}

#[test]
fn others_ask_nothing_of_a_process_that_is_not_theirs() {
    let (_relay, laptop) = one_device();
    let _watch = owner(&laptop, laptop.command(&["watch"]));
    set_permissions(laptop.home(), Permissions::from_mode(0o755)).unwrap();
    set_permissions(laptop.home().join("agent.sock"), Permissions::from_mode(0o666)).unwrap();
    // Root may become somebody else; where that is not to be had, there is nothing to try.
    let script = "import os,socket,sys\ns=socket.socket(socket.AF_UNIX)\ntry:\n os.setuid(65534)\nexcept OSError:\n \
                  sys.exit(0)\ns.connect(sys.argv[1])\nsys.exit(1 if s.recv(1) else 0)";
    let parent = laptop.home().parent().unwrap().to_owned();
    set_permissions(parent, Permissions::from_mode(0o755)).unwrap();
    let socket = laptop.home().join("agent.sock");
    let python = Command::new("python3").args(["-c", script]).arg(socket).stdin(Stdio::null()).output();
    let python = python.ok();
    assert!(python.as_ref().is_none_or(|out| out.status.success()), "{python:?}");
}
