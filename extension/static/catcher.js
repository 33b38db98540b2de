// Copies that are made here: when the clipboard is read, what on it is news, and what must not be sent.
// What is there is compared with what was there before, of which a keyed digest is kept, in memory only.

/** @import { Handle, Status } from "./hushclip_extension.js" */
/** @import { Content } from "./platform/clipboard.js" */
import { Looks } from "./looks.js";
import { readClipboard } from "./platform/clipboard.js";

// A page's `copy` event comes before the clipboard holds the copy.
const SETTLE_MS = 60;
// One event after the other puts reading off for so long at most.
const SETTLED_MS = 500;
// Copies are sent one each two seconds on average, and up to ten at once.
const TURN_MS = 2_000;
const BURST = 10;
const WATCH_MS = 1_000;
// So much later at most, a page says that what is on the clipboard comes from there.
const LATE_MS = 150;
// The same before something is put there in its place.
const BUSY_MS = 500;

/** @typedef {{ sites: string[], at: number, proved: boolean, sure: boolean, heard: number, only?: string[] }} Hint */
/** @typedef {{ heard(tab: chrome.tabs.Tab, taken: boolean): void, failed(error: unknown): void }} Told */

export class Catcher {
  /** How many copies the client was given that were news. */
  taken = 0;
  /** @type {() => Promise<Handle>} */
  #running;
  /** @type {Told} */
  #on;
  #looks = new Looks();
  /**
   * Where something was copied that was not read yet, since when, and whether the browser has said that it was.
   * @type {Hint | undefined}
   */
  #hint;
  /** @type {number | undefined} */
  #reading;
  /** Copies that are being read. @type {Promise<unknown> | undefined} */
  #taking;
  /** A copy whose turn has not come. @type {{ content: Content, sites: string[], sure: boolean } | undefined} */
  #held;
  #turn = 0;
  #watches = false;
  /** The look that is under way or was the last, and the one that waits for it. */
  #looked = Promise.resolve();
  /** @type {Promise<void> | undefined} */
  #next;
  /** How many copies were made that are nobody's business. */
  #refused = 0;

  /**
   * `running` gives the client; `on` is told in which tab a copy is taken or not, and of failures.
   * @param {() => Promise<Handle>} running
   * @param {Told} on
   */
  constructor(running, on) {
    this.#running = running;
    this.#on = on;
  }

