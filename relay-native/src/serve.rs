//! Starts a relay from its command line, runs it, and shuts it down cleanly.

use std::convert::Infallible;
use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use hushclip_mailbox::{Policy, Registration, Regulars};
use hushclip_vapid::{Key, Services};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::core::{Call, Core, calls, now_ms};
use crate::folder::Folder;
use crate::metrics::{Counters, set};
use crate::push::Pusher;
use crate::server::Server;
use crate::socket::Sockets;
use crate::space::Space;
use crate::visitors::Visitors;
use crate::web::Web;
use crate::{ServeArgs, Who, log, push};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const MIB: u64 = 1024 * 1024;
/// Files that are open in addition to the connections.
const OWN_FILES: u64 = 64;
/// Enough for a few devices.
const LEAST_FILES: u64 = OWN_FILES + 32;
/// How long delivering the last messages may take at shutdown.
const END_LIMIT: Duration = Duration::from_secs(4);

/// Runs a relay until it is told to stop.
pub(crate) fn serve(args: ServeArgs) -> Result<(), Box<dyn Error>> {
    std::panic::set_hook(Box::new(|panic| {
        // The message might quote something that must not be logged.
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        log::error("panic", &[("at", &place)]);
    }));
    let data = args.data.clone().ok_or("--data is missing")?;
    let web = match &args.web {
        Some(folder) => Web::read(folder).map_err(|error| format!("{}: {error}", folder.display()))?,
        None => Web::embedded(),
    };
    let policy = policy(&args)?;
    let quota = policy.quota;
    let files = raise_file_limit();
    if files < LEAST_FILES {
        return Err(format!(
            "this process may open only {files} files, but needs at least {LEAST_FILES}: raise `LimitNOFILE=` in the \
             unit, `--ulimit nofile=` for the container, or `ulimit -n`"
        )
        .into());
    }
    let folder = Folder::take(&data)?;
    let counters = Arc::new(Counters::default());
    set(&counters.started_ms, now_ms());
    let max_size = args.max_size.map(|mib| mib.saturating_mul(MIB));
    let (sender, receiver) = calls();
    let (wakes, waking) = push::wakes();
    let services = Services::new(&args.push_host.join(" "));
    let (report, reported) = oneshot::channel();
    let regulars: Arc<Mutex<Regulars>> = Arc::default();
    let core = {
        let (counters, noted) = (Arc::clone(&counters), Arc::clone(&regulars));
        let space = Space { folder: Some(data), max: max_size };
        let database = folder.database();
        let (own_key, called) = (args.vapid_private_key, services.clone());
        let opened = move |folder: &Folder| -> Result<(Core, Option<Key>), Box<dyn Error + Send + Sync>> {
            let db = folder.open(&space)?;
            // Clips still sync without wake-ups.
            let key = push::key(&db, own_key.as_deref()).unwrap_or_else(|error| {
                log::error("push_key", &[("why", &error)]);
                None
            });
            let core = Core::new(db, counters)?.governed(policy, space)?.noting(noted);
            Ok(match key {
                Some(key) => (core.waking(&key.public(), called, wakes), Some(key)),
                None => (core, None),
            })
        };
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            match (opened(&folder), runtime) {
                (Ok((core, key)), Ok(runtime)) => {
                    // If the receiver is gone, nobody is waiting for this.
                    let _ = report.send(Ok(key));
                    runtime.block_on(core.run(receiver));
                }
                (Err(error), _) => drop(report.send(Err(error.to_string()))),
                (_, Err(error)) => drop(report.send(Err(error.to_string()))),
            }
            // Its lock is held up to here.
            drop(folder);
        };
        (thread::Builder::new().name("core".into()).spawn(run)?, database)
    };
    let (core, database) = core;
    let key = reported.blocking_recv().map_err(|_| "the core did not start")??;
    let pusher = match key {
        Some(key) => Some(
            Pusher::new(key, services, args.vapid_subject, sender.clone(), Arc::clone(&counters))
                .map_err(|error| -> Box<dyn Error> { error })?,
        ),
        None => None,
    };
    let connections = usize::try_from(files.saturating_sub(OWN_FILES)).unwrap_or(usize::MAX >> 4).min(1 << 20);
    let (alive, ended) = mpsc::channel(1);
    let server = Arc::new(Server {
        sockets: Sockets::new(sender.clone()),
        web,
        metrics_token: args.metrics_token,
        allowed_origins: args.allow_origin.join(" "),
        proxies: args.proxy,
        counters,
        connections,
        places: Arc::new(Semaphore::new(connections)),
        max_size,
        quota,
        database,
        regulars,
        gate: Arc::default(),
        visitors: Visitors::default(),
        alive,
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if let Some(pusher) = pusher {
        runtime.spawn(pusher.run(waking));
    }
    let done = runtime.block_on(run(server, args.listen, core, sender, ended));
    runtime.shutdown_timeout(Duration::from_millis(100));
    done
}

/// The rules that apply to all accounts.
fn policy(args: &ServeArgs) -> Result<Policy, Box<dyn Error>> {
    let read = |path: &PathBuf| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let file = args.registration_token_file.as_ref().map(read).transpose()?;
    let token = file.as_ref().or(args.registration_token.as_ref()).map(|token| token.trim()).filter(|t| !t.is_empty());
    let registration = match (args.registration, token) {
        (Some(Who::Closed), _) => Registration::Closed,
        (Some(Who::Open), _) | (None, None) => Registration::Open,
        (Some(Who::Token), None) => {
            return Err(
                "--registration token needs a token: set HUSHCLIP_RELAY_REGISTRATION_TOKEN, or name a file".into()
            );
        }
        (Some(Who::Token) | None, Some(token)) => Registration::by_token(token)?,
    };
    Ok(Policy { registration, quota: args.quota * MIB, idle_ms: args.idle_days * DAY_MS })
}

async fn run(
    server: Arc<Server>,
    listen: SocketAddr,
    core: thread::JoinHandle<()>,
    calls: crate::core::Calls,
    mut ended: mpsc::Receiver<Infallible>,
) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(listen).await.map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    let address = listener.local_addr()?;
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // Whoever waits for this line may have closed the pipe.
    let _ = writeln!(std::io::stdout(), "ready http://{address}").and_then(|()| std::io::stdout().flush());
    log::info(
        "started",
        &[("version", &env!("CARGO_PKG_VERSION")), ("listen", &address), ("connections", &server.connections)],
    );
    tokio::select! {
        () = Arc::clone(&server).listen(listener) => {}
        _ = term.recv() => {}
        _ = int.recv() => {}
        // The core ends by itself only after a fault.
        () = calls.closed() => return Err("the core has failed".into()),
    }
    log::info("stopping", &[]);
    let stopped = async {
        let _ = calls.send(Call::Stop).await;
        let _ = tokio::task::spawn_blocking(move || core.join()).await;
        // Returns once the last socket has ended.
        let _ = ended.recv().await;
    };
    if tokio::time::timeout(END_LIMIT, stopped).await.is_err() {
        log::info("cut_off", &[]);
    }
    log::info("stopped", &[]);
    Ok(())
}

/// Raises the limit on open files as far as the system allows; returns the limit.
fn raise_file_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let now = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    now.unwrap_or(u64::MAX)
}
