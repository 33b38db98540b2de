//! `cargo xtask test`: the whole suite, step by step, stopping at the first failure. Steps that mostly wait run side
//! by side. Each step's output goes to a file of its own and is shown only when the step fails.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
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
/// The tests of the simulation that take minutes: a module of them, and the target that it is in.
const WEATHER: (&str, &str) = ("weather::", "seeds");
/// The file of end-to-end tests that waits for minutes until browsers fall asleep, and all but that.
const LIFETIME: &str = "lifetime";
const NO_LIFETIME: &str = "!lifetime";
/// The programs that the whole suite tests. They are compiled like their tests, with checks for overflow: release builds
/// would take minutes more. Steps that are run alone take what `dist/` holds.
const PROGRAMS: [&str; 2] = ["hushclip", "hushclip-relay"];
const PROGRAMS_DIR: &str = "HUSHCLIP_PROGRAMS";
/// Tests of the terminal client wait most of the time, so more run at once than there are cores.
const AT_ONCE: (&str, &str) = ("RUST_TEST_THREADS", "4");
/// Longer than any step takes on two cold cores.
const LIMIT: Duration = Duration::from_mins(25);
const WRANGLER_LIMIT: Duration = Duration::from_mins(2);
/// How often a long step says that it is alive, in seconds.
const HEARTBEAT: u64 = 60;

/// One step of the suite.
struct Step {
    name: &'static str,
    limit: Duration,
    /// What it runs, narrowed down to what a person wants of it.
    command: fn(Option<&str>) -> Result<Command>,
    /// Whether it can be narrowed down.
    narrows: bool,
    /// Whether it runs at the same time as the step before.
    beside: bool,
}

impl Step {
    const fn new(name: &'static str, command: fn(Option<&str>) -> Result<Command>) -> Self {
        Self { name, limit: LIMIT, command, narrows: false, beside: false }
    }

    /// A filter goes to the command.
    const fn narrow(name: &'static str, command: fn(Option<&str>) -> Result<Command>) -> Self {
        Self { name, limit: LIMIT, command, narrows: true, beside: false }
    }

    const fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    const fn beside(self) -> Self {
        Self { beside: true, ..self }
    }
}

/// The suite, in this order.
const STEPS: [Step; 23] = [
    Step::new("setup", |_| own(&["setup", "--test"])),
    Step::new("format", |_| Ok(cargo(["fmt", "--all", "--check"]))),
    Step::new("clippy", |_| Ok(cargo(["clippy", "--workspace", "--all-targets", "--", "-Dwarnings"]))),
    Step::new("javascript", |_| own(&["javascript"])),
    Step::narrow("native tests", native_tests),
    Step::new("wasm test runner", |_| Ok(wasm_test_runner())),
    Step::narrow("wasm tests", wasm_tests),
    Step::new("vectors in workerd", |_| own(&["vectors"])),
    Step::new("interop", |_| npm::tool("tests/interop/run.mjs")),
    Step::new("build", |_| own(&["build", "--only", "deploy,extension"])),
    Step::new("programs", |_| programs()),
    Step::new("worker that panics", |_| own(&["build", "--faulty"])),
    Step::narrow("relay on workerd", |filter| relay("workerd", filter)),
    Step::narrow("relay native", |filter| relay("native", filter)).beside(),
    Step::new("one clipboard", |_| end_to_end("tests/desk/run.mjs", None)).beside(),
    Step::new("browsers left alone", |_| end_to_end("tests/e2e/run.mjs", Some(LIFETIME))).beside(),
    Step::narrow("simulation", simulation).beside(),
    Step::new("wrangler dry run", |_| wrangler(paths::root())).within(WRANGLER_LIMIT),
    Step::new("wrangler dry run without Rust", |_| wrangler(&deploy_alone()?)).within(WRANGLER_LIMIT),
    Step::new("addons-linter", |_| addons_linter()),
    Step::new("headers", |_| headers()),
    Step::narrow("end to end", |filter| end_to_end("tests/e2e/run.mjs", filter.or(Some(NO_LIFETIME)))),
    Step::new("tidy", |_| own(&["tidy"])),
];

