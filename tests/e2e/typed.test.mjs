// What a person types is not lost, what goes wrong is said where one looks, and what is promised is kept.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { judge } from "./lib/axe.mjs";
import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Relay } from "./lib/relay.mjs";
import { Screen } from "./lib/screen.mjs";
import { eventually } from "./lib/wait.mjs";

const PHONE = { width: 360, height: 740 };
const LARGE = "what one types ".repeat(20 * 1024);
/** Runs in the page: whether nothing lies over the middle of what this selects. */
const isBare = (selector) => {
  const element = document.querySelector(selector);
  const { x, y, width, height } = element.getBoundingClientRect();
  const top = document.elementFromPoint(x + width / 2, y + height / 2);
  return top !== null && (element.contains(top) || top.contains(element));
};

describe("What is typed", () => {
  let /** @type {Relay} */ relay, /** @type {Browser} */ phone, /** @type {Screen} */ app, /** @type {Cli} */ cli;

  before(async () => {
    [relay, phone] = await Promise.all([Relay.start(), Browser.chromium("Phone")]);
    cli = new Cli("Terminal");
    await cli.run(["init", "--relay", relay.url, "--name", "Terminal"]);
    app = await phone.webApp(relay.url);
    await app.page.setViewport(PHONE);
  });
  afterEach(photographFailures(() => [phone].filter(Boolean)));
  after(async () => {
    await cli?.stop();
    await phone?.close();
    await relay?.stop();
  });

  describe("before there is an account", () => {
    it("stays when a code is wrong, of which alone is spoken", async () => {
      const inviting = cli.start("invite", "--code");
      const [code] = await inviting.match(/\d+-[a-z]+-[a-z]+/, "a code");
      const [number, first, second] = code.split("-");
      const wrong = `${number}-${second}-${first}`;
      await app.fill("name", "My own phone");
      await app.fill("join-link", wrong);
      await app.press("join");
      const said = await app.problem("code_refused");
      assert.match(said, /code/);
      assert.doesNotMatch(said, /link/);
      assert.deepEqual([await app.value("name"), await app.value("join-link")], ["My own phone", wrong]);
      await judge(app, "wrong-code");
      await inviting.kill("SIGINT");
    });

    it("is taken for a code when it looks like most of one", async () => {
      await app.fill("join-link", "purple castle");
      await app.press("join");
      assert.match(await app.problem("bad_code"), /not a code/);
      assert.equal(await app.value("join-link"), "purple castle");
    });

    it("does not start a second account where a link has ended", async () => {
      const inviting = cli.start("invite");
      const [link] = await inviting.match(/https?:\S+/, "a link");
      await inviting.kill("SIGINT");
      await app.page.goto("about:blank");
      await app.page.goto(link);
      await app.join();
      assert.match(await app.problem("invite_gone"), /expired or was cancelled\. Make a new one on the other device/);
      await app.lacks("create-account");
      await app.has("join");
      await judge(app, "dead-link");
      await app.press("no-others");
      await app.has("create-account");
    });

    it("and joins with the right one", async () => {
      await cli.letIn(app);
      await cli.watch();
    });
  });

  describe("to be sent", () => {
    it("stays until it is taken, and why it is not is said beside it", async () => {
      await app.fill("composer", "");
      await app.page.keyboard.sendCharacter(LARGE);
      await app.press("send");
      assert.match(await app.has("send-problem"), /30\d KiB; at most 256 KiB/);
      assert.equal(await app.value("composer"), LARGE);
      assert.ok(await app.page.evaluate(isBare, '[data-testid="send-problem"]'), "where one looks");
      await app.lacks("problem");
      await judge(app, "send-problem");
      await app.page.setViewport({ width: 1180, height: 800 });
      await judge(app, "send-problem-wide");
      await app.page.setViewport(PHONE);
    });

    it("is no trouble any more once it is changed, and is sent then", async () => {
      await app.page.focus('[data-testid="composer"]');
      await app.page.$eval('[data-testid="composer"]', (/** @type {HTMLTextAreaElement} */ field) => field.select());
      await app.page.keyboard.sendCharacter("short enough");
      await eventually("no problem", async () => (await app.text("send-problem")) === "");
      await app.lacks("problem");
      await app.press("send");
      await cli.sees("short enough");
      await eventually("an empty field", async () => (await app.value("composer")) === "");
    });

    it("outlives a look at the settings, which say how much is taken", async () => {
      await app.fill("composer", "half a sentence");
      await app.press("settings");
      assert.match(await app.has("bounds"), /clips of up to 256 KiB/);
      await app.press("back");
      assert.equal(await app.value("composer"), "half a sentence");
      await app.fill("composer", "");
    });
  });

  it("is told at once that there is no network", async () => {
    await app.online();
    await app.page.setOfflineMode(true);
    const since = Date.now();
    await eventually("no line", async () => (await app.connection()) !== "online");
    // Well before a ping would have gone unanswered.
    assert.ok(Date.now() - since < 10_000, `${Date.now() - since} ms`);
    await app.page.setOfflineMode(false);
    await app.online();
  });

  it("is filtered, and an empty list says what would be in it", async () => {
    await app.press("filters");
    const empty = { "filter-pinned": /Nothing pinned/, "filter-secret": /No secrets/, "filter-formatted": /Nothing formatted/ };
    for (const [chip, words] of Object.entries(empty)) {
      await app.press(chip);
      assert.match(await app.has("nothing-found"), words);
      assert.doesNotMatch(await app.has("nothing-found"), /searched/);
      assert.equal(await app.text("tally"), "");
      if (chip === "filter-pinned") {
        await judge(app, "none-pinned");
      }
      await app.press(chip);
      await app.lacks("nothing-found");
    }
    await app.press("filters");
  });

  it("has a menu that opens in sight", async () => {
    for (let n = 0; n < 12; n += 1) {
      await cli.run(["push", `clip ${n}`]);
    }
    await app.lists("clip 11");
    // A card whose button is just above the bar, so that its menu has no room there.
    const more = (await app.page.$$('[data-testid="more"]'))[3];
    await more.evaluate((button) => {
      const bar = document.querySelector(".composer").getBoundingClientRect();
      scrollBy({ top: button.getBoundingClientRect().bottom - bar.top + 2, behavior: "instant" });
    });
    await more.click();
    await app.has("menu");
    const hidden = await app.page.$$eval('[data-testid="menu"] button', (entries) =>
      entries.map((entry) => {
        const { x, y, width, height } = entry.getBoundingClientRect();
        return entry.contains(document.elementFromPoint(x + width / 2, y + height / 2)) ? "" : entry.innerText;
      }),
    );
    assert.deepEqual(hidden.filter(Boolean), []);
    await judge(app, "menu-in-sight");
    await app.press("pin");
    await app.lacks("menu");
  });
});

describe("The extension's page of options", () => {
  let /** @type {Relay} */ relay, /** @type {Browser} */ desk;

  before(async () => {
    [relay, desk] = await Promise.all([Relay.start(), Browser.chromium("Desk", { extension: true })]);
    await (await desk.popup()).createAccount(relay.url);
  });
  after(async () => {
    await desk?.close();
    await relay?.stop();
  });

  it("locks when it says so, and not with a reload", async () => {
    const options = new Screen("Options", await desk.open(`${desk.base}options.html`));
    await options.press("set-passphrase");
    await options.fill("passphrase-new", "purple castle otter");
    assert.match(await options.has("strength"), /^Fair/);
    await options.page.keyboard.type(" bicycle");
    await eventually("a stronger one", async () => (await options.text("strength")) === "Strong.");
    await judge(options, "strength");
    await options.fill("passphrase-again", "purple castle otter bicycle");
    await options.press("save-passphrase");
    await options.has("lock-now");
    const words = await options.has("lock");
    assert.doesNotMatch(words, /reloaded/);
    assert.match(words, /background/);
    await options.page.reload();
    await options.has("lock-now");
    await options.press("lock-now");
    await options.has("locked");
  });
});