  /**
   * Something was copied in a tab, at a time, on a page of these sites; `proved` if the browser says so, `sure` if
   * it was certainly that page; if it can only have been one of some texts, `only` those count.
   * @param {{ tab: chrome.tabs.Tab, sites: string[], at: number, proved?: boolean, sure?: boolean, only?: string[] }} copy
   */
  async hint({ tab, sites, at, proved = false, sure = false, only }) {
    const handle = await this.#running();
    await this.follow(handle.status());
    if (!handle.catches(sites)) {
      this.#drop();
      if (handle.status().member) {
        this.#on.heard(tab, false);
        // So that it is not taken for another page's later.
        setTimeout(() => this.look(), SETTLE_MS);
      }
      return;
    }
    this.#on.heard(tab, true);
    if (!this.#looks.since(at)) {
      return;
    }
    this.#hint = merged(this.#hint, { sites, at, proved, sure, heard: Date.now(), only });
    clearTimeout(this.#reading);
    const wait = Math.min(SETTLE_MS, this.#hint.heard + SETTLED_MS - Date.now());
    this.#reading = setTimeout(() => this.#take(), wait);
  }

  /**
   * Follows the settings. What is there when copies begin to count, or begin to again, is no news.
   * @param {Pick<Status, "member" | "paused" | "watch">} status
   */
  async follow({ member, paused, watch }) {
    const on = member && !paused;
    if (await this.#looks.begin(on)) {
      this.#drop();
      await this.look();
    }
    const watches = on && watch;
    if (watches && !this.#watches) {
      setTimeout(() => this.#watch(), 0);
    }
    this.#watches = watches;
  }

  /** A page was gone back to; what was copied elsewhere meanwhile is not that page's. */
  async back() {
    await this.follow((await this.#running()).status());
    await this.look();
  }

  /** Takes note of what is on the clipboard, and sends nothing. However often it is asked for, one look is under way
   * and one waits. */
  look() {
    const next = (this.#next ??= this.#looked.then(() => {
      [this.#looked, this.#next] = [next, undefined];
      return this.#look();
    }));
    return next;
  }

  async #look() {
    try {
      if (this.#looks.on) {
        await this.know(await readClipboard());
      }
    } catch (error) {
      this.#on.failed(error);
    }
  }

  /** Takes at once what was copied just now, before something else is put there. */
  async settle() {
    await this.#taking;
    if (!this.#hint && this.#looks.on && !(await this.#looks.isLast(await readClipboard()))) {
      // The page that has copied this may be about to say so.
      for (const end = Date.now() + BUSY_MS; !this.#hint && Date.now() < end;) {
        await pause(SETTLE_MS);
      }
    }
    if (this.#hint) {
      await pause(SETTLE_MS);
      this.#take();
    }
    await this.#taking;
    await this.#send();
  }

  /**
   * This is on the clipboard, and no news any more.
   * @param {Content} content
   */
  async know(content) {
    return this.#looks.add(content);
  }

  #take() {
    this.#taking = Promise.all([this.#taking, this.#read()]);
  }

  async #read() {
    clearTimeout(this.#reading);
    const hint = this.#hint;
    this.#hint = undefined;
    if (!hint) {
      return;
    }
    try {
      const handle = await this.#running();
      /** @type {Partial<Content>} */
      const { text, html } = handle.catches(hint.sites) ? await readClipboard({ html: handle.mostHtml }) : {};
      const before = this.#looks.before(hint.at);
      // Meanwhile it may have been paused.
      if (!text || !this.#looks.since(hint.at)) {
        return;
      }
      const isNews = (await this.know({ text, html })) !== before;
      if (hint.only?.includes(text) === false) {
        return;
      }
      if (isNews && (hint.proved || before !== undefined)) {
        this.#hold({ text, html }, hint.sites, hint.sure);
      } else if (hint.sure) {
        // What was put there from here, or the same once more: the client knows. What was only looked at it does
        // not know, and that is sent if this page has certainly copied it.
        handle.localCopy(text, html, hint.sure);
      }
    } catch (error) {
      this.#on.failed(error);
    }
  }

  /**
   * A page that copies without end must not flood the other devices; its last copy is still sent.
   * @param {Content} content
   * @param {string[]} sites
   * @param {boolean} sure
   */
  #hold(content, sites, sure) {
    if (!this.#held) {
      const now = Date.now();
      this.#turn = Math.max(this.#turn + TURN_MS, now - BURST * TURN_MS);
      setTimeout(() => this.#send(), Math.max(0, this.#turn - now));
    }
    this.#held = { content, sites, sure };
  }

  async #send() {
    const held = this.#held;
    this.#held = undefined;
    const handle = await this.#running();
    if (held && handle.catches(held.sites)) {
      this.taken += 1;
      handle.copied(held.content.text, held.content.html, held.sure);
    }
  }

  #drop() {
    this.#refused += 1;
    clearTimeout(this.#reading);
    this.#hint = undefined;
    this.#held = undefined;
  }

  async #watch() {
    await this.look();
    while (this.#watches) {
      await pause(WATCH_MS);
      try {
        await this.#find();
      } catch (error) {
        this.#on.failed(error);
      }
    }
  }

  async #find() {
    if (!this.#watches) {
      return;
    }
    const refused = this.#refused;
    const handle = await this.#running();
    const content = await readClipboard({ html: handle.mostHtml });
    const before = this.#looks.last;
    if ((await this.know(content)) !== before && content.text) {
      await pause(LATE_MS);
      if (this.#refused === refused && this.#watches && handle.catches(undefined)) {
        this.taken += 1;
        handle.copied(content.text, content.html, false);
      }
    }
  }
}

/**
 * What two hints come to before the clipboard is read, which holds what was copied last. A frame and the pages around it
 * may tell of the same copy, and not all of them know what it can have been.
 * @param {Hint | undefined} one
 * @param {Hint} other
 * @returns {Hint}
 */
function merged(one, other) {
  if (!one) {
    return other;
  }
  return {
    sites: other.sites,
    at: Math.min(one.at, other.at),
    proved: one.proved || other.proved,
    sure: one.sure || other.sure,
    heard: one.heard,
    only: one.only && other.only && [...one.only, ...other.only],
  };
}

/**
 * @param {number} ms
 * @returns {Promise<void>}
 */
function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/**
 * The site as the browser names it; none for what is no website's.
 * @param {string | undefined} address
 */
export function hostOf(address) {
  const url = address !== undefined && URL.canParse(address) ? new URL(address) : undefined;
  return (url && /^https?:$/.test(url.protocol) && url.hostname) || undefined;
}

/**
 * The sites that a page belongs to: its own, that of its tab, and those of the frames between. A window without an
 * address has its own in its origin, a frame in a sandbox in its address. One that has it in neither may have been made by
 * any, and a frame between that has no origin may be any's: nobody knows its sites.
 * @param {{ tab?: chrome.tabs.Tab, origin?: string, url?: string }} page
 * @param {string[]} [around]
 */
export function sitesOf({ tab, origin, url }, around) {
  const own = [origin, url].map(hostOf).filter(Boolean);
  // The last is the page's, whose site is the tab's.
  const between = around?.slice(0, -1);
  if (own.length === 0 || !between || between.includes("null")) {
    return [];
  }
  return [...new Set([...own, ...between.map(hostOf), hostOf(tab?.url)])].filter(Boolean);
}
