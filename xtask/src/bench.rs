//! `cargo xtask bench`: times beside a named peer in the same run. Prints, asserts nothing: machines
//! differ, ratios less so.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use crate::{
    build::{
        self, Part,
        wasm::{self, Module, Profile},
    },
    npm, paths, proc, toolchain,
};

const LIMIT: Duration = Duration::from_mins(15);
const MODULE: Module = Module { package: "hushclip-bench", name: "hushclip_bench", worker: false, features: "" };

/// What is measured.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum What {
    /// Sealing and opening clips of 1 KiB and 64 KiB, natively and as wasm.
    Crypto,
    /// Memory and bytes of a device full of clips, compared with their content.
    Memory,
    /// Our relays under load, compared with a bare JavaScript worker and a bare native relay.
    Relay,
    /// Popup, web app and the path of a copy in real browsers, compared with a bare extension and a bare page.
    Faces,
}

/// Builds and measures.
pub(crate) fn bench(what: What) -> Result<()> {
    match what {
        What::Crypto => crypto(),
        What::Memory => memory(),
        What::Relay => relay(),
        What::Faces => faces(),
    }
}

fn crypto() -> Result<()> {
    let mut native = proc::cargo();
    native.args(["run", "--quiet", "--release", "-p", MODULE.package, "--bin", "bench"]);
    proc::run(&mut native, LIMIT)?;
    wasm::compile(&toolchain::require()?, &[MODULE], Profile::Ship)?;
    let mut node = npm::tool("benches/bench.mjs")?;
    proc::run(node.arg(wasm::bind(&MODULE, Profile::Ship)?), LIMIT)
}

fn memory() -> Result<()> {
    let mut native = proc::cargo();
    native.args(["run", "--quiet", "--release", "-p", MODULE.package, "--bin", "memory"]);
    proc::run(&mut native, LIMIT)
}

fn faces() -> Result<()> {
    build::build(&[Part::Worker, Part::Web, Part::Extension, Part::Cli], Profile::Ship)?;
    let mut cargo = proc::cargo();
    cargo.args(["build", "--quiet", "--release", "-p", MODULE.package, "--bin", "history"]);
    proc::run(&mut cargo, LIMIT)?;
    let mut node = npm::tool("benches/faces/run.mjs")?;
    proc::run(node.arg(paths::target().join("release/history")), LIMIT)
}

fn relay() -> Result<()> {
    build::build(&[Part::Worker], Profile::Ship)?;
    let mut cargo = proc::cargo();
    cargo.args(["build", "--quiet", "--release", "-p", "hushclip-relay-bench", "-p", "hushclip-peer-axum"]);
    cargo.args(["-p", "hushclip-relay-native"]);
    proc::run(&mut cargo, LIMIT)?;
    let release = paths::target().join("release");
    // Two open files for each socket, three for each mailbox.
    let mut bench = Command::new("sh");
    bench.args(["-c", "ulimit -n $(ulimit -H -n) 2>/dev/null; exec \"$@\"", "sh"]).arg(release.join("relay-bench"));
    bench.arg("--scratch").arg(paths::scratch().join("bench"));
    bench.arg("--workerd").arg(npm::workerd()?);
    bench.arg("--worker").arg(paths::dist().join("worker/workerd.capnp"));
    bench.arg("--js-worker").arg(paths::root().join("benches/peers/js-worker/workerd.capnp"));
    bench.arg("--counted").arg(counted()?);
    bench.arg("--native").arg(release.join("hushclip-relay"));
    bench.arg("--axum").arg(release.join("peer-axum"));
    proc::run(&mut bench, LIMIT)
}

/// The configuration of our worker inside the module that counts rows, beside all that it embeds.
fn counted() -> Result<PathBuf> {
    const OUTER: &str = "count.mjs";
    let dir = paths::scratch().join("bench-counted");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir)?;
    for file in fs::read_dir(paths::dist().join("worker"))? {
        let file = file?;
        fs::copy(file.path(), dir.join(file.file_name()))?;
    }
    fs::copy(paths::root().join("benches/relay").join(OUTER), dir.join(OUTER))?;
    let config = dir.join("workerd.capnp");
    let text = fs::read_to_string(&config)?;
    let inner = r#"(name = "index.js", esModule = embed "index.js")"#;
    let (before, after) = text.split_once(inner).context("workerd.capnp has no module index.js")?;
    // The first module is the way in.
    let outer = inner.replace("index.js", OUTER);
    fs::write(&config, format!("{before}{outer},\n    {inner}{after}"))?;
    Ok(config)
}
