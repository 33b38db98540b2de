//! Pairing by typed code, from offer to welcome, and everything that must end it.

use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::pairing::{Code, CodeInviter, CodeJoiner, Joined, Named, OlderEpoch};
use hushclip_protocol::frame::Anchor;
use hushclip_protocol::ids::{AccountId, DeviceId, Hash};
use hushclip_protocol::limits;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const HOST: &str = "relay.example";

struct Pair {
    inviter: CodeInviter,
    joiner: CodeJoiner,
    keys: DeviceKeys,
    rng: ChaCha20Rng,
}

fn account() -> AccountId {
    AccountId::from_bytes([5; 32])
}

fn pair(change: impl FnOnce(&mut Code), host: &str) -> Pair {
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    let inviter = CodeInviter::make(account().mailbox(), HOST, 4, &mut rng);
    let mut code = inviter.code().clone();
    change(&mut code);
    let joiner = CodeJoiner::make(code, "https://relay.example", host, "Phone", &mut rng);
    Pair { inviter, joiner, keys: DeviceKeys::make(&mut rng), rng }
}

fn joined() -> Joined {
    Joined {
        account: account(),
        log_seq: 3,
        log_head: Hash::from_bytes([1; 32]),
        anchors: vec![Anchor { cursor: 9, mark: 1 }],
        older: Vec::new(),
        names: Vec::new(),
    }
}

#[test]
fn a_code_pairs() {
    let Pair { inviter, joiner, keys, mut rng } = pair(|_| {}, "Relay.Example");
    let offer = inviter.offer();
    assert_eq!(CodeJoiner::invite(&offer), Ok(inviter.invite()));
    let request = joiner.request(&keys, &offer, &mut rng).unwrap();
    let opened = inviter.open_request(&request).unwrap();
    assert_eq!((opened.name.as_str(), opened.device_id()), ("Phone", keys.device_id()));
    let reveal = inviter.reveal(&request, &opened).unwrap();
    assert_eq!(joiner.check_reveal(&keys, &offer, &reveal), Ok(()));
    assert_eq!(CodeJoiner::mailbox(&reveal), Ok(account().mailbox()));
    let welcome = inviter.welcome(&request, &opened, &joined(), &mut rng).unwrap();
    assert_eq!(joiner.open_welcome(&keys, &offer, &reveal, &welcome).unwrap().anchors[0].cursor, 9);
    // All of it survives a restart: the same request is opened again, another one of the same joiner too.
    assert_eq!(inviter.open_request(&request).unwrap(), opened);
    let again = joiner.request(&keys, &offer, &mut rng).unwrap();
    assert_eq!(inviter.open_request(&again).unwrap(), opened);
    for name in ["Inviter", "Joiner"] {
        assert!(!format!("{inviter:?} {joiner:?} {name}").contains(&inviter.code().words));
    }
}

#[test]
fn an_offer_does_not_say_whose_it_is() {
    let Pair { inviter, .. } = pair(|_| {}, HOST);
    assert!(!inviter.offer().windows(8).any(|bytes| *bytes == account().mailbox().as_bytes()[..8]));
}

#[test]
fn other_words_another_nameplate_or_relay_are_refused() {
    let other_words = |code: &mut Code| code.words = "abacus-zoom".into();
    let other_plate = |code: &mut Code| code.nameplate = 5;
    for Pair { inviter, joiner, keys, mut rng } in [
        pair(other_words, HOST),
        pair(other_plate, HOST),
        pair(|_| {}, "relay.evil"),
        pair(|_| {}, "relay.example:444"),
    ] {
        let request = joiner.request(&keys, &inviter.offer(), &mut rng).unwrap();
        assert!(inviter.open_request(&request).is_err());
    }
}