/// Runs every step, or those that are named as `NAME[:FILTER]`; an error names the first that failed.
pub(crate) fn test(only: &[String]) -> Result<()> {
    let started = Instant::now();
    let chosen = if only.is_empty() {
        STEPS.iter().map(|step| (step, None)).collect()
    } else {
        only.iter().map(|wanted| choose(wanted)).collect::<Result<Vec<_>>>()?
    };
    // Steps that come after it find what it has built; alone, they take what was released.
    let built = chosen.iter().any(|(step, _)| step.name == "programs");
    let mut passed = 0;
    for group in chosen.chunk_by(|_, (step, _)| step.beside) {
        let failed = run_side_by_side(group, built)?;
        passed += group.len() - failed.len();
        if let Some(name) = failed.first() {
            println!("{passed} passed, {} failed", failed.len());
            bail!("{name} failed");
        }
    }
    println!("{passed} passed, 0 failed   ({} s)", started.elapsed().as_secs());
    Ok(())
}

/// Runs these at the same time, each to its end; the names of those that failed.
fn run_side_by_side(group: &[(&'static Step, Option<&str>)], built: bool) -> Result<Vec<&'static str>> {
    let names: Vec<_> = group.iter().map(|(step, _)| step.name).collect();
    println!("== {}", names.join(", "));
    let outcomes: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = group.iter().map(|(step, filter)| scope.spawn(|| step.run(*filter, built))).collect();
        running.into_iter().map(|step| step.join().unwrap_or_else(|_| bail!("a step panicked"))).collect()
    });
    let outcomes = outcomes.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(names.into_iter().zip(outcomes).filter_map(|(name, passed)| (!passed).then_some(name)).collect())
}

/// The step that begins with what a person typed, hyphens or not, and the filter after the colon.
fn choose(wanted: &str) -> Result<(&'static Step, Option<&str>)> {
    let (name, filter) = wanted.split_once(':').map_or((wanted, None), |(name, filter)| (name, Some(filter)));
    let spaced = name.replace('-', " ").to_lowercase();
    let plain = |step: &Step| step.name.replace('-', " ").to_lowercase();
    let is_meant = |step: &&Step| plain(step).starts_with(&spaced);
    let exact = STEPS.iter().find(|step| plain(step) == spaced);
    let Some(step) = exact.or_else(|| STEPS.iter().find(is_meant)) else {
        let names: Vec<_> = STEPS.iter().map(|step| step.name.replace(' ', "-")).collect();
        bail!("no step is called {name}; the steps are {}", names.join(", "));
    };
    if filter.is_some() && !step.narrows {
        bail!("{} takes no filter: leave out the colon and what follows", step.name);
    }
    Ok((step, filter))
}

impl Step {
    /// Says whether it passed. `built`: the step `programs` is among those that run.
    fn run(&self, filter: Option<&str>, built: bool) -> Result<bool> {
        let (name, started) = (self.name, Instant::now());
        let log = log_file(name);
        let file = proc::create(&log)?;
        let mut command = (self.command)(filter)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        if built {
            command.env(PROGRAMS_DIR, paths::target().join("debug"));
        }
        let status = proc::Group::spawn(&mut command)?.wait_telling(self.limit, |seconds| {
            if seconds % HEARTBEAT == 0 {
                let newest: String = proc::tail(&log, 1).chars().take(100).collect();
                println!("   … {name}, {seconds} s: {newest}");
            }
        })?;
        let seconds = started.elapsed().as_secs_f32();
        if status.is_some_and(|status| status.success()) {
            println!("   {name}: ok, {seconds:.1} s");
            return Ok(true);
        }
        let why = status.map_or("took too long".to_owned(), |status| status.to_string());
        println!("{}", proc::tail(&log, 200));
        println!("   {name}: FAILED ({why}), {seconds:.1} s; all of its output: {}", paths::shown(&log));
        Ok(false)
    }
}

fn log_file(step: &str) -> PathBuf {
    paths::scratch().join("test").join(format!("{}.log", step.replace(' ', "-")))
}

fn cargo<const N: usize>(args: [&str; N]) -> Command {
    let mut command = proc::cargo();
    command.args(args);
    command
}

/// This program, with other arguments.
fn own(args: &[&str]) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args(args).current_dir(paths::root());
    Ok(command)
}

