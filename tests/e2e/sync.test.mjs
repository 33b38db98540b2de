// Four devices on one account: two Chromiums with the extension, the web app, the terminal. What is
// copied on one is on the others, through real key presses and real clipboards.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { Browser } from "./lib/browser.mjs";
import { Cli } from "./lib/cli.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Relay } from "./lib/relay.mjs";
import { pair } from "./lib/screen.mjs";

describe("Chromium, web app, terminal", () => {
  let
    /** @type {Relay} */ relay,
    /** @type {Browser} */ desk,
    /** @type {Browser} */ laptop,
    /** @type {Browser} */ phone,
    /** @type {Cli} */ cli;
  const browsers = () => [desk, laptop, phone].filter(Boolean);

  before(async () => {
    relay = await Relay.start();
    cli = new Cli("Terminal");
    [desk, laptop, phone] = await Promise.all([
      Browser.chromium("Desk", { extension: true }),
      Browser.chromium("Laptop", { extension: true }),
      Browser.chromium("Phone"),
    ]);
  });
  afterEach(photographFailures(browsers));
  after(async () => {
    await cli?.stop();
    await Promise.all(browsers().map((browser) => browser.close()));
    await relay?.stop();
  });

  it("starts an account in the popup", async () => {
    const popup = await desk.popup();
    await popup.createAccount(relay.url);
    assert.equal((await popup.texts("device")).length, 1);
  });

  it("lets a terminal in by the digits it shows", async () => {
    const popup = await desk.popup();
    await cli.join(await popup.invite(), (digits) => popup.approve(digits));
    await cli.watch();
  });

  it("lets the web app in by an opened link", async () => {
    const popup = await desk.popup();
    const link = await popup.invite();
    const app = await phone.webApp(link);
    assert.equal(new URL(app.page.url()).hash, "", "the secret is out of the address bar");
    await app.join();
    await popup.approve(await app.digits());
    await app.online();
  });

  it("lets a second extension in by a pasted link", async () => {
    await pair(await desk.popup(), await laptop.popup());
    const devices = await cli.run(["devices", "--json"]);
    const names = devices.trim().split("\n").map((line) => JSON.parse(line).name);
    assert.deepEqual(names.sort(), ["Desk", "Laptop", "Phone", "Terminal"]);
  });

  it("brings a copy in a page to every device", async () => {
    const text = "Copied with Ctrl+C: «naïve façade» 🎈";
    await desk.copy(text);
    await Promise.all([phone.screen.lists(text), cli.sees(text), laptop.pastes(text)]);
    const clip = await cli.sees(text);
    assert.equal(clip.from, "Desk");
  });

  it("puts what the web app sends on a clipboard", async () => {
    const text = "sent from the phone";
    await phone.screen.send(text);
    await Promise.all([desk.pastes(text), laptop.pastes(text), cli.sees(text)]);
  });

  it("puts what a terminal sends on a clipboard", async () => {
    await cli.run(["push"], "hi\n");
    await Promise.all([desk.pastes("hi"), laptop.pastes("hi"), phone.screen.lists("hi")]);
  });

  it("copies a clip that is tapped in the web app", async () => {
    const text = "Copied with Ctrl+C";
    await phone.screen.page.bringToFront();
    await phone.screen.copyClip(text);
    await phone.pastes("Copied with Ctrl+C: «naïve façade» 🎈");
  });

  it("brings formatted text along", async () => {
    await desk.copyHtml("<b>bold</b> and <i>slanted</i>");
    const clip = await cli.sees("bold and slanted");
    assert.equal(clip.type, "html");
    assert.match(clip.html, /<b.*>bold<\/b>/);
    await laptop.pastes("bold and slanted");
    assert.match(await laptop.pasteHtml(), /<b.*>bold<\/b>/);
  });

  it("takes what a button in a page copies", async () => {
    await desk.pressCopyButton("from a button");
    await Promise.all([cli.sees("from a button"), laptop.pastes("from a button")]);
  });

  it("sends every copy once, and nothing that came from elsewhere", async () => {
    await desk.copy("the last one");
    await Promise.all([cli.sees("the last one"), phone.screen.lists("the last one"), laptop.pastes("the last one")]);
    const texts = cli.watched.map((clip) => clip.text);
    assert.deepEqual(texts, [
      "Copied with Ctrl+C: «naïve façade» 🎈",
      "sent from the phone",
      "bold and slanted",
      "from a button",
      "the last one",
    ]);
    assert.equal((await phone.screen.texts("clip")).length, texts.length + 1);
  });
});
