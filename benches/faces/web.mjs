// How long the web app takes on a slow processor until a person can use it: the first time, and with its
// service worker in place.
import { createServer } from "node:http";

import { Browser } from "../../tests/e2e/lib/browser.mjs";
import { Cli } from "../../tests/e2e/lib/cli.mjs";
import { listen } from "../../tests/e2e/lib/process.mjs";
import { report } from "./figures.mjs";
import { opens } from "./probe.mjs";

const SLOWER = 4;
const ROUNDS = 9;
const CLIPS = 40;
const LIST = Array.from({ length: CLIPS }, (_, n) => `<li>clip ${n}: river stone lamp garden</li>`).join("");
const BARE = `<!doctype html><meta charset="utf-8"><title>Bare</title><textarea></textarea><ul>${LIST}</ul>`;

export async function measureWebApp({ relay }) {
  console.log(`web app on a ${SLOWER}× slower processor: it takes the keyboard; peer: a bare page with the same list`);
  const bare = createServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end(BARE));
  const bareUrl = `http://127.0.0.1:${await listen(bare)}/`;
  const phone = await Browser.chromium("Phone");
  const slow = { prepare: (page) => page.emulateCPUThrottling(SLOWER) };

  const times = { cold: [], warm: [], bare: [] };
  for (let round = 0; round < ROUNDS; round++) {
    // Nothing is kept from one run to the next.
    const context = await phone.inner.createBrowserContext();
    times.cold.push(await opens(context, relay.url, '[data-testid="create-account"]', undefined, slow));
    times.bare.push(await opens(context, bareUrl, "textarea", "li", slow));
    await context.close();
  }
  report("first visit", times.cold, times.bare);

  const app = await phone.webApp(relay.url);
  await app.createAccount(relay.url);
  const cli = new Cli("Terminal");
  await cli.join(await app.invite(), (digits) => app.approve(digits));
  await cli.watch();
  for (let n = 0; n < CLIPS; n++) {
    await cli.run(["push", `clip ${n}: river stone lamp garden`]);
  }
  await app.lists(`clip ${CLIPS - 1}:`);
  await app.page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await app.page.close();
  const warmBare = [];
  for (let round = 0; round < ROUNDS; round++) {
    times.warm.push(await opens(phone.inner, relay.url, '[data-testid="composer"]', '[data-testid="clip"]', slow));
    warmBare.push(await opens(phone.inner, bareUrl, "textarea", "li", slow));
  }
  report(`from its service worker, ${CLIPS} clips`, times.warm, warmBare);
  await cli.stop();
  await phone.close();
  bare.close();
}
