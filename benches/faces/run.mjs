// `cargo xtask bench faces`: what a person waits for, in real browsers, beside bare peers in the same run.
// Prints medians and ratios; asserts nothing. Run: node benches/faces/run.mjs HISTORY_PROGRAM
import { execFileSync } from "node:child_process";

import { Relay } from "../../tests/e2e/lib/relay.mjs";
import { measureCopies } from "./copies.mjs";
import { Peer } from "./peer.mjs";
import { measurePopups } from "./popup.mjs";
import { measureWebApp } from "./web.mjs";

/** As many as the library holds. */
const CLIPS = 5_000;
const PASSPHRASE = "many words to copy";

const wanted = process.argv.slice(3);
const history = execFileSync(process.argv[2], [String(CLIPS), PASSPHRASE], { maxBuffer: 2 ** 30 }).toString("base64");
const [relay, peer] = await Promise.all([Relay.start(), Peer.start(CLIPS)]);
let failed;
try {
  const setting = { relay, peer, clips: CLIPS, history: { file: history, passphrase: PASSPHRASE } };
  for (const [name, measure] of Object.entries({ popup: measurePopups, web: measureWebApp, copies: measureCopies })) {
    if (wanted.length === 0 || wanted.includes(name)) {
      await measure(setting);
    }
  }
} catch (error) {
  failed = error;
  console.error(error);
}
await Promise.all([relay.stop(), peer.stop()]);
process.exit(failed ? 1 : 0);
