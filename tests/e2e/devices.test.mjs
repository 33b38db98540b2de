// Who is in, and how a device goes: its removal on another one, what it says of that itself, and what
// the others are told.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Relay } from "./lib/relay.mjs";
import { pair } from "./lib/screen.mjs";
import { eventually } from "./lib/wait.mjs";

/** @import { Screen } from "./lib/screen.mjs" */

describe("Devices", () => {
  let
    /** @type {Relay} */ relay,
    /** @type {Browser} */ desk,
    /** @type {Browser} */ phone,
    /** @type {Screen} */ popup,
    /** @type {Screen} */ app,
    /** @type {Cli} */ cli;
  const browsers = () => [desk, phone].filter(Boolean);

  before(async () => {
    relay = await Relay.start();
    cli = new Cli("Terminal");
    [desk, phone] = await Promise.all([Browser.chromium("Desk", { extension: true }), Browser.chromium("Phone")]);
    [popup, app] = [await desk.popup(), await phone.webApp(relay.url)];
    await popup.createAccount(relay.url);
    await pair(popup, app);
    await cli.join(await popup.invite(), (digits) => popup.approve(digits));
  });
  afterEach(photographFailures(browsers));
  after(async () => {
    await Promise.all(browsers().map((browser) => browser.close()));
    await relay?.stop();
  });

  it("tells of a newcomer that was let in elsewhere, and leads to the devices", async () => {
    await app.page.bringToFront();
    assert.match(await app.has("alert"), /“Terminal” joined this account; “Desk” let it in/);
    assert.deepEqual(await popup.texts("alert"), [], "the device that let it in knows");
    await app.press("alert-devices");
    await app.member("Terminal");
    await app.page.goBack();
    await app.has("composer");
  });

  it("hides what was dismissed, for good", async () => {
    await app.press("alert-dismiss");
    await app.lacks("alert");
    await app.page.reload();
    await app.online();
    assert.deepEqual(await app.texts("alert"), []);
  });

  it("lists who is in, and what was heard of each", async () => {
    await popup.press("devices");
    await popup.member("Terminal");
    const [own, ...others] = await popup.members();
    assert.match(own, /^Desk\s+this device\s+online$/);
    assert.equal(others.length, 2);
    for (const row of others) {
      assert.match(row, /not heard from yet|confirmed just now|last confirmed \d+ min ago/, row);
    }
  });

  it("shows the same characters on devices that see the same list", async () => {
    await app.press("devices");
    const [here, there] = [await popup.has("check"), await app.has("check")];
    assert.match(here, /^([a-z]+ ){9}[a-z]+$/);
    assert.equal(here, there);
    await app.press("back");
    await app.has("composer");
  });

  it("asks before it removes, and Escape takes the question back", async () => {
    const question = await popup.askRemoval("Terminal");
    assert.match(question, /gets nothing you copy from now on.*keeps what it has already received/);
    await popup.page.keyboard.press("Escape");
    await popup.lacks("remove-sure");
    assert.equal((await popup.members()).length, 3);
  });

  it("removes without a connection once there is one", async () => {
    await relay.kill();
    await eventually("the break to show", async () => (await popup.text("connection")) !== "Online");
    await popup.askRemoval("Terminal");
    await popup.press("remove-sure");
    await eventually("the wait to show", async () => /Will be removed/.test((await popup.members()).join()));
    await relay.up();
    await eventually("the removal", async () => (await popup.members()).length === 2);
    await app.page.bringToFront();
    assert.match(await app.has("alert"), /“Terminal” was removed from this account by “Desk”/);
    assert.deepEqual(await popup.texts("problem"), [], "it was let in a moment ago, and that is no trouble");
  });

  it("tells the removed device, which keeps its clips and nothing else", async () => {
    await app.online();
    await app.send("the phone was here");
    await popup.askRemoval("Phone");
    await popup.press("remove-sure");
    await app.page.bringToFront();
    assert.match(await app.has("removed"), /was removed from its account[^]*keys are deleted/);
    await app.lists("the phone was here");
    await app.copyClip("the phone was here");
    await phone.pastes("the phone was here");
    await app.page.bringToFront();
    await app.page.reload();
    await app.has("removed");
    await app.lists("the phone was here");
    await eventually("the removal", async () => (await popup.members()).length === 1);
  });

  it("deletes what is left, after a question", async () => {
    await app.press("delete-clips");
    await app.press("delete-clips-sure");
    await app.lacks("removed");
    assert.deepEqual(await app.texts("clip"), []);
  });

  it("lets it in again", async () => {
    await popup.press("back");
    await pair(popup, app);
    await popup.send("welcome back");
    await app.lists("welcome back");
  });

  it("keeps how often keys change", async () => {
    await popup.press("settings");
    const chosen = () => popup.value("rotation");
    assert.equal(await chosen(), "10080");
    await popup.page.select('[data-testid="rotation"]', "360");
    await popup.page.reload();
    await popup.press("settings");
    await eventually("the choice", async () => (await chosen()) === "360");
    await popup.press("back");
  });

  it("forgets the account here, after a question", async () => {
    await app.page.bringToFront();
    await app.press("settings");
    await app.press("leave");
    await app.press("leave-sure");
    await app.has("create-account");
    assert.deepEqual(await app.texts("clip"), []);
    await app.page.reload();
    await app.has("create-account");
  });
});
