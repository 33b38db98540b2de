// Starts the popup's screens. What they show lives in the background; they keep nothing.
import init from "./hushclip_popup.js";

await init({ module_or_path: new URL("hushclip_popup_bg.wasm", import.meta.url) });
