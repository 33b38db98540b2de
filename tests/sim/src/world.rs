//! The clock, the network, the people, and the order in which things happen.

use std::collections::{BTreeMap, BTreeSet};

use hushclip_driver::{LineId, Said, Step as Todo};
use hushclip_engine::{Event, text_digest};
use hushclip_mailbox::{Event as RelayEvent, MemoryStore, Peer, Reply};
use hushclip_model::view::{Connection, Stage};
use hushclip_model::{Answered, ClipView, Command, CommandId, Content, Notice, UNDO_MS, view::View};
use hushclip_protocol::envelope::Envelope;
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::{ConnId, DeviceId, ItemId, Nonce};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::check::{self, Copied, Violation};
use crate::device::Device;
use crate::faults::Faults;
use crate::relay::Relay;
use payloads::Published;

mod lines;
pub(crate) mod payloads;
mod plan;
mod trace;

/// Stands in every clip and every name, and must stand nowhere at the relay.
pub(crate) const CANARY: &str = "canary-7f3a";
const ORIGIN: &str = "https://relay.test";
const HOST: &str = "relay.test";
/// Machine 0 carries two agents on one clipboard, as a laptop with two browsers does.
const MACHINES: [usize; 4] = [0, 0, 1, 2];
const COPIES: usize = 14;
const START: u64 = 1_800_000_000_000;
/// How long the storm lasts after everybody has joined.
const STORM_MS: u64 = 180_000;
/// How long everything may take to settle afterwards.
const HEAL_MS: u64 = 120_000;
/// How long a disk fails at most, milliseconds.
const DISK_AGAIN_MS: u64 = 2_000;

/// What a run has seen.
#[derive(Debug, Default)]
pub struct Report {
    /// Steps taken.
    pub steps: u64,
    /// Device crashes.
    pub crashes: u64,
    /// Connections cut, by the network or the relay.
    pub cuts: u64,
    /// How often a disk did not do what it was to do.
    pub disk_failures: u64,
    /// Clips that came over a line between two devices first.
    pub brought: u64,
    /// How often content was read.
    pub loads: u64,
    /// How often the relay was restored or emptied.
    pub restores: u64,
    /// Payloads that came to a device.
    pub payloads: usize,
    /// Devices that somebody wanted out.
    pub removals: u64,
    /// Clips in the library of each device at the end.
    pub clips: usize,
}

