// What a person does with the extension outside of its own screens: its menus, its keys, its settings.
// Firefox's menus are the real ones; Chromium lets nobody reach its own, so there the events are
// made up that a choice in them causes.
import { setTimeout as sleep } from "node:timers/promises";

import { eventually } from "./wait.mjs";

/** @import { Target } from "puppeteer-core" */
/** @import { Browser } from "./browser.mjs" */

const WIDGET = "hushclip_hushclip_app";

export class Extension {
  /** The name of the command asked last; screens draw theirs from far above. */
  #asked = 1000;

  /** Whether the menu says that everything is paused. @type {boolean} */
  ticked;

  /** @param {Browser} browser */
  constructor(browser) {
    this.browser = browser;
    this.isFirefox = browser.base.startsWith("moz-");
  }

  /**
   * Chooses from the menu that belongs to an element of the page.
   * @param {string} selector
   * @param {string} item
   */
  async chooseOn(selector, item) {
    const page = await this.browser.site();
    if (this.isFirefox) {
      await page.click(selector, { button: "right" });
      return this.#chooseInFirefox("contentAreaContextMenu", item);
    }
    const info = await page.$eval(selector, (/** @type {HTMLAnchorElement & HTMLImageElement} */ element) => ({
      linkUrl: element.href,
      srcUrl: element.src,
      pageUrl: location.href,
      selectionText: String(getSelection()),
    }));
    await this.#dispatch("contextMenus.onClicked", { ...info, menuItemId: item }, { url: page.url() });
  }

  /**
   * Chooses from the menu of the toolbar button, while the site's page is in front.
   * @param {string} item
   */
  async chooseOnButton(item) {
    const page = await this.browser.site();
    if (this.isFirefox) {
      await this.browser.inFirefox(`(async () => {
        CustomizableUI.addWidgetToArea("${WIDGET}-browser-action", "nav-bar");
        await new Promise((done) => setTimeout(done, 300));
        const button = document.getElementById("${WIDGET}-BAP");
        const { x: clientX, y: clientY } = button.getBoundingClientRect();
        button.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, button: 2, clientX, clientY }));
      })()`);
      return this.#chooseInFirefox("toolbar-context-menu", item);
    }
    const checked = item === "pause" ? !(this.ticked ?? false) : undefined;
    this.ticked = checked ?? this.ticked;
    const tab = await this.#tab(page.url());
    await this.#dispatch("contextMenus.onClicked", { menuItemId: item, checked }, tab);
  }

  /** Presses the keys of the command that sends what is on the clipboard. */
  async pressSend() {
    await this.browser.site();
    if (!this.isFirefox) {
      return this.#dispatch("commands.onCommand", "send-clipboard");
    }
    // Keys that tests press never get as far as the window.
    await this.browser.inFirefox(`document.querySelector('keyset[id^="ext-keyset"] key[key="S"]').doCommand()`);
  }

  /**
   * Another program puts a text on the clipboard.
   * @param {string} text
   */
  async copyElsewhere(text) {
    if (this.isFirefox) {
      const { page } = await this.browser.popup();
      return page.evaluate(async (text) => {
        const { navigator } = await browser.runtime.getBackgroundPage();
        await navigator.clipboard.writeText(text);
      }, text);
    }
    const worker = await this.#worker();
    await worker.evaluate((text) => chrome.runtime.sendMessage({ to: "offscreen", do: "write", text }), text);
  }

  /**
   * The mark on the toolbar button.
   * @param {string} mark
   */
  async shows(mark) {
    const { page } = await this.browser.popup();
    const text = () => page.evaluate(() => chrome.action.getBadgeText({}));
    await eventually(`"${mark}" on ${this.browser.name}'s button`, async () => (await text()) === mark);
    return page.evaluate(() => chrome.action.getTitle({}));
  }

  /**
   * The marks that the toolbar button shows while something is done, and for some time after.
   * @param {() => unknown} act
   */
  async marksOf(act) {
    const { page } = await this.browser.popup();
    const marks = new Set();
    const acted = act();
    for (const end = Date.now() + 3_000; Date.now() < end; await sleep(50)) {
      marks.add(await page.evaluate(() => chrome.action.getBadgeText({})));
    }
    await acted;
    return [...marks];
  }

