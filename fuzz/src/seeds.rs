//! What a search starts from: honest bytes for the decoders, a walk through the choices for the rest.

use hushclip_crypto::archive::{Archive, ArchivedClip};
use hushclip_crypto::body::{ClipBody, Gone, Heartbeat, Part, Pin, State, TEXT, Tombstone};
use hushclip_crypto::vault::VaultKey;
use hushclip_mailbox::{Event, Mailbox, MemoryStore, Peer, Reply};
use hushclip_protocol::codec;
use hushclip_protocol::frame::{Capabilities, Challenge, Delivered, InviteNote, InviteStep, Place, ToDevice, ToRelay};
use hushclip_protocol::ids::{Claim, ConnId, DeviceId, Hash, InviteId, ItemId, JoinToken, MailboxId, Nonce};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::account::ACCOUNT;
use crate::pairing;
use crate::scenes::SCENES;

/// The seeds of a target.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let chain = &ACCOUNT.chain;
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    match target {
        "to_relay" => to_relay().iter().map(ToRelay::encode).collect(),
        "to_device" => to_device(),
        "entry" => chain.iter().map(|signed| signed.entry.to_vec()).collect(),
        "sealed_list" => chain.iter().map(|signed| signed.sealed.to_vec()).collect(),
        "signed_entry" => chain.iter().map(codec::encode).collect(),
        "envelope" => envelopes(),
        "clip_body" => {
            let body =
                |file_name: &str, parts| ClipBody { at_ms: 1 << 40, flags: 5, file_name: file_name.into(), parts };
            let (text, html) = (Part::new(TEXT, "hi"), Part::new("text/html", "<b>hi"));
            vec![codec::encode(&body("", vec![text.clone()])), codec::encode(&body("a.txt", vec![text, html]))]
        }
        "tombstone" => {
            let never_sent = Gone { device: device(), counter: 9, item: item(), text: None };
            let deleted = Gone { text: Some(Hash::ZERO), ..never_sent.clone() };
            let pins = vec![Pin { item: item(), pinned: true }];
            vec![
                codec::encode(&Tombstone { at_ms: 5, gone: vec![never_sent, deleted] }),
                codec::encode(&Heartbeat { at_ms: 5 }),
                codec::encode(&State { at_ms: 5, pins, capabilities: Some(Capabilities(5)) }),
            ]
        }
        "archive" => {
            let clip = |html| ArchivedClip {
                item: item(),
                at_ms: 4,
                device: "Desk".into(),
                text: "hi".into(),
                html,
                pinned: false,
            };
            vec![codec::encode(&Archive { at_ms: 5, clips: vec![clip(None), clip(Some("<b>hi".into()))] })]
        }
        "link" => {
            let links = SCENES.iter().flat_map(|scene| &scene.invitations).filter(|text| text.contains('#'));
            links.map(|link| link.clone().into_bytes()).collect()
        }
        "code" => texts(&["4-purple-cactus", " 17 ZOOM, abacus\n", "9999-yo-yo", "0-a-b"]),
        "session" => session(),
        "locked_key" => {
            let mut rng = ChaCha20Rng::seed_from_u64(51);
            let key = VaultKey::make(&mut rng);
            let locked = key.lock("a long passphrase", &mut rng).ok().map(|locked| locked.encode());
            locked.into_iter().chain([key.seal("account", b"value", &mut rng)]).collect()
        }
        "pairing" => pairing::seeds(false),
        "pairing_code" => pairing::seeds(true),
        _ => walks(),
    }
}

/// Choices with some order to them: every first choice, followed by a ramp.
fn walks() -> Vec<Vec<u8>> {
    let ramp = |step: u8| (0..120u8).map(move |n| n.wrapping_mul(step).wrapping_add(step >> 2));
    let calm = |first: u8| [vec![first], vec![6; 20]].concat();
    (0..8u8).flat_map(|first| [calm(first), [first].into_iter().chain(ramp(2 * first + 5)).collect()]).collect()
}

fn device() -> DeviceId {
    ACCOUNT.devices[0].device_id()
}

fn item() -> ItemId {
    ItemId::from_bytes([4; 16])
}

/// The envelopes that a mailbox of the scenes has handed out.
fn envelopes() -> Vec<Vec<u8>> {
    let heard = SCENES.iter().flat_map(|scene| &scene.heard).filter_map(|frame| ToDevice::decode(frame).ok());
    heard
        .filter_map(|frame| if let ToDevice::Item(item) = frame { Some(item.envelope.to_vec()) } else { None })
        .collect()
}

fn to_device() -> Vec<Vec<u8>> {
    let invite = InviteId::from_bytes([1; 16]);
    let delivered = ToDevice::Delivered(Delivered { device: device(), cursor: 3 });
    let challenge = Challenge { versions: vec![1, 2], nonce: Nonce::from_bytes([2; 32]), conn: conn() };
    let made = [
        delivered,
        ToDevice::Challenge(challenge),
        ToDevice::InviteEnded { invite },
        ToDevice::Registered { log_seq: 3, log_head: Hash::from_bytes([1; 32]) },
    ];
    // One of each kind is enough: the shortest.
    let mut all: Vec<Vec<u8>> = SCENES.iter().flat_map(|scene| scene.heard.clone()).collect();
    all.extend(made.iter().map(ToDevice::encode));
    all.sort_by_key(|frame| (frame.get(1).copied(), frame.len()));
    all.dedup_by_key(|frame| frame.get(1).copied());
    all
}

fn to_relay() -> Vec<ToRelay> {
    let (invite, token) = (InviteId::from_bytes([1; 16]), JoinToken::from_bytes([2; 16]));
    let offer = || vec![1, 2, 3].into();
    vec![
        ToRelay::Register { entry: ACCOUNT.chain[0].clone(), token: String::new() },
        ToRelay::Claim { versions: vec![1], invite, claim: Claim::from_bytes([3; 32]), token },
        ToRelay::Push { after: 300, envelope: offer() },
        ToRelay::Pull { after: 70_000, limit: 100 },
        ToRelay::Ack { cursor: 1 << 40 },
        ToRelay::LogAppend(ACCOUNT.chain[3].clone()),
        ToRelay::LogPull { from: 2 },
        ToRelay::InviteOpen { invite, claim_hash: Hash::ZERO, offer: offer(), again: true },
        ToRelay::InviteCancel { invite },
        ToRelay::InviteNote(InviteNote { invite, step: InviteStep::Reveal, bytes: offer() }),
        ToRelay::CodeOpen { invite, nameplate: 4, offer: offer(), again: false },
        ToRelay::CodeClaim { versions: vec![1], nameplate: 9999, token },
        ToRelay::Delete { after: 300, envelope: offer(), places: vec![Place { cursor: 7, item: item() }] },
    ]
}

fn conn() -> ConnId {
    ConnId::from_bytes([7; 16])
}

fn session() -> Vec<Vec<u8>> {
    let store = MemoryStore::default();
    let mut mailbox = Mailbox::restore(MailboxId::from_bytes([0; 16]), store, [], None).expect("memory");
    let opened =
        Event::Opened { conn: conn(), nonce: Nonce::from_bytes([2; 32]), host: "relay.test".into(), peer: Peer::Local };
    let replies = mailbox.handle(opened, 1_800_000_000_000);
    replies
        .into_iter()
        .filter_map(|reply| if let Reply::Attach { session, .. } = reply { Some(session) } else { None })
        .collect()
}
