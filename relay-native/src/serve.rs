//! From the command line to a running relay, and its orderly end.

use std::convert::Infallible;
use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use hushclip_vapid::{Key, Services};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use crate::core::{Call, Core, calls, now_ms};
use crate::folder::Folder;
use crate::metrics::{Counters, set};
use crate::push::Pusher;
use crate::server::Server;
use crate::socket::Sockets;
use crate::web::Web;
use crate::{ServeArgs, log, push};

const PAGE_BYTES: u64 = 4096;
const MIB: u64 = 1024 * 1024;
/// Files that are open beside the connections.
const OWN_FILES: u64 = 64;
/// How long the last messages may take at the end.
const END_LIMIT: Duration = Duration::from_secs(4);

/// Runs a relay until it is told to end.
pub(crate) fn serve(args: ServeArgs) -> Result<(), Box<dyn Error>> {
    std::panic::set_hook(Box::new(|panic| {
        // The message might quote what must not be in a log.
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        log::error("panic", &[("at", &place)]);
    }));
    let data = args.data.ok_or("--data is missing")?;
    let web = match &args.web {
        Some(folder) => Web::read(folder).map_err(|error| format!("{}: {error}", folder.display()))?,
        None => Web::embedded(),
    };
    let files = raise_file_limit();
    let folder = Folder::take(&data)?;
    let counters = Arc::new(Counters::default());
    set(&counters.started_ms, now_ms());
    set(&counters.storage_ok, 1);
    let (sender, receiver) = calls();
    let (wakes, waking) = push::wakes();
    let services = Services::new(&args.push_host.join(" "));
    let (report, reported) = oneshot::channel();
    let core = {
        let (counters, pages) = (Arc::clone(&counters), args.max_size.map(|mib| mib.saturating_mul(MIB / PAGE_BYTES)));
        let database = folder.database();
        let (own_key, called) = (args.vapid_private_key, services.clone());
        let opened = move |folder: &Folder| -> Result<(Core, Option<Key>), Box<dyn Error + Send + Sync>> {
            let db = folder.open(pages)?;
            // Clips go on without wake-ups.
            let key = push::key(&db, own_key.as_deref()).unwrap_or_else(|error| {
                log::error("push_key", &[("why", &error)]);
                None
            });
            let core = Core::new(db, counters)?;
            Ok(match key {
                Some(key) => (core.waking(&key.public(), called, wakes), Some(key)),
                None => (core, None),
            })
        };
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            match (opened(&folder), runtime) {
                (Ok((core, key)), Ok(runtime)) => {
                    // Nobody waits for it who has given up.
                    let _ = report.send(Ok(key));
                    runtime.block_on(core.run(receiver));
                }
                (Err(error), _) => drop(report.send(Err(error.to_string()))),
                (_, Err(error)) => drop(report.send(Err(error.to_string()))),
            }
            // Its lock is held until here.
            drop(folder);
        };
        (thread::Builder::new().name("core".into()).spawn(run)?, database)
    };
    let (core, database) = core;
    let key = reported.blocking_recv().map_err(|_| "the core did not start")??;
    let pusher = match key {
        Some(key) => Some(
            Pusher::new(key, services, args.vapid_subject, sender.clone())
                .map_err(|error| -> Box<dyn Error> { error })?,
        ),
        None => None,
    };
    let (alive, ended) = mpsc::channel(1);
    let server = Arc::new(Server {
        sockets: Sockets::new(sender.clone()),
        web,
        metrics_token: args.metrics_token,
        allowed_origins: args.allow_origin.join(" "),
        proxies: args.proxy,
        counters,
        database,
        gate: Arc::default(),
        alive,
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if let Some(pusher) = pusher {
        runtime.spawn(pusher.run(waking));
    }
    let connections = usize::try_from(files.saturating_sub(OWN_FILES)).unwrap_or(usize::MAX >> 4).clamp(16, 1 << 20);
    let done = runtime.block_on(run(server, args.listen, connections, core, sender, ended));
    runtime.shutdown_timeout(Duration::from_millis(100));
    done
}

async fn run(
    server: Arc<Server>,
    listen: SocketAddr,
    connections: usize,
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
        &[("version", &env!("CARGO_PKG_VERSION")), ("listen", &address), ("connections", &connections)],
    );
    tokio::select! {
        () = server.listen(listener, connections) => {}
        _ = term.recv() => {}
        _ = int.recv() => {}
        // It ends by itself only by a fault.
        () = calls.closed() => return Err("the core has failed".into()),
    }
    log::info("stopping", &[]);
    let stopped = async {
        let _ = calls.send(Call::Stop).await;
        let _ = tokio::task::spawn_blocking(move || core.join()).await;
        // Ends when the last socket has.
        let _ = ended.recv().await;
    };
    if tokio::time::timeout(END_LIMIT, stopped).await.is_err() {
        log::info("cut_off", &[]);
    }
    log::info("stopped", &[]);
    Ok(())
}

/// As many open files as the system allows; says how many.
fn raise_file_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let now = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    now.unwrap_or(u64::MAX)
}
