// The network between a device and the relay: passes bytes on, goes away, comes back, or falls silent
// without a word, as when somebody leaves the house.
import { connect, createServer } from "node:net";

import { listen } from "./process.mjs";

/** @import { Server, Socket } from "node:net" */

export class Line {
  /** @type {Set<Socket>} */
  #sockets = new Set();
  /** @type {Set<Socket>} */
  #frozen = new Set();
  /** @type {number} */
  #port;
  /** @type {Server} */
  server;
  port = 0;

  /** @param {string} url */
  static async to(url) {
    const line = new Line();
    line.#port = Number(new URL(url).port);
    await line.up();
    return line;
  }

  /**
   * A link through this line instead of straight to the relay.
   * @param {string} link
   */
  leads(link) {
    const url = new URL(link);
    url.port = String(this.port);
    return url.href;
  }

  async up() {
    this.server = createServer((near) => {
      const far = connect(this.#port, "127.0.0.1");
      for (const [from, to] of [[near, far], [far, near]]) {
        this.#sockets.add(from);
        from.on("data", (bytes) => to.write(bytes));
        from.on("close", () => {
          this.#sockets.delete(from);
          if (!this.#frozen.has(from)) {
            to.destroy();
          }
        });
        from.on("error", () => {});
      }
    });
    this.port = await listen(this.server, this.port);
  }

  /** Nobody is reached any more, and everybody is told. */
  async down() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.#sockets.forEach((socket) => socket.destroy());
    await closed;
  }

  /** What is connected hears nothing any more and is not told; who connects anew gets through. */
  freeze() {
    for (const socket of this.#sockets) {
      this.#frozen.add(socket);
      socket.removeAllListeners("data").pause();
    }
  }

  async close() {
    await this.down();
  }
}
