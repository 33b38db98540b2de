// Child processes whose output is kept line by line, and which never outlive the tests.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { eventually, Hopeless, within } from "./wait.mjs";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * The file of a program of ours: as the whole suite has compiled it, else as it ships.
 * @param {string} name
 */
export const program = (name) => path.join(process.env.HUSHCLIP_PROGRAMS ?? path.join(ROOT, "dist"), name);

const running = new Set();
const folders = [];

process.on("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true });
  }
});

/**
 * A folder that goes when the tests are over.
 * @param {string} name
 */
export function folder(name) {
  const made = mkdtempSync(path.join(tmpdir(), `hushclip-${name}-`));
  folders.push(made);
  return made;
}

/**
 * Has a server listen on this machine, at a free port unless one is given. Gives the port.
 * @param {import("node:net").Server} server
 */
export async function listen(server, port = 0) {
  await new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(undefined)));
  return /** @type {import("node:net").AddressInfo} */ (server.address()).port;
}

export class Process {
  /**
   * @param {string} command
   * @param {string[]} args
   * @param {import("node:child_process").SpawnOptionsWithoutStdio} [options]
   */
  constructor(command, args, options = {}) {
    this.name = path.basename(command);
    this.out = "";
    this.err = "";
    this.child = spawn(command, args, { cwd: ROOT, stdio: "pipe", ...options });
    this.ended = once(this.child, "close").then(([code]) => code);
    this.ended.catch(() => {});
    this.child.stdout.setEncoding("utf8").on("data", (text) => (this.out += text));
    this.child.stderr.setEncoding("utf8").on("data", (text) => (this.err += text));
    this.child.stdin.on("error", () => {});
    running.add(this.child);
    this.child.on("close", () => running.delete(this.child));
  }

  /** Whole lines of the standard output. */
  get lines() {
    return this.out.split("\n").slice(0, -1);
  }

  /**
   * The first match in the standard output or error.
   * @param {RegExp} pattern
   */
  async match(pattern, what = String(pattern)) {
    return eventually(`${what} from ${this.name}`, () => {
      const match = pattern.exec(this.out) ?? pattern.exec(this.err);
      if (!match && this.child.exitCode !== null) {
        throw new Hopeless(`${this.name} ended with ${this.child.exitCode}: ${this.err}${this.out}`);
      }
      return match;
    });
  }

  /** @param {number} [limit] */
  async exit(limit) {
    return within(`the end of ${this.name}`, this.ended, limit);
  }

  /** @param {NodeJS.Signals} [signal] */
  async kill(signal = "SIGKILL") {
    this.child.kill(signal);
    await this.exit();
  }
}
