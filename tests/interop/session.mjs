// The second implementation reads deletions, pins and signs of life, and a whole session: each frame by its shape,
// signatures, the log, what is sealed, and pairing as the joiner sees it. Every field of every file has a legend.

import { readFileSync, readdirSync } from "node:fs";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encode } from "./make.mjs";
import { checkOffer, joinerDigits, openRequest, openWelcome, parseLink } from "./pairing.mjs";
import {
  apply,
  decode,
  deviceId,
  expect,
  fails,
  hex,
  itemCipher,
  message,
  openGrant,
  parseEnvelope,
  purposeKey,
  same,
  signedBytes,
  toHex,
  unpad,
  utf8,
  verify,
} from "./protocol.mjs";

const FOLDER = new URL("../vectors/v1/", import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8"));

// ---------------------------------------------------------------- bodies

const CLIP = [64, 32, "t", { each: ["t", "b"] }];
const TOMBSTONE = [64, { each: ["b16", 64, "b16", { maybe: "b32" }] }];
const STATE = [64, { each: ["b16", "truth"] }, { maybe: 64 }];
const HEARTBEAT = [64];
const PAYLOAD = [64, "t", "b"];
const BODIES = [CLIP, TOMBSTONE, STATE, HEARTBEAT, HEARTBEAT, PAYLOAD];

/** A body by the kind that its header names; of a kind that is not known, the time. */
export const parseBody = (kind, bytes) => expect(decode(bytes), BODIES[kind] ?? HEARTBEAT);

function openBody(bytes, secret) {
  const envelope = parseEnvelope(bytes);
  const itemKey = purposeKey(secret, envelope.account, envelope.epoch, "item");
  const { key, nonce } = itemCipher(itemKey, envelope.header);
  const body = unpad(xchacha20poly1305(key, nonce, envelope.header).decrypt(envelope.sealed));
  return { envelope, bytes: body, body: parseBody(Number(envelope.kind), body) };
}

const digestOf = (dedupKey, text) => hmac(sha256, dedupKey, sha256(utf8(text.replaceAll("\r\n", "\n"))));

export function notes(check) {
  const file = read("notes");
  check("notes: dedup key", toHex(purposeKey(hex(file.secret), hex(file.account), file.epoch, "dedup")) === file.dedup_key);
  for (const c of file.notes) {
    const { envelope, bytes, body } = openBody(hex(c.envelope), hex(file.secret));
    check(`note ${c.name}: signature`, verify(envelope.signature, signedBytes(envelope), hex(file.sign_pk)));
    const told = [String(body[0]) === c.body.at_ms, toHex(bytes) === c.body.encoded, String(envelope.kind) === String(c.kind)];
    check(`note ${c.name}: body`, told.every(Boolean));
    (c.body.gone ?? []).forEach((gone, at) => {
      const [device, counter, item, digest] = body[1][at];
      const place = toHex(device) === gone.device && String(counter) === gone.counter && toHex(item) === gone.item;
      const wanted = gone.text === null ? undefined : toHex(digestOf(hex(file.dedup_key), gone.text));
      const given = digest && toHex(digest);
      check(`note ${c.name}: name ${at}`, place && given === wanted && (gone.digest ?? undefined) === wanted);
    });
    const pins = (c.body.pins ?? []).every((pin, at) => toHex(body[1][at][0]) === pin.item && body[1][at][1] === pin.pinned);
    check(`note ${c.name}: pins`, pins);
    const payload = c.body.channel === undefined || (body[1] === c.body.channel && toHex(body[2]) === c.body.bytes);
    check(`note ${c.name}: payload`, payload);
  }
  for (const c of file.refused_bodies) check(`refused body ${c.name}`, fails(() => parseBody(c.kind, hex(c.encoded))));
}

// ---------------------------------------------------------------- frames

const VERSIONS = { each: 16 };
const ANCHORS = { each: [64, 64] };
const ENTRY = ["b", "b64", "b"];
const STORED = [64, "b", 64];
const NOTE = ["b16", 8, "b"];
const LIMITS = [32, 32, 64, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32];

/** By tag: name, and the shape of what follows. */
const TO_RELAY = [
  ["Hello", { exactly: [[VERSIONS, "b32", "b16", 64, "b32", ANCHORS, "b64"]] }],
  ["Register", [ENTRY, "t"]],
  ["Claim", [VERSIONS, "b16", "b32", "b16"]],
  ["Push", [64, "b"]],
  ["Pull", [64, 16]],
  ["Ack", [64]],
  ["LogAppend", [ENTRY]],
  ["LogPull", [64]],
  ["InviteOpen", ["b16", "b32", "b", "truth"]],
  ["InviteCancel", ["b16"]],
  ["InviteNote", [NOTE]],
  ["CodeOpen", ["b16", 32, "b", "truth"]],
  ["CodeClaim", [VERSIONS, 32, "b16"]],
  ["PushSubscribe", ["t"]],
  ["Leave", []],
  ["Delete", [64, "b", { each: [64, "b16"] }]],
];
const TO_DEVICE = [
  ["Challenge", { exactly: [[VERSIONS, "b32", "b16"]] }],
  ["Welcome", [[16, 64, 64, "b32", 64, LIMITS, { each: "b16" }, { each: ["b16", 64] }, "b", 64, { maybe: 64 }]]],
  ["Registered", [64, "b32"]],
  ["Pushed", ["b16", 64, 64]],
  ["Items", [{ each: STORED }, "truth", 64]],
  ["Item", [STORED]],
  ["Delivered", [["b16", 64]]],
  ["Presence", ["b16", "truth"]],
  ["LogEntries", [64, { each: ENTRY }, "truth"]],
  ["InviteOpened", ["b16", 64]],
  ["InviteNote", [NOTE]],
  ["InviteEnded", ["b16"]],
  ["Error", [8, 64, 8]],
  ["CodeOpened", ["b16", 32, 64]],
];

/** `[name, fields]`; no name for a tag that is not known. */
export function parseFrame(bytes, to) {
  const [tag, ...fields] = decode(bytes);
  expect(tag, 8);
  const [name, shape] = (to === "relay" ? TO_RELAY : TO_DEVICE)[Number(tag)] ?? [undefined, []];
  return [name, expect(fields, shape)];
}

/** What a later version may send: the body's known part is in `read`, spelled as this version spells it. */
export function growth(check) {
  const file = read("growth");
  /** A value cut to a shape. */
  const known = (value, shape) => {
    if (shape.exactly) return known(value, shape.exactly);
    if (shape.each) return value.map((item) => known(item, shape.each));
    if (!Array.isArray(shape)) return value;
    const fields = shape.map((field, at) => known(value[at], field.maybe ?? field));
    while (shape[fields.length - 1]?.maybe && (fields.at(-1) ?? null) === null) fields.pop();
    return fields;
  };
  for (const c of file.envelopes) {
    const bytes = hex(c.envelope);
    const envelope = parseEnvelope(bytes);
    check(`growth ${c.name}: signature`, verify(envelope.signature, signedBytes(envelope), hex(file.sign_pk)));
    const told = [envelope.suite, envelope.kind, envelope.counter].map(String);
    check(`growth ${c.name}: header`, told.join() === [c.suite, c.kind, c.counter].join());
    if (c.read === null) check(`growth ${c.name}: closed`, envelope.suite !== 1n);
    else {
      const { bytes: body, body: value } = openBody(bytes, hex(file.secret));
      const shape = BODIES[Number(envelope.kind)] ?? HEARTBEAT;
      check(`growth ${c.name}: body`, toHex(body) === c.encoded && toHex(encode(known(value, shape))) === c.read);
    }
  }
  for (const c of file.frames) {
    const [name, fields] = parseFrame(hex(c.frame), c.to);
    const tag = decode(hex(c.frame))[0];
    if (c.unknown !== undefined) check(`growth ${c.name}`, name === undefined && Number(tag) === c.unknown);
    else {
      const shape = (c.to === "relay" ? TO_RELAY : TO_DEVICE)[Number(tag)][1];
      check(`growth ${c.name}`, toHex(encode([tag, ...known(fields, shape)])) === c.read);
    }
  }
  for (const c of file.refused_frames) check(`growth refused ${c.name}`, fails(() => parseFrame(hex(c.frame), c.to)));
  const first = apply(undefined, hex(file.memo.first));
  const after = apply(first, hex(file.memo.signed));
  check("growth memo", toHex(after.head) === file.memo.hash && after.epoch === 1n && after.members.size === 1);
  const [signPk, boxPk] = [ed25519.getPublicKey(hex(file.memo.sign_seed)), x25519.getPublicKey(hex(file.memo.box_sk))];
  const device = { id: deviceId(signPk, boxPk), boxSk: hex(file.memo.box_sk) };
  check("growth memo: secret", toHex(openGrant(device, hex(file.memo.signed))) === file.memo.secret);
}

export function session(check) {
  const file = read("session");
  const secrets = file.secrets.map(hex);
  const [a, b] = file.devices.map((device) => {
    const [signPk, boxPk] = [ed25519.getPublicKey(hex(device.sign_seed)), x25519.getPublicKey(hex(device.box_sk))];
    check(`session: device ${device.name}`, toHex(deviceId(signPk, boxPk)) === device.device_id);
    return { id: hex(device.device_id), signPk, boxSk: hex(device.box_sk) };
  });
  const members = new Map([a, b].map((device) => [toHex(device.id), device]));
  const link = parseLink(file.link);
  check("session: link", link.relay === `https://${file.host}` && same(link.mailbox, hex(file.account).slice(0, 16)));
  const challenges = new Map();
  let [state, cursor, marks] = [undefined, 0n, new Map()];
  const kinds = new Set();
  const take = (entry) => {
    state = apply(state, encode(entry));
    const known = secrets[Number(state.epoch)];
    const holders = [a, { ...b, boxSk: state.epoch < 2n ? b.boxSk : hex(file.new_box_sk) }];
    const inside = holders.filter(({ id }) => state.members.has(toHex(id)));
    return inside.every((device) => same(openGrant(device, encode(entry)), known));
  };
  const opens = (bytes) => {
    const { envelope } = openBody(bytes, secrets[Number(parseEnvelope(bytes).epoch)]);
    kinds.add(Number(envelope.kind));
    return verify(envelope.signature, signedBytes(envelope), members.get(toHex(envelope.sender)).signPk);
  };
  const said = new Map();
  const place = { invite: link.invite, mailbox: link.mailbox, secret: link.secret };
  const inviter = { ...place, ephemeralSk: hex(file.exchange.ephemeral_sk), nonce: hex(file.exchange.inviter_nonce) };
  const nonce = hex(file.exchange.joiner_nonce);
  const joiner = { ...place, signSk: hex(file.devices[1].sign_seed), boxSk: b.boxSk, nonce, name: "Phone" };
  const checks = {
    InviteNote([[, step, bytes]], socket) {
      if (socket === "C1") return true;
      said.set(Number(step), bytes);
      const [offer, , reveal, welcome] = [0, 1, 2, 3].map((step) => said.get(step));
      if (welcome) return same(openWelcome(joiner, offer, reveal, welcome).account, hex(file.account));
      if (reveal) return joinerDigits(joiner, offer, reveal).length === 6;
      return step === 0n ? checkOffer(joiner, bytes).length === 3 : openRequest(inviter, offer, bytes).name === "Phone";
    },
    Challenge: (fields, socket) => challenges.set(socket, encode(fields[0])) !== undefined,
    Hello([hello], socket) {
      const unsigned = encode([...hello.slice(0, 6), new Uint8Array(64)]);
      const signed = message("sign-in", sha256(challenges.get(socket)), sha256(unsigned), utf8(file.host));
      const current = hello[3] === state.seq && same(hello[4], state.head);
      return current && verify(hello[6], signed, members.get(toHex(hello[2])).signPk);
    },
    Register: ([entry]) => take(entry),
    Registered: ([seq, head]) => seq === state.seq && same(head, state.head),
    LogAppend: ([entry]) => take(entry),
    Push: ([, envelope]) => opens(envelope),
    Delete: ([, envelope]) => opens(envelope),
    Item([[at, envelope, mark]]) {
      marks.set(at, mark);
      return at === cursor + 1n && opens(envelope);
    },
    Pushed([, at, mark]) {
      cursor += 1n;
      return at === cursor && (marks.get(at) ?? mark) === mark && mark >> 53n === 0n;
    },
    Error: ([code, wait, of]) => [5n, 12n].includes(code) && wait === 0n && of === 3n,
  };
  for (const [at, { socket, to, name, frame, close }] of file.frames.entries()) {
    if (close) {
      check(`session ${at}: close`, [4004, 4005, 4011].includes(close));
      continue;
    }
    const [read, fields] = parseFrame(hex(frame), to);
    check(`session ${at}: ${name}`, read === name && (checks[name]?.(fields, socket) ?? true));
  }
  check("session: kinds", [...kinds].sort().join() === "0,1");
  check("session: whole log", state.seq === 3n && same(state.account, hex(file.account)));
}

// ---------------------------------------------------------------- legends

function fieldsOf(value, found = new Set()) {
  if (Array.isArray(value)) for (const item of value) fieldsOf(item, found);
  else if (value !== null && typeof value === "object") {
    for (const [field, inner] of Object.entries(value)) fieldsOf(inner, found.add(field));
  }
  return found;
}

/** Every field of every file is explained in it. */
export function legends(check) {
  for (const name of readdirSync(FOLDER)) {
    const { about, legend, ...content } = read(name.replace(".json", ""));
    const unknown = [...fieldsOf(content)].filter((field) => !legend[field]);
    check(`legend of ${name}: ${unknown}`, about.length > 0 && unknown.length === 0);
  }
}
