// What was not copied is not sent: events that pages make up or that copy nothing, what others put on the clipboard,
// what was copied where nobody listens, and fields that hold secrets. And what was copied arrives all the same.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Browser, chord } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { Extension } from "./lib/extension.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Relay } from "./lib/relay.mjs";
import { eventually } from "./lib/wait.mjs";

/** @import { Page } from "puppeteer-core" */

/** Longer than it takes to take a copy. */
const SETTLED_MS = 1_000;
/** So long after a click, what a page copies may come from it. */
const PRESSED_MS = 2_000;
const OTHER = "elsewhere.test";
/** Chromium does not tell a frame that is younger than this of every change. Nobody copies so soon. */
const YOUNG_MS = 300;

/**
 * Frames that have no address of their own: how each is made in a page, and whether it has an origin.
 * @type {[string, boolean, (markup: string) => HTMLIFrameElement][]}
 */
const FRAMES = [
  ["made by a script", true, (markup) => {
    const frame = document.createElement("iframe");
    frame.src = URL.createObjectURL(new Blob([markup], { type: "text/html" }));
    return frame;
  }],
  ["written into its address", false, (markup) => {
    const frame = document.createElement("iframe");
    frame.src = `data:text/html,${encodeURIComponent(markup)}`;
    return frame;
  }],
  ["written into the page, in a sandbox", false, (markup) => {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.srcdoc = markup;
    return frame;
  }],
];

const flags = ["--host-resolver-rules=MAP *.test 127.0.0.1"];
/** @type {[string, string, () => Promise<Browser>][]} */
const KINDS = [
  // Chromium tells pages of changes of the clipboard, unless anybody on the way could have changed them.
  ["Chromium", "127.0.0.1", () => Browser.chromium("Desk", { extension: true, flags })],
  ["Chromium without encryption", "site.test", () => Browser.chromium("Desk", { extension: true, flags })],
  ["Firefox", "127.0.0.1", () => Browser.firefox("Fox")],
];

