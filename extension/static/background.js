// The background: passes what happens to the client in wasm, and what it wants to the browser.
// All listeners are registered before anything is awaited, or the browser would not wake it for them.
import init, { start } from "./hushclip_extension.js";
import { keepAlive, readClipboard, writeClipboard } from "./platform/clipboard.js";

const { action, alarms, runtime, storage } = chrome;

// A page's `copy` event comes before the clipboard holds the copy.
const SETTLE_MS = 60;
// Short breaks of the line are not worth a mark on the button.
const MARK_AFTER_MS = 1_000;
const RELOAD_PAUSE_MS = 60_000;
// Copies are taken one each two seconds on average, and up to ten at once.
const TURN_MS = 2_000;
const BURST = 10;

const popups = new Set();
let client;
let reading;
let turn = 0;
let marking;
let writing = Promise.resolve();

runtime.onInstalled.addListener(wake);
runtime.onStartup.addListener(wake);
alarms.onAlarm.addListener(wake);

runtime.onMessage.addListener((message) => {
  if (message === "copied") {
    // A page that copies without end must not flood the other devices; its last copy is still read.
    const now = Date.now();
    turn = Math.max(turn + TURN_MS, now - BURST * TURN_MS);
    reading ??= setTimeout(takeCopy, SETTLE_MS + Math.max(0, turn - now));
  }
});

runtime.onConnect.addListener(async (port) => {
  // Content scripts may connect too, and theirs may be a page that took its process over.
  if (port.name !== "popup" || port.sender?.origin !== location.origin) {
    port.disconnect();
    return;
  }
  popups.add(port);
  port.onDisconnect.addListener(() => popups.delete(port));
  port.onMessage.addListener(async (message) => (await running()).hear(message));
  const handle = await running();
  handle.person();
  handle.online();
  show(handle, [port].filter((open) => popups.has(open)));
});

addEventListener("online", async () => (await running()).online());
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
  alarms.create("watchdog", { periodInMinutes: 0.5 });
  await init({ module_or_path: runtime.getURL("hushclip_extension_bg.wasm") });
  const handle = await start({
    changed,
    tell: (message) => popups.forEach((port) => port.postMessage(message)),
    writeClipboard: (text, html) => {
      writing = writing.then(() => writeClipboard({ text, html })).catch(report);
    },
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
  if (handle.status().member) {
    keepAlive();
  }
  marking ??= setTimeout(mark, MARK_AFTER_MS);
}

function show(handle, ports) {
  const messages = [handle.lock(), handle.picture()].filter(Boolean);
  ports.forEach((port) => messages.forEach((message) => port.postMessage(message)));
}

async function mark() {
  marking = undefined;
  const { locked, waiting, problem } = (await running()).status();
  const text = problem ? "!" : locked ? "off" : waiting ? "…" : "";
  const words = problem ?? (locked ? "locked" : waiting ? "no connection" : undefined);
  await Promise.all([
    action.setBadgeBackgroundColor({ color: problem ? "#b3261e" : "#5f6368" }),
    action.setBadgeText({ text }),
    action.setTitle({ title: words ? `Hushclip: ${words}` : "Hushclip" }),
  ]);
}

async function takeCopy() {
  reading = undefined;
  try {
    const handle = await running();
    // What is copied before there is an account, or while it is locked, is nobody's business.
    if (handle.status().member) {
      const { text, html } = await readClipboard();
      if (text) {
        handle.localCopy(text, html);
      }
    }
  } catch (error) {
    report(error);
  }
}

// Names only: a message could quote what was copied.
function report(error) {
  console.warn("Hushclip: the clipboard was not reached:", error?.name);
}

// A wasm module that has trapped is of no more use, and only a new process brings a new one.
async function restartIfBroken(error) {
  if (error instanceof WebAssembly.RuntimeError) {
    const { restarted = 0 } = await storage.local.get("restarted");
    if (Date.now() - restarted > RELOAD_PAUSE_MS) {
      await storage.local.set({ restarted: Date.now() });
      runtime.reload();
    }
  }
}
