// Browsers with Hushclip or its peer in them, and a full library.
import { Browser } from "../../tests/e2e/lib/browser.mjs";
import { eventually, within } from "../../tests/e2e/lib/wait.mjs";
import { pair } from "../../tests/e2e/lib/screen.mjs";

const PREFS = {
  // Pages that measure may read the clipboard, and the clock to the millisecond.
  "dom.events.testing.asyncClipboard": true,
  "privacy.reduceTimerPrecision": false,
};
const IMPORT_MS = 60_000;

/** A Chromium and a Firefox with Hushclip, in one account. */
export async function ours({ relay, history }) {
  const [chromium, firefox] = await Promise.all([
    Browser.chromium("Chromium", { extension: true }),
    Browser.firefox("Firefox", { prefs: PREFS }),
  ]);
  await (await chromium.popup()).createAccount(relay.url);
  await pair(await chromium.popup(), await firefox.popup());
  await Promise.all([chromium, firefox].map((browser) => fill(browser, history)));
  return { chromium, firefox };
}

/** The same with the peer. */
export async function peers({ peer }) {
  const [chromium, firefox] = await Promise.all([
    Browser.chromium("Peer-Chromium", { extension: peer.extension("chrome") }),
    Browser.firefox("Peer-Firefox", { extension: peer.extension("firefox"), prefs: PREFS }),
  ]);
  return { chromium, firefox };
}

/** Imports a history, as the popup's settings do. */
async function fill(browser, { file, passphrase }) {
  const { page } = await browser.popup();
  const outcome = page.evaluate((request) => new Promise((resolve) => {
    const port = chrome.runtime.connect({ name: "popup" });
    port.onMessage.addListener((message) => {
      const { answer } = JSON.parse(message);
      if (answer) {
        port.disconnect();
        resolve(JSON.stringify(answer.outcome));
      }
    });
    port.postMessage(request);
  }), JSON.stringify({ ask: { id: 1, ask: { archive: { import: { passphrase, file } } } } }));
  const told = await within("taking in a history", outcome, IMPORT_MS);
  if (!told.includes("imported")) {
    throw new Error(told);
  }
  await eventually("the history in the list", () => page.$('[data-testid="clip"]'));
}
