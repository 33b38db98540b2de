//! `cargo xtask javascript`: the types that JSDoc gives hold everywhere, and ESLint finds nothing.
//! It reads sources only, so nothing needs to be built before.

use std::{path::Path, time::Duration};

use anyhow::Result;

use crate::{npm, proc};

/// Several times what any of it takes on two busy cores.
const LIMIT: Duration = Duration::from_mins(5);
/// One for each surroundings that scripts run in: pages and extensions, workers, node.
const CONFIGURATIONS: [&str; 3] = ["tsconfig.json", "tsconfig.workers.json", "tsconfig.node.json"];

/// Checks all JavaScript.
pub(crate) fn check() -> Result<()> {
    npm::install()?;
    for configuration in CONFIGURATIONS {
        let mut types = npm::tool("node_modules/typescript/bin/tsc")?;
        proc::run(types.args(["--project", configuration]), LIMIT)?;
    }
    let mut lint = npm::tool("node_modules/eslint/bin/eslint.js")?;
    proc::run(lint.args([".", "--max-warnings", "0"]), LIMIT)
}

/// Whether a change of this file can have broken JavaScript.
pub(crate) fn concerns(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let script = [".js", ".mjs", ".d.ts"].iter().any(|ending| name.ends_with(ending));
    script || CONFIGURATIONS.contains(&&*name) || name == "package-lock.json"
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::concerns;

    #[test]
    fn scripts_and_what_judges_them_concern_javascript() {
        for file in [
            "extension/static/looks.js",
            "eslint.config.mjs",
            "modules.d.ts",
            "tsconfig.node.json",
            "package-lock.json",
        ] {
            assert!(concerns(Path::new(file)), "{file}");
        }
        for file in ["xtask/src/javascript.rs", "extension/static/popup.html", "docs/PROTOCOL.md"] {
            assert!(!concerns(Path::new(file)), "{file}");
        }
    }
}
