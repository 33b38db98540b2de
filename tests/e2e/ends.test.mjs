// What happens to clips when something is gone: the relay while they are copied, the relay the moment
// it has said yes, the extension's background.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Relay } from "./lib/relay.mjs";
import { eventually } from "./lib/wait.mjs";

/** @import { Screen } from "./lib/screen.mjs" */

describe("Relay and background that end at any time", () => {
  let /** @type {Relay} */ relay, /** @type {Browser} */ desk, /** @type {Screen} */ popup, /** @type {Cli} */ cli;

  before(async () => {
    [relay, desk] = await Promise.all([Relay.start(), Browser.chromium("Desk", { extension: true })]);
    cli = new Cli("Terminal");
    popup = await desk.popup();
    await popup.createAccount(relay.url);
    await cli.join(await popup.invite(), (digits) => popup.approve(digits));
  });
  afterEach(photographFailures(() => [desk].filter(Boolean)));
  after(async () => {
    await cli?.stop();
    await desk?.close();
    await relay?.stop();
  });

  it("keeps a copy while it is down and delivers it exactly once", async () => {
    await cli.watch();
    await relay.kill();
    await eventually("the break to show", async () => (await popup.connection()) !== "online");
    await desk.copy("copied in the dark");
    await popup.lists("copied in the dark");
    await relay.up();
    await cli.sees("copied in the dark");
    await desk.copy("copied in the light");
    await cli.sees("copied in the light");
    assert.deepEqual(cli.watched.map((clip) => clip.text), ["copied in the dark", "copied in the light"]);
    await cli.stop();
  });

  it("has what it acknowledged after kill -9, for a device that was away", async () => {
    for (const text of ["acknowledged", "and again"]) {
      await popup.online();
      await desk.copy(text);
      await eventually("the acknowledgement", async () => {
        const clips = await popup.texts("clip");
        return clips.some((clip) => clip.includes(text) && clip.includes("Waiting for Terminal"));
      });
      await relay.kill();
      await relay.up();
      const pulled = await cli.run(["pull", "--json"]);
      const texts = pulled.trim().split("\n").map((line) => JSON.parse(line).text);
      assert.deepEqual(texts, [text]);
    }
  });

  it("goes on when the browser ends the background", async () => {
    await cli.watch();
    await desk.endBackground();
    await desk.copy("copied while the background was away");
    await cli.sees("copied while the background was away");
    await popup.online();
    await cli.run(["push", "and back"]);
    await desk.pastes("and back");
  });
});
