//! Integers on their way to JavaScript, whose numbers are exact only below 2^53.

use wasm_bindgen::JsValue;

const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// The integer as a JavaScript number, at most the greatest exact one.
pub(crate) fn number(value: u64) -> JsValue {
    JsValue::from_f64(float(value))
}

/// The same, without a JavaScript handle.
#[expect(clippy::cast_precision_loss, reason = "there is none below 2^53")]
pub(crate) fn float(value: u64) -> f64 {
    value.min(MAX_SAFE_INTEGER) as f64
}
