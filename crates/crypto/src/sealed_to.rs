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

/// Seals `plain` to `recipient`. Fails only for a public key that is no point of large order.
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
