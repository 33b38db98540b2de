//! What guards the records: the vault key itself, or the vault key under a passphrase, together with
//! what must be known before anybody has typed it.

use hushclip_crypto::vault::{LockedKey, VaultKey};
use zeroize::Zeroizing;

use crate::idle::AutoLock;

const OPEN: u8 = 0;
const LOCKED: u8 = 1;

/// The form in which the vault key is stored.
pub(crate) enum Guard {
    /// As it is.
    Open(VaultKey),
    /// Under a passphrase.
    Locked {
        /// The bundle that the passphrase opens.
        key: LockedKey,
        /// It lies here because choosing it needs no passphrase.
        auto_lock: AutoLock,
    },
}

impl Guard {
    /// `0 ‖ key`, or `1 ‖ minutes(4) ‖ bundle`; 0 minutes for never.
    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Open(key) => [&[OPEN], key.expose().as_slice()].concat(),
            Self::Locked { key, auto_lock: AutoLock(minutes) } => {
                [&[LOCKED], minutes.unwrap_or(0).to_be_bytes().as_slice(), &key.encode()].concat()
            }
        })
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (&OPEN, key) => Some(Self::Open(VaultKey::from_bytes(key.try_into().ok()?))),
            (&LOCKED, rest) => {
                let (minutes, key) = rest.split_first_chunk()?;
                let key = LockedKey::decode(key).ok()?;
                let minutes = Some(u32::from_be_bytes(*minutes)).filter(|minutes| *minutes > 0);
                Some(Self::Locked { key, auto_lock: AutoLock(minutes) })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_core::UnwrapErr;

    use super::*;

    #[test]
    fn both_forms_come_back_and_nothing_else_is_taken() {
        let mut rng = UnwrapErr(getrandom::SysRng);
        let key = VaultKey::make(&mut rng);
        let open = Guard::Open(key.clone()).encode();
        assert!(matches!(Guard::decode(&open), Some(Guard::Open(back)) if back == key));

        let bundle = key.lock("correct horse", &mut rng).unwrap();
        let locked = Guard::Locked { key: bundle.clone(), auto_lock: AutoLock(Some(15)) }.encode();
        assert!(!locked.windows(32).any(|part| part == key.expose()), "the key itself is not in it");
        match Guard::decode(&locked) {
            Some(Guard::Locked { key, auto_lock }) => {
                assert_eq!((key, auto_lock), (bundle.clone(), AutoLock(Some(15))));
            }
            _ => panic!("it is locked"),
        }
        let never = Guard::Locked { key: bundle, auto_lock: AutoLock(None) }.encode();
        assert!(matches!(Guard::decode(&never), Some(Guard::Locked { auto_lock: AutoLock(None), .. })));

        for wrong in [&[], &open[..32], &[open.as_slice(), &[0]].concat(), &locked[..4], &[2; 33]] as [&[u8]; 5] {
            assert!(Guard::decode(wrong).is_none());
        }
    }
}
