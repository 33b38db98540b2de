//! `dist/deploy/`: the worker and the web app as a folder that Cloudflare's tool deploys, without Rust
//! and without this working copy. Its configuration is the working copy's own, less the build.

use std::fs;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::files;
use crate::paths;

const README: &str = include_str!("deploy/README.md");
const CONFIG: &str = "wrangler.toml";
/// What the configuration names in the working copy, and here.
const MOVED: [(&str, &str); 2] = [
    (r#"main = "dist/worker/index.js""#, r#"main = "index.js""#),
    (r#"directory = "dist/web""#, r#"directory = "web""#),
];

/// Assembles the folder from `dist/worker` and `dist/web`.
pub(super) fn deploy() -> Result<()> {
    let dir = files::empty(&paths::dist().join("deploy"))?;
    let worker = paths::dist().join("worker");
    for file in ["index.js", "hushclip_relay_worker_bg.wasm"] {
        files::copy_file(&worker.join(file), &dir)?;
    }
    files::copy_tree(&paths::dist().join("web"), &dir.join("web"))?;
    files::copy_file(&paths::root().join("LICENSE"), &dir)?;
    let config = fs::read_to_string(paths::root().join(CONFIG)).context(CONFIG)?;
    fs::write(dir.join(CONFIG), without_build(&config)?)?;
    fs::write(dir.join("package.json"), package()?)?;
    fs::write(dir.join("README.md"), README)?;
    super::done(&dir);
    Ok(())
}

/// The configuration for a folder that is built already.
fn without_build(config: &str) -> Result<String> {
    let mut kept = String::new();
    let mut building = false;
    for line in config.lines() {
        // What stands above the next table belongs to that one.
        building = line == "[build]" || building && !line.is_empty();
        if !building {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    for (from, to) in MOVED {
        if kept.matches(from).count() != 1 {
            bail!("{CONFIG} does not say `{from}` once: see xtask/src/build/deploy.rs");
        }
        kept = kept.replace(from, to);
    }
    if kept.contains("dist/") || kept.contains("cargo") {
        bail!("{CONFIG} names something that is not in dist/deploy: see xtask/src/build/deploy.rs");
    }
    Ok(kept)
}

/// Pins the tool at the version that the tests use.
fn package() -> Result<String> {
    let text = fs::read_to_string(paths::root().join("package.json")).context("package.json")?;
    let ours: Value = serde_json::from_str(&text)?;
    let wrangler = ours["devDependencies"]["wrangler"].as_str().context("package.json names no wrangler")?;
    let theirs = json!({
        "name": "hushclip-deploy",
        "version": env!("CARGO_PKG_VERSION"),
        "private": true,
        "license": "Apache-2.0",
        "scripts": { "deploy": "wrangler deploy" },
        "devDependencies": { "wrangler": wrangler },
    });
    Ok(format!("{theirs:#}\n"))
}

#[cfg(test)]
mod tests {
    use super::without_build;

    #[test]
    fn only_the_build_and_the_folders_differ() {
        let config = "# A note.\nmain = \"dist/worker/index.js\"\n\n[build]\ncommand = \"cargo x\"\nwatch_dir = [\"a\"]\n\n\
                      # Kept.\n[[migrations]]\ntag = \"v1\"\n[assets]\ndirectory = \"dist/web\"\n";
        let wanted = "# A note.\nmain = \"index.js\"\n\n\n# Kept.\n[[migrations]]\ntag = \"v1\"\n[assets]\ndirectory = \"web\"\n";
        assert_eq!(without_build(config).unwrap(), wanted);
    }

    #[test]
    fn what_is_not_in_the_folder_is_noticed() {
        let good = "main = \"dist/worker/index.js\"\ndirectory = \"dist/web\"\n";
        assert!(without_build(good).is_ok());
        assert!(without_build(&format!("{good}other = \"dist/cli\"\n")).is_err());
        assert!(without_build(&good.replace("index.js", "main.js")).is_err());
    }
}
