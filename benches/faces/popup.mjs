// How long after navigation starts the popup shows its list and takes keyboard input, with a full library.
import { setTimeout as sleep } from "node:timers/promises";

import { ours, peers } from "./devices.mjs";
import { report } from "./figures.mjs";
import { opens } from "./probe.mjs";

const ROUNDS = 15;
const COLD_ROUNDS = 5;
const SEARCH = '[data-testid="search"]';
const CLIP = '[data-testid="clip"]';

export async function measurePopups(setting) {
  console.log(`popup with ${setting.clips} clips: list painted and search box focused; peer: a bare extension`);
  const [mine, bare] = await Promise.all([ours(setting), peers(setting)]);
  const open = (browser) => opens(browser.inner, `${browser.base}popup.html`, SEARCH, CLIP);
  for (const kind of ["chromium", "firefox"]) {
    const times = { mine: [], bare: [], cold: [] };
    for (let round = 0; round < ROUNDS; round++) {
      times.mine.push(await open(mine[kind]));
      times.bare.push(await open(bare[kind]));
    }
    report(`${kind}, background awake`, times.mine, times.bare);
    for (let round = 0; round < COLD_ROUNDS; round++) {
      await mine[kind].endBackground();
      await sleep(1_000);
      times.cold.push(await open(mine[kind]));
    }
    report(`${kind}, background ended before`, times.cold);
  }
  await closeAll(mine, bare);
}

export async function closeAll(...sets) {
  await Promise.all(sets.flatMap((set) => Object.values(set)).map((browser) => browser.close()));
}
