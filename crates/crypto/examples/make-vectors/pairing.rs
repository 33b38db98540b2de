//! `pairing.json`: links, and one exchange from offer to welcome with everything in between.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::{BoxSk, DeviceKeys};
use hushclip_crypto::pairing::{InviteSecret, Inviter, JoinRequest, Joined, Joiner, Link, Named, OlderEpoch};
use hushclip_protocol::codec;
use hushclip_protocol::frame::Anchor;
use hushclip_protocol::ids::{AccountId, Hash, InviteId, JoinToken, MailboxId};
use minicbor::bytes::ByteArray;
use rand_chacha::ChaCha20Rng;
use serde_json::{Value, json};

use crate::cbor;
use crate::epoch::random;
use crate::out::{File, anchors, hex, rng};
use crate::pairing_refused;

/// What an [`Inviter`] remembers, in its own order.
pub(crate) type InviterState = (InviteId, InviteSecret, BoxSk, ByteArray<32>, MailboxId);
/// What a [`Joiner`] remembers, in its own order.
pub(crate) type JoinerState = (InviteId, InviteSecret, MailboxId, String, JoinToken, ByteArray<32>, String);

/// One exchange.
pub(crate) struct World {
    pub(crate) account: AccountId,
    pub(crate) inviter: Inviter,
    pub(crate) joiner: Joiner,
    /// The joining device's.
    pub(crate) keys: DeviceKeys,
    pub(crate) joined: Joined,
    pub(crate) rng: ChaCha20Rng,
}

impl World {
    fn new() -> Self {
        let mut rng = rng("pairing");
        let account = AccountId::from_bytes(random(&mut rng));
        let inviter = Inviter::make(account.mailbox(), &mut rng);
        let joiner = Joiner::make(&inviter.link("https://clip.example"), "Phone of Zoë", &mut rng);
        let keys = DeviceKeys::make(&mut rng);
        let older = OlderEpoch { epoch: 4, secret: EpochSecret::make(&mut rng) };
        let named = Named { device: keys.device_id(), name: "Phone of Zoë".into() };
        let log_head = Hash::from_bytes(random(&mut rng));
        let handed_over = Joined {
            account,
            log_seq: 5,
            log_head,
            anchors: vec![Anchor { cursor: 99, mark: 7 }],
            older: vec![older],
            names: vec![named],
        };
        Self { account, inviter, joiner, keys, joined: handed_over, rng }
    }

    pub(crate) fn inviter_state(&self) -> InviterState {
        codec::decode(&codec::encode(&self.inviter), 1024).expect("five fields")
    }

    pub(crate) fn joiner_state(&self) -> JoinerState {
        codec::decode(&codec::encode(&self.joiner), 1024).expect("seven fields")
    }
}

/// Makes the file.
pub(crate) fn make() -> File {
    let mut world = World::new();
    let (invite, secret, ephemeral, nonce, mailbox) = world.inviter_state();
    let joiner = world.joiner_state();
    let offer = world.inviter.offer();
    let request = world.joiner.request(&world.keys, &offer, &mut world.rng).expect("a request");
    let opened = world.inviter.open_request(&request).expect("opens");
    let reveal = world.inviter.reveal();
    let digits = world.inviter.digits(&opened);
    let welcome = world.inviter.welcome(&opened, &world.joined, &mut world.rng).expect("a welcome");
    let link = world.inviter.link("https://clip.example");
    let handed_over = &world.joined;
    let exchange = json!({
        "account": world.account.to_hex(),
        "mailbox": mailbox.to_hex(),
        "invite": invite.to_hex(),
        "secret": hex(secret.expose()),
        "link": link.to_url("https://clip.example"),
        "claim": world.joiner.claim().to_hex(),
        "claim_hash": world.inviter.claim_hash().to_hex(),
        "inviter": { "ephemeral_sk": hex(ephemeral.expose()), "ephemeral_pk": ephemeral.derive_pk().to_hex(), "nonce": hex(&nonce[..]) },
        "joiner": {
            "sign_seed": hex(world.keys.sign_seed().expose()),
            "box_sk": hex(world.keys.box_sk().expose()),
            "sign_pk": world.keys.sign_pk().to_hex(),
            "box_pk": world.keys.box_pk().to_hex(),
            "relay": joiner.3,
            "token": joiner.4.to_hex(),
            "nonce": hex(&joiner.5[..]),
            "name": joiner.6,
        },
        "offer": hex(&offer),
        "request": hex(&request),
        "request_plain": hex(request_plain(&world.keys, &joiner.5, &opened)),
        "transcript": opened.transcript.to_hex(),
        "proof": opened.proof.to_hex(),
        "reveal": hex(&reveal),
        "digits": digits.as_str(),
        "welcome": hex(&welcome),
        "welcome_plain": hex(codec::encode(handed_over)),
        "joined": {
            "log_seq": handed_over.log_seq.to_string(),
            "log_head": handed_over.log_head.to_hex(),
            "anchors": anchors(&handed_over.anchors),
            "older": [{ "epoch": handed_over.older[0].epoch.to_string(), "secret": hex(handed_over.older[0].secret.expose()) }],
            "names": [{ "device": handed_over.names[0].device.to_hex(), "name": handed_over.names[0].name }],
        },
    });
    let digits = digit_cases(&mut world);
    let refused = pairing_refused::make(&mut world, &offer, &request, &welcome);
    File::new(&[
        "`exchange` is one pairing, with every private value of both sides.",
        "Each entry of `refused` stands in for one message of it: offer, request, reveal or welcome.",
        "`digits` are derived from other transcripts and nonces: two that differ in a bit agree one time in a million.",
    ])
    .with("links", links(&mut world))
    .with("refused_links", refused_links(&mut world))
    .with("exchange", exchange)
    .with("digits", digits)
    .with("refused", refused)
}

