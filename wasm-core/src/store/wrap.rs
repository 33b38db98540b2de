//! The vault key wrapped at rest, in whatever form it has: AES-256-GCM under a key that the browser
//! keeps and never shows. A random 12-byte nonce comes first.

use getrandom::fill;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AesGcmParams, AesKeyGenParams, Crypto, CryptoKey, SubtleCrypto};
use zeroize::Zeroizing;

use crate::js;

const NONCE_BYTES: usize = 12;
const LABEL: &str = "hushclip/1 wrapped-vault";

/// WebCrypto, which only secure contexts have.
pub(super) fn subtle() -> Option<SubtleCrypto> {
    let crypto: Crypto = js::global("crypto")?.unchecked_into();
    js::get(&crypto, "subtle").map(JsValue::unchecked_into)
}

/// A key that the browser never gives out.
pub(super) async fn make_key(subtle: &SubtleCrypto) -> Result<CryptoKey, JsValue> {
    let algorithm = AesKeyGenParams::new("AES-GCM", 256);
    let usages: Array = ["encrypt", "decrypt"].into_iter().map(JsValue::from).collect();
    let key = subtle.generate_key_with_object(&algorithm, false, &usages)?;
    Ok(JsFuture::from(key).await?.unchecked_into())
}

/// Wraps and unwraps.
pub(super) struct Wrapper {
    subtle: SubtleCrypto,
    key: CryptoKey,
}

impl Wrapper {
    pub(super) fn new(subtle: SubtleCrypto, key: CryptoKey) -> Self {
        Self { subtle, key }
    }

    pub(super) async fn wrap(&self, value: &[u8]) -> Result<Uint8Array, JsValue> {
        let mut nonce = [0; NONCE_BYTES];
        fill(&mut nonce).map_err(|_| JsValue::UNDEFINED)?;
        let plain = Uint8Array::from(value);
        let sealed = self.subtle.encrypt_with_object_and_js_u8_array(&parameters(&nonce), &self.key, &plain);
        // The browser has taken its own copy.
        wipe(&plain);
        let sealed: ArrayBuffer = JsFuture::from(sealed?).await?.unchecked_into();
        let sealed = Uint8Array::new(&sealed);
        let whole = Uint8Array::new_with_length(sealed.length() + NONCE_BYTES as u32);
        whole.set(&Uint8Array::from(&nonce[..]), 0);
        whole.set(&sealed, NONCE_BYTES as u32);
        Ok(whole)
    }

    pub(super) async fn unwrap(&self, whole: &Uint8Array) -> Result<Zeroizing<Vec<u8>>, JsValue> {
        let nonce = whole.subarray(0, NONCE_BYTES as u32).to_vec();
        let sealed = whole.subarray(NONCE_BYTES as u32, whole.length());
        let plain = self.subtle.decrypt_with_object_and_js_u8_array(&parameters(&nonce), &self.key, &sealed)?;
        let plain: ArrayBuffer = JsFuture::from(plain).await?.unchecked_into();
        let plain = Uint8Array::new(&plain);
        let value = Zeroizing::new(plain.to_vec());
        wipe(&plain);
        Ok(value)
    }
}

fn wipe(bytes: &Uint8Array) {
    bytes.fill(0, 0, bytes.length());
}

fn parameters(nonce: &[u8]) -> AesGcmParams {
    let parameters = AesGcmParams::new_with_u8_array("AES-GCM", &Uint8Array::from(nonce));
    parameters.set_additional_data_u8_array(&Uint8Array::from(LABEL.as_bytes()));
    parameters
}
