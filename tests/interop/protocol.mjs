// A second implementation of hushclip/1, written from docs/PROTOCOL.md on @noble's primitives, with a
// CBOR reader and writer of its own: what a device reads, and what it makes.

import { readFileSync } from "node:fs";
import { chacha20poly1305, xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { expand, extract, hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";

// ---------------------------------------------------------------- bytes

export const hex = (text) => Uint8Array.from(Buffer.from(text, "hex"));
export const toHex = (bytes) => Buffer.from(bytes).toString("hex");
export const utf8 = (text) => new TextEncoder().encode(text);
export const concat = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
export const same = (a, b) => toHex(a) === toHex(b);
export const u64 = (number) => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number));
  return bytes;
};
export const fails = (action) => {
  try {
    action();
    return false;
  } catch {
    return true;
  }
};

// ---------------------------------------------------------------- deterministic CBOR

/**
 * Reads one item: integers as BigInt, byte strings, texts, truths, null, arrays, and maps whose keys ascend. Everything else is
 * refused.
 * @param {Uint8Array} bytes
 * @returns {any}
 */
export function decode(bytes) {
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
    if (depth > 16) throw new Error("too deep");
    const [head] = take(1);
    const value = argument(head & 31);
    switch (head >> 5) {
      case 0:
        return value;
      case 1:
        return -1n - value;
      case 2:
        return take(Number(value));
      case 3:
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(take(Number(value)));
      case 4: {
        if (value > BigInt(bytes.length)) throw new Error("cut short");
        return Array.from({ length: Number(value) }, () => item(depth + 1));
      }
      case 5: {
        if (value > BigInt(bytes.length)) throw new Error("cut short");
        let before = "";
        const pair = () => {
          const from = at;
          const key = item(depth + 1);
          const spelled = toHex(bytes.subarray(from, at));
          if (spelled <= before) throw new Error("keys out of order");
          before = spelled;
          return [key, item(depth + 1)];
        };
        return new Map(Array.from({ length: Number(value) }, pair));
      }
      case 7:
        if (head === 0xf6) return null;
        if (head === 0xf4 || head === 0xf5) return head === 0xf5;
        throw new Error("a type that is not used");
      default:
        throw new Error("a type that is not used");
    }
  };
  const value = item(0);
  if (at !== bytes.length) throw new Error("trailing bytes");
  return value;
}

/**
 * Compares with a shape: a number is the bits of an integer, "b16" a byte string, "t" a text, "truth" a truth,
 * `{ each }` a list, `{ maybe }` what may be missing or null. A list of shapes is one of a later version too, with more at its end; in
 * `{ exactly }` it is not, nor in what stands in that.
 * @returns {any}
 */
