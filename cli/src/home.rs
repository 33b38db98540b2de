//! The folder that holds everything this device knows: where it is, who may read it, and which
//! process owns it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::failure::{Code, Failure, Result};

/// The folder of one device.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    path: PathBuf,
    keyring: bool,
}

/// `off` keeps new keys in a file.
const KEYRING: &str = "HUSHCLIP_KEYRING";

impl Home {
    /// The folder given, otherwise the one in the person's data folder. Creates nothing.
    pub(crate) fn locate(given: Option<PathBuf>) -> Result<Self> {
        let given = given.filter(|path| !path.as_os_str().is_empty());
        let path = given.or_else(|| data_folder().map(|folder| folder.join("hushclip"))).ok_or_else(|| {
            Failure::new(Code::NoHome, "There is no home folder to keep keys in. Choose a folder with --home.")
        })?;
        Ok(Self { path, keyring: std::env::var_os(KEYRING).is_none_or(|value| value != "off") })
    }

    /// The same, except that a key made now is kept in a file.
    pub(crate) fn without_keyring(self) -> Self {
        Self { keyring: false, ..self }
    }

    /// Whether a key that is made now may go into the keyring.
    pub(crate) const fn may_use_keyring(&self) -> bool {
        self.keyring
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The database.
    pub(crate) fn state(&self) -> PathBuf {
        self.path.join("state.db")
    }

    /// Where the owner listens for other processes.
    #[cfg(unix)]
    pub(crate) fn socket(&self) -> PathBuf {
        self.path.join("agent.sock")
    }

    /// Where the socket is created, before others may find it.
    #[cfg(unix)]
    pub(crate) fn new_socket(&self) -> PathBuf {
        self.path.join("agent.new")
    }

    /// Whether something was ever stored here.
    pub(crate) fn exists(&self) -> bool {
        self.state().exists()
    }

    /// Fails if others could have put something into the folder: keys, a database, an impostor's socket.
    #[cfg(unix)]
    pub(crate) fn check(&self) -> Result<()> {
        use std::os::unix::fs::MetadataExt as _;
        let Ok(folder) = fs::metadata(&self.path) else { return Ok(()) };
        let path = self.path.display();
        if folder.uid() != own_user() {
            let message =
                format!("{path} belongs to another user, so it cannot be trusted. Choose another folder with --home.");
            return Err(Failure::new(Code::UnsafeHome, message));
        }
        if folder.mode() & 0o022 != 0 {
            let message = format!(
                "Other users can write to {path}, so what is in it cannot be trusted. If it is all yours, run `chmod \
                 700 {path}`."
            );
            return Err(Failure::new(Code::UnsafeHome, message));
        }
        Ok(())
    }

    #[cfg(not(unix))]
    #[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "as elsewhere")]
    pub(crate) fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Creates the folder, for its user only, if it is missing.
    pub(crate) fn make(&self) -> Result<()> {
        if self.path.is_dir() {
            return Ok(());
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.path).map_err(|error| self.storage("Cannot create the folder", &error))
    }

    /// Takes ownership; `None` if another process has it. Ownership ends when the file is dropped.
    pub(crate) fn try_own(&self) -> Result<Option<File>> {
        let lock = private_file(&self.path.join("lock")).map_err(|error| self.storage("Cannot write to", &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(self.storage("Cannot lock", &error)),
        }
    }

    /// Deletes what is stored here. The caller owns the home.
    pub(crate) fn forget(&self) -> Result<()> {
        // The database last: as long as it is there, the home counts as holding something.
        for name in ["state.db-wal", "state.db-shm", "state.db"] {
            match fs::remove_file(self.path.join(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(self.storage("Cannot delete what is stored in", &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A storage failure that names the folder.
    pub(crate) fn storage(&self, what: &str, error: &dyn std::fmt::Display) -> Failure {
        Failure::storage(&format!("{what} {}", self.path.display()), error)
    }
}

/// Whose files count as ours.
#[cfg(unix)]
pub(crate) fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Opens a file for reading and writing that only its user can read, and creates it if it is missing.
pub(crate) fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Where programs keep this person's data (XDG base directories, and their counterparts elsewhere).
fn data_folder() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        return absolute("APPDATA");
    }
    let home = std::env::home_dir().filter(|path| path.is_absolute());
    if cfg!(target_os = "macos") {
        return home.map(|home| home.join("Library/Application Support"));
    }
    absolute("XDG_DATA_HOME").or_else(|| home.map(|home| home.join(".local/share")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(folder.path().join("a/b"))).unwrap();
        home.make().unwrap();
        let lock = home.try_own().unwrap();
        assert!(lock.is_some());
        assert!(home.try_own().unwrap().is_none());
        drop(lock);
        assert!(home.try_own().unwrap().is_some());
    }
}
