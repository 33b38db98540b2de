//! Wake-ups by Web Push: who is woken, when, and what the push service is told.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_protocol::limits;
use hushclip_relay_tests::{Account, Relay, Socket};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

/// How long a wake-up may take.
const LIMIT: Duration = Duration::from_secs(8);
/// How long it is waited for one that must not come.
const SILENCE: Duration = Duration::from_millis(1_500);
/// Longer than workerd keeps an idle object in memory.
const HIBERNATION: Duration = Duration::from_secs(14);
const DAY_S: u64 = 24 * 3_600;

/// A request to a push service.
#[derive(Debug)]
struct Call {
    line: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// A push service on this machine. Paths that begin with a status get that for an answer, else 201; `307`
/// leads to `/elsewhere`.
struct Service {
    origin: String,
    calls: Receiver<Call>,
}

impl Service {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let origin = format!("http://{}", listener.local_addr().expect("it listens"));
        let (say, calls) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let call = answer(stream);
                if say.send(call).is_err() {
                    return;
                }
            }
        });
        Self { origin, calls }
    }

    /// A relay that may call this service.
    fn relay(&self) -> Relay {
        Relay::start_with(vec![("PUSH_HOSTS", self.origin.clone())])
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    fn call(&self) -> Call {
        self.calls.recv_timeout(LIMIT).expect("the relay calls")
    }

    fn is_silent(&self) {
        match self.calls.recv_timeout(SILENCE) {
            Err(RecvTimeoutError::Timeout) => {}
            other => panic!("nobody was to be called: {other:?}"),
        }
    }
}

fn answer(stream: TcpStream) -> Call {
    stream.set_read_timeout(Some(LIMIT)).expect("sockets have timeouts");
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("the relay speaks HTTP");
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let headers: BTreeMap<_, _> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    assert!(!headers.contains_key("transfer-encoding"), "nothing is sent: {headers:?}");
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().expect("a number"))];
    reader.read_exact(&mut body).expect("the body comes");
    let path = lines[0].split(' ').nth(1).unwrap_or_default();
    let status = path.get(1..4).filter(|status| status.bytes().all(|b| b.is_ascii_digit())).unwrap_or("201");
    write!(
        reader.get_mut(),
        "HTTP/1.1 {status} Whatever\r\nLocation: /elsewhere\r\nContent-Length: 4\r\nConnection: close\r\n\r\nokay"
    )
    .expect("the relay reads");
    Call { line: lines[0].clone(), headers, body }
}

/// Checks the token with another implementation; gives its claims.
fn verify(call: &Call, push_key: &[u8]) -> String {
    let token = call.headers["authorization"].strip_prefix("vapid t=").expect("RFC 8292");
    let (token, key) = token.split_once(", k=").expect("RFC 8292");
    assert_eq!(Base64UrlUnpadded::decode_vec(key).expect("base64url"), push_key);
    let (signed, signature) = token.rsplit_once('.').expect("a token has three parts");
    let signature = Base64UrlUnpadded::decode_vec(signature).expect("base64url");
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, push_key)
        .verify(signed.as_bytes(), &signature)
        .expect("the relay's own key signed it");
    let (header, claims) = signed.split_once('.').expect("a token has three parts");
    let text = |part: &str| String::from_utf8(Base64UrlUnpadded::decode_vec(part).expect("base64url"));
    assert_eq!(text(header).expect("JSON"), r#"{"typ":"JWT","alg":"ES256"}"#);
    text(claims).expect("JSON")
}

fn subscribe(socket: &mut Socket, endpoint: &str) {
    socket.send(&ToRelay::PushSubscribe { endpoint: endpoint.to_owned() });
    settled(socket);
}

/// Everything that was sent before has been dealt with.
fn settled(socket: &mut Socket) {
    socket.send(&ToRelay::Pull { after: 0, limit: 1 });
    socket.recv_some(|frame| matches!(frame, ToDevice::Items { .. }).then_some(()));
}

fn push(account: &mut Account, socket: &mut Socket, item: u8) {
    let envelope = account.clip(0, item, 100, 600);
    socket.send(&ToRelay::Push { after: u64::from(item) - 1, envelope: envelope.into() });
    socket.recv_some(|frame| matches!(frame, ToDevice::Pushed { .. }).then_some(()));
}

/// Closes a device's socket; `other` has been told when this is done.
fn leave(socket: Socket, other: &mut Socket) {
    drop(socket);
    other.recv_some(|frame| matches!(frame, ToDevice::Presence { online: false, .. }).then_some(()));
}

