// Wake-ups while the app is closed. Firefox subscribes at a push service of ours and is woken through it,
// all with its own code. Chromium's service is Google's: there the subscription is made up, and what the
// relay sends is delivered by the debugger.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { PushService } from "./lib/push.mjs";
import { Relay } from "./lib/relay.mjs";
import { eventually, within } from "./lib/wait.mjs";

/** @import { Page } from "puppeteer-core" */
/** @import { Screen } from "./lib/screen.mjs" */

/** How long it is waited for what must not happen. */
const MINUTE_MS = 61_000;
const SILENCE_MS = 1_500;
const EMPTY = [{ title: "Hushclip", body: "A new clip", tag: "clip", data: null }];
/** The private key of RFC 7515, appendix A.3. */
const OTHER_KEY = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";

/** A page of the same origin without the app in it. Chromium keeps the app's page as it was. */
const away = (/** @type {Screen} */ screen, relay) => screen.page.goto(`${relay.url}/status`);
const back = (/** @type {Screen} */ screen, relay) => screen.page.goto(relay.url);

async function wakes(/** @type {Screen} */ screen, state) {
  await eventually(`wake-ups "${state}" in ${screen.name}`, () =>
    screen.page.$eval('[data-testid="wake"]', (/** @type {HTMLElement} */ card, state) => card.dataset.state === state, state),
  );
}

async function notifications(/** @type {Screen} */ screen) {
  return screen.page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    const shown = (await registration?.getNotifications()) ?? [];
    return shown.map(({ title, body, tag, data }) => ({ title, body, tag, data }));
  });
}

async function notified(/** @type {Screen} */ screen) {
  await eventually(`a notification in ${screen.name}`, async () => (await notifications(screen)).length > 0);
  return notifications(screen);
}

