//! An account with real keys, and what its devices send.

use hushclip_crypto::body::{ClipBody, Part, TEXT};
use hushclip_crypto::envelope::{Address, seal};
use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::{make_add_device, make_genesis, make_rotate};
use hushclip_crypto::pairing::{Inviter, Joiner};
use hushclip_protocol::VERSION;
use hushclip_protocol::codec;
use hushclip_protocol::envelope::Kind;
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{Anchor, Challenge, Hello, ToDevice, ToRelay, Welcome};
use hushclip_protocol::ids::{Encapsulated, ItemId, MailboxId, SealedSecret, Signature};
use hushclip_protocol::log::{Action, Entry, Grant, Membership, SealedFor, SealedList, SignedEntry};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::{Relay, Socket};

/// Random numbers that are the same in every run.
pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// An account as its devices know it. Device 0 made it.
#[derive(Debug)]
pub struct Account {
    /// The devices' keys.
    pub devices: Vec<DeviceKeys>,
    /// The verified log.
    pub log: Membership,
    /// The log's first entry.
    pub genesis: SignedEntry,
    secret: EpochSecret,
    /// Of what was sealed last.
    pub counter: u64,
    rng: ChaCha20Rng,
}

impl Account {
    /// An account that no relay knows yet.
    pub fn make(seed: u64) -> Self {
        let mut rng = rng(seed);
        let keys = DeviceKeys::make(&mut rng);
        let (genesis, secret) = make_genesis(&keys, "one", &mut rng).expect("keys are good");
        let log = Membership::genesis(&genesis).expect("our own entry verifies");
        Self { devices: vec![keys], log, genesis, secret, counter: 0, rng }
    }

    /// An account that the relay has registered, and its first device's socket.
    pub fn registered(relay: &Relay, seed: u64) -> (Self, Socket) {
        let account = Self::make(seed);
        let mut socket = Socket::open(relay, account.mailbox());
        account.register(&mut socket, "").expect("anybody may");
        account.hello(&mut socket, 0, None);
        (account, socket)
    }

    /// Registers the account on an open socket.
    pub fn register(&self, socket: &mut Socket, token: &str) -> Result<(), ErrorCode> {
        socket.send(&ToRelay::Register { entry: self.genesis.clone(), token: token.into() });
        match socket.recv() {
            ToDevice::Registered { .. } => Ok(()),
            ToDevice::Error { code, of: 1, .. } => Err(code),
            other => panic!("instead of an answer came {other:?}"),
        }
    }

    /// A registered account with two devices and their sockets.
    pub fn pair(relay: &Relay, seed: u64) -> (Self, Socket, Socket) {
        let (mut account, mut first) = Self::registered(relay, seed);
        let entry = account.add_device();
        first.send(&ToRelay::LogAppend(entry));
        first.recv_some(|frame| matches!(frame, ToDevice::LogEntries { from: 1, .. }).then_some(()));
        let (second, _) = account.sign_in(relay, 1, None);
        let device = account.devices[1].device_id();
        assert_eq!(first.recv(), ToDevice::Presence { device, online: true });
        (account, first, second)
    }

    /// Where the account is.
    pub fn mailbox(&self) -> MailboxId {
        self.log.account().mailbox()
    }

    /// Opens a socket and signs in.
    pub fn sign_in(&self, relay: &Relay, device: usize, anchor: Option<Anchor>) -> (Socket, Welcome) {
        let mut socket = Socket::open(relay, self.mailbox());
        let welcome = self.hello(&mut socket, device, anchor);
        (socket, welcome)
    }

    /// Signs in on an open socket.
    pub fn hello(&self, socket: &mut Socket, device: usize, anchor: Option<Anchor>) -> Welcome {
        let hello = self.signed_hello(device, &socket.host, &socket.challenge, anchor);
        socket.send(&ToRelay::Hello(hello));
        match socket.recv() {
            ToDevice::Welcome(welcome) => welcome,
            other => panic!("instead of a welcome came {other:?}"),
        }
    }

    /// The answer to a challenge.
    pub fn signed_hello(&self, device: usize, host: &str, challenge: &Challenge, anchor: Option<Anchor>) -> Hello {
        let keys = &self.devices[device];
        let hello = Hello {
            versions: vec![VERSION],
            account: self.log.account(),
            device: keys.device_id(),
            log_seq: self.log.seq(),
            log_head: self.log.head(),
            anchors: anchor.into_iter().collect(),
            signature: Signature::from_bytes([0; 64]),
        };
        keys.sign_in(host, challenge, hello)
    }

    /// Makes a new device through a pairing exchange that no relay takes part in, and the entry that
    /// adds it.
    pub fn add_device(&mut self) -> SignedEntry {
        let keys = DeviceKeys::make(&mut self.rng);
        let inviter = Inviter::make(self.mailbox(), &mut self.rng);
        let joiner = Joiner::make(&inviter.link("http://relay"), "another", &mut self.rng);
        let request = joiner.request(&keys, &inviter.offer(), &mut self.rng).expect("the offer is good");
        let request = inviter.open_request(&request).expect("the request is good");
        let (entry, secret) =
            make_add_device(&self.devices[0], &self.log, &request, &mut self.rng).expect("keys are good");
        self.devices.push(keys);
        self.take(&entry, secret);
        entry
    }

