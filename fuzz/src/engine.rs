//! The engine as a state machine: an honest mailbox behind a network that does what it likes, people
//! who press every button, clocks that jump, and a process that dies.
//!
//! Invariants: no panic; what one call persists comes before what it sends; after each call, what was
//! persisted makes an engine that shows the same.

use std::collections::VecDeque;

use hushclip_driver::{Driver, Step};
use hushclip_engine::{CONTENT, Event, LineId, Said, Write};
use hushclip_mailbox::{Event as RelayEvent, Mailbox, MemoryStore, Peer, Reply};
use hushclip_model::settings::{Change, Policy};
use hushclip_model::{Command, CommandId, Content, SecretKind, View};
use hushclip_protocol::error::CloseCode;
use hushclip_protocol::frame::ToDevice;
use hushclip_protocol::ids::{ConnId, DeviceId, MailboxId, Nonce};
use hushclip_sim::ORIGIN;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::input::Input;
use crate::lasting::{difference, lasting};
use crate::scenes::{Disk, SCENES, Scene, mailbox_of};

const MOST_STEPS: usize = 64;
/// The last millisecond of the year 9999.
const END_OF_TIME: u64 = 253_402_300_799_999;

pub(crate) fn events(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let scene = &SCENES[input.below(SCENES.len())];
    let mut world = World::new(scene);
    world.event(Event::Started);
    for _ in 0..MOST_STEPS {
        if input.is_empty() {
            return;
        }
        world.step(&mut input);
    }
}

struct World<'a> {
    scene: &'a Scene,
    driver: Driver,
    disk: Disk,
    rng: ChaCha20Rng,
    now: u64,
    relay: Mailbox<MemoryStore>,
    /// The mailbox that the relay is asked for.
    mailbox: MailboxId,
    conn: Option<ConnId>,
    line: LineId,
    conns: u8,
    /// What is on its way to the device.
    coming: VecDeque<Event>,
    wake: Option<u64>,
}

impl<'a> World<'a> {
    fn new(scene: &'a Scene) -> Self {
        Self {
            scene,
            driver: open(&scene.disk),
            disk: scene.disk.clone(),
            rng: ChaCha20Rng::seed_from_u64(31),
            now: scene.now,
            relay: relay(mailbox_of(&scene.relay), scene.relay.clone()),
            mailbox: mailbox_of(&scene.relay),
            conn: None,
            line: LineId::Relay(0),
            conns: 0,
            coming: VecDeque::new(),
            wake: None,
        }
    }

    fn step(&mut self, input: &mut Input) {
        match input.byte() % 24 {
            0..=5 => self.deliver(),
            6 => {
                // What an honest network does between two choices.
                for _ in 0..8 {
                    self.deliver();
                }
            }
            7 => self.deliver_changed(input),
            8 => self.deliver_lie(input),
            9 => {
                let heard = &self.scene.heard;
                let mut frame = heard.get(input.below(heard.len())).cloned().unwrap_or_default();
                if input.flag() {
                    input.mutate(&mut frame);
                }
                self.said(Said::Frame(frame));
            }
            10 => drop(self.coming.pop_front()),
            11 => {
                if let Some(event) = self.coming.front().cloned() {
                    self.event(event);
                }
            }
            12 | 13 => {
                let command = self.command(input);
                self.event(Event::Command { id: CommandId(1), command });
            }
            14 => {
                let text = String::from_utf8_lossy(input.take(12)).into_owned();
                let html = input.flag().then(|| format!("<p>{text}"));
                self.event(Event::LocalCopy(Content { text, html }));
            }
            15 => {
                if let Some(at) = self.wake.take() {
                    self.now = self.now.max(at).min(END_OF_TIME);
                }
                self.event(Event::Timer);
            }
            16 => {
                self.now = (self.now + input.number()).min(END_OF_TIME);
                self.event(Event::Timer);
            }
            17 => {
                let jumps = [0, 1, self.scene.now, self.now / 2, self.now + (400 << 26), END_OF_TIME];
                self.now = jumps[input.below(jumps.len())].min(END_OF_TIME);
            }
            18 => {
                let codes = [None, Some(1006), Some(CloseCode::Removed.code()), Some(CloseCode::NotAMember.code())];
                let code = match input.byte() {
                    byte @ 0..4 => codes[usize::from(byte)],
                    byte => Some(4000 + u16::from(byte % 12)),
                };
                self.lose_socket();
                self.said(Said::Closed { code });
            }
            19 => {
                self.lose_socket();
                self.driver = open(&self.disk);
                self.event(Event::Started);
            }
            20 => {
                let said = |said| Event::Line { line: self.line, said };
                let events = [said(Said::Pong), Event::Online, said(Said::Opened), Event::Pasted, Event::Started];
                self.event(events[input.below(events.len())].clone());
            }
            21 => {
                let store = if input.flag() { self.scene.relay.clone() } else { self.relay.store().clone() };
                self.relay = relay(self.mailbox, store);
                self.lose_socket();
                self.said(Said::Closed { code: None });
            }
            22 if input.flag() => self.say_over_device_line(input),
            22 => self.relay.store_mut().full = input.flag(),
            _ => {
                let frame = input.take(64).to_vec();
                self.said(Said::Frame(frame));
            }
        }
    }

