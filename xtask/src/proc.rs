//! Child processes: bounded waits, captured output, and none left behind.
//! Every child leads a process group of its own, so that killing it kills what it started.

use std::{
    fs::File,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::paths;

static GROUPS: Mutex<Vec<u32>> = Mutex::new(Vec::new());
static STOPPING: AtomicBool = AtomicBool::new(false);

const POLL: Duration = Duration::from_millis(20);
/// How long a child may take to end by itself once a signal has reached this process.
const GRACE: Duration = Duration::from_millis(500);
/// How long a child that has children of its own may take.
const NESTED_GRACE: Duration = Duration::from_secs(3);

/// Makes Ctrl+C, SIGTERM and SIGHUP end every child before this process.
pub(crate) fn stop_children_on_signals() -> Result<()> {
    ctrlc::set_handler(|| {
        STOPPING.store(true, Ordering::SeqCst);
        let groups = GROUPS.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for group in &groups {
            signal("TERM", *group);
        }
        let asked = Instant::now();
        while asked.elapsed() < GRACE && groups.iter().any(|group| group_lives(*group)) {
            sleep(POLL);
        }
        for group in &groups {
            signal("KILL", *group);
        }
        std::process::exit(130);
    })
    .context("no signal handler")
}

/// Cargo in the working copy, as a shell would start it: `cargo xtask` tells this program which package it is, and crates that
/// look at that would be compiled anew.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(paths::root());
    let is_of_package = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_package(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command
}

/// A child process whose whole group ends when this value is dropped.
pub(crate) struct Group {
    child: Child,
}

impl Group {
    /// Starts `command` as the leader of a new group.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn().with_context(|| format!("cannot start {program}"))?;
        GROUPS.lock().unwrap_or_else(PoisonError::into_inner).push(child.id());
        Ok(Self { child })
    }

    /// What it prints, where that is piped.
    pub(crate) const fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// The status, if the child has ended.
    pub(crate) fn try_wait(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for the end, at most `limit`; afterwards kills the group and says `None`.
    pub(crate) fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        self.wait_telling(limit, |_| {})
    }

    /// Like [`Group::wait`], calling `tell` about once a second with the time gone by.
    pub(crate) fn wait_telling(&mut self, limit: Duration, mut tell: impl FnMut(u64)) -> Result<Option<ExitStatus>> {
        let started = Instant::now();
        let mut told = 0;
        loop {
            if let Some(status) = self.try_wait()? {
                wait_if_stopping();
                return Ok(Some(status));
            }
            if started.elapsed() > limit {
                self.stop();
                return Ok(None);
            }
            let seconds = started.elapsed().as_secs();
            if seconds > told {
                told = seconds;
                tell(seconds);
            }
            sleep(POLL);
        }
    }

    /// Ends the group: politely first, then not.
    pub(crate) fn stop(&mut self) {
        signal("TERM", self.child.id());
        let asked = Instant::now();
        while asked.elapsed() < NESTED_GRACE && !matches!(self.child.try_wait(), Ok(Some(_))) {
            sleep(POLL);
        }
        signal("KILL", self.child.id());
        let _ = self.child.wait();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.stop();
        }
        GROUPS.lock().unwrap_or_else(PoisonError::into_inner).retain(|group| *group != self.child.id());
    }
}

/// Runs `command` with its output shown; an error unless it succeeds within `limit`.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<()> {
    let shown = describe(command);
    match Group::spawn(command)?.wait(limit)? {
        Some(status) if status.success() => Ok(()),
        Some(status) => bail!("{shown} failed ({status})"),
        None => bail!("{shown} did not end within {} s", limit.as_secs()),
    }
}

/// Runs `command` with all output kept in `log`; an error that ends with the log's tail unless
/// it succeeds within `limit`.
pub(crate) fn run_logged(command: &mut Command, limit: Duration, log: &Path) -> Result<()> {
    let file = create(log)?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    run(command, limit).with_context(|| tail(log, 30))
}

/// What `command` prints on standard output; an error unless it succeeds within `limit`.
pub(crate) fn output(command: &mut Command, limit: Duration) -> Result<String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let shown = describe(command);
    let mut group = Group::spawn(command)?;
    let (mut out, mut err) = (group.child.stdout.take(), group.child.stderr.take());
    let errors = std::thread::spawn(move || read_all(err.as_mut()));
    let output = std::thread::spawn(move || read_all(out.as_mut()));
    let status = group.wait(limit)?;
    let (output, errors) = (output.join().unwrap_or_default(), errors.join().unwrap_or_default());
    match status {
        Some(status) if status.success() => Ok(output),
        Some(status) => bail!("{shown} failed ({status})\n{errors}"),
        None => bail!("{shown} did not end within {} s", limit.as_secs()),
    }
}

/// Whether a program of this name is on the PATH.
pub(crate) fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// The last `lines` lines of a file, for error messages.
pub(crate) fn tail(file: &Path, lines: usize) -> String {
    let text = std::fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// Creates a file and the folders above it.
pub(crate) fn create(file: &Path) -> Result<File> {
    if let Some(dir) = file.parent() {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    }
    File::create(file).with_context(|| format!("cannot write {}", file.display()))
}

fn describe(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let args = command.get_args().take(3).map(|arg| arg.to_string_lossy().into_owned());
    std::iter::once(name.to_string_lossy().into_owned()).chain(args).collect::<Vec<_>>().join(" ")
}

fn read_all(pipe: Option<&mut impl std::io::Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let _ = pipe.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn signal(name: &str, group: u32) {
    let _ = Command::new("kill")
        .args([&format!("-{name}"), "--", &format!("-{group}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

fn group_lives(group: u32) -> bool {
    Command::new("kill")
        .args(["-0", "--", &format!("-{group}")])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Lets the signal handler end this process, instead of racing it with an error message.
fn wait_if_stopping() {
    if STOPPING.load(Ordering::SeqCst) {
        sleep(GRACE * 2);
    }
}