describe("Wake-ups in Firefox", () => {
  let
    /** @type {Relay} */ relay,
    /** @type {PushService} */ service,
    /** @type {Browser} */ fox,
    /** @type {Screen} */ app,
    /** @type {Cli} */ cli;
  let wokenAt = 0;

  before(async () => {
    service = await PushService.start();
    relay = await Relay.start({ env: { PUSH_HOSTS: service.origin } });
    const prefs = {
      ...service.firefoxPrefs,
      // The person allows it, and sees what Firefox draws, not what the desktop would.
      "permissions.default.desktop-notification": 1,
      "alerts.useSystemBackend": false,
    };
    fox = await Browser.firefox("Fox", { extension: false, prefs });
    app = await fox.webApp(relay.url);
    await app.createAccount(relay.url);
    cli = new Cli("Terminal");
    await cli.join(await app.invite(), (digits) => app.approve(digits));
  });
  afterEach(photographFailures(() => [fox].filter(Boolean)));
  after(async () => {
    await fox?.close();
    await relay?.stop();
    service?.stop();
  });

  /** What Firefox itself draws: `act` is called in its window. */
  async function inNotification(act) {
    const ask = (/** @type {string} */ method, /** @type {object} */ params) => fox.askFirefox(method, params);
    const window = await eventually("the notification's window", async () => {
      const { result } = await ask("browsingContext.getTree", { "moz:scope": "chrome" });
      return result.contexts.find(({ url }) => url.endsWith("/alert.xhtml"));
    });
    await sleep(300);
    const target = { context: window.context };
    const { result } = await ask("script.evaluate", { target, expression: `(${act})()`, awaitPromise: false });
    return result.result.value;
  }

  const click = () => inNotification(() => document.getElementById("alertBox").click());
  const pages = async () => (await fox.inner.pages()).filter((page) => page.url() === `${relay.url}/`);

  it("are off until the person turns them on", async () => {
    await app.press("settings");
    await wakes(app, "off");
    assert.deepEqual([...service.channels.keys()], []);
    await app.press("wake-button");
    await wakes(app, "on");
    assert.equal(service.channels.size, 1);
    await app.press("back");
  });

  it("do not come while the app is open", async () => {
    await cli.run(["push"], "while it is open");
    await app.lists("while it is open");
    await sleep(SILENCE_MS);
    assert.deepEqual(service.calls, []);
  });

  it("come when it is closed, and say nothing", async () => {
    await away(app, relay);
    await sleep(500);
    await cli.run(["push"], "a secret");
    assert.deepEqual(await notified(app), EMPTY);
    wokenAt = Date.now();
    const [call, ...others] = service.calls;
    assert.deepEqual(others, []);
    assert.deepEqual([call.method, call.body, call.headers.topic], ["POST", 0, "clip"]);
    assert.match(call.headers.authorization, /^vapid t=[\w-]+\.[\w-]+\.[\w-]+, k=[\w-]{87}$/);
    assert.equal(await inNotification(() => /** @type {HTMLInputElement} */ (document.getElementById("alertTitleLabel")).value), "Hushclip");
  });

  it("lead to the app, where the clip is", async () => {
    assert.equal((await pages()).length, 0);
    await click();
    const [page] = await eventually("the app", async () => {
      const found = await pages();
      return found.length > 0 && found;
    });
    await eventually("the clip", () =>
      page.$$eval('[data-testid="clip"]', (/** @type {HTMLElement[]} */ clips) => clips.some((clip) => clip.innerText.includes("a secret"))),
    );
    const marked = () => /** @type {HTMLElement} */ (document.activeElement?.closest('[data-testid="clip"]'))?.innerText.includes("a secret");
    await eventually("the keyboard to be there", () => page.evaluate(marked));
  });

  it("open no second page", async () => {
    // As when the relay had not noticed yet that the app is open.
    await app.page.bringToFront();
    service.channels.forEach((tell) => tell());
    assert.equal((await notified(app)).length, 1);
    await click();
    await eventually("no notification", async () => (await notifications(app)).length === 0);
    await sleep(SILENCE_MS);
    const [page, ...others] = await pages();
    assert.deepEqual(others, []);
    await page.close();
  });

  it("go on with another key of the relay's", async () => {
    const before = [...service.channels.keys()];
    await relay.kill();
    relay.env.VAPID_PRIVATE_KEY = OTHER_KEY;
    await relay.up();
    await back(app, relay);
    await app.online();
    await eventually("another subscription", () => service.channels.size === 1 && !service.channels.has(before[0]));
    await app.press("settings");
    await wakes(app, "on");
    await away(app, relay);
    // One wake-up a minute, whatever the address.
    await sleep(Math.max(500, wokenAt + MINUTE_MS - Date.now()));
    service.calls.length = 0;
    await cli.run(["push"], "after the change");
    await eventually("the call", () => service.calls.length > 0);
    assert.match(service.calls[0].headers.authorization, /, k=BH_Nzidw9sRdQYPL7m_bS3tYBzM1/);
    assert.deepEqual(await notified(app), EMPTY);
  });

  it("are over when the person turns them off, and the notification is gone", async () => {
    await back(app, relay);
    await app.online();
    await eventually("no notification", async () => (await notifications(app)).length === 0);
    await app.press("settings");
    await app.press("wake-button");
    await wakes(app, "off");
    await eventually("no subscription", () => service.channels.size === 0);
    await app.page.reload();
    await wakes(app, "off");
  });

  it("end with the account", async () => {
    await app.press("wake-button");
    await wakes(app, "on");
    await app.press("leave");
    await app.press("leave-sure");
    await app.has("create-account");
    await eventually("no subscription", () => service.channels.size === 0);
  });

  it("are not offered by a relay that wakes nobody", async () => {
    await relay.kill();
    relay.env.VAPID_PRIVATE_KEY = "off";
    await relay.up();
    await app.page.reload();
    await app.createAccount(relay.url);
    await app.press("settings");
    await app.has("rotation");
    await app.lacks("wake");
  });
});

