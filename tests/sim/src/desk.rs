//! A few devices and a relay on one desk: everything is delivered at once and in order, and the clock
//! moves only when told to. For stories with one point each.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use hushclip_crypto::archive::Archive;
use hushclip_driver::Step;
use hushclip_engine::{Event, LineId, Said, text_digest};
use hushclip_mailbox::{Event as RelayEvent, MemoryStore, Nameplate, Peer, Reply};
use hushclip_model::{Answered, Command, CommandId, Content, Delivery, Notice, Outcome, PayloadView, Query, View};
use hushclip_protocol::error::CloseCode;
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_protocol::ids::{ConnId, DeviceId, MailboxId, Nonce};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::device::Device;
use crate::relay::Relay;

/// Where the relay of the desk is said to be.
pub const ORIGIN: &str = "https://relay.test";

/// Which way a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From a device to the relay.
    Up,
    /// From the relay to a device.
    Down,
}

/// What a lying relay makes of each frame from or to a device: the frames that go on in its place.
pub type Lie = Box<dyn FnMut(Way, usize, Vec<u8>) -> Vec<Vec<u8>>>;

/// Devices, a relay, a clock.
pub struct Desk {
    /// Milliseconds since 1970.
    pub now: u64,
    /// Whether devices reach the relay.
    pub reachable: bool,
    devices: Vec<Device>,
    notices: Vec<Vec<Notice>>,
    /// What became of commands, until somebody has looked.
    outcomes: BTreeMap<CommandId, Outcome>,
    commands: u64,
    clipboards: Vec<Vec<String>>,
    wakes: Vec<Option<u64>>,
    away: Vec<bool>,
    skews: Vec<i64>,
    relay: Option<Relay>,
    lie: Option<Lie>,
    /// Which device dies, and after how many steps.
    crash: Option<(usize, usize)>,
    /// Nameplates that are taken.
    pub nameplates: BTreeMap<u32, Nameplate>,
    /// Whether the relay gets no answer when it asks for a nameplate.
    pub nameplates_silent: bool,
    /// The mailbox that nobody has, and who is connected to it.
    nowhere: Relay,
    astray: BTreeSet<ConnId>,
    dialled: Vec<String>,
    /// Where the relay has sent wake-ups to.
    pub woken: Vec<String>,
    todo: VecDeque<(usize, Event)>,
    rng: ChaCha20Rng,
}

