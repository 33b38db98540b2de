//! Messages of pairing by code that are refused, made by whoever may stand between, with or without
//! the words.

use hushclip_crypto::keys::{BoxSk, DeviceKeys, SignSeed};
use hushclip_crypto::pairing::{CodeInviter, CodeJoiner, Joined};
use hushclip_protocol::ids::{AccountId, BoxPk, InviteId};
use hushclip_protocol::log::possession_message;
use hushclip_protocol::{codec, label};
use minicbor::bytes::ByteArray;
use serde_json::Value;

use crate::epoch::random;
use crate::out::flipped;
use crate::pairing_code::{HOST, NAME, World, confirm_joiner, joiner_state, mac};
use crate::pairing_refused::{Refused, forms, unfit};
use crate::{cbor, hpke};

const INFO: &str = "hushclip/1 code-request";
const TRANSCRIPT: &str = "hushclip/1 code-transcript";
const CONFIRM_JOINER: &str = "hushclip/1 code-confirm-joiner";
const CONFIRM_INVITER: &str = "hushclip/1 code-confirm-inviter";
/// y = 2 is on no point of the curve.
const NO_POINT: [u8; 32] = {
    let mut bytes = [0; 32];
    bytes[0] = 2;
    bytes
};

/// Makes the cases from the good messages.
pub(crate) fn make(world: &mut World, offer: &[u8], request: &[u8], reveal: &[u8], welcome: &[u8]) -> Vec<Value> {
    let mut refused = Refused::default();
    offers(world, offer, &mut refused);
    requests(world, offer, request, &mut refused);
    reveals(world, offer, reveal, &mut refused);
    welcomes(world, offer, reveal, welcome, &mut refused);
    refused.into_cases()
}

fn offer_bytes(invite: &InviteId, pake: &[u8], ephemeral: &BoxPk) -> Vec<u8> {
    cbor::list(&[cbor::bytes(invite.as_bytes()), cbor::bytes(pake), cbor::bytes(ephemeral.as_bytes())])
}

fn offers(world: &mut World, good: &[u8], refused: &mut Refused) {
    let (invite, to) = (world.invite, world.ephemeral.derive_pk());
    let ([pake, from_joiner], _) = world.pake();
    assert_eq!(offer_bytes(&invite, &pake, &to), good);
    forms("offer", good, refused);
    let sided = |side: u8, point: &[u8]| offer_bytes(&invite, &[&[side], point].concat(), &to);
    refused.add("offer", "the joiner's own message", offer_bytes(&invite, &from_joiner, &to));
    refused.add("offer", "message of no side", sided(b'C', &pake[1..]));
    refused.add("offer", "message of a symmetric exchange", sided(b'S', &pake[1..]));
    refused.add("offer", "message one byte short", offer_bytes(&invite, &pake[..32], &to));
    refused.add("offer", "message empty", offer_bytes(&invite, &[], &to));
    refused.add("offer", "message is no point", sided(b'A', &NO_POINT));
    let low = BoxPk::from_bytes([0; 32]);
    refused.add("offer", "ephemeral key of low order", offer_bytes(&invite, &pake, &low));

    let rng = &mut world.rng;
    let other_invite = InviteId::from_bytes(random(rng));
    let other_key = BoxSk::make(rng).derive_pk();
    let guessed = CodeInviter::make(world.mailbox, HOST, world.code.nameplate, rng).offer();
    // The last 33 bytes but for the key: the message of somebody who guessed other words.
    let at = 1 + 17 + 2;
    let swapped = offer_bytes(&invite, &guessed[at..at + 33], &to);
    for (name, bytes) in [
        ("for another invite", offer_bytes(&other_invite, &pake, &to)),
        ("ephemeral key exchanged", offer_bytes(&invite, &pake, &other_key)),
        ("of somebody who guessed other words", guessed),
        ("message of somebody who guessed other words", swapped),
        ("the joiner's own message as the inviter's", sided(b'A', &from_joiner[1..])),
        ("message is the neutral point", sided(b'A', &[&[1][..], &[0; 31]].concat())),
    ] {
        let answer = world.joiner.request(&world.keys, &bytes, &mut world.rng).expect("answered");
        assert!(world.inviter.open_request(&answer).is_err(), "{name}");
        refused.add_by("offer", name, bytes, "inviter");
    }
}

/// The plaintext of a request.
struct Plain {
    sign_pk: [u8; 32],
    box_pk: BoxPk,
    proof: [u8; 64],
    name: Vec<u8>,
}

