//! `cargo xtask test`: the whole suite, step by step, stopping at the first failure.
//! Each step's output goes to a file of its own and is shown only when the step fails.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::{
    build::files,
    npm, paths, proc,
    tidy::{self, Metadata},
    toolchain::{self, TARGET},
};

/// Its tests want a relay, which is built after the native tests.
const RELAY_TESTS: &str = "hushclip-relay-tests";
/// Longer than any step takes on two cold cores.
const LIMIT: Duration = Duration::from_mins(25);
const WRANGLER_LIMIT: Duration = Duration::from_mins(2);
/// How often a long step says that it is alive, in seconds.
const HEARTBEAT: u64 = 60;

/// Runs every step; an error names the first that failed.
pub(crate) fn test() -> Result<()> {
    let started = Instant::now();
    let mut suite = Suite { passed: 0 };
    suite.step("setup", LIMIT, own(&["setup", "--test"])?)?;
    suite.step("format", LIMIT, cargo(["fmt", "--all", "--check"]))?;
    suite.step("clippy", LIMIT, cargo(["clippy", "--workspace", "--all-targets", "--", "-Dwarnings"]))?;
    suite.step("native tests", LIMIT, native_tests()?)?;
    if let Some(command) = wasm_tests()? {
        suite.step("wasm test runner", LIMIT, wasm_test_runner())?;
        suite.step("wasm tests", LIMIT, command)?;
    }
    suite.step("vectors in workerd", LIMIT, own(&["vectors"])?)?;
    suite.step("interop", LIMIT, npm::tool("tests/interop/run.mjs")?)?;
    suite.step("build", LIMIT, own(&["build"])?)?;
    suite.step("worker that panics", LIMIT, own(&["build", "--faulty"])?)?;
    suite.step("relay on workerd", LIMIT, relay("workerd"))?;
    suite.step("relay native", LIMIT, relay("native"))?;
    suite.step("wrangler dry run", WRANGLER_LIMIT, wrangler(paths::root())?)?;
    suite.step("wrangler dry run without Rust", WRANGLER_LIMIT, wrangler(&deploy_alone()?)?)?;
    suite.step("addons-linter", LIMIT, addons_linter()?)?;
    suite.step("headers", LIMIT, headers()?)?;
    suite.step("end to end", LIMIT, end_to_end("tests/e2e/run.mjs")?)?;
    suite.step("one clipboard", LIMIT, end_to_end("tests/desk/run.mjs")?)?;
    suite.step("tidy", LIMIT, own(&["tidy"])?)?;
    println!("{} passed, 0 failed   ({} s)", suite.passed, started.elapsed().as_secs());
    Ok(())
}

struct Suite {
    passed: u32,
}

impl Suite {
    fn step(&mut self, name: &str, limit: Duration, mut command: Command) -> Result<()> {
        let started = Instant::now();
        let log = log_file(name);
        let file = proc::create(&log)?;
        println!("== {name}");
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let status = proc::Group::spawn(&mut command)?.wait_telling(limit, |seconds| {
            if seconds % HEARTBEAT == 0 {
                println!("   … {seconds} s: {}", proc::tail(&log, 1).chars().take(100).collect::<String>());
            }
        })?;
        let seconds = started.elapsed().as_secs_f32();
        if status.is_some_and(|status| status.success()) {
            self.passed += 1;
            println!("   ok, {seconds:.1} s");
            return Ok(());
        }
        println!("{}", proc::tail(&log, 200));
        let why = status.map_or("took too long".to_owned(), |status| status.to_string());
        println!("   FAILED ({why}), {seconds:.1} s; all of its output: {}", paths::shown(&log));
        println!("{} passed, 1 failed", self.passed);
        bail!("{name} failed");
    }
}

fn log_file(step: &str) -> PathBuf {
    paths::scratch().join("test").join(format!("{}.log", step.replace(' ', "-")))
}

fn cargo<const N: usize>(args: [&str; N]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args).current_dir(paths::root());
    command
}

/// This program, with other arguments.
fn own(args: &[&str]) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args(args).current_dir(paths::root());
    Ok(command)
}

/// What every relay must do, asked of one of the two shells.
fn relay(shell: &str) -> Command {
    let mut command = cargo(["test", "-p", RELAY_TESTS]);
    command.env("HUSHCLIP_RELAY", shell);
    command
}

/// The tests of every package that has any; the others would only be compiled for nothing.
fn native_tests() -> Result<Command> {
    let mut command = cargo(["test", "--no-fail-fast"]);
    for (package, folder) in Metadata::read(&["--no-deps"])?.packages_in("") {
        if package != RELAY_TESTS && tidy::mentions(&folder, "#[test]")? {
            command.args(["-p", &package]);
        }
    }
    Ok(command)
}

/// The tests that packages also run as wasm, if any does.
fn wasm_tests() -> Result<Option<Command>> {
    let packages = Metadata::read(&["--no-deps"])?.users_of("wasm-bindgen-test");
    if packages.is_empty() {
        return Ok(None);
    }
    let mut command = toolchain::require()?.cargo();
    command.args(["test", "--lib", "--tests", "--target", TARGET]);
    for package in packages {
        command.args(["-p", &package]);
    }
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", paths::target().join("debug/wasm-test-runner"));
    command.env("PATH", first_on_path(&paths::node_module(".bin"))?);
    Ok(Some(command))
}

/// Builds what runs wasm tests.
fn wasm_test_runner() -> Command {
    cargo(["build", "-p", "xtask", "--features", "wasm-tests", "--bin", "wasm-test-runner"])
}

/// What Cloudflare's tool would deploy, without deploying or asking anyone.
fn wrangler(folder: &Path) -> Result<Command> {
    let mut command = npm::tool(&paths::node_module("wrangler/bin/wrangler.js").to_string_lossy())?;
    command.args(["deploy", "--dry-run", "--outdir"]).arg(paths::scratch().join("wrangler")).current_dir(folder);
    command.envs([
        ("CI", "true"),
        ("CLOUDFLARE_CF_FETCH_ENABLED", "false"),
        ("WRANGLER_SEND_METRICS", "false"),
        ("WRANGLER_HIDE_BANNER", "true"),
        ("X_LOCAL_EXPLORER", "false"),
        ("X_LOCAL_OBSERVABILITY", "false"),
    ]);
    command.env("WRANGLER_LOG_PATH", paths::scratch().join("wrangler-logs"));
    Ok(command)
}

/// A copy of `dist/deploy` where nothing else of the working copy is near.
fn deploy_alone() -> Result<PathBuf> {
    let folder = files::empty(&env::temp_dir().join("hushclip-deploy-test"))?;
    files::copy_tree(&paths::dist().join("deploy"), &folder)?;
    Ok(folder)
}

/// Grades of the relay's headers, and browsers that keep to them.
fn headers() -> Result<Command> {
    npm::tool("tests/headers/run.mjs")
}

fn addons_linter() -> Result<Command> {
    let mut command = npm::tool("node_modules/addons-linter/bin/addons-linter")?;
    command.arg("dist/firefox");
    Ok(command)
}

/// Real browsers, the command line client and a real relay, told where this program is.
fn end_to_end(script: &str) -> Result<Command> {
    let mut command = npm::tool(script)?;
    command.env("HUSHCLIP_XTASK", env::current_exe()?);
    Ok(command)
}

fn first_on_path(dir: &Path) -> Result<impl AsRef<OsStr>> {
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(std::iter::once(dir.to_owned()).chain(env::split_paths(&path)))?)
}
