//! `cargo xtask tidy`: the rules of the code that no compiler checks.
//! Who may depend on whom comes from `cargo metadata`; the rest is read from the sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{paths, proc, wire};

/// The relay cannot decrypt because the code is not there.
const BLIND: [&str; 4] = ["hushclip-mailbox", "hushclip-relay-http", "hushclip-relay-worker", "hushclip-relay-native"];
const SECRET: [&str; 2] = ["hushclip-crypto", "hushclip-aead"];
/// Screens draw what the model says, and do not know what is behind it.
const SCREENS: [&str; 2] = ["hushclip-ui", "hushclip-model"];
const BEHIND: [&str; 3] = ["hushclip-engine", "hushclip-crypto", "hushclip-aead"];
/// What only the client library is behind.
const PROGRAMS: [&str; 1] = ["hushclip-cli"];
const BEHIND_THE_CLIENT: [&str; 3] = ["hushclip-engine", "hushclip-driver", "hushclip-protocol"];
/// What the pure crates must not reach, at any depth.
const IMPURE: [&str; 6] = ["wasm-bindgen", "web-sys", "js-sys", "worker", "tokio", "getrandom"];
const LONGEST_FILE: usize = 500;
/// Spelt in two halves, so that this file passes its own check.
const UNFINISHED: [&str; 3] = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("#[", "ignore")];
const SKIPPED_FOLDERS: [&str; 4] = ["target", "dist", "node_modules", ".git"];

/// Checks everything and lists what is wrong.
pub(crate) fn tidy() -> Result<()> {
    let mut wrong = Vec::new();
    let metadata = Metadata::read(&["--all-features"])?;
    for package in BLIND {
        wrong.extend(metadata.forbidden(package, &SECRET));
    }
    for package in SCREENS {
        wrong.extend(metadata.forbidden(package, &BEHIND));
    }
    for package in PROGRAMS {
        wrong.extend(metadata.named(package, &BEHIND_THE_CLIENT));
    }
    for (package, _) in metadata.packages_in("crates/") {
        wrong.extend(metadata.forbidden(&package, &IMPURE));
    }
    let mut files = Vec::new();
    rust_files(paths::root(), &mut files)?;
    for file in &files {
        check_file(file, &mut wrong)?;
    }
    wrong.extend(wire::check()?);
    if wrong.is_empty() {
        println!("tidy: {} files and the dependencies are in order", files.len());
        return Ok(());
    }
    for line in &wrong {
        println!("{line}");
    }
    bail!("{} things to tidy", wrong.len());
}

fn check_file(file: &Path, wrong: &mut Vec<String>) -> Result<()> {
    let text = fs::read_to_string(file)?;
    let shown = paths::shown(file);
    let is_test = file.components().any(|part| part.as_os_str() == "tests");
    if !is_test && text.lines().count() > LONGEST_FILE {
        wrong.push(format!("{shown}: more than {LONGEST_FILE} lines"));
    }
    if !text.starts_with("//!") {
        wrong.push(format!("{shown}: does not open with `//!` lines that say what it owns"));
    }
    for (number, line) in text.lines().enumerate() {
        for word in UNFINISHED.iter().filter(|word| line.contains(**word)) {
            wrong.push(format!("{shown}:{}: {word}", number + 1));
        }
    }
    Ok(())
}

/// Whether any Rust file below `dir` contains `text`.
pub(crate) fn mentions(dir: &Path, text: &str) -> Result<bool> {
    let mut files = Vec::new();
    rust_files(dir, &mut files)?;
    Ok(files.iter().any(|file| fs::read_to_string(file).is_ok_and(|source| source.contains(text))))
}

