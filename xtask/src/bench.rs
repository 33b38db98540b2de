//! `cargo xtask bench`: times beside a named peer in the same run. Prints, asserts nothing: machines
//! differ, ratios less so.

use std::{process::Command, time::Duration};

use anyhow::Result;
use clap::ValueEnum;

use crate::{
    build::wasm::{self, Module},
    npm, paths, proc, toolchain,
};

const LIMIT: Duration = Duration::from_mins(15);
const MODULE: Module = Module { package: "hushclip-bench", name: "hushclip_bench", worker: false };

/// What is measured.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum What {
    /// Sealing and opening clips of 1 KiB and 64 KiB, natively and as wasm.
    Crypto,
}

/// Builds and measures.
pub(crate) fn bench(what: What) -> Result<()> {
    match what {
        What::Crypto => crypto(),
    }
}

fn crypto() -> Result<()> {
    let mut native = Command::new("cargo");
    native.args(["run", "--quiet", "--release", "-p", MODULE.package, "--bin", "bench"]).current_dir(paths::root());
    proc::run(&mut native, LIMIT)?;
    wasm::compile(&toolchain::require()?, &[MODULE])?;
    let mut node = npm::tool("benches/bench.mjs")?;
    proc::run(node.arg(wasm::bind(&MODULE)?), LIMIT)
}
