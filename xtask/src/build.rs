//! `cargo xtask build`: everything that ships, into `dist/`.
//! This file says which crates and files make up each part; `build/` has the steps.

mod deploy;
pub(crate) mod files;
mod manifest;
mod service_worker;
pub(crate) mod wasm;
mod words;

use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use self::wasm::{Module, Profile};
use crate::{npm, paths, proc, toolchain};

const CARGO_LIMIT: Duration = Duration::from_mins(30);
const SHORT: Duration = Duration::from_mins(2);

/// A part of `dist/`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The relay, as a Cloudflare Worker.
    Worker,
    /// The web app.
    Web,
    /// Relay and web app for Cloudflare, ready to deploy without Rust; builds both first.
    Deploy,
    /// The Chrome and the Firefox extension.
    Extension,
    /// The relay as one binary for your own box; includes the web app that is in `dist/` by then.
    Relay,
    /// The command line client.
    Cli,
}

const WORKER: Module =
    Module { package: "hushclip-relay-worker", name: "hushclip_relay_worker", worker: true, features: "" };
const WEB: Module = Module { package: "hushclip-web", name: "hushclip_web", worker: false, features: "" };
const SCAN: Module = Module { package: "hushclip-scan", name: "hushclip_scan", worker: false, features: "" };
const BACKGROUND: Module =
    Module { package: "hushclip-extension", name: "hushclip_extension", worker: false, features: "" };
const POPUP: Module = Module { package: "hushclip-popup", name: "hushclip_popup", worker: false, features: "" };

impl Part {
    fn modules(self) -> &'static [Module] {
        match self {
            Self::Worker => &[WORKER],
            Self::Web => &[WEB, SCAN],
            Self::Extension => &[BACKGROUND, POPUP],
            Self::Deploy | Self::Relay | Self::Cli => &[],
        }
    }
}

/// Builds the parts of `only`, or all.
pub(crate) fn build(only: &[Part], profile: Profile) -> Result<()> {
    let mut parts = if only.is_empty() { Part::value_variants() } else { only }.to_vec();
    if parts.contains(&Part::Deploy) {
        parts.extend([Part::Worker, Part::Web].into_iter().filter(|part| !only.contains(part) && !only.is_empty()));
    }
    let wants = |part: Part| parts.contains(&part);
    if parts.iter().any(|part| !part.modules().is_empty()) {
        npm::install()?;
        let modules: Vec<Module> = parts.iter().flat_map(|part| part.modules()).copied().collect();
        wasm::compile(&toolchain::install()?, &modules, profile)?;
    }
    if wants(Part::Worker) {
        worker(&WORKER, profile, &paths::dist().join("worker"))?;
    }
    if wants(Part::Web) {
        web(profile)?;
    }
    if wants(Part::Deploy) {
        deploy::deploy()?;
    }
    if wants(Part::Extension) {
        extension("chrome", profile)?;
        extension("firefox", profile)?;
    }
    if wants(Part::Relay) {
        binary("hushclip-relay-native", "hushclip-relay")?;
    }
    if wants(Part::Cli) {
        binary("hushclip-cli", "hushclip")?;
    }
    Ok(())
}

/// Builds a worker that some messages make panic, for a test.
pub(crate) fn faulty() -> Result<()> {
    let module = Module { features: "faults", ..WORKER };
    npm::install()?;
    wasm::compile(&toolchain::install()?, &[module], Profile::Ship)?;
    worker(&module, Profile::Ship, &paths::scratch().join("faulty-worker"))
}

fn worker(module: &Module, profile: Profile, dir: &Path) -> Result<()> {
    let dir = files::empty(dir)?;
    let bound = wasm::bind(module, profile)?;
    let source = paths::root().join("relay-worker");
    // esbuild resolves imports from where the entry lies, so it lies beside the bindings.
    let entry = bound.join("entry.mjs");
    fs::copy(source.join("entry.mjs"), &entry)?;
    let mut esbuild = Command::new(npm::esbuild()?);
    esbuild
        .arg(&entry)
        .args(["--bundle", "--format=esm", "--target=es2022", "--minify", "--log-level=warning"])
        .args(["--external:cloudflare:*", "--external:*.wasm"])
        .arg(format!("--outfile={}", dir.join("index.js").display()));
    proc::run(&mut esbuild, SHORT)?;
    files::copy_file(&bound.join("hushclip_relay_worker_bg.wasm"), &dir)?;
    for config in ["workerd.capnp", "loopback.capnp"] {
        files::copy_file(&source.join(config), &dir)?;
    }
    done(&dir);
    Ok(())
}

fn web(profile: Profile) -> Result<()> {
    let dir = files::empty(&paths::dist().join("web"))?;
    files::copy_tree(&paths::root().join("web-pairing/static"), &dir)?;
    files::copy_file(&paths::root().join("ui/style.css"), &dir)?;
    for module in Part::Web.modules() {
        files::copy_tree(&wasm::bundle(module, profile)?, &dir)?;
    }
    service_worker::list_files(&dir)?;
    done(&dir);
    Ok(())
}

fn extension(browser: &str, profile: Profile) -> Result<()> {
    let dir = files::empty(&paths::dist().join(browser))?;
    let source = paths::root().join("extension");
    files::copy_tree(&source.join("static"), &dir)?;
    files::copy_tree(&source.join("platform").join(browser), &dir.join("platform"))?;
    words::copy(&paths::root().join("i18n"), &dir.join("_locales"))?;
    files::copy_file(&paths::root().join("ui/style.css"), &dir)?;
    for module in Part::Extension.modules() {
        files::copy_tree(&wasm::bundle(module, profile)?, &dir)?;
    }
    manifest::write(browser, &dir.join("manifest.json"))?;
    done(&dir);
    Ok(())
}

fn binary(package: &str, name: &str) -> Result<()> {
    let mut cargo = proc::cargo();
    cargo.args(["build", "--release", "-p", package, "--bin", name]);
    proc::run(&mut cargo, CARGO_LIMIT)?;
    let to = paths::dist().join(name);
    fs::create_dir_all(paths::dist())?;
    // A running binary cannot be overwritten, but its name can be taken over.
    let fresh = paths::dist().join(format!(".{name}.new"));
    fs::copy(paths::target().join("release").join(name), &fresh).with_context(|| format!("{name} was not built"))?;
    fs::rename(&fresh, &to)?;
    done(&to);
    Ok(())
}

fn done(what: &Path) {
    println!("  built      {}", paths::shown(what));
}