for (const [title, host, launch] of KINDS) {
  describe(`What was not copied, in ${title}`, () => {
    let
      /** @type {Relay} */ relay,
      /** @type {Browser} */ browser,
      /** @type {Cli} */ cli,
      /** @type {Extension} */ extension;
    const isFirefox = title === "Firefox";
    const isTold = title === "Chromium";

    before(async () => {
      [relay, browser] = await Promise.all([Relay.start(), launch()]);
      extension = new Extension(browser);
      cli = new Cli("Terminal");
      await cli.run(["init", "--relay", relay.url, "--name", "Terminal"]);
      await cli.letIn(await browser.popup());
      await cli.watch();
      await browser.site(host);
      await onlyOrdinary();
    });
    afterEach(photographFailures(() => [browser].filter(Boolean)));
    after(async () => {
      await cli?.stop();
      await browser?.close();
      await relay?.stop();
    });

    let seen = 0;
    let ordinary = 0;
    /** What has come since, the last of which is a copy like any other. */
    async function onlyOrdinary(page) {
      await sleep(SETTLED_MS);
      const text = `an ordinary copy, number ${++ordinary}`;
      page ??= await browser.site();
      await page.bringToFront();
      await page.evaluate(select, text);
      await chord(page, "c");
      await cli.sees(text);
      const texts = cli.watched.slice(seen).map((clip) => clip.text);
      seen += texts.length;
      assert.deepEqual(texts, [text]);
    }

    async function pausing(change, act) {
      const off = { paused: false, paused_sites: [] };
      await extension.choose({ ...off, ...change });
      try {
        return await act();
      } finally {
        await extension.choose(off);
      }
    }

    it("is not sent when a copy has nothing selected", async () => {
      const page = await browser.site();
      await unselect(page);
      await extension.copyElsewhere("from a password manager 1");
      await chord(page, "c");
      await chord(page, "x");
      await page.focus("#sink");
      await chord(page, "c");
      await onlyOrdinary();
    });

    it("is not sent when a page or a frame in it copies and prevents it", async () => {
      const page = await browser.site();
      await unselect(page);
      await page.evaluate(copyNothingOnClick, { stops: false });
      await extension.copyElsewhere("from a password manager 2");
      await page.click("#button");
      await sleep(SETTLED_MS);
      const frame = await addFrame(page);
      await frame.evaluate(copyNothingOnClick, { stops: false });
      await (await frame.$("#button")).click();
      await onlyOrdinary();
    });

    it("is not sent when a page hides that it prevents it", async () => {
      const page = await browser.site();
      await extension.copyElsewhere("from a password manager 3");
      // A person comes back from there.
      await returnTo(page);
      await page.evaluate(copyNothingOnClick, { stops: true });
      await page.click("#button");
      await onlyOrdinary();
    });

    if (isTold) {
      it("is not sent when a page makes a change of the clipboard up", async () => {
        const page = await browser.site();
        await unselect(page);
        await page.bringToFront();
        await extension.copyElsewhere("from a password manager 3, and a page that lies");
        await sleep(SETTLED_MS);
        await page.evaluate(() => {
          const forge = () => navigator.clipboard.dispatchEvent(new Event("clipboardchange"));
          document.querySelector("#button").addEventListener("click", forge, { once: true });
        });
        await page.click("#button");
        await onlyOrdinary();
      });
    }

    it("is not sent from a paused site, by a copy on another one", async () => {
      const page = await browser.site();
      const other = await pausing({ paused_sites: [host] }, async () => {
        await page.bringToFront();
        await page.evaluate(select, "on the paused site 4");
        await chord(page, "c");
        await sleep(SETTLED_MS);
        const other = await otherSite(page);
        await unselect(other);
        await chord(other, "c");
        await sleep(SETTLED_MS);
        await other.evaluate(copyNothingOnClick, { stops: true });
        await other.click("#button");
        await sleep(SETTLED_MS);
        return other;
      });
      await onlyOrdinary(other);
      await other.close();
    });

    it("is not sent from before the end of a pause", async () => {
      const page = await browser.site();
      await pausing({ paused: true }, async () => {
        await page.bringToFront();
        await page.evaluate(select, "during the pause 5");
        await chord(page, "c");
      });
      await sleep(SETTLED_MS);
      await page.bringToFront();
      await unselect(page);
      await chord(page, "c");
      await sleep(SETTLED_MS);
      await page.evaluate(copyNothingOnClick, { stops: true });
      await page.click("#button");
      await onlyOrdinary();
    });

    it("is not sent from a window without an address that a paused site has opened", async () => {
      const page = await browser.site();
      const before = new Set(await browser.inner.pages());
      await page.evaluate(() => {
        document.getElementById("button").onclick = () => {
          const opened = open("about:blank");
          opened.document.body.innerHTML = '<p id="source"></p>';
        };
      });
      const isBlank = (/** @type {Page} */ page) => page.url() === "about:blank" && !before.has(page);
      await pausing({ paused_sites: [host] }, async () => {
        await page.bringToFront();
        await page.click("#button");
        const opened = async () => (await browser.inner.pages()).find(isBlank);
        const blank = await eventually("the window", opened);
        await blank.bringToFront();
        await blank.evaluate(select, "in a window without an address 6");
        await chord(blank, "c");
        await sleep(SETTLED_MS);
        assert.equal(await browser.paste(), "in a window without an address 6", "it was copied");
        await blank.close();
      });
      await onlyOrdinary();
    });

    it("is not sent from hosts below a paused one", { skip: isFirefox && "its names cannot be made up here" }, async () => {
      const page = await browser.site();
      await pausing({ paused_sites: [OTHER] }, async () => {
        const below = await browser.open(page.url().replace(host, `login.${OTHER}`));
        await below.evaluate(select, "on a host below 7");
        await chord(below, "c");
        await sleep(SETTLED_MS);
        assert.equal(await browser.paste(), "on a host below 7", "it was copied");
        await below.close();
      });
      await onlyOrdinary();
    });

    for (const [kind, hasOrigin, make] of FRAMES) {
      it(`is not sent from a frame ${kind}, if it may be of a paused site`, async () => {
        const page = await browser.site();
        const paused = hasOrigin ? host : OTHER;
        await pausing({ paused_sites: [paused] }, async () => {
          const frame = await addBareFrame(page, make);
          await frame.evaluate(select, `in a frame ${kind}, paused`);
          await chord(page, "c");
          await sleep(SETTLED_MS);
          assert.equal(await browser.paste(), `in a frame ${kind}, paused`, "it was copied");
        });
        await onlyOrdinary();
      });
    }

    for (const [kind, paused, change] of [
      ["of a paused site", "localhost", {}],
      ["that nobody can name, if it may be of a paused site", OTHER, { sandbox: "allow-scripts" }],
    ]) {
      it(`is not sent from a frame inside a frame ${kind}`, async () => {
        const page = await browser.site();
        const text = `inside a frame ${kind}`;
        await pausing({ paused_sites: [paused] }, async () => {
          const inner = await addFrameWithin(page, change);
          await inner.evaluate(select, text);
          await chord(page, "c");
          await sleep(SETTLED_MS);
          assert.equal(await browser.paste(), text, "it was copied");
        });
        await onlyOrdinary();
      });
    }

    it("is not sent after a right click or the tab key", async () => {
      const page = await browser.site();
      await sleep(PRESSED_MS);
      await page.click("#source", { button: "right" });
      await extension.copyElsewhere("from a password manager's menu 8");
      await sleep(SETTLED_MS);
      await page.keyboard.press("Escape");
      await page.keyboard.press("Tab");
      await extension.copyElsewhere("from a password manager's keys 8");
      await sleep(SETTLED_MS);
      await page.click("#sink");
      await extension.copyElsewhere("what a password manager copies while it fills in 8");
      await onlyOrdinary();
    });

    for (const [what, markup, text] of [
      ["that was revealed", '<input id="field" type="password" value="revealed 9">', "revealed 9"],
      ["in a closed shadow tree", '<div id="host"></div>', "in a shadow 9"],
      ["for a new password", '<input id="field" autocomplete="section-a new-password" value="new 9">', "new 9"],
      ["for a one-time code", '<input id="field" autocomplete="one-time-code" value="once 9">', "once 9"],
      ["for a card's number", '<input id="field" autocomplete="billing cc-number" value="card 9">', "card 9"],
    ]) {
      it(`is not sent from a field ${what}`, async () => {
        const page = await browser.site();
        await page.evaluate((markup) => {
          document.getElementById("source").innerHTML = markup;
          const host = document.getElementById("host");
          let field = document.getElementById("field");
          if (host) {
            const root = host.attachShadow({ mode: "closed" });
            root.innerHTML = '<input autocomplete="current-password" value="in a shadow 9">';
            field = root.querySelector("input");
          }
          field.type = "text";
          field.focus();
          field.select();
        }, markup);
        await chord(page, "c");
        // Not before: what is pressed to paste would count for a change that comes late.
        await sleep(SETTLED_MS);
        assert.equal(await browser.paste(), text, "it was copied");
        await onlyOrdinary();
      });
    }

    it("is not sent by a copy that wakes the background, which is sent itself", async () => {
      const page = await browser.site();
      await extension.copyElsewhere("from a password manager 10");
      const { page: popup } = await browser.popup();
      await popup.close();
      browser.screen = undefined;
      await browser.endBackground();
      await unselect(page);
      await chord(page, "c");
      await onlyOrdinary();
    });

    it("while what was copied is sent: from fields, shadow trees and frames, and what pages give", async () => {
      const page = await browser.site();
      /** @type {[string, string, () => void][]} */
      const copies = [
        ["in a field", '<input id="field" value="in a field">', () => document.getElementById("field").select()],
        ["in an area", '<textarea id="field">in an area</textarea>', () => document.getElementById("field").select()],
        ["as an address", '<input id="field" type="email" value="as@an.address">', () => document.getElementById("field").select()],
        ["in a shadow", '<div id="field"></div>', () => {
          const root = document.getElementById("field").attachShadow({ mode: "open" });
          root.innerHTML = "<input value='in a shadow'>";
          root.querySelector("input").focus();
          root.querySelector("input").select();
        }],
        ["in a closed shadow", '<div id="field"></div>', () => {
          const root = document.getElementById("field").attachShadow({ mode: "closed" });
          root.innerHTML = "<input value='in a closed shadow'>";
          root.querySelector("input").focus();
          root.querySelector("input").select();
        }],
        ["where one writes", '<div id="field" contenteditable>where one writes</div>', () => {
          document.getElementById("field").focus();
          getSelection().selectAllChildren(document.getElementById("field"));
        }],
        ["given by the page", '<p id="field">x</p>', () => {
          getSelection().removeAllRanges();
          addEventListener("copy", (event) => {
            event.preventDefault();
            event.clipboardData.setData("text/plain", "given by the page");
          }, { once: true });
        }],
        ["given by a page that stops", '<p id="field">x</p>', () => {
          addEventListener("copy", (event) => {
            event.preventDefault();
            event.stopImmediatePropagation();
            event.clipboardData.setData("text/plain", "given by a page that stops");
          }, { once: true, capture: true });
        }],
      ];
      for (const [text, markup, prepare] of copies) {
        await page.bringToFront();
        await page.evaluate((markup) => {
          document.activeElement?.blur();
          document.getElementById("source").innerHTML = markup;
        }, markup);
        await page.evaluate(prepare);
        await chord(page, "c");
        await cli.sees(text === "as an address" ? "as@an.address" : text);
        // Not all of them at once, which nobody does.
        await sleep(SETTLED_MS);
      }
      const frame = await addFrame(page);
      await frame.evaluate(select, "in a frame");
      await chord(page, "c");
      await cli.sees("in a frame");
      for (const [kind, , make] of FRAMES) {
        await sleep(SETTLED_MS);
        const bare = await addBareFrame(page, make);
        await bare.evaluate(select, `in a frame ${kind}`);
        await chord(page, "c");
        await cli.sees(`in a frame ${kind}`);
      }
      await page.evaluate(() => {
        document.querySelector("iframe").remove();
        document.getElementById("button").onclick = () => {
          const area = document.getElementById("sink");
          area.value = "by a button that has it selected";
          area.select();
          document.execCommand("copy");
        };
      });
      await page.click("#button");
      await cli.sees("by a button that has it selected");
    });

    it("while it is sent from a frame inside a frame if another site is paused", async () => {
      const page = await browser.site();
      await pausing({ paused_sites: [OTHER] }, async () => {
        const inner = await addFrameWithin(page);
        // The popup may have been opened anew for the pause, and take the keyboard along for a moment.
        await eventually("the keyboard in the frame", async () => {
          await page.bringToFront();
          await inner.evaluate(select, "inside two frames");
          return inner.evaluate(() => document.hasFocus());
        });
        await chord(page, "c");
        await cli.sees("inside two frames");
      });
      await page.evaluate(() => document.querySelector("iframe").remove());
    });

    it("while a link's address is sent that the browser's own menu copies", { skip: !isTold }, async () => {
      const page = await browser.site();
      await page.evaluate(() => {
        document.getElementById("source").innerHTML = '<a id="link" href="https://example.org/there">there</a>';
      });
      await page.click("#link", { button: "right" });
      await extension.copyElsewhere("https://example.org/there");
      await cli.sees("https://example.org/there");
    });
  });
}

