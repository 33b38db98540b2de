// Pairing by link, both sides, from docs/PROTOCOL.md. A joiner and an inviter are plain objects with
// what each of them remembers.

import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encode } from "./make.mjs";
import { checkName, concat, decode, expect, hash, hpkeOpen, hpkeSeal, message, same, toHex, utf8, verify } from "./protocol.mjs";

const BYTES = 8192;

/** Strict base64url: no padding, no spare bits. */
function base64url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new Error("another alphabet");
  const bytes = Uint8Array.from(Buffer.from(text, "base64url"));
  if (Buffer.from(bytes).toString("base64url") !== text) throw new Error("not the one spelling");
  return bytes;
}

export function parseLink(text) {
  const [page, ...rest] = text.trim().split("#");
  if (rest.length === 0 || !page.endsWith("/pair")) throw new Error("no link");
  const bytes = base64url(rest.join("#"));
  if (bytes[0] !== 1 || bytes.length < 65 || bytes.length > 65 + 255) throw new Error("another form");
  const relay = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(65));
  return {
    invite: bytes.slice(1, 17),
    secret: bytes.slice(17, 49),
    mailbox: bytes.slice(49, 65),
    relay: relay === "" ? page.slice(0, -"/pair".length) : relay,
  };
}

export function linkUrl({ invite, secret, mailbox, relay }, app) {
  const bytes = concat([1], invite, secret, mailbox, relay === app ? [] : utf8(relay));
  return `${app}/pair#${Buffer.from(bytes).toString("base64url")}`;
}

export function inviteKeys({ invite, secret }) {
  const derived = (label) => hkdf(sha256, secret, invite, utf8(`hushclip/1 invite-${label}`), 32);
  const claim = derived("claim");
  return { claim, claimHash: hash("claim", claim), psk: { key: derived("psk"), id: invite }, offerKey: derived("offer") };
}

function parse(bytes, shape) {
  if (bytes.length > BYTES) throw new Error("too long");
  return expect(decode(bytes), shape);
}

const offerMac = (side, ephemeral, commitment) =>
  hmac(sha256, inviteKeys(side).offerKey, message("pair-offer", side.invite, side.mailbox, ephemeral, commitment));
const requestInfo = ({ invite, mailbox }) => message("pair-request", invite, mailbox);
const possession = (transcript, signPk, boxPk) => message("possession", transcript, signPk, boxPk);
const transcriptOf = ({ invite, mailbox }, offer, signPk, boxPk, nonce, name) =>
  hash("pair-transcript", invite, mailbox, sha256(offer), signPk, boxPk, nonce, utf8(name));

export function digitsOf(transcript, nonce) {
  const number = BigInt(`0x${toHex(hash("pair-digits", transcript, nonce).slice(0, 8))}`) % 1000000n;
  return String(number).padStart(6, "0");
}

// ---------------------------------------------------------------- inviter

export function makeOffer(inviter) {
  const ephemeral = x25519.getPublicKey(inviter.ephemeralSk);
  const commitment = hash("pair-nonce", inviter.nonce);
  return encode([ephemeral, commitment, offerMac(inviter, ephemeral, commitment)]);
}

export function openRequest(inviter, offer, bytes) {
  const [enc, sealed] = parse(bytes, { exactly: ["b32", "b"] });
  const plain = hpkeOpen(inviter.ephemeralSk, inviteKeys(inviter).psk, requestInfo(inviter), offer, enc, sealed);
  const [signPk, boxPk, nonce, proof, name] = parse(plain, ["b32", "b32", "b32", "b64", "t"]);
  checkName(name);
  const transcript = transcriptOf(inviter, offer, signPk, boxPk, nonce, name);
  if (!verify(proof, possession(transcript, signPk, boxPk), signPk)) throw new Error("proof");
  return { signPk, boxPk, proof, name, transcript };
}

/** `joined` is `[account, log_seq, log_head, anchors, older epochs, names]`. */
export function makeWelcome(inviter, request, joined, ephemeralSk) {
  const info = message("pair-welcome", request.transcript, inviter.nonce);
  return encode(
    hpkeSeal(request.boxPk, inviteKeys(inviter).psk, info, new Uint8Array(), encode(joined), ephemeralSk),
  );
}

// ---------------------------------------------------------------- joiner

export function checkOffer(joiner, offer) {
  const fields = parse(offer, { exactly: ["b32", "b32", "b32"] });
  const [ephemeral, commitment, mac] = fields;
  if (!same(offerMac(joiner, ephemeral, commitment), mac)) throw new Error("MAC");
  return fields;
}

export function joinerTranscript(joiner, offer) {
  const [signPk, boxPk] = [ed25519.getPublicKey(joiner.signSk), x25519.getPublicKey(joiner.boxSk)];
  return transcriptOf(joiner, offer, signPk, boxPk, joiner.nonce, joiner.name);
}

export function makeRequest(joiner, offer, ephemeralSk) {
  const [ephemeral] = checkOffer(joiner, offer);
  const [signPk, boxPk] = [ed25519.getPublicKey(joiner.signSk), x25519.getPublicKey(joiner.boxSk)];
  const transcript = joinerTranscript(joiner, offer);
  const proof = ed25519.sign(possession(transcript, signPk, boxPk), joiner.signSk);
  const plain = encode([signPk, boxPk, joiner.nonce, proof, joiner.name]);
  return encode(hpkeSeal(ephemeral, inviteKeys(joiner).psk, requestInfo(joiner), offer, plain, ephemeralSk));
}

function checkReveal(joiner, offer, reveal) {
  const [, commitment] = checkOffer(joiner, offer);
  if (reveal.length !== 32 || !same(hash("pair-nonce", reveal), commitment)) throw new Error("commitment");
}

export function joinerDigits(joiner, offer, reveal) {
  checkReveal(joiner, offer, reveal);
  return digitsOf(joinerTranscript(joiner, offer), reveal);
}

export function openWelcome(joiner, offer, reveal, bytes) {
  checkReveal(joiner, offer, reveal);
  const [enc, sealed] = parse(bytes, { exactly: ["b32", "b"] });
  const info = message("pair-welcome", joinerTranscript(joiner, offer), reveal);
  const plain = hpkeOpen(joiner.boxSk, inviteKeys(joiner).psk, info, new Uint8Array(), enc, sealed);
  const fields = decode(plain);
  if (plain.length > BYTES || fields.length !== 6) throw new Error("another number of fields");
  const [account, logSeq, logHead, anchors, older, names] = fields;
  expect([account, logSeq, logHead], ["b32", 64, "b32"]);
  for (const anchor of anchors) expect(anchor, [64, 64]);
  for (const epoch of older) expect(epoch, [64, "b32"]);
  for (const name of names) expect(name, ["b16", "t"]);
  const newestFirst = older.every(([epoch], at) => epoch < (at === 0 ? logSeq : older[at - 1][0]));
  if (older.length > 96 || !newestFirst || names.length > 32) throw new Error("more than is handed over");
  if (!same(account.slice(0, 16), joiner.mailbox)) throw new Error("another mailbox");
  return { account, logSeq, logHead, anchors, older, names };
}
