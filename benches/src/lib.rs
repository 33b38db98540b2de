//! The measured work as a wasm module, for `benches/bench.mjs`.

mod work;

use wasm_bindgen::prelude::wasm_bindgen;

use work::Work;

/// A clip to seal and to open.
#[wasm_bindgen]
pub struct Bench(Work);

#[wasm_bindgen]
impl Bench {
    /// A clip of so many bytes.
    #[wasm_bindgen(constructor)]
    pub fn new(bytes: usize) -> Self {
        Self(Work::new(bytes))
    }

    /// Seals it; the envelope stays in the module.
    pub fn seal(&mut self) -> usize {
        self.0.seal().len()
    }

    /// Checks and opens it.
    pub fn open(&self) -> bool {
        self.0.open()
    }
}
