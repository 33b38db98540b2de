// The web app as an app: installed, without a connection, across builds and tabs, and as a place to share to.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { judge } from "./lib/axe.mjs";
import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Front } from "./lib/front.mjs";
import { installed, kept, says, sharer } from "./lib/pwa.mjs";
import { Relay } from "./lib/relay.mjs";
import { Screen } from "./lib/screen.mjs";
import { eventually } from "./lib/wait.mjs";

/** @import { Page } from "puppeteer-core" */
/** @import { Share } from "./lib/pwa.mjs" */

/** How long it is waited for what must not happen. */
const SILENCE_MS = 1_000;

const offline = (/** @type {Screen} */ screen) => eventually(`${screen.name} offline`, async () => (await screen.connection()) === "waiting");

/** In the page: what its policy has refused. */
function keepViolations() {
  globalThis.violations = [];
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
    globalThis.violations.push(`${violatedDirective} ${blockedURI}`);
  });
}

/** In the page: it is told once more what its window was opened for, if it is reloaded. */
function tellAgain(targetURL) {
  const { LaunchQueue } = /** @type {any} */ (globalThis);
  const { setConsumer } = LaunchQueue.prototype;
  LaunchQueue.prototype.setConsumer = function (consumer) {
    setConsumer.call(this, consumer);
    const [navigation] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
    if (navigation.type === "reload") {
      globalThis.toldAgain = targetURL;
      consumer({ targetURL });
    }
  };
}