/// Something that happens at a time.
enum Step {
    /// A socket reaches the relay.
    Dial(usize, ConnId),
    ToRelay(ConnId, Vec<u8>),
    ToDevice(usize, ConnId, Vec<u8>),
    Pong(usize, ConnId),
    Opened(usize, ConnId),
    Closed(usize, ConnId, Option<u16>),
    RelaySeesClose(ConnId),
    Timer(usize, u32),
    Revive(usize, u32),
    /// A line between two devices is opened.
    DeviceLine(usize, usize),
    DeviceLineEnds(u64),
    DeviceSaid(usize, u64, Said),
    /// Somebody is there while a disk has not done what it was to do, which is tried again.
    DiskAgain(usize, u32),
    Alarm,
    /// The nameplate that the relay asked for is free.
    Nameplate(u32),
    /// The person copies on a machine.
    Copy(usize, String),
    /// An agent sees what is on its clipboard.
    Seen(usize),
    /// The device in which a person has copied something finds it on the clipboard.
    Caught(usize),
    /// The person deletes a clip, the n-th of the list.
    Delete(usize, usize),
    /// The person pins a clip, the n-th of the list, or takes the pin out.
    Pin(usize, usize, bool),
    /// The person asks a device for something.
    Ask(usize, Command),
    /// The person removes another device.
    Remove(usize, usize),
    /// The clock of a device's machine jumps.
    Jump(usize, i64),
    /// A program sends something on a channel.
    Publish(usize, &'static str),
    /// Somebody backs the relay up.
    Backup,
    /// Somebody restores the relay, or begins with an empty one. Tried again so often.
    Restore(u32),
}

pub(crate) struct World {
    now: u64,
    rng: ChaCha20Rng,
    faults: Faults,
    agenda: BTreeMap<(u64, u64), Step>,
    /// Who was asked for what, and has not answered.
    asked: BTreeSet<(usize, CommandId)>,
    /// What devices are asked to delete, and have not answered.
    deleting: BTreeMap<CommandId, (usize, ClipView)>,
    /// Open lines between devices, and their ends.
    device_lines: BTreeMap<u64, [usize; 2]>,
    /// Who is at the ends of each that there ever was.
    ends: BTreeMap<u64, [(usize, DeviceId); 2]>,
    over_device_line: bool,
    next_id: u64,
    pub(crate) devices: Vec<Device>,
    clipboards: Vec<String>,
    pub(crate) relay: Option<Relay>,
    owners: BTreeMap<ConnId, usize>,
    /// Frames on one socket stay in order.
    last_arrival: BTreeMap<(ConnId, bool), u64>,
    /// Sockets on which nothing arrives any more, whether or not both ends know.
    severed: BTreeSet<ConnId>,
    pub(crate) copied: Vec<Copied>,
    /// Copies that an agent overwrote before it saw them, and what it put there.
    pub(crate) crossed: BTreeSet<String>,
    /// Texts that a person deleted, and on which device, if it was of no other's making.
    pub(crate) deleted: BTreeMap<String, Option<usize>>,
    /// On which devices each text was deleted.
    pub(crate) deleters: BTreeSet<(String, usize)>,
    /// The same for clips that the relay had or may have had, by item.
    pub(crate) deleted_items: BTreeMap<String, BTreeSet<usize>>,
    /// When each text came to a device, or was sent by it.
    passed: BTreeMap<(usize, String), u64>,
    /// Texts that came to a device, or were sent by it, just before its clock was put forward.
    pub(crate) aged: BTreeSet<(usize, String)>,
    /// What was handed to the relay: sender, counter and text of each clip.
    pub(crate) handed_over: BTreeMap<ItemId, (DeviceId, u64, String)>,
    /// Name of a device, and a text that it gave to the relay, whether or not it has heard that it arrived.
    pub(crate) spoken: BTreeSet<(String, String)>,
    /// What programs have sent.
    pub(crate) published: Vec<Published>,
    backup: Option<MemoryStore>,
    /// Texts that the relay has lost.
    pub(crate) lost: BTreeSet<String>,
    report: Report,
    tracing: bool,
}

/// Runs one seed to its end and checks what was recorded.
pub fn run(seed: u64, faults: Faults) -> Result<Report, Violation> {
    World::new(seed, faults).live(faults)
}

/// The same, printing what happens.
pub fn trace(seed: u64, faults: Faults) -> Result<Report, Violation> {
    let mut world = World::new(seed, faults);
    world.tracing = true;
    world.live(faults)
}

impl World {
    fn new(seed: u64, faults: Faults) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let devices = MACHINES
            .iter()
            .enumerate()
            .map(|(i, machine)| {
                Device::new(format!("{CANARY} device {i}"), *machine, ChaCha20Rng::seed_from_u64(rng.next_u64()))
            })
            .collect();
        Self {
            now: START,
            rng,
            faults,
            agenda: BTreeMap::new(),
            asked: BTreeSet::new(),
            deleting: BTreeMap::new(),
            device_lines: BTreeMap::new(),
            ends: BTreeMap::new(),
            over_device_line: false,
            next_id: 0,
            devices,
            clipboards: vec![String::new(); MACHINES.len()],
            relay: None,
            owners: BTreeMap::new(),
            last_arrival: BTreeMap::new(),
            severed: BTreeSet::new(),
            copied: Vec::new(),
            crossed: BTreeSet::new(),
            deleted: BTreeMap::new(),
            deleters: BTreeSet::new(),
            deleted_items: BTreeMap::new(),
            passed: BTreeMap::new(),
            aged: BTreeSet::new(),
            handed_over: BTreeMap::new(),
            spoken: BTreeSet::new(),
            published: Vec::new(),
            backup: None,
            lost: BTreeSet::new(),
            report: Report::default(),
            tracing: false,
        }
    }

