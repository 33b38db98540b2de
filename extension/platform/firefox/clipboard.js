// The clipboard in Firefox: the background page reaches it without focus.

const ALIVE_MS = 20_000;

let alive;

export async function readClipboard() {
  const [item] = await navigator.clipboard.read();
  const get = async (type) => (item?.types.includes(type) ? (await item.getType(type)).text() : undefined);
  return { text: (await get("text/plain")) ?? "", html: await get("text/html") };
}

export async function writeClipboard({ text, html }) {
  if (!html) {
    return navigator.clipboard.writeText(text);
  }
  const blob = (type, content) => new Blob([content], { type });
  const types = { "text/plain": blob("text/plain", text), "text/html": blob("text/html", html) };
  return navigator.clipboard.write([new ClipboardItem(types)]);
}

// Firefox ends an event page after 30 s whatever its sockets do; calls of the extension's API count.
export function keepAlive() {
  alive ??= setInterval(() => chrome.runtime.getPlatformInfo(), ALIVE_MS);
}
