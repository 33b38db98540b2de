//! The engine's public face and the dispatch of events. What one call persists always stands before
//! what it sends, so a process that dies in between has promised nothing that it does not remember.

mod alerts;
mod archive;
mod bringing;
mod changing;
mod channels;
mod continuity;
mod counting;
mod frames;
mod guarding;
mod library;
mod membership;
mod pairing;
mod passing;
mod present;
mod receiving;
mod refused;
mod sending;
mod signing_in;
mod upkeep;
mod wake;

use std::collections::BTreeSet;

use hushclip_model::settings::Change;
use hushclip_model::{Command, CommandId, Notice, Outcome, Problem, Settings, View};
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::{DeviceId, ItemId};
use rand_core::CryptoRng;

use crate::changes::Changes;
use crate::channels::Channels;
use crate::contents::Contents;
use crate::device_lines::DeviceLines;
use crate::history::History;
use crate::identity::Identity;
use crate::inbox::Inbox;
use crate::line::Line;
use crate::log::Log;
use crate::notices::Notices;
use crate::outbox::Outbox;
use crate::pairing::{Invites, Joins};
use crate::part::{Context, Output, Outputs};
use crate::preferences::Preferences;
use crate::record::RestoreError;
use crate::relay_line::RelayLine;
use crate::restore::Records;
use crate::secrets::Secrets;
use crate::state::{self, Account, Removed};
use crate::traces::Traces;
use crate::{Effect, Event, LineId, Said, Write};
use membership::LogSync;
pub(crate) use refused::REFUSED_MS;

/// A device's brain.
pub struct Engine {
    identity: Option<Identity>,
    account: Option<Account>,
    outbox: Outbox,
    inbox: Inbox,
    history: History,
    channels: Channels,
    contents: Contents,
    invites: Invites,
    joins: Joins,
    line: Line,
    relay: RelayLine,
    device_lines: DeviceLines,
    /// The relay or the account is lost to this device; trying again is up to the person.
    halted_for_good: bool,
    /// The newest clip that came in since the line went up, to be put on the clipboard at the end.
    newest_missed: Option<ItemId>,
    log_sync: LogSync,
    /// Counts what changes in the clips that are shown.
    clips_revision: u64,
    notices: Notices,
    traces: Traces,
    removed: Option<Removed>,
    changes: Changes,
    preferences: Preferences,
    secrets: Secrets,
    /// The newest clip when the person last saw the list.
    seen_order: u64,
    now: u64,
    writes: Vec<Write>,
    effects: Vec<Effect>,
    last_wake: Option<u64>,
    last_view: (u64, View),
}