    /// Another device brings what the relay has on its way, or something else.
    fn say_over_device_line(&mut self, input: &mut Input) {
        let devices = self.driver.view_without_clips().devices;
        let device = devices.get(input.below(devices.len())).and_then(|device| DeviceId::from_hex(&device.id));
        let line = LineId::Device(device.unwrap_or(DeviceId::from_bytes([7; 16])), 1);
        let on_its_way = self.coming.iter().find_map(|event| match event {
            Event::Line { said: Said::Frame(frame), .. } => match ToDevice::decode(frame) {
                Ok(ToDevice::Item(item)) => Some(item.envelope.to_vec()),
                Ok(ToDevice::Items { items, .. }) => items.last().map(|item| item.envelope.to_vec()),
                _ => None,
            },
            _ => None,
        });
        let mut envelope = on_its_way.unwrap_or_default();
        if input.flag() {
            input.mutate(&mut envelope);
        }
        for said in [Said::Opened, Said::Frame(envelope)] {
            self.event(Event::Line { line, said });
        }
        if input.flag() {
            self.event(Event::Line { line, said: Said::Closed { code: None } });
        }
    }

    fn deliver(&mut self) {
        if let Some(event) = self.coming.pop_front() {
            self.event(event);
        }
    }

    fn deliver_changed(&mut self, input: &mut Input) {
        match self.coming.pop_front() {
            Some(Event::Line { line, said: Said::Frame(mut frame) }) => {
                input.mutate(&mut frame);
                self.event(Event::Line { line, said: Said::Frame(frame) });
            }
            Some(other) => self.event(other),
            None => {}
        }
    }

    /// A frame that is well-formed and says something else.
    fn deliver_lie(&mut self, input: &mut Input) {
        let next = self.coming.pop_front();
        let Some(Event::Line { said: Said::Frame(bytes), .. }) = &next else {
            return next.map_or((), |event| self.event(event));
        };
        let Ok(frame) = ToDevice::decode(bytes) else { return };
        self.said(Said::Frame(lie(frame, input).encode()));
    }

    fn command(&self, input: &mut Input) -> Command {
        let view = self.driver.engine().view();
        let name = || "device".to_owned();
        let invitations = &self.scene.invitations;
        let invitation = invitations.get(input.below(invitations.len())).cloned().unwrap_or_default();
        match input.byte() % 18 {
            0 => Command::CreateAccount { relay: ORIGIN.into(), name: name(), token: None },
            1 => Command::Join { link: invitation, name: name() },
            2 => Command::JoinByCode { relay: ORIGIN.into(), code: invitation, name: name() },
            3 => Command::Push { text: String::from_utf8_lossy(input.take(8)).into_owned(), html: None },
            4 => {
                let clip = view.clips.get(input.below(view.clips.len()));
                Command::Copied { id: clip.map(|clip| clip.id.clone()).unwrap_or_default() }
            }
            5 => Command::Invite,
            6 => Command::InviteByCode,
            7 => Command::CancelInvite,
            8 => Command::Approve { digits: None, share_history: input.flag() },
            9 => Command::Approve { digits: Some(invitation), share_history: input.flag() },
            10 => Command::Refuse,
            11 => Command::CancelJoin,
            12 => {
                let device = view.devices.get(input.below(view.devices.len()));
                Command::RemoveDevice { device: device.map(|device| device.id.clone()).unwrap_or_default() }
            }
            13 => Command::SetRotation { minutes: [0, 30, 31, 10_080, 10_081, u32::MAX][input.below(6)] },
            14 => Command::Resume,
            15 => Command::DismissAlert { id: view.alerts.first().map_or(0, |alert| alert.id) },
            16 => Command::Leave,
            _ => Self::library_command(&view, input),
        }
    }

