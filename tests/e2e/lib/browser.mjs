// Browsers as devices, each with a profile and, being headless, a clipboard of its own.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import puppeteer from "puppeteer-core";

import { folder, listen, Process, ROOT } from "./process.mjs";
import { Screen } from "./screen.mjs";
import { eventually, LIMIT_MS, within } from "./wait.mjs";

/** People look at a page for so long at least after they have copied. Chromium tells no page that was left at once. */
const STAY_MS = 300;

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // The sentences that tests look for, whoever runs them. A later one of these counts instead.
  "--accept-lang=en-GB",
];
const CHROME_ID = /^chrome-extension:\/\/([a-p]{32})\//;
const FIREFOX_UUID = "5d2bd9a4-46f1-4c5c-9a3c-3f1d2f7f6a01";
const FIREFOX_ID = "hushclip@hushclip.app";
const PAGE = `<!doctype html><title>A page</title><p id="source"></p><textarea id="sink"></textarea><button id="button">Copy</button>`;

/** A site to copy from and paste into; its own server, so that no part of Hushclip serves it. @type {string} */
let site;
async function sitePage() {
  if (!site) {
    const server = createServer((_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
    });
    site = `http://127.0.0.1:${await listen(server)}/`;
    server.unref();
  }
  return site;
}

/** @import { LaunchOptions, Page } from "puppeteer-core" */

export class Browser {
  /** @type {import("puppeteer-core").Browser} */
  inner;
  /** Where its profile is, if it is kept. @type {string} */
  profile;
  /** How the addresses of the extension's pages begin. @type {string} */
  base;
  /** Starts Firefox. @type {() => Promise<import("puppeteer-core").Browser>} */
  launch;
  /** Chromium that nothing is attached to. @type {Process} */
  alone;
  /** The popup or the web app. @type {Screen} */
  screen;
  /** The site's page, and one of another site. @type {Page} */
  sitePage;
  /** @type {Page} */
  otherPage;
  /** What a person does with the extension outside of its own screens. @type {import("./extension.mjs").Extension} */
  extension;

  /**
   * Chromium; with `extension`, Hushclip is in it from the start, or the extension in the folder that it names.
   * @param {string} name
   * @param {{ extension?: boolean | string, flags?: string[], launch?: LaunchOptions }} [options]
   */
  static async chromium(name, { extension = false, flags = [], launch = {} } = {}) {
    const browser = new Browser(name);
    browser.profile = folder(`chromium-${name}`);
    browser.inner = await puppeteer.launch({
      executablePath: CHROMIUM,
      pipe: true,
      userDataDir: browser.profile,
      enableExtensions: extension ? [extension === true ? path.join(ROOT, "dist/chrome") : extension] : false,
      defaultViewport: { width: 420, height: 760 },
      args: [...CHROMIUM_FLAGS, ...flags],
      ...launch,
    });
    if (extension) {
      const worker = await browser.inner.waitForTarget((target) => CHROME_ID.test(target.url()), { timeout: LIMIT_MS });
      browser.base = `chrome-extension://${CHROME_ID.exec(worker.url())[1]}/`;
      await browser.#closeFirstPage(extension);
    }
    return browser;
  }