/// What every relay must do, asked of one of the two shells.
fn relay(shell: &str, filter: Option<&str>) -> Result<Command> {
    let mut command = cargo(["test", "-p", RELAY_TESTS]);
    let packages = tested_packages()?;
    command.args(&packages).args(filter).env("HUSHCLIP_TESTED", packages.join(" "));
    for file in fs::read_dir(paths::root().join("tests/relay/tests"))? {
        command.arg("--test").arg(file?.path().file_stem().unwrap_or_default());
    }
    command.env("HUSHCLIP_RELAY", shell);
    Ok(command)
}

/// The tests of every package that has any, but for those of [`simulation`].
fn native_tests(filter: Option<&str>) -> Result<Command> {
    let mut command = cargo(["test", "--no-fail-fast"]);
    command.args(tested_packages()?).args(filter).args(["--", "--skip", WEATHER.0]);
    command.env(AT_ONCE.0, AT_ONCE.1);
    Ok(command)
}

/// The relay holds the web app, so that is built before.
fn programs() -> Result<Command> {
    let mut command = cargo(["build"]);
    // Cargo chooses the features of all that is compiled as it does for tests only where there is one.
    command.args(tested_packages()?).args(["--test", WEATHER.1]);
    command.args(PROGRAMS.iter().flat_map(|program| ["--bin", program]));
    Ok(command)
}

/// Devices and relays in bad weather.
fn simulation(filter: Option<&str>) -> Result<Command> {
    let mut command = cargo(["test", "--test", WEATHER.1]);
    command.args(tested_packages()?).args(filter);
    Ok(command)
}

/// Names every package that has tests of its own, but for those of relays; the others would only be compiled for nothing.
/// Cargo compiles once what it is given together, so each step that runs some of these tests names them all.
fn tested_packages() -> Result<Vec<String>> {
    let mut args = Vec::new();
    for (package, folder) in Metadata::read(&["--no-deps"])?.packages_in("") {
        if package != RELAY_TESTS && tidy::mentions(&folder, "#[test]")? {
            args.extend(["-p".to_owned(), package]);
        }
    }
    Ok(args)
}

/// The tests that packages also run as wasm.
fn wasm_tests(filter: Option<&str>) -> Result<Command> {
    let mut command = toolchain::require()?.cargo();
    command.args(["test", "--lib", "--tests", "--target", TARGET]).args(filter);
    for package in Metadata::read(&["--no-deps"])?.users_of("wasm-bindgen-test") {
        command.args(["-p", &package]);
    }
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", paths::target().join("debug/wasm-test-runner"));
    command.env("PATH", first_on_path(&paths::node_module(".bin"))?);
    Ok(command)
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
fn end_to_end(script: &str, files: Option<&str>) -> Result<Command> {
    let mut command = npm::tool(script)?;
    command.args(files).env("HUSHCLIP_XTASK", env::current_exe()?);
    Ok(command)
}

fn first_on_path(dir: &Path) -> Result<impl AsRef<OsStr>> {
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(std::iter::once(dir.to_owned()).chain(env::split_paths(&path)))?)
}

#[cfg(test)]
mod tests {
    use super::choose;

    #[test]
    fn a_step_is_found_by_how_its_name_begins() {
        let (step, filter) = choose("end-to-end:share").expect("a step");
        assert_eq!((step.name, filter), ("end to end", Some("share")));
        assert_eq!(choose("wrangler").expect("the first").0.name, "wrangler dry run");
        assert_eq!(choose("Relay native").expect("a step").0.name, "relay native");
        assert_eq!(
            choose("wrangler-dry-run-without-rust").expect("the second").0.name,
            "wrangler dry run without Rust"
        );
    }

    #[test]
    fn what_is_no_step_is_answered_with_those_there_are() {
        let error = choose("phones").err().expect("no step").to_string();
        assert!(error.contains("end-to-end"), "{error}");
        assert!(choose("tidy:fast").is_err(), "it cannot be narrowed down");
    }
}
