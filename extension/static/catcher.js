// Copies that are made here: when the clipboard is looked at, and what of it is news.
// Where copies are not to be caught, the clipboard is not even read.
import { readClipboard } from "./platform/clipboard.js";

const { storage } = chrome;

// A page's `copy` event comes before the clipboard holds the copy.
const SETTLE_MS = 60;
// Copies are taken one each two seconds on average, and up to ten at once.
const TURN_MS = 2_000;
const BURST = 10;
const WATCH_MS = 1_000;
const MISSED = "missed";

export class Catcher {
  #running;
  #on;
  #hint;
  #waits = false;
  #turn = 0;
  #watch;
  /** Digest of what was on the clipboard when it was last looked at. */
  #seen;
  /** Whether there was a copy that was not to be caught: what is on the clipboard now may be that one. */
  #missed;

  /** `running` gives the client; `on` is told of tabs whose copies were refused, and of failures. */
  constructor(running, on) {
    this.#running = running;
    this.#on = on;
    // The process may have been ended and started again since.
    this.#missed = storage.session.get(MISSED).then((kept) => kept[MISSED] === true);
  }

  /** A page says `copied`, or that the clipboard has `changed`, perhaps by another program. */
  async hint(word, tab) {
    const handle = await this.#running();
    if (!handle.catches(hostOf(tab))) {
      this.#hint = undefined;
      await this.#miss(true);
      if (handle.status().member) {
        this.#on.refused(tab);
      }
      return;
    }
    const before = this.#hint?.tab.id === tab.id && this.#hint.sure;
    // The clipboard holds what was copied last.
    this.#hint = { tab, sure: before || word === "copied" };
    if (!this.#waits) {
      // A page that copies without end must not flood the other devices; its last copy is still read.
      const now = Date.now();
      this.#turn = Math.max(this.#turn + TURN_MS, now - BURST * TURN_MS);
      this.#waits = true;
      setTimeout(() => this.#take(), SETTLE_MS + Math.max(0, this.#turn - now));
    }
  }

  /** Does what the settings ask for: watches, and leaves alone what is copied while it is not to be caught. */
  follow({ member, paused, watch }) {
    const catches = member && !paused;
    if (!catches) {
      this.#miss(true);
    }
    if (!catches || !watch) {
      clearInterval(this.#watch);
      this.#watch = undefined;
    } else if (this.#watch === undefined) {
      // What is there already is not news.
      this.#miss(true);
      this.#watch = setInterval(() => this.#look(undefined, false), WATCH_MS);
    }
  }

  async #take() {
    this.#waits = false;
    const hint = this.#hint;
    this.#hint = undefined;
    if (hint) {
      await this.#look(hint.tab, hint.sure);
    }
  }

  async #look(tab, sure) {
    try {
      const handle = await this.#running();
      if (!handle.catches(hostOf(tab))) {
        return this.#miss(true);
      }
      const content = await readClipboard();
      const digest = await digestOf(content);
      // A `copy` event is certainly about this page; anything else has to be news.
      const news = sure || !((await this.#missed) || digest === this.#seen);
      this.#seen = digest;
      await this.#miss(false);
      if (news && content.text) {
        handle.localCopy(content.text, content.html);
      }
    } catch (error) {
      this.#on.failed(error);
    }
  }

  async #miss(missed) {
    if ((await this.#missed) !== missed) {
      this.#missed = missed;
      await storage.session.set({ [MISSED]: missed });
    }
  }
}

/** The site as the browser names it; none for what is no website's. */
export function hostOf(tab) {
  const url = URL.canParse(tab?.url) ? new URL(tab.url) : undefined;
  return (/^https?:$/.test(url?.protocol) && url.hostname) || undefined;
}

async function digestOf({ text, html }) {
  const bytes = new TextEncoder().encode(JSON.stringify([text, html]));
  return String(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}