    fn live(mut self, faults: Faults) -> Result<Report, Violation> {
        self.pair_everybody()?;
        for _ in 0..COPIES {
            let machine = self.below(3) as usize;
            let at = self.below(STORM_MS);
            let number = self.next();
            // Some are longer than what is known of them without their content.
            let more = if number.is_multiple_of(3) { " and so on".repeat(250) } else { String::new() };
            let text = format!("{CANARY} copy {number} on machine {machine}{more}");
            self.plan(at, Step::Copy(machine, text));
        }
        self.plan_changes();
        self.plan_library();
        self.plan_restores();
        self.plan_lines();
        self.plan_payloads();
        let end = self.now + STORM_MS;
        self.run_until(end, |_| false);
        self.faults = Faults { tidying: faults.tidying, ..Faults::CALM };
        for device in 0..self.devices.len() {
            self.event(device, Event::Online);
        }
        if self.faults.tidying > 0 {
            // What was deleted is gone only then.
            let end = self.now + 2 * UNDO_MS;
            self.run_until(end, |_| false);
        }
        let end = self.now + HEAL_MS;
        self.run_until(end, World::settled);
        check::check(&self)?;
        self.report.payloads = self.count_payloads();
        self.report.clips = self.devices[0].view().clips.len();
        Ok(self.report)
    }

    /// Device 0 makes the account and lets the others in, one after the other, through the storm.
    fn pair_everybody(&mut self) -> Result<(), Violation> {
        // It may die before the account is on its disk.
        while self.view(0).stage == Stage::New {
            let name = self.devices[0].name.clone();
            self.command(0, Command::CreateAccount { relay: ORIGIN.into(), name, token: None });
            let end = self.now + STORM_MS;
            self.run_until(end, |w| w.view(0).stage != Stage::New);
        }
        for joiner in 1..self.devices.len() {
            let mut tries = 0;
            while self.view(joiner).stage != Stage::Member {
                tries += 1;
                if tries > 20 {
                    return Err(Violation::NeverJoined(joiner));
                }
                self.pair(joiner);
            }
        }
        Ok(())
    }

    /// Every other one by a typed code.
    fn pair(&mut self, joiner: usize) {
        let by_code = joiner % 2 == 1;
        self.command(0, if by_code { Command::InviteByCode } else { Command::Invite });
        let end = self.now + 120_000;
        self.run_until(end, |w| w.devices[0].shown.invite.as_ref().is_some_and(|i| i.expires_at > 0));
        let Some(secret) = self.view(0).invite.and_then(|invite| invite.secret) else { return };
        let name = self.devices[joiner].name.clone();
        self.command(
            joiner,
            if by_code {
                Command::JoinByCode { relay: ORIGIN.into(), code: secret, name }
            } else {
                Command::Join { link: secret, name }
            },
        );
        let end = self.now + 240_000;
        let digits = |w: &Self| w.devices[joiner].shown.joining.as_ref().and_then(|j| j.digits.clone());
        self.run_until(end, |w| {
            let asked = w.devices[0].shown.invite.as_ref().is_some_and(|i| i.request.is_some());
            (asked && (by_code || digits(w).is_some())) || w.devices[joiner].shown.stage == Stage::New
        });
        let digits = digits(self);
        if digits.is_none() && !by_code {
            self.command(joiner, Command::CancelJoin);
            return;
        }
        self.command(0, Command::Approve { digits, share_history: false });
        let end = self.now + 400_000;
        self.run_until(end, |w| w.devices[joiner].shown.stage != Stage::Joining);
        if by_code && self.view(joiner).stage == Stage::Joining {
            self.command(joiner, Command::CancelJoin);
        }
    }

