// From Ctrl+C in one browser until the text is on the other's clipboard, and how much of that the platform takes:
// the pause before a copy can be read, the clipboard itself. A busy disk adds to it: Hushclip sends nothing and
// puts nothing on a clipboard that is not safely stored, so how long storing takes is measured alongside.
import { setTimeout as sleep } from "node:timers/promises";

import { within } from "../../tests/e2e/lib/wait.mjs";
import { ours, peers } from "./devices.mjs";
import { median, report } from "./figures.mjs";
import { closeAll } from "./popup.mjs";

/** @type {import("puppeteer-core").Permission[]} */
const PERMISSIONS = ["clipboard-read", "clipboard-write", "clipboard-sanitized-write"];
const ROUNDS = 20;
/** Hushclip takes one copy every two seconds. */
const PACE_MS = 2_600;
/** What both wait after the hint, because the clipboard does not hold the copy any sooner. */
const SETTLE_MS = 60;

export async function measureCopies(setting) {
  console.log(`copy here → on the clipboard there, over loopback; peer: a bare extension over a bare worker`);
  const sets = { mine: await ours(setting), bare: await peers(setting) };
  for (const browser of Object.values(sets).flatMap((set) => Object.values(set))) {
    const page = await browser.site();
    // A person who copies has no popup open.
    await browser.screen?.page.close();
    if (!browser.launch) {
      const { origin } = new URL(page.url());
      await browser.inner.defaultBrowserContext().overridePermissions(origin, PERMISSIONS);
    }
  }
  const platform = {};
  for (const kind of ["chromium", "firefox"]) {
    platform[kind] = await clipboardAlone(await reader(sets.bare[kind]));
    console.log(`  ${kind}: writing and reading the clipboard alone takes ${median(platform[kind]).toFixed(1)} ms`);
  }
  for (const [from, to] of [["chromium", "firefox"], ["firefox", "chromium"]]) {
    const times = { mine: [], bare: [] };
    const stored = { [from]: [], [to]: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const which of ["mine", "bare"]) {
        times[which].push(await travels(sets[which][from], sets[which][to], `${which} ${from} ${round}, river and stone`));
      }
      for (const kind of [from, to]) {
        stored[kind].push(await commits(sets.bare[kind]));
      }
      await sleep(PACE_MS);
    }
    report(`${from} → ${to}`, times.mine, times.bare);
    report(`  storing something in ${from}`, stored[from]);
    report(`  storing something in ${to}`, stored[to]);
    const own = SETTLE_MS + median(platform[from]) + median(platform[to]);
    const above = times.mine.map((time) => time - own);
    report(`  above the platform's ${own.toFixed(0)} ms`, above, times.bare.map((time) => time - own));
  }
  await closeAll(sets.mine, sets.bare);
}

async function clipboardAlone(page) {
  return page.evaluate(async () => {
    const times = [];
    for (let round = 0; round < 30; round++) {
      const began = performance.now();
      await navigator.clipboard.writeText(`alone ${round}`);
      await navigator.clipboard.readText();
      times.push(performance.now() - began);
    }
    return times;
  });
}

/** How long it takes to get something small onto the disk for good. */
async function commits(browser) {
  const page = await browser.site();
  return page.evaluate(async () => {
    const open = indexedDB.open("alone");
    open.onupgradeneeded = () => open.result.createObjectStore("all");
    await new Promise((resolve) => (open.onsuccess = resolve));
    const began = performance.now();
    const change = open.result.transaction("all", "readwrite", { durability: "strict" });
    change.objectStore("all").put(new Uint8Array(500), 1);
    await new Promise((resolve) => (change.oncomplete = resolve));
    open.result.close();
    return performance.now() - began;
  });
}

/** A page that may read the clipboard: in Firefox only an extension's own, and this one does nothing else. */
async function reader(browser) {
  if (!browser.launch) {
    return browser.site();
  }
  if (!browser.reads) {
    browser.reads = await browser.inner.newPage();
    browser.reads.goto(`${browser.base}content.js`).catch(() => {});
    await sleep(2_000);
  }
  return browser.reads;
}

async function travels(from, to, text) {
  const there = await reader(to);
  const arrives = there.evaluate(async (text) => {
    // A read during a write fails.
    while ((await navigator.clipboard.readText().catch(() => {})) !== text);
    return Date.now();
  }, text);
  const here = await from.site();
  await here.evaluate(() => addEventListener("copy", () => (globalThis.copiedAt = Date.now()), { capture: true, once: true }));
  await from.copy(text);
  const arrived = await within(`"${text}" in ${to.name}`, arrives);
  return arrived - (await here.evaluate(() => globalThis.copiedAt));
}
