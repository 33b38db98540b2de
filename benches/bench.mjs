// The wasm half of `cargo xtask bench crypto`: Hushclip's module beside @noble's primitives in the same
// V8. It prints medians and asserts nothing. Run: node benches/bench.mjs FOLDER_OF_THE_BOUND_MODULE

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";

const ROUNDS = 15;
const ROUND_MS = 60;

const folder = process.argv[2];
const { Bench, initSync } = await import(pathToFileURL(join(folder, "hushclip_bench.js")).href);
initSync({ module: readFileSync(join(folder, "hushclip_bench_bg.wasm")) });

function time(work) {
  const started = performance.now();
  let count = 0;
  for (; performance.now() - started < ROUND_MS; count += 1) work();
  return ((performance.now() - started) * 1000) / count;
}

const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];

/** In turns, so that a busy machine is as busy for one as for the other. */
function compare(what, kib, ours, peer) {
  const [a, b] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    a.push(time(ours));
    b.push(time(peer));
  }
  const [x, y] = [median(a), median(b)];
  const shown = (number) => `${number.toFixed(1).padStart(8)} µs`;
  console.log(`  ${what} ${String(kib).padStart(2)} KiB   ${shown(x)}   peer ${shown(y)}   ×${(x / y).toFixed(2)}`);
}

console.log("wasm in node, peer: @noble's XChaCha20-Poly1305, SHA-256 and Ed25519, nothing else");
for (const kib of [1, 64]) {
  const bench = new Bench(kib * 1024);
  const [key, nonce, header] = [new Uint8Array(32).fill(1), new Uint8Array(24).fill(3), new Uint8Array(140).fill(4)];
  const plain = new Uint8Array(kib * 1024).fill(120);
  const secret = new Uint8Array(32).fill(2);
  const signPk = ed25519.getPublicKey(secret);
  const seal = () => xchacha20poly1305(key, nonce, header).encrypt(plain);
  const sealed = seal();
  const signature = ed25519.sign(sha256(sealed), secret);
  compare("seal", kib, () => bench.seal(), () => ed25519.sign(sha256(seal()), secret));
  compare("open", kib, () => bench.open(), () => {
    ed25519.verify(signature, sha256(sealed), signPk, { zip215: false });
    xchacha20poly1305(key, nonce, header).decrypt(sealed);
  });
}
