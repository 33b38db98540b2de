// The passphrase lock: what is stored cannot be read without it, and while it is locked the device is
// not there for anybody.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Relay } from "./lib/relay.mjs";
import { Screen } from "./lib/screen.mjs";
import { eventually } from "./lib/wait.mjs";

/** @import { Page } from "puppeteer-core" */

const PASSPHRASE = "purple castle otter";
const OTHER = "seven bicycle lamps";

/** Fills in the passphrase form that is open. */
async function save(/** @type {Screen} */ screen, fields) {
  for (const [name, value] of Object.entries(fields)) {
    await screen.fill(`passphrase-${name}`, value);
  }
  await screen.press("save-passphrase");
}

async function setPassphrase(/** @type {Screen} */ screen, passphrase) {
  await screen.press("settings");
  await screen.press("set-passphrase");
  await save(screen, { new: passphrase, again: passphrase });
  await guarded(screen, "guarded");
}

async function guarded(/** @type {Screen} */ screen, state) {
  const shown = () => screen.page.$eval('[data-testid="lock"]', (/** @type {HTMLElement} */ element) => element.dataset.state);
  await eventually(`${screen.name} ${state}`, async () => (await shown()) === state);
}

async function unlock(/** @type {Screen} */ screen, passphrase) {
  await screen.fill("passphrase", passphrase);
  await screen.press("unlock");
}

/** Closes a popup and opens it; Firefox reports no end of that. */
async function openAnew({ name, page }) {
  await page.evaluate(() => {
    globalThis.isOld = true;
    location.reload();
  });
  const opened = () => page.evaluate(() => !globalThis.isOld && document.querySelector("#app *") !== null).catch(() => false);
  await eventually(`a new popup in ${name}`, opened);
}

/** Opens the page of options as the browser does. */
async function openTab(/** @type {Browser} */ browser) {
  const { page } = await browser.popup();
  const before = new Set(await browser.inner.pages());
  await page.evaluate(() => void chrome.tabs.create({ url: "options.html" }));
  const tab = await eventually("the tab", async () => {
    const found = (await browser.inner.pages()).find((page) => !before.has(page));
    return (await found.$('[data-testid="back"]')) && found;
  });
  return new Screen("a tab", tab);
}

/** As after the lid was closed for six minutes: no timer has run. */
async function sleepForMinutes(/** @type {Screen} */ screen) {
  await screen.page.evaluate(() => {
    const { now } = Date;
    Date.now = () => now() + 6 * 60_000;
    dispatchEvent(new Event("pageshow"));
  });
}

async function isLocked(/** @type {Screen} */ screen) {
  await screen.has("locked");
  assert.deepEqual(await screen.texts("clip"), [], "no clip is shown");
}

/** Everything that the page's origin has in its database, as one text. */
async function dump(/** @type {Page} */ page) {
  return page.evaluate(async () => {
    const answer = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
    const database = await answer(indexedDB.open("hushclip"));
    const names = await answer(database.transaction("records").objectStore("records").getAllKeys());
    const values = await answer(database.transaction("records").objectStore("records").getAll());
    const key = await answer(database.transaction("keys").objectStore("keys").get("at-rest"));
    const vault = await answer(database.transaction("keys").objectStore("keys").get("vault"));
    database.close();
    const bytes = [vault, ...values].filter((value) => value instanceof Uint8Array);
    const text = bytes.map((value) => new TextDecoder("latin1").decode(value)).join("\n");
    return { count: values.length, names, text, extractable: key?.extractable, first: String(values[0]) };
  });
}

/** Which of these texts the memory of the web app's module holds. */
async function inMemory(/** @type {Page} */ page, texts) {
  return page.evaluate(async (texts) => {
    const module = await import("/hushclip_web.js");
    const { memory } = await module.default();
    const held = new TextDecoder("latin1").decode(memory.buffer);
    return texts.filter((text) => held.includes(text));
  }, texts);
}

