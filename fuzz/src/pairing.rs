//! Both sides of the pairing exchanges: any bytes in the place of each message. What is not the
//! message that the other side made must be refused.

use std::sync::LazyLock;

use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::pairing::{CodeInviter, CodeJoiner, Inviter, Joined, Joiner};
use hushclip_protocol::frame::Anchor;
use hushclip_protocol::ids::{AccountId, Hash};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::input::Input;

const ORIGIN: &str = "https://relay.test";
const HOST: &str = "relay.test";

/// One good exchange.
struct Exchange<I, J> {
    inviter: I,
    joiner: J,
    keys: DeviceKeys,
    /// Offer, request, reveal, welcome.
    messages: [Vec<u8>; 4],
}

static LINK: LazyLock<Exchange<Inviter, Joiner>> = LazyLock::new(|| {
    let mut rng = ChaCha20Rng::seed_from_u64(21);
    let inviter = Inviter::make(joined().account.mailbox(), &mut rng);
    let joiner = Joiner::make(&inviter.link(ORIGIN), "Phone", &mut rng);
    let keys = DeviceKeys::make(&mut rng);
    let offer = inviter.offer();
    let request = joiner.request(&keys, &offer, &mut rng).expect("a request");
    let opened = inviter.open_request(&request).expect("opens");
    let welcome = inviter.welcome(&opened, &joined(), &mut rng).expect("a welcome");
    let messages = [offer, request, inviter.reveal(), welcome];
    Exchange { inviter, joiner, keys, messages }
});

static CODE: LazyLock<Exchange<CodeInviter, CodeJoiner>> = LazyLock::new(|| {
    let mut rng = ChaCha20Rng::seed_from_u64(22);
    let inviter = CodeInviter::make(joined().account.mailbox(), HOST, 4, &mut rng);
    let joiner = CodeJoiner::make(inviter.code().clone(), ORIGIN, HOST, "Phone", &mut rng);
    let keys = DeviceKeys::make(&mut rng);
    let offer = inviter.offer();
    let request = joiner.request(&keys, &offer, &mut rng).expect("a request");
    let opened = inviter.open_request(&request).expect("opens");
    let reveal = inviter.reveal(&request, &opened).expect("a reveal");
    let welcome = inviter.welcome(&request, &opened, &joined(), &mut rng).expect("a welcome");
    Exchange { inviter, joiner, keys, messages: [offer, request, reveal, welcome] }
});

fn joined() -> Joined {
    Joined {
        account: AccountId::from_bytes([5; 32]),
        log_seq: 3,
        log_head: Hash::from_bytes([6; 32]),
        anchors: vec![Anchor { cursor: 8, mark: 9 }],
        older: Vec::new(),
        names: Vec::new(),
    }
}

/// The messages of a good exchange, as seeds: step, then the bytes.
pub(crate) fn seeds(by_code: bool) -> Vec<Vec<u8>> {
    let messages = if by_code { &CODE.messages } else { &LINK.messages };
    let raw = messages.iter().enumerate().map(|(step, bytes)| [&[step as u8], bytes.as_slice()].concat());
    raw.chain((4..8).map(|step| vec![step, 0, 0, 40, 4, 1])).collect()
}

/// The message that the input stands in for, and what stands there.
fn message(input: &mut Input, messages: &[Vec<u8>; 4]) -> (usize, Vec<u8>) {
    let choice = input.below(8);
    let step = choice % 4;
    if choice < 4 {
        return (step, input.rest().to_vec());
    }
    let mut bytes = messages[step].clone();
    input.mutate(&mut bytes);
    (step, bytes)
}

pub(crate) fn by_link(bytes: &[u8]) {
    let Exchange { inviter, joiner, keys, messages } = &*LINK;
    let (step, bytes) = message(&mut Input::new(bytes), messages);
    let [offer, _, reveal, welcome] = messages;
    let taken = match step {
        0 => joiner.request(keys, &bytes, &mut ChaCha20Rng::seed_from_u64(1)).is_ok(),
        1 => inviter.open_request(&bytes).is_ok(),
        2 => joiner.digits(keys, offer, &bytes).is_ok() || joiner.open_welcome(keys, offer, &bytes, welcome).is_ok(),
        _ => joiner.open_welcome(keys, offer, reveal, &bytes).is_ok(),
    };
    assert_eq!(taken, bytes == messages[step], "step {step}");
}

pub(crate) fn by_code(bytes: &[u8]) {
    let Exchange { inviter, joiner, keys, messages } = &*CODE;
    let (step, bytes) = message(&mut Input::new(bytes), messages);
    let [offer, _, reveal, _] = messages;
    let taken = match step {
        0 => {
            // An offer proves nothing by itself: whoever answers it only confirms to one who knows the words.
            let answer = joiner.request(keys, &bytes, &mut ChaCha20Rng::seed_from_u64(1));
            let _ = CodeJoiner::invite(&bytes);
            answer.is_ok_and(|answer| inviter.open_request(&answer).is_ok())
        }
        1 => inviter.open_request(&bytes).is_ok(),
        2 => joiner.check_reveal(keys, offer, &bytes).is_ok(),
        _ => joiner.open_welcome(keys, offer, reveal, &bytes).is_ok(),
    };
    assert_eq!(taken, bytes == messages[step], "step {step}");
}
