//! The commands a person or a CI job types, as `cargo xtask COMMAND`.
//! This file owns the command line; each command has its own module.

mod bench;
mod build;
mod check;
mod debian;
mod demo;
mod fuzz;
mod javascript;
mod npm;
mod pack;
mod paths;
mod proc;
mod relay;
mod run;
mod setup;
mod sizes;
mod test;
mod tidy;
mod toolchain;
mod wire;
mod workerd;

use std::{net::IpAddr, path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::build::{Part, wasm::Profile};

/// Sets up, builds, runs and tests Hushclip.
#[derive(Parser)]
#[command(name = "cargo xtask", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing: the wasm target and the JavaScript tools.
    Setup {
        /// Also install what only the tests need: browsers, a virtual screen.
        #[arg(long)]
        test: bool,
    },
    /// Build into `dist/`.
    Build {
        /// Build only these parts.
        #[arg(long, value_delimiter = ',')]
        only: Vec<Part>,
        /// Compile wasm in seconds instead of minutes; it is larger and slower.
        #[arg(long)]
        fast: bool,
        /// Build only a worker that some messages make panic, for a test.
        #[arg(long, hide = true)]
        faulty: bool,
    },
    /// Set up, build, and start a relay with the web app on this machine.
    Run(RelayArgs),
    /// Start a relay from what `dist/` already holds.
    Relay(RelayArgs),
    /// Build the web app, and start it in an account that already has some clips.
    Demo {
        /// Port to listen on; 0 takes a free one.
        #[arg(long, default_value_t = 8787)]
        port: u16,
    },
    /// Run the whole test suite.
    Test {
        /// Run only this step, on what `dist/` holds, and only the tests its filter matches: `end-to-end:share`.
        #[arg(long, value_name = "NAME[:FILTER]")]
        only: Vec<String>,
    },
    /// Check what has changed: format, lints, unit tests, rules.
    Check {
        /// Compare with this commit.
        #[arg(long, default_value = "HEAD", value_name = "COMMIT")]
        since: String,
    },
    /// Search for inputs that break an invariant; those found go to `fuzz/regressions`.
    Fuzz {
        /// Targets to fuzz; all of them if none is named.
        targets: Vec<String>,
        /// How long to fuzz each target.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Afterwards, leave only inputs worth committing in `fuzz/corpus`.
        #[arg(long)]
        minimise: bool,
    },
    /// Run a benchmark, with a named peer for comparison.
    Bench {
        /// What to measure.
        what: bench::What,
    },
    /// Build the extensions and pack them for the stores, with the sources they are built from.
    Pack {
        /// Build them a second time, from a clone in another folder, and compare.
        #[arg(long)]
        check: bool,
    },
    /// Take the screenshots for the stores, from what `dist/` holds.
    Screenshots,
    /// Run the vectors as wasm inside workerd.
    Vectors,
    /// Check the types of all JavaScript, and lint it.
    Javascript,
    /// Check the rules that compilers do not check.
    Tidy,
    /// Print the sizes of what ships: raw, gzip, brotli.
    Sizes,
}

/// Where a relay listens and where it keeps its accounts.
#[derive(Args)]
struct RelayArgs {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Address to listen on; 0.0.0.0 lets other machines in.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Folder for the relay's accounts [default: .hushclip/relay in the working copy].
    #[arg(long)]
    data: Option<PathBuf>,
}

fn main() -> ExitCode {
    match proc::stop_children_on_signals().and_then(|()| dispatch()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<()> {
    match Cli::parse().command {
        Command::Setup { test } => setup::setup(test),
        Command::Build { faulty: true, .. } => build::faulty(),
        Command::Build { only, fast, .. } => build::build(&only, if fast { Profile::Fast } else { Profile::Ship }),
        Command::Run(args) => run::run(args),
        Command::Relay(args) => run::relay(args),
        Command::Demo { port } => demo::demo(port),
        Command::Test { only } => test::test(&only),
        Command::Check { since } => check::check(&since),
        Command::Fuzz { targets, seconds, minimise } => fuzz::fuzz(&targets, seconds, minimise),
        Command::Bench { what } => bench::bench(what),
        Command::Pack { check: false } => pack::pack(),
        Command::Pack { check: true } => pack::check(),
        Command::Screenshots => pack::screenshots(),
        Command::Vectors => workerd::vectors(),
        Command::Javascript => javascript::check(),
        Command::Tidy => tidy::tidy(),
        Command::Sizes => sizes::sizes(),
    }
}