  /**
   * Says something to the background as a popup does; gives the picture as it is then.
   * @param {object} [message]
   * @returns {Promise<any>}
   */
  async say(message) {
    const { page } = await this.browser.popup();
    return page.evaluate(async (message) => {
      const port = chrome.runtime.connect({ name: "popup" });
      let heard;
      const view = () => new Promise((resolve) => (heard = resolve));
      port.onMessage.addListener((text) => {
        const { view } = JSON.parse(text);
        if (view) {
          heard?.(view);
        }
      });
      let picture = await view();
      if (message) {
        const next = view();
        port.postMessage(JSON.stringify(message));
        const late = new Promise((resolve) => setTimeout(resolve, 1_000));
        picture = (await Promise.race([next, late])) ?? picture;
      }
      port.disconnect();
      return picture;
    }, message);
  }

  /**
   * Waits until a clip is in the list, and gives it.
   * @param {string} text
   */
  async lists(text) {
    const find = async () => (await this.say()).clips.find((/** @type {{ text: string }} */ clip) => clip.text === text);
    return eventually(`"${text}" in the list of ${this.browser.name}`, find);
  }

  /**
   * All of a clip that is in the list.
   * @param {string} text
   * @returns {Promise<{ text: string, html: string | null }>}
   */
  async content(text) {
    const { id: clip } = await this.lists(text);
    const { page } = await this.browser.popup();
    this.#asked += 1;
    const ask = { id: this.#asked, ask: { read: { clip } } };
    return page.evaluate(async (ask) => {
      const port = chrome.runtime.connect({ name: "popup" });
      const answered = new Promise((resolve) => {
        port.onMessage.addListener((text) => {
          const { answer } = JSON.parse(text);
          if (answer?.id === ask.id) {
            resolve(answer.outcome);
          }
        });
      });
      port.postMessage(JSON.stringify({ ask }));
      const outcome = await answered;
      port.disconnect();
      return outcome.content.content;
    }, ask);
  }

  /** @param {string} name */
  async command(name, fields = null) {
    this.#asked += 1;
    return this.say({ ask: { id: this.#asked, ask: { command: { [name]: fields } } } });
  }

  /**
   * Changes what was chosen for this device.
   * @param {{ paused_sites?: string[], [setting: string]: unknown }} change
   */
  async choose(change) {
    const { paused_sites: sites, ...rest } = change;
    const { settings } = await this.say();
    /** @type {string[]} */
    const paused = settings.paused_sites;
    const pause_sites = sites?.filter((site) => !paused.includes(site)) ?? [];
    const resume_sites = sites ? paused.filter((site) => !sites.includes(site)) : [];
    return this.command("set_settings", { change: { ...rest, pause_sites, resume_sites } });
  }

  /**
   * @param {string} menu
   * @param {string} item
   */
  async #chooseInFirefox(menu, item) {
    const open = () => this.browser.inFirefox(`document.getElementById("${menu}").state === "open"`);
    await eventually(`${menu} in Firefox`, open);
    await this.browser.inFirefox(`(() => {
      const menu = document.getElementById("${menu}");
      menu.activateItem(document.getElementById("${WIDGET}-menuitem-_${item}"));
    })()`);
    await eventually(`the end of ${menu}`, async () => !(await open()));
  }

  async #worker() {
    const isOurs = (/** @type {Target} */ target) => target.type() === "service_worker" && target.url().startsWith(this.browser.base);
    return (await this.browser.inner.waitForTarget(isOurs)).worker();
  }

  /**
   * @param {string} event
   * @param {unknown[]} args
   */
  async #dispatch(event, ...args) {
    const worker = await this.#worker();
    await worker.evaluate((event, args) => {
      const [area, name] = event.split(".");
      chrome[area][name].dispatch(...args);
    }, event, args);
    await sleep(50);
  }

  /** The tab in front, with the address that the browser shows an extension whose menu was used. */
  /** @param {string} url */
  async #tab(url) {
    const worker = await this.#worker();
    const [{ id }] = await worker.evaluate(() => chrome.tabs.query({ active: true }));
    return { id, url };
  }
}
