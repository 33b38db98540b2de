//! The program behind `cargo xtask bench relay`: puts our relays and their peers under load in turn, on one
//! machine, and prints medians and ratios. It asserts nothing about them.
//!
//! Reading order: `load` (what is done), `accounts` and `line` (by whom), `server` (to whom), `rows`.

mod accounts;
mod line;
mod load;
mod report;
mod rows;
mod server;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use tokio::time::sleep;

use crate::accounts::Prepared;
use crate::load::{DEVICES, Many};
use crate::report::{Figures, Unit};
use crate::server::{Dialect, Kind, Program, Server};

/// Every relay is started anew so many times.
const SESSIONS: usize = 3;
/// Rounds in each session.
const ROUNDS: usize = 3;
/// Accounts that are there at once.
const ACCOUNTS: usize = 1000;
/// Clips of each of them in one round.
const CLIPS: usize = 3;
/// Clips of each of them that come before, so that the runtime has compiled what is called often.
const WARM: usize = 4;
/// Before memory is read.
const SETTLE: Duration = Duration::from_millis(500);

/// What is where.
#[derive(Parser)]
struct Args {
    /// Folder for the relays' data.
    #[arg(long)]
    scratch: PathBuf,
    /// workerd itself.
    #[arg(long)]
    workerd: PathBuf,
    /// Configuration of our worker.
    #[arg(long)]
    worker: PathBuf,
    /// Configuration of the JavaScript worker.
    #[arg(long)]
    js_worker: PathBuf,
    /// Configuration of our worker inside the module that counts rows.
    #[arg(long)]
    counted: PathBuf,
    /// Our native relay.
    #[arg(long)]
    native: Option<PathBuf>,
    /// The bare native relay.
    #[arg(long)]
    axum: Option<PathBuf>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(bench(args))
}

async fn bench(args: Args) -> Result<()> {
    let material = Material::make();
    let on_workerd = |name, dialect, config: &PathBuf, web| Kind {
        name,
        dialect,
        program: Program::Workerd { workerd: args.workerd.clone(), config: config.clone(), web },
    };
    let own = |name, dialect, program: &PathBuf, args: &[&str]| Kind {
        name,
        dialect,
        program: Program::Own { program: program.clone(), args: args.iter().map(ToString::to_string).collect() },
    };
    println!(
        "Clips of {} B of text. Each is pushed when the one before in its account is acknowledged: the protocol
allows one at a time, and the peers are asked no more. One account: one device pushes, three receive;
{ACCOUNTS} accounts: one pushes, one receives. All on the local disk, the client on the same processors.
Medians of {} rounds in turns; ×: ours by theirs, the median within a round.\n",
        accounts::BODY,
        SESSIONS * ROUNDS,
    );
    let kinds = [
        on_workerd("worker", Dialect::Hushclip, &args.worker, true),
        on_workerd("JavaScript worker", Dialect::Bare, &args.js_worker, false),
    ];
    compare(&kinds, &material, &args.scratch).await?;
    rows::report(&on_workerd("worker", Dialect::Hushclip, &args.counted, true), &args.scratch).await?;
    if let (Some(native), Some(axum)) = (&args.native, &args.axum) {
        let kinds = [
            own("native", Dialect::Hushclip, native, &[]),
            own("axum, commit per batch", Dialect::Bare, axum, &["--batch", "256"]),
            own("axum, commit per clip", Dialect::Bare, axum, &["--batch", "1"]),
        ];
        compare(&kinds, &material, &args.scratch).await?;
    }
    Ok(())
}

/// Accounts that are used in every session, since each has relays that do not know them.
struct Material {
    many: Vec<Prepared>,
    latency: Vec<Prepared>,
    one: Vec<Prepared>,
}

impl Material {
    fn make() -> Self {
        let many = |seed| Prepared::make(seed, 1, WARM + ROUNDS * CLIPS, |_| 0);
        let few = |seed| Prepared::make(seed, DEVICES, DEVICES * load::TURN, load::sender);
        Self {
            many: (0..ACCOUNTS as u64).map(many).collect(),
            latency: (0..ROUNDS as u64).map(|seed| few(10_000 + seed)).collect(),
            one: (0..ROUNDS as u64).map(|seed| few(20_000 + seed)).collect(),
        }
    }
}

/// Measures relays of one sort in turns and prints the table; the first is ours.
async fn compare(kinds: &[Kind], material: &Material, scratch: &std::path::Path) -> Result<()> {
    let mut figures: Vec<_> = kinds.iter().map(|_| Figures::default()).collect();
    for session in 0..SESSIONS {
        let mut running = Vec::new();
        for turn in 0..kinds.len() {
            let which = (turn + session) % kinds.len();
            eprintln!("  {}, session {} of {SESSIONS}", kinds[which].name, session + 1);
            let server = Server::start(&kinds[which], scratch)?;
            let many = settle_in(&server, &material.many, &mut figures[which]).await?;
            running.push((which, server, many));
        }
        for (_, server, many) in &mut running {
            many.push(server, &material.many, WARM).await?;
        }
        for _ in 0..ROUNDS {
            for (which, server, many) in &mut running {
                let took = many.push(server, &material.many, CLIPS).await?;
                figures[*which].add_load("clips, 1,000 accounts at once", "  processor time of each", &took);
            }
        }
        for round in 0..ROUNDS {
            for (which, server, _) in &running {
                let took = load::one_account(server, &material.one[round]).await?;
                figures[*which].add_load("clips, one account", "  processor time of each ", &took);
            }
            for (which, server, _) in &running {
                let times = load::latency(server, &material.latency[round]).await?;
                figures[*which].add_latency(times);
            }
        }
    }
    let names: Vec<_> = kinds.iter().map(|kind| kind.name).collect();
    report::print(&names, &figures);
    Ok(())
}

/// Brings the accounts in, two sockets each, and reads what memory that takes.
#[expect(clippy::cast_precision_loss, reason = "there are a thousand")]
async fn settle_in(server: &Server, accounts: &[Prepared], figures: &mut Figures) -> Result<Many> {
    let empty = server.memory()?;
    let mut many = Many::register(server, accounts).await?;
    sleep(SETTLE).await;
    let registered = server.memory()?;
    many.join(server, accounts).await?;
    sleep(SETTLE).await;
    let joined = server.memory()?;
    let each = accounts.len() as f64;
    figures.add("memory, no accounts", Unit::Megabytes, empty);
    figures.add("memory of an account with a socket", Unit::Kilobytes, (registered - empty) / each);
    figures.add("memory of one more idle socket", Unit::Kilobytes, (joined - registered) / each);
    Ok(many)
}
