// A camera that sees a picture of our choice: Chromium plays a Y4M file in its place.
import { writeFileSync } from "node:fs";
import path from "node:path";

import { folder } from "./process.mjs";

/** @import { Screen } from "./screen.mjs" */

const [WIDTH, HEIGHT] = [640, 480];
const [DARK, LIGHT, GREY] = [40, 210, 128];

export class Camera {
  /** @param {string} name */
  constructor(name) {
    this.file = path.join(folder(`camera-${name}`), "picture.y4m");
    this.sees();
  }

  get flags() {
    return ["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${this.file}`];
  }

  /**
   * From the next start of the camera on, it sees this QR code; none without one.
   * @param {Awaited<ReturnType<typeof drawnCode>>} [code]
   */
  sees(code) {
    const brightness = Buffer.alloc(WIDTH * HEIGHT, GREY);
    if (code) {
      const module = Math.floor((HEIGHT * 0.8) / code.side);
      const [left, top] = [WIDTH - code.side * module, HEIGHT - code.side * module].map((room) => room >> 1);
      for (let y = 0; y < code.side * module; y++) {
        for (let x = 0; x < code.side * module; x++) {
          const dark = code.dark(Math.floor(x / module), Math.floor(y / module));
          brightness[(top + y) * WIDTH + left + x] = dark ? DARK : LIGHT;
        }
      }
    }
    const colour = Buffer.alloc((WIDTH * HEIGHT) / 2, 128);
    const frame = Buffer.concat([Buffer.from("FRAME\n"), brightness, colour]);
    const header = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F30:1 Ip A1:1 C420jpeg\n`);
    writeFileSync(this.file, Buffer.concat([header, frame, frame]));
  }
}

/** The QR code that a screen shows, read off its drawing. */
export async function drawnCode(/** @type {Screen} */ screen) {
  const picture = await screen.page.waitForSelector('[data-testid="invite-qr"]');
  const { side, runs } = await picture.evaluate((svg) => ({
    side: /** @type {SVGSVGElement} */ (/** @type {unknown} */ (svg)).viewBox.baseVal.width,
    runs: svg.querySelector("path").getAttribute("d"),
  }));
  /** @type {Set<string>} */
  const dark = new Set();
  for (const [, x, y, length] of runs.matchAll(/M(\d+) (\d+)h(\d+)/g)) {
    for (let n = 0; n < Number(length); n++) {
      dark.add(`${Number(x) + n} ${y}`);
    }
  }
  return { side, dark: (/** @type {number} */ x, /** @type {number} */ y) => dark.has(`${x} ${y}`) };
}
