//! The extension's `manifest.json`: `manifest/base.json` with a browser's own file merged in.
//! Objects merge, arrays concatenate, anything else is overridden; the version is the workspace's.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::paths;

/// Writes the manifest of `browser` to `to`.
pub(crate) fn write(browser: &str, to: &Path) -> Result<()> {
    let mut manifest = read("base")?;
    merge(&mut manifest, read(browser)?);
    manifest["version"] = env!("CARGO_PKG_VERSION").into();
    fs::write(to, serde_json::to_string_pretty(&manifest)? + "\n")?;
    Ok(())
}

fn read(name: &str) -> Result<Value> {
    let path = paths::root().join("manifest").join(format!("{name}.json"));
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", paths::shown(&path)))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", paths::shown(&path)))
}

fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(base), Value::Array(over)) => base.extend(over),
        (base, over) => *base = over,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::merge;

    #[test]
    fn objects_merge_arrays_concatenate_scalars_override() {
        let mut base = json!({ "a": { "x": 1, "y": 2 }, "list": [1], "s": "old" });
        merge(&mut base, json!({ "a": { "y": 3 }, "list": [2], "s": "new", "t": true }));
        assert_eq!(base, json!({ "a": { "x": 1, "y": 3 }, "list": [1, 2], "s": "new", "t": true }));
    }
}
