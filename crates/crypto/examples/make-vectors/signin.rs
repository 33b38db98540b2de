//! `signin.json`: answers to a relay's challenge, and answers to something else.

use hushclip_crypto::keys::DeviceKeys;
use hushclip_protocol::frame::{Anchor, Challenge, Hello};
use hushclip_protocol::ids::{AccountId, ConnId, DeviceId, Hash, Nonce, Signature};
use hushclip_protocol::{VERSION, label, signin};
use serde_json::{Value, json};

use crate::device::malleated;
use crate::epoch::random;
use crate::out::{File, anchors, flipped, hex, rng};

/// Makes the file.
pub(crate) fn make() -> File {
    let mut rng = rng("signin");
    let keys = DeviceKeys::make(&mut rng);
    let other = DeviceKeys::make(&mut rng);
    let challenge = Challenge {
        versions: vec![VERSION],
        nonce: Nonce::from_bytes(random(&mut rng)),
        conn: ConnId::from_bytes(random(&mut rng)),
    };
    let hello = Hello {
        versions: vec![VERSION],
        account: AccountId::from_bytes(random(&mut rng)),
        device: keys.device_id(),
        log_seq: 3,
        log_head: Hash::from_bytes(random(&mut rng)),
        anchors: vec![Anchor { cursor: 41, mark: 1 << 40 }],
        signature: Signature::from_bytes([0; 64]),
    };
    let mut accepted = Vec::new();
    let at = |cursors: &[u64]| cursors.iter().map(|cursor| Anchor { cursor: *cursor, mark: cursor / 3 }).collect();
    for (name, host, anchors) in [
        ("a public relay", "relay.example", at(&[41])),
        ("a relay with a port", "localhost:8787", Vec::new()),
        ("upper case is folded", "Relay.Example:8443", at(&[1, 30, 1 << 50, u64::MAX])),
        ("an IPv6 address", "[::1]:8787", at(&[7, 25])),
    ] {
        let hello = keys.sign_in(host, &challenge, Hello { anchors, ..hello.clone() });
        accepted.push(case(name, host, &challenge, &hello));
    }
    let host = "relay.example";
    let good = keys.sign_in(host, &challenge, hello);
    let mut refused = Vec::new();
    let mut add = |name: &str, host: &str, challenge: &Challenge, hello: Hello| {
        refused.push(case(name, host, challenge, &hello));
    };
    add("for another host", "evil.example", &challenge, good.clone());
    add("for another port", "relay.example:444", &challenge, good.clone());
    add("host cut short", "relay.exampl", &challenge, good.clone());
    let nonce = Nonce::from_bytes(random(&mut rng));
    add("for another nonce", host, &Challenge { nonce, ..challenge.clone() }, good.clone());
    let conn = ConnId::from_bytes(random(&mut rng));
    add("for another connection", host, &Challenge { conn, ..challenge.clone() }, good.clone());
    let account = AccountId::from_bytes(random(&mut rng));
    add("for another account", host, &challenge, Hello { account, ..good.clone() });
    let device: DeviceId = other.device_id();
    add("for another device", host, &challenge, Hello { device, ..good.clone() });
    add("for another log position", host, &challenge, Hello { log_seq: 4, ..good.clone() });
    let log_head = Hash::from_bytes(random(&mut rng));
    add("for another log head", host, &challenge, Hello { log_head, ..good.clone() });
    let at = |cursor, mark| vec![Anchor { cursor, mark }];
    add("for another anchor", host, &challenge, Hello { anchors: at(40, 1 << 40), ..good.clone() });
    add("for another mark", host, &challenge, Hello { anchors: at(41, 1), ..good.clone() });
    add("for no anchor", host, &challenge, Hello { anchors: Vec::new(), ..good.clone() });
    add("for other versions of the device", host, &challenge, Hello { versions: vec![VERSION, 2], ..good.clone() });
    let versions = vec![VERSION, 2];
    add("for other versions of the relay", host, &Challenge { versions, ..challenge.clone() }, good.clone());
    let by_other = other.sign(&signin::message(host, &challenge, &good));
    add("signed by another device", host, &challenge, Hello { signature: by_other, ..good.clone() });
    let message = signin::message(host, &challenge, &good);
    let body = &message[label::SIGN_IN.len() + 1..];
    for (name, label) in [("under the envelope's label", label::ENVELOPE), ("under the log's label", label::LOG_ENTRY)]
    {
        let signature = keys.sign(&label::message(label, &[body]));
        add(name, host, &challenge, Hello { signature, ..good.clone() });
    }
    add("without a label", host, &challenge, Hello { signature: keys.sign(body), ..good.clone() });
    let signature = Signature::from_bytes(malleated(good.signature.as_bytes()));
    add("S + L in place of S", host, &challenge, Hello { signature, ..good.clone() });
    let signature = Signature::from_bytes(flipped(good.signature.as_bytes(), 5).try_into().expect("64 bytes"));
    add("signature changed", host, &challenge, Hello { signature, ..good });
    File::new(&[
        "The device signs M(\"sign-in\"; SHA-256(challenge), SHA-256(hello with a signature of zeros), host).",
        "Refused cases carry the message that a relay would check, and a signature over something else.",
    ])
    .with("sign_seed", hex(keys.sign_seed().expose()))
    .with("sign_pk", keys.sign_pk().to_hex())
    .with("accepted", accepted)
    .with("refused", refused)
}

fn case(name: &str, host: &str, challenge: &Challenge, hello: &Hello) -> Value {
    json!({
        "name": name,
        "host": host,
        "relay_versions": challenge.versions,
        "versions": hello.versions,
        "nonce": challenge.nonce.to_hex(),
        "conn": challenge.conn.to_hex(),
        "account": hello.account.to_hex(),
        "device": hello.device.to_hex(),
        "log_seq": hello.log_seq.to_string(),
        "log_head": hello.log_head.to_hex(),
        "anchors": anchors(&hello.anchors),
        "message": hex(signin::message(host, challenge, hello)),
        "signature": hello.signature.to_hex(),
    })
}
