// Our relay as it ships, inside a module that counts what Cloudflare bills: rows written, rows read,
// alarms set. `GET /rows/MAILBOX` answers with the counts since that mailbox last loaded.
import relay, { Mailbox as Inner } from "./index.js";

export * from "./index.js";

/** @import { Cursor, State } from "cloudflare:workers" */

let patched = false;
// One mailbox is asked at a time, so there is no need to know whose call it is.
/** @type {Mailbox} */
let current;

export class Mailbox extends Inner {
  #counts = { written: 0, read: 0, alarms: 0 };
  /** @type {Cursor[]} */
  #cursors = [];

  /**
   * @param {State} ctx
   * @param {unknown} env
   */
  constructor(ctx, env) {
    super(ctx, env);
    current = this;
    if (patched) return;
    patched = true;
    const [storage, sql] = [ctx.storage, ctx.storage.sql].map(Object.getPrototypeOf);
    const { exec } = sql;
    sql.exec = function (/** @type {unknown[]} */ ...args) {
      const cursor = exec.apply(this, args);
      current.#counts.written += cursor.rowsWritten;
      // Read to the end later.
      current.#cursors.push(cursor);
      return cursor;
    };
    const { setAlarm } = storage;
    storage.setAlarm = function (/** @type {unknown[]} */ ...args) {
      current.#counts.alarms += 1;
      return setAlarm.apply(this, args);
    };
  }

  /** @param {Request} request */
  fetch(request) {
    if (!new URL(request.url).pathname.startsWith("/rows/")) return super.fetch(request);
    for (const cursor of this.#cursors.splice(0)) this.#counts.read += cursor.rowsRead;
    return Response.json(this.#counts);
  }
}

/** @type {import("cloudflare:workers").Worker} */
export default {
  fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith("/rows/")) return relay.fetch(request, env, ctx);
    return env.MAILBOX.getByName(pathname.slice("/rows/".length)).fetch(request);
  },
};
