//! Files: one that the person gets, and one that the person gives.

use std::time::Duration;

use gloo_file::futures::read_as_data_url;
use gloo_file::{Blob, ObjectUrl};
use leptos::prelude::{document, set_timeout, window};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{File, HtmlAnchorElement};

/// Larger ones are no history of ours.
const MOST_BYTES: f64 = 256.0 * 1024.0 * 1024.0;
/// By then the browser has taken the file over.
const TAKEN: Duration = Duration::from_mins(1);

/// Gives the person a file, here in base64; whether the browser began to save it.
pub(crate) fn save(name: &str, base64: &str) -> bool {
    try_save(name, base64).is_ok()
}

fn try_save(name: &str, base64: &str) -> Result<(), JsValue> {
    // One character for each byte.
    let decoded = window().atob(base64)?;
    let bytes: Vec<u8> = decoded.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let address = ObjectUrl::from(Blob::new_with_options(bytes.as_slice(), Some("application/octet-stream")));
    let link: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&address);
    link.set_download(name);
    link.click();
    // Forgetting it only saves memory.
    set_timeout(move || drop(address), TAKEN);
    Ok(())
}

/// What is in a file, in base64; `None` when it cannot be read, or is far too large.
pub(crate) async fn read(file: File) -> Option<String> {
    if file.size() > MOST_BYTES {
        return None;
    }
    let address = read_as_data_url(&file.into()).await.ok()?;
    address.split_once(";base64,").map(|(_, base64)| base64.to_owned())
}