async function isOnline(/** @type {Cli} */ cli, name, online) {
  await eventually(`${name} ${online ? "online" : "offline"} for the terminal`, async () => {
    const lines = (await cli.run(["devices", "--json"])).trim().split("\n").map((line) => JSON.parse(line));
    return lines.find((device) => device.name === name)?.online === online;
  });
}

describe("The lock in the web app", () => {
  let /** @type {Relay} */ relay, /** @type {Browser} */ phone, /** @type {Screen} */ app, /** @type {Cli} */ cli;

  before(async () => {
    [relay, phone] = await Promise.all([Relay.start(), Browser.chromium("Phone-canary")]);
    cli = new Cli("Terminal");
    app = await phone.webApp(relay.url);
    await app.createAccount(relay.url);
    await cli.join(await app.invite(), (digits) => app.approve(digits));
    await app.send("clip-canary from before");
    await app.lists("clip-canary from before");
  });
  afterEach(photographFailures(() => [phone].filter(Boolean)));
  after(async () => {
    await phone?.close();
    await relay?.stop();
  });

  it("refuses a passphrase that is short or typed in two ways", async () => {
    await app.press("settings");
    await app.press("set-passphrase");
    await save(app, { new: "seven77", again: "seven77" });
    assert.match(await app.has("passphrase-refused"), /at least 8/i);
    await save(app, { new: PASSPHRASE, again: OTHER });
    await eventually("the refusal", async () => /not the same/.test(await app.text("passphrase-refused")));
  });

  it("seals everything anew when it is set", async () => {
    const before = await dump(app.page);
    await save(app, { new: PASSPHRASE, again: PASSPHRASE });
    await guarded(app, "guarded");
    const after = await dump(app.page);
    assert.deepEqual(after.names, before.names);
    assert.notEqual(after.first, before.first);
    for (const { text, extractable, count } of [before, after]) {
      assert.ok(count >= 4, `${count} records`);
      assert.equal(extractable, false);
      for (const secret of ["canary", "Terminal", PASSPHRASE]) {
        assert.ok(!text.includes(secret), `${secret} can be read in the database`);
      }
    }
  });

  it("asks for it after a reload, and does not take another", async () => {
    await app.page.reload();
    await isLocked(app);
    await app.page.evaluate(() => {
      /** @type {HTMLElement} */
      const button = document.querySelector('[data-testid="unlock"]');
      globalThis.words = [];
      new MutationObserver(() => globalThis.words.push(button.innerText)).observe(button, { subtree: true, characterData: true, childList: true });
    });
    await unlock(app, "wrong passphrase");
    await eventually("the refusal", async () => /not the passphrase/.test(await app.text("lock-problem")));
    await isLocked(app);
    await eventually("the end of the wait", async () => (await app.text("unlock")) === "Unlock");
    // The clock of the screens ticks once a second, so it may say "in 2 s" first.
    assert.match((await app.page.evaluate(() => globalThis.words)).join(", "), /^Unlocking…, (Try again in [12] s, )+Unlock$/);
  });

  it("opens with it, and everything is as before", async () => {
    await cli.run(["push", "sent while it was locked"]);
    await isOnline(cli, "Phone-canary", false);
    await unlock(app, PASSPHRASE);
    // The settings were open when the page was reloaded.
    await app.press("back");
    await app.online();
    await app.lists("clip-canary from before");
    await app.lists("sent while it was locked");
    await cli.run(["push", "sent afterwards"]);
    await app.lists("sent afterwards");
  });

  it("is away from the moment it is locked by hand", async () => {
    await isOnline(cli, "Phone-canary", true);
    await app.press("settings");
    const secrets = ["clip-canary", "sent while it was locked", "Terminal", PASSPHRASE];
    assert.deepEqual(await inMemory(app.page, secrets.slice(0, 3)), secrets.slice(0, 3), "it is there to be found");
    await app.press("lock-now");
    await isLocked(app);
    await isOnline(cli, "Phone-canary", false);
    await eventually("the memory to be wiped", async () => (await inMemory(app.page, secrets)).length === 0);
    await unlock(app, PASSPHRASE);
    await guarded(app, "guarded");
  });

  it("locks by itself when nobody was here for as long as chosen", async () => {
    // The field shows what was chosen before anybody knows of it.
    const { text: before } = await dump(app.page);
    await app.page.select('[data-testid="auto-lock"]', "5");
    await eventually("the choice to be stored", async () => (await dump(app.page)).text !== before);
    await sleepForMinutes(app);
    await isLocked(app);
    await app.page.reload();
    await isLocked(app);
    await unlock(app, PASSPHRASE);
    await guarded(app, "guarded");
    assert.equal(await app.value("auto-lock"), "5");
  });

  it("closes a clip that was open in full", async () => {
    await app.press("back");
    await app.press("more");
    await app.press("whole");
    await app.has("whole-close");
    await sleepForMinutes(app);
    await isLocked(app);
    await app.lacks("whole-close");
    await unlock(app, PASSPHRASE);
    await app.lists("clip-canary from before");
    await app.lacks("whole-close");
    await app.page.reload();
    await unlock(app, PASSPHRASE);
    await app.press("settings");
    await guarded(app, "guarded");
  });

  it("stays as it was when a change could not be stored", async () => {
    await app.page.evaluate(() => {
      const { put } = IDBObjectStore.prototype;
      let room = 3;
      IDBObjectStore.prototype.put = function (...record) {
        if (room-- <= 0) {
          throw new DOMException("", "QuotaExceededError");
        }
        return put.apply(this, record);
      };
    });
    await app.press("change-passphrase");
    await save(app, { old: PASSPHRASE, new: OTHER, again: OTHER });
    await eventually("the problem", async () => /storage is full/.test(await app.text("lock-problem")));
    await app.page.reload();
    await isLocked(app);
    await unlock(app, PASSPHRASE);
    await guarded(app, "guarded");
  });

  it("opens again though a change waited for room when it was locked", async () => {
    await app.page.evaluate(() => {
      const { put } = IDBObjectStore.prototype;
      IDBObjectStore.prototype.put = () => {
        throw new DOMException("", "QuotaExceededError");
      };
      globalThis.makeRoom = () => (IDBObjectStore.prototype.put = put);
      const { get } = IDBObjectStore.prototype;
      IDBObjectStore.prototype.get = function (key) {
        globalThis.guardRead = true;
        return get.call(this, key);
      };
    });
    await cli.run(["push", "there is no room for it"]);
    // Its line is closed while nothing can be stored.
    await isOnline(cli, "Phone-canary", false);
    await app.press("change-passphrase");
    await app.page.evaluate(() => (globalThis.guardRead = false));
    await save(app, { old: PASSPHRASE, new: OTHER, again: OTHER });
    await eventually("the present key to be read", () => app.page.evaluate(() => globalThis.guardRead));
    // The new keys are made right after, and then wait.
    await sleep(2000);
    await app.page.evaluate(() => {
      const { now } = Date;
      Date.now = () => now() + 6 * 60_000;
      dispatchEvent(new Event("pageshow"));
    });
    await isLocked(app);
    await app.page.evaluate(() => globalThis.makeRoom());
    await unlock(app, PASSPHRASE);
    await guarded(app, "guarded");
    await app.page.reload();
    await isLocked(app);
    await unlock(app, PASSPHRASE);
    await guarded(app, "guarded");
  });

  it("takes another passphrase only from who knows the present one", async () => {
    await app.press("change-passphrase");
    await save(app, { old: OTHER, new: OTHER, again: OTHER });
    await eventually("the refusal", async () => /not the passphrase/.test(await app.text("lock-problem")));
    await save(app, { old: PASSPHRASE });
    await guarded(app, "guarded");
    await app.has("lock-now");
    await app.press("lock-now");
    await isLocked(app);
    await unlock(app, PASSPHRASE);
    await eventually("the refusal", async () => /not the passphrase/.test(await app.text("lock-problem")));
    await unlock(app, OTHER);
    await guarded(app, "guarded");
  });

  it("does without again, once the passphrase is removed", async () => {
    await app.press("remove-passphrase");
    await save(app, { old: OTHER });
    await guarded(app, "open");
    await app.page.reload();
    await app.press("back");
    await app.online();
    await app.lists("clip-canary from before");
  });

  it("gives up what nobody can open, when asked twice", async () => {
    await setPassphrase(app, PASSPHRASE);
    await app.page.reload();
    await isLocked(app);
    await app.press("forget");
    await app.press("forget-sure");
    await app.has("create-account");
    await app.page.reload();
    await app.has("create-account");
  });

  const damages = {
    "records whose key is of another form": (store) => store("keys").delete("vault"),
    "a key that is none": (store) => store("keys").put("nonsense", "vault"),
    "a key that was changed": (store) => store("keys").put(new Uint8Array(60), "vault"),
    "no key": (store) => store("keys").delete("at-rest"),
  };
  for (const [what, damage] of Object.entries(damages)) {
    it(`says that a database is damaged: ${what}`, async () => {
      const records = await app.page.evaluate(`(${async (damage) => {
        const answer = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
        const database = await answer(indexedDB.open("hushclip"));
        const store = (name) => database.transaction(name, "readwrite").objectStore(name);
        await answer(store("records").put(7, 7));
        await answer(damage(store));
        const count = await answer(store("records").count());
        database.close();
        return count;
      }})(${damage})`);
      await app.page.reload();
      assert.match(await app.has("failure"), /cannot be read/);
      assert.equal((await dump(app.page)).count, records, "nothing was deleted");
    });
  }

  it("says that a database of a later version cannot be read", async () => {
    // A page of the same origin that does not hold the database open.
    await app.page.goto(new URL("/style.css", relay.url).href);
    await app.page.evaluate(async () => {
      const done = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
      (await done(indexedDB.open("hushclip", 99))).close();
    });
    await app.page.goto(relay.url);
    assert.match(await app.has("failure"), /from a newer version of Hushclip/);
  });
});