/// What a joiner seals.
pub(crate) fn request_plain(keys: &DeviceKeys, nonce: &[u8; 32], opened: &JoinRequest) -> Vec<u8> {
    let (sign_pk, box_pk) = (keys.sign_pk(), keys.box_pk());
    let parts: [&[u8]; 4] = [sign_pk.as_bytes(), box_pk.as_bytes(), nonce, opened.proof.as_bytes()];
    let name = cbor::text(&opened.name);
    cbor::list(&parts.into_iter().map(cbor::bytes).chain([name]).collect::<Vec<_>>())
}

fn links(world: &mut World) -> Vec<Value> {
    let mut out = Vec::new();
    for (name, app, relay) in [
        ("the app is the relay", "https://clip.example", "https://clip.example"),
        ("another relay", "https://clip.example", "https://relay.example:8443"),
        ("on this machine", "http://localhost:8787", "http://localhost:8787"),
        ("longest relay", "https://clip.example", &format!("https://{}", "a".repeat(247))),
    ] {
        let link = Link {
            relay: relay.into(),
            invite: InviteId::from_bytes(random(&mut world.rng)),
            mailbox: MailboxId::from_bytes(random(&mut world.rng)),
            secret: InviteSecret::make(&mut world.rng),
        };
        out.push(json!({
            "name": name,
            "app": app,
            "relay": relay,
            "invite": link.invite.to_hex(),
            "mailbox": link.mailbox.to_hex(),
            "secret": hex(link.secret.expose()),
            "claim": link.secret.derive_claim(&link.invite).to_hex(),
            "claim_hash": link.secret.derive_claim_hash(&link.invite).to_hex(),
            "url": link.to_url(app),
        }));
    }
    out
}

fn refused_links(world: &mut World) -> Vec<Value> {
    let app = "https://clip.example";
    let url = world.inviter.link(app).to_url(app);
    let (page, fragment) = url.split_once('#').expect("a link");
    let encode = |bytes: &[u8]| format!("{page}#{}", Base64UrlUnpadded::encode_string(bytes));
    let bytes = Base64UrlUnpadded::decode_vec(fragment).expect("base64url");
    let versioned = |version: u8| [&[version][..], &bytes[1..]].concat();
    // 65 bytes are 86 2/3 characters: the last one has spare bits.
    let spare = format!("{page}#{}B", &fragment[..fragment.len() - 1]);
    [
        ("nothing", String::new(), "NotALink"),
        ("no fragment", page.to_owned(), "NotALink"),
        ("another page", format!("https://clip.example/pear#{fragment}"), "NotALink"),
        ("fragment only", format!("#{fragment}"), "NotALink"),
        ("empty fragment", format!("{page}#"), "Incomplete"),
        ("cut short", url[..url.len() - 3].to_owned(), "Incomplete"),
        ("one byte short", encode(&bytes[..64]), "Incomplete"),
        ("version byte only", encode(&[1]), "Incomplete"),
        ("padded", format!("{page}#{fragment}="), "Incomplete"),
        ("spare bits not zero", spare, "Incomplete"),
        ("a character that is not base64url", format!("{page}#{}+", &fragment[..fragment.len() - 1]), "Incomplete"),
        ("version 0", encode(&versioned(0)), "Newer"),
        ("version 2", encode(&versioned(2)), "Newer"),
        ("relay is not UTF-8", encode(&[&bytes[..], &[0xc3, 0x28]].concat()), "Incomplete"),
        ("relay of 256 bytes", encode(&[&bytes[..], &[b'a'; 256]].concat()), "Incomplete"),
    ]
    .into_iter()
    .map(|(name, url, error)| json!({ "name": name, "url": url, "error": error }))
    .collect()
}

fn digit_cases(world: &mut World) -> Vec<Value> {
    let transcript: [u8; 32] = random(&mut world.rng);
    let nonce: [u8; 32] = random(&mut world.rng);
    let flip = |bytes: &[u8; 32]| {
        let mut bytes = *bytes;
        bytes[31] ^= 1;
        bytes
    };
    [
        ("some exchange", transcript, nonce),
        ("transcript differs in a bit", flip(&transcript), nonce),
        ("nonce differs in a bit", transcript, flip(&nonce)),
        ("zeros", [0; 32], [0; 32]),
    ]
    .into_iter()
    .map(|(name, transcript, nonce)| {
        let digits = pairing_refused::digits(&transcript, &nonce);
        json!({ "name": name, "transcript": hex(transcript), "nonce": hex(nonce), "digits": digits })
    })
    .chain([leading_zero()])
    .collect()
}

/// A transcript whose digits start with zeros, which are shown and typed.
fn leading_zero() -> Value {
    let (transcript, digits) = (0u64..1_000_000)
        .map(|n| {
            let mut transcript = [0; 32];
            transcript[..8].copy_from_slice(&n.to_be_bytes());
            (transcript, pairing_refused::digits(&transcript, &[0; 32]))
        })
        .find(|(_, digits)| digits.starts_with("000"))
        .expect("one in a thousand");
    json!({ "name": "leading zeros", "transcript": hex(transcript), "nonce": hex([0; 32]), "digits": digits })
}
