//! The extension's words, where browsers look for them: `i18n/LANG.json` as `_locales/LANG/messages.json`.
//! Whether the languages have the same words is checked where the screens are built (`ui/build.rs`).

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

use crate::paths;

/// Copies the words of every language in `from` into folder `to`.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", paths::shown(from)))? {
        let file = entry?.path();
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let folder = to.join(file.file_stem().context("a file has a name")?);
        fs::create_dir_all(&folder)?;
        fs::copy(&file, folder.join("messages.json"))
            .with_context(|| format!("cannot copy {}", paths::shown(&file)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::copy;

    #[test]
    fn each_language_gets_the_folder_that_browsers_look_in() {
        let scratch = env::temp_dir().join(format!("hushclip-words-{}", process::id()));
        let (from, to) = (scratch.join("i18n"), scratch.join("_locales"));
        fs::create_dir_all(&from).unwrap();
        for (name, text) in [("en.json", "{}"), ("de.json", "{ }"), ("notes.txt", "")] {
            fs::write(from.join(name), text).unwrap();
        }
        copy(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("en/messages.json")).unwrap(), "{}");
        assert_eq!(fs::read_to_string(to.join("de/messages.json")).unwrap(), "{ }");
        assert_eq!(fs::read_dir(&to).unwrap().count(), 2);
        fs::remove_dir_all(scratch).unwrap();
    }
}