impl Desk {
    /// A desk with unpaired devices, called `device 0` and so on.
    pub fn new(devices: usize) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let unpaired = (0..devices)
            .map(|i| Device::new(format!("device {i}"), i, ChaCha20Rng::seed_from_u64(rng.next_u64())))
            .collect();
        Self {
            now: 1_800_000_000_000,
            reachable: true,
            devices: unpaired,
            notices: vec![Vec::new(); devices],
            outcomes: BTreeMap::new(),
            commands: 0,
            clipboards: vec![Vec::new(); devices],
            wakes: vec![None; devices],
            away: vec![false; devices],
            skews: vec![0; devices],
            relay: None,
            lie: None,
            crash: None,
            nameplates: BTreeMap::new(),
            nameplates_silent: false,
            nowhere: Relay::new(MailboxId::from_bytes([0; MailboxId::LEN])),
            astray: BTreeSet::new(),
            dialled: vec![String::new(); devices],
            woken: Vec::new(),
            todo: VecDeque::new(),
            rng,
        }
    }

    /// A desk on which device 0 has made an account and let all others in.
    pub fn paired(devices: usize) -> Self {
        let mut desk = Self::new(devices);
        desk.create();
        for joiner in 1..devices {
            let link = desk.invite();
            desk.command(joiner, Command::Join { link, name: format!("device {joiner}") });
            let digits = desk.digits(joiner);
            desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
        }
        desk
    }

    /// One more unpaired device.
    pub fn add_device(&mut self) {
        let number = self.devices.len();
        let rng = ChaCha20Rng::seed_from_u64(self.rng.next_u64());
        self.devices.push(Device::new(format!("device {number}"), number, rng));
        self.notices.push(Vec::new());
        self.clipboards.push(Vec::new());
        self.wakes.push(None);
        self.away.push(false);
        self.skews.push(0);
        self.dialled.push(String::new());
    }

    /// Device 0 makes an account.
    pub fn create(&mut self) {
        self.command(0, Command::CreateAccount { relay: ORIGIN.into(), name: "device 0".into(), token: None });
    }

    /// Device 0 opens an invite; the link.
    pub fn invite(&mut self) -> String {
        self.command(0, Command::Invite);
        self.view(0).invite.and_then(|invite| invite.secret).unwrap_or_default()
    }

    /// The identifier of a device; empty before it has one.
    pub fn id(&self, device: usize) -> String {
        self.view(device).device.unwrap_or_default()
    }

    /// The digits that a joining device shows.
    pub fn digits(&self, device: usize) -> String {
        self.view(device).joining.and_then(|joining| joining.digits).unwrap_or_default()
    }

    /// Something happens, with all that follows from it.
    pub fn event(&mut self, device: usize, event: Event) {
        self.todo.push_back((device, event));
        while self.step() {}
    }

    /// Takes the next thing that happens; false if there is none.
    fn step(&mut self) -> bool {
        let Some((device, event)) = self.todo.pop_front() else { return false };
        if !self.away[device] {
            let now = self.now.saturating_add_signed(self.skews[device]);
            self.devices[device].driver.push(event);
            loop {
                let subject = &mut self.devices[device];
                let Some(step) = subject.driver.next(now, &mut subject.rng) else { break };
                self.act(device, step);
                if self.dies(device) {
                    break;
                }
            }
        }
        true
    }

    /// Counts a step of a device; whether it has died of it.
    fn dies(&mut self, device: usize) -> bool {
        let Some((_, steps)) = self.crash.as_mut().filter(|(of, _)| *of == device) else { return false };
        if let Some(less) = steps.checked_sub(1) {
            *steps = less;
            return false;
        }
        self.crash = None;
        if let Some(conn) = self.devices[device].conn.take() {
            self.relay_event(RelayEvent::Closed { conn });
        }
        // What it was told is lost with it.
        self.todo.retain(|(other, _)| *other != device);
        self.devices[device].crash();
        self.todo.push_back((device, Event::Started));
        true
    }

    /// The process of a device dies when it has done so much more, and comes back.
    pub fn crash_after(&mut self, device: usize, steps: usize) {
        self.crash = Some((device, steps));
    }

    /// Whether that is still to come.
    pub fn is_to_crash(&self) -> bool {
        self.crash.is_some()
    }

    /// The person asks for something; what became of it. A device that is away does nothing.
    pub fn command(&mut self, device: usize, command: Command) -> Option<Outcome> {
        self.commands += 1;
        let id = CommandId(self.commands);
        self.event(device, Event::Command { id, command });
        self.outcomes.remove(&id)
    }

    /// The person copies text.
    pub fn copy(&mut self, device: usize, text: &str) {
        self.event(device, Event::LocalCopy(Content::text(text)));
    }

    /// Time passes; timers go off on the way.
    pub fn wait(&mut self, ms: u64) {
        let end = self.now + ms;
        loop {
            let next = (0..self.devices.len()).filter_map(|i| Some((self.wakes[i]?, i))).min();
            let Some((at, device)) = next.filter(|(at, _)| *at <= end) else { break };
            self.now = self.now.max(at);
            self.wakes[device] = None;
            self.event(device, Event::Timer);
        }
        self.now = end;
    }

    /// The line of a device says something.
    pub fn said(&mut self, device: usize, said: Said) {
        let line = self.devices[device].line();
        self.event(device, Event::Line { line, said });
    }

    /// The line that a device has or had last.
    pub fn line(&self, device: usize) -> LineId {
        self.devices[device].line()
    }

    fn will_say(&mut self, device: usize, said: Said) {
        let line = self.devices[device].line();
        self.todo.push_back((device, Event::Line { line, said }));
    }

    /// Opens a line between a device and the one that passes on what [`Desk::listen`] has heard.
    pub fn open_line(&mut self, device: usize, other: usize) {
        let line = self.line_to(other);
        self.event(device, Event::Line { line, said: Said::Opened });
    }

    fn line_to(&self, other: usize) -> LineId {
        let other = DeviceId::from_hex(&self.id(other)).expect("it has a name");
        LineId::Device(other, 1)
    }

    /// An envelope comes over that line.
    pub fn pass(&mut self, device: usize, other: usize, envelope: Vec<u8>) {
        let line = self.line_to(other);
        self.event(device, Event::Line { line, said: Said::Frame(envelope) });
    }

    /// From here on, the envelopes that devices push are kept.
    pub fn listen(&mut self) -> Rc<RefCell<Vec<Vec<u8>>>> {
        let heard = Rc::<RefCell<Vec<Vec<u8>>>>::default();
        let keeps = Rc::clone(&heard);
        self.lie_also(move |way, _, frame| {
            let frame_up = ToRelay::decode(&frame).ok().filter(|_| way == Way::Up);
            if let Some(ToRelay::Push { envelope, .. } | ToRelay::Delete { envelope, .. }) = frame_up {
                keeps.borrow_mut().push(envelope.to_vec());
            }
            vec![frame]
        });
        heard
    }

    /// All connections end, with a close code or without.
    pub fn cut(&mut self, code: Option<CloseCode>) {
        for device in 0..self.devices.len() {
            if let Some(conn) = self.devices[device].conn.take() {
                self.relay_event(RelayEvent::Closed { conn });
                self.said(device, Said::Closed { code: code.map(CloseCode::code) });
            }
        }
    }

    /// A device is out of reach, and is not told anything.
    pub fn take_away(&mut self, device: usize) {
        if let Some(conn) = self.devices[device].conn.take() {
            self.relay_event(RelayEvent::Closed { conn });
        }
        self.away[device] = true;
    }

    /// The device is back; something else happens when that many things have happened to it.
    pub fn bring_back_while(&mut self, device: usize, steps: usize, meanwhile: impl FnOnce(&mut Self)) {
        self.away[device] = false;
        self.will_say(device, Said::Closed { code: None });
        self.todo.push_back((device, Event::Online));
        for _ in 0..steps {
            self.step();
        }
        meanwhile(self);
        while self.step() {}
    }

    /// The device is back, and these are what it sees first.
    pub fn wake_up(&mut self, device: usize, events: impl IntoIterator<Item = Event>) {
        self.away[device] = false;
        self.todo.extend(events.into_iter().map(|event| (device, event)));
        while self.step() {}
    }

    /// Puts a device's clock ahead of (or behind) the relay's.
    pub fn skew(&mut self, device: usize, ms: i64) {
        self.skews[device] += ms;
    }

    /// The process of a device dies and comes back.
    pub fn restart(&mut self, device: usize) {
        self.devices[device].crash();
        self.event(device, Event::Started);
    }

    /// Makes the relay's disk full, or not.
    pub fn fill_relay(&mut self, full: bool) {
        if let Some(relay) = &mut self.relay {
            relay.fill(full);
        }
    }

    /// From here on the relay lies.
    pub fn lie(&mut self, lie: impl FnMut(Way, usize, Vec<u8>) -> Vec<Vec<u8>> + 'static) {
        self.lie = Some(Box::new(lie));
    }

    /// From here on it lies in this way too, after what it does already.
    pub fn lie_also(&mut self, mut lie: impl FnMut(Way, usize, Vec<u8>) -> Vec<Vec<u8>> + 'static) {
        let mut first = self.lie.take();
        self.lie(move |way, device, frame| {
            lied(&mut first, way, device, frame).into_iter().flat_map(|frame| lie(way, device, frame)).collect()
        });
    }

    /// From here on the relay is honest.
    pub fn stop_lying(&mut self) {
        self.lie = None;
    }

    /// The relay says something of its own to a device.
    pub fn tell(&mut self, device: usize, frame: &ToDevice) {
        self.said(device, Said::Frame(frame.encode()));
    }

    /// The relay takes a frame as if a device had sent it on its socket.
    pub fn say_as(&mut self, device: usize, frame: &ToRelay) {
        if let Some(conn) = self.devices[device].conn {
            self.relay_event(RelayEvent::Frame { conn, bytes: frame.encode() });
        }
        while self.step() {}
    }

    /// The relay's disk.
    pub fn snapshot(&self) -> MemoryStore {
        self.relay.as_ref().map(Relay::snapshot).unwrap_or_default()
    }

    /// The relay's disk is what it was; all connections end.
    pub fn roll_back(&mut self, disk: MemoryStore) {
        if let Some(relay) = &mut self.relay {
            relay.roll_back(disk);
        }
        self.cut(None);
    }

    /// The relay forgets everything but its disk, the sockets stay open.
    pub fn hibernate(&mut self) {
        if let Some(relay) = &mut self.relay {
            relay.hibernate();
        }
    }

    /// Everything on the relay's disk.
    pub fn dump(&self) -> Vec<u8> {
        self.relay.as_ref().map(Relay::dump).unwrap_or_default()
    }

    /// What a device has on its disk.
    pub fn disk(&self, device: usize) -> &BTreeMap<String, Vec<u8>> {
        &self.devices[device].disk
    }

    /// A device gets another disk, as from a backup or by a thief, and starts with it.
    pub fn set_disk(&mut self, device: usize, disk: BTreeMap<String, Vec<u8>>) {
        self.devices[device].disk = disk;
        self.away[device] = false;
        self.restart(device);
    }

    /// A device draws the same random numbers as it did at its beginning.
    pub fn repeat_random(&mut self, device: usize) {
        self.devices[device].rng = ChaCha20Rng::seed_from_u64(1);
    }

    /// What a device shows.
    pub fn view(&self, device: usize) -> View {
        self.devices[device].view()
    }

    /// The texts in a device's list, newest first.
    pub fn texts(&self, device: usize) -> Vec<String> {
        self.view(device).clips.into_iter().map(|clip| clip.text).collect()
    }

    /// A program sends something.
    pub fn publish(&mut self, device: usize, channel: &str, bytes: &[u8]) -> Option<Outcome> {
        self.command(device, Command::Publish { channel: channel.into(), bytes: bytes.to_vec() })
    }

    /// What a device keeps of a channel, and what each holds.
    pub fn payloads(&self, device: usize, channel: &str) -> Vec<(PayloadView, Vec<u8>)> {
        self.devices[device].payloads(channel)
    }

    /// How far a clip or a payload of a device has got.
    pub fn delivery(&self, device: usize, id: &str) -> Option<Delivery> {
        self.devices[device].driver.engine().delivery(id)
    }

    /// What a device finds.
    pub fn find(&self, device: usize, query: &Query) -> View {
        self.devices[device].driver.find(query)
    }

    /// A device's history, as it goes into a file.
    pub fn archive(&self, device: usize) -> Archive {
        let device = &self.devices[device];
        device.driver.engine().archive(self.now, &device.disk).0
    }

    /// Everything that was put on a device's clipboard, in order.
    pub fn clipboard(&self, device: usize) -> &[String] {
        &self.clipboards[device]
    }

    /// The news of a device since the last call.
    pub fn news(&mut self, device: usize) -> Vec<Notice> {
        std::mem::take(&mut self.notices[device])
    }

    /// The address that a device connected to last.
    pub fn dialled(&self, device: usize) -> &str {
        &self.dialled[device]
    }

    /// When a device wants to be woken.
    pub fn wake_of(&self, device: usize) -> Option<u64> {
        self.wakes[device]
    }

    fn act(&mut self, device: usize, step: Step) {
        match step {
            Step::Store(writes) => self.devices[device].store(writes),
            Step::Load(keys) => self.devices[device].load(keys, self.now),
            Step::Open { line, url } => {
                self.devices[device].line = Some(line);
                self.dial(device, url);
            }
            Step::Send { frame: bytes, .. } => {
                if let Some(conn) = self.devices[device].conn.filter(|_| self.reachable) {
                    for bytes in lied(&mut self.lie, Way::Up, device, bytes) {
                        self.relay_event(RelayEvent::Frame { conn, bytes });
                    }
                }
            }
            Step::Ping { .. } => {
                if self.reachable && self.devices[device].conn.is_some() {
                    self.will_say(device, Said::Pong);
                }
            }
            Step::Close { line: LineId::Device(..) } => {}
            Step::Close { .. } => {
                if let Some(conn) = self.devices[device].conn.take() {
                    self.relay_event(RelayEvent::Closed { conn });
                }
            }
            Step::WakeAt(at) => self.wakes[device] = Some(at.saturating_add_signed(-self.skews[device])),
            Step::WriteClipboard { content, .. } => self.clipboards[device].push(content.text),
            Step::ClearClipboard(digest)
                if self.clipboards[device].last().is_some_and(|text| text_digest(text) == digest) =>
            {
                self.clipboards[device].push(String::new());
            }
            Step::Answer(Answered { id, outcome }) => {
                assert!(self.outcomes.insert(id, outcome).is_none(), "a command is answered once");
            }
            Step::Notice(notice) => self.notices[device].push(notice),
            Step::ClearClipboard(_) | Step::Archive { .. } | Step::Show => {}
        }
    }

    fn dial(&mut self, device: usize, url: String) {
        if let Some(conn) = self.devices[device].conn.take() {
            self.relay_event(RelayEvent::Closed { conn });
        }
        if !self.reachable {
            return self.will_say(device, Said::Closed { code: None });
        }
        let (mut conn, mut nonce) = ([0; 16], [0; 32]);
        self.rng.fill_bytes(&mut conn);
        self.rng.fill_bytes(&mut nonce);
        let conn = ConnId::from_bytes(conn);
        self.devices[device].conn = Some(conn);
        if self.relay.is_none() {
            self.relay = self.devices[device].mailbox().map(Relay::new);
        }
        if !self.leads_to_the_relay(&url) {
            self.astray.insert(conn);
        }
        self.dialled[device] = url;
        self.will_say(device, Said::Opened);
        self.relay_event(RelayEvent::Opened {
            conn,
            nonce: Nonce::from_bytes(nonce),
            host: ORIGIN.trim_start_matches("https://").into(),
            peer: Peer::Local,
        });
    }

    /// Whether the address is the account's own, or of a nameplate that leads to it.
    fn leads_to_the_relay(&self, url: &str) -> bool {
        let Some(number) = url.rsplit_once("/v1/nameplate/").and_then(|(_, number)| number.parse().ok()) else {
            return true;
        };
        let found = Nameplate::find(self.nameplates.get(&number).copied(), self.now);
        found.is_some() && found == self.relay.as_ref().map(Relay::id)
    }

    fn relay_event(&mut self, event: RelayEvent) {
        let astray = match &event {
            RelayEvent::Opened { conn, .. } | RelayEvent::Frame { conn, .. } => self.astray.contains(conn),
            RelayEvent::Closed { conn } => self.astray.remove(conn),
            _ => false,
        };
        let mut said = Vec::new();
        let Some(relay) = (if astray { Some(&mut self.nowhere) } else { self.relay.as_mut() }) else { return };
        let mut answers = Vec::new();
        for reply in relay.handle(event, self.now) {
            let owner = |conn| self.devices.iter().position(|device| device.conn == Some(conn));
            match reply {
                Reply::Send { conn, frame } => {
                    if let Some(device) = owner(conn) {
                        for frame in lied(&mut self.lie, Way::Down, device, frame.to_vec()) {
                            said.push((device, Said::Frame(frame)));
                        }
                    }
                }
                Reply::Close { conn, code } => {
                    if let Some(device) = owner(conn) {
                        said.push((device, Said::Closed { code: Some(code.code()) }));
                    }
                }
                Reply::TakeNameplate { .. } if self.nameplates_silent => {}
                Reply::TakeNameplate { nameplate, until_ms } => {
                    let wanted = Nameplate { mailbox: relay.id(), until_ms };
                    let plate = Nameplate::take(self.nameplates.get(&nameplate).copied(), wanted, self.now);
                    let taken = plate.is_some();
                    self.nameplates.extend(plate.map(|plate| (nameplate, plate)));
                    answers.push(RelayEvent::Nameplate { nameplate, taken });
                }
                Reply::Wake { endpoint, .. } => self.woken.push(endpoint),
                Reply::Attach { .. } | Reply::SetAlarm { .. } => {}
            }
        }
        for (device, said) in said {
            self.will_say(device, said);
        }
        for answer in answers {
            self.relay_event(answer);
        }
    }
}

fn lied(lie: &mut Option<Lie>, way: Way, device: usize, frame: Vec<u8>) -> Vec<Vec<u8>> {
    match lie {
        Some(lie) => lie(way, device, frame),
        None => vec![frame],
    }
}
