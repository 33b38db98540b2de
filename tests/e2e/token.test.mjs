// A relay that takes new accounts only with its token.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { Browser } from "./lib/browser.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Relay } from "./lib/relay.mjs";

/** @import { Screen } from "./lib/screen.mjs" */

const TOKEN = "let-my-friends-in";

describe("A relay with a token", () => {
  let /** @type {Relay} */ relay, /** @type {Browser} */ phone, /** @type {Screen} */ app;

  before(async () => {
    relay = await Relay.start({ env: { REGISTRATION_TOKEN: TOKEN } });
    phone = await Browser.chromium("Phone");
    app = await phone.webApp(relay.url);
  });
  afterEach(photographFailures(() => [phone].filter(Boolean)));
  after(async () => {
    await phone?.close();
    await relay?.stop();
  });

  it("asks for it once that is known", async () => {
    await app.fill("name", "Phone");
    await app.press("create-account");
    assert.match(await app.problem("token_wanted"), /only with the right token/);
    assert.equal(await app.value("name"), "Phone");
  });

  it("leaves a wrong one to be mended", async () => {
    await app.fill("token", "let-my-friends-on");
    await app.page.click('[data-testid="problem"] button');
    await app.lacks("problem");
    await app.press("create-account");
    await app.problem("token_wanted");
    assert.deepEqual([await app.value("name"), await app.value("token")], ["Phone", "let-my-friends-on"]);
  });

  it("lets in who has it", async () => {
    await app.fill("token", TOKEN);
    await app.press("create-account");
    await app.online();
    await app.lacks("problem");
  });
});
