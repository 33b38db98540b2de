//! The membership log: verified from its first entry, and grown.

use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::{BoxSk, DeviceKeys, SignSeed};
use hushclip_crypto::log::{make_genesis, make_rekey, make_remove_device, make_rotate, open_grant};
use hushclip_protocol::ids::DeviceId;
use hushclip_protocol::log::{Membership, SignedEntry};
use hushclip_protocol::{codec, limits};
use serde_json::{Map, Value, json};

use crate::Side;
use crate::json::{Ask, hex};

/// The state of a log of given entries, and whom the newest one hands its secret to.
pub(crate) fn verify(ask: &Ask) -> Option<Value> {
    let (log, newest) = replay(ask)?;
    let mut secrets = Map::new();
    let mut name = Value::Null;
    for device in ask.list("devices") {
        let keys = keys(&device);
        let Ok(secret) = open_grant(&keys, &newest) else { continue };
        secrets.insert(keys.device_id().to_hex(), hex(secret.expose()).into());
        name = added_name(&newest, &log, &secret).into();
    }
    let members = log.members().map(|(id, member)| json!([id.to_hex(), member.box_pk.to_hex()]));
    let gone = ask.list("devices").into_iter().filter_map(|device| {
        let id = DeviceId::from_bytes(device.array("id"));
        Some(json!([id.to_hex(), log.removed(&id)?.last_counter.to_string()]))
    });
    Some(json!({
        "account": log.account().to_hex(),
        "seq": log.seq().to_string(),
        "head": log.head().to_hex(),
        "epoch": log.epoch().to_string(),
        "commit": log.commit().to_hex(),
        "members": members.collect::<Vec<_>>(),
        "removed": gone.collect::<Vec<_>>(),
        "secrets": secrets,
        "name": name,
    }))
}

/// The next entry, by the device of this side.
pub(crate) fn make(ask: &Ask, side: &mut Side) -> Option<Value> {
    let (keys, rng) = (&side.keys, &mut side.rng);
    let made = match ask.str("action") {
        "genesis" => make_genesis(keys, ask.str("name"), rng),
        "rotate" => make_rotate(keys, &replay(ask)?.0, rng),
        "remove" => {
            let device = DeviceId::from_bytes(ask.array("device"));
            make_remove_device(keys, &replay(ask)?.0, device, ask.number("last_counter"), rng)
        }
        "rekey" => {
            let boxed = BoxSk::make(rng);
            let made = make_rekey(keys, &replay(ask)?.0, &boxed, rng);
            side.keys = side.keys.with_box(boxed);
            made
        }
        other => panic!("action {other}"),
    };
    let (entry, secret) = made.ok()?;
    Some(json!({ "signed": hex(&codec::encode(&entry)), "secret": hex(secret.expose()) }))
}

fn replay(ask: &Ask) -> Option<(Membership, SignedEntry)> {
    let mut entries = ask.list("entries").into_iter().map(|entry| codec::decode(&entry.bytes(), limits::FRAME_BYTES));
    let mut newest: SignedEntry = entries.next()?.ok()?;
    let mut log = Membership::genesis(&newest).ok()?;
    for entry in entries {
        newest = entry.ok()?;
        log.apply(&newest).ok()?;
    }
    Some((log, newest))
}

/// The name that the newest entry gives, if it adds a device.
fn added_name(newest: &SignedEntry, log: &Membership, secret: &EpochSecret) -> Option<String> {
    let (id, member) = log.members().find(|(_, member)| member.name_epoch == log.epoch())?;
    let account = newest.decode_entry().ok()?.account;
    secret.derive_state_key(&account, log.epoch()).open_name(id, &member.name).ok()
}

fn keys(device: &Ask) -> DeviceKeys {
    let (sign, boxed) = (SignSeed::from_bytes(device.array("sign_sk")), BoxSk::from_bytes(device.array("box_sk")));
    DeviceKeys::from_saved(sign, boxed, DeviceId::from_bytes(device.array("id")))
}
