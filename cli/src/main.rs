//! `hushclip`, the terminal client: the first program around the client library. It owns the home, the keys to it and the
//! terminal, and knows nothing of the protocol.
//!
//! Reading order: `args`, `commands`, `session` (one of many processes), `shell` (the one that owns
//! the home), `vault`, `keeper`, `store`.

mod agent;
mod args;
mod clock;
mod commands;
mod desktop;
mod failure;
mod guard;
mod home;
mod keeper;
mod keyboard;
mod keyring;
mod notices;
mod passphrase;
mod print;
mod session;
mod shell;
mod signal;
mod store;
mod vault;
mod wire;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser as _;
use zeroizing_alloc::ZeroAlloc;

/// Memory is wiped when it is freed, so that little is left of keys and clips.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    guard::keep_memory_private();
    let args = args::Args::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure::Failure::new(failure::Code::System, format!("Cannot start: {error}.")).report(),
    };
    let outcome = runtime.block_on(commands::run(args));
    // A write to a pipe that nobody reads must not keep the process alive.
    runtime.shutdown_background();
    outcome.map_or_else(failure::Failure::report, |()| ExitCode::SUCCESS)
}
