//! IndexedDB: names to bytes, and what guards them. It knows neither what the bytes mean nor how they
//! are sealed.

use std::ops::Range;

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CryptoKey, DomException, IdbDatabase, IdbFactory, IdbKeyRange, IdbOpenDbRequest, IdbRequest, IdbRequestReadyState,
    IdbTransaction, IdbTransactionMode,
};

use crate::js;

const NAME: &str = "hushclip";
const VERSION: u32 = 1;
const RECORDS: &str = "records";
const KEYS: &str = "keys";
/// In [`KEYS`]: the key that the browser keeps.
const KEY: &str = "at-rest";
/// In [`KEYS`]: what that key has wrapped.
const VAULT: &str = "vault";

/// One change of the records.
pub(super) enum Change<'a> {
    Put(&'a str, Uint8Array),
    Delete(&'a str),
}

/// Records by their names.
pub(super) type Records = Vec<(String, Uint8Array)>;

/// Something in the database is not of the kind that was put there.
pub(super) struct Foreign;

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

    /// The key that the browser keeps, and what it has wrapped.
    pub(super) async fn keys(&self) -> Result<(Option<CryptoKey>, Option<Uint8Array>), JsValue> {
        let store = self.0.transaction_with_str(KEYS)?.object_store(KEYS)?;
        let (key, vault) = (store.get(&KEY.into())?, store.get(&VAULT.into())?);
        // Requests are answered in order, so the first answer is there when the second is.
        let vault = answer(&vault).await?.dyn_into().ok();
        Ok((key.result()?.dyn_into().ok(), vault))
    }

    pub(super) async fn is_empty(&self) -> Result<bool, JsValue> {
        let store = self.0.transaction_with_str(RECORDS)?.object_store(RECORDS)?;
        Ok(answer(&store.count()?).await?.as_f64() == Some(0.0))
    }

    pub(super) async fn put_key(&self, key: &CryptoKey, vault: &Uint8Array) -> Result<(), JsValue> {
        let transaction = self.write(&[KEYS])?;
        let ask = || {
            let store = transaction.object_store(KEYS)?;
            store.put_with_key(key, &KEY.into())?;
            store.put_with_key(vault, &VAULT.into())
        };
        all_or_none(&transaction, ask().map(|_| ())).await
    }

    pub(super) async fn put_vault(&self, vault: &Uint8Array) -> Result<(), JsValue> {
        let transaction = self.write(&[KEYS])?;
        let asked = transaction.object_store(KEYS)?.put_with_key(vault, &VAULT.into());
        all_or_none(&transaction, asked.map(|_| ())).await
    }

    pub(super) async fn read_all(&self) -> Result<Result<Records, Foreign>, JsValue> {
        self.read_each(&[JsValue::UNDEFINED]).await
    }

    /// All records but those with these names.
    pub(super) async fn read_without(&self, names: Range<&str>) -> Result<Result<Records, Foreign>, JsValue> {
        let before = IdbKeyRange::upper_bound_with_open(&names.start.into(), true)?;
        let after = IdbKeyRange::lower_bound(&names.end.into())?;
        self.read_each(&[before.into(), after.into()]).await
    }

    /// The records of some ranges, one range after the other.
    async fn read_each(&self, ranges: &[JsValue]) -> Result<Result<Records, Foreign>, JsValue> {
        let store = self.0.transaction_with_str(RECORDS)?.object_store(RECORDS)?;
        let ask = |range| Ok((store.get_all_keys_with_key(range)?, store.get_all_with_key(range)?));
        let asked: Vec<_> = ranges.iter().map(ask).collect::<Result<_, JsValue>>()?;
        let mut records = Vec::new();
        for (names, values) in asked {
            // As above: in order. Whatever came before this answer is there too.
            let values: Array = answered_or(&values).await?.unchecked_into();
            let names: Array = names.result()?.unchecked_into();
            for (name, value) in names.iter().zip(values.iter()) {
                let (Some(name), Ok(value)) = (name.as_string(), value.dyn_into()) else { return Ok(Err(Foreign)) };
                records.push((name, value));
            }
        }
        Ok(Ok(records))
    }

    /// Single records, as far as they are there. One that cannot be read is as good as gone, as long as the database
    /// answers at all: browsers keep large values in files of their own, which may be lost alone.
    pub(super) async fn read(&self, names: &[String]) -> Result<Vec<Option<Uint8Array>>, JsValue> {
        let mut records = Vec::with_capacity(names.len());
        for name in names {
            let store = self.0.transaction_with_str(RECORDS)?.object_store(RECORDS)?;
            let record = answer(&store.get(&name.into())?).await;
            if record.is_err() {
                self.is_empty().await?;
            }
            records.push(record.ok().and_then(|record| record.dyn_into().ok()));
        }
        Ok(records)
    }

    /// Makes the changes, all or none, and flushes them to disk.
    pub(super) async fn apply(&self, changes: &[Change<'_>]) -> Result<(), JsValue> {
        let transaction = self.write(&[RECORDS])?;
        let asked = ask_for(&transaction, changes);
        all_or_none(&transaction, asked).await
    }

    /// Puts these records in the place of all that are there, together with what guards them.
    pub(super) async fn replace(&self, records: &[Change<'_>], vault: &Uint8Array) -> Result<(), JsValue> {
        let transaction = self.write(&[RECORDS, KEYS])?;
        let ask = || {
            transaction.object_store(RECORDS)?.clear()?;
            ask_for(&transaction, records)?;
            transaction.object_store(KEYS)?.put_with_key(vault, &VAULT.into())
        };
        all_or_none(&transaction, ask().map(|_| ())).await
    }

    /// A transaction whose commit is only told once it is on disk.
    fn write(&self, stores: &[&str]) -> Result<IdbTransaction, JsValue> {
        let options = js::object(&[("durability", &"strict".into())]);
        let mode = IdbTransactionMode::Readwrite.into();
        let stores: Array = stores.iter().copied().map(JsValue::from).collect();
        Ok(js::call(&self.0, "transaction", &[&stores, &mode, &options])?.unchecked_into())
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

/// A request's result, which may be there already: nobody is told a second time.
async fn answered_or(request: &IdbRequest) -> Result<JsValue, JsValue> {
    if request.ready_state() != IdbRequestReadyState::Done {
        return answer(request).await;
    }
    match request.error()? {
        Some(error) => Err(error.into()),
        None => request.result(),
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

/// Waits for a transaction to be on disk; takes it back if not everything could be asked for.
async fn all_or_none(transaction: &IdbTransaction, asked: Result<(), JsValue>) -> Result<(), JsValue> {
    if let Err(error) = asked {
        // Or it would commit what was asked for so far.
        let _ = transaction.abort();
        return Err(error);
    }
    committed(transaction).await
}

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