/** In a page: puts a text there and selects it. */
function select(text) {
  focus();
  document.activeElement?.blur();
  const source = document.getElementById("source");
  source.textContent = text;
  getSelection().selectAllChildren(source);
}

/** In a page: a click copies, and what it copies is nothing. */
function copyNothingOnClick({ stops }) {
  const prevent = (event) => {
    event.preventDefault();
    if (stops) {
      event.stopImmediatePropagation();
    }
  };
  document.getElementById("button").onclick = () => {
    if (stops) {
      getSelection().selectAllChildren(document.getElementById("button"));
    }
    addEventListener("copy", prevent, { once: true, capture: true });
    document.execCommand("copy");
    getSelection().removeAllRanges();
    // What comes later is a person's.
    removeEventListener("copy", prevent, true);
  };
}

async function unselect(/** @type {Page} */ page) {
  await page.bringToFront();
  await page.evaluate(() => {
    document.activeElement?.blur();
    getSelection().removeAllRanges();
  });
}

async function addFrame(page, change = {}) {
  await page.evaluate((change) => {
    document.querySelector("iframe")?.remove();
    const frame = document.createElement("iframe");
    Object.assign(frame, change);
    frame.src = location.href.replace(/127\.0\.0\.1|site\.test/, "localhost");
    document.body.append(frame);
    return new Promise((done) => (frame.onload = done));
  }, change);
  await sleep(YOUNG_MS);
  return page.frames().find((frame) => frame.url().includes("localhost"));
}

