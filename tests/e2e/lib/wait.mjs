// Bounded waiting: every wait of these tests has an end and says what it waited for.
import { setTimeout as sleep } from "node:timers/promises";

export const LIMIT_MS = 15_000;
const STEP_MS = 50;

/** After this, waiting longer makes no sense. */
export class Hopeless extends Error {}

/**
 * Calls `probe` until it gives something other than undefined, null or false.
 * @template T
 * @param {string} what
 * @param {() => T | Promise<T>} probe
 * @returns {Promise<Exclude<T, undefined | null | false>>}
 */
export async function eventually(what, probe, { limit = LIMIT_MS } = {}) {
  const end = Date.now() + limit;
  let last;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined && found !== null && found !== false) {
        return /** @type {Exclude<T, undefined | null | false>} */ (found);
      }
      last = undefined;
    } catch (error) {
      if (error instanceof Hopeless) {
        throw error;
      }
      last = error;
    }
    if (Date.now() > end) {
      throw new Error(`waited ${limit} ms in vain for ${what}`, { cause: last });
    }
    await sleep(STEP_MS);
  }
}

/**
 * Fails if `promise` takes too long.
 * @template T
 * @param {string} what
 * @param {Promise<T>} promise
 */
export async function within(what, promise, limit = LIMIT_MS) {
  const timer = new AbortController();
  const late = sleep(limit, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what} took longer than ${limit} ms`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}
