// Exchanges with the Rust code (`crates/crypto/examples/interop`), which runs as a child process: each
// side makes what the other one verifies and opens, and refuses what was changed on the way.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { x25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { makeAdd, makeDevice, makeEnvelope, makeGenesis, makeRekey, makeRemove, makeRotate } from "./make.mjs";
import {
  digitsOf,
  inviteKeys,
  joinerDigits,
  joinerTranscript,
  linkUrl,
  makeOffer,
  makeRequest,
  makeWelcome,
  openRequest,
  openWelcome,
  parseLink,
} from "./pairing.mjs";
import {
  apply,
  concat,
  deviceId,
  fails,
  hex,
  openEnvelope,
  openGrant,
  openName,
  parseEntry,
  parseEnvelope,
  purposeKey,
  same,
  signedBytes,
  toHex,
  u64,
  utf8,
  verify,
} from "./protocol.mjs";

const ROUNDS = 8;
const APP = "https://clip.example";

/** Bytes that look random and follow from a seed, so that a failure can be run again. */
function generator(seed) {
  let count = 0n;
  return (length) => {
    let bytes = new Uint8Array();
    while (bytes.length < length) bytes = concat(bytes, sha256(concat(hex(seed), u64(count++))));
    return bytes.slice(0, length);
  };
}

