//! Pairing messages that are refused, made by whoever may stand between, with or without the link.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::pairing::{InviteSecret, Inviter, Joined, OlderEpoch};
use hushclip_protocol::ids::{AccountId, BoxPk, InviteId, MailboxId};
use hushclip_protocol::log::possession_message;
use hushclip_protocol::{codec, label};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::device::{IDENTITY, forged_for_identity};
use crate::epoch::random;
use crate::out::{array, flipped, hex};
use crate::pairing::World;
use crate::{cbor, hpke};

const LABEL: &str = "hushclip/1 pair-offer";

/// A list of refused messages.
#[derive(Default)]
pub(crate) struct Refused(Vec<Value>);

impl Refused {
    pub(crate) fn add(&mut self, step: &str, name: &str, bytes: impl AsRef<[u8]>) {
        self.0.push(json!({ "step": step, "name": name, "bytes": hex(bytes) }));
    }

    /// One that the next step refuses.
    pub(crate) fn add_by(&mut self, step: &str, name: &str, bytes: impl AsRef<[u8]>, by: &str) {
        self.0.push(json!({ "step": step, "name": name, "bytes": hex(bytes), "by": by }));
    }

    pub(crate) fn into_cases(self) -> Vec<Value> {
        self.0
    }
}

/// Makes the cases from the good messages.
pub(crate) fn make(world: &mut World, offer: &[u8], request: &[u8], welcome: &[u8]) -> Vec<Value> {
    let mut refused = Refused::default();
    offers(world, offer, &mut refused);
    requests(world, offer, request, &mut refused);
    reveals(world, &mut refused);
    welcomes(world, offer, welcome, &mut refused);
    refused.into_cases()
}

/// The six digits, derived here once more.
pub(crate) fn digits(transcript: &[u8; 32], nonce: &[u8; 32]) -> String {
    let hash = label::hash("hushclip/1 pair-digits", &[transcript, nonce]);
    format!("{:06}", u64::from_be_bytes(array(&hash.as_bytes()[..8])) % 1_000_000)
}

fn expand(secret: &InviteSecret, invite: &InviteId, name: &str) -> [u8; 32] {
    let mut out = [0; 32];
    let hkdf = Hkdf::<Sha256>::new(Some(invite.as_bytes()), secret.expose());
    hkdf.expand(name.as_bytes(), &mut out).expect("32 bytes");
    out
}

fn psk(secret: &InviteSecret, invite: &InviteId) -> [u8; 32] {
    expand(secret, invite, "hushclip/1 invite-psk")
}

fn offer_bytes(key: &[u8; 32], label: &str, about: [&[u8]; 2], ephemeral: &[u8; 32], commitment: &[u8; 32]) -> Vec<u8> {
    let message = label::message(label, &[about[0], about[1], ephemeral, commitment]);
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("any key");
    mac.update(&message);
    let mac: [u8; 32] = mac.finalize().into_bytes().into();
    cbor::list(&[cbor::bytes(ephemeral), cbor::bytes(commitment), cbor::bytes(&mac)])
}

/// Faults of form that every message of two or more byte strings shares.
pub(crate) fn forms(step: &str, good: &[u8], refused: &mut Refused) {
    refused.add(step, "empty", []);
    refused.add(step, "last byte missing", &good[..good.len() - 1]);
    refused.add(step, "a trailing byte", [good, &[0]].concat());
    let fields = good[0] - 0x80;
    refused.add(step, "array length in two bytes", [&[0x98, fields][..], &good[1..]].concat());
    refused.add(step, "array of indefinite length", [&[0x9f][..], &good[1..], &[0xff]].concat());
    refused.add(step, "longer than 8 KiB", [good, &vec![0; 8192]].concat());
}

