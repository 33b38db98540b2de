//! Pairing by link, as either side.

use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::log::make_add_device;
use hushclip_crypto::pairing::{Inviter, JoinRequest, Joined, Joiner, Link, Named, OlderEpoch};
use hushclip_protocol::frame::Anchor;
use hushclip_protocol::ids::{AccountId, DeviceId, Hash, MailboxId};
use hushclip_protocol::log::Membership;
use hushclip_protocol::{codec, limits};
use serde_json::{Value, json};

use crate::Side;
use crate::json::{Ask, hex};

/// The exchanges that are under way.
#[derive(Default)]
pub(crate) struct Pairing {
    inviter: Option<Inviter>,
    request: Option<JoinRequest>,
    joiner: Option<Joiner>,
}

/// One step.
pub(crate) fn step(ask: &Ask, side: &mut Side) -> Option<Value> {
    let Side { rng, keys, pairing } = side;
    match ask.str("do") {
        "invite" => {
            let inviter = Inviter::make(MailboxId::from_bytes(ask.array("mailbox")), rng);
            let done = json!({
                "url": inviter.link(ask.str("relay")).to_url(ask.str("app")),
                "claim_hash": inviter.claim_hash().to_hex(),
                "offer": hex(&inviter.offer()),
                "reveal": hex(&inviter.reveal()),
            });
            pairing.inviter = Some(inviter);
            Some(done)
        }
        "open_request" => {
            let inviter = pairing.inviter.as_ref()?;
            let request = inviter.open_request(&ask.hex("request")).ok()?;
            let done = json!({
                "sign_pk": request.sign_pk.to_hex(),
                "box_pk": request.box_pk.to_hex(),
                "name": request.name,
                "transcript": request.transcript.to_hex(),
                "digits": inviter.digits(&request).as_str(),
            });
            pairing.request = Some(request);
            Some(done)
        }
        "add" => {
            let log = log(ask)?;
            let (entry, secret) = make_add_device(keys, &log, pairing.request.as_ref()?, rng).ok()?;
            Some(json!({ "signed": hex(&codec::encode(&entry)), "secret": hex(secret.expose()) }))
        }
        "welcome" => {
            let welcome = pairing.inviter.as_ref()?.welcome(pairing.request.as_ref()?, &joined(ask), rng).ok()?;
            Some(json!({ "welcome": hex(&welcome) }))
        }
        "join" => {
            let link = Link::parse(ask.str("url")).ok()?;
            let joiner = Joiner::make(&link, ask.str("name"), rng);
            let done = json!({ "claim": joiner.claim().to_hex(), "relay": joiner.relay() });
            pairing.joiner = Some(joiner);
            Some(done)
        }
        "request" => {
            let request = pairing.joiner.as_ref()?.request(keys, &ask.hex("offer"), rng).ok()?;
            Some(json!({ "request": hex(&request) }))
        }
        "digits" => {
            let digits = pairing.joiner.as_ref()?.digits(keys, &ask.hex("offer"), &ask.hex("reveal")).ok()?;
            Some(json!({ "digits": digits.as_str() }))
        }
        "open_welcome" => {
            let (offer, reveal, welcome) = (ask.hex("offer"), ask.hex("reveal"), ask.hex("welcome"));
            let joined = pairing.joiner.as_ref()?.open_welcome(keys, &offer, &reveal, &welcome).ok()?;
            Some(json!({
                "account": joined.account.to_hex(),
                "log_seq": joined.log_seq.to_string(),
                "log_head": joined.log_head.to_hex(),
                "anchors": joined.anchors.iter().map(|a| [a.cursor.to_string(), a.mark.to_string()]).collect::<Vec<_>>(),
                "older": joined.older.iter().map(|o| json!([o.epoch.to_string(), hex(o.secret.expose())])).collect::<Vec<_>>(),
                "names": joined.names.iter().map(|n| json!([n.device.to_hex(), n.name])).collect::<Vec<_>>(),
            }))
        }
        other => panic!("step {other}"),
    }
}

fn log(ask: &Ask) -> Option<Membership> {
    let mut log: Option<Membership> = None;
    for entry in ask.list("entries") {
        let signed = codec::decode(&entry.bytes(), limits::FRAME_BYTES).ok()?;
        match &mut log {
            None => log = Some(Membership::genesis(&signed).ok()?),
            Some(log) => drop(log.apply(&signed).ok()?),
        }
    }
    log
}

fn joined(ask: &Ask) -> Joined {
    Joined {
        account: AccountId::from_bytes(ask.array("account")),
        log_seq: ask.number("log_seq"),
        log_head: Hash::from_bytes(ask.array("log_head")),
        anchors: vec![Anchor { cursor: ask.number("cursor"), mark: ask.number("mark") }],
        older: vec![OlderEpoch { epoch: 0, secret: EpochSecret::from_bytes(ask.array("older")) }],
        names: vec![Named { device: DeviceId::from_bytes(ask.array("device")), name: ask.str("name").into() }],
    }
}
