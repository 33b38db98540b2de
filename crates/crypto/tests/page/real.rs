//! What the vectors hold, by the grammar of the page: also what the code reads without saying what it has read.

use hkdf::Hkdf;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, PskBundle, single_shot_open};
use hushclip_crypto::archive::Archive;
use hushclip_protocol::label;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::Sha256;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::grammar::Grammar;
use crate::reader::{Case, file};
use crate::value::{Leaf, Value, leaves};
use crate::{PAGE, hex};

/// Rules that this file compares.
pub(crate) const RULES: [&str; 7] =
    ["envelope", "link-offer", "link-request", "request", "code-offer", "code-request", "history-file"];

/// The bytes under a name.
fn part(leaves: &[Leaf], name: &str) -> String {
    match leaves.iter().find(|leaf| leaf.name == name).map(|leaf| &leaf.value) {
        Some(Value::Bytes(bytes)) => hex(bytes),
        Some(Value::Text(text)) => text.clone(),
        other => panic!("{name}: {other:?}"),
    }
}

fn assert_parts(leaves: &[Leaf], expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(part(leaves, name), *value, "{name}");
    }
}

#[test]
fn envelopes_and_entries() {
    let grammar = Grammar::of_page(PAGE);
    for case in file("envelope").list("accepted") {
        let found = leaves(&grammar, "envelope", &case.hex("envelope"));
        assert_parts(&found, &[("header", case.str("header")), ("sealed", case.str("sealed"))]);
        let header = leaves(&grammar, "header", &case.hex("header"));
        assert_parts(&header, &[("log_head", case.str("log_head")), ("item", case.str("item"))]);
        leaves(&grammar, "clip-body", &case.case("body").hex("encoded"));
    }
    for case in file("notes").list("notes") {
        let rule = ["clip-body", "tombstone", "state", "heartbeat", "", "payload-body"][case.number("kind") as usize];
        leaves(&grammar, "envelope", &case.hex("envelope"));
        leaves(&grammar, rule, &case.case("body").hex("encoded"));
    }
    for case in file("log").list("log").into_iter().chain([file("log").case("rekey")]) {
        let found = leaves(&grammar, "signed-entry", &case.hex("signed"));
        assert_parts(&found, &[("entry", case.str("entry")), ("sealed", case.str("list"))]);
    }
}

#[test]
fn pairing_by_link() {
    let grammar = Grammar::of_page(PAGE);
    let case = file("pairing").case("exchange");
    let offer = leaves(&grammar, "link-offer", &case.hex("offer"));
    assert_parts(&offer, &[("ephemeral", case.case("inviter").str("ephemeral_pk"))]);
    let nonce = case.case("inviter").hex("nonce");
    assert_parts(&offer, &[("commitment", &label::hash("hushclip/1 pair-nonce", &[&nonce]).to_hex())]);
    let request = leaves(&grammar, "link-request", &case.hex("request"));
    let psk = derive(&case.hex("invite"), &case.hex("secret"), "hushclip/1 invite-psk");
    let info = label::message("hushclip/1 pair-request", &[&case.hex("invite"), &case.hex("mailbox")]);
    assert_request(&grammar, &case, &request, &psk, &info);
    leaves(&grammar, "link-request", &case.hex("welcome"));
    leaves(&grammar, "joined", &case.hex("welcome_plain"));
}

#[test]
fn pairing_by_code() {
    let grammar = Grammar::of_page(PAGE);
    let case = file("pairing_code").case("exchange");
    let offer = leaves(&grammar, "code-offer", &case.hex("offer"));
    let (inviter, joiner) = (case.case("inviter"), case.case("joiner"));
    assert_parts(&offer, &[("invite", case.str("invite"))]);
    assert_parts(&offer, &[("pake", inviter.str("pake")), ("ephemeral", inviter.str("ephemeral_pk"))]);
    let request = leaves(&grammar, "code-request", &case.hex("request"));
    assert_parts(&request, &[("pake", joiner.str("pake"))]);
    let info = label::message("hushclip/1 code-request", &[&case.hex("invite")]);
    assert_request(&grammar, &case, &request, &case.array("psk"), &info);
    leaves(&grammar, "joined", &case.hex("welcome_plain"));
}

/// Opens a request, and looks at what is in it.
fn assert_request(grammar: &Grammar, case: &Case, sealed: &[Leaf], psk: &[u8; 32], info: &[u8]) {
    let (invite, offer) = (case.hex("invite"), case.hex("offer"));
    let bytes = |name: &str| base16ct::lower::decode_vec(part(sealed, name).as_bytes()).expect("hexadecimal");
    let key =
        <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(&case.case("inviter").hex("ephemeral_sk")).expect("a key");
    let enc = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&bytes("enc")).expect("a key");
    let mode = OpModeR::Psk(PskBundle::new(psk, &invite).expect("a key"));
    let plain = single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &mode,
        &key,
        &enc,
        info,
        &bytes("sealed"),
        &offer,
    );
    let joiner = case.case("joiner");
    let plain = plain.expect("it opens");
    assert_eq!(hex(&plain), case.str("request_plain"));
    let found = leaves(grammar, "request", &plain);
    assert_parts(&found, &[("sign_pk", joiner.str("sign_pk")), ("box_pk", joiner.str("box_pk"))]);
    assert_parts(&found, &[("nonce", joiner.str("nonce")), ("proof", case.str("proof"))]);
    assert_parts(&found, &[("name", joiner.str("name"))]);
}

fn derive(salt: &[u8], secret: &[u8], label: &str) -> [u8; 32] {
    let mut out = [0; 32];
    Hkdf::<Sha256>::new(Some(salt), secret).expand(label.as_bytes(), &mut out).expect("32 bytes");
    out
}

#[test]
fn a_history_in_a_file() {
    let grammar = Grammar::of_page(PAGE);
    let archive = Archive { at_ms: 1, clips: Vec::new() };
    let made = archive.seal("four words and more", &mut ChaCha20Rng::seed_from_u64(1)).expect("a file");
    let rest = made.strip_prefix(b"hushclip/1 history\n").expect("the page's first line");
    leaves(&grammar, "history-file", rest);
}