    /// Runs until the time, or until the condition holds.
    fn run_until(&mut self, end: u64, done: impl Fn(&Self) -> bool) {
        while let Some(entry) = self.agenda.first_entry() {
            let at = entry.key().0;
            if at > end {
                break;
            }
            let step = entry.remove();
            self.now = self.now.max(at);
            self.report.steps += 1;
            self.step(step);
            if done(self) {
                return;
            }
        }
        self.now = self.now.max(end);
    }

    fn step(&mut self, step: Step) {
        self.trace(|| self.tell_step(&step));
        match step {
            Step::Dial(device, conn) => self.dial(device, conn),
            Step::ToRelay(conn, bytes) => {
                if self.relay.as_ref().is_some_and(|r| r.sockets.contains_key(&conn)) {
                    self.relay_event(RelayEvent::Frame { conn, bytes });
                    self.relay_weather();
                }
            }
            Step::ToDevice(device, conn, bytes) => self.on_socket(device, conn, Said::Frame(bytes)),
            Step::Pong(device, conn) => self.on_socket(device, conn, Said::Pong),
            Step::Opened(device, conn) => self.on_socket(device, conn, Said::Opened),
            Step::Closed(device, conn, code) => self.on_socket(device, conn, Said::Closed { code }),
            Step::RelaySeesClose(conn) => self.relay_event(RelayEvent::Closed { conn }),
            Step::Timer(device, life) => {
                if self.devices[device].life == life {
                    self.event(device, Event::Timer);
                }
            }
            Step::DeviceLine(one, other) => self.open_line(one, other),
            Step::DeviceLineEnds(line) => self.end_line(line),
            Step::DeviceSaid(device, line, said) => self.say(device, line, said),
            Step::DiskAgain(device, life) => {
                if self.devices[device].life == life {
                    self.event(device, Event::Online);
                }
            }
            Step::Revive(device, life) => {
                if self.devices[device].life == life {
                    self.event(device, Event::Started);
                    self.event(device, Event::LocalCopy(Content::text(self.clipboard_of(device))));
                }
            }
            Step::Alarm => {
                let now = self.now;
                if let Some(relay) = self.relay.as_mut().filter(|r| r.alarm.is_some_and(|at| at <= now)) {
                    relay.alarm = None;
                    self.relay_event(RelayEvent::Alarm);
                }
            }
            Step::Nameplate(nameplate) => self.relay_event(RelayEvent::Nameplate { nameplate, taken: true }),
            Step::Copy(machine, text) => {
                self.copied.push(Copied { machine, text: text.clone() });
                self.set_clipboard(machine, text);
                let here: Vec<_> = (0..self.devices.len()).filter(|d| self.devices[*d].machine == machine).collect();
                let (delay, which) = (60 + self.below(60), self.below(here.len() as u64) as usize);
                if let Some(device) = here.get(which) {
                    self.plan(delay, Step::Caught(*device));
                }
            }
            Step::Ask(device, command) => self.command(device, command),
            Step::Delete(device, nth) => self.delete(device, nth),
            Step::Pin(device, nth, pinned) => {
                if let Some(clip) = self.view(device).clips.get(nth) {
                    self.command(device, Command::Pin { id: clip.id.clone(), pinned });
                }
            }
            Step::Remove(by, gone) => {
                let id = self.view(gone).device.unwrap_or_default();
                if by != gone && self.view(by).devices.len() > 1 && self.view(by).devices.iter().any(|d| d.id == id) {
                    self.report.removals += 1;
                    self.command(by, Command::RemoveDevice { device: id });
                }
            }
            Step::Jump(device, ms) => {
                // A machine has one clock.
                let machine = self.devices[device].machine;
                for device in 0..self.devices.len() {
                    if self.devices[device].machine != machine {
                        continue;
                    }
                    self.devices[device].skew += ms;
                    self.devices[device].put_forward += ms.max(0);
                    self.note_jump(device, ms);
                    // The platform's timers go by time that has passed, and are set anew by what comes next.
                    self.event(device, Event::Online);
                }
            }
            Step::Publish(device, channel) => self.publish(device, channel),
            Step::Backup => self.backup = self.relay.as_ref().map(Relay::snapshot),
            Step::Restore(tries) => self.restore(tries),
            Step::Caught(device) => {
                self.event(device, Event::Copied(Content::text(self.clipboard_of(device))));
            }
            Step::Seen(device) => {
                self.event(device, Event::LocalCopy(Content::text(self.clipboard_of(device))));
            }
        }
    }