fn rust_files(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if !SKIPPED_FOLDERS.contains(&&*name) {
                rust_files(&path, files)?;
            }
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// The packages and who depends on whom, in builds (not in tests).
pub(crate) struct Metadata {
    /// By package id: the name and the folder.
    packages: BTreeMap<String, (String, PathBuf)>,
    /// By package id: the ids of its normal dependencies, on any target.
    normal: BTreeMap<String, BTreeSet<String>>,
    /// By package name: the names of its direct dependencies of any kind.
    direct: BTreeMap<String, BTreeSet<String>>,
}

impl Metadata {
    /// Asks cargo.
    pub(crate) fn read(args: &[&str]) -> Result<Self> {
        let mut cargo = proc::cargo();
        cargo.args(["metadata", "--format-version", "1", "--locked"]).args(args);
        let text = proc::output(&mut cargo, Duration::from_mins(2))?;
        let json: Value = serde_json::from_str(&text)?;
        let mut this = Self { packages: BTreeMap::new(), normal: BTreeMap::new(), direct: BTreeMap::new() };
        for package in list(&json["packages"]) {
            let folder = PathBuf::from(string(&package["manifest_path"]));
            let folder = folder.parent().map(Path::to_owned).unwrap_or_default();
            let name = string(&package["name"]);
            let direct = list(&package["dependencies"]).map(|dep| string(&dep["name"])).collect();
            this.direct.insert(name.clone(), direct);
            this.packages.insert(string(&package["id"]), (name, folder));
        }
        for node in list(&json["resolve"]["nodes"]) {
            let is_normal = |dep: &&Value| list(&dep["dep_kinds"]).any(|kind| kind["kind"].is_null());
            let deps = list(&node["deps"]).filter(is_normal).map(|dep| string(&dep["pkg"])).collect();
            this.normal.insert(string(&node["id"]), deps);
        }
        Ok(this)
    }

    /// The packages below a folder of the working copy, each with its own folder.
    pub(crate) fn packages_in(&self, folder: &str) -> Vec<(String, PathBuf)> {
        let folder = paths::root().join(folder);
        self.packages.values().filter(|(_, at)| at.starts_with(&folder)).cloned().collect()
    }

    /// The packages of the working copy that name `dependency`, for whatever purpose.
    pub(crate) fn users_of(&self, dependency: &str) -> Vec<String> {
        let own = self.packages.values().filter(|(_, at)| at.starts_with(paths::root()));
        own.filter(|(name, _)| self.direct[name].contains(dependency)).map(|(name, _)| name.clone()).collect()
    }

    /// These packages, and those of the working copy that name one of them, for whatever purpose, at any depth.
    pub(crate) fn built_on(&self, packages: &BTreeSet<(String, PathBuf)>) -> BTreeSet<(String, PathBuf)> {
        let own = self.packages_in("");
        let mut all = packages.clone();
        loop {
            let names: BTreeSet<_> = all.iter().map(|(name, _)| name.clone()).collect();
            let before = all.len();
            all.extend(own.iter().filter(|(name, _)| !self.direct[name].is_disjoint(&names)).cloned());
            if all.len() == before {
                return all;
            }
        }
    }

    /// A line for each of `names` that `package` itself names.
    fn named(&self, package: &str, names: &[&str]) -> Vec<String> {
        let Some((id, _)) = self.packages.iter().find(|(_, (name, _))| name == package) else {
            return vec![format!("{package}: no such package")];
        };
        let direct = self.normal.get(id).into_iter().flatten().map(|id| &self.packages[id].0);
        let forbidden = direct.filter(|name| names.contains(&name.as_str()));
        forbidden.map(|name| format!("{package} must not name {name}: it is behind another crate")).collect()
    }

    /// A line for each of `names` that `package` depends on, with the way to it.
    fn forbidden(&self, package: &str, names: &[&str]) -> Vec<String> {
        let Some((start, _)) = self.packages.iter().find(|(_, (name, _))| name == package) else {
            return vec![format!("{package}: no such package")];
        };
        let mut ways: BTreeMap<&str, String> = BTreeMap::from([(start.as_str(), package.to_owned())]);
        let mut open = vec![start.as_str()];
        let mut lines = Vec::new();
        while let Some(id) = open.pop() {
            for next in self.normal.get(id).into_iter().flatten() {
                let name = &self.packages[next].0;
                let way = format!("{} -> {name}", ways[id]);
                if !ways.contains_key(next.as_str()) {
                    if names.contains(&name.as_str()) {
                        lines.push(format!("{package} must not depend on {name}: {way}"));
                    }
                    ways.insert(next, way);
                    open.push(next);
                }
            }
        }
        lines
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn string(value: &Value) -> String {
    value.as_str().context("cargo metadata has a string here").unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Metadata, SECRET};

    #[test]
    fn what_is_built_on_a_package_is_found_at_any_depth() {
        let metadata = Metadata::read(&[]).expect("cargo metadata works");
        let names = |folder: &str| {
            let changed = metadata.packages_in(folder).into_iter().collect();
            metadata.built_on(&changed).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names("xtask"), ["xtask"]);
        assert!(names("crates/protocol").contains(&"hushclip-cli".to_owned()), "by way of the engine");
        assert!(!names("crates/engine").contains(&"hushclip-mailbox".to_owned()));
    }

    #[test]
    fn a_forbidden_dependency_is_found_at_any_depth() {
        let metadata = Metadata::read(&[]).expect("cargo metadata works");
        // The simulator may decrypt; were it the relay, this is what would be said.
        assert_eq!(metadata.forbidden("hushclip-sim", &SECRET).len(), SECRET.len());
        assert_eq!(metadata.forbidden("hushclip-engine", &["curve25519-dalek"]).len(), 1);
        assert_eq!(metadata.forbidden("hushclip-mailbox", &SECRET).len(), 0);
    }
}
