//! The relay's process: started on a free port with an empty folder, and gone with this value.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

/// A command line that starts another relay; `--port 0 --data FOLDER` is added to it. It prints
/// `ready URL` on its standard output.
const COMMAND: &str = "HUSHCLIP_RELAY_CMD";
/// Which shell is tested: `workerd`, which is the default, or `native`.
const SHELL: &str = "HUSHCLIP_RELAY";
/// The folder with the relay binary, if that is not `dist/`.
const PROGRAMS: &str = "HUSHCLIP_PROGRAMS";
const READY_LIMIT: Duration = Duration::from_secs(40);
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// A running relay. Dropping it ends it and deletes its folder.
#[derive(Debug)]
pub struct Relay {
    process: Option<Child>,
    /// What that one started; found early, so that a kill takes no time.
    started: Vec<u32>,
    authority: String,
    data: PathBuf,
    /// 0 takes a free one.
    port: u16,
    variables: Vec<(&'static str, String)>,
}

impl Relay {
    /// Starts a relay that knows no accounts.
    pub fn start() -> Self {
        Self::start_with(Vec::new())
    }

    /// The same with variables in its environment.
    pub fn start_with(variables: Vec<(&'static str, String)>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let data = env::temp_dir().join(format!("hushclip-relay-tests-{}-{count}", std::process::id()));
        Self::start_in(data, variables)
    }

    /// The same in a folder, which it deletes in the end.
    pub fn start_in(data: PathBuf, variables: Vec<(&'static str, String)>) -> Self {
        let mut relay = Self { process: None, started: Vec::new(), authority: String::new(), data, port: 0, variables };
        relay.run();
        relay
    }

    /// `host:port`, as devices dial it.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Ends the relay without warning, as a power cut would, and starts it again with what it stored.
    pub fn crash_and_restart(&mut self) {
        self.kill();
        self.run();
    }

    /// Only the first half of that.
    pub fn crash(&mut self) {
        self.kill();
    }

    /// Only the second half.
    pub fn restart(&mut self) {
        self.run();
    }

    /// Asks the relay to end, and waits until it has; says whether it ended well. Only for one whose
    /// process is its own.
    pub fn end(&mut self) -> bool {
        let Some(mut process) = self.process.take() else { return false };
        let _ = Command::new("kill").args(["-TERM", &process.id().to_string()]).status();
        let asked = Instant::now();
        loop {
            match process.try_wait() {
                Ok(Some(status)) => return status.success(),
                Ok(None) if asked.elapsed() < STOP_LIMIT => sleep(Duration::from_millis(10)),
                Ok(None) | Err(_) => {
                    self.process = Some(process);
                    return false;
                }
            }
        }
    }

    /// Its folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Both, and it is found where it was.
    pub fn crash_and_restart_here(&mut self) {
        self.kill();
        self.restart_here();
    }

    /// Only the second half of that.
    pub fn restart_here(&mut self) {
        self.port = self.authority.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(0);
        self.run();
    }

    fn run(&mut self) {
        let mut words = command(self.port).into_iter();
        let program = words.next().expect("a command has a first word");
        let mut child = Command::new(&program)
            .args(words)
            .arg("--data")
            .arg(&self.data)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|why| panic!("{}: {why}; run `cargo xtask build` before", program.display()));
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let complaints = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        self.process = Some(child);
        let (say, said) = mpsc::channel();
        thread::spawn(move || {
            let url = lines.map_while(Result::ok).find_map(|line| Some(line.strip_prefix("ready ")?.to_owned()));
            let why = url.ok_or_else(|| complaints.map_while(Result::ok).collect::<Vec<_>>().join("\n"));
            // Nobody listens after the limit.
            let _ = say.send(why);
        });
        let url = match said.recv_timeout(READY_LIMIT) {
            Ok(Ok(url)) => url,
            Ok(Err(why)) => panic!("the relay did not start: {why}"),
            Err(why) => panic!("the relay was not ready in {} s: {why}", READY_LIMIT.as_secs()),
        };
        self.authority = url.replace("http://", "");
        self.started = self.process.as_ref().map(|process| descendants(process.id())).unwrap_or_default();
    }

    /// SIGKILL to the process and to those it has started.
    fn kill(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let _ = process.kill();
        let pids: Vec<_> = self.started.drain(..).map(|pid| pid.to_string()).collect();
        if !pids.is_empty() {
            let _ = Command::new("kill").arg("-KILL").args(pids).stderr(Stdio::null()).status();
        }
        let _ = process.wait();
        let asked = Instant::now();
        while TcpStream::connect(&self.authority).is_ok() && asked.elapsed() < STOP_LIMIT {
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// The shells that the same suite is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// The worker on workerd, as `cargo xtask relay` starts it.
    Workerd,
    /// The binary for people's own boxes.
    Native,
}

impl Shell {
    /// The one that is asked for.
    pub fn wanted() -> Self {
        match env::var(SHELL).as_deref() {
            Ok("native") => Self::Native,
            Ok("workerd" | "") | Err(_) => Self::Workerd,
            Ok(other) => panic!("{SHELL} is native or workerd, not {other}"),
        }
    }
}

/// The relay binary.
pub fn native() -> PathBuf {
    let built = env::var_os(PROGRAMS).map(PathBuf::from);
    let dir = built.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../dist"));
    dir.join("hushclip-relay")
}

fn command(port: u16) -> Vec<PathBuf> {
    let port = port.to_string();
    if let Some(line) = env::var(COMMAND).ok().filter(|line| !line.trim().is_empty()) {
        let words = line.split_whitespace().map(PathBuf::from);
        return words.chain(["--port".into(), port.into()]).collect();
    }
    match Shell::wanted() {
        Shell::Native => vec![native(), "--listen".into(), format!("127.0.0.1:{port}").into()],
        Shell::Workerd => {
            // Tests are in `target/PROFILE/deps`, xtask is beside that folder.
            let test = env::current_exe().expect("the test knows where it is");
            let profile = test.ancestors().nth(2).expect("a test is two folders deep");
            vec![profile.join("xtask"), "relay".into(), "--port".into(), port.into()]
        }
    }
}

/// The processes that `root` started, at any depth.
fn descendants(root: u32) -> Vec<u32> {
    let listed = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output().expect("ps lists processes");
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let pairs: Vec<(u32, u32)> = text
        .lines()
        .filter_map(|line| {
            let (pid, parent) = line.trim().split_once(' ')?;
            Some((pid.parse().ok()?, parent.trim().parse().ok()?))
        })
        .collect();
    let mut found = vec![root];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        found.extend(pairs.iter().filter(|pair| pair.1 == parent).map(|pair| pair.0));
        at += 1;
    }
    found.split_off(1)
}
