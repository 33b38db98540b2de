// A second implementation of what a receiver does, written from docs/PROTOCOL.md on @noble's
// primitives and with a CBOR reader of its own. It checks and opens the vectors that the Rust code
// made, and refuses the ones it should. Run: node tests/interop/envelope.mjs

import { readFileSync } from "node:fs";
import { chacha20poly1305, xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { expand, extract, hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

let passed = 0;
const failures = [];

function check(name, ok) {
  if (ok) passed += 1;
  else failures.push(name);
}

// ---------------------------------------------------------------- bytes

const read = (name) => JSON.parse(readFileSync(new URL(`../vectors/v1/${name}.json`, import.meta.url)));
const hex = (text) => Uint8Array.from(Buffer.from(text, "hex"));
const toHex = (bytes) => Buffer.from(bytes).toString("hex");
const utf8 = (text) => new TextEncoder().encode(text);
const concat = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const same = (a, b) => toHex(a) === toHex(b);
const u64 = (number) => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number));
  return bytes;
};
const fails = (action) => {
  try {
    action();
    return false;
  } catch {
    return true;
  }
};

// ---------------------------------------------------------------- deterministic CBOR

/** Reads one item: integers as BigInt, byte strings, texts, arrays. Everything else is refused. */
function decode(bytes) {
  let at = 0;
  const take = (count) => {
    if (count > bytes.length - at) throw new Error("cut short");
    at += count;
    return bytes.subarray(at - count, at);
  };
  const argument = (short) => {
    if (short < 24) return BigInt(short);
    if (short > 27) throw new Error("indefinite or reserved");
    const size = 1 << (short - 24);
    const value = take(size).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    if (value < (size === 1 ? 24n : 1n << BigInt(size * 4))) throw new Error("not the fewest bytes");
    return value;
  };
  const item = (depth) => {
    if (depth > 6) throw new Error("too deep");
    const [head] = take(1);
    const value = argument(head & 31);
    switch (head >> 5) {
      case 0:
        return value;
      case 2:
        return take(Number(value));
      case 3:
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(take(Number(value)));
      case 4: {
        if (value > BigInt(bytes.length)) throw new Error("cut short");
        return Array.from({ length: Number(value) }, () => item(depth + 1));
      }
      default:
        throw new Error("a type that is not used");
    }
  };
  const value = item(0);
  if (at !== bytes.length) throw new Error("trailing bytes");
  return value;
}

/** Compares with a shape: a number is the bits of an integer, "b16" a byte string, "t" a text. */
function expect(value, shape) {
  if (Array.isArray(shape)) {
    if (!Array.isArray(value) || value.length !== shape.length) throw new Error("another number of fields");
    value.forEach((field, index) => expect(field, shape[index]));
  } else if (typeof shape === "number") {
    if (typeof value !== "bigint" || value >> BigInt(shape) !== 0n) throw new Error("no integer of that size");
  } else if (shape === "t") {
    if (typeof value !== "string") throw new Error("no text");
  } else {
    const length = shape.slice(1);
    if (!(value instanceof Uint8Array)) throw new Error("no bytes");
    if (length !== "" && value.length !== Number(length)) throw new Error("another length");
  }
  return value;
}

// ---------------------------------------------------------------- labels, keys

const message = (label, ...parts) => concat(utf8(`hushclip/1 ${label}`), [0], ...parts);
const hash = (label, ...parts) => sha256(message(label, ...parts));
const deviceId = (signPk, boxPk) => hash("device", signPk, boxPk).slice(0, 16);
const purposeKey = (secret, account, epoch, label) =>
  hkdf(sha256, secret, concat(account, u64(epoch)), utf8(`hushclip/1 ${label}`), 32);

/** Strict: RFC 8032 with canonical S, and no keys of small order. */
function verify(signature, signed, key) {
  try {
    return !ed25519.Point.fromBytes(key).isSmallOrder() && ed25519.verify(signature, signed, key, { zip215: false });
  } catch {
    return false;
  }
}

function isLowOrder(boxPk) {
  return fails(() => x25519.getSharedSecret(new Uint8Array(32).fill(0x42), boxPk));
}

// ---------------------------------------------------------------- padding

function paddedLength(length) {
  if (length <= 256n) return 256n;
  const log2 = (number) => BigInt(number.toString(2).length - 1);
  const exponent = log2(length);
  const mask = (1n << (exponent - log2(exponent) - 1n)) - 1n;
  return (length + mask) & ~mask;
}

