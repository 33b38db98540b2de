// The second implementation reads the vectors of `tests/vectors/v1` that the Rust code made, opens what
// should open and refuses what should be refused.

import { readFileSync } from "node:fs";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encode } from "./make.mjs";
import { growth, legends, notes, session } from "./session.mjs";
import {
  checkOffer,
  digitsOf,
  inviteKeys,
  joinerDigits,
  joinerTranscript,
  linkUrl,
  makeOffer,
  makeRequest,
  openRequest,
  openWelcome,
  parseLink,
} from "./pairing.mjs";
import {
  apply,
  deviceId,
  fails,
  fingerprint,
  hex,
  isLowOrder,
  itemCipher,
  message,
  openEnvelope,
  openGrant,
  openName,
  paddedLength,
  parseEntry,
  parseEnvelope,
  purposeKey,
  signedBytes,
  toHex,
  unpad,
  utf8,
  verify,
} from "./protocol.mjs";

const read = (name) => JSON.parse(readFileSync(new URL(`../vectors/v1/${name}.json`, import.meta.url), "utf8"));
let check;

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

function fingerprints() {
  for (const c of read("fingerprint").words) {
    const ok = fingerprint(hex(c.hash), 6) === c.account && fingerprint(hex(c.hash), 10) === c.list;
    check(`fingerprint ${c.name}`, ok);
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
  const { rekey } = file;
  const renewed = apply(states.at(-1), hex(rekey.signed));
  check("rekey", toHex(renewed.head) === rekey.hash && toHex(renewed.members.get(rekey.author).boxPk) === rekey.box_pk);
  const author = [...named.values()].find(({ id }) => toHex(id) === rekey.author);
  const opened = openGrant({ id: author.id, boxSk: hex(rekey.new_box_sk) }, hex(rekey.signed));
  check("rekey: secret", toHex(opened) === rekey.secret);
  check("rekey: the key of before", fails(() => openGrant(author, hex(rekey.signed))));
  for (const c of file.refused) check(`refused entry ${c.name}`, fails(() => apply(states[c.after], hex(c.signed))));
  for (const c of file.refused_grants) {
    apply(states.at(-1), hex(c.signed));
    check(`refused grant ${c.name}`, fails(() => openGrant(named.get(c.device), hex(c.signed))));
  }
}

function links() {
  const file = read("pairing");
  for (const c of file.links) {
    const link = parseLink(` ${c.url}\n`);
    const place = link.relay === c.relay && toHex(link.invite) === c.invite && toHex(link.mailbox) === c.mailbox;
    check(`link ${c.name}`, place && toHex(link.secret) === c.secret && linkUrl(link, c.app) === c.url);
    const { claim, claimHash } = inviteKeys(link);
    check(`link ${c.name}: claim`, toHex(claim) === c.claim && toHex(claimHash) === c.claim_hash);
  }
  for (const c of file.refused_links) check(`refused link ${c.name}`, fails(() => parseLink(c.url)));
}

function pairing() {
  const { exchange: c, digits: derived, refused } = read("pairing");
  const invite = { invite: hex(c.invite), mailbox: hex(c.mailbox), secret: hex(c.secret) };
  const { claim, claimHash } = inviteKeys(invite);
  check("pairing: claim", toHex(claim) === c.claim && toHex(claimHash) === c.claim_hash);
  const inviter = { ...invite, ephemeralSk: hex(c.inviter.ephemeral_sk), nonce: hex(c.inviter.nonce) };
  const joiner = {
    ...invite,
    signSk: hex(c.joiner.sign_seed),
    boxSk: hex(c.joiner.box_sk),
    nonce: hex(c.joiner.nonce),
    name: c.joiner.name,
  };
  const [offer, reveal] = [hex(c.offer), hex(c.reveal)];
  check("pairing: offer, made anew", toHex(makeOffer(inviter)) === c.offer);
  check("pairing: offer", checkOffer(joiner, offer).length === 3);
  const opened = openRequest(inviter, offer, hex(c.request));
  const keys = toHex(opened.signPk) === c.joiner.sign_pk && toHex(opened.boxPk) === c.joiner.box_pk;
  check("pairing: request", keys && opened.name === c.joiner.name && toHex(opened.transcript) === c.transcript);
  check("pairing: transcript of the joiner", toHex(joinerTranscript(joiner, offer)) === c.transcript);
  check("pairing: digits", digitsOf(opened.transcript, inviter.nonce) === c.digits);
  check("pairing: digits of the joiner", joinerDigits(joiner, offer, reveal) === c.digits);
  const joined = openWelcome(joiner, offer, reveal, hex(c.welcome));
  const place = toHex(joined.account) === c.account && String(joined.logSeq) === c.joined.log_seq;
  check("pairing: welcome", place && toHex(joined.logHead) === c.joined.log_head && JSON.stringify(joined.anchors.map((a) => a.map(String))) === JSON.stringify(c.joined.anchors));
  const older = joined.older.map(([epoch, secret]) => ({ epoch: String(epoch), secret: toHex(secret) }));
  check("pairing: older epochs", JSON.stringify(older) === JSON.stringify(c.joined.older));
  const names = joined.names.map(([device, name]) => ({ device: toHex(device), name }));
  check("pairing: names", JSON.stringify(names) === JSON.stringify(c.joined.names));
  for (const d of derived) check(`digits ${d.name}`, digitsOf(hex(d.transcript), hex(d.nonce)) === d.digits);
  const steps = {
    offer: (bytes) => makeRequest(joiner, bytes, new Uint8Array(32).fill(1)),
    request: (bytes) => openRequest(inviter, offer, bytes),
    reveal: (bytes) => joinerDigits(joiner, offer, bytes),
    welcome: (bytes) => openWelcome(joiner, offer, reveal, bytes),
  };
  for (const r of refused) check(`refused ${r.step}: ${r.name}`, fails(() => steps[r.step](hex(r.bytes))));
}

function signIn() {
  const file = read("signin");
  for (const list of ["accepted", "refused"]) {
    for (const c of file[list]) {
      const challenge = encode([c.relay_versions, hex(c.nonce), hex(c.conn)]);
      const anchors = c.anchors.map((anchor) => anchor.map(BigInt));
      const device = [hex(c.account), hex(c.device), BigInt(c.log_seq), hex(c.log_head), anchors];
      const hello = encode([c.versions, ...device, new Uint8Array(64)]);
      const signed = message("sign-in", sha256(challenge), sha256(hello), utf8(c.host.toLowerCase()));
      const verified = verify(hex(c.signature), signed, hex(file.sign_pk));
      check(`sign-in ${c.name}`, toHex(signed) === c.message && verified === (list === "accepted"));
    }
  }
}

/** Runs everything; `check(name, ok)` is told each result. */
export function vectors(tell) {
  check = tell;
  const parts = [devices, epochs, fingerprints, padding, envelopes, notes, growth, log, links, pairing, signIn, session, legends];
  for (const part of parts) {
    try {
      part(check);
    } catch (error) {
      check(`${part.name}: ${error.stack}`, false);
    }
  }
}
