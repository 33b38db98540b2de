// How copies are caught: each way there is, in Chromium and in Firefox, and where they must not be.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Browser, chord } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { Extension } from "./lib/extension.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Relay } from "./lib/relay.mjs";
import { eventually } from "./lib/wait.mjs";

/** @import { Page } from "puppeteer-core" */

/** Longer than it takes to take a copy by any way, the watch included. */
const SETTLED_MS = 1_500;

/** For so long, a copy that is found once more is the same one. */
const FOUND_MS = 2_000;

/** @type {[string, () => Promise<Browser>][]} */
const KINDS = [
  ["Chromium", () => Browser.chromium("Desk", { extension: true })],
  ["Firefox", () => Browser.firefox("Fox")],
];

describe("What several frames say of one copy", () => {
  const sites = ["example.org"];
  const tab = { id: 1 };
  const links = ["https://example.org/elsewhere"];
  let Catcher, clipboard, caught;

  before(async () => {
    const session = { get: async () => ({}), set: async () => {} };
    // @ts-expect-error No more of it is used.
    globalThis.chrome = { storage: { session } };
    const item = { types: ["text/plain"], getType: async () => new Blob([clipboard]) };
    Object.defineProperty(globalThis, "navigator", { value: { clipboard: { read: async () => [item] } } });
    const built = new URL("../../dist/firefox/catcher.js", import.meta.url);
    ({ Catcher } = await import(built.href));
  });
  after(() => delete globalThis.chrome);

  /** What is caught if a text is copied and these hints come. */
  async function say(text, ...hints) {
    caught = [];
    const copied = (text, html, sure) => caught.push({ text, sure });
    const client = { status: () => ({ member: true, paused: false, watch: false }), catches: () => true, copied, localCopy: copied };
    const catcher = new Catcher(async () => client, { heard: () => {}, failed: (error) => assert.fail(error) });
    clipboard = "from before";
    await catcher.back();
    await sleep(20);
    clipboard = text;
    for (const hint of hints) {
      await catcher.hint({ tab, sites, at: Date.now(), proved: true, ...hint });
    }
    await sleep(300);
    return caught;
  }

  const frame = { sure: true };
  const around = { only: links };
  for (const [order, ...hints] of [["frame first", frame, around], ["frame last", around, frame]]) {
    it(`takes what a frame has copied, and knows it for sure: ${order}`, async () => {
      assert.deepEqual(await say("in the frame", ...hints), [{ text: "in the frame", sure: true }]);
    });
  }

  it("takes nothing but a link's address where no frame has copied", async () => {
    assert.deepEqual(await say("from a password manager", around, { only: ["https://example.org/frame"] }), []);
    assert.deepEqual(await say(links[0], around, { only: ["https://example.org/frame"] }), [{ text: links[0], sure: false }]);
  });
});

