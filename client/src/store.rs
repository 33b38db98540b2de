//! Where a device keeps its records. It owns the trait and nothing on a disk: [`crate::Sqlite`] is built in, and
//! [`Memory`] forgets everything when it is dropped.

use std::collections::BTreeMap;
use std::sync::Arc;

pub use hushclip_driver::{CONTENT, Write};

/// Records by their names.
pub type Records = BTreeMap<String, Vec<u8>>;

/// A map from short names to bytes that outlives the process. It is called from a thread of its own and may block.
///
/// Records hold keys and clips in the clear, so an implementation has to seal them or keep them where nobody else can
/// read.
pub trait Store: Send + 'static {
    /// Everything but the records of [`CONTENT`], which are many and large.
    fn records(&mut self) -> Result<Records, StoreError>;

    /// Those of these records that exist. A damaged one counts as missing.
    fn read(&mut self, names: &[String]) -> Result<Records, StoreError>;

    /// Makes all of these changes or none. Once it returns, they survive a power cut: what is sent next must not be
    /// forgotten.
    fn persist(&mut self, writes: &[Write]) -> Result<(), StoreError>;
}

/// Why a store cannot read or write.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(Arc<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// Any error of the store's own. It must not hold what is stored.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }

    /// The store's own error, if it is of this type.
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

/// A store in memory, for tests and for devices that should leave nothing behind.
#[derive(Default)]
pub struct Memory(Records);

impl Memory {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for Memory {
    fn records(&mut self) -> Result<Records, StoreError> {
        Ok(self
            .0
            .iter()
            .filter(|(name, _)| !CONTENT.contains(&&***name))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect())
    }

    fn read(&mut self, names: &[String]) -> Result<Records, StoreError> {
        let found = names.iter().filter_map(|name| Some((name.clone(), self.0.get(name)?.clone())));
        Ok(found.collect())
    }

    fn persist(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        for write in writes {
            match write {
                Write::Put { key, value } => self.0.insert(key.clone(), value.clone()),
                Write::Delete { key } => self.0.remove(key),
            };
        }
        Ok(())
    }
}

impl std::fmt::Debug for Memory {
    /// Reveals nothing that is stored.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memory({} records)", self.0.len())
    }
}
