//! The engine's records in IndexedDB, each sealed with an AES-GCM key that the browser keeps and
//! never shows. That stops copying the profile's files from being enough; it does not stop script
//! of the same origin.

mod database;
mod seal;

use hushclip_engine::Write;

use self::database::{Change, Database};
use self::seal::Sealer;
use crate::failure::{StartError, StoreError};

/// The records of one engine.
pub(crate) struct Store {
    database: Database,
    sealer: Sealer,
}

impl Store {
    /// Opens the store, or makes a new one, and reads everything in it.
    pub(crate) async fn open() -> Result<(Self, Vec<(String, Vec<u8>)>), StartError> {
        let refused = |error| match StoreError::from(error) {
            StoreError::Full => StartError::StorageFull,
            StoreError::Failed => StartError::NoStorage,
        };
        let subtle = seal::subtle().ok_or(StartError::Insecure)?;
        let database = Database::open().await.map_err(refused)?;
        let stored = database.read_all().await.map_err(refused)?;
        let key = match database.key().await.map_err(refused)? {
            Some(key) => key,
            // What is sealed with a key that is gone stays closed; better to say so than to start anew.
            None if !stored.is_empty() => return Err(StartError::Damaged),
            None => {
                let key = seal::make_key(&subtle).await.map_err(|_| StartError::Insecure)?;
                database.put_key(&key).await.map_err(refused)?;
                key
            }
        };
        let sealer = Sealer::new(subtle, key);
        let mut records = Vec::with_capacity(stored.len());
        for (name, value) in stored {
            let value = sealer.open(&name, &value).await.map_err(|_| StartError::Damaged)?;
            records.push((name, value));
        }
        Ok((Self { database, sealer }, records))
    }

    /// Stores the changes, all or none, and durably.
    pub(crate) async fn apply(&self, writes: &[Write]) -> Result<(), StoreError> {
        // Sealing waits, and a transaction does not: it commits as soon as nobody asks for more.
        let mut changes = Vec::with_capacity(writes.len());
        for write in writes {
            changes.push(match write {
                Write::Put { key, value } => Change::Put(key, self.sealer.seal(key, value).await?),
                Write::Delete { key } => Change::Delete(key),
            });
        }
        Ok(self.database.apply(&changes).await?)
    }
}
