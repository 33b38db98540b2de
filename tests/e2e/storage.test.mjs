// The web app and what the browser keeps for it: across reloads, with a second tab, without room.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { judge } from "./lib/axe.mjs";
import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { kept, sharer } from "./lib/pwa.mjs";
import { Relay } from "./lib/relay.mjs";
import { Screen } from "./lib/screen.mjs";
import { eventually } from "./lib/wait.mjs";

/** In the page: nothing can be stored until `makeRoom` is called. */
function fillUp() {
  // A quota set from outside takes effect only after megabytes that the browser granted before.
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = () => {
    throw new DOMException("", "QuotaExceededError");
  };
  globalThis.makeRoom = () => {
    IDBObjectStore.prototype.put = put;
    dispatchEvent(new Event("online"));
  };
}

describe("What the web app keeps", () => {
  let /** @type {Relay} */ relay, /** @type {Browser} */ phone, /** @type {Screen} */ app, /** @type {Cli} */ cli;

  before(async () => {
    [relay, phone] = await Promise.all([Relay.start(), Browser.chromium("Phone")]);
    cli = new Cli("Terminal");
    app = await phone.webApp(relay.url);
    await app.createAccount(relay.url);
    await cli.join(await app.invite(), (digits) => app.approve(digits));
    await cli.watch();
  });
  afterEach(photographFailures(() => [phone].filter(Boolean)));
  after(async () => {
    await cli?.stop();
    await phone?.close();
    await relay?.stop();
  });

  it("is still there after a reload", async () => {
    await app.send("before the reload");
    await cli.sees("before the reload");
    await app.page.reload();
    await app.online();
    await app.lists("before the reload");
    await app.send("after the reload");
    await cli.sees("after the reload");
  });

  it("is sealed at rest", async () => {
    const records = await app.page.evaluate(async () => {
      const answer = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
      const database = await answer(indexedDB.open("hushclip"));
      const values = await answer(database.transaction("records").objectStore("records").getAll());
      const key = await answer(database.transaction("keys").objectStore("keys").get("at-rest"));
      database.close();
      const text = values.map((value) => new TextDecoder().decode(value)).join("\n");
      return { count: values.length, extractable: key.extractable, readable: text.includes("the reload") };
    });
    assert.ok(records.count >= 4, `${records.count} records`);
    assert.deepEqual([records.extractable, records.readable], [false, false]);
  });

  it("belongs to one tab, and to the next when that closes", async () => {
    const second = new Screen("a second tab", await phone.open(relay.url));
    await second.has("failure");
    assert.match(await second.text("failure"), /another tab/);
    await app.page.close();
    phone.screen = app = second;
    await app.online();
    await app.lists("after the reload");
  });

  it("waits when there is no room, says so, and loses nothing", async () => {
    await app.page.evaluate(fillUp);
    const text = "no room for this";
    await app.send(text);
    assert.match(await app.problem("storage_full"), /storage is full; free some space/);
    const typed = () => app.value("composer");
    assert.equal(await typed(), text, "it is theirs to keep until it is stored");
    // What is on its way cannot be called back, so it does not look as if it could.
    assert.match(await app.text("send-problem"), /goes out once it can be stored/);
    await app.page.focus('[data-testid="composer"]');
    await app.page.keyboard.press("Backspace");
    assert.equal(await typed(), text);
    await judge(app, "storage-full");
    await cli.run(["push", "while there is no room"]);
    assert.ok(!cli.watched.some((clip) => clip.text === text), "nothing is sent unstored");

    await app.page.evaluate(() => globalThis.makeRoom());
    await cli.sees(text);
    await eventually("an empty field", async () => (await typed()) === "");
    await app.lists("while there is no room");
    await app.online();
    await eventually("the problem to go", async () => (await app.text("problem")) === undefined);
    assert.equal(cli.watched.filter((clip) => clip.text === text).length, 1);
    await app.page.keyboard.type("x");
    await eventually("a field to type in", async () => (await typed()) === "x");
    await app.page.keyboard.press("Backspace");
  });

  it("and lets nobody believe that a share was discarded which is on its way", async () => {
    const share = await sharer(relay.url);
    await kept(app);
    await app.page.reload();
    await app.online();
    const text = "shared without room";
    await share(app.page, { text });
    await app.has("shared-text");
    await app.online();
    await app.page.evaluate(fillUp);
    await app.press("shared-send");
    await eventually("why", async () => /is full.*goes out once it can be stored/s.test(await app.text("shared-problem")));
    assert.equal(await app.text("shared-discard"), "On its way");
    assert.equal(await app.page.$eval('[data-testid="shared-discard"]', (/** @type {HTMLButtonElement} */ button) => button.disabled), true);
    await judge(app, "shared-without-room");
    await app.page.evaluate(() => globalThis.makeRoom());
    await cli.sees(text);
    await app.lacks("shared");
    await app.online();
    // What was not sent can be discarded.
    await share(app.page, { text: "not wanted" });
    await app.press("shared-discard");
    await app.lacks("shared");
  });
});