function unpad(bytes) {
  let end = bytes.length - 1;
  while (end >= 0 && bytes[end] === 0) end -= 1;
  if (end < 0 || bytes[end] !== 0x80) throw new Error("no marker");
  if (paddedLength(BigInt(end + 1)) !== BigInt(bytes.length)) throw new Error("another length");
  return bytes.slice(0, end);
}

// ---------------------------------------------------------------- envelope

const HEADER = [16, 8, 8, "b32", 64, 64, "b32", "b16", 64, "b16", 32, "b24"];

function parseEnvelope(bytes) {
  const [header, sealed, signature] = expect(decode(bytes), ["b", "b", "b64"]);
  if (header.length > 256) throw new Error("header too long");
  const [version, suite, kind, account, epoch, logSeq, logHead, sender, counter, item, ttl, salt] = expect(
    decode(header),
    HEADER,
  );
  if (version !== 1n || suite !== 1n) throw new Error("another version");
  if (kind > 4n || counter === 0n || ttl === 0n || ttl > 604800n) throw new Error("out of range");
  return { header, sealed, signature, kind, account, epoch, logSeq, logHead, sender, counter, item, ttl, salt };
}

const signedBytes = ({ header, sealed }) => message("envelope", sha256(header), sha256(sealed));

function itemCipher(itemKey, header) {
  const okm = expand(sha256, itemKey, message("item", sha256(header)), 56);
  return { key: okm.slice(0, 32), nonce: okm.slice(32) };
}

function openEnvelope({ header, sealed }, itemKey) {
  const { key, nonce } = itemCipher(itemKey, header);
  const body = unpad(xchacha20poly1305(key, nonce, header).decrypt(sealed));
  const [at, flags, fileName, parts] = decode(body);
  expect([at, flags, fileName], [64, 32, "t"]);
  for (const part of parts) expect(part, ["t", "b"]);
  return { body, at, flags, fileName, parts };
}

// ---------------------------------------------------------------- log

const GRANT = [64, "b32", "b32"];
const ACTIONS = [
  [8, "b32", "b32", "b", GRANT],
  [8, "b32", "b32", "b32", "b64", "b", GRANT],
  [8, "b16", 64, GRANT],
  [8, GRANT],
];

function parseEntry(signed) {
  const [entry, signature, list] = expect(decode(signed), ["b", "b64", "b"]);
  if (entry.length > 8192 || list.length > 8192) throw new Error("too long");
  const fields = decode(entry);
  if (fields.length !== 6) throw new Error("another number of fields");
  const [version, account, seq, prev, author, action] = fields;
  expect(fields.slice(0, 5), [16, "b32", 64, "b32", "b16"]);
  const shape = ACTIONS[Number(action[0])];
  if (!shape) throw new Error("another action");
  expect(action, shape);
  const [epoch, commit, listHash] = action.at(-1);
  return { entry, signature, list, version, account, seq, prev, author, action, epoch, commit, listHash };
}

const ZEROS = new Uint8Array(32);

/** The state after an entry, or an error. `state` is undefined before the first one. */
function apply(state, signed) {
  const next = parseEntry(signed);
  const kind = Number(next.action[0]);
  const must = (ok, why) => {
    if (!ok) throw new Error(why);
  };
  must(next.version === 1n, "version");
  const members = new Map(state?.members);
  const gone = new Set(state?.gone);
  if (state) {
    must(same(next.account, state.account) && next.seq === state.seq + 1n && same(next.prev, state.head), "place");
    must(kind !== 0, "first entry in the middle");
  } else {
    must(same(next.account, ZEROS) && next.seq === 0n && same(next.prev, ZEROS) && kind === 0, "place");
    members.set(toHex(deviceId(next.action[1], next.action[2])), { signPk: next.action[1], boxPk: next.action[2] });
  }
  const author = members.get(toHex(next.author));
  must(author, "author");
  must(verify(next.signature, message("log-entry", next.entry), author.signPk), "signature");
  must(next.epoch === (state ? state.epoch + 1n : 0n), "epoch");
  if (kind === 1) {
    const [, signPk, boxPk, transcript, proof] = next.action;
    const device = toHex(deviceId(signPk, boxPk));
    must(!members.has(device) && !gone.has(device), "known");
    must(members.size < 32, "full");
    const mailbox = state.account.slice(0, 16);
    must(verify(proof, message("possession", mailbox, transcript, signPk, boxPk), signPk), "proof");
    members.set(device, { signPk, boxPk });
  }
  if (kind < 2) {
    must(next.action.at(-2).length <= 256, "name");
    must(!isLowOrder(next.action[2]), "box key");
  }
  if (kind === 2) {
    const device = toHex(next.action[1]);
    must(members.delete(device), "unknown");
    must(members.size > 0, "last");
    must(device !== toHex(next.author), "own removal");
    gone.add(device);
  }
  must(same(hash("sealed-list", next.list), next.listHash), "list");
  const list = decode(next.list);
  for (const sealedFor of list) expect(sealedFor, ["b16", "b32", "b48"]);
  must(list.map(([device]) => toHex(device)).join() === [...members.keys()].sort().join(), "recipients");
  const head = hash("log", next.entry);
  return { account: state?.account ?? head, seq: next.seq, head, epoch: next.epoch, commit: next.commit, members, gone };
}