#[test]
fn every_changed_bit_is_noticed() {
    let Pair { inviter, joiner, keys, mut rng } = pair(|_| {}, HOST);
    let offer = inviter.offer();
    let request = joiner.request(&keys, &offer, &mut rng).unwrap();
    let opened = inviter.open_request(&request).unwrap();
    let reveal = inviter.reveal(&request, &opened).unwrap();
    let welcome = inviter.welcome(&request, &opened, &joined(), &mut rng).unwrap();
    for at in 0..offer.len() {
        let mut bad = offer.clone();
        bad[at] ^= 1;
        let answered = joiner.request(&keys, &bad, &mut rng);
        assert!(answered.is_err() || inviter.open_request(&answered.unwrap()).is_err(), "offer, byte {at}");
        assert!(joiner.check_reveal(&keys, &bad, &reveal).is_err(), "offer at the reveal, byte {at}");
    }
    for at in 0..request.len() {
        let mut bad = request.clone();
        bad[at] ^= 1;
        assert!(inviter.open_request(&bad).is_err(), "request, byte {at}");
    }
    for at in 0..reveal.len() {
        let mut bad = reveal.clone();
        bad[at] ^= 1;
        assert!(joiner.check_reveal(&keys, &offer, &bad).is_err(), "reveal, byte {at}");
        assert!(joiner.open_welcome(&keys, &offer, &bad, &welcome).is_err());
    }
    for at in 0..welcome.len() {
        let mut bad = welcome.clone();
        bad[at] ^= 1;
        assert!(joiner.open_welcome(&keys, &offer, &reveal, &bad).is_err(), "welcome, byte {at}");
    }
}

#[test]
fn nobody_in_the_middle_can_confirm() {
    let Pair { inviter, joiner, keys, mut rng } = pair(|_| {}, HOST);
    // The relay answers the joiner itself, with words it guessed.
    let middle = CodeInviter::make(account().mailbox(), HOST, 4, &mut rng);
    let request = joiner.request(&keys, &middle.offer(), &mut rng).unwrap();
    assert!(middle.open_request(&request).is_err(), "it learns nothing of the request");
    assert!(inviter.open_request(&request).is_err(), "and cannot pass it on");
    // A request for one invite is worthless for another one of the same words.
    let first = joiner.request(&keys, &inviter.offer(), &mut rng).unwrap();
    assert!(inviter.open_request(&first[..first.len() - 1]).is_err());
    assert!(middle.open_request(&first).is_err());
}

// As much as a device ever hands over: 96 epochs and the longest names of 32 devices.
#[test]
fn the_longest_welcome_fits() {
    let Pair { inviter, joiner, keys, mut rng } = pair(|_| {}, HOST);
    let offer = inviter.offer();
    let request = joiner.request(&keys, &offer, &mut rng).unwrap();
    let opened = inviter.open_request(&request).unwrap();
    let reveal = inviter.reveal(&request, &opened).unwrap();
    let older: Vec<_> =
        (0..96).map(|n| OlderEpoch { epoch: u64::MAX - 1 - n, secret: EpochSecret::make(&mut rng) }).collect();
    let device = |n| DeviceId::from_bytes([n; 16]);
    let names = (0..32).map(|n| Named { device: device(n), name: "n".repeat(limits::NAME_BYTES) }).collect();
    let all = Joined {
        log_seq: u64::MAX,
        anchors: (0..4).map(|n| Anchor { cursor: u64::MAX - 3 + n, mark: u64::MAX }).collect(),
        older,
        names,
        ..joined()
    };
    let welcome = inviter.welcome(&request, &opened, &all, &mut rng).unwrap();
    assert_eq!(joiner.open_welcome(&keys, &offer, &reveal, &welcome).unwrap().older.len(), 96);
}

#[test]
fn a_welcome_to_another_account_is_refused() {
    let Pair { inviter, joiner, keys, mut rng } = pair(|_| {}, HOST);
    let offer = inviter.offer();
    let request = joiner.request(&keys, &offer, &mut rng).unwrap();
    let opened = inviter.open_request(&request).unwrap();
    let reveal = inviter.reveal(&request, &opened).unwrap();
    let elsewhere = Joined { account: AccountId::from_bytes([6; 32]), ..joined() };
    let welcome = inviter.welcome(&request, &opened, &elsewhere, &mut rng).unwrap();
    assert!(joiner.open_welcome(&keys, &offer, &reveal, &welcome).is_err());
    let to_another = DeviceKeys::make(&mut rng);
    let welcome = inviter.welcome(&request, &opened, &joined(), &mut rng).unwrap();
    assert!(joiner.open_welcome(&to_another, &offer, &reveal, &welcome).is_err());
}
