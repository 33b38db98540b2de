// What other apps and pages share to the web app, and lead it to: nothing of it is sent before the person has seen it.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { judge } from "./lib/axe.mjs";
import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Front } from "./lib/front.mjs";
import { listen } from "./lib/process.mjs";
import { askWorker, installed, kept, says, sharer } from "./lib/pwa.mjs";
import { Relay } from "./lib/relay.mjs";
import { eventually } from "./lib/wait.mjs";

/** @import { Page } from "puppeteer-core" */
/** @import { Screen } from "./lib/screen.mjs" */
/** @import { Share } from "./lib/pwa.mjs" */

/** How long it is waited for what must not happen. */
const SILENCE_MS = 1_000;

/** A worker that says what it was told of a form that was shared. */
const LISTENER = `
  addEventListener("install", () => skipWaiting());
  addEventListener("activate", (event) => event.waitUntil(clients.claim()));
  let told;
  addEventListener("fetch", (event) => {
    const { method, referrer, headers, destination } = event.request;
    if (method === "POST") {
      told = { referrer, origin: headers.get("origin"), site: headers.get("sec-fetch-site"), destination, page: event.resultingClientId };
      event.respondWith(Response.redirect("/", 303));
    }
  });
  addEventListener("message", ({ ports, source }) => ports[0].postMessage({ ...told, asks: source.id }));
`;

describe("What Chromium tells a service worker of who shares", () => {
  let /** @type {Browser} */ browser, /** @type {Page} */ page, /** @type {Share} */ share, ask;

  before(async () => {
    const server = createServer(({ url }, answer) => {
      const [type, body] = url === "/sw.js" ? ["text/javascript", LISTENER] : ["text/html", "<!doctype html>"];
      answer.writeHead(200, { "content-type": type }).end(body);
    });
    const app = `http://127.0.0.1:${await listen(server)}`;
    server.unref();
    share = await sharer(app);
    browser = await Browser.chromium("Listener");
    page = await browser.open(app);
    await page.evaluate(async () => {
      await navigator.serviceWorker.register("/sw.js");
      await navigator.serviceWorker.ready;
    });
    await eventually("the worker", () => page.evaluate(() => navigator.serviceWorker.controller !== null));
    ask = () => askWorker(page, "told");
  });
  after(() => browser?.close());

  it("is the page's origin, if that does not hide it", async () => {
    await share(page, { text: "hello" });
    const told = await ask();
    assert.match(told.origin, /^http:\/\/localhost:/);
    assert.match(told.referrer, /^http:\/\/localhost:/);
  });

  it("is nothing, if it does, so that no share is proven to be the system's", async () => {
    await share(page, { text: "hello" }, { quiet: true });
    const { referrer, origin, site } = await ask();
    // Sec-Fetch-Site says more, to servers only.
    assert.deepEqual({ referrer, origin, site }, { referrer: "", origin: "null", site: null });
  });

  it("is the page that will be there, also behind a redirect", async () => {
    await share(page, { text: "hello" });
    const { page: resulting, asks, destination } = await ask();
    assert.equal(resulting, asks);
    assert.equal(destination, "document");
  });
});

