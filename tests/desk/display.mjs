// A screen that nobody sees, with the one clipboard that all programs on it share, and a look at that
// clipboard from outside.
import { spawn } from "node:child_process";

import { Process } from "../e2e/lib/process.mjs";

export class Display {
  /** @type {Process} */
  server;
  /** @type {NodeJS.ProcessEnv} */
  env;

  static async start() {
    const display = new Display();
    const args = ["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"];
    display.server = new Process("Xvfb", args);
    const [, number] = await display.server.match(/^(\d+)\n/, "a display");
    display.env = { ...process.env, DISPLAY: `:${number}`, GDK_BACKEND: "x11" };
    delete display.env.WAYLAND_DISPLAY;
    return display;
  }

  /** Copies in a program that knows nothing of Hushclip. */
  async copy(text, type = "UTF8_STRING") {
    const xclip = this.#xclip("-in", "-target", type);
    // It leaves a process behind that serves the copy until somebody else copies.
    const ended = new Promise((resolve) => xclip.on("exit", resolve));
    xclip.stdin.end(text);
    await ended;
  }

  /** What the clipboard holds. */
  async paste(type = "UTF8_STRING") {
    const xclip = this.#xclip("-out", "-target", type);
    const chunks = [];
    xclip.stdout.on("data", (chunk) => chunks.push(chunk));
    await new Promise((resolve) => xclip.on("close", resolve));
    return Buffer.concat(chunks).toString();
  }

  async stop() {
    await this.server.kill("SIGTERM");
  }

  /** @param {string[]} args */
  #xclip(...args) {
    /** @type {import("node:child_process").StdioOptions} */
    const stdio = ["pipe", args[0] === "-out" ? "pipe" : "ignore", "ignore"];
    return spawn("xclip", ["-selection", "clipboard", ...args], { env: this.env, stdio });
  }
}