  /**
   * Firefox, with Hushclip in it unless `extension` says otherwise; for good, with a profile, if it `keeps` it.
   * @param {string} name
   * @param {{ extension?: boolean | string, keeps?: boolean, prefs?: Record<string, unknown> } & LaunchOptions} [options]
   */
  static async firefox(name, { extension = true, keeps = false, prefs = {}, ...options } = {}) {
    const browser = new Browser(name);
    if (keeps) {
      browser.profile = folder(`firefox-${name}`);
      mkdirSync(path.join(browser.profile, "extensions"));
      writeFileSync(path.join(browser.profile, "extensions", FIREFOX_ID), path.join(ROOT, "dist/firefox"));
    }
    browser.launch = () => puppeteer.launch({
      browser: "firefox",
      executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
      headless: true,
      defaultViewport: { width: 420, height: 760 },
      args: ["--remote-allow-system-access"],
      userDataDir: browser.profile,
      ...options,
      extraPrefsFirefox: {
        "extensions.webextensions.uuids": JSON.stringify({ [FIREFOX_ID]: FIREFOX_UUID }),
        // For an extension that comes with the profile, and is not signed.
        "extensions.autoDisableScopes": 0,
        "xpinstall.signatures.required": false,
        "app.update.enabled": false,
        "intl.accept_languages": "en-GB",
        ...prefs,
      },
    });
    browser.inner = await browser.launch();
    if (extension) {
      if (!keeps) {
        await browser.inner.installExtension(extension === true ? path.join(ROOT, "dist/firefox") : extension);
      }
      browser.base = `moz-extension://${FIREFOX_UUID}/`;
      await browser.#closeFirstPage(extension);
    }
    return browser;
  }

  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  /** @param {string} url */
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

