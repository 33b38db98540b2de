//! `cargo xtask sizes`: what a visitor downloads, file by file: raw, gzip -9, brotli -11.
//! Compression is node's, which every working copy has.

use std::{fs, path::Path, time::Duration};

use anyhow::Result;

use crate::{npm, paths, proc};

/// Prints bytes of the given files, one line each and a sum.
const SCRIPT: &str = r#"
const { readFileSync } = require("node:fs");
const zlib = require("node:zlib");
const sum = [0, 0, 0];
const line = (sizes, name) => console.log(sizes.map((n) => String(n).padStart(10)).join("") + "  " + name);
console.log("       raw      gzip    brotli");
for (const file of process.argv.slice(1)) {
  const bytes = readFileSync(file);
  const sizes = [bytes, zlib.gzipSync(bytes, { level: 9 }), zlib.brotliCompressSync(bytes)].map((b) => b.length);
  sizes.forEach((n, i) => (sum[i] += n));
  line(sizes, file);
}
line(sum, "together");
"#;

/// Prints the sizes of each part of `dist/`.
pub(crate) fn sizes() -> Result<()> {
    for part in ["web", "worker", "chrome", "firefox"] {
        let mut files = Vec::new();
        collect(&paths::dist().join(part), &mut files)?;
        if files.is_empty() {
            continue;
        }
        files.sort();
        let mut node = npm::tool("-e")?;
        println!("{part}");
        print!("{}", proc::output(node.arg(SCRIPT).arg("--").args(files), Duration::from_mins(2))?);
    }
    Ok(())
}

/// Collects code and text; pictures and sources of configuration do not count.
fn collect(dir: &Path, files: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ext| ["js", "mjs", "wasm", "css", "html"].iter().any(|e| ext == *e)) {
            files.push(paths::shown(&path).to_string());
        }
    }
    Ok(())
}
