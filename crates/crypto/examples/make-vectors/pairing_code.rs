//! `pairing_code.json`: typed codes, and one exchange by code with everything in between.

use core::convert::Infallible;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::{BoxSk, DeviceKeys};
use hushclip_crypto::pairing::{Code, CodeInviter, CodeJoiner, Joined, Named, OlderEpoch};
use hushclip_protocol::ids::{AccountId, Hash, InviteId, JoinToken, MailboxId};
use hushclip_protocol::{codec, label};
use minicbor::bytes::ByteArray;
use rand_chacha::ChaCha20Rng;
use rand_core::{TryCryptoRng, TryRng};
use serde_json::{Value, json};
use sha2::Sha256;
use spake2::{Ed25519Group, Identity, Password, Spake2};

use crate::epoch::random;
use crate::out::{File, anchors, array, hex, rng};
use crate::pairing::request_plain;
use crate::pairing_code_refused;

pub(crate) const HOST: &str = "clip.example:8443";
pub(crate) const NAME: &str = "Phone of Zoë";

/// What a [`CodeInviter`] remembers, in its own order.
type InviterState = (InviteId, Code, BoxSk, ByteArray<64>, MailboxId, String);
/// What a [`CodeJoiner`] remembers, in its own order.
pub(crate) type JoinerState = (Code, String, String, JoinToken, ByteArray<32>, ByteArray<64>, String);

/// One exchange, with what only the two devices know.
pub(crate) struct World {
    pub(crate) inviter: CodeInviter,
    pub(crate) joiner: CodeJoiner,
    /// The joining device's.
    pub(crate) keys: DeviceKeys,
    pub(crate) joined: Joined,
    pub(crate) invite: InviteId,
    pub(crate) mailbox: MailboxId,
    pub(crate) code: Code,
    pub(crate) ephemeral: BoxSk,
    /// Random bytes behind the PAKE message of the inviter and of the joiner.
    pub(crate) random: [[u8; 64]; 2],
    pub(crate) nonce: [u8; 32],
    pub(crate) rng: ChaCha20Rng,
}

impl World {
    fn new() -> Self {
        let mut rng = rng("pairing_code");
        let account = AccountId::from_bytes(random(&mut rng));
        let inviter = CodeInviter::make(account.mailbox(), HOST, 17, &mut rng);
        let code = inviter.code().clone();
        let joiner = CodeJoiner::make(code.clone(), &format!("https://{HOST}"), HOST, NAME, &mut rng);
        let keys = DeviceKeys::make(&mut rng);
        let older = OlderEpoch { epoch: 4, secret: EpochSecret::make(&mut rng) };
        let named = Named { device: keys.device_id(), name: NAME.into() };
        let log_head = Hash::from_bytes(random(&mut rng));
        let handed_over =
            Joined { account, log_seq: 5, log_head, anchors: Vec::new(), older: vec![older], names: vec![named] };
        let state: InviterState = codec::decode(&codec::encode(&inviter), 1024).expect("six fields");
        let (invite, _, ephemeral, x, mailbox, _) = state;
        let (_, _, _, _, nonce, y, _) = joiner_state(&joiner);
        let (random, nonce) = ([*x, *y], *nonce);
        Self { inviter, joiner, keys, joined: handed_over, invite, mailbox, code, ephemeral, random, nonce, rng }
    }

    /// `M(label; invite, nameplate, host)`.
    pub(crate) fn identity(&self, label: &str) -> Vec<u8> {
        let nameplate = u64::from(self.code.nameplate).to_be_bytes();
        label::message(label, &[self.invite.as_bytes(), &nameplate, HOST.as_bytes()])
    }

    /// The PAKE of the two sides, straight from its library: their messages and the key.
    pub(crate) fn pake(&self) -> ([Vec<u8>; 2], [u8; 32]) {
        let password = Password::new(self.code.words.as_bytes());
        let a = Identity::new(&self.identity("hushclip/1 code-inviter"));
        let b = Identity::new(&self.identity("hushclip/1 code-joiner"));
        let [x, y] = self.random.map(Given);
        let (inviter, from_inviter) = Spake2::<Ed25519Group>::start_a_with_rng(&password, &a, &b, x);
        let (joiner, from_joiner) = Spake2::<Ed25519Group>::start_b_with_rng(&password, &a, &b, y);
        let key = inviter.finish(&from_joiner).expect("a message");
        assert_eq!(joiner.finish(&from_inviter).expect("a message"), key);
        ([from_inviter, from_joiner], array(&key))
    }

    /// A key that follows from the PAKE's.
    pub(crate) fn derive(&self, name: &str) -> [u8; 32] {
        let mut out = [0; 32];
        let hkdf = Hkdf::<Sha256>::new(Some(self.invite.as_bytes()), &self.pake().1);
        hkdf.expand(name.as_bytes(), &mut out).expect("32 bytes");
        out
    }

    /// What the two sign and seal over.
    pub(crate) fn transcript(&self, label: &str, offer: &[u8], sign_pk: &[u8; 32], name: &[u8]) -> Hash {
        let (offer, box_pk) = (label::sha256(offer), self.keys.box_pk());
        let parts: [&[u8]; 6] =
            [self.invite.as_bytes(), offer.as_bytes(), sign_pk, box_pk.as_bytes(), &self.nonce, name];
        label::hash(label, &parts)
    }
}

/// The joiner's confirmation.
pub(crate) fn confirm_joiner(key: &[u8; 32], label: &str, offer: &[u8], pake: &[u8]) -> [u8; 32] {
    mac(key, &label::message(label, &[label::sha256(offer).as_bytes(), pake]))
}

/// HMAC-SHA256.
pub(crate) fn mac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("any key");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

