// Copies that are made here: when the clipboard is read, and when it must not be.
// Where copies are not to be caught, the clipboard is not even read.
import { readClipboard } from "./platform/clipboard.js";

// A page's `copy` event comes before the clipboard holds the copy.
const SETTLE_MS = 60;
// Copies are taken one each two seconds on average, and up to ten at once.
const TURN_MS = 2_000;
const BURST = 10;
const WATCH_MS = 1_000;
// So much later at most, a page says that what is on the clipboard comes from there.
const LATE_MS = 150;

export class Catcher {
  /** How many copies were taken that were news. */
  taken = 0;
  #running;
  #on;
  /** Where something was copied that is not taken yet, and what will take it. */
  #tab;
  #timer;
  #turn = 0;
  #watches = false;
  /** Digest of what was on the clipboard when it was last looked at; none if that may be nobody's business. */
  #known;

  /** `running` gives the client; `on` is told in which tab a copy is taken or not, and of failures. */
  constructor(running, on) {
    this.#running = running;
    this.#on = on;
  }

  /** Something was copied in a tab. */
  async hint(tab) {
    const handle = await this.#running();
    if (!handle.catches(hostOf(tab))) {
      this.#tab = undefined;
      this.#known = undefined;
      if (handle.status().member) {
        this.#on.heard(tab, false);
      }
      return;
    }
    this.#on.heard(tab, true);
    // The clipboard holds what was copied last.
    this.#tab = tab;
    if (this.#timer === undefined) {
      // A page that copies without end must not flood the other devices; its last copy is still read.
      const now = Date.now();
      this.#turn = Math.max(this.#turn + TURN_MS, now - BURST * TURN_MS);
      this.#timer = setTimeout(() => this.#take(), SETTLE_MS + Math.max(0, this.#turn - now));
    }
  }

  /** Watches the clipboard, if the settings want that. */
  follow({ member, paused, watch }) {
    const watches = member && watch && !paused;
    if (watches && !this.#watches) {
      // What is there already is not news.
      this.#known = undefined;
      setTimeout(() => this.#watch(), 0);
    }
    this.#watches = watches;
  }

  /** Takes at once what was copied just now, before something else is put there. */
  async settle() {
    if (this.#tab) {
      await pause(SETTLE_MS);
      await this.#take();
    }
  }

  /** This is on the clipboard, and no news any more. */
  async know(content) {
    this.#known = await digestOf(content);
    return this.#known;
  }

  async #take() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const tab = this.#tab;
    this.#tab = undefined;
    try {
      const handle = await this.#running();
      if (tab && handle.catches(hostOf(tab))) {
        const content = await readClipboard();
        const before = this.#known;
        const isNews = (await this.know(content)) !== before;
        if (!isNews) {
          // Pages also tell of what was put there from here, and of one copy twice. That is nobody's turn.
          this.#turn -= TURN_MS;
        }
        this.#give(handle, content, isNews);
      }
    } catch (error) {
      this.#on.failed(error);
    }
  }

  async #watch() {
    while (this.#watches) {
      try {
        await this.#look();
      } catch (error) {
        this.#on.failed(error);
      }
      await pause(WATCH_MS);
    }
  }

  async #look() {
    const content = await readClipboard();
    const before = this.#known;
    const digest = await this.know(content);
    if (before !== undefined && before !== digest) {
      await pause(LATE_MS);
      const handle = await this.#running();
      if (this.#known === digest && handle.catches()) {
        this.#give(handle, content);
      }
    }
  }

  #give(handle, { text, html }, isNews = true) {
    if (text) {
      this.taken += Number(isNews);
      handle.localCopy(text, html);
    }
  }
}

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/** The site as the browser names it; none for what is no website's. */
export function hostOf(tab) {
  const url = URL.canParse(tab?.url) ? new URL(tab.url) : undefined;
  return (/^https?:$/.test(url?.protocol) && url.hostname) || undefined;
}

async function digestOf({ text }) {
  // Some systems end their lines in two characters.
  const bytes = new TextEncoder().encode(text.replaceAll("\r\n", "\n"));
  return String(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}