// ---------------------------------------------------------------- HPKE Base and PSK (RFC 9180 §4, §5)

const KEM = concat(utf8("KEM"), [0, 0x20]);
const HPKE = concat(utf8("HPKE"), [0, 0x20, 0, 1, 0, 3]);
const labeledExtract = (suite, salt, label, ikm) => extract(sha256, concat(utf8("HPKE-v1"), suite, utf8(label), ikm), salt);
const labeledExpand = (suite, prk, label, info, length) =>
  expand(sha256, prk, concat([0, length], utf8("HPKE-v1"), suite, utf8(label), info), length);

function hpkeOpen(boxSk, psk, info, aad, enc, sealed) {
  const empty = new Uint8Array();
  const shared = x25519.getSharedSecret(boxSk, enc);
  const context = concat(enc, x25519.getPublicKey(boxSk));
  const secret = labeledExpand(KEM, labeledExtract(KEM, empty, "eae_prk", shared), "shared_secret", context, 32);
  const schedule = concat(
    [psk ? 1 : 0],
    labeledExtract(HPKE, empty, "psk_id_hash", psk ? psk.id : empty),
    labeledExtract(HPKE, empty, "info_hash", info),
  );
  const prk = labeledExtract(HPKE, secret, "secret", psk ? psk.key : empty);
  const key = labeledExpand(HPKE, prk, "key", schedule, 32);
  const nonce = labeledExpand(HPKE, prk, "base_nonce", schedule, 12);
  return chacha20poly1305(key, nonce, aad).decrypt(sealed);
}

/** The epoch secret that an entry hands to a device. */
function openGrant(device, signed) {
  const next = parseEntry(signed);
  const [, enc, sealed] = decode(next.list).find(([id]) => same(id, device.id));
  const info = message("epoch-secret", next.account, u64(next.seq), u64(next.epoch), next.prev, device.id);
  const secret = hpkeOpen(device.boxSk, undefined, info, next.commit, enc, sealed);
  if (!same(purposeKey(secret, next.account, next.epoch, "commit"), next.commit)) throw new Error("another secret");
  return secret;
}

function openName(stateKey, device, sealed) {
  const plain = xchacha20poly1305(stateKey, sealed.slice(0, 24), message("name", device)).decrypt(sealed.slice(24));
  if (plain.length !== 65 || plain[0] > 64) throw new Error("another length");
  if (plain.subarray(1 + plain[0]).some((byte) => byte !== 0)) throw new Error("padding");
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plain.subarray(1, 1 + plain[0]));
}

// ---------------------------------------------------------------- the vectors

function devices() {
  const file = read("device");
  for (const c of file.keys) {
    const signPk = ed25519.getPublicKey(hex(c.sign_seed));
    const boxPk = x25519.getPublicKey(hex(c.box_sk));
    const ok = toHex(signPk) === c.sign_pk && toHex(boxPk) === c.box_pk;
    check(`device ${c.name}`, ok && toHex(deviceId(signPk, boxPk)) === c.device_id);
  }
  for (const c of file.signatures) {
    check(`signature ${c.name}`, verify(hex(c.signature), hex(c.message), hex(c.sign_pk)) === c.valid);
  }
  for (const c of file.low_order_box_keys) check(`low order ${c.name}`, isLowOrder(hex(c.box_pk)));
}