describe("The lock in the extensions", () => {
  let /** @type {Relay} */ relay, /** @type {Browser} */ desk, /** @type {Browser} */ fox, /** @type {Cli} */ cli;
  /** @type {[string, () => Browser][]} */
  const KINDS = [["Chromium", () => desk], ["Firefox", () => fox]];

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
      await cli.letIn(popup);
    }
    await cli.watch();
  });
  afterEach(photographFailures(() => [desk, fox].filter(Boolean)));
  after(async () => {
    await cli?.stop();
    await Promise.all([desk?.close(), fox?.close()]);
    await relay?.stop();
  });

  for (const [title, browser] of KINDS) {
    it(`${title}: lock now ends everything, the passphrase brings it back`, async () => {
      const popup = await browser().popup();
      const { name } = browser();
      await browser().copy(`copied in ${name} before`);
      await cli.sees(`copied in ${name} before`);
      await popup.page.bringToFront();
      await setPassphrase(popup, PASSPHRASE);
      await popup.press("lock-now");
      await isLocked(popup);
      await isOnline(cli, name, false);
      await browser().copy(`copied in ${name} while locked`);
      await unlock(popup, OTHER);
      await eventually("the refusal", async () => /not the passphrase/.test(await popup.text("lock-problem")));
      await unlock(popup, PASSPHRASE);
      await guarded(popup, "guarded");
      await popup.press("back");
      await popup.online();
      await popup.lists(`copied in ${name} before`);
      await cli.run(["push", `to ${name} afterwards`]);
      await browser().pastes(`to ${name} afterwards`);
      await browser().copy(`copied in ${name} afterwards`);
      await cli.sees(`copied in ${name} afterwards`);
      assert.ok(!cli.watched.some((clip) => clip.text.includes("while locked")), "what was copied then is not sent");
    });
  }

  for (const [title, browser] of KINDS) {
    it(`${title}: what is typed outlives the popup and the lock`, async () => {
      const popup = await browser().popup();
      await popup.page.bringToFront();
      await popup.fill("composer", "half a sentence");
      await openAnew(popup);
      await eventually("what was typed", async () => (await popup.value("composer")) === "half a sentence");
      await popup.press("settings");
      await popup.press("lock-now");
      await isLocked(popup);
      await unlock(popup, PASSPHRASE);
      await popup.press("back");
      await eventually("what was typed", async () => (await popup.value("composer")) === "half a sentence");
      await popup.press("send");
      await cli.sees("half a sentence");
      await eventually("an empty field", async () => (await popup.value("composer")) === "");
      await openAnew(popup);
      await popup.online();
      assert.equal(await popup.value("composer"), "");
    });
  }

  for (const [title, browser] of KINDS) {
    it(`${title}: what is typed is the same in the popup and in a tab`, async () => {
      const popup = await browser().popup();
      const tab = await openTab(browser());
      await tab.press("back");
      const shows = (/** @type {Screen} */ screen, text) => eventually(`"${text}" in ${screen.name}`, async () => (await screen.value("composer")) === text);
      await popup.page.bringToFront();
      await popup.fill("composer", "typed in the popup");
      await shows(tab, "typed in the popup");
      await tab.page.bringToFront();
      await tab.page.focus('[data-testid="composer"]');
      await tab.page.keyboard.press("End");
      await tab.page.keyboard.type(" and in the tab");
      assert.equal(await tab.value("composer"), "typed in the popup and in the tab");
      await openAnew(popup);
      await shows(popup, "typed in the popup and in the tab");
      await popup.press("send");
      await cli.sees("typed in the popup and in the tab");
      await shows(popup, "");
      await shows(tab, "");
      // As fast as it can: what comes back late from the other page must not undo it.
      await popup.page.bringToFront();
      await popup.fill("composer", "one letter after the other ".repeat(4));
      await sleep(500);
      assert.equal(await popup.value("composer"), "one letter after the other ".repeat(4));
      await shows(tab, "one letter after the other ".repeat(4));
      await popup.fill("composer", "x");
      await popup.page.keyboard.press("Backspace");
      await shows(tab, "");
      await tab.page.close();
    });
  }

  it("Chromium: does not lock while somebody types", async () => {
    const popup = await desk.popup();
    await popup.press("settings");
    await popup.page.select('[data-testid="auto-lock"]', "5");
    await popup.press("back");
    const target = await desk.inner.waitForTarget((target) => target.type() === "service_worker");
    const background = await target.worker();
    const later = (minutes) =>
      background.evaluate((minutes) => {
        const { now } = Date;
        Date.now = () => now() + minutes * 60_000;
        dispatchEvent(new Event("online"));
      }, minutes);
    await popup.fill("composer", "half");
    await later(4);
    // Not each key is told of.
    await sleep(1_100);
    await popup.page.keyboard.type(" a sentence");
    await sleep(200);
    await later(4);
    await sleep(200);
    await popup.lacks("locked");
    assert.equal(await popup.value("composer"), "half a sentence");
    await later(6);
    await isLocked(popup);
    await unlock(popup, PASSPHRASE);
    await eventually("what was typed", async () => (await popup.value("composer")) === "half a sentence");
    await popup.fill("composer", "x");
    await popup.page.keyboard.press("Backspace");
  });

  it("Chromium: is locked when the browser has ended the background", async () => {
    const popup = await desk.popup();
    await desk.endBackground();
    await isLocked(popup);
    await isOnline(cli, "Desk", false);
    // A second popup waits as long as the first: the background counts.
    for (let tries = 0; tries < 3; tries += 1) {
      await unlock(popup, OTHER);
      await eventually("the wait", async () => /Try again in \d s/.test(await popup.text("unlock")));
    }
    await popup.page.reload();
    await isLocked(popup);
    assert.match(await popup.has("unlock"), /Try again in \d s/);
    await unlock(popup, PASSPHRASE);
    await popup.online();
    const { text } = await dump(popup.page);
    for (const secret of ["copied in", "Terminal", PASSPHRASE]) {
      assert.ok(!text.includes(secret), `${secret} can be read in the database`);
    }
  });
});
