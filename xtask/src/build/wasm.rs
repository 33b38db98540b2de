//! From Rust crates to wasm modules with JavaScript bindings: cargo, wasm-bindgen, wasm-opt, esbuild.
//! The later steps run again only when what they start from has changed.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use super::{CARGO_LIMIT, SHORT, files};
use crate::{
    npm, paths, proc,
    toolchain::{TARGET, Wasm},
};

/// A crate that becomes one wasm module.
#[derive(Clone, Copy)]
pub(crate) struct Module {
    /// The cargo package.
    pub(crate) package: &'static str,
    /// The stem of the files: `NAME.js`, `NAME_bg.wasm`.
    pub(crate) name: &'static str,
    /// Whether it runs as a Worker, where a fresh instance must be able to replace a broken one.
    pub(crate) worker: bool,
    /// Cargo features, if it is not built as it ships.
    pub(crate) features: &'static str,
}

/// How a module is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As it ships.
    Ship,
    /// Compiled in seconds after a change, larger and slower: for whoever looks at what they do.
    Fast,
}

impl Profile {
    /// Its name in `Cargo.toml`, and of cargo's folder.
    const fn name(self) -> &'static str {
        match self {
            Self::Ship => "wasm",
            Self::Fast => "wasm-fast",
        }
    }
}

/// As small as `-Oz` once compressed, and it leaves the primitives fast.
const WASM_OPT: [&str; 8] = [
    "-O3",
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-mutable-globals",
];

/// Compiles the crates, in one call so that the slow link steps share the cores.
pub(crate) fn compile(wasm: &Wasm, modules: &[Module], profile: Profile) -> Result<()> {
    check_versions()?;
    let mut cargo = wasm.cargo();
    cargo.args(["build", "--profile", profile.name(), "--target", TARGET]);
    for module in modules {
        cargo.args(["-p", module.package]);
        if !module.features.is_empty() {
            cargo.args(["--features", module.features]);
        }
    }
    // Same bytes from any folder, and no folder names of this machine in what ships.
    let home = cargo_home();
    let mut flags = vec![format!("--remap-path-prefix={}=hushclip", paths::root().display())];
    for index in fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten() {
        flags.push(format!("--remap-path-prefix={}=crates", index.path().display()));
    }
    flags.push(format!("--remap-path-prefix={}=rust", wasm.sysroot()?.display()));
    cargo.arg("--config").arg(format!("target.{TARGET}.rustflags={flags:?}"));
    proc::run(&mut cargo, CARGO_LIMIT)
}

/// Bindings and optimised wasm of a module, in a folder that holds nothing else.
pub(crate) fn bind(module: &Module, profile: Profile) -> Result<PathBuf> {
    let compiled = paths::target().join(TARGET).join(profile.name()).join(format!("{}.wasm", module.name));
    let bytes = fs::read(&compiled)
        .with_context(|| format!("{} was not built: is {} a `cdylib`?", paths::shown(&compiled), module.package))?;
    let dir = paths::scratch().join("bind").join(module.name.to_owned() + module.features);
    cached(&dir, &bytes, || {
        let mut bindgen = Bindgen::new();
        bindgen
            .input_bytes(module.name, bytes.clone())
            .web(true)?
            .typescript(false)
            .remove_name_section(true)
            .remove_producers_section(true)
            .omit_default_module_path(module.worker)
            .reset_state_function(module.worker);
        bindgen.generate(&dir).with_context(|| format!("no bindings for {}", module.package))?;
        parse_no_markup(&dir.join(format!("{}.js", module.name)))?;
        match profile {
            Profile::Ship => optimise(&dir.join(format!("{}_bg.wasm", module.name))),
            Profile::Fast => Ok(()),
        }
    })?;
    Ok(dir)
}

/// Erased attributes of Leptos link a call that empties an element through `innerHTML`, though no view of ours sets that.
/// Nothing that ships is to be able to parse markup, so it empties the element in another way, and refuses to set
/// anything; a test looks at the rest.
fn parse_no_markup(script: &Path) -> Result<()> {
    let text = fs::read_to_string(script)?;
    let text = text.replace(
        "arg0.innerHTML = getStringFromWasm0(arg1, arg2);",
        "if (arg2) throw new Error('no markup here'); arg0.replaceChildren();",
    );
    Ok(fs::write(script, text)?)
}

/// Like [`bind`], with all JavaScript in one small file.
pub(crate) fn bundle(module: &Module, profile: Profile) -> Result<PathBuf> {
    let bound = bind(module, profile)?;
    let dir = paths::scratch().join("bundle").join(module.name);
    cached(&dir, &fs::read(stamp_of(&bound))?, || {
        let mut esbuild = Command::new(npm::esbuild()?);
        esbuild
            .arg(bound.join(format!("{}.js", module.name)))
            .args(["--bundle", "--format=esm", "--target=es2022", "--minify", "--log-level=warning"])
            .arg(format!("--outfile={}", dir.join(format!("{}.js", module.name)).display()));
        proc::run(&mut esbuild, SHORT)?;
        files::copy_file(&bound.join(format!("{}_bg.wasm", module.name)), &dir)
    })?;
    Ok(dir)
}

/// Fills `dir` with `make`, unless the same `input` and the same tools filled it before.
fn cached(dir: &Path, input: &[u8], make: impl FnOnce() -> Result<()>) -> Result<()> {
    let mut hasher = DefaultHasher::new();
    let tools = (include_str!("wasm.rs"), lockfile("package-lock.json")?);
    (input, tools, lock_version("wasm-bindgen")?).hash(&mut hasher);
    let stamp = format!("{:016x}", hasher.finish());
    if fs::read_to_string(stamp_of(dir)).is_ok_and(|old| old == stamp) {
        return Ok(());
    }
    files::empty(dir)?;
    make()?;
    fs::write(stamp_of(dir), stamp)?;
    Ok(())
}

/// The file that remembers what `dir` was made from.
fn stamp_of(dir: &Path) -> PathBuf {
    dir.with_extension("stamp")
}

/// Makes a module smaller in place. Distributions' wasm-opt is often too old: 108 breaks tables.
fn optimise(wasm: &Path) -> Result<()> {
    let mut opt = npm::tool("node_modules/binaryen/bin/wasm-opt")?;
    proc::run(opt.args(WASM_OPT).arg(wasm).arg("-o").arg(wasm), SHORT * 3)
}

/// The bindings only fit a wasm-bindgen of exactly their own version.
fn check_versions() -> Result<()> {
    let (crates, ours) = (lock_version("wasm-bindgen")?, lock_version("wasm-bindgen-cli-support")?);
    if crates != ours {
        bail!("Cargo.lock has wasm-bindgen {crates} and wasm-bindgen-cli-support {ours}: make them equal");
    }
    Ok(())
}

fn lock_version(package: &str) -> Result<String> {
    let lock = lockfile("Cargo.lock")?;
    let (_, rest) = lock
        .split_once(&format!("name = \"{package}\"\nversion = \""))
        .with_context(|| format!("Cargo.lock names no {package}"))?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}

fn lockfile(name: &str) -> Result<String> {
    fs::read_to_string(paths::root().join(name)).with_context(|| format!("cannot read {name}"))
}

fn cargo_home() -> PathBuf {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    home.unwrap_or_else(|| std::env::home_dir().unwrap_or_default().join(".cargo"))
}