function epochs() {
  const file = read("epoch");
  for (const c of file.secrets) {
    const derived = (label) => toHex(purposeKey(hex(c.secret), hex(c.account), c.epoch, label));
    const keys = derived("item") === c.item_key && derived("state") === c.state_key && derived("dedup") === c.dedup_key;
    const digest = toHex(hmac(sha256, hex(c.dedup_key), hex(c.content))) === c.content_digest;
    check(`epoch ${c.name}`, keys && digest && derived("commit") === c.commit);
  }
  for (const c of file.items) {
    const { key, nonce } = itemCipher(hex(c.item_key), hex(c.header));
    check(`item ${c.name}`, toHex(key) === c.key && toHex(nonce) === c.nonce);
  }
  for (const c of file.names) check(`name ${c.name}`, openName(hex(c.state_key), hex(c.device), hex(c.sealed)) === c.text);
  for (const c of file.refused_names) {
    check(`refused name ${c.name}`, fails(() => openName(hex(c.state_key), hex(c.device), hex(c.sealed))));
  }
}

function padding() {
  const file = read("padding");
  for (const c of file.lengths) check(`length ${c.len}`, String(paddedLength(BigInt(c.len))) === c.padded_len);
  for (const c of file.padded) check(`padded ${c.name}`, toHex(unpad(hex(c.padded))) === c.plain);
  for (const c of file.refused) check(`refused padding ${c.name}`, fails(() => unpad(hex(c.padded))));
}

function envelopes() {
  const file = read("envelope");
  const key = hex(file.sign_pk);
  const secret = hex(file.secret);
  for (const c of file.accepted) {
    const envelope = parseEnvelope(hex(c.envelope));
    const fields =
      toHex(envelope.header) === c.header &&
      toHex(envelope.account) === file.account &&
      toHex(envelope.sender) === file.sender &&
      String(envelope.kind) === String(c.kind) &&
      String(envelope.epoch) === c.epoch &&
      String(envelope.logSeq) === c.log_seq &&
      toHex(envelope.logHead) === c.log_head &&
      String(envelope.counter) === c.counter &&
      toHex(envelope.item) === c.item &&
      String(envelope.ttl) === String(c.ttl_s) &&
      toHex(envelope.salt) === c.salt;
    check(`envelope ${c.name}: header`, fields);
    check(`envelope ${c.name}: signature`, verify(envelope.signature, signedBytes(envelope), key));
    const itemKey = purposeKey(secret, envelope.account, envelope.epoch, "item");
    const opened = openEnvelope(envelope, itemKey);
    const parts = opened.parts.map(([media, bytes]) => ({ media, bytes: toHex(bytes) }));
    const body =
      toHex(itemKey) === c.item_key &&
      toHex(opened.body) === c.body.encoded &&
      String(opened.at) === c.body.at_ms &&
      String(opened.flags) === String(c.body.flags) &&
      opened.fileName === c.body.file_name &&
      JSON.stringify(parts) === JSON.stringify(c.body.parts);
    check(`envelope ${c.name}: body`, body);
  }
  for (const c of file.refused) {
    const bytes = hex(c.envelope);
    if (c.step === "parse") {
      check(`refused envelope ${c.name}`, fails(() => parseEnvelope(bytes)));
      continue;
    }
    const envelope = parseEnvelope(bytes);
    const verified = verify(envelope.signature, signedBytes(envelope), key);
    if (c.step === "verify") {
      check(`refused envelope ${c.name}`, !verified);
    } else {
      const itemKey = purposeKey(secret, envelope.account, envelope.epoch, "item");
      check(`refused envelope ${c.name}`, verified && fails(() => openEnvelope(envelope, itemKey)));
    }
  }
}

function log() {
  const file = read("log");
  const named = new Map(file.devices.map((d) => [d.name, { id: hex(d.device_id), boxSk: hex(d.box_sk) }]));
  const states = [undefined];
  for (const c of file.log) {
    const state = apply(states.at(-1), hex(c.signed));
    states.push(state);
    const ok =
      toHex(state.account) === file.account &&
      String(state.seq) === c.seq &&
      String(state.epoch) === c.epoch &&
      toHex(state.head) === c.hash &&
      toHex(state.commit) === c.commit &&
      [...state.members.keys()].sort().join() === c.members.join();
    check(`log ${c.change}`, ok);
    for (const [name, device] of named) {
      if (!c.members.includes(toHex(device.id))) {
        check(`log ${c.change}: nothing for ${name}`, fails(() => openGrant(device, hex(c.signed))));
      } else {
        check(`log ${c.change}: secret for ${name}`, toHex(openGrant(device, hex(c.signed))) === c.secret);
      }
    }
    if (c.name !== null) {
      const { account, epoch, action } = parseEntry(hex(c.signed));
      const stateKey = purposeKey(hex(c.secret), account, epoch, "state");
      check(`log ${c.change}: name`, openName(stateKey, deviceId(action[1], action[2]), action.at(-2)) === c.name);
    }
  }
  for (const c of file.refused) check(`refused entry ${c.name}`, fails(() => apply(states[c.after], hex(c.signed))));
  for (const c of file.refused_grants) {
    apply(states.at(-1), hex(c.signed));
    check(`refused grant ${c.name}`, fails(() => openGrant(named.get(c.device), hex(c.signed))));
  }
}

