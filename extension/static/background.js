// The background: passes what happens to the client in wasm, and what it wants to the browser.
// All listeners are registered before anything is awaited, or the browser would not wake it for them.

/** @import { Handle } from "./hushclip_extension.js" */
/** @import { Content } from "./platform/clipboard.js" */
import { flash, mark, markTab } from "./button.js";
import { Catcher, hostOf, sitesOf } from "./catcher.js";
import init, { start } from "./hushclip_extension.js";
import { asked, makeMenus, tickPause } from "./menus.js";
import { keepAlive, readClipboard, writeClipboard } from "./platform/clipboard.js";

const { alarms, commands, contextMenus, runtime, storage, tabs } = chrome;

// Short breaks of the line are not worth a mark on the button.
const MARK_AFTER_MS = 1_000;
const RELOAD_PAUSE_MS = 60_000;
// A page may read the clipboard a little after the person has pasted.
const PASTED_MS = 500;

/** Open popups, and the number by which the client knows each. @type {Map<chrome.runtime.Port, number>} */
const popups = new Map();
const catcher = new Catcher(running, { heard: (tab, taken) => markTab(tab, !taken), failed: report });
/** Who waits to hear whether a text was taken. @type {((taken: boolean) => void)[]} */
const pushing = [];
/** @type {Promise<Handle> | undefined} */
let client;
/** How often the person has picked something from the list. */
let picks = 0;
let popupsSoFar = 0;
/** @type {number | undefined} */
let marking;
/** @type {Promise<void>} */
let touching = Promise.resolve();

runtime.onInstalled.addListener(({ reason }) => {
  void makeMenus();
  void wake();
  if (reason === "install") {
    // Not `openOptionsPage`, which may take over an empty tab that is there.
    void tabs.create({ url: "options.html" });
  }
});
runtime.onStartup.addListener(wake);
alarms.onAlarm.addListener(wake);

runtime.onMessage.addListener((message, sender) => {
  const { tab } = sender;
  if (!tab || tab.incognito) {
    return;
  }
  if (message.did === "copied") {
    void catcher.hint({ ...message, tab, sites: sitesOf(sender, message.around) });
  } else if (message.did === "back") {
    void catcher.back();
  } else if (message.did === "pasted") {
    setTimeout(async () => (await running()).pasted(), PASTED_MS);
  }
});

commands.onCommand.addListener(async (command) => {
  if (command === "send-clipboard") {
    await send((handle) => readClipboard({ html: handle.mostHtml }));
  }
});

contextMenus.onClicked.addListener(async (click, tab) => {
  const { send: text, pause, pauseSite } = asked(click);
  if (pause !== undefined) {
    (await running()).pause(pause);
  } else if (pauseSite) {
    const site = tab && hostOf(tab.url);
    if (site) {
      await markTab(tab, (await running()).toggleSite(site, pauseSite === "whole"));
    }
  } else {
    await send(async () => ({ text }));
  }
});

runtime.onConnect.addListener(async (port) => {
  // Content scripts may connect too, and theirs may be a page that took its process over.
  if (port.name !== "popup" || port.sender?.origin !== location.origin) {
    port.disconnect();
    return;
  }
  const number = ++popupsSoFar;
  popups.set(port, number);
  port.onDisconnect.addListener(async () => {
    popups.delete(port);
    (await running()).closed(number);
  });
  port.onMessage.addListener(async (message) => {
    const answer = await (await running()).hear(number, message);
    if (answer && popups.has(port)) {
      port.postMessage(answer);
    }
  });
  const handle = await running();
  handle.person();
  handle.online();
  show(handle, popups.has(port) ? [[port, number]] : []);
});

addEventListener("online", async () => (await running()).online());
addEventListener("offline", async () => (await running()).offline());
addEventListener("error", (event) => restartIfBroken(event.error));
addEventListener("unhandledrejection", (event) => restartIfBroken(event.reason));

async function wake() {
  (await running()).wake();
}

