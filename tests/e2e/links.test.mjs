// Links that lead nowhere: each ends in a code for scripts and a sentence that a person can act on.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Relay } from "./lib/relay.mjs";

/** @import { Screen } from "./lib/screen.mjs" */

describe("Bad pairing links", () => {
  let /** @type {Relay} */ relay, /** @type {Browser} */ phone, /** @type {Screen} */ app, /** @type {Cli} */ cli;

  before(async () => {
    [relay, phone] = await Promise.all([Relay.start(), Browser.chromium("Phone")]);
    cli = new Cli("Terminal");
    await cli.run(["init", "--relay", relay.url, "--name", "Terminal"]);
    app = await phone.webApp(relay.url);
  });
  afterEach(photographFailures(() => [phone].filter(Boolean)));
  after(async () => {
    await phone?.close();
    await relay?.stop();
  });

  async function fails(link, code, sentence) {
    await app.join(link);
    const problem = await app.problem(code);
    assert.match(problem, sentence);
  }

  async function invite(...options) {
    const inviting = cli.start("invite", ...options);
    const [link] = await inviting.match(/https?:\S+/, "a link");
    return { inviting, link };
  }

  it("refuses what is no link", async () => {
    await fails("https://example.org/", "bad_link", /Copy the whole link/);
  });

  it("refuses a link that was cut short", async () => {
    const { inviting, link } = await invite();
    await fails(link.slice(0, -10), "bad_link", /Part of this pairing link is missing/);
    await inviting.kill("SIGINT");
  });

  it("refuses a link that is no longer open", async () => {
    const { inviting, link } = await invite();
    await inviting.kill("SIGINT");
    const newer = await invite();
    await fails(link, "invite_gone", /expired or was cancelled\. Make a new one/);
    await newer.inviting.kill("SIGINT");
  });

  it("refuses a link that was used, and the terminal says so too", async () => {
    const { inviting, link } = await invite("--yes");
    const other = new Cli("Other");
    const joined = await other.run(["join", link, "--name", "Other"]);
    assert.match(joined, /^Joined as Other/);
    assert.equal(await inviting.exit(), 0, inviting.err);
    await fails(link, "invite_used", /already been used\. Each link works once/);
    const third = new Cli("Third").start("join", link);
    assert.notEqual(await third.exit(), 0);
    assert.match(third.err, /already been used.*\(invite_used\)/);
  });

  it("still joins with a good one afterwards", async () => {
    const { inviting, link } = await invite("--yes");
    await app.join(link);
    await app.online();
    assert.equal(await inviting.exit(), 0, inviting.err);
  });
});