describe("What is shared to the web app", () => {
  let
    /** @type {Relay} */ relay,
    /** @type {Front} */ front,
    /** @type {Browser} */ phone,
    /** @type {Screen} */ app,
    /** @type {Cli} */ cli,
    /** @type {Share} */ share;

  before(async () => {
    [relay, phone] = await Promise.all([Relay.start(), Browser.chromium("Phone")]);
    front = await Front.start(relay.url);
    share = await sharer(front.url);
    cli = new Cli("Terminal");
    app = await phone.webApp(front.url);
    await app.page.setViewport({ width: 360, height: 740 });
    await app.createAccount(front.url);
    await cli.join(await app.invite(), (digits) => app.approve(digits));
    await cli.watch();
    await kept(app);
    await app.page.reload();
    await app.online();
  });
  afterEach(photographFailures(() => [phone].filter(Boolean)));
  after(async () => {
    await cli?.stop();
    await phone?.close();
    await relay?.stop();
  });

  const worker = async () => {
    const target = await phone.inner.waitForTarget((target) => target.url() === `${front.url}/sw.js`);
    return target.worker();
  };

  describe("in a tab", () => {
    it("shows all of it", async () => {
      const text = `the beginning ${"and so on ".repeat(400)}the end`;
      await share(app.page, { text });
      assert.equal(await app.has("shared-text"), text);
      await judge(app, "shared-long");
      await app.press("shared-discard");
      await app.lacks("shared");
    });

    it("keeps what it does not send, and says why", async () => {
      const text = "x".repeat(300 * 1024);
      await share(app.page, { text });
      await app.press("shared-send");
      assert.match(await app.has("shared-problem"), /at most 256 KiB/);
      assert.equal((await app.text("shared-text")).length, text.length);
      await app.lacks("problem");
      await app.press("shared-discard");
      await app.lacks("shared");
      await share(app.page, { text: "x".repeat(600 * 1024) });
      await says(app.page, "too large to be shared");
    });
  });

  describe("has a worker that", () => {
    let /** @type {Page} */ idle;

    before(async () => {
      await app.online();
      // A page that does not ask for what was shared to it.
      idle = await phone.inner.newPage();
      await idle.setJavaScriptEnabled(false);
    });
    after(() => idle.close());

    it("keeps it until it is answered, and tells nobody of it unless it is passed on", async () => {
      await share(idle, { text: "kept for a while" });
      const other = await phone.open(`${front.url}/style.css`);
      const [{ name, text, at }, ...more] = await askWorker(other, "take");
      assert.deepEqual([text, more], ["kept for a while", []]);
      assert.deepEqual(await askWorker(other, "take"), [{ name, text, at }]);
      assert.equal(await askWorker(other, "pass on"), 0, "it came to another page");
      await sleep(SILENCE_MS);
      await app.lacks("shared");
      await other.evaluate((name) => navigator.serviceWorker.controller.postMessage({ do: "answered", name }), name);
      assert.deepEqual(await askWorker(other, "take"), []);
      await other.close();
    });

    it("holds no more than a few, and says so before it loses any", async () => {
      for (let n = 0; n < 5; n += 1) {
        await share(idle, { text: `${n} of many` });
      }
      assert.equal(idle.url(), `${front.url}/?do=full`);
      // A text, not a function: these names are the worker's.
      const held = await (await worker()).evaluate(`(() => {
        const texts = [...kept.values()].map(({ text }) => text);
        [...kept.keys()].forEach(letGo);
        return texts;
      })()`);
      assert.deepEqual(held, ["0 of many", "1 of many", "2 of many", "3 of many"]);
    });
  });

  describe("in a window of its own", () => {
    before(async () => {
      ({ screen: app } = await installed(phone, app, front.url));
      await phone.inner
        .defaultBrowserContext()
        .overridePermissions(front.url, ["clipboard-read", "clipboard-sanitized-write"]);
      await app.page.bringToFront();
      await app.page.evaluate(() => navigator.clipboard.writeText("on the clipboard"));
    });

    for (const quiet of [false, true]) {
      it(`asks before it sends what a page shares to it ${quiet ? "in secret" : "openly"}`, async () => {
        const text = `put into the window ${quiet}`;
        await share(app.page, { text }, { quiet });
        assert.equal(await app.has("shared-text"), text);
        await sleep(SILENCE_MS);
        assert.equal(cli.watched.some((clip) => clip.text === text), false);
        await app.press("shared-discard");
        await app.lacks("shared");
      });
    }

    it("asks about what a page shares to a tab, too", async () => {
      const tab = await phone.inner.newPage();
      await share(tab, { text: "put into a tab" });
      await says(tab, "went to the tab where Hushclip is open");
      assert.equal(await app.has("shared-text"), "put into a tab");
      await share(tab, { text: "and one more" });
      await sleep(SILENCE_MS);
      assert.equal(cli.watched.some(({ text }) => /put into a tab|one more/.test(text)), false);
      assert.equal(await app.text("shared-text"), "put into a tab", "what is asked about does not change meanwhile");
      await app.press("shared-discard");
      await eventually("the next", async () => (await app.text("shared-text")) === "and one more");
      await app.press("shared-discard");
      await app.lacks("shared");
      await tab.close();
    });

    it("asks about all that comes one after the other, also if the page is left meanwhile", async () => {
      await share(app.page, { text: "the first of two" });
      await app.has("shared-text");
      await share(app.page, { text: "the second of two" });
      assert.equal(await app.has("shared-text"), "the first of two");
      await app.page.reload();
      assert.equal(await app.has("shared-text"), "the first of two");
      await app.press("shared-send");
      await cli.sees("the first of two");
      await eventually("the second", async () => (await app.text("shared-text")) === "the second of two");
      await app.press("shared-discard");
      await app.lacks("shared");
      await app.page.reload();
      await app.online();
      await sleep(SILENCE_MS);
      await app.lacks("shared");
      assert.equal(cli.watched.filter(({ text }) => text === "the first of two").length, 1);
    });

    it("says so when more is shared than can wait", async () => {
      for (let n = 0; n < 5; n += 1) {
        await share(app.page, { text: `share number ${n}` });
        assert.equal(await app.has("shared-text"), "share number 0");
      }
      await says(app.page, "Too much was shared at once");
      for (let n = 0; n < 4; n += 1) {
        await eventually(`share ${n}`, async () => (await app.text("shared-text")) === `share number ${n}`);
        await app.press("shared-discard");
      }
      await app.lacks("shared");
    });

    it("asks about the oldest first and refuses the newest, also without another page between", async () => {
      await app.page.setBypassCSP(true);
      await app.page.reload();
      await app.online();
      for (let n = 0; n < 5; n += 1) {
        // As browsers do when it has been idle; the page has what it kept.
        await (await worker()).close();
        await shareAtOnce(app.page, `straight share ${n}`);
        assert.equal(await app.has("shared-text"), "straight share 0");
      }
      await says(app.page, "Too much was shared at once");
      for (let n = 0; n < 4; n += 1) {
        await eventually(`share ${n}`, async () => (await app.text("shared-text")) === `straight share ${n}`);
        await app.press("shared-discard");
      }
      await app.lacks("shared");
      await app.page.setBypassCSP(false);
      await app.page.reload();
      await app.online();
    });

    it("sends what the person shares to it, which no address and no server sees", async () => {
      await share(app.page, { title: "A title", text: "shared by the system", url: "https://example.org/a" });
      await app.press("shared-send");
      await cli.sees("shared by the system\nhttps://example.org/a");
      await says(app.page, "Sent what you shared");
      assert.equal(app.page.url(), `${front.url}/`);
      assert.ok(!front.asked.some((line) => line.includes("/share")));
      assert.equal(cli.watched.filter(({ text }) => text.startsWith("shared by")).length, 1);
    });
  });
});

/** Shares from the app's own page, as the system does it: no other page is between. */
async function shareAtOnce(/** @type {Page} */ page, text) {
  const arrived = page.waitForNavigation();
  await page.evaluate((text) => {
    const form = Object.assign(document.createElement("form"), { method: "post", enctype: "multipart/form-data", action: "/share" });
    const field = Object.assign(document.createElement("textarea"), { name: "text", value: text });
    form.append(field);
    document.body.append(form);
    form.submit();
  }, text);
  await arrived;
}