for (const [title, launch] of KINDS) {
  describe(`Copies in ${title}`, () => {
    let
      /** @type {Relay} */ relay,
      /** @type {Browser} */ browser,
      /** @type {Cli} */ cli,
      /** @type {Extension} */ extension;
    const isFirefox = title === "Firefox";

    before(async () => {
      [relay, browser] = await Promise.all([Relay.start(), launch()]);
      extension = new Extension(browser);
      cli = new Cli("Terminal");
      await cli.run(["init", "--relay", relay.url, "--name", "Terminal"]);
      const popup = await browser.popup();
      await cli.letIn(popup);
      await cli.watch();
    });
    afterEach(photographFailures(() => [browser].filter(Boolean)));
    after(async () => {
      await cli?.stop();
      await browser?.close();
      await relay?.stop();
    });

    /** What the terminal got since this was asked last, less what is known to be on its way. */
    let seen = 0;
    const news = () => {
      const texts = cli.watched.slice(seen).map((clip) => clip.text);
      seen += texts.length;
      return texts;
    };

    async function html(body) {
      const page = await browser.site();
      await page.evaluate((body) => (document.getElementById("source").innerHTML = body), body);
      return page;
    }

    it("by cutting", async () => {
      const page = await browser.site();
      await page.evaluate(() => {
        const sink = document.getElementById("sink");
        sink.value = "cut out of a page";
        sink.select();
      });
      await chord(page, "x");
      await cli.sees("cut out of a page");
    });

    it("without a formatted form that is larger than any, which is left out", async () => {
      await browser.copyExactly("a few words", `<b>a few words</b><!--${"x".repeat(2 * 1024 * 1024)}-->`);
      await cli.sees("a few words");
      await browser.copyExactly("some more words", `<b>some more words</b><!--${"x".repeat(256 * 1024)}-->`);
      await cli.sees("some more words");
      const form = async (text) => (await extension.content(text)).html ?? "";
      assert.equal(await form("a few words"), "");
      assert.equal(await form("some more words"), "<b>some more words</b>");
    });

    it("with what is said behind a large picture", async () => {
      const picture = `<img alt=x src="data:image/png;base64,${"A".repeat(2 * 1024 * 1024)}">`;
      await browser.copyExactly("words behind it", `${picture}<p>words <i>behind</i> it</p>`);
      await cli.sees("words behind it");
      assert.equal((await extension.content("words behind it")).html, "<p>words <i>behind</i> it</p>");
    });

    it("again, over what came since", { skip: isFirefox && "it tells of no change" }, async () => {
      const copied = () => cli.watched.filter(({ text }) => text === "copied twice").length;
      await browser.copy("copied twice");
      await eventually("the first", () => copied() === 1);
      await cli.run(["push", "what came since"]);
      await browser.pastes("what came since");
      await sleep(FOUND_MS);
      await browser.copy("copied twice");
      await eventually("the second", () => copied() === 2);
      await browser.pastes("copied twice");
      await extension.command("seen");
      news();
    });

    it("by the menu: a selection, a link, a picture, the page", async () => {
      const page = await html('<span id="words">some words</span> <a id="link" href="https://example.org/a?b=c">there</a> <img id="picture" src="/picture.png" alt="" width="40" height="40">');
      await page.evaluate(() => getSelection().selectAllChildren(document.getElementById("words")));
      await extension.chooseOn("#words", "selection");
      await cli.sees("some words");
      await page.evaluate(() => getSelection().removeAllRanges());
      await extension.chooseOn("#link", "link");
      await cli.sees("https://example.org/a?b=c");
      await extension.chooseOn("#picture", "image");
      await cli.sees(new URL("/picture.png", page.url()).href);
      await extension.chooseOn("body", "page");
      await cli.sees(page.url());
    });

    it("by the keys that send what is on the clipboard", async () => {
      await extension.choose({ paused: true });
      await extension.copyElsewhere("whatever was there");
      assert.ok((await extension.marksOf(() => extension.pressSend())).includes("✓"));
      await cli.sees("whatever was there");
      await extension.choose({ paused: false });
    });

    it("by those keys only what can be sent, which the button says", async () => {
      await extension.copyElsewhere("x".repeat(300 * 1024));
      const marks = await extension.marksOf(() => extension.pressSend());
      assert.ok(!marks.includes("✓"), marks.join(" "));
      assert.match(await extension.shows("!"), /at most 256 KiB/);
      await extension.command("dismiss");
      await extension.shows("");
    });


    it("by a button of a page", { skip: isFirefox && "Firefox tells nobody; the watch finds it" }, async () => {
      await browser.pressCopyButton("from a button");
      await cli.sees("from a button");
    });

    it("in a frame, also after a right click on a link around it", { skip: isFirefox && "it tells of no change" }, async () => {
      const page = await html('<a id="link" href="https://example.org/elsewhere">elsewhere</a>');
      const frame = await addFrame(page);
      // What the page around it says comes after what the frame says, but before the clipboard is read.
      await page.evaluate(() => {
        navigator.clipboard.addEventListener?.("clipboardchange", () => {
          for (const end = performance.now() + 30; performance.now() < end;);
        });
      });
      for (const text of ["in the frame, once", "in the frame, twice", "in the frame, and again"]) {
        await page.click("#link", { button: "right" });
        await sleep(100);
        await frame.evaluate(select, text);
        await chord(page, "c");
        await cli.sees(text);
      }
      await page.evaluate(() => document.querySelector("iframe").remove());
      await leaveAlone(browser);
    });

    it("by watching, if that is wanted", async () => {
      await leaveAlone(browser);
      await extension.copyElsewhere("from before");
      await extension.choose({ watch: true });
      await sleep(SETTLED_MS);
      await extension.copyElsewhere("from another program");
      await cli.sees("from another program");
      assert.ok(!cli.watched.some((clip) => clip.text === "from before"), "what was there already is not news");
      await extension.choose({ watch: false });
    });

    it("but what is taken from the list stays, whatever is found meanwhile", async () => {
      await cli.run(["push", "taken from the list"]);
      const { id } = await extension.lists("taken from the list");
      await extension.choose({ watch: true });
      // The clipboard is looked at each second, so each time at another moment.
      for (let n = 1; n <= 6; n += 1) {
        await extension.copyElsewhere(`from another program, number ${n}`);
        await extension.command("take", { id, plain: false });
        await sleep(500);
        assert.equal(await browser.paste(), "taken from the list", `number ${n}`);
      }
      await extension.choose({ watch: false });
      await sleep(SETTLED_MS);
      await browser.copy("after what was taken");
      await cli.sees("after what was taken");
      await extension.command("seen");
      news();
    });

    it("never from password fields", async () => {
      news();
      const page = await html('<input type="password" id="password" value="open sesame">');
      await page.evaluate(() => document.getElementById("password").select());
      await page.focus("#password");
      await chord(page, "c");
      await sleep(SETTLED_MS);
      await browser.copy("after the password");
      await cli.sees("after the password");
      assert.deepEqual(news(), ["after the password"]);
    });

    it("never as the description of a picture", async () => {
      news();
      const page = await html('<img id="picture" src="/picture.png" alt="a kitten" width="40" height="40">');
      await page.evaluate(() => {
        document.activeElement?.blur();
        const range = document.createRange();
        range.selectNode(document.getElementById("picture"));
        getSelection().removeAllRanges();
        getSelection().addRange(range);
      });
      await chord(page, "c");
      await sleep(SETTLED_MS);
      await browser.copy("after the picture");
      await cli.sees("after the picture");
      assert.deepEqual(news(), ["after the picture"]);
    });

    it("never while it is paused, not even afterwards", async () => {
      await extension.chooseOnButton("pause");
      assert.match(await extension.shows("‖"), /Hushclip: paused/);
      await browser.copy("while paused");
      await sleep(SETTLED_MS);
      await extension.chooseOnButton("pause");
      await extension.shows("");
      await switchTabs(browser);
      await sleep(SETTLED_MS);
      await browser.copy("after the pause");
      await cli.sees("after the pause");
      assert.deepEqual(news(), ["after the pause"]);
    });

    it("never on a paused site, and not from another one afterwards", async () => {
      await extension.chooseOnButton("pause-site");
      const { settings } = await extension.say();
      assert.deepEqual(settings.paused_sites, ["127.0.0.1"]);
      await browser.copy("on the paused site");
      assert.equal(await mark(browser), "‖", "the button says so on this tab");
      const page = await browser.site();
      const frame = await addFrame(page);
      await frame.evaluate(select, "in a frame there, which belongs to the site that shows it");
      await chord(page, "c");
      await sleep(SETTLED_MS);
      const other = await switchTabs(browser);
      await sleep(SETTLED_MS);
      await other.evaluate(select, "on another site");
      await chord(other, "c");
      await cli.sees("on another site");
      await extension.choose({ paused_sites: [] });
      await browser.copy("on the same site again");
      await eventually("no mark", async () => (await mark(browser)) === "");
      await cli.sees("on the same site again");
      await frame.evaluate(select, "in the frame again");
      await chord(page, "c");
      await cli.sees("in the frame again");
      assert.deepEqual(news(), ["on another site", "on the same site again", "in the frame again"]);
    });

    it("never in private windows", async () => {
      const url = (await browser.site()).url();
      await leaveAlone(browser);
      const page = await privatePage(browser, url);
      await page.evaluate(select, "in private");
      await chord(page, "c");
      await sleep(SETTLED_MS);
      assert.deepEqual(news(), []);
      await page.close();
    });
  });
}

