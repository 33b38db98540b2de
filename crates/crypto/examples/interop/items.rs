//! Envelopes.

use hushclip_crypto::body::{ClipBody, Part};
use hushclip_crypto::envelope::{Address, open, seal};
use hushclip_crypto::epoch::EpochSecret;
use hushclip_protocol::codec;
use hushclip_protocol::envelope::{Envelope, Kind};
use hushclip_protocol::ids::{AccountId, Hash, ItemId, SignPk};
use serde_json::{Value, json};

use crate::Side;
use crate::json::{Ask, hex};

/// Checks and opens an envelope as a receiver does.
pub(crate) fn open_item(ask: &Ask) -> Option<Value> {
    let bytes = ask.hex("envelope");
    let envelope = Envelope::parse(&bytes).ok()?;
    let (header, account) = (&envelope.header, AccountId::from_bytes(ask.array("account")));
    if header.account != account || !envelope.verify(&SignPk::from_bytes(ask.array("sign_pk"))) {
        return None;
    }
    let key = EpochSecret::from_bytes(ask.array("secret")).derive_item_key(&account, header.epoch);
    let body = open(&key, &envelope).ok()?;
    let parts = body.parts.iter().map(|part| json!([part.media, hex(&part.bytes)]));
    Some(json!({
        "sender": header.sender.to_hex(),
        "counter": header.counter.to_string(),
        "log_seq": header.log_seq.to_string(),
        "log_head": header.log_head.to_hex(),
        "item": header.item.to_hex(),
        "at": body.at_ms.to_string(),
        "flags": body.flags.to_string(),
        "file_name": body.file_name,
        "parts": parts.collect::<Vec<_>>(),
    }))
}

/// Seals a text under the keys of this side.
pub(crate) fn seal_item(ask: &Ask, side: &mut Side) -> Option<Value> {
    let account = AccountId::from_bytes(ask.array("account"));
    let epoch = ask.number("epoch");
    let address = Address {
        kind: codec::decode::<Kind>(&[0], 1).ok()?,
        account,
        epoch,
        log_seq: epoch,
        log_head: Hash::from_bytes(ask.array("log_head")),
        counter: ask.number("counter"),
        item: ItemId::from_bytes(ask.array("item")),
        ttl_s: 3600,
    };
    let parts = vec![Part::new("text/plain", ask.str("text"))];
    let body = ClipBody { at_ms: ask.number("at"), flags: 1, file_name: String::new(), parts };
    let key = EpochSecret::from_bytes(ask.array("secret")).derive_item_key(&account, epoch);
    let sealed = seal(&side.keys, &key, &address, &body, &mut side.rng).ok()?;
    Some(json!({ "envelope": hex(&sealed) }))
}
