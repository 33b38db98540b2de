//! The driver: inputs in a queue, effects in another, and one of them at a time.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use hushclip_engine::{Effect, Engine, Event, LineId, RestoreError, Said, Write};
use hushclip_model::view::Connection;
use hushclip_model::{Answered, CommandId, Notice, Outcome, Problem, Query, View};
use rand_core::CryptoRng;

use crate::step::Step;

/// How long at most the screen lags behind while events come without a pause, milliseconds.
const SHOW_LAG_MS: u64 = 100;
/// How often what the disk has not done is tried again, milliseconds.
const AGAIN_MS: u64 = 30_000;

/// An engine, and what waits for it.
#[derive(Debug)]
pub struct Driver {
    engine: Engine,
    inputs: VecDeque<Input>,
    effects: VecDeque<Effect>,
    /// What goes before the effects: it is no event's.
    steps: VecDeque<Step>,
    /// What the engine waits for.
    disk: Option<Disk>,
    /// What was read for the engine, which hears of it after all that was to be done before.
    loaded: Option<Records>,
    /// What people want to read, which is no concern of the engine's.
    reads: VecDeque<Read>,
    reading: Option<Read>,
    /// The line to the relay that the engine is on, as far as it knows.
    line: Option<LineId>,
    /// Whether that is open, or on its way.
    is_open: bool,
    /// What the engine is at, if somebody waits for the answer.
    asked: Option<CommandId>,
    /// How many of the person's copies wait.
    copies: usize,
    is_new: bool,
    shown_at: u64,
}

#[derive(Debug)]
enum Input {
    Event(Event),
    /// The person copied something just now.
    Copy(Event),
    Line(LineId, Said),
}

/// Records by their keys; none where there is none.
type Records = BTreeMap<String, Option<Vec<u8>>>;

/// What the disk is to do for the engine.
#[derive(Debug, Clone)]
enum Work {
    Store(Vec<Write>),
    Load(Vec<String>),
}

/// How far it is.
#[derive(Debug)]
enum Disk {
    /// It was handed out.
    UnderWay(Work),
    /// It failed, and is tried again then, or when something happens.
    Stalled { work: Work, problem: Problem, again_at: u64 },
    /// The same, handed out once more.
    Again(Work, Problem),
}

/// What a person wants to read.
#[derive(Debug)]
enum Read {
    Clip { id: CommandId, clip: String },
    History { id: CommandId },
}

impl Read {
    const fn id(&self) -> CommandId {
        match self {
            Self::Clip { id, .. } | Self::History { id } => *id,
        }
    }
}

impl From<Work> for Step {
    fn from(work: Work) -> Self {
        match work {
            Work::Store(writes) => Self::Store(writes),
            Work::Load(keys) => Self::Load(keys),
        }
    }
}

