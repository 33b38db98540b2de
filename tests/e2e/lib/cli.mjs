// A device that is a terminal client with a home of its own.
import assert from "node:assert/strict";

import { folder, Process, program } from "./process.mjs";
import { eventually } from "./wait.mjs";

const BINARY = program("hushclip");

export class Cli {
  /** @type {Process} */
  watching;

  /**
   * `env` is the surroundings of a desktop session.
   * @param {string} name
   */
  constructor(name, { env = process.env } = {}) {
    this.name = name;
    this.env = env;
    this.home = folder(`cli-${name}`);
  }

  /** @param {string[]} args */
  start(...args) {
    // Not the keyring of whoever runs the tests.
    const env = { ...this.env, HUSHCLIP_KEYRING: "off" };
    return new Process(BINARY, ["--home", this.home, ...args], { env });
  }

  /**
   * Runs a command to its end; it must succeed.
   * @param {string[]} args
   */
  async run(args, input = "") {
    const process = this.start(...args);
    process.child.stdin.end(input);
    const code = await process.exit();
    assert.equal(code, 0, `hushclip ${args[0]} failed: ${process.err}`);
    return process.out;
  }

  /**
   * Joins; `digits` is called with what the person reads off this terminal.
   * @param {string} url
   * @param {(digits: string) => unknown} digits
   */
  async join(url, digits) {
    const process = this.start("join", url, "--name", this.name);
    const [, first, second] = await process.match(/Type (\d{3}) ?(\d{3}) /, "six digits");
    await digits(first + second);
    assert.equal(await process.exit(), 0, process.err);
  }

  /**
   * Lets a screen in, without digits. `through` may change the link on its way.
   * @param {import("./screen.mjs").Screen} screen
   */
  async letIn(screen, through = (/** @type {string} */ link) => link) {
    const inviting = this.start("invite", "--yes");
    const [link] = await inviting.match(/https?:\S+/, "a link");
    await screen.join(through(link));
    await screen.online();
    assert.equal(await inviting.exit(), 0, inviting.err);
  }

  async watch() {
    this.watching = this.start("watch", "--json");
  }

  /** Keeps its desktop session's clipboard in sync. */
  async keepClipboard() {
    this.watching = this.start("watch", "--clipboard");
    await this.watching.match(/in sync/);
  }

  /** Clips that `watch` has printed. */
  get watched() {
    return this.watching.lines.map((line) => JSON.parse(line));
  }

  /** @param {string} text */
  async sees(text) {
    return eventually(`"${text}" in ${this.name}'s terminal`, () => this.watched.find((clip) => clip.text === text));
  }

  async stop() {
    await this.watching?.kill("SIGTERM");
    this.watching = undefined;
  }
}
