// Joining by the QR code on another screen: a real camera pipeline in Chromium that is fed a picture.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { Browser } from "./lib/browser.mjs";
import { Camera, drawnCode } from "./lib/camera.mjs";
import { photographFailures } from "./lib/failures.mjs";
import { Relay } from "./lib/relay.mjs";
import { Screen } from "./lib/screen.mjs";
import { eventually } from "./lib/wait.mjs";

describe("Scanning a QR code", () => {
  let
    /** @type {Relay} */ relay,
    /** @type {Browser} */ desk,
    /** @type {Browser} */ phone,
    /** @type {Browser} */ strict,
    /** @type {Screen} */ popup,
    /** @type {Screen} */ app;
  const camera = new Camera("phone");
  const browsers = () => [desk, phone, strict].filter(Boolean);

  before(async () => {
    relay = await Relay.start();
    [desk, phone, strict] = await Promise.all([
      Browser.chromium("Desk", { extension: true }),
      Browser.chromium("Phone", { flags: ["--use-fake-ui-for-media-stream", ...camera.flags] }),
      Browser.chromium("Strict", { flags: camera.flags }),
    ]);
    popup = await desk.popup();
    await popup.createAccount(relay.url);
    app = await phone.webApp(relay.url);
  });
  afterEach(photographFailures(browsers));
  after(async () => {
    await Promise.all(browsers().map((browser) => browser.close()));
    await relay?.stop();
  });

  const decoderLoaded = () =>
    app.page.evaluate(() => performance.getEntriesByType("resource").some(({ name }) => name.includes("hushclip_scan")));

  /** Keeps hold of what the page got from the camera. */
  const watchCamera = (/** @type {Screen} */ screen) =>
    screen.page.evaluate(() => {
      const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      globalThis.streams = [];
      navigator.mediaDevices.getUserMedia = async (...wish) => {
        const stream = await ask(...wish);
        globalThis.streams.push(stream);
        return stream;
      };
    });

  const cameraIsOff = (/** @type {Screen} */ screen, times) =>
    eventually("the camera to go off", () =>
      screen.page.evaluate(
        (times) =>
          globalThis.streams.length === times &&
          globalThis.streams.every((stream) => stream.getTracks().every(({ readyState }) => readyState === "ended")),
        times,
      ),
    );

  it("shows what the camera sees, and lets it go on Escape", async () => {
    await watchCamera(app);
    assert.equal(await decoderLoaded(), false, "nobody has scanned yet");
    await app.press("scan");
    await eventually("a moving picture", () =>
      app.page.$eval('[data-testid="scan-video"]', (/** @type {HTMLVideoElement} */ video) => video.videoWidth > 0 && video.currentTime > 0),
    );
    await eventually("words", async () => /in front of the camera/.test((await app.text("scan-said")) ?? ""));
    assert.equal(await decoderLoaded(), true);
    await app.page.keyboard.press("Escape");
    await app.lacks("scan-video");
    await cameraIsOff(app, 1);
  });

  it("says when a code leads to another relay", async () => {
    const link = await popup.invite();
    assert.ok(link.startsWith(relay.url));
    camera.sees(await drawnCode(popup));
    const elsewhere = new Screen("Elsewhere", await phone.open(relay.url.replace("127.0.0.1", "localhost")));
    await elsewhere.press("scan");
    await eventually("words", async () => /for another relay/.test((await elsewhere.text("scan-said")) ?? ""));
    await elsewhere.press("scan-cancel");
    await elsewhere.lacks("scan-video");
    await elsewhere.page.close();
  });

  it("reads a pairing link, asks, and joins", async () => {
    await app.page.bringToFront();
    await app.press("scan");
    await eventually("the question", () => app.page.$eval("h1", (title) => title.innerText === "Join these devices?"));
    await cameraIsOff(app, 2);
    await app.join();
    await popup.approve(await app.digits());
    await app.online();
    await popup.send("seen and joined");
    await app.lists("seen and joined");
  });

  it("says what to do when the camera is not allowed", async () => {
    await strict.inner.defaultBrowserContext().overridePermissions(relay.url, []);
    const denied = await strict.webApp(relay.url);
    await denied.press("scan");
    await eventually("words", async () => /did not allow the camera/.test((await denied.text("scan-said")) ?? ""));
    await denied.press("scan-cancel");
    await denied.lacks("scan-said");
  });

  it("says so where there is no camera", async () => {
    await desk.inner.defaultBrowserContext().overridePermissions(relay.url, ["camera"]);
    const bare = new Screen("Bare", await desk.open(relay.url));
    await bare.press("scan");
    await eventually("words", async () => /no camera here/.test((await bare.text("scan-said")) ?? ""));
    await bare.page.close();
  });

  it("is not offered in the popup", async () => {
    assert.deepEqual(await popup.texts("scan"), []);
  });
});
