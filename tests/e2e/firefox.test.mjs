// Firefox with the extension: joins an account, and its clipboard goes both ways.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Relay } from "./lib/relay.mjs";

describe("Firefox", () => {
  let /** @type {Relay} */ relay, /** @type {Browser} */ fox, /** @type {Cli} */ cli;

  before(async () => {
    [relay, fox] = await Promise.all([Relay.start(), Browser.firefox("Fox")]);
    cli = new Cli("Terminal");
    await cli.run(["init", "--relay", relay.url, "--name", "Terminal"]);
  });
  afterEach(photographFailures(() => [fox].filter(Boolean)));
  after(async () => {
    await cli?.stop();
    await fox?.close();
    await relay?.stop();
  });

  it("joins through a link from the terminal", async () => {
    const popup = await fox.popup();
    await cli.letIn(popup);
    await cli.watch();
  });

  it("brings a copy in a page to the terminal", async () => {
    await fox.copy("from a page in Firefox");
    const clip = await cli.sees("from a page in Firefox");
    assert.equal(clip.from, "Fox");
  });

  it("puts what the terminal sends on the clipboard", async () => {
    await cli.run(["push", "to Firefox"]);
    await fox.pastes("to Firefox");
  });

  it("keeps going both ways, and sends nothing back", async () => {
    await fox.copy("once more");
    await cli.sees("once more");
    await cli.run(["push", "and back"]);
    await fox.pastes("and back");
    await fox.copy("the end");
    await cli.sees("the end");
    assert.deepEqual(cli.watched.map((clip) => clip.text), ["from a page in Firefox", "once more", "the end"]);
  });
});
