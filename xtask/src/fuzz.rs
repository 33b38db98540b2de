//! `cargo xtask fuzz`: coverage-guided search with LLVM's fuzzer, on the stable compiler. Its
//! instrumentation needs compiler flags of its own, so it builds into a folder of its own.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, Result, bail};

use crate::{paths, proc};

const PACKAGE: &str = "hushclip-fuzz";
const BUILD_LIMIT: Duration = Duration::from_mins(25);
const SHORT: Duration = Duration::from_mins(5);
/// What `cargo-fuzz` asks for, less the sanitizers, which are for nightly; there is no unsafe code here.
const INSTRUMENT: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks -Ccodegen-units=1";
/// Largest input that is tried, bytes; longer ones are only slower.
const LONGEST: u32 = 2048;

/// Searches each of `targets` (all of them if none is named) for so many seconds. With `minimise`, what
/// covers anything new is then written to `fuzz/corpus`.
pub(crate) fn fuzz(targets: &[String], seconds: u64, minimise: bool) -> Result<()> {
    let all = names()?;
    if let Some(unknown) = targets.iter().find(|target| !all.contains(target)) {
        bail!("no target {unknown}; the targets are {}", all.join(", "));
    }
    let fuzzer = build()?;
    let mut found = Vec::new();
    for target in if targets.is_empty() { &all } else { targets } {
        println!("== {target}, {seconds} s");
        if !search(&fuzzer, target, seconds)? {
            found.push(target.as_str());
        }
        if minimise {
            merge(&fuzzer, target)?;
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    bail!("failures found in {}: see fuzz/regressions; fix them and commit the inputs", found.join(", "))
}

fn names() -> Result<Vec<String>> {
    let mut cargo = proc::cargo();
    let list = proc::output(cargo.args(["run", "--quiet", "-p", PACKAGE, "--bin", "seeds"]), BUILD_LIMIT)?;
    Ok(list.lines().map(str::to_owned).collect())
}

fn build() -> Result<PathBuf> {
    let host = proc::output(Command::new("rustc").arg("-vV"), SHORT)?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?.to_owned();
    let dir = paths::target().join("fuzz");
    // With a platform named, build scripts and macros stay free of instrumentation.
    let mut cargo = proc::cargo();
    cargo
        .args(["build", "--release", "-p", PACKAGE, "--bin", "fuzz", "--features", "libfuzzer", "--target", &host])
        .arg("--target-dir")
        .arg(&dir)
        .env("RUSTFLAGS", INSTRUMENT);
    proc::run(&mut cargo, BUILD_LIMIT)?;
    Ok(dir.join(host).join("release/fuzz"))
}

/// Whether nothing was found.
fn search(fuzzer: &PathBuf, target: &str, seconds: u64) -> Result<bool> {
    let found = folder("fuzz/regressions", target)?;
    let grown = grown(target)?;
    let mut cargo = proc::cargo();
    cargo.args(["run", "--quiet", "-p", PACKAGE, "--bin", "seeds", target]).arg(&grown);
    proc::run(&mut cargo, BUILD_LIMIT)?;
    let log = paths::scratch().join("fuzz").join(format!("{target}.log"));
    let file = proc::create(&log)?;
    let mut command = Command::new(fuzzer);
    command
        .args([format!("-max_total_time={seconds}"), format!("-max_len={LONGEST}"), "-timeout=10".into()])
        .args(["-rss_limit_mb=2048", "-print_final_stats=1", "-use_value_profile=1"])
        .arg(format!("-artifact_prefix={}/", found.display()))
        .args([&grown, &folder("fuzz/corpus", target)?, &found])
        .env("HUSHCLIP_FUZZ_TARGET", target)
        .stdout(file.try_clone()?)
        .stderr(file);
    let status = proc::Group::spawn(&mut command)?.wait(Duration::from_secs(seconds) + SHORT)?;
    let text = fs::read_to_string(&log).unwrap_or_default();
    let fact =
        |name: &str| text.lines().rev().find_map(|line| line.strip_prefix(name)).unwrap_or("?").trim().to_owned();
    let coverage = text.lines().rev().find_map(|line| line.split_once("cov: ")?.1.split_once(' ')).map_or("?", |c| c.0);
    println!("   {} executions, {coverage} edges", fact("stat::number_of_executed_units:"));
    if status.is_some_and(|status| status.success()) {
        return Ok(true);
    }
    println!("{}\n   all of its output: {}", proc::tail(&log, 25), paths::shown(&log));
    Ok(false)
}

/// Leaves in `fuzz/corpus` the fewest small inputs that cover what everything so far has covered.
fn merge(fuzzer: &PathBuf, target: &str) -> Result<()> {
    let (corpus, grown) = (folder("fuzz/corpus", target)?, grown(target)?);
    let fresh = paths::scratch().join("fuzz/merge").join(target);
    let _ = fs::remove_dir_all(&fresh);
    fs::create_dir_all(&fresh)?;
    let mut command = Command::new(fuzzer);
    command
        .args(["-set_cover_merge=1", "-use_counters=0", &format!("-max_len={LONGEST}")])
        .args([&fresh, &corpus, &grown]);
    let log = paths::scratch().join("fuzz").join(format!("{target}-merge.log"));
    proc::run_logged(command.env("HUSHCLIP_FUZZ_TARGET", target), SHORT, &log)?;
    fs::remove_dir_all(&corpus)?;
    fs::create_dir_all(&corpus)?;
    let mut bytes = 0;
    for file in fs::read_dir(&fresh)? {
        let file = file?;
        bytes += fs::copy(file.path(), corpus.join(file.file_name()))?;
    }
    println!("   corpus: {} inputs, {bytes} bytes", fs::read_dir(&corpus)?.count());
    Ok(())
}

/// Inputs that searches have found worth keeping; not committed.
fn grown(target: &str) -> Result<PathBuf> {
    let dir = paths::scratch().join("fuzz/corpus").join(target);
    fs::create_dir_all(&dir)?;
    Ok(dir)
}

fn folder(of: &str, target: &str) -> Result<PathBuf> {
    let dir = paths::root().join(of).join(target);
    fs::create_dir_all(&dir)?;
    Ok(dir)
}
