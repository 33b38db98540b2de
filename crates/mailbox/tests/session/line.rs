//! A mailbox, the sockets to it, and a note of every frame.

use std::collections::BTreeMap;

use hushclip_mailbox::{Event, Mailbox, MemoryStore, Peer, Reply};
use hushclip_protocol::VERSION;
use hushclip_protocol::frame::{Challenge, ToDevice, ToRelay};
use hushclip_protocol::ids::{ConnId, MailboxId, Nonce};
use serde_json::{Value, json};

/// Where the devices dial.
pub(crate) const HOST: &str = "relay.example";
/// When the story begins.
const START: u64 = 1_800_000_000_000;

pub(crate) struct Line {
    mailbox: Mailbox<MemoryStore>,
    now: u64,
    sockets: BTreeMap<ConnId, &'static str>,
    pub(crate) told: Vec<Value>,
}

impl Line {
    pub(crate) fn new(mailbox: MailboxId) -> Self {
        let mailbox = Mailbox::restore(mailbox, MemoryStore::default(), [], None).expect("an empty store");
        Self { mailbox, now: START, sockets: BTreeMap::new(), told: Vec::new() }
    }

    /// The relay's clock.
    pub(crate) const fn now(&self) -> u64 {
        self.now
    }

    /// Opens a socket.
    pub(crate) fn open(&mut self, socket: &'static str) -> Challenge {
        let n = self.sockets.len() as u8 + 1;
        let (conn, nonce) = (ConnId::from_bytes([n; 16]), Nonce::from_bytes([0xf0 | n; 32]));
        self.sockets.insert(conn, socket);
        self.handle(Event::Opened { conn, nonce, host: HOST.into(), peer: Peer::Local });
        Challenge { versions: vec![VERSION], nonce, conn }
    }

    /// Says something; gives what each socket is told.
    pub(crate) fn say(&mut self, socket: &str, about: &str, frame: &ToRelay) -> Vec<ToDevice> {
        let conn = *self.sockets.iter().find(|(_, name)| **name == socket).expect("an open socket").0;
        let bytes = frame.encode();
        self.note(socket, "relay", &format!("{frame:?}"), &bytes);
        if let Some(note) = self.told.last_mut() {
            note["about"] = about.into();
        }
        self.handle(Event::Frame { conn, bytes })
    }

    fn handle(&mut self, event: Event) -> Vec<ToDevice> {
        self.now += 1000;
        let mut said = Vec::new();
        for reply in self.mailbox.handle(event, self.now) {
            match reply {
                Reply::Send { conn, frame } => {
                    let read = ToDevice::decode(&frame).expect("a frame");
                    self.note(self.sockets[&conn], "device", &format!("{read:?}"), &frame);
                    said.push(read);
                }
                Reply::Close { conn, code } => {
                    let closed =
                        json!({ "socket": self.sockets[&conn], "to": "device", "name": "close", "close": code.code() });
                    self.told.push(closed);
                }
                Reply::TakeNameplate { nameplate, .. } => {
                    said.extend(self.handle(Event::Nameplate { nameplate, taken: true }));
                }
                Reply::Attach { .. } | Reply::SetAlarm { .. } | Reply::Wake { .. } => {}
            }
        }
        said
    }

    fn note(&mut self, socket: &str, to: &str, shown: &str, frame: &[u8]) {
        let name = shown.split([' ', '(']).next().unwrap_or_default();
        self.told
            .push(json!({ "socket": socket, "to": to, "name": name, "frame": base16ct::lower::encode_string(frame) }));
    }
}