fn requests(world: &mut World, offer: &[u8], good: &[u8], refused: &mut Refused) {
    let (invite, mailbox, to) = (world.invite, world.mailbox, world.ephemeral.derive_pk());
    let ([from_inviter, pake], key) = world.pake();
    let (psk, confirm) = (world.derive("hushclip/1 code-psk"), world.derive(CONFIRM_JOINER));
    let as_inviter = world.derive(CONFIRM_INVITER);
    let id = invite.as_bytes();
    let info = label::message(INFO, &[id]);
    let keys = world.keys.clone();
    let sign_pk = *keys.sign_pk().as_bytes();
    let prove = |by: &DeviceKeys, label: &str, name: &[u8]| {
        let transcript = world.transcript(label, offer, &sign_pk, name);
        *by.sign(&possession_message(&transcript, &keys.sign_pk(), &keys.box_pk())).as_bytes()
    };
    let name = NAME.as_bytes();
    let plain = |change: &dyn Fn(&mut Plain)| {
        let proof = prove(&keys, TRANSCRIPT, name);
        let mut plain = Plain { sign_pk, box_pk: keys.box_pk(), proof, name: name.to_vec() };
        change(&mut plain);
        cbor::list(&[
            cbor::bytes(&plain.sign_pk),
            cbor::bytes(plain.box_pk.as_bytes()),
            cbor::bytes(&world.nonce),
            cbor::bytes(&plain.proof),
            [cbor::head(3, plain.name.len() as u64), plain.name].concat(),
        ])
    };
    let usual = plain(&|_| ());
    let whole = |pake: &[u8], confirmation: &[u8; 32], (enc, sealed): &([u8; 32], Vec<u8>)| {
        let sealed = cbor::list(&[cbor::bytes(enc), cbor::bytes(sealed)]);
        cbor::list(&[cbor::bytes(pake), cbor::bytes(confirmation), sealed])
    };
    let confirmation = confirm_joiner(&confirm, CONFIRM_JOINER, offer, &pake);
    let mut rng = world.rng.clone();
    let sealed = hpke::seal(&to, Some((&psk, id)), &info, offer, &usual, &mut rng);
    // What is made here as it should be does open, so the cases below fail for what they name.
    world.inviter.open_request(&whole(&pake, &confirmation, &sealed)).expect("opens");

    forms("request", good, refused);
    refused.add("request", "PAKE message changed", flipped(good, 10));
    refused.add("request", "confirmation changed", flipped(good, 1 + 35 + 2));
    refused.add("request", "encapsulated key changed", flipped(good, 1 + 35 + 34 + 3));
    refused.add("request", "tag changed", flipped(good, good.len() - 1));
    let mut with = |name: &str, pake: &[u8], confirmation: &[u8; 32]| {
        refused.add("request", name, whole(pake, confirmation, &sealed));
    };
    with("confirmation of zeros", &pake, &[0; 32]);
    with("confirmation under the inviter's key", &pake, &confirm_joiner(&as_inviter, CONFIRM_JOINER, offer, &pake));
    with("confirmation under the inviter's label", &pake, &confirm_joiner(&confirm, CONFIRM_INVITER, offer, &pake));
    with("confirmation under the unexpanded key", &pake, &confirm_joiner(&key, CONFIRM_JOINER, offer, &pake));
    with(
        "confirmation of another offer",
        &pake,
        &confirm_joiner(&confirm, CONFIRM_JOINER, &flipped(offer, offer.len() - 1), &pake),
    );
    with("confirmation without the message", &pake, &confirm_joiner(&confirm, CONFIRM_JOINER, offer, &[]));
    let back = confirm_joiner(&confirm, CONFIRM_JOINER, offer, &from_inviter);
    with("the inviter's own message", &from_inviter, &back);
    let relabelled = [b"B", &from_inviter[1..]].concat();
    with("the inviter's own message as the joiner's", &relabelled, &confirmation);
    with("message is no point", &[b"B", &NO_POINT[..]].concat(), &confirmation);
    with("message is the neutral point", &[b"B", &[1][..], &[0; 31]].concat(), &confirmation);
    with("message one byte short", &pake[..32], &confirmation);

    let mut seal = |name: &str, psk: Option<hpke::Psk<'_>>, info: &[u8], aad: &[u8], plain: &[u8]| {
        let sealed = hpke::seal(&to, psk, info, aad, plain, &mut rng);
        refused.add("request", name, whole(&pake, &confirmation, &sealed));
    };
    seal("another pre-shared key", Some((&[1; 32], id)), &info, offer, &usual);
    seal("the unexpanded key as pre-shared key", Some((&key, id)), &info, offer, &usual);
    seal("no pre-shared key", None, &info, offer, &usual);
    seal("another name of the pre-shared key", Some((&psk, &[1; 16])), &info, offer, &usual);
    let by_link = label::message("hushclip/1 pair-request", &[id, mailbox.as_bytes()]);
    seal("sealed as after a link", Some((&psk, id)), &by_link, offer, &usual);
    let foreign = label::message(INFO, &[&[7; 16]]);
    seal("sealed for another invite", Some((&psk, id)), &foreign, offer, &usual);
    seal("sealed without the offer", Some((&psk, id)), &info, &[], &usual);
    let stranger = DeviceKeys::from_parts(SignSeed::from_bytes([1; 32]), BoxSk::from_bytes([2; 32]));
    let mut inner = |name: &str, plain: &[u8]| seal(name, Some((&psk, id)), &info, offer, plain);
    inner("proof by another device", &plain(&|p| p.proof = prove(&stranger, TRANSCRIPT, name)));
    inner("proof of a pairing by link", &plain(&|p| p.proof = prove(&keys, "hushclip/1 pair-transcript", name)));
    inner("proof missing", &plain(&|p| p.proof = [0; 64]));
    inner("box key exchanged", &plain(&|p| p.box_pk = stranger.box_pk()));
    inner("signing key exchanged", &plain(&|p| p.sign_pk = *stranger.sign_pk().as_bytes()));
    let named = |name: &[u8]| plain(&|p| (p.name, p.proof) = (name.to_vec(), prove(&keys, TRANSCRIPT, name)));
    inner("empty name", &named(b""));
    inner("name of 65 bytes", &named(&[b'a'; 65]));
    inner("blank name", &named(b"  "));
    inner("name with a line end", &named(b"Phone\nLaptop"));
    inner("name that turns the text around it", &named("Phone\u{202e}".as_bytes()));
    inner("name with a character that is not seen", &named("Pho\u{200b}ne".as_bytes()));
    inner("plaintext with a trailing byte", &[&usual[..], &[0]].concat());
    inner("plaintext empty", &[]);
    world.rng = rng;
    others(world, offer, refused);
}