    fn event(&mut self, device: usize, event: Event) {
        if let Event::Command { id, .. } = event {
            self.asked.insert((device, id));
        }
        self.devices[device].driver.push(event);
        self.carry_out(device);
    }

    /// Does what a device wants done, unless it dies on the way or its disk fails; what it is asked for, it answers once.
    fn carry_out(&mut self, device: usize) {
        loop {
            let subject = &mut self.devices[device];
            let now = self.now.saturating_add_signed(subject.skew);
            let Some(todo) = subject.driver.next(now, &mut subject.rng) else { break };
            if let Todo::Answer(Answered { id, outcome }) = &todo {
                self.note_published(*id, outcome);
                assert!(self.asked.remove(&(device, *id)), "nobody waits for this answer");
                if let Some((_, clip)) = self.deleting.remove(id) {
                    self.note_deleted(device, clip);
                }
            }
            self.act(device, todo);
            if self.chance(self.faults.crash) {
                return self.crash(device);
            }
        }
        let waits = self.asked.iter().any(|(asked, _)| *asked == device);
        assert!(!waits || self.devices[device].driver.again_at().is_some(), "a command is not answered");
    }

    fn act(&mut self, device: usize, todo: Todo) {
        self.trace(|| self.tell_todo(device, &todo));
        let now = self.now.saturating_add_signed(self.devices[device].skew);
        match todo {
            Todo::Store(_) | Todo::Load(_) if self.chance(self.faults.disk) => {
                self.devices[device].fail(now);
                self.report.disk_failures += 1;
                let again = self.below(DISK_AGAIN_MS);
                self.plan(again, Step::DiskAgain(device, self.devices[device].life));
            }
            Todo::Store(writes) => self.devices[device].store(writes),
            Todo::Load(keys) => {
                self.report.loads += 1;
                self.devices[device].load(keys, now);
            }
            Todo::Open { line, .. } => {
                self.hang_up(device);
                let conn = ConnId::from_bytes(self.random());
                (self.devices[device].conn, self.devices[device].line) = (Some(conn), Some(line));
                self.owners.insert(conn, device);
                let delay = self.delay();
                self.plan(delay, Step::Dial(device, conn));
            }
            Todo::Send { line: LineId::Device(_, line), frame } => self.send_over_line(device, line, frame),
            Todo::Send { frame: bytes, .. } => {
                let Some(conn) = self.devices[device].conn else { return };
                self.note_push(device, &bytes);
                self.plan_in_order(conn, true, Step::ToRelay(conn, bytes));
                if self.chance(self.faults.cut) {
                    self.cut(conn, true);
                } else if self.chance(self.faults.half_open) {
                    self.cut(conn, false);
                }
            }
            Todo::Ping { .. } => {
                let Some(conn) = self.devices[device].conn else { return };
                let is_alive = !self.severed.contains(&conn);
                if is_alive && self.relay.as_ref().is_some_and(|r| r.sockets.contains_key(&conn)) {
                    let delay = self.delay();
                    self.plan(delay, Step::Pong(device, conn));
                }
            }
            Todo::Close { line: LineId::Device(_, line) } => self.end_line(line),
            Todo::Close { .. } => self.hang_up(device),
            Todo::WakeAt(at) => {
                let life = self.devices[device].life;
                self.plan(at.saturating_sub(now), Step::Timer(device, life));
            }
            Todo::WriteClipboard { content, .. } => {
                self.note_crossing(device, &content.text);
                self.set_clipboard(self.devices[device].machine, content.text);
            }
            Todo::ClearClipboard(digest) => {
                let machine = self.devices[device].machine;
                if text_digest(&self.clipboards[machine]) == digest {
                    self.set_clipboard(machine, String::new());
                }
            }
            Todo::Notice(Notice::Sent { id, .. }) => {
                let view = self.view(device);
                let text = view.clips.into_iter().find(|clip| clip.id == id).map(|clip| clip.text);
                self.passed.extend(text.iter().map(|text| ((device, text.clone()), self.now)));
                self.devices[device].sent.extend(text);
            }
            Todo::Notice(Notice::Received { clip }) => {
                self.report.brought += u64::from(self.over_device_line);
                self.passed.insert((device, clip.text), self.now);
            }
            Todo::Notice(Notice::PayloadReceived { order, .. }) => {
                let last = std::mem::replace(&mut self.devices[device].newest_payload, order);
                assert!(order > last, "device {device} is told of {order} after {last}");
            }
            Todo::Show => self.devices[device].shown = self.devices[device].driver.view_without_clips(),
            Todo::Notice(_) | Todo::Answer(_) | Todo::Archive { .. } => {}
        }
    }