    /// The entry by which device 0 starts another epoch.
    pub fn rotate(&mut self) -> SignedEntry {
        let (entry, secret) = make_rotate(&self.devices[0], &self.log, &mut self.rng).expect("keys are good");
        self.take(&entry, secret);
        entry
    }

    /// An entry of device 0 about something that nobody knows yet.
    pub fn memo(&mut self) -> SignedEntry {
        let keys = &self.devices[0];
        let (rotated, secret) = make_rotate(keys, &self.log, &mut self.rng).expect("keys are good");
        let mut entry = rotated.decode_entry().expect("our own entry");
        let grant = entry.action.grant().clone();
        entry.action = Action::Memo { grant, topic: 9, bytes: vec![1; 100].into() };
        let entry = codec::encode(&entry);
        let signature = keys.sign(&SignedEntry::message(&entry));
        let entry = SignedEntry { entry: entry.into(), signature, sealed: rotated.sealed };
        self.take(&entry, secret);
        entry
    }

    /// The entry by which device 0 removes another. The relay cannot tell that its sealed secrets
    /// open nowhere.
    pub fn remove_device(&mut self, device: usize) -> SignedEntry {
        let (keys, gone) = (&self.devices[0], self.devices[device].device_id());
        let epoch = self.log.epoch() + 1;
        let members = self.log.members().map(|(device, _)| *device).filter(|device| *device != gone);
        let (enc, secret) = (Encapsulated::from_bytes([1; 32]), SealedSecret::from_bytes([2; 48]));
        let sealed = SealedList(members.map(|device| SealedFor { device, enc, secret }).collect()).encode();
        let next = EpochSecret::make(&mut self.rng);
        let commit = next.derive_commit(&self.log.account(), epoch);
        let grant = Grant { epoch, commit, sealed_hash: SealedList::hash(&sealed) };
        let entry = codec::encode(&Entry {
            version: VERSION,
            account: self.log.account(),
            seq: self.log.seq() + 1,
            prev: self.log.head(),
            author: keys.device_id(),
            action: Action::RemoveDevice { device: gone, last_counter: self.counter, grant },
        });
        let signature = keys.sign(&SignedEntry::message(&entry));
        let entry = SignedEntry { entry: entry.into(), signature, sealed: sealed.into() };
        self.take(&entry, next);
        entry
    }

    /// Takes an entry in that one of the devices made.
    pub fn take(&mut self, entry: &SignedEntry, secret: EpochSecret) {
        self.log.apply(entry).expect("our own entry verifies");
        self.secret = secret;
    }

    /// A sealed clip of so many bytes of text.
    pub fn clip(&mut self, device: usize, item: u8, bytes: usize, ttl_s: u32) -> Vec<u8> {
        self.clip_named(device, ItemId::from_bytes([item; 16]), bytes, ttl_s)
    }

    /// The same under any name.
    pub fn clip_named(&mut self, device: usize, item: ItemId, bytes: usize, ttl_s: u32) -> Vec<u8> {
        self.seal(Kind::Clip, device, item, bytes, ttl_s)
    }

    /// An item that the relay takes for a tombstone; what is in it, it cannot see.
    pub fn tombstone(&mut self, device: usize, item: u8) -> Vec<u8> {
        self.tombstone_of(device, item, 20)
    }

    /// The same of so many bytes.
    pub fn tombstone_of(&mut self, device: usize, item: u8, bytes: usize) -> Vec<u8> {
        self.seal(Kind::Tombstone, device, ItemId::from_bytes([item; 16]), bytes, 600)
    }

    /// An item of any kind; what is in it, the relay cannot see.
    pub fn of_kind(&mut self, kind: u8, device: usize, item: u8) -> Vec<u8> {
        self.seal(Kind::of(kind), device, ItemId::from_bytes([item; 16]), 20, 600)
    }

    fn seal(&mut self, kind: Kind, device: usize, item: ItemId, bytes: usize, ttl_s: u32) -> Vec<u8> {
        self.counter += 1;
        let address = Address {
            kind,
            account: self.log.account(),
            epoch: self.log.epoch(),
            log_seq: self.log.seq(),
            log_head: self.log.head(),
            counter: self.counter,
            item,
            ttl_s,
        };
        let body =
            ClipBody { at_ms: 0, flags: 0, file_name: String::new(), parts: vec![Part::new(TEXT, vec![b'x'; bytes])] };
        let key = self.secret.derive_item_key(&self.log.account(), self.log.epoch());
        seal(&self.devices[device], &key, &address, &body, &mut self.rng).expect("it is not too large")
    }
}
