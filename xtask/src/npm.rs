//! The JavaScript tools, from npm, at the versions of `package-lock.json`.
//! Install scripts stay off: every tool's binary comes in a package of its own that the lock names.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{paths, proc};

const INSTALL_LIMIT: Duration = Duration::from_mins(10);
const SHORT: Duration = Duration::from_secs(20);

/// Installs the tools unless what is installed is what the lock names.
/// Says how many packages that took, or `None` if there was nothing to do.
pub(crate) fn install() -> Result<Option<usize>> {
    if up_to_date() && node().is_ok() {
        return Ok(None);
    }
    if !proc::on_path("npm") {
        bail!("npm is missing: install Node.js, which brings it");
    }
    println!("  installing the JavaScript tools with npm");
    let log = paths::scratch().join("npm.log");
    // Not `npm ci`: it gives up where a registry lacks a package that only other platforms need.
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(paths::root());
    proc::run_logged(&mut npm, INSTALL_LIMIT, &log)?;
    node()?;
    for tool in [workerd()?, esbuild()?] {
        proc::output(Command::new(&tool).arg("--version"), SHORT)?;
    }
    Ok(Some(lock("node_modules/.package-lock.json").map_or(0, |packages| packages.len())))
}

/// A recent node: the one from npm, else the machine's own if it is new enough.
pub(crate) fn node() -> Result<PathBuf> {
    let own = paths::node_module(".bin/node");
    if own.exists() {
        return Ok(own);
    }
    let version = proc::output(Command::new("node").arg("--version"), SHORT).unwrap_or_default();
    let major: u32 = version.trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    if major < 22 {
        bail!("node 22 or newer is missing: run `cargo xtask setup`");
    }
    Ok("node".into())
}

/// A command that runs a JavaScript tool under our node, with that node first on the PATH.
pub(crate) fn tool(script: &str) -> Result<Command> {
    let mut command = Command::new(node()?);
    let bin = paths::node_module(".bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&path)))?;
    command.arg(script).current_dir(paths::root()).env("PATH", path);
    Ok(command)
}

/// The native binary of workerd, Cloudflare's runtime.
pub(crate) fn workerd() -> Result<PathBuf> {
    native("@cloudflare", "workerd-", "bin/workerd")
}

/// The native binary of esbuild.
pub(crate) fn esbuild() -> Result<PathBuf> {
    native("@esbuild", "", "bin/esbuild")
}

/// The binary in the one package of `scope` that npm chose for this machine.
fn native(scope: &str, prefix: &str, file: &str) -> Result<PathBuf> {
    let packages = fs::read_dir(paths::node_module(scope)).into_iter().flatten().flatten();
    packages
        .filter(|package| package.file_name().to_string_lossy().starts_with(prefix))
        .map(|package| package.path().join(file))
        .find(|binary| binary.is_file())
        .with_context(|| format!("{scope} has no {file} for this machine: run `cargo xtask setup`"))
}

/// Whether every package that is installed has the version and hash of the lock, and none is missing.
fn up_to_date() -> bool {
    let (Some(wanted), Some(have)) = (lock("package-lock.json"), lock("node_modules/.package-lock.json")) else {
        return false;
    };
    let same = |name: &str, package: &Value| have.get(name).is_some_and(|h| h["integrity"] == package["integrity"]);
    wanted.iter().all(|(name, package)| {
        name.is_empty() || package["optional"] == Value::Bool(true) && !have.contains_key(name) || same(name, package)
    })
}

fn lock(file: &str) -> Option<serde_json::Map<String, Value>> {
    let text = fs::read_to_string(paths::root().join(file)).ok()?;
    match serde_json::from_str::<Value>(&text).ok()?["packages"].take() {
        Value::Object(packages) => Some(packages),
        _ => None,
    }
}
