//! `signin.json`: answers to a relay's challenge, and answers to something else.

use hushclip_crypto::keys::DeviceKeys;
use hushclip_protocol::frame::{Challenge, Hello};
use hushclip_protocol::ids::{AccountId, ConnId, DeviceId, Hash, Nonce, Signature};
use hushclip_protocol::{VERSION, label, signin};
use serde_json::{Value, json};

use crate::device::malleated;
use crate::epoch::random;
use crate::out::{File, flipped, hex, rng};

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
        cursor: 41,
        signature: Signature::from_bytes([0; 64]),
    };
    let mut accepted = Vec::new();
    for (name, host, cursor) in [
        ("a public relay", "relay.example", 41),
        ("a relay with a port", "localhost:8787", 0),
        ("upper case is folded", "Relay.Example:8443", u64::MAX),
        ("an IPv6 address", "[::1]:8787", 7),
    ] {
        let hello = keys.sign_in(host, &challenge, Hello { cursor, ..hello.clone() });
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
    add("for another cursor", host, &challenge, Hello { cursor: 40, ..good.clone() });
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
        "The device signs M(\"sign-in\"; nonce, conn, account, device, log_seq, log_head, cursor, host).",
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
        "nonce": challenge.nonce.to_hex(),
        "conn": challenge.conn.to_hex(),
        "account": hello.account.to_hex(),
        "device": hello.device.to_hex(),
        "log_seq": hello.log_seq.to_string(),
        "log_head": hello.log_head.to_hex(),
        "cursor": hello.cursor.to_string(),
        "message": hex(signin::message(host, challenge, hello)),
        "signature": hello.signature.to_hex(),
    })
}
