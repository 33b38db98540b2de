// What was on the clipboard, and when: digests under a random key. They are in `storage.session`, which is memory:
// they outlive the background, but not the browser.

/** @import { Content } from "./platform/clipboard.js" */

const { storage } = chrome;

const NAME = "looks";
/** So far clocks are put right without anybody noticing. */
const CLOCK_MS = 5_000;
/** A copy is compared with what was seen before it, so a few are enough. */
const KEPT = 8;

/** A digest, and when it was on the clipboard. @typedef {[digest: string, at: number]} Seen */
/** @typedef {{ key: number[], on: boolean, since: number, seen: Seen[] }} Kept */

export class Looks {
  /** Whether copies count. */
  on = false;
  #since = Infinity;
  /** @type {Uint8Array<ArrayBuffer> | undefined} */
  #key;
  /** The oldest first. @type {Seen[]} */
  #seen = [];
  /** @type {Promise<void> | undefined} */
  #restored;

  /**
   * Copies count from now on, or no longer do. Says whether they begin to.
   * @param {boolean} on
   */
  async begin(on) {
    await this.#restore();
    const begins = on && !this.on;
    if (on !== this.on) {
      this.on = on;
      this.#since = on ? Date.now() : Infinity;
      this.#seen = [];
      await this.#keep();
    }
    return begins;
  }

  /**
   * Whether copies counted at that time, and have since.
   * @param {number} at
   */
  since(at) {
    this.#mindClock();
    return at >= this.#since;
  }

  /** Where the clock was set back, what it said before is worth nothing. */
  #mindClock() {
    const [now, newest = 0] = [Date.now(), this.#seen.at(-1)?.[1]];
    if (this.on && Math.max(this.#since, newest) > now + CLOCK_MS) {
      [this.#since, this.#seen] = [now, []];
    }
  }

  /**
   * This is on the clipboard now. Gives its digest.
   * @param {Content} content
   */
  async add(content) {
    const at = Date.now();
    const digest = await this.#digest(content);
    this.#mindClock();
    if (digest === this.last) {
      return digest;
    }
    this.#seen.push([digest, at]);
    this.#seen.sort(([, one], [, other]) => one - other);
    this.#seen.splice(0, this.#seen.length - KEPT);
    await this.#keep();
    return digest;
  }

  /**
   * What was there before that time; none if nobody knows.
   * @param {number} at
   */
  before(at) {
    return this.#seen.findLast(([, seen]) => seen < at)?.[0];
  }

  /** What was there when it was last looked at. */
  get last() {
    return this.#seen.at(-1)?.[0];
  }

  /** @param {Content} content */
  async isLast(content) {
    return (await this.#digest(content)) === this.last;
  }

  /** @param {Partial<Content>} content */
  async #digest({ text = "" }) {
    await this.#restore();
    // Some systems end their lines in two characters.
    const bytes = new TextEncoder().encode(text.replaceAll("\r\n", "\n"));
    const raw = /** @type {Uint8Array<ArrayBuffer>} */ (this.#key);
    const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return String(new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes)));
  }

  #restore() {
    this.#restored ??= storage.session.get(NAME).then((/** @type {{ [NAME]?: Kept }} */ { [NAME]: kept }) => {
      this.#key = kept ? new Uint8Array(kept.key) : crypto.getRandomValues(new Uint8Array(32));
      this.on = kept?.on ?? false;
      this.#since = kept?.on ? kept.since : Infinity;
      this.#seen = kept?.seen ?? [];
    });
    return this.#restored;
  }

  async #keep() {
    const [on, since, seen] = [this.on, this.on ? this.#since : 0, this.#seen];
    await storage.session.set({ [NAME]: { key: [.../** @type {Uint8Array} */ (this.#key)], on, since, seen } });
  }
}
