//! Two devices and a relay, from the first frame to the last: made from fixed bytes, with every kind of frame.

use core::convert::Infallible;

use hushclip_crypto::body::{ClipBody, Gone, Part, TEXT, Tombstone};
use hushclip_crypto::envelope::{Address, seal, seal_note};
use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::{BoxSk, DeviceKeys, SignSeed};
use hushclip_crypto::log::{make_add_device, make_genesis, make_rekey, make_remove_device};
use hushclip_crypto::pairing::{CodeInviter, CodeJoiner, InviteSecret, Inviter, Joined, Joiner, Named};
use hushclip_protocol::VERSION;
use hushclip_protocol::codec;
use hushclip_protocol::envelope::Kind;
use hushclip_protocol::frame::{Anchor, Challenge, Hello, InviteNote, InviteStep, Place, ToDevice, ToRelay};
use hushclip_protocol::ids::{InviteId, ItemId, JoinToken, MailboxId, Signature};
use hushclip_protocol::label;
use hushclip_protocol::log::{Membership, SignedEntry};
use minicbor::bytes::ByteArray;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{SeedableRng as _, TryCryptoRng, TryRng};
use serde_json::{Value, json};

use crate::line::{HOST, Line};

const RELAY: &str = "https://relay.example";

/// Gives so many bytes in ascending order, as the worked example on the page does.
struct Counting(u8);

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("only bytes are asked for")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("only bytes are asked for")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for byte in out {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

impl TryCryptoRng for Counting {}

fn from<const N: usize>(first: u8) -> [u8; N] {
    core::array::from_fn(|i| first + i as u8)
}

/// Everything that the devices know.
struct Story {
    line: Line,
    rng: ChaCha20Rng,
    a: DeviceKeys,
    b: DeviceKeys,
    log: Membership,
    secrets: Vec<EpochSecret>,
    exchange: Value,
}

/// Tells the story, as the file of vectors has it.
pub(crate) fn tell() -> Value {
    let mut rng = ChaCha20Rng::from_seed(*label::sha256(b"hushclip/1 test vectors: session").as_bytes());
    let a = DeviceKeys::from_parts(SignSeed::from_bytes(from(0)), BoxSk::from_bytes(from(0x20)));
    let b = DeviceKeys::make(&mut rng);
    let (genesis, secret) = make_genesis(&a, "Desk", &mut Counting(0x40)).expect("an entry");
    let log = Membership::genesis(&genesis).expect("verifies");
    let mailbox = log.account().mailbox();
    let mut story = Story { line: Line::new(mailbox), rng, a, b, log, secrets: vec![secret], exchange: Value::Null };
    let first = story.first_session(genesis);
    let link = story.let_in(first);
    story.second_device(first);
    let boxed = story.trade(first);
    let code = story.by_code();
    story.end();
    let hex = |bytes: &[u8]| base16ct::lower::encode_string(bytes);
    let device = |name: &str, keys: &DeviceKeys| {
        json!({
            "name": name,
            "sign_seed": hex(keys.sign_seed().expose()),
            "box_sk": hex(keys.box_sk().expose()),
            "device_id": keys.device_id().to_hex(),
        })
    };
    json!({
        "about": [
            "Test vectors of hushclip/1, as docs/PROTOCOL.md specifies it. Bytes are lower-case hexadecimal.",
            "A committed vector is never regenerated to make a test pass.",
            "Two devices and a relay. Every kind of frame is in it; `about` says why a device sends one. The answers are the relay's own.",
            "A is the device of the page's worked example, and its first clip is the one there.",
            "Made by: cargo run -p hushclip-mailbox --example make-session",
        ],
        "legend": legend(),
        "host": HOST,
        "account": story.log.account().to_hex(),
        "devices": [device("A", &story.a), device("B", &story.b)],
        "new_box_sk": hex(boxed.expose()),
        "secrets": story.secrets.iter().map(|secret| hex(secret.expose())).collect::<Vec<_>>(),
        "link": link,
        "exchange": story.exchange,
        "code": code,
        "frames": story.line.told,
    })
}

fn legend() -> Value {
    json!({
        "about": "why the device sends this; at the top, what the file is",
        "account": "the account",
        "box_sk": "X25519 private key, the first one",
        "close": "the relay closes the socket, with this code",
        "code": "the code that A shows near the end",
        "device_id": "identifier of the device",
        "devices": "the two devices",
        "ephemeral_sk": "the inviter's one-time X25519 private key",
        "exchange": "private values of the pairing by link",
        "frame": "the frame, one binary message",
        "frames": "all frames, in order",
        "host": "authority of the relay",
        "inviter_nonce": "nonce that the reveal opens",
        "joiner_nonce": "nonce in the request",
        "link": "the link by which B joins",
        "name": "name of the frame, or of the device",
        "new_box_sk": "X25519 private key of B after its Rekey",
        "secrets": "secrets of the epochs, from 0 on",
        "sign_seed": "Ed25519 private key, as its 32-byte seed",
        "socket": "device and number of the socket; C is a device that tries the code",
        "to": "relay or device",
    })
}

impl Story {
    fn hello(&self, keys: &DeviceKeys, challenge: &Challenge, anchors: Vec<Anchor>) -> ToRelay {
        let hello = Hello {
            versions: vec![VERSION],
            account: self.log.account(),
            device: keys.device_id(),
            log_seq: self.log.seq(),
            log_head: self.log.head(),
            anchors,
            signature: Signature::from_bytes([0; 64]),
        };
        ToRelay::Hello(keys.sign_in(HOST, challenge, hello))
    }

    fn address(&self, kind: Kind, counter: u64, item: ItemId) -> Address {
        let (epoch, log_seq, log_head) = (self.log.epoch(), self.log.seq(), self.log.head());
        Address { kind, account: self.log.account(), epoch, log_seq, log_head, counter, item, ttl_s: 604_800 }
    }

    fn clip(&mut self, keys: &DeviceKeys, counter: u64, item: ItemId, text: &str) -> Vec<u8> {
        let parts = vec![Part::new(TEXT, text)];
        let body = ClipBody { at_ms: self.line.now(), flags: 0, file_name: String::new(), parts };
        let key = self.secrets[self.log.epoch() as usize].derive_item_key(&self.log.account(), self.log.epoch());
        let address = self.address(Kind::Clip, counter, item);
        seal(keys, &key, &address, &body, &mut self.rng).expect("it is short")
    }

    fn take(&mut self, (entry, secret): (SignedEntry, EpochSecret)) -> SignedEntry {
        self.log.apply(&entry).expect("verifies");
        self.secrets.push(secret);
        entry
    }

    /// A starts the account, and sends the clip of the worked example; gives its place.
    fn first_session(&mut self, genesis: SignedEntry) -> Anchor {
        let challenge = self.line.open("A1");
        let register = ToRelay::Register { entry: genesis, token: String::new() };
        self.line.say("A1", "a new account: the relay does not know it yet", &register);
        let hello = self.hello(&self.a, &challenge, Vec::new());
        self.line.say("A1", "signs in", &hello);
        self.line.say("A1", "the log is the same; now items", &ToRelay::Pull { after: 0, limit: 100 });
        self.line.say("A1", "up to date", &ToRelay::Ack { cursor: 0 });
        let (item, key) = (ItemId::from_bytes(from(0xc0)), self.secrets[0].derive_item_key(&self.log.account(), 0));
        let parts = vec![Part::new(TEXT, "hello")];
        let body = ClipBody { at_ms: 1_800_000_000_000, flags: 0, file_name: String::new(), parts };
        let address = self.address(Kind::Clip, 1, item);
        let envelope = seal(&self.a, &key, &address, &body, &mut Counting(0xd0)).expect("it is short");
        let push = ToRelay::Push { after: 0, envelope: envelope.into() };
        pushed(&self.line.say("A1", "the first clip", &push))
    }

    /// A lets B in by link.
    fn let_in(&mut self, anchor: Anchor) -> String {
        let inviter = Inviter::make(self.log.account().mailbox(), &mut self.rng);
        let link = inviter.link(RELAY);
        let joiner = Joiner::make(&link, "Phone", &mut self.rng);
        let (invite, claim_hash, offer) = (inviter.invite(), inviter.claim_hash(), inviter.offer());
        let open = ToRelay::InviteOpen { invite, claim_hash, offer: offer.clone().into(), again: false };
        self.line.say("A1", "an invite by link", &open);
        self.line.open("B1");
        let claim = ToRelay::Claim { versions: vec![VERSION], invite, claim: joiner.claim(), token: joiner.token() };
        self.line.say("B1", "claims it", &claim);
        self.exchange = private(&inviter, &joiner);
        let request = joiner.request(&self.b, &offer, &mut self.rng).expect("a request");
        self.line.say("B1", "asks to join", &note(invite, InviteStep::Request, &request));
        let opened = inviter.open_request(&request).expect("opens");
        self.line.say("A1", "opens its commitment", &note(invite, InviteStep::Reveal, &inviter.reveal()));
        // Here the person carries six digits over.
        assert_eq!(joiner.digits(&self.b, &offer, &inviter.reveal()).ok(), Some(inviter.digits(&opened)));
        let made = make_add_device(&self.a, &self.log, &opened, &mut self.rng).expect("an entry");
        let entry = self.take(made);
        self.line.say("A1", "the digits were right: adds B", &ToRelay::LogAppend(entry));
        let names = [(self.a.device_id(), "Desk"), (self.b.device_id(), "Phone")];
        let handed_over = Joined {
            account: self.log.account(),
            log_seq: self.log.seq(),
            log_head: self.log.head(),
            anchors: vec![anchor],
            older: Vec::new(),
            names: names.map(|(device, name)| Named { device, name: name.into() }).into(),
        };
        let welcome = inviter.welcome(&opened, &handed_over, &mut self.rng).expect("a welcome");
        self.line.say(
            "A1",
            "hands the account over, without the history",
            &note(invite, InviteStep::Welcome, &welcome),
        );
        link.to_url(RELAY)
    }

    /// B signs in, and gets a clip.
    fn second_device(&mut self, anchor: Anchor) {
        let challenge = self.line.open("B2");
        let hello = self.hello(&self.b, &challenge, vec![anchor]);
        self.line.say("B2", "a member now, on a socket of its own", &hello);
        self.line.say("B2", "knows no entry yet", &ToRelay::LogPull { from: 0 });
        self.line.say("B2", "from `resume_after` on", &ToRelay::Pull { after: anchor.cursor, limit: 100 });
        self.line.say("B2", "up to date", &ToRelay::Ack { cursor: anchor.cursor });
        let subscribe = ToRelay::PushSubscribe { endpoint: "https://push.example/b".into() };
        self.line.say("B2", "where it is woken", &subscribe);
        let (a, item) = (self.a.clone(), ItemId::from_bytes(from(0xa0)));
        let envelope = self.clip(&a, 2, item, "second");
        let push = ToRelay::Push { after: anchor.cursor, envelope: envelope.into() };
        self.line.say("A1", "under the new epoch", &push);
        self.line.say("B2", "has it", &ToRelay::Ack { cursor: 2 });
    }

    /// What is refused, new keys, a deletion.
    fn trade(&mut self, anchor: Anchor) -> BoxSk {
        let (a, b) = (self.a.clone(), self.b.clone());
        let envelope = self.clip(&b, 1, ItemId::from_bytes(from(0xb0)), "from B");
        let behind = ToRelay::Push { after: anchor.cursor, envelope: envelope.clone().into() };
        self.line.say("B2", "has forgotten the second clip: refused, it is behind", &behind);
        let boxed = BoxSk::make(&mut self.rng);
        let made = make_rekey(&b, &self.log, &boxed, &mut self.rng).expect("an entry");
        let entry = self.take(made);
        self.line.say("B2", "another box key", &ToRelay::LogAppend(entry));
        let stale = ToRelay::Push { after: 2, envelope: envelope.into() };
        self.line.say("B2", "sealed under the epoch of before: refused", &stale);
        let envelope = self.clip(&b, 1, ItemId::from_bytes(from(0xb0)), "from B");
        self.line.say(
            "B2",
            "the same item and counter, sealed anew",
            &ToRelay::Push { after: 2, envelope: envelope.into() },
        );
        let (item, epoch) = (ItemId::from_bytes(from(0xa0)), self.log.epoch());
        let secret = &self.secrets[epoch as usize];
        let account = self.log.account();
        let digest = secret.derive_dedup_key(&account, epoch).digest(label::sha256(b"second").as_bytes());
        let gone = vec![Gone { device: a.device_id(), counter: 2, item, text: Some(digest) }];
        let tombstone = Tombstone { at_ms: self.line.now(), gone };
        let address = self.address(Kind::Tombstone, 3, ItemId::from_bytes(from(0x90)));
        let key = secret.derive_item_key(&account, epoch);
        let envelope = seal_note(&a, &key, &address, &tombstone, &mut self.rng);
        let places = vec![Place { cursor: 2, item }];
        let delete = ToRelay::Delete { after: 3, envelope: envelope.into(), places };
        self.line.say("A1", "deletes its second clip everywhere", &delete);
        boxed
    }

    /// A code, a try, and its end.
    fn by_code(&mut self) -> String {
        let inviter = CodeInviter::make(self.log.account().mailbox(), HOST, 4, &mut self.rng);
        let (invite, offer, code) = (inviter.invite(), inviter.offer(), inviter.code().clone());
        let nameplate = code.nameplate;
        let open = ToRelay::CodeOpen { invite, nameplate, offer: offer.into(), again: false };
        self.line.say("A1", "an invite by code", &open);
        self.line.open("C1");
        let joiner = CodeJoiner::make(code.clone(), RELAY, HOST, "Tablet", &mut self.rng);
        let claim = ToRelay::CodeClaim { versions: vec![VERSION], nameplate, token: joiner.token() };
        self.line.say("C1", "found it by its number", &claim);
        self.line.say("A1", "the person thinks again", &ToRelay::InviteCancel { invite });
        code.to_string()
    }

    fn end(&mut self) {
        let made = make_remove_device(&self.a, &self.log, self.b.device_id(), 1, &mut self.rng).expect("an entry");
        let entry = self.take(made);
        self.line.say("A1", "removes B", &ToRelay::LogAppend(entry));
        self.line.say("A1", "the only device goes: the relay deletes the account", &ToRelay::Leave);
    }
}

/// What an [`Inviter`] remembers, in its own order, and a [`Joiner`].
type InviterState = (InviteId, InviteSecret, BoxSk, ByteArray<32>, MailboxId);
type JoinerState = (InviteId, InviteSecret, MailboxId, String, JoinToken, ByteArray<32>, String);

/// The private values of a pairing, so that what is sealed in it can be opened.
fn private(inviter: &Inviter, joiner: &Joiner) -> Value {
    let inviter: InviterState = codec::decode(&codec::encode(inviter), 1024).expect("five fields");
    let joiner: JoinerState = codec::decode(&codec::encode(joiner), 1024).expect("seven fields");
    json!({
        "ephemeral_sk": base16ct::lower::encode_string(inviter.2.expose()),
        "inviter_nonce": base16ct::lower::encode_string(&inviter.3[..]),
        "joiner_nonce": base16ct::lower::encode_string(&joiner.5[..]),
    })
}

fn note(invite: InviteId, step: InviteStep, bytes: &[u8]) -> ToRelay {
    ToRelay::InviteNote(InviteNote { invite, step, bytes: bytes.to_vec().into() })
}

fn pushed(said: &[ToDevice]) -> Anchor {
    let pushed = said.iter().find_map(|frame| match frame {
        ToDevice::Pushed { cursor, mark, .. } => Some(Anchor { cursor: *cursor, mark: *mark }),
        _ => None,
    });
    pushed.expect("it was stored")
}
