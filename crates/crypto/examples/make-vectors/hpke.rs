//! HPKE straight from its library, in order to seal what our own functions would not.

use ::hpke::aead::ChaCha20Poly1305;
use ::hpke::kdf::HkdfSha256;
use ::hpke::kem::X25519HkdfSha256;
use ::hpke::{Deserializable, Kem, OpModeS, PskBundle, Serializable, single_shot_seal_with_rng};
use hushclip_protocol::ids::BoxPk;
use rand_chacha::ChaCha20Rng;

/// A pre-shared key and its name.
pub(crate) type Psk<'a> = (&'a [u8], &'a [u8]);

/// Seals in Base mode, or in PSK mode if there is one.
pub(crate) fn seal(
    to: &BoxPk,
    psk: Option<Psk<'_>>,
    info: &[u8],
    aad: &[u8],
    plain: &[u8],
    rng: &mut ChaCha20Rng,
) -> ([u8; 32], Vec<u8>) {
    let to = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(to.as_bytes()).expect("a public key");
    let mode = psk.map_or(OpModeS::Base, |(key, id)| OpModeS::Psk(PskBundle::new(key, id).expect("a key")));
    let (enc, sealed) =
        single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(&mode, &to, info, plain, aad, rng)
            .expect("sealing");
    (enc.to_bytes().into(), sealed)
}