/** The mark on the toolbar button while the site's tab is in front. */
async function mark(/** @type {Browser} */ browser) {
  await browser.site();
  const { page } = await browser.popup();
  return page.evaluate(async () => {
    const [{ id }] = await chrome.tabs.query({ active: true });
    return chrome.action.getBadgeText({ tabId: id });
  });
}

/** In a page: puts a text there and selects it. */
function select(text) {
  focus();
  const source = document.getElementById("source");
  source.textContent = text;
  getSelection().selectAllChildren(source);
}

/** Adds a frame of another site. */
async function addFrame(/** @type {Page} */ page) {
  await page.evaluate(() => {
    const frame = document.createElement("iframe");
    frame.src = location.href.replace("127.0.0.1", "localhost");
    document.body.append(frame);
    return new Promise((done) => (frame.onload = done));
  });
  // Chromium does not tell a younger one of every change.
  await sleep(300);
  return page.frames().find((frame) => frame.url().includes("localhost"));
}

/** Goes to another site in another tab, and clicks there. */
async function switchTabs(/** @type {Browser} */ browser) {
  const url = (await browser.site()).url().replace("127.0.0.1", "localhost");
  browser.otherPage ??= await browser.open(url);
  await browser.otherPage.bringToFront();
  await browser.otherPage.click("body");
  return browser.otherPage;
}

/** Without windows, all pages believe to be in front; but now nobody has touched them. */
async function leaveAlone(/** @type {Browser} */ browser) {
  await (await browser.site()).reload();
  await browser.otherPage?.close();
  browser.otherPage = undefined;
}

async function privatePage(/** @type {Browser} */ browser, url) {
  if (!browser.base.startsWith("moz-")) {
    const context = await browser.inner.createBrowserContext();
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }
  const before = new Set(await browser.inner.pages());
  await browser.inFirefox(`(async () => {
    const opened = OpenBrowserWindow({ private: true });
    await new Promise((done) => opened.addEventListener("load", done, { once: true }));
    await new Promise((done) => setTimeout(done, 1000));
  })()`);
  const page = (await browser.inner.pages()).find((page) => !before.has(page));
  await page.goto(url);
  return page;
}
