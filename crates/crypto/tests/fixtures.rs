//! What released versions have written: `tests/fixtures`.

use hushclip_crypto::archive::Archive;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn a_history_of_v0_1_opens() {
    let file = include_bytes!("../../../tests/fixtures/v0.1/history.hushclip");
    let archive = Archive::open(file, "correct horse battery staple").unwrap();
    let clips: Vec<_> = archive.clips.iter().map(|c| (&*c.device, &*c.text, c.html.as_deref(), c.pinned)).collect();
    assert_eq!(
        clips,
        [
            ("An older laptop", "from a file", None, false),
            ("device 0", "from this device", None, false),
            ("device 1", "bold", Some("<b>bold</b>"), true),
            ("device 2", "grüße, 世界", None, false),
            ("device 0", "waits for the relay", None, false),
        ]
    );
    assert_eq!(archive.clips.iter().map(|clip| clip.at_ms).max(), Some(1_800_000_055_000));
}
