//! Fixed-size identifiers and public keys. None of them is secret.

use core::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::label;

macro_rules! bytes_newtype {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Wraps raw bytes.
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Parses lower-case hexadecimal of exactly the right length.
            pub fn from_hex(hex: &str) -> Option<Self> {
                let mut bytes = [0; $len];
                let decoded = base16ct::lower::decode(hex, &mut bytes).ok()?.len();
                (decoded == $len).then_some(Self(bytes))
            }

            /// Lower-case hexadecimal.
            pub fn to_hex(&self) -> String {
                base16ct::lower::encode_string(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({}…)", stringify!($name), &self.to_hex()[..8])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.to_hex())
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: encode::Write>(
                &self,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                let bytes = d.bytes()?;
                let bytes = bytes
                    .try_into()
                    .map_err(|_| decode::Error::message("wrong length").at(d.position()))?;
                Ok(Self(bytes))
            }
        }
    };
}

bytes_newtype!(
    /// SHA-256 of a device's public keys, truncated to 16 bytes. See [`DeviceId::derive`].
    DeviceId, 16
);
bytes_newtype!(
    /// Hash of the account's first log entry: self-certifying.
    AccountId, 32
);
bytes_newtype!(
    /// The first half of an [`AccountId`]: names the mailbox at the relay, and is part of links.
    MailboxId, 16
);
bytes_newtype!(
    /// Random name of an item, chosen by its sender.
    ItemId, 16
);
bytes_newtype!(
    /// Random name of an invite.
    InviteId, 16
);
bytes_newtype!(
    /// Random name of one connection, chosen by the relay.
    ConnId, 16
);
bytes_newtype!(
    /// Random single-use value in the relay's challenge.
    Nonce, 32
);
bytes_newtype!(
    /// A SHA-256 hash.
    Hash, 32
);
bytes_newtype!(
    /// What a joiner shows to claim an invite; derived from the invite's secret.
    Claim, 32
);
bytes_newtype!(
    /// Random value that identifies a joiner when it reconnects.
    JoinToken, 16
);
bytes_newtype!(
    /// Ed25519 public key (RFC 8032).
    SignPk, 32
);
bytes_newtype!(
    /// X25519 public key (RFC 7748).
    BoxPk, 32
);
bytes_newtype!(
    /// HPKE encapsulated key (RFC 9180), an ephemeral X25519 public key.
    Encapsulated, 32
);
bytes_newtype!(
    /// An epoch secret sealed to one device: 32 bytes and the AEAD tag.
    SealedSecret, 48
);
bytes_newtype!(
    /// Ed25519 signature.
    Signature, 64
);

impl DeviceId {
    /// `SHA-256("hushclip/1 device" ‖ 0 ‖ sign_pk ‖ box_pk)[..16]`.
    pub fn derive(sign_pk: &SignPk, box_pk: &BoxPk) -> Self {
        let hash = label::hash(label::DEVICE, &[sign_pk.as_bytes(), box_pk.as_bytes()]);
        Self(first_half(hash.as_bytes()))
    }
}

impl BoxPk {
    /// Whether this is one of the points whose order divides 8 (RFC 7748 §6.1): a shared secret with
    /// it is all zeros, so nothing can be sealed to it. Any encoding that X25519 reads as such a point counts.
    pub fn is_low_order(&self) -> bool {
        let mut point = self.0;
        point[31] &= 0x7f;
        LOW_ORDER.contains(&point)
    }
}

impl AccountId {
    /// Takes the identifier's place in the first log entry, whose hash the identifier is.
    pub const ZERO: Self = Self([0; 32]);

    /// The mailbox of this account.
    pub fn mailbox(&self) -> MailboxId {
        MailboxId(first_half(&self.0))
    }
}

impl Hash {
    /// Stands for "no entry before this one".
    pub const ZERO: Self = Self([0; 32]);
}

/// The u-coordinates of low order on Curve25519 and its twist, in every encoding below 2²⁵⁵:
/// 0, 1, two of order 8, p - 1, p, p + 1.
const LOW_ORDER: [[u8; 32]; 7] = [
    edges(0x00, 0x00, 0x00),
    edges(0x01, 0x00, 0x00),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
        0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    edges(0xec, 0xff, 0x7f),
    edges(0xed, 0xff, 0x7f),
    edges(0xee, 0xff, 0x7f),
];

const fn edges(first: u8, between: u8, last: u8) -> [u8; 32] {
    let mut bytes = [between; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

fn first_half(bytes: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&bytes[..16]);
    half
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn hex_is_strict() {
        let id = ItemId::from_bytes([0xab; 16]);
        assert_eq!(ItemId::from_hex(&id.to_hex()), Some(id));
        assert_eq!(ItemId::from_hex(&id.to_hex().to_uppercase()), None);
        assert_eq!(ItemId::from_hex("abab"), None);
        assert_eq!(ItemId::from_hex("é"), None);
    }
}
