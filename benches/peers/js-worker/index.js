// The relay's job in its barest form, for comparison: store what is pushed, acknowledge it, hand it to
// the other sockets of the account. No members, no signatures, no bounds, no expiry. Written to be fast.
//
// A message from a client is an envelope. A message to a client is a cursor in 8 bytes, big-endian,
// followed by the envelope unless it acknowledges the client's own. The first gives the newest cursor.
import { DurableObject } from "cloudflare:workers";

const PATH = "/v1/mailbox/";

/** @import { State } from "cloudflare:workers" */

export class Mailbox extends DurableObject {
  #last = 0;

  /**
   * @param {State} ctx
   * @param {unknown} env
   */
  constructor(ctx, env) {
    super(ctx, env);
    const { sql } = ctx.storage;
    sql.exec("CREATE TABLE IF NOT EXISTS items (cursor INTEGER PRIMARY KEY, envelope BLOB NOT NULL)");
    this.#last = sql.exec("SELECT max(cursor) AS last FROM items").one().last ?? 0;
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  fetch() {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    server.send(frame(this.#last));
    return new Response(null, /** @type {ResponseInit} */ ({ status: 101, webSocket: client }));
  }

  /**
   * What is written here is committed before anything sent here leaves: the platform's output gate.
   * @param {WebSocket} sender
   * @param {ArrayBuffer} envelope
   */
  webSocketMessage(sender, envelope) {
    const cursor = this.#last + 1;
    this.ctx.storage.sql.exec("INSERT INTO items VALUES (?, ?)", cursor, envelope);
    this.#last = cursor;
    sender.send(frame(cursor));
    const item = frame(cursor, envelope);
    for (const socket of this.ctx.getWebSockets()) {
      if (socket !== sender) socket.send(item);
    }
  }

  /** @param {WebSocket} socket */
  webSocketClose(socket) {
    socket.close();
  }
}

/** @type {import("cloudflare:workers").Worker} */
export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/health") return new Response("ok");
    if (!pathname.startsWith(PATH)) return new Response(null, { status: 404 });
    if (request.headers.get("Upgrade") !== "websocket") return new Response(null, { status: 426 });
    return env.MAILBOX.getByName(pathname.slice(PATH.length)).fetch(request);
  },
};

/**
 * @param {number} cursor
 * @param {ArrayBuffer} [envelope]
 */
function frame(cursor, envelope) {
  const bytes = new Uint8Array(8 + (envelope?.byteLength ?? 0));
  new DataView(bytes.buffer).setBigUint64(0, BigInt(cursor));
  if (envelope) bytes.set(new Uint8Array(envelope), 8);
  return bytes.buffer;
}