    fn library_command(view: &View, input: &mut Input) -> Command {
        let clip = view.clips.get(input.below(view.clips.len()));
        let id = clip.map(|clip| clip.id.clone()).unwrap_or_default();
        match input.byte() % 10 {
            0 => Command::Take { id, plain: input.flag() },
            1 => Command::Pin { id, pinned: input.flag() },
            2 => Command::Delete { ids: vec![id] },
            3 => Command::DeleteAll,
            4 => Command::Undelete { ids: if input.flag() { vec![id] } else { Vec::new() } },
            5 => Command::Seen,
            6 => Command::AnswerSecret {
                id: view.held.first().map(|held| held.id.clone()).unwrap_or_default(),
                send: input.flag(),
                remember: input.flag(),
                burn: input.flag(),
            },
            7 => {
                let policy = [Policy::Ask, Policy::Send, Policy::Never][input.below(3)];
                let paused = Some(input.flag());
                let codes = Change::secret(SecretKind::Code, policy);
                Command::SetSettings { change: Change { paused, secret_life_s: Some(15), ..codes } }
            }
            8 => Command::Push { text: "482913".into(), html: None },
            _ => Command::Dismiss,
        }
    }

    fn said(&mut self, said: Said) {
        self.event(Event::Line { line: self.line, said });
    }

    fn will_say(&mut self, said: Said) {
        self.coming.push_back(Event::Line { line: self.line, said });
    }

    fn event(&mut self, event: Event) {
        let what = match &event {
            Event::Line { said: Said::Frame(frame), .. } => format!("{:?}", ToDevice::decode(frame)),
            other => format!("{other:?}"),
        };
        let asked = matches!(event, Event::Command { .. });
        self.driver.push(event);
        let (mut answers, mut has_sent, mut has_written, mut has_read) = (0, false, false, false);
        while let Some(step) = self.driver.next(self.now, &mut self.rng) {
            match step {
                Step::Store(writes) => {
                    // What was read makes an event of its own, after all that this one wants done.
                    if has_sent && std::mem::take(&mut has_read) {
                        has_sent = false;
                    }
                    assert!(!has_sent || only_notes_clipboard(&writes), "{what}: {writes:?} after it had sent");
                    has_written = true;
                    self.persist(writes);
                    self.driver.stored();
                }
                Step::Send { frame, .. } => {
                    has_sent = true;
                    if let Some(conn) = self.conn {
                        self.relay_event(RelayEvent::Frame { conn, bytes: frame });
                    }
                }
                Step::Open { line, url } => {
                    self.line = line;
                    self.lose_socket();
                    self.find_relay(&url);
                    self.conns = self.conns.wrapping_add(1);
                    let conn = ConnId::from_bytes([self.conns; 16]);
                    self.conn = Some(conn);
                    self.will_say(Said::Opened);
                    let (nonce, host) = (Nonce::from_bytes([self.conns; 32]), "relay.test".into());
                    self.relay_event(RelayEvent::Opened { conn, nonce, host, peer: Peer::Local });
                }
                Step::Close { .. } => self.lose_socket(),
                Step::Ping { .. } => self.will_say(Said::Pong),
                Step::WakeAt(at) => self.wake = Some(at),
                Step::Answer(_) => answers += 1,
                Step::Load(keys) => {
                    let read = |key: String| {
                        let value = self.disk.get(&key).cloned();
                        assert!(value.is_some(), "{what}: there is no {key}");
                        (key, value)
                    };
                    let records = keys.into_iter().map(read).collect();
                    self.driver.loaded(records, self.now);
                    has_read = true;
                }
                Step::Archive { .. }
                | Step::WriteClipboard { .. }
                | Step::ClearClipboard(_)
                | Step::Notice(_)
                | Step::Show => {}
            }
        }
        assert_eq!(answers, usize::from(asked), "{what}");
        if has_written {
            let restored = open(&self.disk);
            assert!(
                lasting(restored.engine().view()) == lasting(self.driver.engine().view()),
                "{what}: {}",
                difference(restored.engine(), self.driver.engine())
            );
        }
    }

    fn persist(&mut self, writes: Vec<Write>) {
        for write in writes {
            match write {
                Write::Put { key, value } => {
                    assert!(key.is_ascii() && key.len() <= 64, "{key:?} is no key");
                    self.disk.insert(key, value);
                }
                Write::Delete { key } => drop(self.disk.remove(&key)),
            }
        }
    }

