// The pictures that stores show, 1280 × 800, into dist/screenshots: real screens of the extension in Chromium,
// with a few words beside those of the popup. `cargo xtask screenshots` starts it.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { Extension } from "./lib/extension.mjs";
import { ROOT } from "./lib/process.mjs";
import { Relay } from "./lib/relay.mjs";
import { eventually } from "./lib/wait.mjs";

const [WIDTH, HEIGHT] = [1280, 800];
const POPUP = { width: 380, height: 600 };
/** Animations are over. */
const STILL_MS = 700;

const folder = path.join(ROOT, "dist/screenshots");
mkdirSync(folder, { recursive: true });

const relay = await Relay.start();
const browser = await Browser.chromium("Laptop", { extension: true, flags: ["--lang=en-US", "--hide-scrollbars"] });
const phone = new Cli("Phone");
const popup = await browser.popup();
const extension = new Extension(browser);

try {
  await popup.page.setViewport(POPUP);
  await popup.createAccount(relay.url);
  await phone.join(await popup.invite(), (digits) => popup.approve(digits));
  await fill();
  await beside("popup", "Copy here, paste there", "Text, links and formatting cross to your other browsers, phones and terminals as you copy.");
  await inTheDark("popup-dark", "Find it again", "Search, pin, and delete everywhere. Light or dark, by the keyboard alone if you like.");
  await asked();
  await invited();
  await options();
} finally {
  await phone.stop();
  await browser.close();
  await relay.stop();
}

async function fill() {
  await phone.run(["push", "Gate B24, boarding 14:35"]);
  await browser.copyHtml("<b>Shopping:</b> olives, bread, <i>good</i> coffee");
  await eventually("the list", async () => (await extension.say()).clips.length === 2);
  await phone.run(["push", "https://www.openstreetmap.org/way/4247312"]);
  await browser.copy("git rebase --onto main topic~3 topic");
  await phone.run(["push", "Danke für gestern Abend! Bis Sonntag um elf am Bahnhof."]);
  const { clips } = await eventually("all clips", async () => {
    const view = await extension.say();
    return view.clips.length === 5 && view;
  });
  await extension.command("pin", { id: clips.find((clip) => clip.text.startsWith("Gate")).id, pinned: true });
}

async function inTheDark(name, ...words) {
  await extension.choose({ theme: "dark" });
  await beside(name, ...words);
  await extension.choose({ theme: "light" });
}

async function asked() {
  await browser.copy("482 913");
  await popup.page.bringToFront();
  await popup.has("held");
  await beside("secret", "Secrets wait for you", "Codes, card numbers, keys and passwords are held until you say so, and are gone a minute later.");
  await popup.press("held-keep");
}

async function invited() {
  await popup.press("devices");
  await popup.press("invite");
  await beside("pairing", "A device joins by sight", "Scan, type six digits, done. No account, no mail, no password; the relay cannot read a word.");
}

async function options() {
  await popup.page.bringToFront();
  await popup.page.setViewport({ width: WIDTH, height: HEIGHT });
  await popup.page.evaluate(() => location.assign("options.html"));
  await popup.page.waitForSelector('[data-testid="catching"]');
  await sleep(STILL_MS);
  await popup.page.screenshot({ path: path.join(folder, "settings.png") });
}

/** The popup as it is, on a quiet ground beside a few words. */
async function beside(name, headline, sentence) {
  await popup.page.bringToFront();
  await popup.page.mouse.move(0, 0);
  await popup.page.waitForFunction(() => !document.querySelector(".toast"));
  await sleep(STILL_MS);
  const shot = await popup.page.screenshot({ encoding: "base64" });
  const page = await browser.inner.newPage();
  await page.setViewport({ width: WIDTH, height: HEIGHT });
  await page.setContent(`<!doctype html><style>
    body { margin: 0; height: 100vh; display: grid; grid-template-columns: 1fr 560px; align-items: center; background: #e2f0ec; font-family: system-ui, sans-serif; color: #1b211f; }
    div { padding-inline: 72px 24px; }
    h1 { font-size: 46px; line-height: 1.1; margin: 0 0 24px; color: #084c42; }
    p { font-size: 26px; line-height: 1.45; margin: 0; }
    img { display: block; border-radius: 14px; box-shadow: 0 18px 60px #084c4240; }
  </style><div><h1>${headline}</h1><p>${sentence}</p></div><img src="data:image/png;base64,${shot}">`);
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
  await page.close();
}
