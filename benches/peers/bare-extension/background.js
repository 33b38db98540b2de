// The peer of `cargo xtask bench faces`: sends what is copied over a bare WebSocket and writes what comes
// from it. No keys, no accounts, no history on disk, nothing kept when the line breaks.
import { readClipboard, writeClipboard } from "./platform/clipboard.js";
import { COUNT, RELAY } from "./settings.js";

const SETTLE_MS = 60;
const SHOWN = 100;

const clips = Array.from({ length: COUNT }, (_, n) => ({ at: n, text: `clip ${n}: ${"river stone lamp garden ".repeat(1 + (n % 15))}` }));
const socket = new WebSocket(RELAY);
socket.binaryType = "arraybuffer";
/** @type {string | undefined} */
let last;

// A cursor, followed by the text of another device.
socket.onmessage = (/** @type {MessageEvent<ArrayBuffer>} */ { data }) => {
  if (data.byteLength > 8) {
    last = new TextDecoder().decode(data.slice(8));
    clips.push({ at: Date.now(), text: last });
    void writeClipboard({ text: last });
  }
};
// Keeps the extension awake.
setInterval(() => socket.send("ping"), 20_000);
setInterval(() => chrome.runtime.getPlatformInfo(), 20_000);

chrome.runtime.onMessage.addListener((message) => {
  if (message === "copied") {
    setTimeout(async () => {
      const { text } = await readClipboard();
      if (text !== last) {
        last = text;
        socket.send(new TextEncoder().encode(text));
      }
    }, SETTLE_MS);
  }
});

chrome.runtime.onConnect.addListener((port) => {
  const show = (/** @type {string} */ query) => port.postMessage(clips.filter(({ text }) => text.includes(query)).slice(-SHOWN).reverse());
  port.onMessage.addListener(show);
  show("");
});
