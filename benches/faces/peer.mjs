// The peer: a bare extension (benches/peers/bare-extension) and, between its copies, the bare worker that
// our relay is compared with, on the same workerd.
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import workerd from "workerd";

import { folder, Process, ROOT } from "../../tests/e2e/lib/process.mjs";
import { eventually } from "../../tests/e2e/lib/wait.mjs";

const PEERS = path.join(ROOT, "benches/peers");

export class Peer {
  /** How many clips its extension remembers from the start. @type {number} */
  clips;
  /** Its address. @type {string} */
  relay;
  /** @type {Process} */
  process;

  /** Its extension remembers so many clips from the start. */
  static async start(clips) {
    const peer = new Peer();
    peer.clips = clips;
    const data = folder("peer");
    const mailboxes = path.join(data, "mailboxes");
    mkdirSync(mailboxes);
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const args = ["serve", path.join(PEERS, "js-worker/workerd.capnp"), `--socket-addr=http=127.0.0.1:${port}`];
    peer.process = new Process(workerd.default, [...args, `--directory-path=mailboxes=${mailboxes}`]);
    await eventually("the bare worker", async () => (await fetch(`http://127.0.0.1:${port}/health`)).ok);
    peer.relay = `ws://127.0.0.1:${port}/v1/mailbox/all`;
    return peer;
  }

  /** A folder with its extension for `chrome` or `firefox`, which reaches the clipboard with Hushclip's own means. */
  extension(kind) {
    const made = folder(`peer-${kind}`);
    cpSync(path.join(PEERS, "bare-extension"), made, { recursive: true });
    for (const shared of ["platform", "shorten.js"]) {
      cpSync(path.join(ROOT, "dist", kind, shared), path.join(made, shared), { recursive: true });
    }
    const settings = `export const RELAY = ${JSON.stringify(this.relay)};\nexport const COUNT = ${this.clips};\n`;
    writeFileSync(path.join(made, "settings.js"), settings);
    const chrome = kind === "chrome";
    writeFileSync(path.join(made, "manifest.json"), JSON.stringify({
      manifest_version: 3,
      name: "Bare",
      version: "1",
      action: { default_popup: "popup.html" },
      background: { type: "module", ...(chrome ? { service_worker: "background.js" } : { scripts: ["background.js"] }) },
      permissions: ["clipboardRead", "clipboardWrite", ...(chrome ? ["offscreen"] : [])],
      content_scripts: [{ matches: ["<all_urls>"], js: ["content.js"], run_at: "document_start" }],
      content_security_policy: { extension_pages: "script-src 'self'; object-src 'self'" },
      ...(chrome ? {} : { browser_specific_settings: { gecko: { id: "hushclip@hushclip.app" } } }),
    }));
    return made;
  }

  async stop() {
    await this.process.kill();
  }
}
