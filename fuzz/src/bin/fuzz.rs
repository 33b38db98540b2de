//! The program that LLVM's fuzzer drives. `HUSHCLIP_FUZZ_TARGET` names the target.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static RUN: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("HUSHCLIP_FUZZ_TARGET").unwrap_or_default();
    hushclip_fuzz::find(&name).unwrap_or_else(|| panic!("HUSHCLIP_FUZZ_TARGET names no target: {name:?}"))
});

fuzz_target!(|data: &[u8]| RUN(data));
