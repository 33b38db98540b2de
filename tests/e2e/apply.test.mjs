// What becomes of clips that come from elsewhere: on the clipboard, offered, or only listed; the newest after
// an absence; secrets, which go again. Chromium and Firefox on one account, with a terminal.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { Extension } from "./lib/extension.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Relay } from "./lib/relay.mjs";
import { eventually } from "./lib/wait.mjs";

/** Longer than it takes to put a clip on the clipboard. */
const SETTLED_MS = 1_000;
/** The shortest life that can be chosen for secrets. */
const LIFE_S = 15;
const LONG = { limit: 2 * LIFE_S * 1_000 };

describe("Clips from elsewhere", () => {
  let /** @type {Relay} */ relay, /** @type {Browser} */ desk, /** @type {Browser} */ fox, /** @type {Cli} */ cli;
  const browsers = () => [desk, fox].filter(Boolean);
  const both = (/** @type {(browser: Browser) => unknown} */ act) => Promise.all(browsers().map(act));

  before(async () => {
    [relay, desk, fox] = await Promise.all([
      Relay.start(),
      Browser.chromium("Desk", { extension: true }),
      Browser.firefox("Fox"),
    ]);
    cli = new Cli("Terminal");
    await cli.run(["init", "--relay", relay.url, "--name", "Terminal"]);
    for (const browser of browsers()) {
      browser.extension = new Extension(browser);
      const popup = await browser.popup();
      await cli.letIn(popup);
    }
  });
  afterEach(photographFailures(browsers));
  after(async () => {
    await cli?.stop();
    await Promise.all(browsers().map((browser) => browser.close()));
    await relay?.stop();
  });

  /** Nobody looks at the list, and what is in it is known. */
  async function leave(browser) {
    await browser.extension.command("seen");
    await browser.site();
  }

  async function chooseEverywhere(change) {
    await both((browser) => browser.extension.choose(change));
  }

  it("go on the clipboard, as it is at first", async () => {
    await cli.run(["push", "for everybody"]);
    await both((browser) => browser.pastes("for everybody"));
  });

  it("leave the newer one there, when one comes right after the other", async () => {
    // So that other commands with this home need no line of their own.
    await cli.watch();
    for (let round = 0; round < 5; round++) {
      // With a person there, pages tell of what is put on the clipboard.
      await both((browser) => browser.paste());
      await cli.run(["push", `the older one ${round}`]);
      await cli.run(["push", `the newer one ${round}`]);
      await both((browser) => browser.pastes(`the newer one ${round}`));
    }
    await cli.stop();
    await cli.run(["push", "for everybody"]);
    await both((browser) => browser.pastes("for everybody"));
  });

  it("are offered, if that is chosen, and counted on the button", async () => {
    await chooseEverywhere({ apply: "ask" });
    await both(leave);
    await cli.run(["push", "only offered"]);
    await both(async (browser) => {
      await browser.extension.lists("only offered");
      assert.equal(await browser.extension.shows("1"), "Hushclip: 1 new clip");
      assert.equal(await browser.paste(), "for everybody");
    });
    await both(async (browser) => {
      await browser.screen.page.bringToFront();
      await browser.screen.press("arrived-copy");
      await browser.pastes("only offered");
      await browser.extension.shows("");
    });
  });

  it("are only listed, if that is chosen", async () => {
    await chooseEverywhere({ apply: "never" });
    await both(leave);
    await cli.run(["push", "only listed"]);
    await cli.run(["push", "listed as well"]);
    await both(async (browser) => {
      await browser.extension.lists("listed as well");
      assert.equal(await browser.extension.shows("2"), "Hushclip: 2 new clips");
      assert.equal(await browser.paste(), "only offered");
      await browser.extension.command("seen");
      await browser.extension.shows("");
    });
    await chooseEverywhere({ apply: "always" });
  });

  it("bring their formatting along", async () => {
    await desk.copyHtml("<b>bold</b> words");
    await fox.pastes("bold words");
    assert.match(await fox.pasteHtml(), /<b.*>bold<\/b>/);
    await fox.copyHtml("<i>slanted</i> words");
    await desk.pastes("slanted words");
    assert.match(await desk.pasteHtml(), /<i.*>slanted<\/i>/);
  });

  it("bring nothing along that loads, asks or runs", async () => {
    const html = '<form action="https://evil.example"><input name="a"><b onmouseover="x()">harmless</b> words</form>' +
      '<img src="https://tracker.example/1.png"><script>x()</script><style>@import "https://tracker.example"</style>';
    for (const [from, to] of [[desk, fox], [fox, desk]]) {
      const text = `harmless words from ${from.name}`;
      await from.copyExactly(text, html);
      await to.pastes(text);
      const pasted = await to.pasteHtml();
      assert.match(pasted, /<b[^>]*>harmless<\/b>/);
      assert.doesNotMatch(pasted, /form|input|img|script|evil|tracker|onmouseover/);
    }
  });

  it("do not push aside what is copied at the same time", async () => {
    await cli.watch();
    const copies = Array.from({ length: 12 }, (_, n) => `copied quickly ${n + 1}`);
    for (const text of copies) {
      await desk.copy(text);
    }
    await cli.run(["push", "from elsewhere"]);
    await cli.sees(copies.at(-1));
    await desk.extension.lists("from elsewhere");
    // Either may have been the first at the relay; the other one is on all clipboards.
    const [newest] = (await desk.extension.say()).clips;
    await both((browser) => browser.pastes(newest.text));
    await cli.stop();
  });

  it("go there the newest only, after an absence", async () => {
    const page = await desk.site();
    await page.evaluate(() => {
      globalThis.changes = 0;
      navigator.clipboard.addEventListener("clipboardchange", () => (globalThis.changes += 1));
    });
    await both(async (browser) => {
      const { page } = await browser.popup();
      // Nothing wakes the extension but the popup.
      await page.evaluate(() => chrome.alarms.clearAll());
      await page.close();
      browser.screen = undefined;
      await browser.endBackground();
    });
    const texts = ["missed first", "missed second", "missed last"];
    for (const text of texts) {
      await cli.run(["push", text]);
    }
    await both(async (browser) => {
      await browser.popup();
      for (const text of texts) {
        await browser.extension.lists(text);
      }
      await browser.pastes("missed last");
    });
    assert.equal(await page.evaluate(() => globalThis.changes), 1, "the others never were on the clipboard");
  });

  it("are asked about before they are sent, if they look secret, and that is remembered", async () => {
    await desk.copy("482 913");
    assert.match(await desk.extension.shows("?"), /secret/);
    const popup = await desk.popup();
    await popup.page.bringToFront();
    await popup.page.click('[data-testid="held-remember"]');
    await popup.press("held-send");
    await fox.pastes("482 913");
    const { settings } = await desk.extension.say();
    assert.equal(settings.secrets.code, "send");
    await desk.copy("604 731");
    await fox.pastes("604 731");
  });

  it("are cleared from the clipboard after their life, if they are secret", async () => {
    await desk.extension.choose({ secret_life_s: LIFE_S });
    await desk.copy("573 190");
    const copied = Date.now();
    await fox.pastes("573 190");
    assert.equal((await fox.extension.lists("573 190")).secret, "code");
    await isCleared(fox);
    assert.ok(Date.now() - copied > (LIFE_S - 1) * 1_000, "it lived as long as it should");
    await both((browser) => isGone(browser, "573 190"));
    assert.equal(await desk.paste(), "573 190", "what the person copied there is the person's");
  });

  it("stay, if something else was copied meanwhile", async () => {
    await desk.copy("190 573");
    await fox.pastes("190 573");
    await fox.copy("something else");
    await desk.pastes("something else");
    await both((browser) => isGone(browser, "190 573"));
    await sleep(SETTLED_MS);
    await both(async (browser) => assert.equal(await browser.paste(), "something else"));
  });

  it("go after the first paste, if that was asked for", async () => {
    await fox.copy("246 802");
    await fox.extension.shows("?");
    const popup = await fox.popup();
    await popup.page.bringToFront();
    await popup.press("held-burn");
    await desk.extension.lists("246 802");
    await sleep(SETTLED_MS);
    assert.equal(await desk.paste(), "246 802");
    await isCleared(desk);
    await both((browser) => isGone(browser, "246 802"));
  });

  it("are chosen for on a page of options, which begins with the settings", async () => {
    const { page } = await desk.popup();
    await page.bringToFront();
    await page.evaluate(() => location.assign("options.html"));
    await page.waitForSelector('[data-testid="catching"]');
    const other = await fox.open(`${fox.base}options.html`);
    await other.waitForSelector('[data-testid="catching"]');
  });
});

async function isCleared(/** @type {Browser} */ browser) {
  await eventually(`an empty clipboard in ${browser.name}`, async () => (await browser.paste()) === "", LONG);
}

async function isGone(/** @type {Browser} */ browser, text) {
  const listed = async () => (await browser.extension.say()).clips.some((clip) => clip.text === text);
  await eventually(`"${text}" gone from ${browser.name}`, async () => !(await listed()), LONG);
}
