//! How many invites a mailbox keeps, whatever its members do.

use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::make_genesis;
use hushclip_mailbox::{Event, Mailbox, MemoryStore, Peer, Reply, Store as _};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{Challenge, Hello, InviteNote, InviteStep, ToDevice, ToRelay};
use hushclip_protocol::ids::{ConnId, Hash, InviteId, Nonce, Signature};
use hushclip_protocol::log::Membership;
use hushclip_protocol::{VERSION, codec, limits};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

const HOST: &str = "relay";
const START: u64 = 1_000_000;

/// A mailbox with one member, who has signed in.
fn signed_in() -> (Mailbox<MemoryStore>, ConnId) {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let keys = DeviceKeys::make(&mut rng);
    let (genesis, _) = make_genesis(&keys, "Laptop", &mut rng).unwrap();
    let log = Membership::genesis(&genesis).unwrap();
    let mut store = MemoryStore::default();
    store.append_log(0, &genesis, &codec::encode(&log)).unwrap();
    let mut mailbox = Mailbox::restore(log.account().mailbox(), store, [], None).unwrap();
    let (conn, nonce) = (ConnId::from_bytes([1; 16]), Nonce::from_bytes([2; 32]));
    mailbox.handle(Event::Opened { conn, nonce, host: HOST.into(), peer: Peer::Local }, START);
    let hello = Hello {
        versions: vec![VERSION],
        account: log.account(),
        device: keys.device_id(),
        log_seq: 0,
        log_head: log.head(),
        anchors: Vec::new(),
        signature: Signature::from_bytes([0; 64]),
    };
    let challenge = Challenge { versions: vec![VERSION], nonce, conn };
    let bytes = ToRelay::Hello(keys.sign_in(HOST, &challenge, hello)).encode();
    mailbox.handle(Event::Frame { conn, bytes }, START);
    (mailbox, conn)
}

fn refused(replies: &[Reply]) -> Option<ErrorCode> {
    replies.iter().find_map(|reply| match reply {
        Reply::Send { frame, .. } => match ToDevice::decode(frame).unwrap() {
            ToDevice::Error { code, .. } => Some(code),
            _ => None,
        },
        _ => None,
    })
}

#[test]
fn welcomes_that_wait_for_their_joiners_are_bounded() {
    let (mut mailbox, conn) = signed_in();
    let mut opened = 0;
    for n in 0..200u8 {
        let now = START + u64::from(n) * 2_000;
        let invite = InviteId::from_bytes([n; 16]);
        let open = ToRelay::InviteOpen { invite, claim_hash: Hash::ZERO, offer: vec![1].into(), again: false };
        let answer = mailbox.handle(Event::Frame { conn, bytes: open.encode() }, now);
        match refused(&answer) {
            None => opened += 1,
            Some(code) => assert_eq!(code, ErrorCode::TooManyInvites),
        }
        // Over, as far as the inviter is concerned: the relay keeps the welcome for a day.
        let note = InviteNote { invite, step: InviteStep::Welcome, bytes: vec![1].into() };
        mailbox.handle(Event::Frame { conn, bytes: ToRelay::InviteNote(note).encode() }, now);
    }
    assert_eq!(opened, limits::DEVICES);
    assert_eq!(mailbox.store().invites().unwrap().len(), limits::DEVICES);
}