export function expect(value, shape, grows = true) {
  if (shape.exactly) {
    expect(value, shape.exactly, false);
  } else if (shape.maybe) {
    if (value !== undefined && value !== null) expect(value, shape.maybe, grows);
  } else if (shape.each) {
    if (!Array.isArray(value)) throw new Error("no list");
    for (const item of value) expect(item, shape.each, grows);
  } else if (shape === "truth") {
    if (typeof value !== "boolean") throw new Error("no truth");
  } else if (Array.isArray(shape)) {
    if (!Array.isArray(value) || (!grows && value.length > shape.length)) throw new Error("another number of fields");
    shape.forEach((field, index) => expect(value[index], field, grows));
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

export const message = (label, ...parts) => concat(utf8(`hushclip/1 ${label}`), [0], ...parts);
export const hash = (label, ...parts) => sha256(message(label, ...parts));
export const deviceId = (signPk, boxPk) => hash("device", signPk, boxPk).slice(0, 16);
export const purposeKey = (secret, account, epoch, label) =>
  hkdf(sha256, secret, concat(account, u64(epoch)), utf8(`hushclip/1 ${label}`), 32);

/** Strict: RFC 8032 with canonical S, and no keys of small order. */
export function verify(signature, signed, key) {
  try {
    return !ed25519.Point.fromBytes(key).isSmallOrder() && ed25519.verify(signature, signed, key, { zip215: false });
  } catch {
    return false;
  }
}

export function isLowOrder(boxPk) {
  return fails(() => x25519.getSharedSecret(new Uint8Array(32).fill(0x42), boxPk));
}

// ---------------------------------------------------------------- padding

export function paddedLength(length) {
  if (length <= 256n) return 256n;
  const log2 = (number) => BigInt(number.toString(2).length - 1);
  const exponent = log2(length);
  const mask = (1n << (exponent - log2(exponent) - 1n)) - 1n;
  return (length + mask) & ~mask;
}

export function unpad(bytes) {
  let end = bytes.length - 1;
  while (end >= 0 && bytes[end] === 0) end -= 1;
  if (end < 0 || bytes[end] !== 0x80) throw new Error("no marker");
  if (paddedLength(BigInt(end + 1)) !== BigInt(bytes.length)) throw new Error("another length");
  return bytes.slice(0, end);
}

// ---------------------------------------------------------------- envelope

export const HEADER = [16, 8, 8, "b32", 64, 64, "b32", "b16", 64, "b16", 32, "b24"];

export function parseEnvelope(bytes) {
  const [header, sealed, signature] = expect(decode(bytes), { exactly: ["b", "b", "b64"] });
  if (header.length > 256) throw new Error("header too long");
  const [version, suite, kind, account, epoch, logSeq, logHead, sender, counter, item, ttl, salt] = expect(
    decode(header),
    HEADER,
  );
  if (version !== 1n) throw new Error("another version");
  if (counter === 0n || ttl === 0n || ttl > 604800n) throw new Error("out of range");
  return { header, sealed, signature, suite, kind, account, epoch, logSeq, logHead, sender, counter, item, ttl, salt };
}

export const signedBytes = ({ header, sealed }) => message("envelope", sha256(header), sha256(sealed));

export function itemCipher(itemKey, header) {
  const okm = expand(sha256, itemKey, message("item", sha256(header)), 56);
  return { key: okm.slice(0, 32), nonce: okm.slice(32) };
}

export function openEnvelope({ header, sealed, suite }, itemKey) {
  if (suite !== 1n) throw new Error("another suite");
  const { key, nonce } = itemCipher(itemKey, header);
  const body = unpad(xchacha20poly1305(key, nonce, header).decrypt(sealed));
  const [at, flags, fileName, parts] = decode(body);
  expect([at, flags, fileName], [64, 32, "t"]);
  for (const part of parts) expect(part, ["t", "b"]);
  return { body, at, flags, fileName, parts };
}

// ---------------------------------------------------------------- log

export const GRANT = [64, "b32", "b32"];
export const ACTIONS = [
  [8, "b32", "b32", "b", GRANT],
  [8, "b32", "b32", "b32", "b64", "b", GRANT],
  [8, "b16", 64, GRANT],
  [8, GRANT],
  [8, "b32", GRANT],
  [8, GRANT, 16, "b"],
];

export function parseEntry(signed) {
  const [entry, signature, list] = expect(decode(signed), { exactly: ["b", "b64", "b"] });
  if (entry.length > 8192 || list.length > 8192) throw new Error("too long");
  const fields = decode(entry);
  if (fields.length !== 6) throw new Error("another number of fields");
  const [version, account, seq, prev, author, action] = fields;
  expect(fields.slice(0, 5), [16, "b32", 64, "b32", "b16"]);
  const shape = ACTIONS[Number(action[0])];
  if (!shape) throw new Error("another action");
  expect(action, { exactly: shape });
  const [epoch, commit, listHash] = action[shape.indexOf(GRANT)];
  return { entry, signature, list, version, account, seq, prev, author, action, epoch, commit, listHash };
}

export const ZEROS = new Uint8Array(32);

/** The state after an entry, or an error. `state` is undefined before the first one. */
export function apply(state, signed) {
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
    must(verify(proof, message("possession", transcript, signPk, boxPk), signPk), "proof");
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
    if (gone.size > 512) gone.delete(gone.values().next().value);
  }
  if (kind === 4) {
    must(!isLowOrder(next.action[1]), "box key");
    members.set(toHex(next.author), { ...author, boxPk: next.action[1] });
  }
  must(same(hash("sealed-list", next.list), next.listHash), "list");
  const list = decode(next.list);
  for (const sealedFor of list) expect(sealedFor, { exactly: ["b16", "b32", "b48"] });
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

function hpkeCipher(shared, context, psk, info, aad) {
  const empty = new Uint8Array();
  const secret = labeledExpand(KEM, labeledExtract(KEM, empty, "eae_prk", shared), "shared_secret", context, 32);
  const schedule = concat(
    [psk ? 1 : 0],
    labeledExtract(HPKE, empty, "psk_id_hash", psk ? psk.id : empty),
    labeledExtract(HPKE, empty, "info_hash", info),
  );
  const prk = labeledExtract(HPKE, secret, "secret", psk ? psk.key : empty);
  const key = labeledExpand(HPKE, prk, "key", schedule, 32);
  const nonce = labeledExpand(HPKE, prk, "base_nonce", schedule, 12);
  return chacha20poly1305(key, nonce, aad);
}

export function hpkeOpen(boxSk, psk, info, aad, enc, sealed) {
  const context = concat(enc, x25519.getPublicKey(boxSk));
  return hpkeCipher(x25519.getSharedSecret(boxSk, enc), context, psk, info, aad).decrypt(sealed);
}

/** `[enc, sealed]`. */
export function hpkeSeal(boxPk, psk, info, aad, plain, ephemeralSk) {
  const enc = x25519.getPublicKey(ephemeralSk);
  const context = concat(enc, boxPk);
  return [enc, hpkeCipher(x25519.getSharedSecret(ephemeralSk, boxPk), context, psk, info, aad).encrypt(plain)];
}

/** The epoch secret that an entry hands to a device. */
export function openGrant(device, signed) {
  const next = parseEntry(signed);
  const [, enc, sealed] = decode(next.list).find(([id]) => same(id, device.id));
  const info = message("epoch-secret", next.account, u64(next.seq), u64(next.epoch), next.prev, device.id);
  const secret = hpkeOpen(device.boxSk, undefined, info, next.commit, enc, sealed);
  if (!same(purposeKey(secret, next.account, next.epoch, "commit"), next.commit)) throw new Error("another secret");
  return secret;
}

export function openName(stateKey, device, sealed) {
  const plain = xchacha20poly1305(stateKey, sealed.slice(0, 24), message("name", device)).decrypt(sealed.slice(24));
  if (plain.length !== 65 || plain[0] > 64) throw new Error("another length");
  if (plain.subarray(1 + plain[0]).some((byte) => byte !== 0)) throw new Error("padding");
  return checkName(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plain.subarray(1, 1 + plain[0])));
}

/** A name that a person can see, and that keeps to itself. */
export function checkName(name) {
  if (name.trim() === "" || utf8(name).length > 64 || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)) throw new Error("name");
  return name;
}

const WORDS = readFileSync(new URL("../../crates/crypto/src/pairing/words.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((word) => word && !word.includes("-"));

/** A hash as so many words. */
export function fingerprint(hash, count) {
  let [number, words] = [BigInt(`0x${toHex(hash)}`), []];
  for (; words.length < count; number /= BigInt(WORDS.length)) words.push(WORDS[Number(number % BigInt(WORDS.length))]);
  return words.join(" ");
}