fn offers(world: &mut World, good: &[u8], refused: &mut Refused) {
    let (invite, secret, ephemeral, nonce, mailbox) = world.inviter_state();
    let ephemeral = *ephemeral.derive_pk().as_bytes();
    let commitment = *label::hash("hushclip/1 pair-nonce", &[&nonce[..]]).as_bytes();
    let key = expand(&secret, &invite, "hushclip/1 invite-offer");
    let offer = |key: &[u8; 32], label: &str, invite: &InviteId, mailbox: &MailboxId, ephemeral: &[u8; 32]| {
        offer_bytes(key, label, [invite.as_bytes(), mailbox.as_bytes()], ephemeral, &commitment)
    };
    assert_eq!(offer(&key, LABEL, &invite, &mailbox, &ephemeral), good);
    forms("offer", good, refused);
    refused.add("offer", "ephemeral key changed", flipped(good, 3));
    refused.add("offer", "commitment changed", flipped(good, 37));
    refused.add("offer", "MAC changed", flipped(good, good.len() - 1));
    let other = InviteSecret::make(&mut world.rng);
    let wrong = expand(&other, &invite, "hushclip/1 invite-offer");
    refused.add("offer", "MAC under another secret", offer(&wrong, LABEL, &invite, &mailbox, &ephemeral));
    let as_psk = psk(&secret, &invite);
    refused.add("offer", "MAC under the pre-shared key", offer(&as_psk, LABEL, &invite, &mailbox, &ephemeral));
    refused.add(
        "offer",
        "MAC under another label",
        offer(&key, "hushclip/1 pair-request", &invite, &mailbox, &ephemeral),
    );
    let foreign = InviteId::from_bytes(random(&mut world.rng));
    refused.add("offer", "for another invite", offer(&key, LABEL, &foreign, &mailbox, &ephemeral));
    let foreign = MailboxId::from_bytes(random(&mut world.rng));
    refused.add("offer", "for another mailbox", offer(&key, LABEL, &invite, &foreign, &ephemeral));
    refused.add("offer", "ephemeral key of low order", offer(&key, LABEL, &invite, &mailbox, &[0; 32]));
    refused.add("offer", "of another inviter", Inviter::make(mailbox, &mut world.rng).offer());
}

/// The plaintext of a request.
struct Plain {
    sign_pk: [u8; 32],
    box_pk: BoxPk,
    proof: [u8; 64],
    name: Vec<u8>,
}

