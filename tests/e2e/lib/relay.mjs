// The relay on real workerd, started as people start it, and killed as machines kill it.
import { connect } from "node:net";
import path from "node:path";

import { folder, Process, ROOT } from "./process.mjs";
import { eventually } from "./wait.mjs";

// Below the ports that systems choose for outgoing connections: a client that looks for a relay
// that is down could otherwise be given the relay's own port, and then find itself there.
const LOWEST_PORT = 20_000;
const PORTS = 10_000;

export class Relay {
  /** Adds to its environment. @type {Record<string, string>} */
  env;
  /** The folder of its accounts. @type {string} */
  data;
  /** @type {number} */
  port;
  /** @type {string} */
  url;
  /** @type {Process} */
  process;

  /**
   * `env` adds to the relay's environment.
   * @param {{ env?: Record<string, string> }} [options]
   */
  static async start({ env } = {}) {
    const relay = new Relay();
    relay.env = env;
    relay.data = folder("relay");
    await relay.up(LOWEST_PORT + Math.floor(Math.random() * PORTS));
    return relay;
  }

  /** Starts it again at the same address with the same accounts. */
  async up(port = this.port) {
    this.port = port;
    const args = ["relay", "--port", String(port), "--data", this.data];
    this.process = new Process(path.join(ROOT, "target/debug/xtask"), args, { env: { ...process.env, ...this.env } });
    const [, url] = await this.process.match(/^ready (\S+)$/m, "the address");
    this.url = url;
  }

  /** Gone from one moment to the next, workerd included. */
  async kill() {
    await this.process.kill("SIGKILL");
    await eventually("the port to be free", () => this.#refuses());
  }

  async stop() {
    await this.process.kill("SIGTERM");
  }

  #refuses() {
    return new Promise((resolve) => {
      const socket = connect(this.port, "127.0.0.1");
      socket.on("error", () => resolve(true));
      socket.on("connect", () => {
        resolve(false);
        socket.destroy();
      });
    });
  }
}
