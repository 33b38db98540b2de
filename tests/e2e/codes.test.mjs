// Pairing by a code that is typed: who types it right gets in after a click, who does not ends it.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { Browser } from "./lib/browser.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Relay } from "./lib/relay.mjs";
import { eventually } from "./lib/wait.mjs";

/** @import { Screen } from "./lib/screen.mjs" */

describe("Typed codes", () => {
  let
    /** @type {Relay} */ relay,
    /** @type {Browser} */ desk,
    /** @type {Browser} */ laptop,
    /** @type {Browser} */ phone,
    /** @type {Screen} */ popup,
    /** @type {Screen} */ other,
    /** @type {Screen} */ app;
  const browsers = () => [desk, laptop, phone].filter(Boolean);

  before(async () => {
    relay = await Relay.start();
    [desk, laptop, phone] = await Promise.all([
      Browser.chromium("Desk", { extension: true }),
      Browser.chromium("Laptop", { extension: true }),
      Browser.chromium("Phone"),
    ]);
    popup = await desk.popup();
    await popup.createAccount(relay.url);
    await popup.send("from before");
    [other, app] = [await laptop.popup(), await phone.webApp(relay.url)];
  });
  afterEach(photographFailures(browsers));
  after(async () => {
    await Promise.all(browsers().map((browser) => browser.close()));
    await relay?.stop();
  });

  it("shows a code, says how long it works and names the relay", async () => {
    const code = await popup.inviteByCode();
    assert.match(code, /^\d+-[a-z]+-[a-z]+$/);
    assert.equal(await popup.text("invite-relay"), relay.url);
    assert.match(await popup.page.$eval(".invite", (/** @type {HTMLElement} */ element) => element.innerText), /another (9:\d\d|10:00)/);
    assert.equal(await popup.page.$eval('[data-testid="invite-by-code"]', (button) => button.ariaPressed), "true");
  });

  it("changes back to a link, and cancels", async () => {
    await popup.press("invite-by-link");
    await popup.has("invite-url");
    await popup.lacks("invite-code");
    await popup.page.keyboard.press("Escape");
    await popup.lacks("invite-url");
  });

  it("says which word no code has", async () => {
    await app.joinByCode("4-qqqq-cactus");
    assert.match(await app.problem("bad_code"), /“qqqq”/);
  });

  it("is void after a try with other words, and both hear of it", async () => {
    const code = await popup.inviteByCode();
    const [number, first, second] = code.split("-");
    await app.joinByCode([number, second, first].join("-"));
    assert.match(await popup.problem("wrong_code"), /the code is void/);
    assert.match(await app.problem("code_refused"), /only one try/);
    await popup.lacks("invite-code");
  });

  it("lets the web app in after a click, without digits and without history", async () => {
    const code = await popup.inviteByCode();
    await app.joinByCode(` ${code.replaceAll("-", "  ").toUpperCase()} `);
    await popup.has("approve");
    assert.equal(await popup.text("digits-input"), undefined, "nothing to type");
    assert.match(await popup.page.$eval("#invite-title", (/** @type {HTMLElement} */ title) => title.innerText), /“\u2068Phone\u2069” wants to join/);
    assert.equal(await popup.page.$eval('[data-testid="share-history"]', (/** @type {HTMLInputElement} */ box) => box.checked), false);
    await popup.press("approve");
    await app.online();
    await popup.send("for the phone");
    await app.lists("for the phone");
    assert.equal(await app.count("from before"), 0);
  });

  it("turns a device away that the person does not want", async () => {
    const code = await popup.inviteByCode();
    await other.joinByCode(code, relay.url);
    await popup.has("approve");
    await popup.press("refuse");
    assert.match(await other.problem("invite_refused"), /did not let this one in/);
  });

  it("lets an extension in, which asks for the relay, and shares the clips of the week", async () => {
    const code = await popup.inviteByCode();
    await other.joinByCode(code, relay.url);
    await popup.has("approve");
    await popup.press("share-history");
    await popup.press("approve");
    await other.online();
    await Promise.all([other.lists("from before"), other.lists("for the phone")]);
    const names = await eventually("three devices", async () => {
      const names = await other.texts("device");
      return names.length === 3 && names;
    });
    assert.ok(names.some((name) => name.includes("Phone")), names.join());
  });
});
