//! The engine's records in IndexedDB, each sealed under a vault key. The vault key is stored beside
//! them, under a passphrase if there is one, and always wrapped with a key that the browser keeps and
//! never shows. Without a passphrase that stops copying the profile's files from being enough; it does
//! not stop script of the same origin.

mod database;
mod guard;
mod wrap;

use std::collections::BTreeMap;

use hushclip_crypto::vault::VaultKey;
use hushclip_engine::{CONTENT, Write};
use hushclip_model::Problem;
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::DomException;

use self::database::{Change, Database};
pub(crate) use self::guard::Guard;
use self::wrap::Wrapper;
use crate::failure::StoreError;
use crate::rng;

/// The records of one engine.
pub(crate) struct Store {
    database: Database,
    wrapper: Wrapper,
}

impl Store {
    /// Opens the store, or makes a new one that has no passphrase.
    pub(crate) async fn open() -> Result<Self, Problem> {
        let subtle = wrap::subtle().ok_or(Problem::InsecurePage)?;
        let database = Database::open().await.map_err(refused)?;
        let key = match database.keys().await.map_err(refused)? {
            (Some(key), Some(_)) => return Ok(Self { database, wrapper: Wrapper::new(subtle, key) }),
            // What is sealed with a key that is gone stays closed; better to say so than to start anew.
            (_, Some(_)) => return Err(Problem::StorageDamaged),
            (_, None) if !database.is_empty().await.map_err(refused)? => return Err(Problem::StorageDamaged),
            (_, None) => wrap::make_key(&subtle).await.map_err(|_| Problem::InsecurePage)?,
        };
        let wrapper = Wrapper::new(subtle, key.clone());
        let guard = Guard::Open(VaultKey::make(&mut rng::system())).encode();
        let vault = wrapper.wrap(&guard).await.map_err(|_| Problem::InsecurePage)?;
        database.put_key(&key, &vault).await.map_err(refused)?;
        Ok(Self { database, wrapper })
    }

    /// What guards the records at this moment.
    pub(crate) async fn guard(&self) -> Result<Guard, Problem> {
        let (_, vault) = self.database.keys().await.map_err(refused)?;
        let vault = vault.ok_or(Problem::StorageDamaged)?;
        let guard = self.wrapper.unwrap(&vault).await.map_err(|_| Problem::StorageDamaged)?;
        Guard::decode(&guard).ok_or(Problem::StorageDamaged)
    }

    /// Reads everything that an engine starts with.
    pub(crate) async fn records(&self, key: &VaultKey) -> Result<Vec<(String, Vec<u8>)>, Problem> {
        let stored = self.database.read_without(CONTENT).await.map_err(refused)?;
        let open = |(name, value): (String, Uint8Array)| {
            let value = opened(key, &name, &value)?;
            Ok((name, value))
        };
        stored.map_err(|_| Problem::StorageDamaged)?.into_iter().map(open).collect()
    }

    /// Reads these records. What does not open is as good as lost.
    pub(crate) async fn read(
        &self,
        key: &VaultKey,
        names: Vec<String>,
    ) -> Result<BTreeMap<String, Option<Vec<u8>>>, StoreError> {
        let stored = self.database.read(&names).await?;
        let open = |(name, value): (String, Option<Uint8Array>)| {
            let value = value.and_then(|value| opened(key, &name, &value).ok());
            (name, value)
        };
        let mut read = BTreeMap::new();
        read.extend(names.into_iter().zip(stored).map(open));
        Ok(read)
    }

    /// Stores the changes, all or none, and durably.
    pub(crate) async fn apply(&self, key: &VaultKey, writes: &[Write]) -> Result<(), StoreError> {
        let changes = writes.iter().map(|write| match write {
            Write::Put { key: name, value } => Change::Put(name.as_str(), sealed(key, name, value)),
            Write::Delete { key: name } => Change::Delete(name.as_str()),
        });
        let changes: Vec<_> = changes.collect();
        Ok(self.database.apply(&changes).await?)
    }

    /// Seals everything anew under another key and stores it with what guards that key, all or none.
    /// Nothing else may be stored meanwhile.
    pub(crate) async fn rekey(&self, from: &VaultKey, to: &VaultKey, guard: &Guard) -> Result<(), StoreError> {
        let vault = self.wrapper.wrap(&guard.encode()).await?;
        let stored = self.database.read_all().await?.map_err(|_| StoreError::Failed)?;
        let mut records = Vec::with_capacity(stored.len());
        for (name, value) in &stored {
            match from.open(name, &value.to_vec()) {
                Ok(value) => records.push(Change::Put(name.as_str(), sealed(to, name, &value))),
                // It is lost already.
                Err(_) if CONTENT.contains(&name.as_str()) => {}
                Err(_) => return Err(StoreError::Failed),
            }
        }
        Ok(self.database.replace(&records, &vault).await?)
    }

    /// Stores another guard of the same key.
    pub(crate) async fn set_guard(&self, guard: &Guard) -> Result<(), StoreError> {
        let vault = self.wrapper.wrap(&guard.encode()).await?;
        Ok(self.database.put_vault(&vault).await?)
    }

    /// Deletes everything and starts anew with this guard.
    pub(crate) async fn forget(&self, guard: &Guard) -> Result<(), StoreError> {
        let vault = self.wrapper.wrap(&guard.encode()).await?;
        Ok(self.database.replace(&[], &vault).await?)
    }
}

fn opened(key: &VaultKey, name: &str, value: &Uint8Array) -> Result<Vec<u8>, Problem> {
    let mut value = key.open(name, &value.to_vec()).map_err(|_| Problem::StorageDamaged)?;
    Ok(std::mem::take(&mut *value))
}

fn sealed(key: &VaultKey, name: &str, value: &[u8]) -> Uint8Array {
    Uint8Array::from(key.seal(name, value, &mut rng::system()).as_slice())
}

fn refused(error: JsValue) -> Problem {
    // A database of a later version, or without its parts.
    let name = error.dyn_ref::<DomException>().map(DomException::name);
    if matches!(name.as_deref(), Some("VersionError" | "NotFoundError")) {
        return Problem::StorageDamaged;
    }
    match StoreError::from(error) {
        StoreError::Full => Problem::StorageFull,
        StoreError::Failed => Problem::NoStorage,
    }
}
