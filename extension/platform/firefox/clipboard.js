// The clipboard in Firefox: the background page reaches it without focus.

/** @import { Content } from "./platform/clipboard.js" */
import { shorten } from "../shorten.js";

const ALIVE_MS = 20_000;

/** @type {number | undefined} */
let alive;

/**
 * The text, and the formatted form, of which `html` characters are of use.
 * @returns {Promise<Content>}
 */
export async function readClipboard({ html: most = 0 } = {}) {
  const [item] = await navigator.clipboard.read();
  const get = async (/** @type {string} */ type) => (item?.types.includes(type) ? item.getType(type) : undefined);
  const text = (await (await get("text/plain"))?.text()) ?? "";
  const html = most > 0 ? await (await get("text/html"))?.text() : undefined;
  return { text, html: html && shorten(html, most) };
}

/** @param {Content} content */
export async function writeClipboard({ text, html }) {
  if (!html) {
    return navigator.clipboard.writeText(text);
  }
  const blob = (/** @type {string} */ type, /** @type {string} */ content) => new Blob([content], { type });
  const types = { "text/plain": blob("text/plain", text), "text/html": blob("text/html", html) };
  return navigator.clipboard.write([new ClipboardItem(types)]);
}

// Firefox ends an event page after 30 s whatever its sockets do; calls of the extension's API count.
export function keepAlive() {
  alive ??= setInterval(() => chrome.runtime.getPlatformInfo(), ALIVE_MS);
}
