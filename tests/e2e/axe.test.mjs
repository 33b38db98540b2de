// Every screen of the web app and the popup as axe-core judges it, in each language. What comes up only in
// an installed app is judged where it is tested, in pwa.test.mjs.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { judge } from "./lib/axe.mjs";
import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Relay } from "./lib/relay.mjs";
import { eventually } from "./lib/wait.mjs";

/** @import { Screen } from "./lib/screen.mjs" */

const PASSPHRASE = "purple castle otter";
const LINK = "https://www.openstreetmap.org/#map=17/52.51627/13.37769";
const LONG = `${"A paragraph that is longer than any card. ".repeat(60)}${"unbroken".repeat(40)}`;
const HTML = `<h1>Heading</h1><p>Some <b>bold</b> and <a href="https://example.org/">linked</a> words.</p>`;

/** As a browser looks that is set up for this language. */
const LANGUAGES = { en: "en-GB", de: "de-DE" };

for (const [language, tag] of Object.entries(LANGUAGES)) {
  describe(`Accessible to everybody, in ${tag}`, () => {
    let
      /** @type {Relay} */ relay,
      /** @type {Browser} */ desk,
      /** @type {Browser} */ phone,
      /** @type {Screen} */ popup,
      /** @type {Screen} */ app,
      /** @type {Cli} */ cli;
    const browsers = () => [desk, phone].filter(Boolean);

    before(async () => {
      const flags = [`--accept-lang=${tag}`];
      const camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"];
      relay = await Relay.start();
      [desk, phone] = await Promise.all([
        Browser.chromium("Desk", { extension: true, flags }),
        Browser.chromium("Phone", { flags: [...flags, ...camera] }),
      ]);
      cli = new Cli("Terminal");
      await cli.run(["init", "--relay", relay.url, "--name", "Terminal"]);
      [popup, app] = [await desk.popup(), await phone.webApp(relay.url)];
      // The popup is as wide as this, whatever the tab is that shows it here.
      await popup.page.setViewport({ width: 380, height: 600 });
      await app.page.setViewport({ width: 360, height: 740 });
    });
    afterEach(photographFailures(browsers));
    after(async () => {
      await Promise.all(browsers().map((browser) => browser.close()));
      await relay?.stop();
    });

    const judged = (/** @type {Pick<Screen, "name" | "page">} */ screen, /** @type {string} */ state) => judge(screen, `${language}-${state}`);

    it("speaks the browser's language", async () => {
      for (const screen of [popup, app]) {
        await screen.has("create-account");
        assert.equal(await screen.page.$eval("html", (page) => page.lang), language);
        const button = { en: "Start on this device", de: "Auf diesem Gerät anfangen" }[language];
        assert.equal(await screen.text("create-account"), button);
      }
    });

    it("before there is an account", async () => {
      await judged(popup, "welcome");
      await judged(app, "welcome");
      await app.join("https://example.org/");
      const problem = await app.problem("bad_link");
      assert.match(problem, { en: /pairing link/, de: /Kopplungslink/ }[language]);
      await judged(app, "problem");
    });

    it("looking for a QR code", async () => {
      await app.press("scan");
      await app.has("scan-video");
      await judged(app, "scan");
      await app.press("scan-cancel");
      await app.lacks("scan-video");
    });

    it("joining through a link", async () => {
      const inviting = cli.start("invite");
      const [link] = await inviting.match(/https?:\S+/, "a link");
      await app.page.goto("about:blank");
      await app.page.goto(link);
      await app.page.waitForSelector(".opened, [data-testid=join]");
      await judged(app, "opened");
      await app.join();
      await app.digits();
      await judged(app, "digits");
      await inviting.kill("SIGINT");
      await app.page.goto(relay.url);
    });

    it("alone, with an invite, and asked to let somebody in", async () => {
      await popup.createAccount(relay.url);
      await judged(popup, "alone");
      const link = await popup.invite();
      await judged(popup, "invite");
      await app.join(link);
      const digits = await app.digits();
      await popup.has("approve");
      await judged(popup, "request");
      await popup.approve(digits === "111111" ? "222222" : "111111");
      await popup.page.waitForSelector("#digits-wrong:not(:empty)");
      await judged(popup, "wrong-digits");
      await popup.approve(digits);
      await app.online();
      await judged(app, "empty");
    });

    it("an invite by code, with a sheet over the list", async () => {
      await app.inviteByCode();
      await judged(app, "code");
      await app.page.keyboard.press("Escape");
      await app.lacks("invite-code");
      await app.invite();
      await judged(app, "invite-sheet");
      await app.page.keyboard.press("Escape");
      await app.lacks("invite-url");
    });

    it("a copy that looks secret waits for an answer", async () => {
      await desk.copy("4111 1111 1111 1111");
      await popup.page.bringToFront();
      await popup.has("held");
      await judged(popup, "held");
      await popup.press("held-send");
      await popup.lacks("held");
    });

    it("clips: long, linked, formatted, secret and pinned", async () => {
      await app.send("موعدنا غدًا في الساعة الخامسة مساءً");
      await app.send(LONG);
      await app.send(LINK);
      // What arrives at the very moment of a copy would take its place on the clipboard.
      await popup.page.bringToFront();
      await popup.lists("openstreetmap");
      await desk.copyHtml(HTML);
      for (const screen of [popup, app]) {
        await screen.page.bringToFront();
        await screen.lists("Heading");
        await screen.lists("openstreetmap");
        await screen.page.waitForSelector('[data-testid="unmask"]');
      }
      await app.press("more");
      await app.has("menu");
      await judged(app, "menu");
      await app.press("pin");
      await app.lacks("menu");
      await app.press("filters");
      await app.has("filter-pinned");
      await judged(app, "clips");
      await judged(popup, "clips");
      const date = await app.page.$eval('[data-testid="clip"] time', (time) => time.title);
      assert.match(date, { en: /^\d\d\/\d\d\/\d{4}, /, de: /^\d+\.\d+\.\d{4}, / }[language]);
      await app.page.setViewport({ width: 1180, height: 800 });
      await judged(app, "clips-wide");
      await app.page.setViewport({ width: 360, height: 740 });
    });

    it("a whole clip", async () => {
      await app.page.bringToFront();
      const card = await app.page.waitForSelector('[data-testid="clip"] ::-p-text(Heading)');
      const more = await card.evaluateHandle((text) => text.closest("li").querySelector('[data-testid="more"]'));
      // The bar below may lie over it, and whatever gets the keyboard comes out from there.
      await more.focus();
      await more.click();
      await app.press("whole");
      await app.has("whole-close");
      await judged(app, "whole");
      await app.press("whole-close");
      await app.lacks("whole-close");
    });

    it("a search that finds something, and one that does not", async () => {
      for (const screen of [popup, app]) {
        await screen.page.bringToFront();
        await screen.fill("search", "paragraph");
        await screen.page.waitForSelector("mark");
        await judged(screen, "search");
        await screen.fill("search", "nowhere to be found");
        await screen.has("nothing-found");
        await judged(screen, "nothing-found");
        await screen.press("search-clear");
        await screen.lacks("nothing-found");
      }
    });

    it("news of the devices, and no connection", async () => {
      const shell = new Cli("Shell");
      await shell.join(await app.invite(), (digits) => app.approve(digits));
      await popup.page.bringToFront();
      const alert = await popup.has("alert");
      assert.match(alert, { en: /“Shell” joined this account/, de: /„Shell“ ist diesem Konto beigetreten/ }[language]);
      await judged(popup, "alert");
      await relay.kill();
      await eventually("no connection", () => app.page.$('[data-testid="connection"][data-state="waiting"]'));
      await judged(app, "waiting");
      await relay.up();
      await app.online();
      await popup.online();
    });

    it("devices and settings", async () => {
      for (const screen of [popup, app]) {
        await screen.press("devices");
        await screen.has("check");
        await screen.askRemoval(screen === app ? "Desk" : "Phone");
        await judged(screen, "devices");
        await screen.press("back");
        await screen.press("settings");
        await screen.has("lock");
        await screen.press("export");
        await judged(screen, "settings");
        await screen.page.focus("#archive-form input");
        await screen.page.keyboard.press("Escape");
        await screen.press("import");
        await judged(screen, "import");
        await screen.press("set-passphrase");
        await judged(screen, "set-passphrase");
        await screen.fill("passphrase-new", PASSPHRASE);
        await screen.fill("passphrase-again", PASSPHRASE);
        await screen.press("save-passphrase");
        await screen.has("lock-now");
        await screen.press("lock-now");
        await screen.has("locked");
      }
    });

    it("locked", async () => {
      for (const screen of [popup, app]) {
        await screen.page.bringToFront();
        await screen.fill("passphrase", "not this one");
        await screen.press("unlock");
        await screen.has("lock-problem");
        await screen.press("forget");
        await judged(screen, "locked");
      }
    });

    it("the extension's page of options", async () => {
      const options = { name: "Desk", page: await desk.open(`${desk.base}options.html`) };
      await options.page.waitForSelector("#app h1");
      await judged(options, "options");
      await options.page.close();
    });

    it("cannot start", async () => {
      const second = await phone.open(relay.url);
      const screen = { name: "Phone", page: second };
      await eventually("the failure", () => second.$('[data-testid="failure"]'));
      await judged(screen, "failure");
      await second.close();
    });

    it("removed", async () => {
      for (const screen of [popup, app]) {
        await screen.page.bringToFront();
        await screen.page.reload();
        await screen.fill("passphrase", PASSPHRASE);
        await screen.press("unlock");
        await screen.online();
        if ((await screen.text("back")) !== undefined) {
          await screen.press("back");
        }
      }
      await app.press("devices");
      await app.askRemoval("Desk");
      await app.press("remove-sure");
      await popup.page.bringToFront();
      await popup.has("removed");
      await judged(popup, "removed");
    });
  });
}