describe("The web app as an app", () => {
  let
    /** @type {Relay} */ relay,
    /** @type {Front} */ front,
    /** @type {Browser} */ phone,
    /** @type {Screen} */ app,
    /** @type {Cli} */ cli,
    /** @type {Share} */ share;

  before(async () => {
    [relay, phone] = await Promise.all([Relay.start(), Browser.chromium("Phone")]);
    front = await Front.start(relay.url);
    share = await sharer(front.url);
    cli = new Cli("Terminal");
    app = await phone.webApp("about:blank");
    await app.page.evaluateOnNewDocument(keepViolations);
    await app.page.goto(front.url);
    await app.createAccount(front.url);
    await cli.join(await app.invite(), (digits) => app.approve(digits));
    await cli.watch();
    await kept(app);
  });
  afterEach(photographFailures(() => [phone].filter(Boolean)));
  after(async () => {
    await cli?.stop();
    await phone?.close();
    await relay?.stop();
  });

  describe("is installed", () => {
    it("without errors", async () => {
      const debug = await app.page.createCDPSession();
      await debug.send("Page.enable");
      const { installabilityErrors } = await debug.send("Page.getInstallabilityErrors");
      // A profile that is deleted afterwards counts as private browsing; nothing else may be wrong.
      assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"), []);
      const { url, errors, manifest, data } = await debug.send("Page.getAppManifest");
      assert.deepEqual([url, errors], [`${front.url}/pwa.webmanifest`, []]);
      const { id, share_target: target, shortcuts } = JSON.parse(data);
      assert.deepEqual([id, target.method, shortcuts.length], ["/", "POST", 2]);
      assert.ok(manifest.icons.length >= 4 && manifest.shareTarget, "the browser has understood it");
    });

    it("when the browser offers it, from a card that can be put away", async () => {
      const offer = () =>
        app.page.evaluate(() => {
          const event = new Event("beforeinstallprompt", { cancelable: true });
          const prompt = async () => ((globalThis.prompted = true), { outcome: "dismissed" });
          return dispatchEvent(Object.assign(event, { prompt }));
        });
      const anew = async () => {
        await app.press("settings");
        await app.has("install-button");
        await app.press("back");
      };
      assert.equal(await offer(), false, "the browser's own bar is held back");
      await anew();
      await app.has("install");
      await judge(app, "install");
      await app.press("install-button");
      await app.lacks("install");
      assert.equal(await app.page.evaluate(() => globalThis.prompted), true);
      await offer();
      await sleep(300);
      await app.lacks("install");
      await anew();
      await app.press("install-later");
      await app.lacks("install");
      await app.page.reload();
      await app.online();
      await offer();
      await anew();
      await sleep(300);
      await app.lacks("install");
      await app.press("settings");
    });

    it("and says whether the browser keeps what is stored", async () => {
      const said = await app.has("on-this-device");
      const persisted = await app.page.evaluate(() => navigator.storage.persisted());
      assert.match(said, persisted ? /keeps keys and clips/ : /may delete keys and clips/);
      if (!persisted) {
        await app.press("keep");
        const answered = () =>
          app.page.$eval('[data-testid="on-this-device"]', (/** @type {HTMLElement} */ { dataset }) => ["yes", "refused"].includes(dataset.kept));
        await eventually("the browser's answer", answered);
      }
      await app.press("back");
    });
  });

  describe("without a connection", () => {
    it("opens, lists what it has and takes in what is sent", async () => {
      await cli.run(["push"], "from before the cut");
      await app.lists("from before the cut");
      const asked = () => Promise.all(["/health", "/status"].map(async (path) => (await fetch(path)).status));
      assert.deepEqual(await app.page.evaluate(asked), [200, 200]);
      await front.cut();
      await app.page.reload();
      await app.lists("from before the cut");
      await offline(app);
      await app.send("written without a connection");
      await app.lists("written without a connection");
      await app.page.reload();
      await app.lists("written without a connection");
    });

    it("is the page that the relay sent, with its policy", async () => {
      const found = await app.page.evaluate(async () => {
        const answer = await fetch("/index.html");
        const [cache] = await caches.keys();
        const paths = (await (await caches.open(cache)).keys()).map(({ url }) => new URL(url).pathname);
        const api = await Promise.any([fetch("/health"), fetch("/status")]).then(() => "answered", () => "nothing");
        return { isolated: crossOriginIsolated, policy: answer.headers.get("content-security-policy"), paths, api };
      });
      assert.equal(found.isolated, true);
      assert.match(found.policy, /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'/);
      assert.equal(found.api, "nothing");
      assert.ok(found.paths.includes("/hushclip_web_bg.wasm") && !found.paths.some((path) => /v1|health|sw\.js/.test(path)));
    });

    it("opens pairing links too", async () => {
      await app.page.goto(`${front.url}/pair#a-link-that-is-none`);
      await app.lists("from before the cut");
      assert.equal(app.page.url(), `${front.url}/`);
    });

    it("sends what it took in once there is one, and looks when it is asked to", async () => {
      await offline(app);
      await front.open();
      await app.press("refresh");
      await says(app.page, "Up to date");
      await cli.sees("written without a connection");
      assert.equal(cli.watched.filter(({ text }) => text === "written without a connection").length, 1);
    });
  });

  it("looks for new clips when it is pulled down", async () => {
    await front.cut();
    await offline(app);
    const touch = await app.page.createCDPSession();
    await touch.send("Emulation.setTouchEmulationEnabled", { enabled: true });
    const finger = (type, y) =>
      touch.send("Input.dispatchTouchEvent", { type, touchPoints: y === undefined ? [] : [{ x: 200, y }] });
    const pull = async (from, to) => {
      await finger("touchStart", from);
      for (let y = from; y <= to; y += 20) {
        await finger("touchMove", y);
      }
      await finger("touchEnd");
    };
    const sign = () => app.page.$eval(".pull", (/** @type {HTMLElement} */ element) => !element.hidden);
    await pull(100, 160);
    assert.equal(await sign(), false, "a short pull does nothing");
    await front.open();
    await pull(100, 300);
    assert.equal(await sign(), true);
    await app.online();
    await eventually("the sign to go", async () => !(await sign()));
    assert.deepEqual(await app.page.evaluate(() => globalThis.violations), []);
    await touch.send("Emulation.setTouchEmulationEnabled", { enabled: false });
  });

  describe("comes to a newer build", () => {
    const look = () => app.page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
    const build = () => app.page.evaluate(() => getComputedStyle(document.body).getPropertyValue("--build"));

    it("only as a whole", async () => {
      await front.serveTorn("/style.css");
      await look();
      await sleep(SILENCE_MS);
      await app.lacks("update");
      assert.equal(await app.page.evaluate(async () => (await caches.keys()).length), 1);
    });

    it("and says that it is ready", async () => {
      await front.serveNext("/style.css", (css) => `${css}\nbody { --build: next; }\n`);
      await look();
      assert.match(await app.has("update"), /new version/);
      await judge(app, "update");
    });

    it("but not before it is asked to", async () => {
      await app.page.reload();
      await app.has("update");
      assert.equal(await build(), "");
      assert.equal(await app.page.evaluate(async () => (await caches.keys()).length), 2);
    });

    it("and then at once, without what was before, and with what was typed", async () => {
      await app.fill("composer", "half a sentence");
      await app.press("update-button");
      await eventually("the next build", async () => (await build()) === "next");
      await app.online();
      await app.lacks("update");
      assert.equal(await app.page.evaluate(async () => (await caches.keys()).length), 1);
      await app.lists("written without a connection");
      await eventually("what was typed", async () => (await app.value("composer")) === "half a sentence");
    });

    it("even from one that does not start", async () => {
      await front.serveNext("/hushclip_web.js", () => "throw new Error('a broken build');");
      await look();
      await app.press("update-button");
      await says(app.page, "could not be loaded");
      front.serveFirst();
      await app.page.reload();
      const button = await app.page.waitForSelector(".skeleton button");
      await button.click();
      await app.online();
      await app.lists("written without a connection");
      await eventually("what was typed", async () => (await app.value("composer")) === "half a sentence");
      await app.press("send");
      await cli.sees("half a sentence");
    });
  });

  describe("in a tab", () => {
    it("shows the devices when it is opened for them", async () => {
      await app.page.goto(`${front.url}/?do=devices`);
      await app.has("member");
      assert.equal(app.page.url(), `${front.url}/`);
      await app.press("back");
    });

    it("does not paste by itself, since any page can lead there", async () => {
      await phone.inner
        .defaultBrowserContext()
        .overridePermissions(front.url, ["clipboard-read", "clipboard-sanitized-write"]);
      await app.page.bringToFront();
      await app.page.evaluate(() => navigator.clipboard.writeText("by a shortcut"));
      await app.page.goto(`${front.url}/?do=paste`);
      await says(app.page, "Tap “Paste and send”");
      assert.equal(await app.count("by a shortcut"), 0);
    });

    it("asks before it sends what a page shares to it, as the system does it", async () => {
      await share(app.page, { text: "put in by a web page" });
      assert.match(await app.has("shared"), /put in by a web page/);
      await judge(app, "shared");
      await app.online();
      await sleep(SILENCE_MS);
      assert.equal(cli.watched.some(({ text }) => text === "put in by a web page"), false);
      await app.press("shared-discard");
      await app.lacks("shared");
      await share(app.page, { url: "https://example.org/b" });
      await app.press("shared-send");
      await cli.sees("https://example.org/b");
      assert.ok(!front.asked.some((line) => line.includes("/share")), "the worker has it, not the relay");
    });

  });

  describe("in a second tab", () => {
    let /** @type {Screen} */ second;

    it("says so", async () => {
      second = new Screen("a second tab", await phone.open(front.url));
      assert.match(await second.has("failure"), /another tab/);
    });

    it("hands what is shared to it to the first", async () => {
      await share(second.page, { text: "shared to the second tab" });
      await second.has("failure");
      await says(second.page, "went to the tab where Hushclip is open");
      await app.press("shared-send");
      await cli.sees("shared to the second tab");
    });

    it("takes over when the first is left, also if it was left itself before", async () => {
      await share(app.page, { text: "shared to the first tab" });
      await second.online();
      assert.equal(await second.has("shared-text"), "shared to the first tab");
      await second.press("shared-discard");
      await app.press("use-here");
      await app.online();
    });

    it("takes over when it is asked to, with what was shared and typed, and the first says so", async () => {
      await share(second.page, { text: "shared to the second tab again" });
      await app.has("shared-text");
      await app.fill("composer", "typed in the first tab");
      await second.press("use-here");
      await second.online();
      await eventually("what was typed", async () => (await second.value("composer")) === "typed in the first tab");
      assert.equal(await second.has("shared-text"), "shared to the second tab again");
      await second.press("shared-discard");
      await second.lists("shared to the second tab");
      assert.match(await app.has("failure"), /another tab/);
      await second.send("from the second tab");
      await cli.sees("from the second tab");
      await app.press("use-here");
      await app.online();
      await second.has("use-here");
      await second.page.close();
    });
  });

  describe("without an account", () => {
    let /** @type {Page} */ other, /** @type {Screen} */ screen;

    before(async () => {
      const context = await phone.inner.createBrowserContext();
      other = await context.newPage();
      screen = new Screen("Guest", other);
    });

    it("says that a shared text is lost where there is no worker yet", async () => {
      await share(other, { text: "lost" });
      await says(other, "Share it once more");
      assert.ok(front.asked.includes("POST /share"));
      assert.equal(other.url(), `${front.url}/`);
    });

    it("keeps what is shared until there is one", async () => {
      await kept(screen);
      await share(other, { text: "waits for an account" });
      assert.match(await screen.has("shared"), /has an account/);
      await screen.createAccount(front.url);
      await screen.press("shared-send");
      await screen.lists("waits for an account");
    });

    it("and while it is locked", async () => {
      await screen.press("settings");
      await screen.press("set-passphrase");
      await screen.fill("passphrase-new", "quiet orange ladder");
      await screen.fill("passphrase-again", "quiet orange ladder");
      await screen.press("save-passphrase");
      await screen.has("lock-now");
      await share(other, { text: "waits for the passphrase" });
      assert.match(await screen.has("shared"), /Unlock Hushclip/);
      await screen.fill("passphrase", "quiet orange ladder");
      await screen.press("unlock");
      await screen.press("shared-send");
      await screen.lists("waits for the passphrase");
      await other.close();
    });
  });

  describe("in a window of its own", () => {
    let launch;

    before(async () => {
      ({ screen: app, launch } = await installed(phone, app, front.url));
    });

    it("knows that it is installed", async () => {
      await app.press("settings");
      assert.match(await app.has("on-this-device"), /is installed/);
      await app.lacks("install-button");
      await app.press("back");
    });

    it("says that it is in already when it is opened with a pairing link", async () => {
      await launch(`${front.url}/pair#a-link-that-is-none`);
      await says(app.page, "This device is already in");
      assert.equal(app.page.url(), `${front.url}/`);
    });

    it("leads to the button that pastes by its shortcut, without starting anew", async () => {
      await app.page.evaluate(() => (globalThis.stayed = true));
      await launch(`${front.url}/?do=paste`);
      await says(app.page, "Tap “Paste and send”");
      assert.equal(await app.page.evaluate(() => globalThis.stayed), true);
      assert.equal(app.page.url(), `${front.url}/`);
      // A link on any page may have led here just as well.
      await sleep(SILENCE_MS);
      assert.equal(cli.watched.some(({ text }) => text === "by a shortcut"), false);
      await app.page.keyboard.press("Enter");
      await cli.sees("by a shortcut");
    });

    it("goes by what it was opened for once, however often it is reloaded", async () => {
      const url = `${front.url}/?do=paste`;
      const inFront = () => app.page.evaluate(() => document.activeElement.dataset.testid);
      const reload = async () => {
        await app.page.reload();
        await app.online();
        await sleep(SILENCE_MS);
        assert.notEqual(await inFront(), "paste");
        assert.doesNotMatch(await app.page.evaluate(() => document.body.innerText), /Tap “Paste and send”/);
      };
      await reload();
      // This Chromium does not tell it again, but many do.
      const { identifier } = await app.page.evaluateOnNewDocument(tellAgain, url);
      await reload();
      await reload();
      assert.equal(await app.page.evaluate(() => globalThis.toldAgain), url);
      await app.page.removeScriptToEvaluateOnNewDocument(identifier);
      await reload();
      // Now it is a person.
      await launch(url);
      await says(app.page, "Tap “Paste and send”");
      await eventually("the button", async () => (await inFront()) === "paste");
      await launch(`${front.url}/pair#a-link-that-is-none`);
      await says(app.page, "This device is already in");
      const stored = await app.page.evaluate(() => JSON.stringify([sessionStorage, localStorage]));
      assert.doesNotMatch(stored, /paste|a-link|pair#/, "no link is stored");
    });

    it("asks about one pairing link after the other", async () => {
      // Of the right form; the second leads to a relay that this page cannot use.
      const link = (relay) => {
        const secret = Buffer.concat([Buffer.from([1]), Buffer.alloc(64, 7), Buffer.from(relay)]);
        return `${front.url}/pair#${secret.toString("base64url")}`;
      };
      const [first, second] = [link(front.url), link("http://127.0.0.1:9")];
      const asksAboutSecond = async () => {
        assert.match(await app.has("bad-link"), /127\.0\.0\.1:9\b/);
        await eventually("the heading", () => app.page.evaluate(() => document.activeElement.tagName === "H1"));
        await app.lacks("opened-relay");
      };
      const openBoth = async () => {
        await launch(first);
        assert.equal(await app.has("opened-relay"), front.url);
        await launch(second);
        await says(app.page, "Another pairing link was opened");
        await sleep(SILENCE_MS);
        assert.equal(await app.text("opened-relay"), front.url, "what is asked about does not change meanwhile");
      };
      await app.press("settings");
      await app.press("leave");
      await app.press("leave-sure");
      await app.has("create-account");

      await openBoth();
      await judge(app, "opened-another");
      await app.press("opened-later");
      await asksAboutSecond();
      await app.press("opened-later");
      await app.has("create-account");

      await openBoth();
      await app.press("join");
      await asksAboutSecond();
      assert.match(await app.problem("invite_gone"), /The last try to join did not work\. .*expired/);
      await judge(app, "opened-after-failure");
      await app.press("opened-later");
      await app.problem("invite_gone");
    });
  });
});

describe("The web app as an app in Firefox", () => {
  let /** @type {Relay} */ relay, /** @type {Front} */ front, /** @type {Browser} */ fox, /** @type {Screen} */ app;

  before(async () => {
    [relay, fox] = await Promise.all([Relay.start(), Browser.firefox("Fox", { extension: false })]);
    front = await Front.start(relay.url);
    app = await fox.webApp(front.url);
    await app.createAccount(front.url);
    await app.fill("composer", "from before the cut");
    await app.press("send");
    await app.lists("from before the cut");
    await kept(app);
  });
  afterEach(photographFailures(() => [fox].filter(Boolean)));
  after(async () => {
    await fox?.close();
    await relay?.stop();
  });

  it("opens without a connection", async () => {
    await front.cut();
    await app.page.reload();
    await app.lists("from before the cut");
    await app.fill("composer", "written without a connection");
    await app.press("send");
    await app.page.reload();
    await app.lists("written without a connection");
    await front.open();
    await app.press("refresh");
    await app.online();
  });

  it("comes to a newer build when it is asked to", async () => {
    await front.serveNext("/style.css", (css) => `${css}\nbody { --build: next; }\n`);
    await app.page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
    await app.fill("composer", "half a sentence");
    await app.press("update-button");
    const build = () => app.page.evaluate(() => getComputedStyle(document.body).getPropertyValue("--build"));
    await eventually("the next build", async () => (await build()) === "next");
    await app.online();
    await eventually("what was typed", async () => (await app.value("composer")) === "half a sentence");
  });

  it("changes tabs", async () => {
    const second = new Screen("a second tab", await fox.open(front.url));
    await second.press("use-here");
    await second.online();
    await app.has("use-here");
    await eventually("what was typed", async () => (await second.value("composer")) === "half a sentence");
  });
});
