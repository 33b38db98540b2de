//! `cargo xtask pack`: the extensions as the stores take them, and the sources that they are built from.
//! The same sources give the same bytes in any folder: names are sorted, times and permissions fixed.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use crate::{
    build::{self, Part, files, wasm::Profile},
    npm, paths, proc,
};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const SHORT: Duration = Duration::from_mins(2);
/// A whole build on two cold cores.
const BUILD_LIMIT: Duration = Duration::from_mins(40);
const EVERYBODY_READS: u32 = 0o644;
const SMALLEST: i64 = 9;

/// What goes into a zip, by its name there.
type Files = BTreeMap<String, Vec<u8>>;

/// Builds the extensions and packs them.
pub(crate) fn pack() -> Result<()> {
    build::build(&[Part::Extension], Profile::Ship)?;
    write("chrome", &chrome()?)?;
    write("firefox", &tree(&paths::dist().join("firefox"))?)?;
    if paths::root().join(".git").exists() {
        write("source", &sources()?)?;
    }
    Ok(())
}

/// Packs here and in a clone elsewhere; an error names what differs.
pub(crate) fn check() -> Result<()> {
    let changed = git(&["status", "--porcelain"])?;
    if !changed.is_empty() {
        bail!("a clone has only what is committed, but there are uncommitted changes here:\n{changed}");
    }
    pack()?;
    let other = files::empty(&env::temp_dir().join("hushclip-pack-check"))?;
    git(&["clone", "--quiet", "--no-hardlinks", ".", &other.to_string_lossy()])?;
    println!("  building again in {}", other.display());
    let mut cargo = proc::cargo();
    cargo.args(["run", "--quiet", "-p", "xtask", "--", "pack"]).current_dir(&other).env_remove("CARGO_TARGET_DIR");
    proc::run_logged(&mut cargo, BUILD_LIMIT, &paths::scratch().join("pack-check.log"))?;
    for kind in ["chrome", "firefox", "source"] {
        let name = name(kind);
        if fs::read(paths::dist().join(&name))? != fs::read(other.join("dist").join(&name))? {
            bail!("{name} is not the same: compare dist/ here and in {}", other.display());
        }
        println!("  the same   {name}");
    }
    fs::remove_dir_all(other)?;
    Ok(())
}

/// Takes the pictures that stores show, of the extension and the relay in `dist/`.
pub(crate) fn screenshots() -> Result<()> {
    let mut script = npm::tool("tests/e2e/screenshots.mjs")?;
    proc::run(script.env("HUSHCLIP_XTASK", env::current_exe()?), SHORT)
}

/// The Chrome extension without the key that fixes its identity while it is developed: the store has its own.
fn chrome() -> Result<Files> {
    let mut files = tree(&paths::dist().join("chrome"))?;
    let manifest = files.get_mut("manifest.json").context("dist/chrome has no manifest")?;
    let mut json: Value = serde_json::from_slice(manifest)?;
    json.as_object_mut().context("the manifest is an object")?.remove("key");
    *manifest = (serde_json::to_string_pretty(&json)? + "\n").into_bytes();
    Ok(files)
}

/// What is under version control, from which Mozilla's reviewers build; they have no repository.
fn sources() -> Result<Files> {
    let names = git(&["ls-files", "-z"])?;
    let names = names.split_terminator('\0').map(|name| Ok((name.to_owned(), fs::read(paths::root().join(name))?)));
    names.collect()
}

fn git(args: &[&str]) -> Result<String> {
    proc::output(Command::new("git").args(args).current_dir(paths::root()), SHORT)
}

fn tree(dir: &Path) -> Result<Files> {
    let mut found = Files::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", paths::shown(&folder)))? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let parts = path.strip_prefix(dir)?.iter().map(|part| part.to_string_lossy());
                found.insert(parts.collect::<Vec<_>>().join("/"), fs::read(&path)?);
            }
        }
    }
    Ok(found)
}

fn name(kind: &str) -> String {
    format!("hushclip-{kind}-{VERSION}.zip")
}

fn write(kind: &str, files: &Files) -> Result<()> {
    let bytes = zipped(files)?;
    let to: PathBuf = paths::dist().join(name(kind));
    fs::write(&to, &bytes)?;
    println!("  packed     {}: {} bytes, SHA-256", paths::shown(&to), bytes.len());
    print!("             ");
    Sha256::digest(&bytes).iter().for_each(|byte| print!("{byte:02x}"));
    println!();
    Ok(())
}

fn zipped(files: &Files) -> Result<Vec<u8>> {
    // The earliest time that the format can name.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(SMALLEST))
        .last_modified_time(DateTime::default())
        .unix_permissions(EVERYBODY_READS);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(name.as_str(), options)?;
        zip.write_all(content)?;
    }
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::{Files, zipped};

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let files = |order: [(&str, &str); 2]| order.map(|(name, text)| (name.to_owned(), text.into())).into();
        let one: Files = files([("b/c.js", "let c;"), ("a.js", "let a;")]);
        let other: Files = files([("a.js", "let a;"), ("b/c.js", "let c;")]);
        let bytes = zipped(&one).unwrap();
        assert_eq!(bytes, zipped(&other).unwrap());
        assert_eq!(bytes[10..14], [0, 0, 0x21, 0], "midnight, the first day of 1980");
        assert_eq!(bytes[30..34], *b"a.js", "sorted");
    }
}