function running() {
  client ??= launch().catch((error) => {
    client = undefined;
    throw error;
  });
  return client;
}

async function launch() {
  // Brings the process back if the browser ends it in spite of all traffic.
  void alarms.create("watchdog", { periodInMinutes: 0.5 });
  await init({ module_or_path: runtime.getURL("hushclip_extension_bg.wasm") });
  const handle = await start({
    changed,
    tell: (message) => popups.forEach((_, port) => port.postMessage(message)),
    answered: (taken) => pushing.splice(0).forEach((hear) => hear(taken)),
    writeClipboard: (text, html, picked) => (picked ? pick : putThere)({ text, html }),
    clearClipboard: (digest) => inTurn(() => clearClipboard(digest)),
  });
  if (!handle.runs) {
    // The next alarm tries again; until then popups show why.
    client = undefined;
  }
  return handle;
}

async function changed() {
  const handle = await running();
  if (popups.size > 0) {
    show(handle, [...popups]);
  }
  const status = handle.status();
  if (status.member) {
    keepAlive();
  }
  if (handle.runs && !status.member && !status.locked) {
    // What was typed for an account that is gone.
    void storage.session.remove("draft");
  }
  void catcher.follow(status);
  void tickPause(status.paused);
  markSoon();
}

/**
 * @param {Handle} handle
 * @param {[chrome.runtime.Port, number][]} to
 */
function show(handle, to) {
  for (const [port, number] of to) {
    const messages = [handle.lock(), handle.picture(number)].filter(Boolean);
    messages.forEach((message) => port.postMessage(message));
  }
}

function markSoon() {
  marking ??= setTimeout(async () => {
    marking = undefined;
    await mark((await running()).status());
  }, MARK_AFTER_MS);
}

/**
 * What a person sends by hand goes out whatever is paused.
 * @param {(handle: Handle) => Promise<Partial<Content>>} read
 */
async function send(read) {
  const handle = await running();
  if (!handle.status().member) {
    // The page shows what is missing: an account, or the passphrase.
    await runtime.openOptionsPage();
    return;
  }
  const { text, html } = await read(handle).catch(report) ?? {};
  if (text) {
    const answer = new Promise((hear) => pushing.push(hear));
    handle.push(text, html);
    if (await answer) {
      await flash();
    }
    markSoon();
  }
}

/**
 * What the person copies here meanwhile is newer, and goes to the other devices; so is what is picked from the list.
 * @param {Content} content
 */
function putThere(content) {
  const { taken } = catcher;
  const before = picks;
  inTurn(async () => {
    await catcher.settle();
    if (catcher.taken === taken && picks === before) {
      await put(content);
    }
  });
}

/**
 * The person waits for it, and has copied all else before.
 * @param {Content} content
 */
function pick(content) {
  picks += 1;
  put(content).catch(report);
}

/** @param {Content} content */
async function put(content) {
  await catcher.know(content);
  await writeClipboard(content);
}

/** @param {string} digest */
async function clearClipboard(digest) {
  const [handle, there] = await Promise.all([running(), readClipboard()]);
  if (handle.is(there.text ?? "", digest)) {
    await put({ text: "" });
  }
}

/** @param {() => Promise<void>} act */
function inTurn(act) {
  touching = touching.then(act).catch(report);
}

/**
 * Names only: a message could quote what was copied.
 * @param {any} error
 */
function report(error) {
  console.warn("Hushclip: the clipboard was not reached:", error?.name);
}

/**
 * A wasm module that has trapped is of no more use, and only a new process brings a new one.
 * @param {unknown} error
 */
async function restartIfBroken(error) {
  if (error instanceof WebAssembly.RuntimeError) {
    /** @type {{ restarted?: number }} */
    const { restarted = 0 } = await storage.local.get("restarted");
    if (Date.now() - restarted > RELOAD_PAUSE_MS) {
      await storage.local.set({ restarted: Date.now() });
      runtime.reload();
    }
  }
}
