//! The blind relay as a single self-hosted binary: the mailboxes of `hushclip-mailbox` on top of SQLite. It contains
//! no code to decrypt what it stores.

mod accounts;
mod budget;
mod copies;
mod core;
mod folder;
mod health;
mod log;
mod metered;
mod metrics;
mod network;
mod outbox;
mod process;
mod push;
mod schema;
mod serve;
mod server;
mod socket;
mod space;
mod store;
mod timers;
mod visitors;
mod web;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::network::Network;

const SECRETS: &str = "Secrets are read from the environment only: HUSHCLIP_METRICS_TOKEN opens /metrics to anyone who \
                       knows it; HUSHCLIP_RELAY_REGISTRATION_TOKEN lets new accounts in; VAPID_PRIVATE_KEY replaces \
                       the key by which push services know this relay.";

/// A Hushclip relay: it keeps clips that it cannot read.
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
    /// Write all accounts to one file; the relay may be running.
    Backup {
        /// The relay's folder.
        #[arg(long, env = "HUSHCLIP_RELAY_DATA")]
        data: PathBuf,
        /// The file to create; `-` writes to standard output.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Of the files in the same folder with the same extension, keep only this many, the newest by name.
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
        keep: Option<u16>,
    },
    /// Fill a new folder from a backup.
    Restore {
        /// The folder; it must not hold accounts yet.
        #[arg(long, env = "HUSHCLIP_RELAY_DATA")]
        data: PathBuf,
        /// The file that `backup` wrote.
        #[arg(long)]
        from: PathBuf,
    },
    /// List, show, export or delete accounts; the relay may be running.
    Accounts {
        /// The relay's folder.
        #[arg(long, env = "HUSHCLIP_RELAY_DATA")]
        data: PathBuf,
        #[command(subcommand)]
        task: accounts::Task,
    },
    /// Ask a running relay whether it is healthy; the exit code says so too.
    Health {
        /// Address the relay listens on.
        #[arg(long, default_value = "127.0.0.1:8787", env = "HUSHCLIP_RELAY_LISTEN")]
        listen: SocketAddr,
    },
    /// Read everything that is stored and check that it is intact; the relay may be running.
    Check {
        /// The relay's folder.
        #[arg(long, env = "HUSHCLIP_RELAY_DATA")]
        data: PathBuf,
    },
}

/// How to run.
#[derive(Debug, Args)]
struct ServeArgs {
    /// Folder for the accounts; created if it is missing.
    #[arg(long, required = true, env = "HUSHCLIP_RELAY_DATA")]
    data: Option<PathBuf>,
    /// Address to listen on. The relay does not speak TLS: let others in through a proxy that does.
    #[arg(long, default_value = "127.0.0.1:8787", env = "HUSHCLIP_RELAY_LISTEN")]
    listen: SocketAddr,
    /// Serve the web app from this folder instead of the one inside this program.
    #[arg(long, env = "HUSHCLIP_RELAY_WEB")]
    web: Option<PathBuf>,
    /// Store no more than this many mebibytes; beyond that, clips are refused until there is room.
    #[arg(long, value_name = "MIB", env = "HUSHCLIP_RELAY_MAX_SIZE", value_parser = clap::value_parser!(u64).range(1..))]
    max_size: Option<u64>,
    /// Let each account hold no more than this many mebibytes.
    #[arg(long, value_name = "MIB", default_value_t = 64, env = "HUSHCLIP_RELAY_QUOTA", value_parser = clap::value_parser!(u64).range(1..=1024))]
    quota: u64,
    /// Delete accounts that no device has used for this many days; 0 means never.
    #[arg(long, value_name = "DAYS", default_value_t = 90, env = "HUSHCLIP_RELAY_IDLE_DAYS", value_parser = clap::value_parser!(u64).range(..=36_500))]
    idle_days: u64,
    /// Who may start an account: anyone, anyone who knows the token (the default if there is one), or nobody.
    #[arg(long, value_enum, env = "HUSHCLIP_RELAY_REGISTRATION")]
    registration: Option<Who>,
    /// File with the token, 16 to 256 bytes, instead of HUSHCLIP_RELAY_REGISTRATION_TOKEN.
    #[arg(long, value_name = "FILE", env = "HUSHCLIP_RELAY_REGISTRATION_TOKEN_FILE")]
    registration_token_file: Option<PathBuf>,
    /// The token that new accounts need.
    #[arg(long, env = "HUSHCLIP_RELAY_REGISTRATION_TOKEN", hide = true, hide_env_values = true)]
    registration_token: Option<String>,
    /// Address or network (such as 10.88.0.0/16) of a proxy whose X-Forwarded-For is trusted; separate several with
    /// spaces. This machine's own is always trusted.
    #[arg(long, value_name = "ADDRESS", value_delimiter = ' ', env = "HUSHCLIP_RELAY_PROXY")]
    proxy: Vec<Network>,
    /// Another origin whose web pages may use this relay, `*` for all; separate several with spaces.
    #[arg(long, value_name = "ORIGIN", value_delimiter = ' ', env = "ALLOWED_ORIGINS", value_parser = origin)]
    allow_origin: Vec<String>,
    /// Anyone who knows this can see /metrics; without it, nobody can.
    #[arg(long, env = "HUSHCLIP_METRICS_TOKEN", hide = true, hide_env_values = true)]
    metrics_token: Option<String>,
    /// The key by which push services know this relay, 32 bytes in base64url, instead of the one it makes; `off` sends
    /// no wake-ups.
    #[arg(long, env = "VAPID_PRIVATE_KEY", hide = true, hide_env_values = true)]
    vapid_private_key: Option<String>,
    /// Contact for push services, such as mailto:me@example.org; otherwise the relay's own address.
    #[arg(long, value_name = "CONTACT", env = "VAPID_SUBJECT")]
    vapid_subject: Option<String>,
    /// Another push service that may be called; separate several with spaces.
    #[arg(long, value_name = "HOST", value_delimiter = ' ', env = "PUSH_HOSTS")]
    push_host: Vec<String>,
}

/// Who may start an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Who {
    Open,
    Token,
    Closed,
}

/// Checks a value of `--allow-origin`: what a browser may send as `Origin`, or `*`.
fn origin(text: &str) -> Result<String, &'static str> {
    let well = text == "*" || hushclip_relay_http::is_origin(text);
    if well { Ok(text.to_owned()) } else { Err("must be an origin such as https://app.example, or `*`") }
}

fn main() -> ExitCode {
    let Cli { command, serve } = Cli::parse();
    let is_service = command.is_none();
    let done = match command {
        None => serve::serve(serve),
        Some(Command::Backup { data, to, keep }) => copies::backup(&data, &to, keep),
        Some(Command::Accounts { data, task }) => accounts::run(&data, task),
        Some(Command::Health { listen }) => health::ask(listen),
        Some(Command::Restore { data, from }) => copies::restore(&data, &from),
        Some(Command::Check { data }) => copies::check(&data),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if is_service {
                log::error("failed", &[("why", &error)]);
            } else {
                // For the person at the terminal. If nobody reads it, there is nobody to tell.
                let _ = writeln!(std::io::stderr(), "error: {error}");
            }
            ExitCode::FAILURE
        }
    }
}
