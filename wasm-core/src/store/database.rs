//! IndexedDB: names to bytes, and the one key that seals them. It knows neither what the bytes mean
//! nor how they are sealed.

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CryptoKey, DomException, IdbDatabase, IdbFactory, IdbOpenDbRequest, IdbRequest, IdbTransaction, IdbTransactionMode,
};

use crate::js;

const NAME: &str = "hushclip";
const VERSION: u32 = 1;
const RECORDS: &str = "records";
const KEYS: &str = "keys";
/// The only entry of [`KEYS`].
const KEY: &str = "at-rest";

/// One change of the records.
pub(super) enum Change<'a> {
    Put(&'a str, Uint8Array),
    Delete(&'a str),
}

/// The open database.
pub(super) struct Database(IdbDatabase);

impl Database {
    pub(super) async fn open() -> Result<Self, JsValue> {
        let factory: IdbFactory = js::global("indexedDB").ok_or(JsValue::UNDEFINED)?.unchecked_into();
        let request = factory.open_with_u32(NAME, VERSION)?;
        let upgrade = Closure::once({
            let request = request.clone();
            move || create_stores(&request)
        });
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        Ok(Self(answer(&request).await?.unchecked_into()))
    }

    pub(super) async fn key(&self) -> Result<Option<CryptoKey>, JsValue> {
        let store = self.0.transaction_with_str(KEYS)?.object_store(KEYS)?;
        Ok(answer(&store.get(&KEY.into())?).await?.dyn_into().ok())
    }

    pub(super) async fn put_key(&self, key: &CryptoKey) -> Result<(), JsValue> {
        let transaction = self.write(KEYS)?;
        transaction.object_store(KEYS)?.put_with_key(key, &KEY.into())?;
        committed(&transaction).await
    }

    pub(super) async fn read_all(&self) -> Result<Vec<(String, Uint8Array)>, JsValue> {
        let store = self.0.transaction_with_str(RECORDS)?.object_store(RECORDS)?;
        let (names, values) = (store.get_all_keys()?, store.get_all()?);
        // Requests are answered in order, so the names are there when the values are.
        let values: Array = answer(&values).await?.unchecked_into();
        let names: Array = names.result()?.unchecked_into();
        let texts = names.iter().filter_map(|name| name.as_string());
        Ok(texts.zip(values.iter().map(JsValue::unchecked_into)).collect())
    }

    /// Makes the changes, all or none, and flushes them to disk.
    pub(super) async fn apply(&self, changes: &[Change<'_>]) -> Result<(), JsValue> {
        let transaction = self.write(RECORDS)?;
        if let Err(error) = ask_for(&transaction, changes) {
            // Or it would commit what was asked for so far.
            let _ = transaction.abort();
            return Err(error);
        }
        committed(&transaction).await
    }

    /// A transaction whose commit is only told once it is on disk.
    fn write(&self, store: &str) -> Result<IdbTransaction, JsValue> {
        let options = js::object(&[("durability", &"strict".into())]);
        let mode = IdbTransactionMode::Readwrite.into();
        Ok(js::call(&self.0, "transaction", &[&store.into(), &mode, &options])?.unchecked_into())
    }
}

fn ask_for(transaction: &IdbTransaction, changes: &[Change<'_>]) -> Result<(), JsValue> {
    let store = transaction.object_store(RECORDS)?;
    for change in changes {
        match change {
            Change::Put(name, value) => store.put_with_key(value, &(*name).into())?,
            Change::Delete(name) => store.delete(&(*name).into())?,
        };
    }
    Ok(())
}

fn create_stores(request: &IdbOpenDbRequest) {
    let Ok(database) = request.result().map(JsValue::unchecked_into::<IdbDatabase>) else { return };
    for store in [RECORDS, KEYS] {
        // If one is not made, the first use of it fails, and that is told.
        let _ = database.create_object_store(store);
    }
}

/// Waits for a request's result.
async fn answer(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    match JsFuture::from(promise).await {
        Ok(_) => request.result(),
        Err(_) => Err(exception(request.error()?)),
    }
}

/// Waits for a transaction to be on disk.
async fn committed(transaction: &IdbTransaction) -> Result<(), JsValue> {
    let promise = Promise::new(&mut |resolve, reject| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(&reject));
    });
    match JsFuture::from(promise).await {
        Ok(_) => Ok(()),
        Err(_) => Err(exception(transaction.error())),
    }
}

fn exception(error: Option<DomException>) -> JsValue {
    error.map_or(JsValue::UNDEFINED, JsValue::from)
}