describe("Wake-ups in Chromium", () => {
  let
    /** @type {Relay} */ relay,
    /** @type {PushService} */ service,
    /** @type {Browser} */ phone,
    /** @type {Screen} */ app,
    /** @type {Cli} */ cli,
    debug,
    registration;
  const endpoint = () => `${service.origin}/other/phone`;

  before(async () => {
    service = await PushService.start();
    relay = await Relay.start({ env: { PUSH_HOSTS: service.origin } });
    phone = await Browser.chromium("Phone");
    const page = await phone.inner.newPage();
    await page.evaluateOnNewDocument(pretendToSubscribe, endpoint());
    debug = await page.createCDPSession();
    debug.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      registration = registrations.find(({ isDeleted }) => !isDeleted)?.registrationId ?? registration;
    });
    await debug.send("ServiceWorker.enable");
    phone.open = async (url) => page.goto(url).then(() => page);
    app = await phone.webApp(relay.url);
    await app.createAccount(relay.url);
    cli = new Cli("Terminal");
    await cli.join(await app.invite(), (digits) => app.approve(digits));
    await app.press("settings");
  });
  afterEach(photographFailures(() => [phone].filter(Boolean)));
  after(async () => {
    await phone?.close();
    await relay?.stop();
    service?.stop();
  });

  /** What the person has decided about notifications. */
  async function decide(setting) {
    await debug.send("Browser.setPermission", { origin: relay.url, permission: { name: "notifications" }, setting });
  }

  /**
   * What stands on the screen after a delivery. Chromium reconciles its list with what is drawn whenever it is asked
   * for it, and then drops what is about to be drawn: it is asked late, and on a busy machine told again.
   */
  async function delivered(data) {
    return eventually("a notification in Phone", async () => {
      await debug.send("ServiceWorker.deliverPushMessage", { origin: relay.url, registrationId: registration, data });
      await sleep(SILENCE_MS);
      const shown = await notifications(app);
      return shown.length > 0 && shown;
    });
  }

  it("say what to do when the browser blocks them", async () => {
    await decide("denied");
    await app.press("wake-button");
    await wakes(app, "blocked");
    assert.match(await app.has("wake-trouble"), /blocks notifications.*Allow them/);
    await app.page.reload();
    await wakes(app, "blocked");
  });

  it("say so when the push service does not answer", async () => {
    await decide("granted");
    await app.page.evaluate(() => localStorage.setItem("out-of-reach", "yes"));
    await app.press("wake-button");
    await wakes(app, "failed");
    assert.match(await app.has("wake-trouble"), /did not answer/);
    await app.page.evaluate(() => localStorage.removeItem("out-of-reach"));
  });

  it("come when the app is closed, and say nothing", async () => {
    await app.press("wake-button");
    await wakes(app, "on");
    await app.page.reload();
    await wakes(app, "on");
    await away(app, relay);
    await sleep(500);
    const called = once(service, "call");
    await cli.run(["push"], "a secret");
    const [call] = await within("the relay's call", called);
    assert.deepEqual([call.method, call.path, call.body], ["POST", "/other/phone", 0]);
    await eventually("the service worker", () => registration);
    assert.deepEqual(await delivered(""), EMPTY);
  });

  it("become one, however many come", async () => {
    assert.deepEqual(await delivered("whatever somebody sends"), EMPTY);
  });

  it("go from the screen when the app is opened", async () => {
    await back(app, relay);
    await app.online();
    await eventually("no notification", async () => (await notifications(app)).length === 0);
    await app.lists("a secret");
  });

  it("end when the relay is told so", async () => {
    await app.press("settings");
    await app.press("wake-button");
    await wakes(app, "off");
    await away(app, relay);
    await sleep(500);
    service.calls.length = 0;
    await cli.run(["push"], "unheard");
    await sleep(SILENCE_MS);
    assert.deepEqual(service.calls, []);
  });

  it("are refused in words where the relay does not know the push service", async () => {
    await relay.kill();
    relay.env = {};
    await relay.up();
    await back(app, relay);
    await app.online();
    await app.press("settings");
    await app.press("wake-button");
    await eventually("the refusal", async () => /does not accept this browser/.test(await app.page.evaluate(() => document.body.innerText)));
    await wakes(app, "off");
    await eventually("no subscription", () => app.page.evaluate(() => localStorage.getItem("subscribed-with") === null));
    await app.press("back");
    assert.match(await app.problem("push_refused"), /does not accept this browser/);
  });
});

/** In the page: subscriptions that lead to `endpoint`, kept as the browser would keep them. */
function pretendToSubscribe(endpoint) {
  /** @returns {any} */
  const subscription = () => {
    const key = localStorage.getItem("subscribed-with");
    return (
      key && {
        endpoint,
        options: { applicationServerKey: Uint8Array.from(JSON.parse(key)).buffer, userVisibleOnly: true },
        unsubscribe: async () => localStorage.removeItem("subscribed-with"),
      }
    );
  };
  PushManager.prototype.getSubscription = async () => subscription();
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly || applicationServerKey?.length !== 65) {
      throw new TypeError("a page must show what it is woken for, and name its relay");
    }
    if (localStorage.getItem("out-of-reach")) {
      throw new DOMException("push service error", "AbortError");
    }
    localStorage.setItem("subscribed-with", JSON.stringify([...applicationServerKey]));
    return subscription();
  };
}
