//! One simulated device: an engine, its disk, its socket, and the clipboard it shares with others of
//! the same machine.

use std::collections::BTreeMap;

use hushclip_driver::{Driver, LineId};
use hushclip_engine::{CONTENT, Write};
use hushclip_model::{PayloadView, Problem, View};
use hushclip_protocol::codec;
use hushclip_protocol::ids::{AccountId, ConnId, MailboxId};
use hushclip_protocol::log::SignedEntry;
use rand_chacha::ChaCha20Rng;

/// A device.
pub(crate) struct Device {
    pub(crate) name: String,
    /// Index of the machine whose clipboard it watches.
    pub(crate) machine: usize,
    pub(crate) driver: Driver,
    pub(crate) disk: BTreeMap<String, Vec<u8>>,
    pub(crate) rng: ChaCha20Rng,
    /// The open or opening socket.
    pub(crate) conn: Option<ConnId>,
    /// What the driver calls it.
    pub(crate) line: Option<LineId>,
    /// Timers set by an engine that has died since do not count.
    pub(crate) life: u32,
    /// How far its clock is ahead.
    pub(crate) skew: i64,
    /// How far it was put forward in all.
    pub(crate) put_forward: i64,
    /// What a person sees there, without the clips.
    pub(crate) shown: View,
    /// Texts that notices named as stored by the relay.
    pub(crate) sent: Vec<String>,
    /// The order of the payload that it was told of last.
    pub(crate) newest_payload: u64,
}

impl Device {
    pub(crate) fn new(name: String, machine: usize, rng: ChaCha20Rng) -> Self {
        let driver = open(&BTreeMap::new());
        let shown = driver.view_without_clips();
        Self {
            name,
            machine,
            driver,
            disk: BTreeMap::new(),
            rng,
            conn: None,
            line: None,
            life: 0,
            skew: 0,
            put_forward: 0,
            shown,
            sent: Vec::new(),
            newest_payload: 0,
        }
    }

    pub(crate) fn store(&mut self, writes: Vec<Write>) {
        put(&mut self.disk, writes);
        self.driver.stored();
    }

    /// The disk fails.
    pub(crate) fn fail(&mut self, now: u64) {
        self.driver.failed(Problem::StorageFull, now);
    }

    /// The line that it has or had last.
    pub(crate) fn line(&self) -> LineId {
        self.line.unwrap_or(LineId::Relay(0))
    }

    pub(crate) fn load(&mut self, keys: Vec<String>, now: u64) {
        let read = |key: String| {
            let value = self.disk.get(&key).cloned();
            (key, value)
        };
        let records = keys.into_iter().map(read).collect();
        self.driver.loaded(records, now);
    }

    /// What it looks like, with all that its clips hold.
    pub(crate) fn view(&self) -> View {
        let mut view = self.driver.engine().view();
        if view.clips.iter().all(|clip| !clip.cut) {
            return view;
        }
        let mut disk = self.disk.clone();
        put(&mut disk, self.driver.unsaved().cloned());
        for clip in view.clips.iter_mut().filter(|clip| clip.cut) {
            let source = self.driver.engine().source(&clip.id).expect("it is in the list");
            let content = source.content(&disk).expect("its content is on the disk");
            (clip.text, clip.html) = (content.text, content.html);
        }
        view
    }

    /// The payloads of others on a channel, with their bytes.
    pub(crate) fn payloads(&self, channel: &str) -> Vec<(PayloadView, Vec<u8>)> {
        let mut disk = self.disk.clone();
        put(&mut disk, self.driver.unsaved().cloned());
        let engine = self.driver.engine();
        let bytes_of = |payload: &PayloadView| {
            let key = engine.payload_key(&payload.id).expect("it is kept");
            disk.get(&key).expect("its bytes are on the disk").clone()
        };
        engine.payloads(channel, 0).into_iter().map(|payload| (payload.clone(), bytes_of(&payload))).collect()
    }

    /// The mailbox that the device's account lives in: the start of its identifier, which the hash of
    /// the first log entry is.
    pub(crate) fn mailbox(&self) -> Option<MailboxId> {
        let genesis = self.disk.get("log/00000000")?;
        let entry: SignedEntry = codec::decode(genesis, SignedEntry::BYTES).ok()?;
        Some(AccountId::from_bytes(*entry.hash().as_bytes()).mailbox())
    }

    /// The process dies; what was persisted is there when it comes back.
    pub(crate) fn crash(&mut self) {
        self.driver = open(&self.disk);
        self.shown = self.driver.view_without_clips();
        (self.conn, self.line) = (None, None);
        self.life += 1;
    }
}

fn put(disk: &mut BTreeMap<String, Vec<u8>>, writes: impl IntoIterator<Item = Write>) {
    for write in writes {
        match write {
            Write::Put { key, value } => disk.insert(key, value),
            Write::Delete { key } => disk.remove(&key),
        };
    }
}

fn open(disk: &BTreeMap<String, Vec<u8>>) -> Driver {
    let records =
        disk.iter().filter(|(key, _)| !CONTENT.contains(&&***key)).map(|(key, value)| (key.clone(), value.clone()));
    Driver::open(records).expect("what an engine persisted makes an engine")
}