/** A frame of the page's own site inside one of another site. */
async function addFrameWithin(page, change = {}) {
  const outer = await addFrame(page, change);
  await outer.evaluate((url) => {
    const frame = document.createElement("iframe");
    frame.src = url;
    document.body.append(frame);
    return new Promise((done) => (frame.onload = done));
  }, page.url());
  await sleep(YOUNG_MS);
  return eventually("the inner frame", async () => {
    const inner = page.frames().find((frame) => frame.parentFrame() === outer);
    // Firefox has no selection before it has drawn the frame.
    return (await inner.evaluate(() => getSelection() !== null)) && inner;
  });
}

/** A frame without an address of its own, with a text in it to select. */
async function addBareFrame(/** @type {Page} */ page, make) {
  const before = new Set(page.frames());
  await page.evaluate((make) => {
    document.querySelector("iframe")?.remove();
    const frame = new Function(`return ${make}`)()('<p id="source"></p>');
    return new Promise((done) => {
      frame.onload = done;
      document.body.append(frame);
    });
  }, String(make));
  await sleep(YOUNG_MS);
  return eventually("the frame", () => page.frames().find((frame) => !before.has(frame)));
}

async function otherSite(/** @type {Page} */ page) {
  const url = new URL(page.url());
  url.hostname = url.hostname === "site.test" ? OTHER : "localhost";
  const inner = page.browser();
  const other = await inner.newPage();
  await other.goto(url.href);
  await other.bringToFront();
  return other;
}

/** Leaves a page and comes back to it, as from another window. */
async function returnTo(/** @type {Page} */ page) {
  const other = await page.browser().newPage();
  await other.bringToFront();
  await sleep(200);
  await other.close();
  await page.bringToFront();
  await sleep(500);
}