    /// A device that has made an account asks for a mailbox that nobody has used.
    fn find_relay(&mut self, url: &str) {
        let asked = url.rsplit('/').next().and_then(MailboxId::from_hex);
        if let Some(mailbox) = asked.filter(|mailbox| *mailbox != self.mailbox) {
            self.mailbox = mailbox;
            self.relay = relay(mailbox, MemoryStore::default());
        }
    }

    fn lose_socket(&mut self) {
        self.coming.clear();
        if let Some(conn) = self.conn.take() {
            self.relay_event(RelayEvent::Closed { conn });
        }
    }

    fn relay_event(&mut self, event: RelayEvent) {
        let mut answers = VecDeque::from([event]);
        while let Some(event) = answers.pop_front() {
            for reply in self.relay.handle(event, self.now) {
                match reply {
                    Reply::Send { conn, frame } if Some(conn) == self.conn => {
                        self.will_say(Said::Frame(frame.to_vec()));
                    }
                    Reply::Close { conn, code } if Some(conn) == self.conn => {
                        self.will_say(Said::Closed { code: Some(code.code()) });
                    }
                    Reply::TakeNameplate { nameplate, .. } => {
                        answers.push_back(RelayEvent::Nameplate { nameplate, taken: nameplate % 2 == 0 });
                    }
                    _ => {}
                }
            }
        }
    }
}

fn relay(mailbox: MailboxId, store: MemoryStore) -> Mailbox<MemoryStore> {
    Mailbox::restore(mailbox, store, [], None).expect("a store in memory does not fail")
}

/// What is on the clipboard is noted when it is there; until then a note says that it is coming.
fn only_notes_clipboard(writes: &[Write]) -> bool {
    writes.iter().all(|write| match write {
        Write::Put { key, .. } => key == "clipboard",
        Write::Delete { key } => key == "coming",
    })
}

fn open(disk: &Disk) -> Driver {
    let records =
        disk.iter().filter(|(key, _)| !CONTENT.contains(&&***key)).map(|(key, value)| (key.clone(), value.clone()));
    Driver::open(records).expect("what an engine persisted makes an engine")
}

fn lie(mut frame: ToDevice, input: &mut Input) -> ToDevice {
    match &mut frame {
        ToDevice::Welcome(welcome) => {
            let fields = [&mut welcome.max_cursor, &mut welcome.log_seq, &mut welcome.time_ms];
            for field in fields {
                if input.flag() {
                    *field = input.odd_number(*field);
                }
            }
            if input.flag() {
                welcome.version = input.odd_number(1) as u16;
                welcome.limits.envelope_bytes = input.odd_number(0) as u32;
            }
        }
        ToDevice::Pushed { cursor, .. } => *cursor = input.odd_number(*cursor),
        ToDevice::Items { items, has_more, through } => {
            *through = input.odd_number(*through);
            *has_more ^= input.flag();
            if input.flag() {
                items.reverse();
            }
            if let Some(item) = items.first_mut() {
                item.cursor = input.odd_number(item.cursor);
                if input.flag() {
                    input.mutate(&mut item.envelope);
                }
            }
        }
        ToDevice::Item(item) => {
            item.cursor = input.odd_number(item.cursor);
            if input.flag() {
                input.mutate(&mut item.envelope);
            }
        }
        ToDevice::Delivered(delivered) => delivered.cursor = input.odd_number(delivered.cursor),
        ToDevice::LogEntries { from, entries, has_more } => {
            if input.flag() {
                *from = input.odd_number(*from);
            }
            *has_more ^= input.flag();
            let count = entries.len();
            match input.byte() % 4 {
                0 => entries.truncate(input.below(count + 1)),
                1 => entries.reverse(),
                2 => entries.iter_mut().take(1).for_each(|entry| input.mutate(&mut entry.entry)),
                _ => entries.iter_mut().take(1).for_each(|entry| input.mutate(&mut entry.sealed)),
            }
        }
        ToDevice::InviteOpened { expires_ms, .. } | ToDevice::CodeOpened { expires_ms, .. } => {
            *expires_ms = input.odd_number(*expires_ms);
        }
        ToDevice::InviteNote(note) => input.mutate(&mut note.bytes),
        ToDevice::Error { retry_after_ms, .. } => *retry_after_ms = input.odd_number(*retry_after_ms),
        _ => {}
    }
    frame
}
