// Browsers that nobody touches: after longer than browsers let extensions sleep, they still get
// what is sent. Nothing may be attached to them meanwhile, because that would keep them awake.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { Relay } from "./lib/relay.mjs";
import { eventually } from "./lib/wait.mjs";

/** Chromium ends a service worker, and Firefox an event page, that was idle for 30 s. */
const IDLE_MS = 40_000;

describe("Idle browsers", () => {
  let relay, desk, fox, cli;

  before(async () => {
    [relay, desk, fox] = await Promise.all([
      Relay.start(),
      Browser.chromium("Desk", { extension: true }),
      Browser.firefox("Fox"),
    ]);
    cli = new Cli("Terminal");
    await cli.run(["init", "--relay", relay.url, "--name", "Terminal"]);
    for (const browser of [desk, fox]) {
      const popup = await browser.popup();
      const inviting = cli.start("invite", "--yes");
      const [link] = await inviting.match(/https?:\S+/, "a link");
      await popup.join(link);
      await popup.online();
      assert.equal(await inviting.exit(), 0, inviting.err);
    }
  });
  after(async () => {
    await Promise.all([desk?.close(), fox?.close()]);
    await relay?.stop();
  });

  it("still get clips", async () => {
    await desk.restartAlone();
    await fox.screen.page.close();
    await sleep(IDLE_MS);
    await cli.run(["push", "after a while"]);
    await eventually("delivery to both", async () => {
      const clips = (await cli.run(["pull", "--all", "--json"])).trim().split("\n").map((line) => JSON.parse(line));
      return clips.find((clip) => clip.text === "after a while")?.delivered.length === 2;
    }, { limit: 5_000 });
  });
});
