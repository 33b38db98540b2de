//! Runs `#[wasm_bindgen_test]` tests under node; cargo calls it with the test binary.
//! It is wasm-bindgen's own runner, from the version in Cargo.lock.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