/// The second device comes back, subscribes, and leaves again.
fn subscribe_and_leave(account: &Account, relay: &Relay, other: &mut Socket, endpoint: &str) {
    let (mut socket, _) = account.sign_in(relay, 1, None);
    subscribe(&mut socket, endpoint);
    leave(socket, other);
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs()
}

#[test]
fn a_device_that_is_away_is_woken_once() {
    let service = Service::start();
    let relay = service.relay();
    let (mut account, mut first, mut second) = Account::pair(&relay, 60);
    subscribe(&mut second, &service.at("/one"));
    push(&mut account, &mut first, 1);
    service.is_silent();
    leave(second, &mut first);
    push(&mut account, &mut first, 2);
    let call = service.call();
    assert_eq!(call.line, "POST /one HTTP/1.1");
    assert!(call.body.is_empty(), "it carries nothing");
    let header = |name: &str| call.headers.get(name).map(String::as_str);
    assert_eq!(header("host"), service.origin.strip_prefix("http://"));
    assert_eq!(header("ttl"), Some("3600"));
    assert_eq!(header("urgency"), Some("normal"));
    assert_eq!(header("topic"), Some("clip"));
    assert_eq!((header("content-encoding"), header("content-type"), header("cookie")), (None, None, None));
    let (_socket, welcome) = account.sign_in(&relay, 1, None);
    let claims = verify(&call, &welcome.push_key);
    let expires = claims.split_once(r#""exp":"#).and_then(|(_, rest)| rest.split(',').next());
    let expires: u64 = expires.and_then(|number| number.parse().ok()).expect("it expires");
    assert!(expires > now_s() && expires <= now_s() + DAY_S, "{expires}");
    let expected = format!(r#"{{"aud":"{}","exp":{expires},"sub":"https://{}"}}"#, service.origin, relay.authority());
    assert_eq!(claims, expected);
    // The account's name, the device's and the mailbox's are nowhere in it.
    let said = format!("{call:?}{claims}");
    for name in [account.mailbox().to_hex(), account.devices[1].device_id().to_hex()] {
        assert!(!said.contains(&name));
    }
}

#[test]
fn wake_ups_are_rare() {
    let service = Service::start();
    let mut relay = service.relay();
    let (mut account, mut first, second) = Account::pair(&relay, 61);
    leave(second, &mut first);
    subscribe_and_leave(&account, &relay, &mut first, &service.at("/one"));
    push(&mut account, &mut first, 1);
    assert_eq!(service.call().line, "POST /one HTTP/1.1");
    push(&mut account, &mut first, 2);
    service.is_silent();
    // That outlasts a visit, and the relay's process, as subscription and key do.
    subscribe_and_leave(&account, &relay, &mut first, &service.at("/one"));
    push(&mut account, &mut first, 3);
    service.is_silent();
    let (_, before) = account.sign_in(&relay, 0, None);
    relay.crash_and_restart();
    let (mut first, after) = account.sign_in(&relay, 0, None);
    assert_eq!(before.push_key, after.push_key);
    assert_eq!((after.push_key.len(), after.push_key[0]), (65, 4));
    push(&mut account, &mut first, 4);
    service.is_silent();
}

#[test]
fn a_subscription_outlasts_the_relays_memory() {
    let service = Service::start();
    let mut relay = service.relay();
    let (mut account, mut first, second) = Account::pair(&relay, 62);
    leave(second, &mut first);
    subscribe_and_leave(&account, &relay, &mut first, &service.at("/one"));
    sleep(HIBERNATION);
    push(&mut account, &mut first, 1);
    let claims = verify(&service.call(), &account.sign_in(&relay, 0, None).1.push_key);
    assert!(claims.contains(relay.authority()), "{claims}");
    // Another device, which has not been woken yet.
    let (mut account, mut first, second) = Account::pair(&relay, 65);
    leave(second, &mut first);
    subscribe_and_leave(&account, &relay, &mut first, &service.at("/two"));
    relay.crash_and_restart();
    let (mut first, _) = account.sign_in(&relay, 0, None);
    push(&mut account, &mut first, 1);
    assert_eq!(service.call().line, "POST /two HTTP/1.1");
}

#[test]
fn a_subscription_that_is_gone_is_dropped() {
    let service = Service::start();
    let relay = service.relay();
    let answers = [("/410", true), ("/404", true), ("/403", false), ("/429", false), ("/500", false)];
    let mut accounts: Vec<_> = (630..)
        .zip(answers)
        .map(|(seed, (path, is_dropped))| {
            let (mut account, mut first, second) = Account::pair(&relay, seed);
            leave(second, &mut first);
            subscribe_and_leave(&account, &relay, &mut first, &service.at(path));
            push(&mut account, &mut first, 1);
            assert_eq!(service.call().line, format!("POST {path} HTTP/1.1"));
            (account, first, path, is_dropped)
        })
        .collect();
    sleep(Duration::from_millis(limits::WAKE_MS + 500));
    for (account, first, path, is_dropped) in &mut accounts {
        push(account, first, 2);
        if *is_dropped {
            service.is_silent();
        } else {
            assert_eq!(service.call().line, format!("POST {path} HTTP/1.1"));
        }
    }
}

#[test]
fn a_device_that_does_not_want_it_or_is_removed_is_not_woken() {
    let service = Service::start();
    let relay = service.relay();
    let (mut account, mut first, second) = Account::pair(&relay, 64);
    leave(second, &mut first);
    subscribe_and_leave(&account, &relay, &mut first, &service.at("/one"));
    subscribe_and_leave(&account, &relay, &mut first, "");
    push(&mut account, &mut first, 1);
    service.is_silent();
    subscribe_and_leave(&account, &relay, &mut first, &service.at("/one"));
    let entry = account.remove_device(1);
    first.send(&ToRelay::LogAppend(entry));
    first.recv_some(|frame| matches!(frame, ToDevice::LogEntries { .. }).then_some(()));
    push(&mut account, &mut first, 2);
    service.is_silent();
}

#[test]
fn nobody_else_is_called() {
    let (service, stranger) = (Service::start(), Service::start());
    let relay = service.relay();
    let (mut account, mut first, second) = Account::pair(&relay, 65);
    leave(second, &mut first);
    let authority = stranger.origin.trim_start_matches("http://");
    let mut item = 0;
    let (mut visitor, _) = account.sign_in(&relay, 1, None);
    for endpoint in [stranger.at("/x"), "https://push.example/x".to_owned(), service.at("/x\u{e9}")] {
        visitor.send(&ToRelay::PushSubscribe { endpoint });
        assert_eq!(visitor.recv_error(), ErrorCode::BadFrame);
    }
    visitor.send(&ToRelay::PushSubscribe { endpoint: service.at(&"/x".repeat(256)) });
    assert_eq!(visitor.recv_error(), ErrorCode::TooLarge);
    leave(visitor, &mut first);
    for endpoint in [
        stranger.at("/x"),
        format!("http://localhost:{}/x", authority.trim_start_matches("127.0.0.1:")),
        format!("{}@{authority}/x", service.origin),
        format!("https://fcm.googleapis.com@{authority}/x"),
        // It leads to a place on the same service, which is not asked for.
        service.at("/307"),
    ] {
        subscribe_and_leave(&account, &relay, &mut first, &endpoint);
        item += 1;
        push(&mut account, &mut first, item);
        if endpoint.starts_with(&service.at("/")) {
            assert_eq!(service.call().line, "POST /307 HTTP/1.1");
        }
        service.is_silent();
        stranger.is_silent();
    }
}

#[test]
fn a_relay_may_push_nothing() {
    let relay = Relay::start_with(vec![("VAPID_PRIVATE_KEY", "off".to_owned())]);
    let (account, _first) = Account::registered(&relay, 66);
    assert!(account.sign_in(&relay, 0, None).1.push_key.is_empty());
    // A key of the admin's own: that of RFC 7515, appendix A.3.
    let own = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI".to_owned();
    let relay = Relay::start_with(vec![("VAPID_PRIVATE_KEY", own)]);
    let (account, _first) = Account::registered(&relay, 67);
    let public = Base64UrlUnpadded::encode_string(&account.sign_in(&relay, 0, None).1.push_key);
    assert!(public.starts_with("BH_Nzidw9sRdQYPL7m_bS3tYBzM1"), "{public}");
    // What is no key is not replaced by another.
    let relay = Relay::start_with(vec![("VAPID_PRIVATE_KEY", "not a key".to_owned())]);
    let (account, _first) = Account::registered(&relay, 68);
    assert!(account.sign_in(&relay, 0, None).1.push_key.is_empty());
}