    fn note_push(&mut self, device: usize, bytes: &[u8]) {
        if let Ok(ToRelay::Push { envelope, .. }) = ToRelay::decode(bytes) {
            self.note_spoken(device, &envelope);
        }
    }

    fn note_spoken(&mut self, device: usize, envelope: &[u8]) {
        let Ok(Envelope { header, .. }) = Envelope::parse(envelope) else { return };
        let id = header.item.to_hex();
        if let Some(clip) = self.view(device).clips.into_iter().find(|clip| clip.id == id) {
            self.spoken.insert((self.devices[device].name.clone(), clip.text.clone()));
            self.handed_over.insert(header.item, (header.sender, header.counter, clip.text));
        }
    }

    fn dial(&mut self, device: usize, conn: ConnId) {
        if self.devices[device].conn != Some(conn) {
            return;
        }
        if self.relay.is_none() {
            // The first to dial has made the account.
            self.relay = self.devices[device].mailbox().map(Relay::new);
        }
        self.plan_in_order(conn, false, Step::Opened(device, conn));
        let nonce = Nonce::from_bytes(self.random());
        self.relay_event(RelayEvent::Opened { conn, nonce, host: HOST.into(), peer: Peer::Local });
    }

    fn relay_event(&mut self, event: RelayEvent) {
        let now = self.now;
        let Some(relay) = &mut self.relay else { return };
        for reply in relay.handle(event, now) {
            match reply {
                Reply::Send { conn, frame } => {
                    if let Some(device) = self.owners.get(&conn).copied() {
                        self.plan_in_order(conn, false, Step::ToDevice(device, conn, frame.to_vec()));
                    }
                }
                Reply::Close { conn, code } => {
                    if let Some(device) = self.owners.get(&conn).copied() {
                        self.plan_in_order(conn, false, Step::Closed(device, conn, Some(code.code())));
                    }
                }
                Reply::SetAlarm { at_ms } => self.plan(at_ms.saturating_sub(now), Step::Alarm),
                Reply::TakeNameplate { nameplate, .. } => {
                    if !self.chance(self.faults.cut) {
                        let delay = self.delay();
                        self.plan(delay, Step::Nameplate(nameplate));
                    }
                }
                Reply::Attach { .. } | Reply::Wake { .. } => {}
            }
        }
    }

    fn relay_weather(&mut self) {
        if self.chance(self.faults.relay_restart) {
            let closed = self.relay.as_mut().map(Relay::restart).unwrap_or_default();
            for conn in closed {
                self.cut(conn, true);
            }
        } else if self.chance(self.faults.hibernate)
            && let Some(relay) = &mut self.relay
        {
            relay.hibernate();
        }
    }