impl Driver {
    /// An engine over everything that was stored, but for the records of [`hushclip_engine::CONTENT`]; from nothing, a
    /// fresh one. [`Event::Started`] is the first to push.
    pub fn open(records: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, RestoreError> {
        Ok(Self {
            engine: Engine::restore(records)?,
            inputs: VecDeque::new(),
            effects: VecDeque::new(),
            steps: VecDeque::new(),
            disk: None,
            loaded: None,
            reads: VecDeque::new(),
            reading: None,
            line: None,
            is_open: false,
            asked: None,
            copies: 0,
            is_new: false,
            shown_at: 0,
        })
    }

    /// Something has happened. While a change is not stored, that is tried again.
    pub fn push(&mut self, event: Event) {
        if let Some(problem) = self.stall()
            && waits(&event).is_some()
        {
            let notice = Notice::Failed { problem: problem.clone() };
            self.steps.push_back(Step::Notice(notice));
        }
        match event {
            Event::Line { line, said } => self.line(line, said),
            event => {
                self.try_again();
                self.inputs.push_back(Input::Event(event));
            }
        }
    }

    /// The person has copied something just now: what comes from elsewhere is older than that.
    pub fn push_copy(&mut self, copy: Event) {
        self.try_again();
        self.copies += 1;
        self.inputs.push_back(Input::Copy(copy));
    }

    /// The person wants to see all of a clip: the answer is [`Outcome::Content`].
    pub fn read(&mut self, id: CommandId, clip: String) {
        self.reads.push_back(Read::Clip { id, clip });
    }

    /// The person wants a file of the history: [`Step::Archive`] has what goes into it.
    pub fn archive(&mut self, id: CommandId) {
        self.reads.push_back(Read::History { id });
    }

    /// A line has said something. What an old one says is ignored.
    pub fn line(&mut self, line: LineId, said: Said) {
        // They would pile up, and the relay has each of them.
        let is_dropped = is_apart(line) && matches!(said, Said::Frame(_)) && self.stall().is_some();
        if !is_dropped {
            self.inputs.push_back(Input::Line(line, said));
        }
    }

    /// Lets the engine believe that its line broke.
    pub fn hang_up(&mut self) {
        if let Some(line) = self.close() {
            self.steps.push_back(Step::Close { line });
            self.inputs.push_back(Input::Line(line, Said::Closed { code: None }));
        }
    }

    fn is_open(&self, line: LineId) -> bool {
        is_apart(line) || (self.is_open && self.line == Some(line))
    }

    fn close(&mut self) -> Option<LineId> {
        std::mem::take(&mut self.is_open).then_some(self.line)?
    }

    /// What is to be done next; `None`: nothing, until something happens, or the disk has done what it is at. `now` is
    /// in milliseconds since 1970.
    pub fn next(&mut self, now: u64, rng: &mut dyn CryptoRng) -> Option<Step> {
        loop {
            if let Some(step) = self.steps.pop_front() {
                return Some(step);
            }
            if self.reading.is_some() || matches!(self.disk, Some(Disk::UnderWay(_) | Disk::Again(..))) {
                return None;
            }
            if (self.effects.is_empty() || self.disk.is_some())
                && let Some(read) = self.reads.pop_front()
            {
                return Some(self.start(read, now));
            }
            if self.disk.is_some() {
                return self.next_try(now);
            }
            if let Some(effect) = self.effects.pop_front() {
                match self.step(effect) {
                    Some(step) => return Some(step),
                    None => continue,
                }
            }
            if let Some(records) = self.loaded.take() {
                self.effects = self.engine.handle(Event::Loaded(records), now, rng).into();
                continue;
            }
            self.asked = None;
            if self.is_new && (self.inputs.is_empty() || now.saturating_sub(self.shown_at) >= SHOW_LAG_MS) {
                (self.is_new, self.shown_at) = (false, now);
                return Some(Step::Show);
            }
            let input = self.inputs.pop_front()?;
            if let Some(event) = self.admit(input) {
                self.asked = waits(&event);
                self.effects = self.engine.handle(event, now, rng).into();
            }
        }
    }

    /// What was to be stored is.
    pub fn stored(&mut self) {
        if matches!(self.disk.take(), Some(Disk::Again(..))) {
            // Nobody is to be told of a failure that is over.
            self.steps.retain(|step| !matches!(step, Step::Notice(_)));
            self.is_new = true;
        }
    }

    /// What was to be read is. `now` is in milliseconds since 1970.
    pub fn loaded(&mut self, mut records: Records, now: u64) {
        let Some(read) = self.reading.take() else {
            self.stored();
            self.loaded = Some(records);
            return;
        };
        self.see_unsaved(&mut records);
        let step = self.read_step(read, &records, now);
        self.steps.push_back(step);
    }

    /// A disk has not done what it was to do. If it was for the engine, everything stands still until it has; the engine
    /// hears of nothing, and sends nothing.
    pub fn failed(&mut self, problem: Problem, now: u64) {
        if let Some(read) = self.reading.take() {
            let answered = Answered { id: read.id(), outcome: problem.into() };
            return self.steps.push_back(Step::Answer(answered));
        }
        let (work, is_news) = match self.disk.take() {
            Some(Disk::UnderWay(work)) => (work, true),
            Some(Disk::Again(work, _) | Disk::Stalled { work, .. }) => (work, false),
            None => return,
        };
        // The relay's frames would only pile up.
        self.hang_up();
        if is_news {
            self.steps.push_back(Step::Notice(Notice::Failed { problem: problem.clone() }));
        }
        self.steps.push_back(Step::Show);
        self.disk = Some(Disk::Stalled { work, problem, again_at: now.saturating_add(AGAIN_MS) });
    }

    /// When [`Driver::next`] is to be asked though nothing has happened, because the disk has failed.
    pub fn again_at(&self) -> Option<u64> {
        match &self.disk {
            Some(Disk::Stalled { again_at, .. }) => Some(*again_at),
            _ => None,
        }
    }

    /// Begins to read, and is done if there is nothing to be read.
    fn start(&mut self, read: Read, now: u64) -> Step {
        let keys = match &read {
            Read::Clip { clip, .. } => self.engine.source(clip).map(|source| source.keys()).unwrap_or_default(),
            Read::History { .. } => self.engine.archived_records(),
        };
        if keys.is_empty() {
            return self.read_step(read, &Records::new(), now);
        }
        self.reading = Some(read);
        Step::Load(keys)
    }

    /// What the engine has said is to be stored and is not yet, in order. It is as good as stored for whoever reads.
    pub fn unsaved(&self) -> impl Iterator<Item = &Write> {
        let at_work = self.disk.as_ref().map(|disk| match disk {
            Disk::UnderWay(work) | Disk::Again(work, _) | Disk::Stalled { work, .. } => work,
        });
        let stalled =
            at_work.into_iter().filter_map(|work| if let Work::Store(writes) = work { Some(writes) } else { None });
        let behind = self
            .effects
            .iter()
            .filter_map(|effect| if let Effect::Persist(writes) = effect { Some(writes) } else { None });
        stalled.chain(behind).flatten()
    }

    fn see_unsaved(&self, records: &mut Records) {
        for write in self.unsaved() {
            if let Write::Put { key, value } = write
                && let Some(record) = records.get_mut(key)
            {
                *record = Some(value.clone());
            }
        }
    }

    fn read_step(&self, read: Read, records: &Records, now: u64) -> Step {
        match read {
            Read::Clip { id, clip } => {
                let outcome = match self.engine.source(&clip) {
                    Some(source) => match source.content(records) {
                        Some(content) => Outcome::Content { content },
                        None => Problem::ContentLost.into(),
                    },
                    None => Problem::ClipGone.into(),
                };
                Step::Answer(Answered { id, outcome })
            }
            Read::History { id } => {
                let (archive, lost) = self.engine.archive(now, records);
                Step::Archive { id, archive, lost }
            }
        }
    }

    fn next_try(&mut self, now: u64) -> Option<Step> {
        // What is further off than any wait was set before the clock was put back.
        let is_due = |at: u64| at <= now || at > now.saturating_add(AGAIN_MS);
        match self.disk.take() {
            Some(Disk::Stalled { work, problem, again_at }) if is_due(again_at) => {
                self.disk = Some(Disk::Again(work.clone(), problem));
                Some(work.into())
            }
            disk => {
                self.disk = disk;
                None
            }
        }
    }

    fn try_again(&mut self) {
        if let Some(Disk::Stalled { again_at, .. }) = &mut self.disk {
            *again_at = 0;
        }
    }

    /// Why nothing goes on.
    fn stall(&self) -> Option<&Problem> {
        match &self.disk {
            Some(Disk::Stalled { problem, .. } | Disk::Again(_, problem)) => Some(problem),
            Some(Disk::UnderWay(_)) | None => None,
        }
    }

    fn hand_out(&mut self, work: Work) -> Step {
        self.disk = Some(Disk::UnderWay(work.clone()));
        work.into()
    }

    /// What of an input is for the engine.
    fn admit(&mut self, input: Input) -> Option<Event> {
        match input {
            Input::Event(event) => Some(event),
            Input::Copy(copy) => {
                self.copies -= 1;
                Some(copy)
            }
            Input::Line(line, said) => {
                let is_present = self.line == Some(line);
                if is_present && matches!(said, Said::Closed { .. }) {
                    (self.line, self.is_open) = (None, false);
                }
                (is_present || is_apart(line)).then_some(Event::Line { line, said })
            }
        }
    }

    fn step(&mut self, effect: Effect) -> Option<Step> {
        match effect {
            Effect::Persist(writes) => Some(self.hand_out(Work::Store(writes))),
            Effect::Load(keys) => Some(self.hand_out(Work::Load(keys))),
            Effect::Connect { line, url } => {
                let (before, open) = (self.close(), Step::Open { line, url });
                (self.line, self.is_open) = (Some(line), true);
                let Some(line) = before else { return Some(open) };
                self.steps.push_back(open);
                Some(Step::Close { line })
            }
            Effect::Disconnect { line } if is_apart(line) => Some(Step::Close { line }),
            Effect::Disconnect { .. } => {
                let before = self.close();
                self.line = None;
                before.map(|line| Step::Close { line })
            }
            Effect::Send { line, frame } => self.is_open(line).then_some(Step::Send { line, frame }),
            Effect::Ping { line } => self.is_open(line).then_some(Step::Ping { line }),
            Effect::WakeAt(at) => Some(Step::WakeAt(at)),
            Effect::WriteClipboard { content, picked } => {
                (picked || self.copies == 0).then_some(Step::WriteClipboard { content, picked })
            }
            Effect::ClearClipboard(content) => Some(Step::ClearClipboard(content)),
            Effect::Answer(answered) => {
                self.asked = None;
                Some(Step::Answer(answered))
            }
            Effect::Notice(notice) => Some(Step::Notice(notice)),
            Effect::ViewChanged => {
                self.is_new = true;
                None
            }
        }
    }

    /// Ends it: everybody who waits for an answer gets this one, but for whom a change is being stored, which may have
    /// been done or not.
    pub fn abandon(&mut self, problem: &Problem) -> Vec<Answered> {
        let is_storing = matches!(
            self.disk,
            Some(
                Disk::UnderWay(Work::Store(_))
                    | Disk::Again(Work::Store(_), _)
                    | Disk::Stalled { work: Work::Store(_), .. }
            )
        );
        let done = if is_storing { &Problem::Interrupted } else { problem };
        self.effects.clear();
        let waiting = self.inputs.drain(..).filter_map(|input| match input {
            Input::Event(event) => waits(&event),
            Input::Copy(_) | Input::Line(..) => None,
        });
        let answer = |id, problem: &Problem| Answered { id, outcome: problem.clone().into() };
        let asked = self.asked.take().map(|id| answer(id, done));
        let reads = self.reading.take().into_iter().chain(self.reads.drain(..)).map(|read| read.id());
        asked.into_iter().chain(waiting.chain(reads).map(|id| answer(id, problem))).collect()
    }

    /// The engine, to look at.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// [`Engine::find`], and why everything stands still, if it does.
    pub fn find(&self, query: &Query) -> View {
        self.stalled(self.engine.find(query))
    }

    /// [`Engine::view_without_clips`], in the same way.
    pub fn view_without_clips(&self) -> View {
        self.stalled(self.engine.view_without_clips())
    }

    fn stalled(&self, view: View) -> View {
        match self.stall() {
            Some(problem) => View { problem: Some(problem.clone()), connection: Connection::Idle, ..view },
            None => view,
        }
    }
}

/// By what name somebody waits for the answer to this.
const fn waits(event: &Event) -> Option<CommandId> {
    match event {
        Event::Command { id, .. } | Event::Import { id, .. } => Some(*id),
        _ => None,
    }
}

/// Whether a line is not the relay's: whoever opens it sees to what it is.
const fn is_apart(line: LineId) -> bool {
    matches!(line, LineId::Device(..))
}
