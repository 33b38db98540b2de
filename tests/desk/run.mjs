// One clipboard, three programs that keep it in step (Chromium, Firefox, the terminal client), one device
// elsewhere: every copy is sent once, every clip of elsewhere is put there once, and nothing is sent back.
// SEED and COPIES choose another run, MINUTES=60 an hour of it at the pace of a busy person.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { Browser } from "../e2e/lib/browser.mjs";
import { Cli } from "../e2e/lib/cli.mjs";
import { Relay } from "../e2e/lib/relay.mjs";
import { eventually } from "../e2e/lib/wait.mjs";
import { canonical, Copies, nameIn } from "./copies.mjs";
import { Display } from "./display.mjs";

const SEED = Number(process.env.SEED ?? 1);
// Ten copies a minute are a busy person's.
const COPIES = Number(process.env.COPIES ?? (process.env.MINUTES ? 10 * Number(process.env.MINUTES) : 40));
/** So many of them are followed by the next one at once. */
const HASTY = 0.2;
/** How long a rush has to settle: two copies of one browser are sent two seconds apart. */
const SETTLE_MS = 2_500;
/** Longer than any of the programs takes to take its own write for a copy. */
const QUIET_MS = 3_000;

/** What becomes of the copies, by name. */
const made = new Map();
const copies = new Copies(SEED);
const display = await Display.start();
const relay = await Relay.start();
const [chromium, firefox] = await Promise.all([
  Browser.chromium("Chromium", { extension: true, launch: { headless: false, env: display.env } }),
  Browser.firefox("Firefox", { headless: false, env: display.env }),
]);
const [desk, far] = [new Cli("Desk", { env: display.env }), new Cli("Far")];

let rushing = false;
let failed;
try {
  await meet();
  for (let n = 0; n < COPIES; n++) {
    await act();
    if ((n + 1) % 50 === 0) {
      console.log(`${n + 1} copies, ${clips().length} clips`);
    }
  }
  await sleep(QUIET_MS);
  await count();
} catch (error) {
  failed = error;
  console.error(`SEED=${SEED}:`, error);
  console.error("the last copies:", [...made.values()].slice(-4).map(({ name, how, rush }) => [name, how, rush]));
  console.error("the clipboard:", nameIn(await display.paste()));
  console.error("the last clips:", (await all()).slice(-8).map((clip) => [clip.from, nameIn(clip.text), clip.delivered]));
  await Promise.all([chromium, firefox].map((browser) => browser.photograph("one-clipboard").catch(() => {})));
} finally {
  await Promise.all([desk.stop(), far.stop(), chromium.close(), firefox.close()]);
  await relay.stop();
  await display.stop();
}
process.exit(failed ? 1 : 0);

async function meet() {
  await far.run(["init", "--relay", relay.url, "--name", far.name]);
  for (const browser of [chromium, firefox]) {
    const popup = await browser.popup();
    await far.letIn(popup);
    await browser.site();
  }
  const inviting = far.start("invite", "--yes");
  const [link] = await inviting.match(/https?:\S+/, "a link");
  await desk.run(["join", link, "--name", desk.name]);
  assert.equal(await inviting.exit(), 0, inviting.err);
  await far.watch();
  await desk.keepClipboard();
}

/** Clips of the desk that the far device has seen. */
function clips() {
  return far.watched;
}

async function act() {
  const copy = copies.next();
  const how = copies.pick([inChromium, inFirefox, outside, pushed, pushed]);
  const hasty = copies.random() < HASTY;
  const rush = hasty || rushing;
  made.set(copy.name, { ...copy, how: how.name, rush });
  await how(copy);
  rushing = hasty;
  if (hasty) {
    return sleep(copies.random() * 400);
  }
  if (rush) {
    // Of several that were on their way at once the relay says which is the newest.
    await sleep(SETTLE_MS);
    await eventually("the newest clip on the clipboard", async () =>
      nameIn(await display.paste()) === nameIn((await all()).at(-1).text));
    return;
  }
  if (how !== pushed) {
    await eventually(`${copy.name} at the far device, copied ${how.name}`, () =>
      clips().some((clip) => nameIn(clip.text) === copy.name));
  }
  const holds = async () => nameIn(await display.paste()) === copy.name;
  await eventually(`${copy.name} on the clipboard`, holds);
  // And nobody puts anything else there.
  await sleep(200 + copies.random() * 800);
  assert.ok(await holds(), `${copy.name} was replaced by ${nameIn(await display.paste())}`);
  if (copy.html && how !== pushed && how !== outside) {
    assert.ok((await display.paste("text/html")).includes(nameInHtml(copy)), `${copy.name} is not formatted any more`);
  }
}

/** As much of the name as no program writes differently in HTML. */
function nameInHtml({ name }) {
  return name.split(" ")[1];
}

async function inChromium(copy) {
  await copyIn(chromium, copy);
}

async function inFirefox(copy) {
  await copyIn(firefox, copy);
}

async function copyIn(browser, { text, html }) {
  const ways = html ? ["copyExactly"] : ["copy", "copyExactly", "pressCopyButton"];
  const way = copies.pick(ways);
  await (way === "copyExactly" ? browser.copyExactly(text, html) : browser[way](text));
}

async function outside({ text }) {
  await display.copy(text);
}

async function pushed({ text }) {
  await far.run(["push", text]);
}

/** Every clip that the far device knows of. */
async function all() {
  return (await far.run(["pull", "--all", "--json"])).trim().split("\n").map((line) => JSON.parse(line));
}

async function count() {
  const found = await all();
  const seen = Map.groupBy(found, (clip) => nameIn(clip.text));
  const totals = {};
  for (const [name, { how, rush, text, html }] of made) {
    const sent = seen.get(name) ?? [];
    const total = (totals[how] ??= { made: 0, inRush: 0, sent: 0, formatted: 0, overtaken: 0 });
    total.made += 1;
    total.inRush += rush;
    total.sent += sent.length;
    total.overtaken += rush && sent.length === 0;
    assert.ok(sent.length < 2, `${name} (${how}) was sent ${sent.length} times: ${sent.map((clip) => clip.from)}`);
    // Of copies within a moment some are gone before anybody could look.
    assert.ok(sent.length === 1 || rush, `${name} (${how}) was not sent`);
    const formatted = !rush && html && how.startsWith("in");
    total.formatted += Boolean(formatted);
    assert.ok(!formatted || sent[0].html.includes(nameInHtml({ name })), `${name} (${how}) came without its HTML`);
    if (how === "pushed") {
      assert.equal(sent[0]?.own, true, `${name} was sent back`);
      assert.equal(canonical(sent[0].text), canonical(text));
    }
  }
  assert.equal(seen.get(undefined), undefined, "a clip that nobody has copied");
  const pushes = found.filter((clip) => clip.own);
  const delivered = pushes.filter((clip) => clip.delivered.length === 3);
  console.table(totals);
  console.log(`seed ${SEED}: ${found.length} clips; ${delivered.length} of ${pushes.length} from elsewhere reached all three`);
  assert.equal(delivered.length, pushes.length);
}