  /** The page that comes when the extension is installed would sooner or later be in front of another. */
  async #closeFirstPage(/** @type {boolean | string} */ extension) {
    if (extension !== true) {
      return;
    }
    const ours = async () => (await this.inner.pages()).find((page) => page.url().startsWith(this.base));
    const page = await eventually(`the first page of ${this.name}`, ours);
    await page.close();
  }

  /** The extension's popup, in a tab. */
  async popup() {
    this.screen ??= new Screen(this.name, await this.open(`${this.base}popup.html`));
    return this.screen;
  }

  /**
   * The web app.
   * @param {string} url
   */
  async webApp(url) {
    this.screen ??= new Screen(this.name, await this.open(url));
    return this.screen;
  }

  /** The site's page; at first it may be asked for under another `host`. */
  async site(host = "127.0.0.1") {
    this.sitePage ??= await this.open((await sitePage()).replace("127.0.0.1", host));
    await this.sitePage.bringToFront();
    return this.sitePage;
  }

  /**
   * Selects text in a page and copies it with the keyboard.
   * @param {string} text
   */
  async copy(text) {
    await this.#copy("textContent", text);
  }

  /** @param {string} html */
  async copyHtml(html) {
    await this.#copy("innerHTML", html);
  }

  /**
   * @param {"textContent" | "innerHTML"} property
   * @param {string} content
   */
  async #copy(property, content) {
    const page = await this.site();
    await page.evaluate((property, content) => {
      /** @type {HTMLElement} */ (document.activeElement)?.blur();
      const source = document.getElementById("source");
      source[property] = content;
      getSelection().selectAllChildren(source);
    }, property, content);
    await chord(page, "c");
    await sleep(STAY_MS);
  }

  /**
   * Copies in a page that itself says what goes on the clipboard.
   * @param {string} text
   * @param {string} [html]
   */
  async copyExactly(text, html) {
    const page = await this.site();
    await page.evaluate((text, html) => {
      /** @type {HTMLElement} */ (document.activeElement)?.blur();
      const source = document.getElementById("source");
      source.textContent = "anything";
      getSelection().selectAllChildren(source);
      const set = (/** @type {ClipboardEvent} */ event) => {
        event.preventDefault();
        event.clipboardData.setData("text/plain", text);
        if (html) {
          event.clipboardData.setData("text/html", html);
        }
      };
      addEventListener("copy", set, { once: true });
    }, text, html);
    await chord(page, "c");
    await sleep(STAY_MS);
  }

  /**
   * Presses a button whose script puts a text on the clipboard.
   * @param {string} text
   */
  async pressCopyButton(text) {
    const page = await this.site();
    await page.evaluate((text) => {
      document.getElementById("button").onclick = () => navigator.clipboard.writeText(text);
    }, text);
    await page.click("#button");
    await sleep(STAY_MS);
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
      const keep = (/** @type {ClipboardEvent} */ event) => (globalThis.pasted = event.clipboardData.getData("text/html"));
      addEventListener("paste", keep, { once: true });
    });
    await this.paste();
    return page.evaluate(() => globalThis.pasted);
  }

  /** @param {string} text */
  async pastes(text) {
    await eventually(`"${text}" on ${this.name}'s clipboard`, async () => (await this.paste()) === text);
  }

  /** Ends the extension's background, as browsers do when it is idle. */
  async endBackground() {
    if (this.launch) {
      return this.inFirefox(`WebExtensionPolicy.getByID("${FIREFOX_ID}").extension.terminateBackground()`);
    }
    if (this.alone) {
      // Without being attached to anything.
      const [, host] = await this.alone.match(/DevTools listening on ws:\/\/([^/]+)/, "where it listens");
      const targets = await (await fetch(`http://${host}/json/list`)).json();
      const worker = targets.find(({ type, url }) => type === "service_worker" && CHROME_ID.test(url));
      await fetch(`http://${host}/json/close/${worker.id}`);
      return;
    }
    const target = this.inner.targets().find((target) => target.type() === "service_worker");
    const worker = await target.worker();
    await worker.close();
  }

  /**
   * Firefox's own protocol.
   * @param {string} method
   * @param {object} params
   * @returns {Promise<any>}
   */
  async askFirefox(method, params) {
    // @ts-expect-error Puppeteer shows nobody its line to Firefox, and says less over it than Firefox understands.
    return this.inner.connection.send(method, params);
  }

  /**
   * Evaluates in Firefox's own window.
   * @param {string} expression
   * @returns {Promise<any>}
   */
  async inFirefox(expression) {
    const { result } = await this.askFirefox("browsingContext.getTree", { "moz:scope": "chrome" });
    const target = { context: result.contexts[0].context };
    const answer = await this.askFirefox("script.evaluate", { target, expression, awaitPromise: true });
    assert.equal(answer.result.type, "success", JSON.stringify(answer.result));
    return answer.result.result.value;
  }

  /** Starts it again with the same profile and nothing attached that could keep the extension awake. */
  async restartAlone() {
    await this.inner.close();
    if (this.launch) {
      this.inner = await this.launch();
      return;
    }
    this.inner = undefined;
    this.alone = new Process(CHROMIUM, [
      ...CHROMIUM_FLAGS,
      "--headless=new",
      "--disable-features=DisableLoadExtensionCommandLineSwitch",
      `--load-extension=${path.join(ROOT, "dist/chrome")}`,
      `--user-data-dir=${this.profile}`,
      "--remote-debugging-port=0",
      "about:blank",
    ]);
  }

  /** All its processes stand still, as when the machine sleeps. */
  sleep() {
    this.#signal("SIGSTOP");
  }

  wakeUp() {
    this.#signal("SIGCONT");
  }

  /** @param {NodeJS.Signals} name */
  #signal(name) {
    const all = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" });
    const parents = all.trim().split("\n").map((line) => line.trim().split(/\s+/).map(Number));
    const family = [(this.alone?.child ?? this.inner.process()).pid];
    for (const member of family) {
      family.push(...parents.filter(([, parent]) => parent === member).map(([pid]) => pid));
    }
    family.forEach((pid) => process.kill(pid, name));
  }

  async close() {
    await this.inner?.close();
    await this.alone?.kill("SIGTERM");
  }

  /**
   * Pictures of all tabs, for whoever looks into a failure.
   * @param {string} test
   */
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

/**
 * Ctrl and a key.
 * @param {Page} page
 * @param {import("puppeteer-core").KeyInput} key
 */
export async function chord(page, key) {
  await page.keyboard.down("Control");
  await page.keyboard.press(key);
  await page.keyboard.up("Control");
}

assert.ok(Number(process.versions.node.split(".")[0]) >= 22, "these tests need node 22 or newer");