function pairing() {
  const { exchange: c } = read("pairing");
  const [invite, mailbox] = [hex(c.invite), hex(c.mailbox)];
  const derived = (label) => hkdf(sha256, hex(c.secret), invite, utf8(`hushclip/1 invite-${label}`), 32);
  const claim = derived("claim");
  check("pairing: claim", toHex(claim) === c.claim && toHex(hash("claim", claim)) === c.claim_hash);
  const [ephemeral, commitment, mac] = expect(decode(hex(c.offer)), ["b32", "b32", "b32"]);
  check("pairing: commitment", same(hash("pair-nonce", hex(c.reveal)), commitment));
  const macked = message("pair-offer", invite, mailbox, ephemeral, commitment);
  check("pairing: MAC", same(hmac(sha256, derived("offer"), macked), mac));
  const psk = { key: derived("psk"), id: invite };
  const [enc, sealed] = expect(decode(hex(c.request)), ["b32", "b"]);
  const info = message("pair-request", invite, mailbox);
  const request = decode(hpkeOpen(hex(c.inviter.ephemeral_sk), psk, info, hex(c.offer), enc, sealed));
  const [signPk, boxPk, nonce, proof, name] = expect(request, ["b32", "b32", "b32", "b64", "t"]);
  check("pairing: request", toHex(signPk) === c.joiner.sign_pk && toHex(boxPk) === c.joiner.box_pk && name === c.joiner.name);
  const transcript = hash("pair-transcript", invite, mailbox, sha256(hex(c.offer)), signPk, boxPk, nonce, utf8(name));
  check("pairing: transcript", toHex(transcript) === c.transcript);
  check("pairing: proof", verify(proof, message("possession", mailbox, transcript, signPk, boxPk), signPk));
  const digits = hash("pair-digits", transcript, hex(c.reveal)).slice(0, 8);
  check("pairing: digits", String(BigInt(`0x${toHex(digits)}`) % 1000000n).padStart(6, "0") === c.digits);
  const [welcomeEnc, welcomeSealed] = expect(decode(hex(c.welcome)), ["b32", "b"]);
  const welcomeInfo = message("pair-welcome", transcript, hex(c.reveal));
  const joined = decode(hpkeOpen(hex(c.joiner.box_sk), psk, welcomeInfo, new Uint8Array(), welcomeEnc, welcomeSealed));
  const [account, logSeq, logHead, cursor, older, names] = joined;
  const place = toHex(account) === c.account && String(logSeq) === c.joined.log_seq && toHex(logHead) === c.joined.log_head;
  check("pairing: welcome", place && String(cursor) === c.joined.cursor && same(account.slice(0, 16), mailbox));
  check("pairing: older epochs", older.every(([epoch, secret], at) => String(epoch) === c.joined.older[at].epoch && toHex(secret) === c.joined.older[at].secret));
  check("pairing: names", names.every(([device, text], at) => toHex(device) === c.joined.names[at].device && text === c.joined.names[at].name));
}

function signIn() {
  const file = read("signin");
  for (const list of ["accepted", "refused"]) {
    for (const c of file[list]) {
      const fixed = [hex(c.nonce), hex(c.conn), hex(c.account), hex(c.device), u64(c.log_seq), hex(c.log_head), u64(c.cursor)];
      const signed = message("sign-in", ...fixed, utf8(c.host.toLowerCase()));
      const verified = verify(hex(c.signature), signed, hex(file.sign_pk));
      check(`sign-in ${c.name}`, toHex(signed) === c.message && verified === (list === "accepted"));
    }
  }
}

for (const part of [devices, epochs, padding, envelopes, log, pairing, signIn]) {
  try {
    part();
  } catch (error) {
    failures.push(`${part.name}: ${error.stack}`);
  }
}
for (const failure of failures) console.error(`FAILED ${failure}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
