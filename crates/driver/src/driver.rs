//! The driver: inputs in a queue, effects in another, and one of them at a time.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use hushclip_engine::{Effect, Engine, Event, RestoreError, Write};
use hushclip_model::view::Connection;
use hushclip_model::{Answered, Command, CommandId, Notice, Problem, Query, View};
use rand_core::CryptoRng;

use crate::step::{LineEvent, LineId, Step};

/// How long at most the screen lags behind while events come without a pause, milliseconds.
const SHOW_LAG_MS: u64 = 100;
/// How often a change that was not stored is tried again, milliseconds.
const STORE_AGAIN_MS: u64 = 30_000;

/// An engine, and what waits for it.
#[derive(Debug)]
pub struct Driver {
    engine: Engine,
    inputs: VecDeque<Input>,
    effects: VecDeque<Effect>,
    /// What goes before the effects: it is no event's.
    steps: VecDeque<Step>,
    storing: Option<Storing>,
    /// The line that the engine is on, as far as it knows.
    line: Option<LineId>,
    /// Whether that is open, or on its way.
    is_open: bool,
    lines: u64,
    /// What the engine is at, if somebody waits for the answer.
    asked: Option<CommandId>,
    /// The person has picked something from the list, and the engine is at that.
    picked: bool,
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
    Line(LineId, LineEvent),
}

/// A change that is being stored.
#[derive(Debug)]
enum Storing {
    /// It was handed out.
    UnderWay(Vec<Write>),
    /// It could not be stored, and is tried again then, or when something happens.
    Stalled { writes: Vec<Write>, problem: Problem, again_at: u64 },
    /// The same, handed out once more.
    Again(Vec<Write>, Problem),
}

