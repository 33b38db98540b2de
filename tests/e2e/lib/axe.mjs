// What is shown as axe-core judges it: light, dark, with forced colours, with more contrast, and from right
// to left. With PICTURES=<folder>, a picture of each is kept there.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { ROOT } from "./process.mjs";

/** @import { Page } from "puppeteer-core" */
/** @import { Screen } from "./screen.mjs" */

const AXE = readFileSync(path.join(ROOT, "node_modules/axe-core/axe.min.js"), "utf8");

/** @type {Record<string, { scheme: "light" | "dark", forced?: boolean, contrast?: boolean, dir?: "rtl" }>} */
const LOOKS = {
  light: { scheme: "light" },
  dark: { scheme: "dark" },
  forced: { scheme: "light", forced: true },
  contrast: { scheme: "light", contrast: true },
  rtl: { scheme: "light", dir: "rtl" },
};

/**
 * Has axe look at what a screen shows, in every way it may look; nothing may be wrong, or too wide.
 * @param {Pick<Screen, "name" | "page">} screen
 * @param {string} state
 */
export async function judge(screen, state) {
  const { page } = screen;
  await page.bringToFront();
  const session = await page.createCDPSession();
  const wrong = [];
  for (const [look, { scheme, forced, contrast, dir }] of Object.entries(LOOKS)) {
    const features = [
      { name: "prefers-color-scheme", value: scheme },
      { name: "forced-colors", value: forced ? "active" : "none" },
      { name: "prefers-contrast", value: contrast ? "more" : "no-preference" },
      // Colours that are on their way from one to the other are nobody's.
      { name: "prefers-reduced-motion", value: "reduce" },
    ];
    await session.send("Emulation.setEmulatedMedia", { features });
    await page.evaluate((dir) => (document.documentElement.dir = dir), dir ?? "ltr");
    if (!(await page.evaluate(() => "axe" in globalThis))) {
      await page.evaluate(AXE);
    }
    await photograph(page, `${state}-${screen.name}-${look}`);
    wrong.push(...(await page.evaluate(violations)).map((line) => `${look}: ${line}`));
  }
  await session.send("Emulation.setEmulatedMedia", { features: [] });
  await page.evaluate(() => (document.documentElement.dir = "ltr"));
  await session.detach();
  assert.deepEqual(wrong, [], `${state} on ${screen.name}`);
}

/**
 * Runs in the page.
 * @returns {Promise<string[]>}
 */
async function violations() {
  /** @type {import("axe-core").AxeResults} */
  const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
  const sideways = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
  return sideways > 0 ? [...found, `the page is ${sideways} pixels too wide`] : found;
}

async function photograph(/** @type {Page} */ page, /** @type {string} */ name) {
  const folder = process.env.PICTURES;
  if (folder) {
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: path.join(folder, `${name}.png`) });
  }
}
