//! Opens what a home holds: finds the key that seals it, asks for the passphrase if the key is under one, makes a key
//! for a new home, and changes keys. The caller owns the home.

use getrandom::SysRng;
use hushclip_client::{Key, Sqlite};
use rand_core::UnwrapErr;
use serde::{Deserialize, Serialize};

use crate::failure::{Code, Failure, Result};
use crate::home::Home;
use crate::keeper::{self, Keeper, KeyId, Secret};
use crate::passphrase::{self, Asking, Passphrase};
use crate::store::{self, Database, peek};

/// How the key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Keys {
    pub(crate) keeper: Keeper,
    /// Whether it is under a passphrase.
    pub(crate) passphrase: bool,
}

/// An open home.
pub(crate) struct Vault {
    pub(crate) store: Sqlite,
    pub(crate) keys: Keys,
    id: KeyId,
}

/// Opens the home.
pub(crate) async fn open(home: &Home, asking: Asking) -> Result<Vault> {
    let database = Database::open(&home.state()).map_err(|error| cannot_read(home, &error))?;
    let vault = database.vault().map_err(|error| cannot_read(home, &error))?;
    let (key, id, keys, fresh) = if let Some((id, keeper)) = vault {
        let secret = keeper.get(home, id).await?;
        let keys = Keys { keeper, passphrase: matches!(secret, Secret::Locked(_)) };
        let key = match secret {
            Secret::Open(key) => key,
            Secret::Locked(bundle) => passphrase::unlock(&bundle, asking).await?.0,
        };
        (key, id, keys, None)
    } else {
        let (key, id) = (Key::make(&mut UnwrapErr(SysRng)), make_id()?);
        let keeper = Keeper::keep_new(home, id, &Secret::Open(key.clone())).await?;
        (key, id, Keys { keeper, passphrase: false }, Some((id, keeper)))
    };
    let store = database.unlock(key, fresh).map_err(|error| cannot_read(home, &error))?;
    Ok(Vault { store, keys, id })
}

/// How the key of a home is kept, without opening it; `None` if there is none yet.
pub(crate) async fn look(home: &Home) -> Result<Option<Keys>> {
    let Some((id, keeper)) = peek(&home.state()).map_err(|error| cannot_read(home, &error))? else { return Ok(None) };
    let passphrase = matches!(keeper.get(home, id).await?, Secret::Locked(_));
    Ok(Some(Keys { keeper, passphrase }))
}

/// The passphrase of a home, from whoever can be asked, and verified.
pub(crate) async fn check_passphrase(home: &Home, asking: Asking) -> Result<Passphrase> {
    let Some((id, keeper)) = peek(&home.state()).map_err(|error| cannot_read(home, &error))? else {
        return Err(Failure::no_passphrase());
    };
    match keeper.get(home, id).await? {
        Secret::Locked(bundle) => Ok(passphrase::unlock(&bundle, asking).await?.1),
        Secret::Open(_) => Err(Failure::no_passphrase()),
    }
}

impl Vault {
    /// Seals everything under a new key, protected by this passphrase or by none: a copy of the old key opens nothing
    /// written from now on.
    pub(crate) async fn set_passphrase(&mut self, home: &Home, passphrase: Option<&str>) -> Result<()> {
        let (key, id, keeper) = (Key::make(&mut UnwrapErr(SysRng)), make_id()?, self.keys.keeper);
        let secret = match passphrase {
            Some(passphrase) => Secret::Locked(Box::new(passphrase::lock(&key, passphrase)?)),
            None => Secret::Open(key.clone()),
        };
        keeper.put(home, id, &secret).await?;
        // The key that the database names is the one in use, so this may stop anywhere.
        if let Err(error) = store::reseal(&mut self.store, key, id, keeper) {
            let named = peek(&home.state()).ok().flatten().map(|(id, _)| id);
            let unused = if named == Some(id) { self.id } else { id };
            keeper.delete(home, unused).await;
            return Err(home.storage("Cannot write to", &error));
        }
        keeper.delete(home, self.id).await;
        // Left over from an earlier change that was cut short.
        let _ = keeper::erase_files(home, Some(id));
        self.id = id;
        self.keys.passphrase = passphrase.is_some();
        Ok(())
    }
}

/// Deletes the key, then everything it opens. Works without a passphrase.
pub(crate) async fn forget(home: &Home) -> Result<()> {
    if let Ok(Some((id, keeper))) = peek(&home.state()) {
        keeper.delete(home, id).await;
    }
    keeper::erase_files(home, None).map_err(|error| home.storage("Cannot delete what is stored in", &error))?;
    home.forget()
}

/// What is stored is damaged, or from another version.
pub(crate) fn cannot_read(home: &Home, error: &dyn std::fmt::Display) -> Failure {
    let advice = "Nothing was changed. If you do not need it, `hushclip leave` deletes it";
    let message = format!("Cannot read what is stored in {}: {error}. {advice}.", home.path().display());
    Failure::new(Code::Storage, message)
}

fn make_id() -> Result<KeyId> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)
        .map_err(|error| Failure::new(Code::System, format!("Cannot get random numbers: {error}.")))?;
    Ok(KeyId(id))
}