fn requests(world: &mut World, offer: &[u8], good: &[u8], refused: &mut Refused) {
    let (invite, secret, ephemeral, _, mailbox) = world.inviter_state();
    let nonce = *world.joiner_state().5;
    let to = ephemeral.derive_pk();
    let key = psk(&secret, &invite);
    let info = label::message("hushclip/1 pair-request", &[invite.as_bytes(), mailbox.as_bytes()]);
    let keys = world.keys.clone();
    let offer_hash = label::sha256(offer);
    let transcript = |sign_pk: &[u8; 32], name: &[u8]| {
        let box_pk = keys.box_pk();
        let parts: [&[u8]; 7] =
            [invite.as_bytes(), mailbox.as_bytes(), offer_hash.as_bytes(), sign_pk, box_pk.as_bytes(), &nonce, name];
        label::hash("hushclip/1 pair-transcript", &parts)
    };
    let sign_pk = *keys.sign_pk().as_bytes();
    let prove = |by: &DeviceKeys, name: &[u8]| {
        let message = possession_message(&transcript(&sign_pk, name), &keys.sign_pk(), &keys.box_pk());
        *by.sign(&message).as_bytes()
    };
    let name = "Phone of Zoë".as_bytes();
    let plain = |change: &dyn Fn(&mut Plain)| {
        let mut plain = Plain { sign_pk, box_pk: keys.box_pk(), proof: prove(&keys, name), name: name.to_vec() };
        change(&mut plain);
        cbor::list(&[
            cbor::bytes(&plain.sign_pk),
            cbor::bytes(plain.box_pk.as_bytes()),
            cbor::bytes(&nonce),
            cbor::bytes(&plain.proof),
            [cbor::head(3, plain.name.len() as u64), plain.name].concat(),
        ])
    };
    let usual = plain(&|_| ());
    let sealed = |(enc, sealed): ([u8; 32], Vec<u8>)| cbor::list(&[cbor::bytes(&enc), cbor::bytes(&sealed)]);
    let rng = &mut world.rng;
    // What is sealed here as it should be does open, so the cases below fail for what they name.
    let check = sealed(hpke::seal(&to, Some((&key, invite.as_bytes())), &info, offer, &usual, rng));
    world.inviter.open_request(&check).expect("opens");

    forms("request", good, refused);
    refused.add("request", "encapsulated key changed", flipped(good, 3));
    refused.add("request", "ciphertext changed", flipped(good, 40));
    refused.add("request", "tag changed", flipped(good, good.len() - 1));
    refused.add("request", "encapsulated key of low order", [&good[..3], &[0; 32], &good[35..]].concat());
    let other = psk(&InviteSecret::make(rng), &invite);
    let mut seal = |name: &str, psk: Option<hpke::Psk<'_>>, info: &[u8], aad: &[u8], plain: &[u8]| {
        refused.add("request", name, sealed(hpke::seal(&to, psk, info, aad, plain, rng)));
    };
    let id = invite.as_bytes();
    seal("another pre-shared key", Some((&other, id)), &info, offer, &usual);
    seal("no pre-shared key", None, &info, offer, &usual);
    seal("another name of the pre-shared key", Some((&key, &[1; 16])), &info, offer, &usual);
    let foreign = label::message("hushclip/1 pair-request", &[id, &[7; 16]]);
    seal("for another mailbox", Some((&key, id)), &foreign, offer, &usual);
    let foreign = label::message("hushclip/1 pair-request", &[&[7; 16], mailbox.as_bytes()]);
    seal("for another invite", Some((&key, id)), &foreign, offer, &usual);
    seal("in answer to another offer", Some((&key, id)), &info, &flipped(offer, 40), &usual);
    seal("without the offer", Some((&key, id)), &info, &[], &usual);
    let stranger = DeviceKeys::from_parts(
        hushclip_crypto::keys::SignSeed::from_bytes([1; 32]),
        hushclip_crypto::keys::BoxSk::from_bytes([2; 32]),
    );
    let mut inner = |name: &str, plain: &[u8]| seal(name, Some((&key, id)), &info, offer, plain);
    inner("proof by another device", &plain(&|p| p.proof = prove(&stranger, name)));
    inner("proof for another name", &plain(&|p| p.proof = prove(&keys, b"Laptop")));
    inner("proof missing", &plain(&|p| p.proof = [0; 64]));
    inner("box key exchanged", &plain(&|p| p.box_pk = stranger.box_pk()));
    inner("signing key exchanged", &plain(&|p| p.sign_pk = *stranger.sign_pk().as_bytes()));
    inner("signing key of order 1", &plain(&|p| (p.sign_pk, p.proof) = (IDENTITY, forged_for_identity())));
    let named = |name: &[u8]| plain(&|p| (p.name, p.proof) = (name.to_vec(), prove(&keys, name)));
    inner("empty name", &named(b""));
    inner("name of 65 bytes", &named(&[b'a'; 65]));
    inner("blank name", &named(b"  "));
    inner("name with a line end", &named(b"Phone\nLaptop"));
    inner("name that turns the text around it", &named("Phone\u{202e}".as_bytes()));
    inner("name with a character that is not seen", &named("Pho\u{200b}ne".as_bytes()));
    inner("name is not UTF-8", &named(&[0xc3, 0x28]));
    inner("plaintext with a trailing byte", &[&usual[..], &[0]].concat());
    inner("plaintext cut short", &usual[..usual.len() - 1]);
    inner("plaintext empty", &[]);
}

fn reveals(world: &World, refused: &mut Refused) {
    let good = world.inviter.reveal();
    refused.add("reveal", "empty", []);
    refused.add("reveal", "one bit changed", flipped(&good, 31));
    refused.add("reveal", "zeros", [0; 32]);
    refused.add("reveal", "last byte missing", &good[..31]);
    refused.add("reveal", "a trailing byte", [&good[..], &[0]].concat());
    refused.add("reveal", "the commitment itself", label::hash("hushclip/1 pair-nonce", &[&good]).as_bytes());
}

