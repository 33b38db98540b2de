// The library as a person uses it, in Chromium's popup and in the web app: finding, pinning, deleting and
// taking that back, secrets, formatted text, the history as a file, the keyboard alone, light and dark.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Browser } from "./lib/browser.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { folder } from "./lib/process.mjs";
import { Relay } from "./lib/relay.mjs";
import { pair } from "./lib/screen.mjs";
import { eventually } from "./lib/wait.mjs";

/** @import { Screen } from "./lib/screen.mjs" */

const id = (name) => `[data-testid="${name}"]`;
const LINK = "https://example.org/a/rather/long/path";
const NOTE = "the blue folder is on the table";
const PASSPHRASE = "purple castle otter bicycle";
/** Deletes can be taken back for eight seconds. */
const UNDO_MS = 8_000;

/** Waits until exactly these clips are listed, by what they contain. */
async function lists(/** @type {Screen} */ screen, texts) {
  await eventually(`${texts.length} clips in ${screen.name}`, async () => {
    const shown = await screen.texts("clip");
    return shown.length === texts.length && texts.every((text) => shown.some((clip) => clip.includes(text)));
  });
}

async function find(/** @type {Screen} */ screen, text) {
  await screen.fill("search", "");
  await screen.page.keyboard.press("Backspace");
  await screen.page.keyboard.type(text);
}

/** The card that holds this text. */
async function card(/** @type {Screen} */ screen, text) {
  return eventually(`a card with "${text}" in ${screen.name}`, async () => {
    for (const clip of await screen.page.$$(id("clip"))) {
      if ((await clip.evaluate((element) => /** @type {HTMLElement} */ (element).innerText)).includes(text)) {
        return clip;
      }
    }
  });
}

/** Opens a clip's menu and presses one of its buttons. */
async function choose(/** @type {Screen} */ screen, text, name) {
  await screen.page.bringToFront();
  const clip = await card(screen, text);
  for (const button of ["more", name]) {
    // Not behind the place to write in.
    await clip.evaluate((element) => element.scrollIntoView({ block: "center" }));
    await (await clip.waitForSelector(id(button))).click();
  }
}

/** Opens the chips of the filters, or closes them. */
async function filters(/** @type {Screen} */ screen, wanted) {
  await eventually(`filters open: ${wanted} in ${screen.name}`, async () => {
    const button = await screen.page.waitForSelector(id("filters"));
    const open = () => button.evaluate((element) => element.getAttribute("aria-expanded") === "true");
    if ((await open()) !== wanted) {
      await button.click();
    }
    return (await open()) === wanted;
  });
}

async function pinned(/** @type {Screen} */ screen, text, wanted) {
  await eventually(`"${text}" pinned: ${wanted} in ${screen.name}`, async () => {
    return (await (await card(screen, text)).evaluate((element) => /** @type {HTMLElement} */ (element).dataset.pinned)) === String(wanted);
  });
}

/** What has the keyboard: the text of its card, or its name. */
const focused = (/** @type {Screen} */ screen) =>
  screen.page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement.closest("li.clip"))?.innerText ?? document.activeElement.id);

async function hasFocus(/** @type {Screen} */ screen, what) {
  await eventually(`the keyboard on "${what}"`, async () => (await focused(screen)).includes(what));
}

