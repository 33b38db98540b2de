// The clipboard in Chrome: only a document reaches it, and an offscreen one does so without focus.

/** @import { Content } from "./platform/clipboard.js" */

/** @type {Promise<void> | undefined} */
let opening;

/**
 * The text, and the formatted form, of which `html` characters are of use.
 * @returns {Promise<Content>}
 */
export async function readClipboard({ html = 0 } = {}) {
  return ask({ do: "read", html });
}

/** @param {Content} content */
export async function writeClipboard({ text, html }) {
  await ask({ do: "write", text, html });
}

// The client's pings over its socket keep a service worker alive.
export function keepAlive() {}

/** @param {object} request */
async function ask(request) {
  opening ??= open().finally(() => (opening = undefined));
  await opening;
  const answer = await chrome.runtime.sendMessage({ ...request, to: "offscreen" });
  if (!answer) {
    throw new DOMException("", "NotAllowedError");
  }
  return answer;
}

async function open() {
  if (!(await chrome.offscreen.hasDocument())) {
    await chrome.offscreen.createDocument({
      url: "platform/offscreen.html",
      reasons: ["CLIPBOARD"],
      justification: "Reads what you copy, to send it to your other devices, and writes what they send.",
    });
  }
}
