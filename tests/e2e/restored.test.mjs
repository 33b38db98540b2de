// Whoever runs the relay puts an old backup back, or loses everything: the devices fill it again by themselves.
import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { after, afterEach, before, describe, it } from "node:test";

import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Relay } from "./lib/relay.mjs";
import { eventually } from "./lib/wait.mjs";

/** @import { Screen } from "./lib/screen.mjs" */

describe("A relay that has lost something", () => {
  let /** @type {Relay} */ relay, /** @type {Browser} */ laptop, /** @type {Screen} */ app, /** @type {Cli} */ cli;

  before(async () => {
    relay = await Relay.start();
    laptop = await Browser.chromium("Laptop");
    app = await laptop.webApp(relay.url);
    await app.createAccount(relay.url);
    cli = new Cli("Terminal");
    await cli.join(await app.invite(), (digits) => app.approve(digits));
  });
  afterEach(photographFailures(() => [laptop].filter(Boolean)));
  after(async () => {
    await laptop?.close();
    await relay?.stop();
    rmSync(`${relay?.data}.backup`, { recursive: true, force: true });
  });

  it("gets back what came after its backup", async () => {
    await app.send("before the backup");
    await eventually("it in the terminal", async () => (await cli.run(["pull"])).includes("before the backup"));
    await relay.kill();
    cpSync(relay.data, `${relay.data}.backup`, { recursive: true });
    await relay.up();
    await app.online();
    await app.send("after the backup");
    await app.lists("after the backup");
    await eventually("it at the relay", async () => /Waiting for Terminal/.test((await app.texts("delivery"))[0]));
    await relay.kill();
    rmSync(relay.data, { recursive: true });
    cpSync(`${relay.data}.backup`, relay.data, { recursive: true });
    await relay.up();
    await app.online();
    const pulled = await eventually("the lost clip in the terminal", async () => {
      const out = await cli.run(["pull"]);
      return out.includes("after the backup") && out;
    });
    assert.doesNotMatch(pulled, /before the backup/);
    await eventually("the notice", async () => /has sent its own again/.test((await app.texts("alert")).join()));
  });

  it("is filled anew when it has nothing left", async () => {
    await relay.kill();
    rmSync(relay.data, { recursive: true });
    await relay.up();
    await app.online();
    await cli.run(["push"], "and it goes on");
    await app.lists("and it goes on");
    assert.equal(await app.count("before the backup"), 1);
    assert.equal(await app.count("after the backup"), 1);
  });
});