describe("The library", () => {
  let
    /** @type {Relay} */ relay,
    /** @type {Browser} */ desk,
    /** @type {Browser} */ phone,
    /** @type {Screen} */ popup,
    /** @type {Screen} */ app;
  const browsers = () => [desk, phone].filter(Boolean);

  before(async () => {
    relay = await Relay.start();
    [desk, phone] = await Promise.all([Browser.chromium("Desk", { extension: true }), Browser.chromium("Phone")]);
    popup = await desk.popup();
    app = await phone.webApp(relay.url);
    await popup.createAccount(relay.url);
    await pair(popup, app);
    await app.send(NOTE);
    await app.send(LINK);
    await desk.copyHtml(
      `<h2>Meeting on <b>Thursday</b></h2>, bring the <a href="https://example.org/">folder</a>` +
        `<a href="javascript:globalThis.ran = 1">x</a><img src="x" onerror="globalThis.ran = 1">`,
    );
    await popup.page.bringToFront();
    await eventually("three clips on both", async () => {
      const counts = await Promise.all([popup, app].map(async (screen) => (await screen.texts("clip")).length));
      return counts.every((count) => count === 3);
    });
  });
  afterEach(photographFailures(browsers));
  after(async () => {
    await Promise.all(browsers().map((browser) => browser.close()));
    await relay?.stop();
  });

  it("finds clips by their words while they are typed", async () => {
    for (const screen of [popup, app]) {
      await screen.page.bringToFront();
      await find(screen, "FOLDER the");
      await lists(screen, [NOTE, "Thursday"]);
      assert.equal(await screen.text("tally"), "2 of 3 clips");
      const marks = await screen.page.$$eval("mark", (marks) => marks.map((mark) => mark.innerText.toLowerCase()));
      assert.ok(marks.includes("folder") && marks.includes("the"), `${marks}`);
      await screen.page.keyboard.press("Escape");
      await lists(screen, [NOTE, LINK, "Thursday"]);
    }
  });

  it("says so when nothing is found, and leads back", async () => {
    await popup.page.bringToFront();
    await find(popup, "no such word");
    await popup.has("nothing-found");
    await popup.press("widen");
    await lists(popup, [NOTE, LINK, "Thursday"]);
  });

  it("narrows the list down by kind and by device", async () => {
    for (const screen of [popup, app]) {
      await screen.page.bringToFront();
      await filters(screen, true);
      await screen.press("filter-link");
      await lists(screen, [LINK]);
      await screen.press("filter-formatted");
      await lists(screen, ["Thursday"]);
      await screen.press("filter-text");
      await lists(screen, [NOTE]);
      await screen.press("filter-text");
      await filters(screen, false);
      const chip = await screen.page.waitForSelector(`${id("device")} ::-p-text(Desk)`);
      await chip.click();
      await lists(screen, ["Thursday"]);
      await chip.click();
      await lists(screen, [NOTE, LINK, "Thursday"]);
    }
  });

  it("pins on all devices", async () => {
    await choose(popup, NOTE, "pin");
    await pinned(popup, NOTE, true);
    await hasFocus(popup, NOTE);
    await app.page.bringToFront();
    await pinned(app, NOTE, true);
    await filters(app, true);
    await app.press("filter-pinned");
    await lists(app, [NOTE]);
    await app.press("filter-pinned");
    await lists(app, [NOTE, LINK, "Thursday"]);
    await filters(app, false);
    await app.lacks("filter-pinned");
    await choose(app, NOTE, "pin");
    await popup.page.bringToFront();
    await pinned(popup, NOTE, false);
  });

  it("shows formatted text, and nothing of it runs", async () => {
    for (const screen of [popup, app]) {
      await choose(screen, "Thursday", "whole");
      const shown = await screen.page.waitForSelector(`${id("rich")} b`);
      assert.equal(await shown.evaluate((element) => element.innerText), "Thursday");
      const tags = await screen.page.$$eval(`${id("rich")} *`, (all) => all.map((element) => element.localName));
      assert.ok(tags.includes("h2") && !tags.includes("img"), `${tags}`);
      const links = await screen.page.$$eval(`${id("rich")} a`, (all) => all.map((link) => link.getAttribute("href")));
      assert.ok(links.includes("https://example.org/") && !links.some((link) => link?.startsWith("javascript")));
      assert.equal(await screen.page.evaluate(() => globalThis.ran), undefined);
      await screen.press("as-text");
      assert.ok((await screen.text("whole-text")).includes("Meeting on Thursday"));
      await screen.page.keyboard.press("Escape");
      await screen.lacks("whole-text");
    }
  });

  it("copies with and without formatting", async () => {
    await popup.page.bringToFront();
    const copy = await (await card(popup, "Thursday")).waitForSelector(id("copy"));
    await copy.click();
    await eventually("the formatted form", async () => (await desk.pasteHtml())?.includes("<b>Thursday</b>"));
    await choose(popup, "Thursday", "copy-plain");
    await eventually("the plain form alone", async () => (await desk.pasteHtml()) === "");
    assert.ok((await desk.paste()).includes("Meeting on Thursday"));
  });

  it("copies and shows all of a long one", async () => {
    const long = `the beginning ${"and so on ".repeat(500)}the end`;
    await desk.copy(long);
    for (const [screen, browser] of /** @type {[Screen, Browser][]} */ ([[app, phone], [popup, desk]])) {
      await screen.page.bringToFront();
      const clip = await card(screen, "the beginning");
      assert.ok(!(await clip.evaluate((element) => element.textContent)).includes("the end"), "the list has its beginning");
      await (await clip.waitForSelector(id("copy"))).click();
      await browser.pastes(long);
      await choose(screen, "the beginning", "whole");
      await screen.press("as-text");
      await eventually("all of it", async () => (await screen.text("whole-text")).endsWith("the end"));
      await screen.press("whole-close");
      await screen.lacks("whole-text");
    }
    await choose(app, "the beginning", "delete");
    await lists(app, [NOTE, LINK, "Thursday"]);
    await sleep(UNDO_MS);
  });

  it("deletes everywhere, and takes that back in time", async () => {
    await choose(app, LINK, "delete");
    await lists(app, [NOTE, "Thursday"]);
    await app.press("toast-action");
    await lists(app, [NOTE, LINK, "Thursday"]);
    await popup.page.bringToFront();
    await lists(popup, [NOTE, LINK, "Thursday"]);

    await choose(app, LINK, "delete");
    await lists(app, [NOTE, "Thursday"]);
    await sleep(UNDO_MS);
    await popup.page.bringToFront();
    await lists(popup, [NOTE, "Thursday"]);
  });

  it("asks before a one-time code is sent, and hides it in lists", async () => {
    await desk.copy("Your code is 482913");
    await popup.page.bringToFront();
    await popup.has("held");
    const hint = await popup.text("held-hint");
    assert.ok(!hint.includes("482913"), hint);
    assert.ok(!(await app.texts("clip")).some((clip) => clip.includes("One-time code")), "nothing is sent yet");
    await popup.press("held-keep");
    await popup.lacks("held");

    await desk.copy("Your other code is 771204");
    await popup.page.bringToFront();
    await popup.press("held-send");
    await app.page.bringToFront();
    const clip = await card(app, "One-time code");
    const text = await clip.evaluate((element) => /** @type {HTMLElement} */ (element).innerText);
    assert.ok(!text.includes("771204") && /gone in \d+ s/.test(text), text);
    await (await clip.waitForSelector(id("unmask"))).click();
    await card(app, "771204");
    assert.equal(await app.count("482913"), 0, "what was kept back is nowhere");
    await choose(app, "771204", "delete");
    await lists(app, [NOTE, "Thursday"]);
  });

  it("offers what comes in, where it is told not to write the clipboard", async () => {
    await desk.copy("what was on the clipboard before");
    await popup.page.bringToFront();
    await choose(popup, "before", "delete");
    await popup.press("settings");
    await popup.press("apply-ask");
    await popup.press("back");
    await app.page.bringToFront();
    await app.send("an offer");
    await popup.page.bringToFront();
    assert.match(await popup.has("arrived"), /New clip from Phone/);
    assert.equal(await desk.paste(), "what was on the clipboard before");
    await popup.press("arrived-copy");
    await popup.lacks("arrived");
    await desk.pastes("an offer");
    await choose(popup, "an offer", "delete");
    await popup.press("settings");
    await popup.press("apply-always");
    await popup.press("back");
    await lists(popup, [NOTE, "Thursday"]);
  });

  it("says that it is paused, and goes on when told", async () => {
    await popup.page.bringToFront();
    await popup.press("settings");
    await popup.press("pause");
    await popup.press("back");
    await popup.has("paused");
    await desk.copy("copied while it is paused");
    await popup.page.bringToFront();
    await popup.press("go-on");
    await popup.lacks("paused");
    await desk.copy("copied afterwards");
    await popup.page.bringToFront();
    await popup.lists("copied afterwards");
    assert.equal(await popup.count("while it is paused"), 0);
    await choose(popup, "copied afterwards", "delete");
    await lists(popup, [NOTE, "Thursday"]);
  });

  it("goes by the keyboard alone", async () => {
    await popup.page.bringToFront();
    await popup.page.reload();
    await hasFocus(popup, "search");
    await popup.page.keyboard.type("folder");
    await lists(popup, [NOTE, "Thursday"]);
    await popup.page.keyboard.press("ArrowDown");
    await hasFocus(popup, "Thursday");
    await popup.page.keyboard.press("ArrowDown");
    await hasFocus(popup, NOTE);
    await popup.page.keyboard.press("p");
    await pinned(popup, NOTE, true);
    await popup.page.keyboard.press("Enter");
    await desk.pastes(NOTE);
    await popup.page.bringToFront();
    await popup.page.keyboard.press("v");
    await popup.has("whole-text");
    await popup.page.keyboard.press("Escape");
    await popup.lacks("whole-text");
    await hasFocus(popup, NOTE);
    await popup.page.keyboard.press("Delete");
    await lists(popup, ["Thursday"]);
    await hasFocus(popup, "Thursday");
    await popup.page.keyboard.down("Control");
    await popup.page.keyboard.press("z");
    await popup.page.keyboard.up("Control");
    await lists(popup, [NOTE, "Thursday"]);
    await popup.page.keyboard.press("?");
    await eventually("the list of keys", () => popup.page.$("dialog[open] kbd"));
    await popup.page.keyboard.press("Escape");
    await popup.page.keyboard.press("/");
    await hasFocus(popup, "search");
    await popup.page.keyboard.press("Escape");
  });

  it("is light or dark as it is told, and stays so", async () => {
    for (const screen of [popup, app]) {
      await screen.page.bringToFront();
      const ground = () => screen.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      const light = await ground();
      await screen.press("settings");
      await screen.press("theme-dark");
      await eventually("dark", async () => (await ground()) !== light);
      await screen.page.reload();
      await screen.online();
      assert.notEqual(await ground(), light);
      // The web app is where it was; a popup starts from its list.
      if (await screen.page.$(id("settings"))) {
        await screen.press("settings");
      }
      await screen.press("theme-system");
      await eventually("light", async () => (await ground()) === light);
      await screen.press("back");
    }
  });

  it("asks the relay whether it is well", async () => {
    for (const screen of [popup, app]) {
      await screen.page.bringToFront();
      await screen.press("settings");
      await screen.press("check-health");
      await eventually("its answer", async () => /\d+ ms/.test((await screen.text("health")) ?? ""));
      await screen.press("back");
    }
  });

  it("takes the history out as a file, and in on another account", async () => {
    const downloads = folder("downloads");
    await popup.page.bringToFront();
    const debug = await popup.page.createCDPSession();
    await debug.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: downloads });
    await popup.press("settings");
    await popup.press("export");
    await popup.fill("archive-passphrase", PASSPHRASE);
    await popup.fill("archive-again", PASSPHRASE.toUpperCase());
    await popup.press("archive-start");
    assert.match(await popup.has("archive-wrong"), /not the same/);
    await popup.fill("archive-again", PASSPHRASE);
    await popup.press("archive-start");
    const file = await eventually("the file", () => readdirSync(downloads).find((name) => name.endsWith(".hush")));
    assert.match(file, /^hushclip-history-\d{4}-\d{2}-\d{2}\.hush$/);
    await popup.press("back");

    await app.page.bringToFront();
    await app.press("settings");
    await app.press("leave");
    await app.press("leave-sure");
    await app.createAccount(relay.url);
    await app.press("settings");
    await app.press("import");
    /** @type {import("puppeteer-core").ElementHandle<any>} */
    const field = await app.page.waitForSelector(id("archive-file"));
    await field.uploadFile(path.join(downloads, file));
    await app.fill("archive-passphrase", "not the passphrase");
    await app.press("archive-start");
    await eventually("the refusal", () => app.text("archive-wrong"));
    await hasFocus(app, "archive-passphrase");
    await app.fill("archive-passphrase", PASSPHRASE);
    await app.press("archive-start");
    await eventually("the news", async () => /2 clips are new here/.test((await app.text("toast")) ?? ""));
    await app.press("back");
    await lists(app, [NOTE, "Thursday"]);
  });

  it("deletes all clips, and takes that back", async () => {
    await popup.page.bringToFront();
    await popup.press("settings");
    await popup.press("delete-all");
    await popup.press("delete-all-sure");
    const news = await popup.page.waitForSelector(`${id("toast")} ::-p-text(All clips)`);
    await (await news.evaluateHandle((element) => element.closest(".toast").querySelector("button"))).click();
    await popup.press("back");
    // What was deleted a moment before comes back as well.
    await popup.lists(NOTE);
    await popup.lists("Thursday");
  });
});
