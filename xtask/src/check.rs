//! `cargo xtask check`: what a change can have broken, in less than a minute once things are compiled. Not the suite.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::{
    javascript, paths, proc,
    tidy::{self, Metadata},
};

/// Cold, a change of what everything is built on compiles all of it.
const LIMIT: Duration = Duration::from_mins(15);
const GIT_LIMIT: Duration = Duration::from_secs(20);

/// Formats nothing, and says what is wrong with the packages that were changed since a commit, and with those built on them;
/// with all JavaScript, if any was.
pub(crate) fn check(since: &str) -> Result<()> {
    let started = Instant::now();
    let metadata = Metadata::read(&[])?;
    let files = changed_files(since)?;
    let changed = packages_of(&metadata, &files);
    step("format", proc::cargo().args(["fmt", "--all", "--check"]))?;
    if changed.is_empty() {
        println!("no package has changed since {since}");
    } else {
        let affected = metadata.built_on(&changed);
        let lint = packages(["clippy", "--all-targets"], &affected);
        step(&format!("lints of {}", shown(&affected)), proc::cargo().args(lint).args(["--", "-Dwarnings"]))?;
        let tested =
            changed.into_iter().filter(|(_, folder)| tidy::mentions(&folder.join("src"), "#[test]").unwrap_or(true));
        let tested: BTreeSet<_> = tested.collect();
        if !tested.is_empty() {
            // Cargo refuses to look for libraries where there is none.
            let library = tested.iter().any(|(_, folder)| folder.join("src/lib.rs").exists()).then_some("--lib");
            let tests = packages(["test", "--bins"], &tested);
            step(&format!("unit tests of {}", shown(&tested)), proc::cargo().args(tests).args(library))?;
        }
    }
    if files.iter().any(|file| javascript::concerns(file)) {
        timed("javascript", javascript::check)?;
    }
    tidy::tidy()?;
    println!("all good ({} s); `cargo xtask test` runs the rest", started.elapsed().as_secs());
    Ok(())
}

type Packages = BTreeSet<(String, PathBuf)>;

/// The files of the working copy that differ from that commit, or are new.
fn changed_files(since: &str) -> Result<Vec<PathBuf>> {
    let mut files = git(&["diff", "--name-only", since])?;
    files.push_str(&git(&["ls-files", "--others", "--exclude-standard"])?);
    Ok(files.lines().map(|file| paths::root().join(file)).collect())
}

/// The packages in which these files are.
fn packages_of(metadata: &Metadata, files: &[PathBuf]) -> Packages {
    let own = metadata.packages_in("");
    // A package may lie within the folder of another one: the nearest counts.
    let package_of =
        |file: &Path| own.iter().filter(|(_, at)| file.starts_with(at)).max_by_key(|(_, at)| at.as_os_str().len());
    files.iter().filter_map(|file| package_of(file).cloned()).collect()
}

fn git(args: &[&str]) -> Result<String> {
    proc::output(Command::new("git").args(args).current_dir(paths::root()), GIT_LIMIT)
}

fn packages(command: [&str; 2], packages: &Packages) -> Vec<String> {
    let named = packages.iter().flat_map(|(name, _)| ["-p".to_owned(), name.clone()]);
    command.map(str::to_owned).into_iter().chain(["-q".to_owned()]).chain(named).collect()
}

fn shown(packages: &Packages) -> String {
    packages.iter().map(|(name, _)| name.trim_start_matches("hushclip-")).collect::<Vec<_>>().join(", ")
}

fn step(name: &str, command: &mut Command) -> Result<()> {
    timed(name, || proc::run(command.current_dir(paths::root()), LIMIT))
}

fn timed(name: &str, act: impl FnOnce() -> Result<()>) -> Result<()> {
    let started = Instant::now();
    println!("== {name}");
    act()?;
    println!("   ok, {:.1} s", started.elapsed().as_secs_f32());
    Ok(())
}
