//! Reaching JavaScript that has no typed bindings, or whose type differs between windows and workers.

use js_sys::{Array, Function, JsString, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};

/// A property of the global object, if it is there.
pub(crate) fn global(name: &str) -> Option<JsValue> {
    get(&js_sys::global(), name)
}

/// A property, if it is there.
pub(crate) fn get(target: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(target, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

/// Calls a method.
pub(crate) fn call(target: &JsValue, method: &str, args: &[&JsValue]) -> Result<JsValue, JsValue> {
    let method: Function = Reflect::get(target, &method.into())?.dyn_into()?;
    let args: Array = args.iter().copied().collect();
    method.apply(target, &args)
}

/// An object with these properties.
pub(crate) fn object(properties: &[(&str, &JsValue)]) -> JsValue {
    let object = js_sys::Object::new();
    for (name, value) in properties {
        // A plain object takes any property.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}

/// The text in one Unicode form (NFC): keyboards differ in how they compose letters.
pub(crate) fn composed(text: &str) -> String {
    String::from(JsString::from(text).normalize("NFC"))
}
