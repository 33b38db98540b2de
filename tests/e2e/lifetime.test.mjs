// Browsers that nobody touches: whatever happens to them or to the network, they get what is sent. No
// debugger is attached to the extensions meanwhile, because that would keep them awake.
// IDLE_S=300 waits longer where browsers could put them to sleep.
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { Line } from "./lib/line.mjs";
import { Relay } from "./lib/relay.mjs";
import { eventually } from "./lib/wait.mjs";

/** Chromium ends a service worker, and Firefox an event page, that was idle for 30 s. */
const IDLE_MS = 1_000 * Number(process.env.IDLE_S ?? 40);
const SLEEP_MS = 60_000;
/** Longer than a try of the line, or an alarm, lets wait. */
const BACK_MS = 50_000;

describe("Browsers that nobody touches", { concurrency: true }, () => {
  const cli = new Cli("Terminal");
  const ready = Promise.withResolvers();
  const browsers = [];
  let /** @type {Relay} */ relay;
  let pairing = Promise.resolve();

  before(async () => {
    relay = await Relay.start();
    await cli.run(["init", "--relay", relay.url, "--name", cli.name]);
    // Keeps the home, so that other commands need no line of their own.
    await cli.watch();
    ready.resolve();
  });
  after(async () => {
    await Promise.all(browsers.map(({ browser, line }) => Promise.all([browser.close(), line.close()])));
    await cli.stop();
    await relay?.stop();
  });

  /** A browser of each kind, paired and left alone. */
  async function pair(which) {
    await ready.promise;
    const both = await Promise.all([
      Browser.chromium(`Chromium ${which}`, { extension: true }),
      Browser.firefox(`Firefox ${which}`, { keeps: true }),
    ]);
    const made = [];
    for (const browser of both) {
      const line = await Line.to(relay.url);
      made.push({ browser, line });
      browsers.push({ browser, line });
      const popup = await browser.popup();
      // One invite at a time is open.
      pairing = pairing.then(() => join(popup, line));
      await pairing;
    }
    // The same profile, started again.
    await Promise.all(both.map((browser) => browser.restartAlone()));
    return made;
  }

  async function join(popup, line) {
    await cli.letIn(popup, (link) => line.leads(link));
  }

  /** Sends a clip, and both get it. */
  async function reaches(both, text, limit) {
    await cli.run(["push", text]);
    await arrives(both, text, limit);
  }

  async function arrives(both, text, limit = BACK_MS) {
    const began = Date.now();
    const missing = new Map(both.map(({ browser }) => [browser.name, true]));
    await eventually(`"${text}" at ${[...missing.keys()].join(" and ")}`, async () => {
      const { delivered } = (await clips()).find((clip) => clip.text === text);
      for (const name of delivered.filter((name) => missing.delete(name))) {
        console.log(`${text}: ${name} after ${((Date.now() - began) / 1_000).toFixed(1)} s`);
      }
      await sleep(200);
      return missing.size === 0;
    }, { limit });
  }

  async function clips() {
    return (await cli.run(["pull", "--all", "--json"])).trim().split("\n").map((line) => JSON.parse(line));
  }

  it("get clips after a restart, after a while, and when their background was ended", async () => {
    const both = await pair("A");
    await reaches(both, "after a restart");
    await sleep(IDLE_MS);
    await reaches(both, "after a while", 5_000);
    await Promise.all(both.map(({ browser }) => browser.endBackground()));
    await reaches(both, "after the end of the background");
  });

  it("get clips when the network was away, or silent, and when the machine slept", async () => {
    const both = await pair("B");
    await reaches(both, "before all that");
    await Promise.all(both.map(({ line }) => line.down()));
    await sleep(8_000);
    await Promise.all(both.map(({ line }) => line.up()));
    await reaches(both, "after the network was away");
    both.forEach(({ line }) => line.freeze());
    await reaches(both, "on a line that is dead");
    both.forEach(({ browser, line }) => {
      line.freeze();
      browser.sleep();
    });
    await sleep(SLEEP_MS);
    await cli.run(["push", "while they slept"]);
    both.forEach(({ browser }) => browser.wakeUp());
    await arrives(both, "while they slept");
  });
});