fn welcomes(world: &mut World, offer: &[u8], good: &[u8], refused: &mut Refused) {
    let (invite, secret, _, nonce, mailbox) = world.inviter_state();
    let joiner = world.joiner_state();
    let key = psk(&secret, &invite);
    let offer_hash = label::sha256(offer);
    let (box_pk, sign_pk) = (world.keys.box_pk(), world.keys.sign_pk());
    let parts: [&[u8]; 7] = [
        invite.as_bytes(),
        mailbox.as_bytes(),
        offer_hash.as_bytes(),
        sign_pk.as_bytes(),
        box_pk.as_bytes(),
        &joiner.5[..],
        joiner.6.as_bytes(),
    ];
    let transcript = *label::hash("hushclip/1 pair-transcript", &parts).as_bytes();
    let info = label::message("hushclip/1 pair-welcome", &[&transcript, &nonce[..]]);
    let usual = codec::encode(&world.joined);
    let foreign = codec::encode(&Joined { account: AccountId::from_bytes([7; 32]), ..world.joined.clone() });
    let reveal = world.inviter.reveal();
    let sealed = |(enc, sealed): ([u8; 32], Vec<u8>)| cbor::list(&[cbor::bytes(&enc), cbor::bytes(&sealed)]);
    let rng = &mut world.rng;
    let check = sealed(hpke::seal(&box_pk, Some((&key, invite.as_bytes())), &info, &[], &usual, rng));
    world.joiner.open_welcome(&world.keys, offer, &reveal, &check).expect("opens");

    forms("welcome", good, refused);
    refused.add("welcome", "encapsulated key changed", flipped(good, 3));
    refused.add("welcome", "ciphertext changed", flipped(good, 40));
    refused.add("welcome", "tag changed", flipped(good, good.len() - 1));
    let other = psk(&InviteSecret::make(rng), &invite);
    let stranger = DeviceKeys::make(rng).box_pk();
    let id = invite.as_bytes();
    let mut seal = |name: &str, to: &BoxPk, psk: Option<hpke::Psk<'_>>, info: &[u8], plain: &[u8]| {
        refused.add("welcome", name, sealed(hpke::seal(to, psk, info, &[], plain, rng)));
    };
    seal("another pre-shared key", &box_pk, Some((&other, id)), &info, &usual);
    seal("no pre-shared key", &box_pk, None, &info, &usual);
    seal("to another device", &stranger, Some((&key, id)), &info, &usual);
    let wrong = label::message("hushclip/1 pair-welcome", &[&flipped(&transcript, 0), &nonce[..]]);
    seal("after another exchange", &box_pk, Some((&key, id)), &wrong, &usual);
    let wrong = label::message("hushclip/1 pair-welcome", &[&transcript, &[0; 32]]);
    seal("with another nonce", &box_pk, Some((&key, id)), &wrong, &usual);
    let wrong = label::message("hushclip/1 pair-request", &[&transcript, &nonce[..]]);
    seal("under another label", &box_pk, Some((&key, id)), &wrong, &usual);
    seal("into an account of another mailbox", &box_pk, Some((&key, id)), &info, &foreign);
    seal("plaintext with a trailing byte", &box_pk, Some((&key, id)), &info, &[&usual[..], &[0]].concat());
    seal("plaintext cut short", &box_pk, Some((&key, id)), &info, &usual[..usual.len() - 1]);
    for (name, joined) in unfit(&world.joined) {
        seal(name, &box_pk, Some((&key, id)), &info, &codec::encode(&joined));
    }
}

/// What no inviter hands over.
pub(crate) fn unfit(good: &Joined) -> Vec<(&'static str, Joined)> {
    let with = |change: &dyn Fn(&mut Joined)| {
        let mut joined = good.clone();
        change(&mut joined);
        joined
    };
    let older = |epoch| OlderEpoch { epoch, secret: good.older[0].secret.clone() };
    vec![
        ("97 older epochs", with(&|j| (j.log_seq, j.older) = (200, (0..97).rev().map(older).collect()))),
        ("an older epoch that is not older", with(&|j| j.older = vec![older(j.log_seq)])),
        ("older epochs, oldest first", with(&|j| j.older = vec![older(2), older(3)])),
        ("an older epoch twice", with(&|j| j.older = vec![older(3), older(3)])),
        ("33 names", with(&|j| j.names = vec![j.names[0].clone(); 33])),
    ]
}