/** The Rust side: `ask(what)` resolves to its answer. */
function start() {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const args = ["run", "--quiet", "-p", "hushclip-crypto", "--example", "interop"];
  const child = spawn("cargo", args, { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (what) => {
      child.stdin.write(`${JSON.stringify(what)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`no answer to ${JSON.stringify(what).slice(0, 200)}`);
      return JSON.parse(value);
    },
    end: () => child.stdin.end(),
  };
}

export async function live(check, seed) {
  const random = generator(seed);
  const rust = start();
  try {
    await rust.ask({ seed: toHex(random(32)) });
    for (let round = 0; round < ROUNDS; round += 1) {
      const told = (name, ok) => check(`live ${round}: ${name}`, ok);
      const keys = await rust.ask({ do: "keys" });
      const peer = { signPk: hex(keys.sign_pk), boxPk: hex(keys.box_pk), id: hex(keys.device) };
      told("the name of a device", same(deviceId(peer.signPk, peer.boxPk), peer.id));
      await envelopes(rust, peer, random, told);
      const chain = await log(rust, random, told);
      await rustJoins(rust, peer, chain, random, told);
      await scriptJoins(rust, random, told);
    }
  } finally {
    rust.end();
  }
}

const number = (random, most) => random(4).reduce((n, byte) => n * 256 + byte, 0) % most;

/** One bit is another one. */
function flipped(bytes, random) {
  const copy = Uint8Array.from(bytes);
  copy[number(random, copy.length)] ^= 1 << number(random, 8);
  return copy;
}

async function envelopes(rust, peer, random, told) {
  const device = makeDevice(random);
  const [account, secret, logHead, item] = [random(32), random(32), random(32), random(16)];
  const [epoch, counter] = [number(random, 1e9), 1 + number(random, 1e9)];
  const place = { kind: 0, account, epoch, logSeq: epoch, logHead, counter, item, ttl: 1 + number(random, 604800) };
  const text = toHex(random(number(random, 3000)));
  const at = number(random, 2 ** 32) * 512;
  /** @type {[number, number, string, [string, Uint8Array][]]} */
  const body = [at, number(random, 8), "ü.txt", [["text/plain", utf8(text)], ["text/html", random(9)]]];
  const envelope = makeEnvelope(device, secret, place, body, random);
  const asked = { do: "open", account: toHex(account), secret: toHex(secret), sign_pk: toHex(device.signPk) };
  const opened = await rust.ask({ ...asked, envelope: toHex(envelope) });
  const header = opened.sender === toHex(device.id) && opened.counter === String(counter) && opened.item === toHex(item);
  const parts = JSON.stringify(opened.parts) === JSON.stringify(body[3].map(([media, bytes]) => [media, toHex(bytes)]));
  told("Rust opens an envelope", header && parts && opened.at === String(at) && opened.file_name === "ü.txt");
  told("Rust refuses a changed one", (await rust.ask({ ...asked, envelope: toHex(flipped(envelope, random)) })).refused);

  const sealed = await rust.ask({
    do: "seal", account: toHex(account), secret: toHex(secret), epoch: String(epoch), log_head: toHex(logHead),
    counter: String(counter), item: toHex(item), at: String(at), text,
  });
  const parsed = parseEnvelope(hex(sealed.envelope));
  told("Rust's envelope verifies", verify(parsed.signature, signedBytes(parsed), peer.signPk) && same(parsed.sender, peer.id));
  const read = openEnvelope(parsed, purposeKey(secret, account, BigInt(epoch), "item"));
  told("Rust's envelope opens", read.at === BigInt(at) && same(read.parts[0][1], utf8(text)) && read.flags === 1n);
}

/** A log of the script's own, through every kind of entry; Rust follows it. */
async function log(rust, random, told) {
  const [a, b, c] = [makeDevice(random), makeDevice(random), makeDevice(random)];
  const devices = [a, b, c];
  const chain = { entries: [], state: undefined, devices, secret: undefined };
  const grow = async (what, [signed, secret], name) => {
    const before = chain.entries.map(toHex);
    chain.state = apply(chain.state, signed);
    chain.entries.push(signed);
    chain.secret = secret;
    const known = devices.map((d) => ({ id: toHex(d.id), sign_sk: toHex(d.signSk), box_sk: toHex(d.boxSk) }));
    const seen = await rust.ask({ do: "log", entries: chain.entries.map(toHex), devices: known });
    const { state } = chain;
    const place = seen.account === toHex(state.account) && seen.seq === String(state.seq) && seen.head === toHex(state.head);
    const members = [...state.members].sort().map(([id, { boxPk }]) => [id, toHex(boxPk)]);
    told(`Rust follows: ${what}`, place && JSON.stringify(seen.members) === JSON.stringify(members));
    const given = [...state.members.keys()].sort().every((id) => seen.secrets[id] === toHex(secret));
    told(`Rust opens the grant: ${what}`, given && Object.keys(seen.secrets).length === state.members.size);
    if (name) told(`Rust reads the name: ${what}`, seen.name === name);
    const changed = [...before, toHex(flipped(signed, random))];
    told(`Rust refuses a changed entry: ${what}`, (await rust.ask({ do: "log", entries: changed, devices: [] })).refused);
    return seen;
  };
  const request = (device, name) => {
    const transcript = random(32);
    return { ...device, name, transcript, proof: device.prove(transcript) };
  };
  await grow("genesis", makeGenesis(a, "Laptop", random), "Laptop");
  await grow("add", makeAdd(a, chain.state, request(b, "電話"), random), "電話");
  await grow("add by the second", makeAdd(b, chain.state, request(c, "x".repeat(64)), random), "x".repeat(64));
  await grow("rotate", makeRotate(c, chain.state, random));
  const boxSk = random(32);
  const rekey = makeRekey(b, chain.state, x25519.getPublicKey(boxSk), random);
  b.boxSk = boxSk;
  await grow("rekey", rekey);
  const last = number(random, 1e9);
  const seen = await grow("remove", makeRemove(b, chain.state, c.id, last, random));
  told("Rust knows the last counter", JSON.stringify(seen.removed) === JSON.stringify([[toHex(c.id), String(last)]]));
  return { ...chain, author: b };
}

/** The script invites into its log, Rust joins, and then writes entries of its own. */
async function rustJoins(rust, peer, { entries, state, secret, author }, random, told) {
  const mailbox = state.account.slice(0, 16);
  const inviter = { invite: random(16), secret: random(32), mailbox, ephemeralSk: random(32), nonce: random(32) };
  const name = `Rust ${toHex(random(3))}`;
  const joined = await rust.ask({ do: "join", url: linkUrl({ ...inviter, relay: "https://r.example" }, APP), name });
  told("Rust reads the link", joined.relay === "https://r.example" && joined.claim === toHex(inviteKeys(inviter).claim));
  const offer = makeOffer(inviter);
  told("Rust refuses a changed offer", (await rust.ask({ do: "request", offer: toHex(flipped(offer, random)) })).refused);
  const answer = hex((await rust.ask({ do: "request", offer: toHex(offer) })).request);
  const request = openRequest(inviter, offer, answer);
  told("the request opens", request.name === name && same(request.signPk, peer.signPk));
  told("a changed request does not", fails(() => openRequest(inviter, offer, flipped(answer, random))));
  const said = { offer: toHex(offer), reveal: toHex(inviter.nonce) };
  const { digits } = await rust.ask({ do: "digits", ...said });
  told("the same digits", digits === digitsOf(request.transcript, inviter.nonce));
  const lie = { ...said, reveal: toHex(flipped(inviter.nonce, random)) };
  told("Rust refuses a changed reveal", (await rust.ask({ do: "digits", ...lie })).refused);

  const id = deviceId(request.signPk, request.boxPk);
  const [signed, next] = makeAdd(author, state, request, random);
  let after = apply(state, signed);
  const older = [[state.epoch, secret]];
  const fields = [after.account, after.seq, after.head, [[number(random, 1e6), number(random, 1e6)]], older, [[author.id, "Laptop"]]];
  const welcome = makeWelcome(inviter, request, fields, random(32));
  const opened = await rust.ask({ do: "open_welcome", ...said, welcome: toHex(welcome) });
  const place = opened.account === toHex(after.account) && opened.log_seq === String(after.seq) && opened.log_head === toHex(after.head);
  told("Rust opens the welcome", place && opened.older[0][1] === toHex(secret) && opened.names[0][1] === "Laptop");
  const bad = { ...said, welcome: toHex(flipped(welcome, random)) };
  told("Rust refuses a changed welcome", (await rust.ask({ do: "open_welcome", ...bad })).refused);

  const chain = [...entries, signed];
  told("a new secret", !same(next, secret) && after.members.has(toHex(id)));
  const others = [...after.members.keys()].filter((other) => other !== toHex(id) && other !== toHex(author.id));
  for (const step of ["rotate", "remove"]) {
    const what = { device: others[0], last_counter: "12", action: step };
    const made = await rust.ask({ do: "entry", entries: chain.map(toHex), ...what });
    after = apply(after, hex(made.signed));
    chain.push(hex(made.signed));
    told(`the script opens Rust's grant: ${step}`, toHex(openGrant(author, hex(made.signed))) === made.secret);
    told(`Rust's own entry: ${step}`, same(parseEntry(hex(made.signed)).author, id));
  }
  told("removed", !after.members.has(others[0]) && after.gone.has(others[0]));
}

/** Rust makes an account and invites; the script joins. */
async function scriptJoins(rust, random, told) {
  const made = await rust.ask({ do: "entry", action: "genesis", name: "Rust", entries: [] });
  const first = hex(made.signed);
  let state = apply(undefined, first);
  const { action, account, epoch } = parseEntry(first);
  told("Rust's account", openName(purposeKey(hex(made.secret), account, epoch, "state"), deviceId(action[1], action[2]), action.at(-2)) === "Rust");
  const mailbox = state.account.slice(0, 16);
  const invited = await rust.ask({ do: "invite", mailbox: toHex(mailbox), relay: APP, app: APP });
  const device = makeDevice(random);
  const joiner = { ...parseLink(invited.url), ...device, nonce: random(32), name: "スクリプト" };
  told("the script reads the link", joiner.relay === APP && same(joiner.mailbox, mailbox));
  told("the claim", toHex(inviteKeys(joiner).claimHash) === invited.claim_hash);
  const [offer, reveal] = [hex(invited.offer), hex(invited.reveal)];
  told("a changed offer", fails(() => makeRequest(joiner, flipped(offer, random), random(32))));
  const request = makeRequest(joiner, offer, random(32));
  const changed = { do: "open_request", request: toHex(flipped(request, random)) };
  told("Rust refuses a changed request", (await rust.ask(changed)).refused);
  const opened = await rust.ask({ do: "open_request", request: toHex(request) });
  told("Rust opens the request", opened.name === joiner.name && opened.transcript === toHex(joinerTranscript(joiner, offer)));
  told("the same digits again", opened.digits === joinerDigits(joiner, offer, reveal));
  const added = await rust.ask({ do: "add", entries: [made.signed] });
  state = apply(state, hex(added.signed));
  told("the script is added", state.members.has(toHex(device.id)) && toHex(openGrant(device, hex(added.signed))) === added.secret);
  const place = { account: toHex(state.account), log_seq: String(state.seq), log_head: toHex(state.head), cursor: "7", mark: "8" };
  const said = await rust.ask({ do: "welcome", ...place, older: made.secret, device: toHex(device.id), name: "Rust" });
  const joined = openWelcome(joiner, offer, reveal, hex(said.welcome));
  told("the welcome", same(joined.logHead, state.head) && joined.anchors[0][1] === 8n && toHex(joined.older[0][1]) === made.secret);
  told("a changed welcome", fails(() => openWelcome(joiner, offer, reveal, flipped(hex(said.welcome), random))));
  const rekey = await rust.ask({ do: "entry", action: "rekey", entries: [made.signed, added.signed] });
  const before = state;
  state = apply(state, hex(rekey.signed));
  told("Rust's rekey", toHex(openGrant(device, hex(rekey.signed))) === rekey.secret);
  const moved = [...state.members].filter(([id, { boxPk }]) => !same(before.members.get(id).boxPk, boxPk));
  told("one box key is new", moved.length === 1);
}
