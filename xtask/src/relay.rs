//! A relay on plain workerd: the same worker and storage engine as on Cloudflare, in one process.
//! Owns the process: waits until it answers, explains why it does not, and never leaves it behind.

use std::{
    env,
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{npm, paths, proc};

/// Another folder than `dist/worker`.
const WORKER: &str = "HUSHCLIP_WORKER";
/// How long a relay may take to answer for the first time.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// A running relay; dropping it stops it.
pub(crate) struct Relay {
    group: proc::Group,
    address: SocketAddr,
    log: PathBuf,
    /// Held while the relay runs, so that no second one writes to the same folder.
    _lock: File,
}

impl Relay {
    /// Starts the relay in `dist/` and waits until it answers.
    pub(crate) fn start(host: IpAddr, port: u16, data: &Path) -> Result<Self> {
        let worker = env::var_os(WORKER).map_or_else(|| paths::dist().join("worker"), PathBuf::from);
        let config = worker.join(config());
        let web = paths::dist().join("web");
        if !config.exists() {
            bail!("there is no relay in {}: run `cargo xtask build`", paths::shown(&worker));
        }
        fs::create_dir_all(&web)?;
        let address = free_address(host, port)?;
        let lock = take_folder(data)?;
        let mailboxes = fs::canonicalize(data)?.join("mailboxes");
        fs::create_dir_all(&mailboxes)?;

        let log = paths::scratch().join(format!("relay-{}.log", address.port()));
        let out = proc::create(&log)?;
        let mut command = guarded(&npm::workerd()?);
        command
            .arg("serve")
            .arg(&config)
            .arg("-s")
            .arg(format!("http={address}"))
            .arg("-d")
            .arg(format!("mailboxes={}", mailboxes.display()))
            .arg("-d")
            .arg(format!("web={}", fs::canonicalize(&web)?.display()))
            .stdout(out.try_clone()?)
            .stderr(out);
        let mut relay = Self { group: proc::Group::spawn(&mut command)?, address, log, _lock: lock };
        relay.wait_until_ready()?;
        Ok(relay)
    }

    /// Where this machine reaches the relay.
    pub(crate) fn url(&self) -> String {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
            IpAddr::V6(ip) if ip.is_unspecified() => "[::1]".to_owned(),
            IpAddr::V6(ip) => format!("[{ip}]"),
            IpAddr::V4(ip) => ip.to_string(),
        };
        format!("http://{ip}:{}", self.address.port())
    }

    /// What the relay printed so far.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Waits until the relay ends, which it does only when something is wrong.
    pub(crate) fn wait(mut self) -> Result<()> {
        let ended = self.group.wait(Duration::MAX)?;
        let status = ended.map(|status| status.to_string()).unwrap_or_default();
        bail!("the relay ended ({status}):\n{}", proc::tail(&self.log, 20));
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.group.try_wait()? {
                bail!("the relay did not start ({status}):\n{}", proc::tail(&self.log, 20));
            }
            match self.status_of("/health") {
                Some(200) => return Ok(()),
                answer if started.elapsed() > READY_LIMIT => {
                    let answer = answer.map_or("no answer".to_owned(), |code| format!("status {code}"));
                    let log = proc::tail(&self.log, 20);
                    bail!("the relay is not healthy: GET /health gives {answer}\n{log}");
                }
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// The HTTP status that the relay answers with.
    fn status_of(&self, path: &str) -> Option<u16> {
        let limit = Duration::from_secs(2);
        let authority = self.url().replace("http://", "");
        let mut stream = TcpStream::connect_timeout(&authority.parse().ok()?, limit).ok()?;
        stream.set_read_timeout(Some(limit)).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = Vec::new();
        stream.take(64).read_to_end(&mut answer).ok()?;
        String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
    }
}

/// A push service on this machine is called only where one is named.
fn config() -> &'static str {
    let hosts = env::var("PUSH_HOSTS").unwrap_or_default();
    if hosts.contains("http://127.0.0.1:") { "loopback.capnp" } else { "workerd.capnp" }
}

/// The address to listen on, known to be free.
fn free_address(host: IpAddr, port: u16) -> Result<SocketAddr> {
    let listener = TcpListener::bind((host, port)).with_context(|| match port {
        0 => format!("cannot listen on {host}"),
        _ => format!("port {port} on {host} is taken or not ours to use; try `--port {}`", port.wrapping_add(1)),
    })?;
    Ok(listener.local_addr()?)
}

/// Makes sure that the folder is there, writable, and used by no other relay.
fn take_folder(data: &Path) -> Result<File> {
    fs::create_dir_all(data).with_context(|| format!("cannot create the folder {}", data.display()))?;
    let lock = File::create(data.join("relay.lock"))
        .with_context(|| format!("cannot write to the folder {}", data.display()))?;
    if lock.try_lock().is_err() {
        bail!("another relay is using the folder {}", data.display());
    }
    Ok(lock)
}

/// Runs `program` with as many files as allowed (two per socket, three per mailbox), and so that
/// it dies with us where the system can do that.
fn guarded(program: &Path) -> Command {
    let mut command = Command::new("sh");
    let bind = if proc::on_path("setpriv") { "setpriv --pdeathsig KILL " } else { "" };
    command.arg("-c").arg(format!("ulimit -n $(ulimit -H -n) 2>/dev/null; exec {bind}\"$@\"")).arg("sh").arg(program);
    command
}
