//! The blind relay as one binary: the mailboxes of `hushclip-mailbox` over SQLite, for people's own
//! boxes. It has no code to decrypt what it keeps.

mod budget;
mod copies;
mod core;
mod folder;
mod log;
mod metered;
mod metrics;
mod outbox;
mod push;
mod schema;
mod serve;
mod server;
mod socket;
mod store;
mod timers;
mod web;

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

const SECRETS: &str = "Secrets come from the environment only: HUSHCLIP_METRICS_TOKEN opens /metrics to who knows it; \
    VAPID_PRIVATE_KEY replaces the key by which push services know this relay.";

/// A relay for Hushclip that keeps what it cannot read.
#[derive(Debug, Parser)]
#[command(name = "hushclip-relay", version, about, args_conflicts_with_subcommands = true)]
#[command(subcommand_negates_reqs = true, after_help = SECRETS)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write all accounts into one file; the relay may be running.
    Backup {
        /// The relay's folder.
        #[arg(long)]
        data: PathBuf,
        /// The file to make.
        #[arg(long)]
        to: PathBuf,
    },
    /// Fill a new folder from such a file.
    Restore {
        /// The folder, which holds no accounts yet.
        #[arg(long)]
        data: PathBuf,
        /// The file that `backup` made.
        #[arg(long)]
        from: PathBuf,
    },
    /// Read everything that is stored, and say whether it is well; the relay may be running.
    Check {
        /// The relay's folder.
        #[arg(long)]
        data: PathBuf,
    },
}

/// How to run.
#[derive(Debug, Args)]
struct ServeArgs {
    /// Folder for the accounts; made if it is not there.
    #[arg(long, required = true, env = "HUSHCLIP_RELAY_DATA")]
    data: Option<PathBuf>,
    /// Address to listen on. It speaks no TLS: let others in through a proxy that does.
    #[arg(long, default_value = "127.0.0.1:8787", env = "HUSHCLIP_RELAY_LISTEN")]
    listen: SocketAddr,
    /// Serve the web app from this folder instead of the one inside this program.
    #[arg(long, env = "HUSHCLIP_RELAY_WEB")]
    web: Option<PathBuf>,
    /// Store no more than so many mebibytes; then clips are refused until there is room.
    #[arg(long, value_name = "MIB", env = "HUSHCLIP_RELAY_MAX_SIZE")]
    max_size: Option<u64>,
    /// Address of a proxy whose X-Forwarded-For is believed; this machine's own always is.
    #[arg(long, value_name = "ADDRESS")]
    proxy: Vec<IpAddr>,
    /// Further origin whose web pages may use this relay; several are separated by spaces.
    #[arg(long, value_name = "ORIGIN", value_delimiter = ' ', env = "ALLOWED_ORIGINS")]
    allow_origin: Vec<String>,
    /// Who knows this sees /metrics; without it nobody does.
    #[arg(long, env = "HUSHCLIP_METRICS_TOKEN", hide = true, hide_env_values = true)]
    metrics_token: Option<String>,
    /// The key by which push services know this relay, 32 bytes in base64url, in place of the one it makes;
    /// `off`: no device is woken.
    #[arg(long, env = "VAPID_PRIVATE_KEY", hide = true, hide_env_values = true)]
    vapid_private_key: Option<String>,
    /// Whom push services may ask, such as mailto:me@example.org; else the relay's own address.
    #[arg(long, value_name = "CONTACT", env = "VAPID_SUBJECT")]
    vapid_subject: Option<String>,
    /// Further push service that may be called; several are separated by spaces.
    #[arg(long, value_name = "HOST", value_delimiter = ' ', env = "PUSH_HOSTS")]
    push_host: Vec<String>,
}

fn main() -> ExitCode {
    let Cli { command, serve } = Cli::parse();
    let is_service = command.is_none();
    let done = match command {
        None => serve::serve(serve),
        Some(Command::Backup { data, to }) => copies::backup(&data, &to),
        Some(Command::Restore { data, from }) => copies::restore(&data, &from),
        Some(Command::Check { data }) => copies::check(&data),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if is_service {
                log::error("failed", &[("why", &error)]);
            } else {
                // Somebody sits before it. Where nobody listens there is nobody to tell.
                let _ = writeln!(std::io::stderr(), "error: {error}");
            }
            ExitCode::FAILURE
        }
    }
}
