// What stands before the relay as a proxy would: it can be cut off, and it can serve the next build of the web app.
import { createHash } from "node:crypto";
import { createServer, request } from "node:http";

import { listen } from "./process.mjs";

/** @import { IncomingMessage, Server, ServerResponse } from "node:http" */
/** @import { Duplex } from "node:stream" */

const sha256 = (/** @type {string} */ bytes) => `sha256-${createHash("sha256").update(bytes).digest("base64")}`;

export class Front {
  /** Methods and paths that came through, in order. @type {string[]} */
  asked = [];
  /** @type {Record<string, string>} */
  #changed = {};
  /** @type {Set<Duplex>} */
  #sockets = new Set();
  /** @type {URL} */
  relay;
  /** @type {Server} */
  server;
  /** @type {number} */
  port;
  /** @type {string} */
  url;

  /** @param {string} relay */
  static async start(relay) {
    const front = new Front();
    front.relay = new URL(relay);
    await front.open(0);
    return front;
  }

  async open(port = this.port) {
    this.server = createServer((asked, answer) => this.#answer(asked, answer));
    this.server.on("upgrade", (asked, socket, head) => this.#upgrade(asked, socket, head));
    this.server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => {});
    });
    this.port = await listen(this.server, port);
    this.server.unref();
    this.url = `http://127.0.0.1:${this.port}`;
  }

  /** No connection is left, and none can be made. */
  async cut() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.#sockets.forEach((socket) => socket.destroy());
    await closed;
  }

  /**
   * From now on there is a later build: one in which `path` is what `change` makes of it.
   * @param {string} path
   * @param {(before: string) => string} change
   */
  async serveNext(path, change) {
    const get = async (/** @type {string} */ path) => (await fetch(this.relay.origin + path, { headers: { "accept-encoding": "identity" } })).text();
    const [before, worker] = await Promise.all([get(path), get("/sw.js")]);
    const after = change(before);
    const version = /"version": "([0-9a-f]{16})"/.exec(worker)[1];
    const next = createHash("sha256").update(after).digest("hex").slice(0, 16);
    this.#changed = { [path]: after, "/sw.js": worker.replace(sha256(before), sha256(after)).replace(version, next) };
  }

  /**
   * A build that is not whole: what the list promises is not what is there.
   * @param {string} path
   */
  async serveTorn(path) {
    await this.serveNext(path, (text) => `${text}\n/* promised */\n`);
    delete this.#changed[path];
  }

  serveFirst() {
    this.#changed = {};
  }

  /** @param {IncomingMessage} asked */
  #pass({ method, url, headers }) {
    return request({ host: this.relay.hostname, port: this.relay.port, method, path: url, headers });
  }

  /**
   * @param {IncomingMessage} asked
   * @param {ServerResponse} answer
   */
  #answer(asked, answer) {
    this.asked.push(`${asked.method} ${asked.url}`);
    const passed = this.#pass(asked);
    passed.on("response", (got) => {
      const changed = this.#changed[asked.url];
      if (changed && got.statusCode === 200) {
        const headers = { ...got.headers };
        for (const name of ["content-encoding", "content-length", "etag"]) {
          delete headers[name];
        }
        got.resume();
        answer.writeHead(200, headers).end(changed);
      } else {
        answer.writeHead(got.statusCode, got.headers);
        got.pipe(answer);
      }
    });
    passed.on("error", () => answer.destroy());
    if (this.#changed[asked.url]) {
      passed.removeHeader("if-none-match");
    }
    asked.pipe(passed);
  }

  /**
   * @param {IncomingMessage} asked
   * @param {Duplex} socket
   * @param {Buffer} head
   */
  #upgrade(asked, socket, head) {
    const passed = this.#pass(asked);
    passed.on("upgrade", (got, other, first) => {
      const lines = got.rawHeaders.flatMap((name, at) => (at % 2 ? [] : [`${name}: ${got.rawHeaders[at + 1]}`]));
      socket.write(`${["HTTP/1.1 101 Switching Protocols", ...lines].join("\r\n")}\r\n\r\n`);
      socket.write(first);
      other.write(head);
      other.pipe(socket).pipe(other);
      for (const end of [socket, other]) {
        end.on("error", () => {});
        end.on("close", () => (socket.destroy(), other.destroy()));
      }
    });
    passed.on("response", () => socket.destroy());
    passed.on("error", () => socket.destroy());
    passed.end();
  }
}
