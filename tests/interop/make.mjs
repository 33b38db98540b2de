// What a device writes, from docs/PROTOCOL.md: CBOR, envelopes, log entries. `random(count)` gives bytes.

import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import {
  ZEROS,
  concat,
  deviceId,
  hash,
  hex,
  hpkeSeal,
  itemCipher,
  message,
  paddedLength,
  purposeKey,
  signedBytes,
  toHex,
  u64,
  utf8,
} from "./protocol.mjs";

/** Deterministic CBOR of numbers, byte strings, texts, truths and arrays. */
export function encode(value) {
  const head = (major, number) => {
    const n = BigInt(number);
    if (n < 24n) return [(major << 5) | Number(n)];
    const size = [1, 2, 4, 8].find((bytes) => n >> BigInt(8 * bytes) === 0n);
    return [(major << 5) | (24 + Math.log2(size)), ...u64(n).slice(8 - size)];
  };
  if (typeof value === "number" || typeof value === "bigint") return Uint8Array.from(head(0, value));
  if (typeof value === "boolean") return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (typeof value === "string") return concat(head(3, utf8(value).length), utf8(value));
  if (value instanceof Uint8Array) return concat(head(2, value.length), value);
  return concat(head(4, value.length), ...value.map(encode));
}

/** A device: keys, and the name that follows from them. */
export function makeDevice(random) {
  const [signSk, boxSk] = [random(32), random(32)];
  const [signPk, boxPk] = [ed25519.getPublicKey(signSk), x25519.getPublicKey(boxSk)];
  const prove = (transcript) => ed25519.sign(message("possession", transcript, signPk, boxPk), signSk);
  return { signSk, boxSk, signPk, boxPk, id: deviceId(signPk, boxPk), prove };
}

function pad(plain) {
  const padded = new Uint8Array(Number(paddedLength(BigInt(plain.length + 1))));
  padded.set(plain);
  padded[plain.length] = 0x80;
  return padded;
}

/** `place` is `{ kind, account, epoch, logSeq, logHead, counter, item, ttl }`; the body is encoded here. */
export function makeEnvelope(device, secret, place, body, random) {
  const { kind, account, epoch, logSeq, logHead, counter, item, ttl } = place;
  const salt = random(24);
  const header = encode([1, 1, kind, account, epoch, logSeq, logHead, device.id, counter, item, ttl, salt]);
  const { key, nonce } = itemCipher(purposeKey(secret, account, epoch, "item"), header);
  const sealed = xchacha20poly1305(key, nonce, header).encrypt(pad(encode(body)));
  return encode([header, sealed, ed25519.sign(signedBytes({ header, sealed }), device.signSk)]);
}

function sealName(secret, account, epoch, device, name, random) {
  const plain = new Uint8Array(65);
  plain[0] = utf8(name).length;
  plain.set(utf8(name), 1);
  const nonce = random(24);
  const key = purposeKey(secret, account, epoch, "state");
  return concat(nonce, xchacha20poly1305(key, nonce, message("name", device)).encrypt(plain));
}

/**
 * `[signed entry, secret]` after `state`. `members` are `{ id, boxPk }` after the entry.
 * @returns {[Uint8Array, Uint8Array]}
 */
function makeEntry(author, state, members, action, random) {
  const [account, seq, prev] = state ? [state.account, state.seq + 1n, state.head] : [ZEROS, 0n, ZEROS];
  const secret = random(32);
  const commit = purposeKey(secret, account, seq, "commit");
  const ordered = [...members].sort((a, b) => (toHex(a.id) < toHex(b.id) ? -1 : 1));
  const list = encode(
    ordered.map(({ id, boxPk }) => {
      const info = message("epoch-secret", account, u64(seq), u64(seq), prev, id);
      return [id, ...hpkeSeal(boxPk, undefined, info, commit, secret, random(32))];
    }),
  );
  const fields = action((device, name) => sealName(secret, account, seq, device, name, random));
  const entry = encode([1, account, seq, prev, author.id, [...fields, [seq, commit, hash("sealed-list", list)]]]);
  return [encode([entry, ed25519.sign(message("log-entry", entry), author.signSk), list]), secret];
}

const membersOf = (state) => [...state.members].map(([id, { boxPk }]) => ({ id: hex(id), boxPk }));

export const makeGenesis = (author, name, random) =>
  makeEntry(author, undefined, [author], (sealed) => [0, author.signPk, author.boxPk, sealed(author.id, name)], random);

/** `request` is `{ signPk, boxPk, transcript, proof, name }`. */
export function makeAdd(author, state, { signPk, boxPk, transcript, proof, name }, random) {
  const id = deviceId(signPk, boxPk);
  const action = (sealed) => [1, signPk, boxPk, transcript, proof, sealed(id, name)];
  return makeEntry(author, state, [...membersOf(state), { id, boxPk }], action, random);
}

export function makeRemove(author, state, device, lastCounter, random) {
  const members = membersOf(state).filter(({ id }) => toHex(id) !== toHex(device));
  return makeEntry(author, state, members, () => [2, device, lastCounter], random);
}

export const makeRotate = (author, state, random) =>
  makeEntry(author, state, membersOf(state), () => [3], random);

export function makeRekey(author, state, boxPk, random) {
  const members = membersOf(state).map((m) => (toHex(m.id) === toHex(author.id) ? { ...m, boxPk } : m));
  return makeEntry(author, state, members, () => [4, boxPk], random);
}
