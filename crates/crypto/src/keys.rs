//! A device's own keys: Ed25519 for signing (RFC 8032), X25519 for boxes (RFC 7748).

use ed25519_dalek::{Signer, SigningKey};
use hushclip_protocol::frame::{Challenge, Hello};
use hushclip_protocol::ids::{BoxPk, DeviceId, SignPk, Signature};
use hushclip_protocol::signin;
use rand_core::CryptoRng;

use crate::secret::secret_newtype;

secret_newtype!(
    /// Ed25519 seed.
    SignSeed
);
secret_newtype!(
    /// X25519 private key.
    BoxSk
);

/// The two key pairs of a device.
#[derive(Clone, Debug)]
pub struct DeviceKeys {
    sign: SignSeed,
    boxed: BoxSk,
    id: DeviceId,
}

impl DeviceKeys {
    /// Fresh keys.
    pub fn make(rng: &mut dyn CryptoRng) -> Self {
        Self::from_parts(SignSeed::make(rng), BoxSk::make(rng))
    }

    /// The keys of a device that has had no other box key.
    pub fn from_parts(sign: SignSeed, boxed: BoxSk) -> Self {
        let id = DeviceId::derive(&sign.derive_pk(), &boxed.derive_pk());
        Self { sign, boxed, id }
    }

    /// The keys of a device that is named by its first box key and may have another one by now.
    pub const fn from_saved(sign: SignSeed, boxed: BoxSk, id: DeviceId) -> Self {
        Self { sign, boxed, id }
    }

    /// The same device with another box key.
    #[must_use]
    pub fn with_box(&self, boxed: BoxSk) -> Self {
        Self { boxed, ..self.clone() }
    }

    /// The seed, to persist.
    pub const fn sign_seed(&self) -> &SignSeed {
        &self.sign
    }

    /// The box key, to persist or to open with.
    pub const fn box_sk(&self) -> &BoxSk {
        &self.boxed
    }

    /// Public signing key.
    pub fn sign_pk(&self) -> SignPk {
        self.sign.derive_pk()
    }

    /// Public box key.
    pub fn box_pk(&self) -> BoxPk {
        self.boxed.derive_pk()
    }

    /// The identifier derived from the signing key and the first box key.
    pub const fn device_id(&self) -> DeviceId {
        self.id
    }

    /// Signs a message, which must start with a label of its own.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature::from_bytes(self.sign.signing_key().sign(message).to_bytes())
    }

    /// Signs the answer to the relay's challenge. `host` as in [`signin::message`].
    pub fn sign_in(&self, host: &str, challenge: &Challenge, mut hello: Hello) -> Hello {
        hello.signature = self.sign(&signin::message(host, challenge, &hello));
        hello
    }
}

impl SignSeed {
    /// The public key that belongs to it.
    pub fn derive_pk(&self) -> SignPk {
        SignPk::from_bytes(self.signing_key().verifying_key().to_bytes())
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.0)
    }
}

impl BoxSk {
    /// The public key that belongs to it.
    pub fn derive_pk(&self) -> BoxPk {
        let secret = x25519_dalek::StaticSecret::from(self.0);
        BoxPk::from_bytes(x25519_dalek::PublicKey::from(&secret).to_bytes())
    }
}