/// Requests of joiners that typed, or were told, something else.
fn others(world: &mut World, offer: &[u8], refused: &mut Refused) {
    for (name, words, nameplate, host) in [
        ("other words", "abacus-zoom", world.code.nameplate, HOST),
        ("words in the other order", "", world.code.nameplate, HOST),
        ("another nameplate", "=", world.code.nameplate + 1, HOST),
        ("another relay", "=", world.code.nameplate, "relay.example"),
        ("another port", "=", world.code.nameplate, "clip.example"),
    ] {
        let mut state = joiner_state(&world.joiner);
        state.0.nameplate = nameplate;
        state.2 = host.into();
        let (one, two) = world.code.words.split_once('-').expect("two words");
        state.0.words = match words {
            "=" => world.code.words.clone(),
            "" => format!("{two}-{one}"),
            other => other.into(),
        };
        let joiner: CodeJoiner = codec::decode(&codec::encode(&state), 1024).expect("seven fields");
        let request = joiner.request(&world.keys, offer, &mut world.rng).expect("a request");
        refused.add("request", name, request);
    }
    let mut state = joiner_state(&world.joiner);
    state.5 = ByteArray::from([3; 64]);
    let other: CodeJoiner = codec::decode(&codec::encode(&state), 1024).expect("seven fields");
    let elsewhere = CodeInviter::make(world.mailbox, HOST, world.code.nameplate, &mut world.rng).offer();
    let request = other.request(&world.keys, &elsewhere, &mut world.rng).expect("a request");
    refused.add("request", "in answer to another invite", request);
}

