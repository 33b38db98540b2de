// Browsers as devices, each with a profile and, being headless, a clipboard of its own.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import puppeteer from "puppeteer-core";

import { folder, Process, ROOT } from "./process.mjs";
import { Screen } from "./screen.mjs";
import { eventually, LIMIT_MS, within } from "./wait.mjs";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const CHROME_ID = /^chrome-extension:\/\/([a-p]{32})\//;
const FIREFOX_UUID = "5d2bd9a4-46f1-4c5c-9a3c-3f1d2f7f6a01";
const FIREFOX_ID = "hushclip@hushclip.app";
const PAGE = `<!doctype html><title>A page</title><p id="source"></p><textarea id="sink"></textarea><button id="button">Copy</button>`;

/** A site to copy from and paste into; its own server, so that no part of Hushclip serves it. */
let site;
async function sitePage() {
  if (!site) {
    const server = createServer((_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    server.unref();
    site = `http://127.0.0.1:${server.address().port}/`;
  }
  return site;
}

export class Browser {
  /** Chromium; with `extension`, Hushclip is in it from the start. */
  static async chromium(name, { extension = false, flags = [], launch = {} } = {}) {
    const browser = new Browser(name);
    browser.profile = folder(`chromium-${name}`);
    browser.inner = await puppeteer.launch({
      executablePath: CHROMIUM,
      pipe: true,
      userDataDir: browser.profile,
      enableExtensions: extension ? [path.join(ROOT, "dist/chrome")] : false,
      defaultViewport: { width: 420, height: 760 },
      args: [...CHROMIUM_FLAGS, ...flags],
      ...launch,
    });
    if (extension) {
      const worker = await browser.inner.waitForTarget((target) => CHROME_ID.test(target.url()), { timeout: LIMIT_MS });
      browser.base = `chrome-extension://${CHROME_ID.exec(worker.url())[1]}/`;
    }
    return browser;
  }

  /** Firefox, with Hushclip in it unless `extension` says otherwise. */
  static async firefox(name, { extension = true, prefs = {}, ...options } = {}) {
    const browser = new Browser(name);
    browser.inner = await puppeteer.launch({
      browser: "firefox",
      executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
      headless: true,
      defaultViewport: { width: 420, height: 760 },
      args: ["--remote-allow-system-access"],
      ...options,
      extraPrefsFirefox: {
        "extensions.webextensions.uuids": JSON.stringify({ [FIREFOX_ID]: FIREFOX_UUID }),
        "app.update.enabled": false,
        ...prefs,
      },
    });
    if (extension) {
      await browser.inner.installExtension(path.join(ROOT, "dist/firefox"));
      browser.base = `moz-extension://${FIREFOX_UUID}/`;
    }
    return browser;
  }

  constructor(name) {
    this.name = name;
    this.pages = new Map();
  }

  async open(url) {
    const page = await this.inner.newPage();
    page.setDefaultTimeout(LIMIT_MS);
    if (url.startsWith("moz-extension:")) {
      // In Firefox, this navigation happens but is never reported as done.
      page.goto(url).catch(() => {});
      await eventually(`${url} in ${this.name}`, () => page.evaluate(() => document.querySelector("#app *") !== null));
    } else {
      await page.goto(url);
    }
    return page;
  }

  /** The extension's popup, in a tab. */
  async popup() {
    this.screen ??= new Screen(this.name, await this.open(`${this.base}popup.html`));
    return this.screen;
  }

  /** The web app. */
  async webApp(url) {
    this.screen ??= new Screen(this.name, await this.open(url));
    return this.screen;
  }

  async site() {
    this.sitePage ??= await this.open(await sitePage());
    await this.sitePage.bringToFront();
    return this.sitePage;
  }

  /** Selects text in a page and copies it with the keyboard. */
  async copy(text) {
    await this.#copy("textContent", text);
  }

  async copyHtml(html) {
    await this.#copy("innerHTML", html);
  }

  async #copy(property, content) {
    const page = await this.site();
    await page.evaluate((property, content) => {
      document.activeElement?.blur();
      const source = document.getElementById("source");
      source[property] = content;
      getSelection().selectAllChildren(source);
    }, property, content);
    await chord(page, "c");
  }

  /** Copies in a page that itself says what goes on the clipboard. */
  async copyExactly(text, html) {
    const page = await this.site();
    await page.evaluate((text, html) => {
      document.activeElement?.blur();
      const source = document.getElementById("source");
      source.textContent = "anything";
      getSelection().selectAllChildren(source);
      const set = (event) => {
        event.preventDefault();
        event.clipboardData.setData("text/plain", text);
        if (html) {
          event.clipboardData.setData("text/html", html);
        }
      };
      addEventListener("copy", set, { once: true });
    }, text, html);
    await chord(page, "c");
  }

  /** Presses a button whose script puts a text on the clipboard. */
  async pressCopyButton(text) {
    const page = await this.site();
    await page.evaluate((text) => {
      document.getElementById("button").onclick = () => navigator.clipboard.writeText(text);
    }, text);
    await page.click("#button");
  }

  /** What the keyboard pastes into a page. */
  async paste() {
    const page = await this.site();
    await page.evaluate(() => {
      const sink = document.getElementById("sink");
      sink.value = "";
      sink.focus();
    });
    await chord(page, "v");
    await sleep(20);
    return page.evaluate(() => document.getElementById("sink").value);
  }

  async pasteHtml() {
    const page = await this.site();
    await page.evaluate(() => {
      const keep = (event) => (globalThis.pasted = event.clipboardData.getData("text/html"));
      addEventListener("paste", keep, { once: true });
    });
    await this.paste();
    return page.evaluate(() => globalThis.pasted);
  }

  async pastes(text) {
    await eventually(`"${text}" on ${this.name}'s clipboard`, async () => (await this.paste()) === text);
  }

  /** Ends the extension's service worker, as Chromium does when it is idle. */
  async endBackground() {
    const target = this.inner.targets().find((target) => target.type() === "service_worker");
    const worker = await target.worker();
    await worker.close();
  }

  /** Starts Chromium again with the same profile and nothing attached that could keep it awake. */
  async restartAlone() {
    await this.inner.close();
    this.inner = undefined;
    this.alone = new Process(CHROMIUM, [
      ...CHROMIUM_FLAGS,
      "--headless=new",
      "--disable-features=DisableLoadExtensionCommandLineSwitch",
      `--load-extension=${path.join(ROOT, "dist/chrome")}`,
      `--user-data-dir=${this.profile}`,
      "about:blank",
    ]);
  }

  async close() {
    await this.inner?.close();
    await this.alone?.kill("SIGTERM");
  }

  /** Pictures of all tabs, for whoever looks into a failure. */
  async photograph(test) {
    const dir = path.join(ROOT, "target/e2e");
    mkdirSync(dir, { recursive: true });
    const pages = await this.inner.pages();
    for (const [number, page] of pages.entries()) {
      const file = `${test}-${this.name}-${number}`.replaceAll(/[^\w-]+/g, "_");
      // A tab that is not in front is never drawn.
      await page.bringToFront().catch(() => {});
      const shot = page.screenshot({ path: path.join(dir, `${file}.png`) });
      await within("a picture", shot, 3_000).catch(() => {});
    }
  }
}

async function chord(page, key) {
  await page.keyboard.down("Control");
  await page.keyboard.press(key);
  await page.keyboard.up("Control");
}

assert.ok(Number(process.versions.node.split(".")[0]) >= 22, "these tests need node 22 or newer");
