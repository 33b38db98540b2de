//! The compiler for wasm: the active Rust toolchain where it has the target, else Debian's.
//! rustup cannot reach its server from everywhere, and then hangs; so its wait is bounded and the
//! fallback builds the standard library from Debian's source package.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use crate::{debian, paths, proc};

/// The only target besides the host's.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

const DEBIAN_LIBS: &str = "/usr/lib/rustlib/wasm32-unknown-unknown/lib";
const RUSTUP_LIMIT: Duration = Duration::from_secs(90);
const SHORT: Duration = Duration::from_secs(20);

/// What cargo's environment needs in order to build for wasm.
pub(crate) struct Wasm {
    env: Vec<(&'static str, PathBuf)>,
    /// Which compiler that is, for people.
    pub(crate) name: String,
}

impl Wasm {
    /// A cargo command that can build for wasm.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = proc::cargo();
        command.envs(self.env.iter().cloned());
        command
    }

    /// Where this compiler's own files lie; their paths are cut out of what is built.
    pub(crate) fn sysroot(&self) -> Result<PathBuf> {
        sysroot(&self.env)
    }
}

/// Finds the wasm compiler if it is already installed; takes a fraction of a second.
pub(crate) fn detect() -> Option<Wasm> {
    if probe(&[]) {
        return Some(Wasm { env: Vec::new(), name: version(&[]) });
    }
    let env = debian_env()?;
    probe(&env).then(|| Wasm { name: format!("Debian's {}", version(&env)), env })
}

/// Finds the wasm compiler, or says what to do.
pub(crate) fn require() -> Result<Wasm> {
    detect().context("there is no compiler for wasm here: run `cargo xtask setup`")
}

/// Finds or installs the wasm compiler.
pub(crate) fn install() -> Result<Wasm> {
    if let Some(found) = detect() {
        return Ok(found);
    }
    if proc::on_path("rustup") {
        println!("  the wasm target is missing: asking rustup (at most {} s)", RUSTUP_LIMIT.as_secs());
        let mut rustup = Command::new("rustup");
        rustup.args(["target", "add", TARGET]).stdin(Stdio::null());
        if let Err(why) = proc::run_logged(&mut rustup, RUSTUP_LIMIT, &paths::scratch().join("rustup.log")) {
            println!("  {}", why.root_cause());
        }
        if let Some(found) = detect() {
            return Ok(found);
        }
    }
    if !debian::has_apt() {
        bail!("the wasm target is missing: run `rustup target add {TARGET}` where rustup's server can be reached");
    }
    install_debian()?;
    detect().context("Debian's compiler is installed but still cannot build for wasm")
}

fn install_debian() -> Result<()> {
    println!("  falling back to Debian's compiler");
    debian::install(&["rustc-web", "cargo-web", "rust-web-src"])?;
    if !proc::on_path("rustup") {
        bail!("rustup is missing: it is needed to choose between this machine's compilers");
    }
    proc::output(Command::new("rustup").args(["toolchain", "link", "debian", "/usr"]), SHORT)?;
    let env = debian_env().context("no linker for wasm: neither rust-lld nor wasm-ld is here")?;
    if probe(&env) {
        return Ok(());
    }
    println!("  building the standard library for wasm (about a minute)");
    build_std(&env)
}

/// Builds std once and puts it where Debian's compiler looks for it.
fn build_std(env: &[(&'static str, PathBuf)]) -> Result<()> {
    let dir = paths::scratch().join("std");
    fs::create_dir_all(dir.join("src"))?;
    fs::write(dir.join("src/lib.rs"), "#![no_std]\n")?;
    fs::write(
        dir.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n",
    )?;
    // The bitcode is what lets `lto = \"fat\"` reach into std.
    let mut cargo = proc::cargo();
    cargo
        .args(["build", "--release", "--target", TARGET, "-Zbuild-std=std,panic_abort,proc_macro,test"])
        .current_dir(&dir)
        .envs(env.iter().cloned())
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .env("CARGO_TARGET_DIR", dir.join("target"));
    proc::run_logged(&mut cargo, Duration::from_mins(10), &paths::scratch().join("std.log"))?;

    let built = dir.join("target").join(TARGET).join("release/deps");
    let libs: Vec<PathBuf> = fs::read_dir(&built)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".rlib") && !name.starts_with("libempty")
        })
        .collect();
    let to = Path::new(DEBIAN_LIBS);
    if to.exists() {
        debian::as_root("rm", &["-r".as_ref(), to.as_os_str()])?;
    }
    debian::as_root("mkdir", &["-p".as_ref(), to.as_os_str()])?;
    let args: Vec<_> = libs.iter().map(|lib| lib.as_os_str()).chain([to.as_os_str()]).collect();
    debian::as_root("cp", &args)?;
    fs::remove_dir_all(dir.join("target"))?;
    Ok(())
}

/// Whether rustc in this environment compiles for wasm: the standard library is there and is its own.
fn probe(env: &[(&'static str, PathBuf)]) -> bool {
    let out = paths::scratch().join("probe");
    let source = out.join("probe.rs");
    let written = fs::create_dir_all(&out).and_then(|()| fs::write(&source, "pub fn f() -> Vec<u8> { Vec::new() }\n"));
    let mut rustc = Command::new("rustc");
    rustc
        .args(["--target", TARGET, "--crate-type", "lib", "--emit", "metadata", "--out-dir"])
        .args([&out, &source])
        .current_dir(paths::root())
        .envs(env.iter().cloned());
    written.is_ok() && proc::output(&mut rustc, SHORT).is_ok()
}

fn version(env: &[(&'static str, PathBuf)]) -> String {
    let version = proc::output(Command::new("rustc").arg("-V").envs(env.iter().cloned()), SHORT).unwrap_or_default();
    version.split('(').next().unwrap_or_default().trim().to_owned()
}

fn sysroot(env: &[(&'static str, PathBuf)]) -> Result<PathBuf> {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "sysroot"]).current_dir(paths::root()).envs(env.iter().cloned());
    Ok(PathBuf::from(proc::output(&mut rustc, SHORT)?.trim()))
}

/// The environment that selects Debian's compiler, if it is linked and a linker for wasm is here.
fn debian_env() -> Option<Vec<(&'static str, PathBuf)>> {
    let toolchains = rustup_home()?.join("toolchains");
    if !toolchains.join("debian/bin/rustc").exists() {
        return None;
    }
    Some(vec![
        ("RUSTUP_TOOLCHAIN", "debian".into()),
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker(&toolchains)?),
    ])
}

/// The `rust-lld` of any toolchain, else a `wasm-ld` on the PATH.
fn linker(toolchains: &Path) -> Option<PathBuf> {
    let host_folders = fs::read_dir(toolchains).ok()?.flatten().map(|toolchain| toolchain.path().join("lib/rustlib"));
    host_folders
        .filter_map(|rustlib| fs::read_dir(rustlib).ok())
        .flat_map(|targets| targets.flatten().map(|target| target.path().join("bin/rust-lld")))
        .find(|lld| lld.is_file())
        .or_else(|| proc::on_path("wasm-ld").then(|| PathBuf::from("wasm-ld")))
}

fn rustup_home() -> Option<PathBuf> {
    let home = std::env::var_os("RUSTUP_HOME").map(PathBuf::from);
    home.or_else(|| Some(std::env::home_dir()?.join(".rustup")))
}
