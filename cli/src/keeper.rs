//! Keeps the secret that opens the database: in the desktop session's keyring if there is one, otherwise in a file that
//! only its user can read. Each secret has a name of its own, so a new one never overwrites the one still in use.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::PathBuf;

use hushclip_crypto::vault::{LockedKey, VaultKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::failure::{Code, Failure, Result};
use crate::home::{Home, private_file};
use crate::keyring;

/// Where a secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Keeper {
    File,
    Keyring,
}

/// Names a secret; not secret itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyId(pub(crate) [u8; 16]);

/// What is kept.
pub(crate) enum Secret {
    /// The key itself.
    Open(VaultKey),
    /// The key under a passphrase.
    Locked(Box<LockedKey>),
}

const OPEN: u8 = 1;
const LOCKED: u8 = 2;
/// The longest encoding that is read, in bytes.
const BYTES: u64 = 1024;

impl KeyId {
    pub(crate) fn hex(&self) -> String {
        base16ct::lower::encode_string(&self.0)
    }
}

impl Secret {
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Open(key) => [&[OPEN], key.expose().as_slice()].concat(),
            Self::Locked(bundle) => [&[LOCKED], bundle.encode().as_slice()].concat(),
        })
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (&OPEN, key) => Some(Self::Open(VaultKey::from_bytes(key.try_into().ok()?))),
            (&LOCKED, bundle) => Some(Self::Locked(Box::new(LockedKey::decode(bundle).ok()?))),
            _ => None,
        }
    }
}

impl Keeper {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Keyring => "keyring",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::File, Self::Keyring].into_iter().find(|keeper| keeper.name() == name)
    }

    /// Keeps a new secret in the keyring if there is one that accepts it, otherwise in a file.
    pub(crate) async fn keep_new(home: &Home, id: KeyId, secret: &Secret) -> Result<Self> {
        if home.may_use_keyring() && keyring::put(home, &id, &secret.encode()).await.is_ok() {
            return Ok(Self::Keyring);
        }
        Self::File.put(home, id, secret).await?;
        Ok(Self::File)
    }

    /// Keeps a secret durably.
    pub(crate) async fn put(self, home: &Home, id: KeyId, secret: &Secret) -> Result<()> {
        match self {
            Self::File => {
                write(home, id, &secret.encode()).map_err(|error| home.storage("Cannot write the key to", &error))
            }
            Self::Keyring => keyring::put(home, &id, &secret.encode()).await.map_err(|why| no_keyring(&why)),
        }
    }

    pub(crate) async fn get(self, home: &Home, id: KeyId) -> Result<Secret> {
        let bytes = match self {
            Self::File => read(home, id).map_err(|error| {
                let message = format!(
                    "Cannot read this device's key, {}: {error}. Without it, nothing stored here can be opened. \
                     Nothing was changed. Put the file back, or run `hushclip leave` to start over.",
                    path(home, id).display()
                );
                Failure::new(Code::KeyMissing, message)
            })?,
            Self::Keyring => keyring::get(&id).await.map_err(|why| no_keyring(&why))?,
        };
        Secret::decode(&bytes).ok_or_else(|| {
            let message = "This device's key is damaged, so nothing stored here can be opened. Nothing was changed. \
                           Restore the key, or run `hushclip leave` to start over.";
            Failure::new(Code::KeyDamaged, message)
        })
    }

    /// Forgets a secret, as far as it can.
    pub(crate) async fn delete(self, home: &Home, id: KeyId) {
        match self {
            Self::File => erase(&path(home, id)),
            Self::Keyring => drop(keyring::delete(&id).await),
        }
    }
}

fn no_keyring(why: &str) -> Failure {
    let message = format!(
        "This device's key is in your desktop session's keyring, which cannot be used: {why}. Log in to that session, \
         or unlock the keyring. Nothing was changed."
    );
    Failure::new(Code::Keyring, message)
}

fn path(home: &Home, id: KeyId) -> PathBuf {
    home.path().join(format!("key-{}", id.hex()))
}

fn write(home: &Home, id: KeyId, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = private_file(&path(home, id))?;
    file.set_len(0)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    // The name must be as durable as what it names.
    #[cfg(unix)]
    fs::File::open(home.path())?.sync_all()?;
    Ok(())
}

fn read(home: &Home, id: KeyId) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    fs::File::open(path(home, id))?.take(BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Overwrites, then deletes. Disks may keep copies of what was overwritten.
fn erase(path: &std::path::Path) {
    if let Ok(mut file) = fs::OpenOptions::new().write(true).open(path) {
        let length = file.metadata().map_or(0, |metadata| metadata.len()).min(BYTES);
        let _ = file.write_all(&vec![0; length as usize]).and_then(|()| file.sync_all());
    }
    let _ = fs::remove_file(path);
}

/// Erases all files with secrets but one.
pub(crate) fn erase_files(home: &Home, but: Option<KeyId>) -> std::io::Result<()> {
    let kept = but.map(|id| path(home, id));
    let files = match fs::read_dir(home.path()) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        files => files?,
    };
    for file in files {
        let file = file?;
        let is_key = file.file_name().to_str().is_some_and(|name| name.starts_with("key-"));
        if is_key && Some(file.path()) != kept {
            erase(&file.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_keep_secrets_for_their_user_only() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(folder.path().into())).unwrap();
        let (id, other) = (KeyId([1; 16]), KeyId([2; 16]));
        let key = VaultKey::from_bytes([7; 32]);
        for id in [id, other] {
            Keeper::File.put(&home, id, &Secret::Open(key.clone())).await.unwrap();
        }
        assert!(matches!(Keeper::File.get(&home, id).await.unwrap(), Secret::Open(kept) if kept == key));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(path(&home, id)).unwrap().permissions().mode() & 0o777, 0o600);
        }
        erase_files(&home, Some(id)).unwrap();
        assert!(path(&home, id).exists() && !path(&home, other).exists());
        Keeper::File.delete(&home, id).await;
        let code = |result: Result<Secret>| match result {
            Err(failure) => failure.code(),
            Ok(_) => "",
        };
        assert_eq!(code(Keeper::File.get(&home, id).await), "key_missing");
        for damaged in [&b""[..], b"\x01short", b"\x02nonsense", b"\x03"] {
            fs::write(path(&home, id), damaged).unwrap();
            assert_eq!(code(Keeper::File.get(&home, id).await), "key_damaged");
        }
    }
}
