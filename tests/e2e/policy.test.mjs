// What the extension's own pages may do besides showing themselves: nothing.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Browser } from "./lib/browser.mjs";

/** @type {[string, () => Promise<Browser>][]} */
const KINDS = [
  ["Chromium", () => Browser.chromium("Desk", { extension: true })],
  ["Firefox", () => Browser.firefox("Fox")],
];

for (const [title, launch] of KINDS) {
  describe(`The extension's pages in ${title}`, () => {
    let /** @type {Browser} */ browser;

    before(async () => {
      browser = await launch();
    });
    after(() => browser?.close());

    // Asking is another matter: a relay may be anywhere.
    it("load, send and frame nothing", async () => {
      const address = (await browser.site()).url();
      const { page } = await browser.popup();
      const refused = await page.evaluate(async (address) => {
        const refused = new Set();
        addEventListener("securitypolicyviolation", ({ effectiveDirective }) => refused.add(effectiveDirective));
        const add = (tag, fields) => document.body.append(Object.assign(document.createElement(tag), fields));
        add("img", { src: `${address}x.png` });
        add("iframe", { src: address });
        add("audio", { src: `${address}x.ogg` });
        add("base", { href: address });
        add("link", { rel: "stylesheet", href: `${address}x.css` });
        add("form", { id: "form", action: address });
        try {
          document.getElementById("form").submit();
        } catch {
          // Firefox's way to say no.
        }
        for (const end = performance.now() + 10_000; refused.size < 6 && performance.now() < end;) {
          await new Promise((done) => setTimeout(done, 50));
        }
        return [...refused].sort();
      }, address);
      assert.deepEqual(refused, ["base-uri", "form-action", "frame-src", "img-src", "media-src", "style-src-elem"]);
      assert.ok((await page.evaluate(() => location.href)).startsWith(browser.base), "it has not gone anywhere");
    });
  });
}
