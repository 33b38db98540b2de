//! Where things are in the working copy.
//! Every path that more than one module uses is named here once.

use std::path::{Path, PathBuf};

/// The top of the working copy.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the working copy")
}

/// Where built things go.
pub(crate) fn dist() -> PathBuf {
    root().join("dist")
}

/// Cargo's folder for intermediate files.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Our own folder for intermediate files.
pub(crate) fn scratch() -> PathBuf {
    target().join("xtask")
}

/// A file or folder below `node_modules`.
pub(crate) fn node_module(path: &str) -> PathBuf {
    root().join("node_modules").join(path)
}

/// A path as people read it: relative to the working copy where it lies in it.
pub(crate) fn shown(path: &Path) -> std::path::Display<'_> {
    path.strip_prefix(root()).unwrap_or(path).display()
}
