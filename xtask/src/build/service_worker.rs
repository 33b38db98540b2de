//! The list of what the web app's service worker keeps: every file with its digest, and a version that
//! changes with any of them. It is written into `sw.js`, so that browsers see a new worker with each new build.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Result, bail};
use base64ct::{Base64, Encoding as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};

const WORKER: &str = "sw.js";
/// Where the list goes.
const PLACE: &str = "const BUILD = {};";
/// Pictures that only a browser's own dialogue shows, before anything is installed.
const NOT_KEPT: &str = "/screens/";

/// Writes the list of the files in `dir` into its `sw.js`.
pub(super) fn list_files(dir: &Path) -> Result<()> {
    let mut files = BTreeMap::new();
    digests(dir, "", &mut files)?;
    let path = dir.join(WORKER);
    fs::write(&path, filled(&fs::read_to_string(&path)?, &files)?)?;
    Ok(())
}

fn digests(dir: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = format!("{prefix}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            digests(&path, &name, files)?;
        } else if name != format!("/{WORKER}") && !name.starts_with(NOT_KEPT) {
            files.insert(name, format!("sha256-{}", Base64::encode_string(&Sha256::digest(fs::read(&path)?))));
        }
    }
    Ok(())
}

fn filled(source: &str, files: &BTreeMap<String, String>) -> Result<String> {
    if source.matches(PLACE).count() != 1 {
        bail!("{WORKER} does not say `{PLACE}` once: see xtask/src/build/service_worker.rs");
    }
    let mut hasher = Sha256::new();
    hasher.update(source);
    hasher.update(json!(files).to_string());
    let version = base16ct::lower::encode_string(&hasher.finalize()[..8]);
    let build = json!({ "version": version, "files": files });
    Ok(source.replace(PLACE, &format!("const BUILD = {build:#};")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{PLACE, filled};

    #[test]
    fn the_version_is_that_of_script_and_files() {
        let files = |digest: &str| BTreeMap::from([("/a.js".to_owned(), digest.to_owned())]);
        let script = format!("// A worker.\n{PLACE}\n");
        let built = filled(&script, &files("sha256-a")).unwrap();
        assert!(built.starts_with("// A worker.\nconst BUILD = {\n"), "{built}");
        assert!(built.contains(r#""/a.js": "sha256-a""#), "{built}");
        assert_eq!(built, filled(&script, &files("sha256-a")).unwrap());
        let version = |built: &str| built.split("\"version\": ").nth(1).unwrap()[..18].to_owned();
        assert_ne!(version(&built), version(&filled(&script, &files("sha256-b")).unwrap()));
        assert_ne!(version(&built), version(&filled(&format!("{script}\n"), &files("sha256-a")).unwrap()));
    }

    #[test]
    fn a_script_without_a_place_for_the_list_is_noticed() {
        assert!(filled("const BUILD = 1;", &BTreeMap::new()).is_err());
    }
}
