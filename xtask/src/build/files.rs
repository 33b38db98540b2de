//! Copying files into `dist/`.
//! Missing sources are errors that name the path; what was left by an earlier build goes away.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::paths;

/// An empty folder at `dir`, whatever was there.
pub(crate) fn empty(dir: &Path) -> Result<PathBuf> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot empty {}", paths::shown(dir)))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", paths::shown(dir)))?;
    Ok(dir.to_owned())
}

/// Copies the contents of folder `from` into folder `to`, over what is there.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", paths::shown(from)))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &to.join(entry.file_name()))?;
        } else {
            copy_file(&entry.path(), to)?;
        }
    }
    Ok(())
}

/// Copies one file into folder `to`.
pub(crate) fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let name = from.file_name().context("a file has a name")?;
    fs::copy(from, to.join(name)).with_context(|| format!("cannot copy {}", paths::shown(from)))?;
    Ok(())
}