impl Driver {
    /// An engine over everything that was stored; from nothing, a fresh one. [`Event::Started`] is the first to push.
    pub fn open(records: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, RestoreError> {
        Ok(Self {
            engine: Engine::restore(records)?,
            inputs: VecDeque::new(),
            effects: VecDeque::new(),
            steps: VecDeque::new(),
            storing: None,
            line: None,
            is_open: false,
            lines: 0,
            asked: None,
            picked: false,
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
        self.store_again();
        self.inputs.push_back(Input::Event(event));
    }

    /// The person has copied something just now: what comes from elsewhere is older than that.
    pub fn push_copy(&mut self, copy: Event) {
        self.store_again();
        self.copies += 1;
        self.inputs.push_back(Input::Copy(copy));
    }

    /// A line has said something. Of an old one that is not heard.
    pub fn line(&mut self, line: LineId, said: LineEvent) {
        self.inputs.push_back(Input::Line(line, said));
    }

    /// Lets the engine believe that its line broke.
    pub fn hang_up(&mut self) {
        if let Some(line) = self.close() {
            self.steps.push_back(Step::Close { line });
            self.inputs.push_back(Input::Line(line, LineEvent::Closed { code: None }));
        }
    }

    fn close(&mut self) -> Option<LineId> {
        std::mem::take(&mut self.is_open).then_some(self.line)?
    }

    /// What is to be done next; `None`: nothing, until something happens, or what is being stored is. `now` is in
    /// milliseconds since 1970.
    pub fn next(&mut self, now: u64, rng: &mut dyn CryptoRng) -> Option<Step> {
        loop {
            if let Some(step) = self.steps.pop_front() {
                return Some(step);
            }
            if self.storing.is_some() {
                return self.next_try(now);
            }
            if let Some(effect) = self.effects.pop_front() {
                match self.step(effect) {
                    Some(step) => return Some(step),
                    None => continue,
                }
            }
            (self.asked, self.picked) = (None, false);
            if self.is_new && (self.inputs.is_empty() || now.saturating_sub(self.shown_at) >= SHOW_LAG_MS) {
                (self.is_new, self.shown_at) = (false, now);
                return Some(Step::Show);
            }
            let input = self.inputs.pop_front()?;
            if let Some(event) = self.admit(input) {
                (self.asked, self.picked) = (waits(&event), is_picked(&event));
                self.effects = self.engine.handle(event, now, rng).into();
            }
        }
    }

    /// What was to be stored is.
    pub fn stored(&mut self) {
        if matches!(self.storing.take(), Some(Storing::Again(..))) {
            // Nobody is to be told of a failure that is over.
            self.steps.retain(|step| !matches!(step, Step::Notice(_)));
            self.is_new = true;
        }
    }

    /// It is not. Everything stands still until it is; the engine hears of nothing, and sends nothing.
    pub fn not_stored(&mut self, problem: Problem, now: u64) {
        let (writes, is_news) = match self.storing.take() {
            Some(Storing::UnderWay(writes)) => (writes, true),
            Some(Storing::Again(writes, _) | Storing::Stalled { writes, .. }) => (writes, false),
            None => return,
        };
        // The relay's frames would only pile up.
        self.hang_up();
        if is_news {
            self.steps.push_back(Step::Notice(Notice::Failed { problem: problem.clone() }));
        }
        self.steps.push_back(Step::Show);
        self.storing = Some(Storing::Stalled { writes, problem, again_at: now.saturating_add(STORE_AGAIN_MS) });
    }

    /// When [`Driver::next`] is to be asked though nothing has happened, because a change is not stored.
    pub fn store_again_at(&self) -> Option<u64> {
        match &self.storing {
            Some(Storing::Stalled { again_at, .. }) => Some(*again_at),
            _ => None,
        }
    }

    fn next_try(&mut self, now: u64) -> Option<Step> {
        // What is further off than any wait was set before the clock was put back.
        let is_due = |at: u64| at <= now || at > now.saturating_add(STORE_AGAIN_MS);
        match self.storing.take() {
            Some(Storing::Stalled { writes, problem, again_at }) if is_due(again_at) => {
                self.storing = Some(Storing::Again(writes.clone(), problem));
                Some(Step::Store(writes))
            }
            storing => {
                self.storing = storing;
                None
            }
        }
    }

    fn store_again(&mut self) {
        if let Some(Storing::Stalled { again_at, .. }) = &mut self.storing {
            *again_at = 0;
        }
    }

    /// Why nothing can be stored.
    fn stall(&self) -> Option<&Problem> {
        match &self.storing {
            Some(Storing::Stalled { problem, .. } | Storing::Again(_, problem)) => Some(problem),
            Some(Storing::UnderWay(_)) | None => None,
        }
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
                if is_present && matches!(said, LineEvent::Closed { .. }) {
                    (self.line, self.is_open) = (None, false);
                }
                is_present.then(|| said.into())
            }
        }
    }

    fn step(&mut self, effect: Effect) -> Option<Step> {
        match effect {
            Effect::Persist(writes) => {
                self.storing = Some(Storing::UnderWay(writes.clone()));
                Some(Step::Store(writes))
            }
            Effect::Connect { url } => {
                self.lines += 1;
                let line = LineId(self.lines);
                let (before, open) = (self.close(), Step::Open { line, url });
                (self.line, self.is_open) = (Some(line), true);
                let Some(line) = before else { return Some(open) };
                self.steps.push_back(open);
                Some(Step::Close { line })
            }
            Effect::Disconnect => {
                let before = self.close();
                self.line = None;
                before.map(|line| Step::Close { line })
            }
            Effect::Send(frame) => self.line.filter(|_| self.is_open).map(|line| Step::Send { line, frame }),
            Effect::Ping => self.line.filter(|_| self.is_open).map(|line| Step::Ping { line }),
            Effect::WakeAt(at) => Some(Step::WakeAt(at)),
            Effect::WriteClipboard(content) => {
                let picked = self.picked;
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
        let done = if self.storing.is_some() { &Problem::Interrupted } else { problem };
        self.effects.clear();
        let waiting = self.inputs.drain(..).filter_map(|input| match input {
            Input::Event(event) => waits(&event),
            Input::Copy(_) | Input::Line(..) => None,
        });
        let answer = |id, problem: &Problem| Answered { id, outcome: problem.clone().into() };
        let asked = self.asked.take().map(|id| answer(id, done));
        asked.into_iter().chain(waiting.map(|id| answer(id, problem))).collect()
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

const fn is_picked(event: &Event) -> bool {
    matches!(event, Event::Command { command: Command::Take { .. }, .. })
}
