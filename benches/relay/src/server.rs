//! The relays under load: each a process of its own on a fresh folder, whose processor time and memory
//! are read from the system.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

const READY_LIMIT: Duration = Duration::from_secs(30);
const PORTS: std::ops::Range<u16> = 21_000..29_000;

/// What is said on a relay's sockets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Hushclip's protocol.
    Hushclip,
    /// The peers': a greeting, envelopes one way, cursors and envelopes the other.
    Bare,
}

/// A relay that can be started.
#[derive(Clone)]
pub(crate) struct Kind {
    /// As the table names it.
    pub(crate) name: &'static str,
    pub(crate) dialect: Dialect,
    pub(crate) program: Program,
}

/// How to start it.
#[derive(Clone)]
pub(crate) enum Program {
    /// A configuration for workerd, and whether it wants a folder for the web app.
    Workerd { workerd: PathBuf, config: PathBuf, web: bool },
    /// A program that takes `--data` and `--listen` after these arguments.
    Own { program: PathBuf, args: Vec<String> },
}

/// A running relay. Dropping it ends it and deletes its folder.
pub(crate) struct Server {
    pub(crate) dialect: Dialect,
    pub(crate) address: SocketAddr,
    process: Option<Child>,
    kind: Kind,
    folder: PathBuf,
}

impl Server {
    /// Starts a relay that knows no accounts, in a new folder below `scratch`.
    pub(crate) fn start(kind: &Kind, scratch: &Path) -> Result<Self> {
        let address = free_address()?;
        let folder = scratch.join(address.port().to_string());
        let _ = fs::remove_dir_all(&folder);
        for part in ["data", "web"] {
            fs::create_dir_all(folder.join(part))?;
        }
        let mut server = Self { dialect: kind.dialect, address, process: None, kind: kind.clone(), folder };
        server.run()?;
        Ok(server)
    }

    /// Ends the relay and starts it again on the same folder.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.end();
        self.run()
    }

    fn run(&mut self) -> Result<()> {
        let (data, web) = (self.folder.join("data"), self.folder.join("web"));
        let mut command = match &self.kind.program {
            Program::Workerd { workerd, config, web: has_web } => {
                let mut command = Command::new(workerd);
                command.arg("serve").arg(config).arg("-s").arg(format!("http={}", self.address));
                command.arg("-d").arg(format!("mailboxes={}", data.display()));
                if *has_web {
                    command.arg("-d").arg(format!("web={}", web.display()));
                }
                command
            }
            Program::Own { program, args } => {
                let mut command = Command::new(program);
                command.args(args).arg("--data").arg(&data).arg("--listen").arg(self.address.to_string());
                command
            }
        };
        let log = File::create(self.folder.join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.process = Some(command.spawn().with_context(|| format!("cannot start {}", self.kind.name))?);
        let started = Instant::now();
        while self.get("/health").is_none() {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            if self.process.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None))) {
                bail!("{} did not start:\n{log}", self.kind.name);
            }
            if started.elapsed() > READY_LIMIT {
                bail!("{} does not answer:\n{log}", self.kind.name);
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The body of the answer to a GET, if that is 200.
    pub(crate) fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n")?;
        (head.split(' ').nth(1) == Some("200")).then(|| body.to_owned())
    }

    /// Processor time so far, in user and kernel mode, of all threads.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(self.proc("task"))?.flatten() {
            // Finer than the hundredths of seconds in `stat`.
            let text = fs::read_to_string(task.path().join("schedstat"))?;
            nanoseconds += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Resident memory in bytes.
    #[expect(clippy::cast_precision_loss, reason = "no machine has that much")]
    pub(crate) fn memory(&self) -> Result<f64> {
        let text = fs::read_to_string(self.proc("status"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok((kib * 1024) as f64)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.as_ref().map_or(0, Child::id)
    }

    fn proc(&self, file: &str) -> PathBuf {
        let id = self.pid();
        Path::new("/proc").join(id.to_string()).join(file)
    }

    fn end(&mut self) {
        if let Some(mut child) = self.process.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn free_address() -> Result<SocketAddr> {
    PORTS
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .find(|address| TcpListener::bind(address).is_ok())
        .context("no free port")
}