impl Engine {
    /// Rebuilds the engine from everything that [`Effect::Persist`] has stored; from nothing, a
    /// fresh one.
    pub fn restore(records: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, RestoreError> {
        let records = Records::decode(records)?;
        let mut engine = Self {
            identity: records.identity,
            account: records.account,
            outbox: Outbox::restore(records.outbox, records.sent, records.numbers),
            inbox: Inbox::restore(records.senders, records.synced),
            history: History::restore(records.clips, records.on_clipboard, records.coming, records.gone_order),
            channels: Channels::restore(records.listening, records.payloads),
            contents: Contents::default(),
            invites: Invites::restore(records.invite),
            joins: Joins::restore(records.join, records.tried_codes),
            line: Line::default(),
            relay: RelayLine::restore(records.place),
            device_lines: DeviceLines::default(),
            halted_for_good: false,
            newest_missed: None,
            log_sync: LogSync::default(),
            clips_revision: 0,
            notices: Notices::restore(records.alerts),
            traces: Traces::restore(records.traces),
            removed: records.removed,
            changes: Changes::restore(records.removing, records.drafts),
            preferences: Preferences::restore(records.settings, records.push_endpoint),
            secrets: Secrets::default(),
            seen_order: records.seen_order,
            now: 0,
            writes: Vec::new(),
            effects: Vec::new(),
            last_wake: None,
            last_view: (0, View::default()),
        };
        engine.history.reserve(engine.outbox.newest_order().unwrap_or_default());
        engine.history.reserve(engine.channels.newest_order());
        for at_ms in engine.inbox.removals_ms() {
            engine.history.note_removal(at_ms);
        }
        if engine.account.as_ref().is_some_and(|account| account.log.is_forked()) {
            engine.halted_for_good = true;
            engine.line.stop(0);
            engine.notices.show(Problem::Fork);
        }
        engine.last_view.1 = engine.present_frame();
        Ok(engine)
    }

    /// Takes one event in. `now` is in milliseconds since 1970.
    pub fn handle(&mut self, event: Event, now: u64, rng: &mut dyn CryptoRng) -> Vec<Effect> {
        self.now = now;
        match event {
            Event::Started => self.connect_if_wanted(),
            Event::Line { line, said } if line == self.line.id() && self.line.listens() => self.relay_said(said, rng),
            Event::Line { line: LineId::Device(device, number), said } => self.device_said(device, number, said, rng),
            // One that is over.
            Event::Line { .. } => {}
            Event::Timer => {
                self.last_wake = None;
                self.tidy_library(rng);
                self.tidy_channels();
                self.timer(rng);
            }
            Event::Closing => self.close(),
            Event::Pasted => self.pasted(rng),
            Event::Import { id, clips } => {
                let added = self.import(clips);
                self.answer(id, Outcome::Imported { added });
            }
            Event::Loaded(records) => self.loaded(&records, rng),
            Event::Online => self.network_is_back(),
            Event::LocalCopy(content) => self.local_copy(content, false, rng),
            Event::Copied(content) => self.local_copy(content, true, rng),
            Event::Command { id, command } => {
                let is_of_program =
                    matches!(command, Command::Listen { .. } | Command::Unlisten { .. } | Command::Publish { .. });
                let outcome = self.command(id, command, rng).unwrap_or_else(|problem| {
                    // What is wrong with what was typed into a view that stays is said there, and no person sees what a
                    // program asks for.
                    if problem != Problem::DigitsDiffer && !is_of_program {
                        self.notices.show(problem.clone());
                    }
                    Some(problem.into())
                });
                if let Some(outcome) = outcome {
                    self.answer(id, outcome);
                }
            }
        }
        self.finish()
    }

    /// What a person sees, without the clips, which are many.
    pub fn view_without_clips(&self) -> View {
        self.present_frame()
    }

    /// What a person sees, with all clips.
    pub fn view(&self) -> View {
        let clips: Vec<_> = self.history.shown().map(|clip| self.present_clip(clip)).collect();
        View { found: clips.len() as u32, clips, ..self.present_frame() }
    }

    /// What the person chose for this device.
    pub fn settings(&self) -> &Settings {
        self.preferences.settings()
    }

    fn change_settings(&mut self, change: Change) {
        let write = self.preferences.change(change);
        self.persist(write);
    }

    fn relay_said(&mut self, said: Said, rng: &mut dyn CryptoRng) {
        match said {
            Said::Opened => self.line.proceeds(self.now),
            Said::Closed { code } => self.socket_closed(code, rng),
            Said::Frame(bytes) => self.frame(&bytes, rng),
            Said::Pong => self.heard(),
        }
    }

    fn heard(&mut self) {
        self.line.heard(self.now);
        self.count_untaken(self.relay.heard_ms);
        self.relay.heard_ms = self.now;
    }

    /// `None`: it is answered when the disk has been read.
    fn command(
        &mut self,
        id: CommandId,
        command: Command,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Outcome>, Problem> {
        match command {
            Command::CreateAccount { relay, name, token } => {
                self.create_account(&relay, &name, token.as_deref().unwrap_or_default(), rng)?;
            }
            Command::Join { link, name } => self.start_join(&link, None, &name, rng)?,
            Command::JoinAt { relay, link, name } => self.start_join(&link, Some(&relay), &name, rng)?,
            Command::CancelJoin => self.cancel_join(),
            Command::ConfirmAccount => self.confirm_account(),
            Command::Push { text, html } => {
                let clip = self.push_command(text, html, rng)?;
                return Ok(Some(Outcome::Queued { clip: clip.to_hex() }));
            }
            Command::Listen { channel } => self.listen(channel)?,
            Command::Unlisten { channel } => self.unlisten(&channel),
            Command::Publish { channel, bytes } => {
                let payload = self.publish(channel, bytes, rng)?.to_hex();
                return Ok(Some(Outcome::Published { payload }));
            }
            Command::PushBytes { media, bytes } => {
                let clip = self.push_bytes(&media, bytes, rng)?;
                return Ok(Some(Outcome::Queued { clip: clip.to_hex() }));
            }
            Command::Copied { id } => self.copied(&id, rng),
            Command::Take { id: clip, plain } => {
                self.take_from_list(id, &clip, plain, rng);
                return Ok(None);
            }
            Command::Pin { id, pinned } => self.pin(&id, pinned, rng),
            Command::Delete { ids } => self.delete(ids.iter().filter_map(|id| ItemId::from_hex(id))),
            Command::DeleteAll => self.delete_all(),
            Command::Undelete { ids } => self.undelete(&ids),
            Command::Seen => self.seen(),
            Command::AnswerSecret { id, send, remember, burn } => self.answer_secret(&id, send, remember, burn, rng)?,
            Command::SetSettings { change } => self.change_settings(change),
            Command::Invite => self.start_invite(rng)?,
            Command::CancelInvite => self.cancel_invite(),
            Command::JoinByCode { relay, code, name } => self.start_join_by_code(&relay, &code, &name, rng)?,
            Command::InviteByCode => self.start_code(rng)?,
            Command::RemoveDevice { device } => self.remove_device(&device, rng)?,
            Command::SetRotation { minutes } => self.set_rotation(minutes, rng),
            Command::SetPush { endpoint } => self.set_push(endpoint.unwrap_or_default())?,
            Command::Resume => self.resume_by_hand(),
            Command::DismissAlert { id } => {
                self.dismiss_alert(id);
                self.flush(rng);
            }
            Command::Approve { digits, share_history } => self.approve(digits.as_deref(), share_history, rng)?,
            Command::Refuse => self.refuse(),
            Command::Leave => {
                self.tell_leave();
                self.leave();
            }
            Command::Dismiss => self.dismiss_problem(),
        }
        Ok(Some(Outcome::Done))
    }

    fn finish(&mut self) -> Vec<Effect> {
        let mut out = Vec::with_capacity(self.effects.len() + 4);
        // Before anything is stored, so that what is read is what was there when it was asked for.
        let keys = self.contents.end();
        if !keys.is_empty() {
            out.push(Effect::Load(keys));
        }
        if !self.writes.is_empty() {
            out.push(Effect::Persist(newest_only(std::mem::take(&mut self.writes))));
        }
        out.append(&mut self.effects);
        let wake = self
            .line
            .next_due()
            .into_iter()
            .chain(self.invites.next_due(self.now))
            .chain(self.join_deadline())
            .chain(self.next_upkeep())
            .chain(self.relay.flight.next_push(self.now))
            .chain(self.relay.acks.next_due().filter(|_| self.line.is_signed_in()))
            .chain(self.next_tidying())
            .chain(self.channels.next_due())
            .chain(self.next_removal_news())
            .min();
        if wake != self.last_wake {
            self.last_wake = wake;
            out.extend(wake.map(Effect::WakeAt));
        }
        let view = (self.clips_revision, self.present_frame());
        if view != self.last_view {
            self.last_view = view;
            out.push(Effect::ViewChanged);
        }
        out
    }

    fn context(&self) -> Context {
        Context { now: self.now, online: self.line.is_online() }
    }

    fn carry_out(&mut self, outputs: Outputs) {
        for output in outputs {
            match output {
                Output::Write(write) => self.persist(write),
                Output::Send(frame) => self.send(&frame),
                Output::Notice(notice) => self.notice(notice),
                Output::Fail(problem) => self.fail(problem),
                Output::Solved(is) => self.solved(is),
                Output::Alert(alerting) => self.change_alert(alerting),
            }
        }
    }

    fn persist(&mut self, write: Write) {
        self.writes.push(write);
    }

    fn persist_all(&mut self, writes: impl IntoIterator<Item = Write>) {
        self.writes.extend(writes);
    }

    fn persist_account(&mut self) {
        if let Some(write) = self.account.as_ref().map(Account::record) {
            self.persist(write);
        }
    }

    fn persist_place(&mut self) {
        self.persist(self.relay.place.record());
    }

    fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    fn send(&mut self, frame: &ToRelay) {
        let (line, frame) = (self.line.id(), frame.encode());
        self.effect(Effect::Send { line, frame });
    }

    fn notice(&mut self, notice: Notice) {
        self.effects.push(Effect::Notice(notice));
    }

    /// Lets the relay delete what it keeps, if this device is the last one.
    fn tell_leave(&mut self) {
        if self.line.is_signed_in() {
            self.send(&ToRelay::Leave);
        }
    }

    /// Back to where a fresh device starts, on disk too, but for the channels that programs listen to.
    fn leave(&mut self) {
        self.drop_account();
        let writes: Vec<_> = state::delete_clips(self.history.iter()).collect();
        self.writes.extend(writes);
        self.history = History::default();
        self.channels(Channels::forget);
        self.history.reserve(self.channels.newest_order());
        self.removed = None;
        self.joins.forget();
        self.preferences = Preferences::default();
        self.seen_order = 0;
        self.clips_revision += 1;
    }

    /// Forgets all keys and whom this device belonged to; the list of clips stays.
    fn drop_account(&mut self) {
        self.writes.extend(state::delete_account());
        self.identity = None;
        self.relay.forget();
        let mut out = Outputs::default();
        self.outbox.forget(&mut out);
        for line in self.device_lines.forget() {
            self.effect(Effect::Disconnect { line });
        }
        self.inbox.forget(&mut out);
        self.channels.drop_own(&mut out);
        self.traces.forget(&mut out);
        self.changes.forget(&mut out);
        if let Some(account) = self.account.take() {
            account.log.forget(&mut out);
        }
        self.invites.forget(&mut out);
        self.joins.cancel(&mut out);
        self.carry_out(out);
        self.newest_missed = None;
        self.secrets = Secrets::default();
        self.notices = Notices::default();
        // Its record goes with the account.
        let _ = self.preferences.forget_push_endpoint();
        self.halted_for_good = false;
        self.log_sync = LogSync::default();
        self.connect();
    }

    /// Shows a problem and tells it once.
    fn fail(&mut self, problem: Problem) {
        self.notice(Notice::Failed { problem: problem.clone() });
        self.notices.show(problem);
    }

    /// The same for what may come many times before it is solved, and is told once.
    fn show(&mut self, problem: Problem) {
        if self.notices.problem() != Some(&problem) {
            self.fail(problem);
        }
    }

    /// Takes back a problem that has solved itself.
    fn solved(&mut self, is: impl Fn(&Problem) -> bool) {
        self.notices.solved(is);
    }

    /// Stops talking to the relay for good, until the person does something.
    fn halt(&mut self, problem: Problem) {
        self.halted_for_good = self.log().is_some_and(Log::is_forked);
        self.line.stop(self.now);
        self.relay.flight.lose_answer();
        self.changes.lose_answer();
        self.effect(Effect::Disconnect { line: self.line.id() });
        self.fail(problem);
    }

    fn is_member(&self, device: &DeviceId) -> bool {
        self.log().is_some_and(|log| log.is_member(device))
    }

    /// Whether there is an account whose log is known.
    fn require_member(&self) -> Result<(), Problem> {
        let member = self.log().is_some_and(|log| log.members().is_some());
        if member { Ok(()) } else { Err(Problem::NoAccount) }
    }
}

/// Leaves what is overwritten by what follows out of it.
fn newest_only(writes: Vec<Write>) -> Vec<Write> {
    let mut kept: Vec<Write> = Vec::with_capacity(writes.len());
    let mut seen = BTreeSet::new();
    kept.extend(writes.into_iter().rev().filter(|write| seen.insert(write.key().to_owned())));
    kept.reverse();
    kept
}

impl core::fmt::Debug for Engine {
    /// Tells nothing that is secret.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Engine({:?}, outbox {})", self.line.phase(), self.outbox.len())
    }
}