    /// What is under way on the connection is lost, and what follows it. The relay notices sooner or later.
    fn cut(&mut self, conn: ConnId, tell_device: bool) {
        self.report.cuts += 1;
        self.severed.insert(conn);
        self.agenda.retain(|_, step| match step {
            Step::ToRelay(c, _) | Step::ToDevice(_, c, _) | Step::Pong(_, c) | Step::Closed(_, c, _) => *c != conn,
            _ => true,
        });
        let delay = self.delay();
        self.plan(delay, Step::RelaySeesClose(conn));
        if tell_device && let Some(device) = self.owners.get(&conn).copied() {
            self.plan(delay, Step::Closed(device, conn, None));
        }
    }

    fn hang_up(&mut self, device: usize) {
        if let Some(conn) = self.devices[device].conn.take() {
            let delay = self.delay();
            self.plan(delay, Step::RelaySeesClose(conn));
        }
    }

    fn crash(&mut self, device: usize) {
        self.trace(|| Some(format!("dev {device}  CRASHES")));
        self.report.crashes += 1;
        self.hang_up(device);
        self.asked.retain(|(asked, _)| *asked != device);
        self.end_lines_of(device);
        self.devices[device].crash();
        let unanswered = self.deleting.extract_if(.., |_, (by, _)| *by == device).map(|(_, (_, clip))| clip);
        for clip in unanswered.collect::<Vec<_>>() {
            self.note_deleted(device, clip);
        }
        let life = self.devices[device].life;
        let away = self.below(20_000);
        self.plan(away, Step::Revive(device, life));
    }

    fn on_socket(&mut self, device: usize, conn: ConnId, said: Said) {
        let subject = &mut self.devices[device];
        let Some(line) = subject.line.filter(|_| subject.conn == Some(conn)) else { return };
        if matches!(said, Said::Closed { .. }) {
            subject.conn = None;
        }
        subject.driver.line(line, said);
        self.carry_out(device);
    }

    fn set_clipboard(&mut self, machine: usize, text: String) {
        self.clipboards[machine] = text;
        for device in 0..self.devices.len() {
            if self.devices[device].machine == machine {
                let delay = self.below(900);
                self.plan(delay, Step::Seen(device));
            }
        }
    }

    /// Whether the relay was ever set back.
    pub(crate) fn restored(&self) -> bool {
        self.report.restores > 0
    }

    fn settled(&self) -> bool {
        self.devices.iter().all(|d| {
            let view = &d.shown;
            if view.stage == Stage::Removed {
                return true;
            }
            let line = self
                .relay
                .as_ref()
                .zip(d.conn)
                .is_some_and(|(relay, conn)| relay.sockets.contains_key(&conn) && !self.severed.contains(&conn));
            let sent = d.disk.keys().all(|key| !key.starts_with("out/"));
            line && view.connection == Connection::Online && view.waiting == 0 && sent
        }) && !self.agenda.values().any(|s| {
            matches!(
                s,
                Step::ToRelay(..)
                    | Step::ToDevice(..)
                    | Step::Seen(_)
                    | Step::Caught(_)
                    | Step::Copy(..)
                    | Step::Dial(..)
            )
        })
    }

    fn command(&mut self, device: usize, command: Command) {
        let id = CommandId(self.next());
        self.event(device, Event::Command { id, command });
    }

    fn view(&self, device: usize) -> View {
        self.devices[device].view()
    }

    fn clipboard_of(&self, device: usize) -> String {
        self.clipboards[self.devices[device].machine].clone()
    }

    fn plan(&mut self, delay: u64, step: Step) {
        self.next_id += 1;
        self.agenda.insert((self.now + delay, self.next_id), step);
    }

    fn plan_in_order(&mut self, conn: ConnId, up: bool, step: Step) {
        let delay = self.delay();
        let last = self.last_arrival.entry((conn, up)).or_default();
        let at = (self.now + delay).max(*last);
        *last = at;
        if !self.severed.contains(&conn) {
            self.plan(at - self.now, step);
        }
    }

    fn delay(&mut self) -> u64 {
        1 + self.below(self.faults.delay_ms)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.rng.next_u64() % bound.max(1)
    }

    fn chance(&mut self, thousandths: u32) -> bool {
        thousandths > 0 && self.below(1000) < u64::from(thousandths)
    }

    fn next(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }
}
