//! What mutation testing found missing: the edges of bounds, and bytes that must not drift.

use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::pairing::{Code, CodeError, CodeInviter, CodeJoiner};
use hushclip_crypto::vault::{LockError, LockedKey, PASSPHRASE_CHARS, UnlockError, VaultKey};
use hushclip_protocol::ids::MailboxId;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// `[1, [65536, 3, 1], …`: 64 MiB, three passes, one lane.
const START: [u8; 9] = [0x85, 1, 0x83, 0x1a, 0, 1, 0, 0, 3];
const PASSES: usize = 8;
const LANES: usize = 9;

fn locked() -> (VaultKey, Vec<u8>) {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let key = VaultKey::make(&mut rng);
    assert_eq!(PASSPHRASE_CHARS, 8);
    assert!(matches!(key.lock("1234567", &mut rng), Err(LockError::TooShort)));
    let bytes = key.lock("12345678", &mut rng).unwrap().encode();
    (key, bytes)
}

fn unlock(bytes: &[u8]) -> Result<VaultKey, UnlockError> {
    LockedKey::decode(bytes)?.unlock("12345678")
}

#[test]
fn a_locked_key_costs_what_it_should_and_neither_less_nor_too_much() {
    let (key, bytes) = locked();
    assert_eq!((&bytes[..9], bytes[LANES]), (&START[..], 1));
    assert!(unlock(&bytes).unwrap() == key);
    let changed = |at: usize, value: u8| {
        let mut changed = bytes.clone();
        changed[at] = value;
        unlock(&changed)
    };
    for (at, value) in [(PASSES, 2), (PASSES, 17), (LANES, 0), (LANES, 5)] {
        assert!(matches!(changed(at, value), Err(UnlockError::Damaged)), "byte {at}: {value}");
    }
    // The most that is allowed is tried, and gives another key.
    assert!(matches!(changed(LANES, 4), Err(UnlockError::WrongPassphrase)));
    assert!(matches!(changed(PASSES, 16), Err(UnlockError::WrongPassphrase)));
    // One KiB less than 64 MiB; one more than a GiB.
    for m_kib in [&[0x19, 0xff, 0xff][..], &[0x1a, 0, 0x10, 0, 1]] {
        let mut changed = bytes.clone();
        changed.splice(3..8, m_kib.iter().copied());
        assert!(matches!(unlock(&changed), Err(UnlockError::Damaged)), "{m_kib:02x?}");
    }
}

#[test]
fn a_word_that_no_code_has_is_named_but_not_at_any_length() {
    let Err(CodeError::UnknownWord(word)) = Code::parse(&format!("4-purple-{}", "x".repeat(40))) else {
        panic!("no code has that word")
    };
    assert_eq!(word, "x".repeat(18));
}

#[test]
fn a_joiner_by_code_knows_where_it_goes_and_nobody_prints_the_words() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let inviter = CodeInviter::make(MailboxId::from_bytes([1; 16]), "relay.example", 17, &mut rng);
    let (code, relay) = (inviter.code().clone(), "https://relay.example");
    let shown = format!("{inviter:?}");
    assert!(shown.starts_with("CodeInviter(") && !shown.contains(&code.words), "{shown}");
    let joiner = CodeJoiner::make(code.clone(), relay, "relay.example", "Phone", &mut rng);
    assert_eq!((joiner.nameplate(), joiner.relay()), (17, relay));
    let shown = format!("{joiner:?}");
    assert!(!shown.is_empty() && !shown.contains(&code.words), "{shown}");
}

// Without fresh randomness the message of the PAKE would give the words away to whoever tries them all.
#[test]
fn two_answers_to_the_same_code_share_no_pake_message() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let inviter = CodeInviter::make(MailboxId::from_bytes([1; 16]), "relay.example", 17, &mut rng);
    let keys = DeviceKeys::make(&mut rng);
    let [one, two] = [(); 2].map(|()| {
        let code = inviter.code().clone();
        let joiner = CodeJoiner::make(code, "https://relay.example", "relay.example", "Phone", &mut rng);
        joiner.request(&keys, &inviter.offer(), &mut rng).unwrap()
    });
    // `[PAKE message, …`: an array of three, a byte string of 33.
    assert_eq!((&one[..3], &two[..3]), (&[0x83, 0x58, 33][..], &[0x83, 0x58, 33][..]));
    assert_ne!(one[3..36], two[3..36]);
}
