// The document that touches the clipboard for the service worker. Commands and their events work
// without focus here; `navigator.clipboard` does not.

/** @import { Content } from "./platform/clipboard.js" */
import { shorten } from "../shorten.js";

const area = /** @type {HTMLTextAreaElement} */ (document.getElementById("area"));

chrome.runtime.onMessage.addListener((request, sender, answer) => {
  if (request?.to === "offscreen" && sender.id === chrome.runtime.id && !sender.tab) {
    answer(request.do === "read" ? read(request) : write(request));
  }
});

/** @param {{ html?: number }} wanted */
function read({ html: most = 0 }) {
  /** @type {Content | undefined} */
  let content;
  during("paste", ({ clipboardData }) => {
    // No message to the background holds what a page may put there.
    const html = most > 0 ? shorten(clipboardData.getData("text/html"), most) : "";
    content = { text: clipboardData.getData("text/plain"), html: html || undefined };
  });
  return content;
}

/** @param {Content} content */
function write({ text, html }) {
  let done;
  during("copy", ({ clipboardData }) => {
    clipboardData.setData("text/plain", text);
    if (html) {
      clipboardData.setData("text/html", html);
    }
    done = true;
  });
  return done;
}

/**
 * Taking the event over, instead of letting the browser act on the text area, is many times faster.
 * @param {"copy" | "paste"} command
 * @param {(event: { clipboardData: DataTransfer }) => void} act
 */
function during(command, act) {
  /** @param {ClipboardEvent} event */
  const listener = (event) => {
    event.preventDefault();
    act(/** @type {ClipboardEvent & { clipboardData: DataTransfer }} */ (event));
  };
  addEventListener(command, listener, { capture: true, once: true });
  // Without a selection there is nothing to copy, and no event.
  area.value = ".";
  area.select();
  document.execCommand(command);
  removeEventListener(command, listener, true);
}
