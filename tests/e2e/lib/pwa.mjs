// The web app as an app: its worker, its window, and other sites that share to it.
import { createServer } from "node:http";

import { listen } from "./process.mjs";
import { Screen } from "./screen.mjs";
import { eventually } from "./wait.mjs";

/** @import { Browser } from "./browser.mjs" */

/** The worker keeps a whole build. */
export const kept = (/** @type {Screen} */ screen) =>
  eventually(`a service worker in ${screen.name}`, () =>
    screen.page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.state === "activated"),
  );

/** @import { Page } from "puppeteer-core" */

/**
 * Says something to the worker of the page, and gives its answer.
 * @param {Page} page
 * @param {unknown} what
 * @returns {Promise<any>}
 */
export const askWorker = (page, what) =>
  page.evaluate((what) => {
    const { port1, port2 } = new MessageChannel();
    navigator.serviceWorker.controller.postMessage(what, [port2]);
    return new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
  }, what);

export const says = (/** @type {Page} */ page, /** @type {string} */ words) =>
  eventually(`"${words}"`, () => page.evaluate((words) => document.body.innerText.includes(words), words));

/**
 * Installs the app for real: its window, which the system opens, takes the place of the tab. `launch` opens an address
 * of the app as the system would.
 * @param {import("./browser.mjs").Browser} browser
 * @param {Screen} screen
 * @param {string} app
 */
export async function installed(browser, screen, app) {
  const { name, page: tab } = screen;
  const debug = await tab.createCDPSession();
  const system = await browser.inner.target().createCDPSession();
  const id = { manifestId: `${app}/` };
  await debug.send("PWA.install", { ...id, installUrlOrBundleUrl: `${app}/` });
  await system.send("PWA.changeAppUserSettings", { ...id, displayMode: "standalone" });
  const launch = (/** @type {string} */ url) => system.send("PWA.launch", { ...id, url });
  await launch(`${app}/`);
  const own = async (/** @type {Page} */ page) => page.url().startsWith(app) && page.evaluate(() => matchMedia("(display-mode: standalone)").matches);
  const opened = await eventually("the app's own window", async () => {
    for (const page of await browser.inner.pages()) {
      if (await own(page)) {
        return page;
      }
    }
  });
  await tab.close();
  browser.screen = new Screen(name, opened);
  await browser.screen.online();
  return { screen: browser.screen, launch };
}

/** @typedef {Awaited<ReturnType<typeof sharer>>} Share */

/**
 * Another site, with a form that shares to the app, as the system does it. It may say nothing of where it is from.
 * @param {string} app
 */
export async function sharer(app) {
  const fields = ["title", "text", "url"].map((name) => `<textarea name="${name}"></textarea>`).join("");
  const form = `<form method="post" enctype="multipart/form-data" action="${app}/share">${fields}</form>`;
  const server = createServer(({ url }, answer) => {
    const headers = { "content-type": "text/html", "referrer-policy": url === "/quiet" ? "no-referrer" : "unsafe-url" };
    answer.writeHead(200, headers).end(form);
  });
  // The app is at a number: this is another site, not only another origin.
  const url = `http://localhost:${await listen(server)}/`;
  server.unref();
  return async (/** @type {Page} */ page, /** @type {Record<string, string>} */ shared, { quiet = false } = {}) => {
    await page.goto(quiet ? `${url}quiet` : url);
    const arrived = page.waitForNavigation();
    await page.evaluate((shared) => {
      const [form] = document.forms;
      Object.entries(shared).forEach(([name, value]) => (/** @type {HTMLTextAreaElement} */ (form.elements.namedItem(name)).value = value));
      form.submit();
    }, shared);
    await arrived;
  };
}
