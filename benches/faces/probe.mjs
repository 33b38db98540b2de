// Records in a page, from its very start, when it becomes usable.

/** Runs before the page's own scripts; `globalThis.usable` is then the time since the navigation began. */
export function probe(field, row) {
  const look = () => {
    const box = document.querySelector(field);
    if (globalThis.usable !== undefined || !box || box.disabled || (row && !document.querySelector(row))) {
      return;
    }
    observer.disconnect();
    globalThis.usable = null;
    // Painted, and nothing else to do: it takes the keyboard.
    requestAnimationFrame(() => setTimeout(() => {
      box.focus();
      globalThis.usable = document.activeElement === box ? performance.now() : Number.NaN;
    }));
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true, attributes: true });
  look();
}

/**
 * Opens an address in a tab of its own; milliseconds until it is usable.
 * @param {import("puppeteer-core").Browser | import("puppeteer-core").BrowserContext} browser
 * @param {string} url
 * @param {string} field
 * @param {string} [row]
 * @param {{ prepare?: (page: import("puppeteer-core").Page) => unknown }} [options]
 */
export async function opens(browser, url, field, row, { prepare } = {}) {
  const page = await browser.newPage();
  try {
    await prepare?.(page);
    const early = !url.startsWith("moz-extension:");
    if (early) {
      await page.evaluateOnNewDocument(probe, field, row);
    }
    page.goto(url).catch(() => {});
    const end = Date.now() + 15_000;
    let late = early;
    for (;;) {
      // Firefox lets nothing run before the page's own scripts there: its times are a few milliseconds too long.
      const there = await page.evaluate(() => location.href !== "about:blank").catch(() => false);
      if (there && !late) {
        late = true;
        await page.evaluate(probe, field, row);
      }
      const usable = there && (await page.evaluate(() => globalThis.usable).catch(() => undefined));
      if (typeof usable === "number") {
        return usable;
      }
      if (Date.now() > end) {
        throw new Error(`${url} does not become usable`);
      }
      await new Promise((resolve) => setTimeout(resolve, early ? 25 : 2));
    }
  } finally {
    await page.close();
  }
}