fn reveals(world: &World, offer: &[u8], good: &[u8], refused: &mut Refused) {
    let (key, joiners) = (world.derive(CONFIRM_INVITER), world.derive(CONFIRM_JOINER));
    let sign_pk = *world.keys.sign_pk().as_bytes();
    let transcript = world.transcript(TRANSCRIPT, offer, &sign_pk, NAME.as_bytes());
    let mailbox = world.mailbox.as_bytes();
    let reveal = |key: &[u8; 32], label: &str, of: &[u8]| {
        [mac(key, &label::message(label, &[of, mailbox])).as_slice(), mailbox].concat()
    };
    assert_eq!(reveal(&key, CONFIRM_INVITER, transcript.as_bytes()), good);
    let (_, pake) = (world.pake().1, world.pake().0[1].clone());
    refused.add("reveal", "empty", []);
    refused.add("reveal", "one bit changed", flipped(good, 31));
    refused.add("reveal", "of another mailbox", flipped(good, 40));
    refused.add("reveal", "zeros", [0; 48]);
    refused.add("reveal", "last byte missing", &good[..47]);
    refused.add("reveal", "confirmation alone", &good[..32]);
    let bare = mac(&key, &label::message(CONFIRM_INVITER, &[transcript.as_bytes()]));
    refused.add("reveal", "confirmation without the mailbox", [bare.as_slice(), mailbox].concat());
    refused.add("reveal", "a trailing byte", [good, &[0]].concat());
    let own = confirm_joiner(&joiners, CONFIRM_JOINER, offer, &pake);
    refused.add("reveal", "the joiner's own confirmation", [own.as_slice(), mailbox].concat());
    refused.add("reveal", "under the joiner's key", reveal(&joiners, CONFIRM_INVITER, transcript.as_bytes()));
    refused.add("reveal", "under the joiner's label", reveal(&key, CONFIRM_JOINER, transcript.as_bytes()));
    let other = world.transcript(TRANSCRIPT, offer, &sign_pk, b"Laptop");
    refused.add("reveal", "of another request", reveal(&key, CONFIRM_INVITER, other.as_bytes()));
    let by_link = world.transcript("hushclip/1 pair-transcript", offer, &sign_pk, NAME.as_bytes());
    refused.add("reveal", "of a pairing by link", reveal(&key, CONFIRM_INVITER, by_link.as_bytes()));
}

fn welcomes(world: &mut World, offer: &[u8], reveal: &[u8], good: &[u8], refused: &mut Refused) {
    let (psk, box_pk) = (world.derive("hushclip/1 code-psk"), world.keys.box_pk());
    let key = world.pake().1;
    let transcript = world.transcript(TRANSCRIPT, offer, world.keys.sign_pk().as_bytes(), NAME.as_bytes());
    let transcript = transcript.as_bytes();
    let message = |label: &str, transcript: &[u8], confirmed: &[u8]| label::message(label, &[transcript, confirmed]);
    let confirmed = &reveal[..32];
    let info = message("hushclip/1 code-welcome", transcript, confirmed);
    let usual = codec::encode(&world.joined);
    let foreign = codec::encode(&Joined { account: AccountId::from_bytes([7; 32]), ..world.joined.clone() });
    let sealed = |(enc, sealed): ([u8; 32], Vec<u8>)| cbor::list(&[cbor::bytes(&enc), cbor::bytes(&sealed)]);
    let id = world.invite.as_bytes();
    let rng = &mut world.rng;
    let check = sealed(hpke::seal(&box_pk, Some((&psk, id)), &info, &[], &usual, rng));
    world.joiner.open_welcome(&world.keys, offer, reveal, &check).expect("opens");

    forms("welcome", good, refused);
    refused.add("welcome", "encapsulated key changed", flipped(good, 3));
    refused.add("welcome", "ciphertext changed", flipped(good, 40));
    refused.add("welcome", "tag changed", flipped(good, good.len() - 1));
    let stranger = DeviceKeys::make(rng).box_pk();
    let mut seal = |name: &str, to: &BoxPk, psk: Option<hpke::Psk<'_>>, info: &[u8], plain: &[u8]| {
        refused.add("welcome", name, sealed(hpke::seal(to, psk, info, &[], plain, rng)));
    };
    seal("another pre-shared key", &box_pk, Some((&[1; 32], id)), &info, &usual);
    seal("the unexpanded key as pre-shared key", &box_pk, Some((&key, id)), &info, &usual);
    seal("no pre-shared key", &box_pk, None, &info, &usual);
    seal("to another device", &stranger, Some((&psk, id)), &info, &usual);
    let wrong = message("hushclip/1 code-welcome", &flipped(transcript, 0), confirmed);
    seal("after another exchange", &box_pk, Some((&psk, id)), &wrong, &usual);
    let wrong = message("hushclip/1 code-welcome", transcript, &[0; 32]);
    seal("without the inviter's confirmation", &box_pk, Some((&psk, id)), &wrong, &usual);
    let wrong = message("hushclip/1 code-welcome", transcript, reveal);
    seal("with the whole reveal", &box_pk, Some((&psk, id)), &wrong, &usual);
    let wrong = message("hushclip/1 pair-welcome", transcript, confirmed);
    seal("sealed as after a link", &box_pk, Some((&psk, id)), &wrong, &usual);
    seal("into an account of another mailbox", &box_pk, Some((&psk, id)), &info, &foreign);
    seal("plaintext with a trailing byte", &box_pk, Some((&psk, id)), &info, &[&usual[..], &[0]].concat());
    seal("plaintext cut short", &box_pk, Some((&psk, id)), &info, &usual[..usual.len() - 1]);
    for (name, joined) in unfit(&world.joined) {
        seal(name, &box_pk, Some((&psk, id)), &info, &codec::encode(&joined));
    }
}