pub(crate) fn joiner_state(joiner: &CodeJoiner) -> JoinerState {
    codec::decode(&codec::encode(joiner), 1024).expect("seven fields")
}

/// Random bytes that are known: one scalar takes all of them, at once.
struct Given([u8; 64]);

impl TryRng for Given {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("only bytes are asked for")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("only bytes are asked for")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.copy_from_slice(&self.0);
        Ok(())
    }
}

impl TryCryptoRng for Given {}

/// Makes the file.
pub(crate) fn make() -> File {
    let mut world = World::new();
    let offer = world.inviter.offer();
    let request = world.joiner.request(&world.keys, &offer, &mut world.rng).expect("a request");
    let opened = world.inviter.open_request(&request).expect("opens");
    let reveal = world.inviter.reveal(&request, &opened).expect("a reveal");
    let welcome = world.inviter.welcome(&request, &opened, &world.joined, &mut world.rng).expect("a welcome");
    let (_, relay, host, token, ..) = joiner_state(&world.joiner);
    let ([from_inviter, from_joiner], key) = world.pake();
    let told = &world.joined;
    let exchange = json!({
        "account": told.account.to_hex(),
        "mailbox": world.mailbox.to_hex(),
        "invite": world.invite.to_hex(),
        "host": HOST,
        "code": world.code.to_string(),
        "nameplate": world.code.nameplate,
        "words": world.code.words,
        "identities": [hex(world.identity("hushclip/1 code-inviter")), hex(world.identity("hushclip/1 code-joiner"))],
        "inviter": {
            "ephemeral_sk": hex(world.ephemeral.expose()),
            "ephemeral_pk": world.ephemeral.derive_pk().to_hex(),
            "random": hex(world.random[0]),
            "pake": hex(from_inviter),
        },
        "joiner": {
            "sign_seed": hex(world.keys.sign_seed().expose()),
            "box_sk": hex(world.keys.box_sk().expose()),
            "sign_pk": world.keys.sign_pk().to_hex(),
            "box_pk": world.keys.box_pk().to_hex(),
            "relay": relay,
            "host": host,
            "token": token.to_hex(),
            "nonce": hex(world.nonce),
            "name": NAME,
            "random": hex(world.random[1]),
            "pake": hex(from_joiner),
        },
        "key": hex(key),
        "psk": hex(world.derive("hushclip/1 code-psk")),
        "confirm_joiner_key": hex(world.derive("hushclip/1 code-confirm-joiner")),
        "confirm_inviter_key": hex(world.derive("hushclip/1 code-confirm-inviter")),
        "offer": hex(&offer),
        "request": hex(&request),
        "request_plain": hex(request_plain(&world.keys, &world.nonce, &opened)),
        "transcript": opened.transcript.to_hex(),
        "proof": opened.proof.to_hex(),
        "reveal": hex(&reveal),
        "welcome": hex(&welcome),
        "welcome_plain": hex(codec::encode(told)),
        "joined": {
            "log_seq": told.log_seq.to_string(),
            "log_head": told.log_head.to_hex(),
            "anchors": anchors(&told.anchors),
            "older": [{ "epoch": told.older[0].epoch.to_string(), "secret": hex(told.older[0].secret.expose()) }],
            "names": [{ "device": told.names[0].device.to_hex(), "name": told.names[0].name }],
        },
    });
    let refused = pairing_code_refused::make(&mut world, &offer, &request, &reveal, &welcome);
    File::new(&[
        "`codes` are read as people type them.",
        "`exchange` is one pairing by code, with every private value of both sides. A scalar of the PAKE is the \
         `random` of its side, as a little-endian number, modulo the order of the group.",
        "Each entry of `refused` stands in for one message of it. An offer is refused by the joiner, or, where `by` is \
         `inviter`, what the joiner answers to it is refused there, and no reveal fits it.",
    ])
    .with("codes", codes())
    .with("refused_codes", refused_codes())
    .with("exchange", exchange)
    .with("refused", refused)
}

fn codes() -> Vec<Value> {
    [
        ("as it is shown", "4-purple-cactus", 4, "purple-cactus"),
        ("read out loud", "4 purple cactus", 4, "purple-cactus"),
        ("in capitals", "4-PURPLE-Cactus", 4, "purple-cactus"),
        ("with space around it", "\t 4-purple-cactus \n", 4, "purple-cactus"),
        ("with other separators", "4, purple — cactus.", 4, "purple-cactus"),
        ("the same word twice", "99-zoom-zoom", 99, "zoom-zoom"),
        ("the greatest number", "9999-abacus-zoom", 9999, "abacus-zoom"),
    ]
    .into_iter()
    .map(|(name, typed, nameplate, words)| json!({ "name": name, "typed": typed, "nameplate": nameplate, "words": words }))
    .collect()
}

fn refused_codes() -> Vec<Value> {
    [
        ("nothing", "", "NotACode"),
        ("no number", "purple-cactus", "NotACode"),
        ("one word", "4-purple", "NotACode"),
        ("three words", "4-purple-cactus-abacus", "NotACode"),
        ("number last", "purple-cactus-4", "NotACode"),
        ("number 0", "0-purple-cactus", "NotACode"),
        ("leading zero", "04-purple-cactus", "NotACode"),
        ("number too great", "10000-purple-cactus", "NotACode"),
        ("number beyond 32 bits", "4294967300-purple-cactus", "NotACode"),
        ("a link", "https://clip.example/pair#AQ", "NotACode"),
        ("a word that is in no code", "4-purple-kaktus", "UnknownWord"),
        ("a slip of the first word", "4-purpel-cactus", "UnknownWord"),
    ]
    .into_iter()
    .map(|(name, typed, error)| json!({ "name": name, "typed": typed, "error": error }))
    .collect()
}
