//! Texts on their way to the engine, and what somebody is typing. What was typed or shared stays where it is until
//! the engine has stored it, and why it was not taken is said beside it.

use std::rc::Rc;
use std::time::Duration;

use hushclip_model::{Command, CommandId, Notice, Outcome, Problem};
use leptos::prelude::*;

use crate::asking::asked;
use crate::host::Host;

/// Who has not answered by then has ended, and the person may send once more.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// From the field, or from the clipboard by the button beside it.
    Composer,
    /// From another app.
    Shared,
}

struct Waiting {
    id: CommandId,
    source: Source,
    text: String,
    taken: Rc<dyn Fn()>,
    /// Whoever had it to answer has ended, it seems.
    lost: bool,
}

/// Texts that wait for an answer.
#[derive(Default)]
struct Line {
    waiting: Vec<Waiting>,
    /// The engine will take them, but cannot store anything yet.
    stalled: bool,
}

impl Line {
    /// Whether this text from there is with the engine.
    fn has(&self, source: Source, text: &str) -> bool {
        self.waiting.iter().any(|one| !one.lost && one.source == source && one.text == text)
    }

    /// Takes the one out that has its answer.
    fn answered(&mut self, id: CommandId) -> Option<Waiting> {
        let at = self.waiting.iter().position(|one| one.id == id)?;
        self.stalled = false;
        Some(self.waiting.remove(at))
    }

    /// The time is over in which an answer was to come.
    fn lose(&mut self, id: CommandId) {
        if !self.stalled {
            self.waiting.iter_mut().filter(|one| one.id == id).for_each(|one| one.lost = true);
        }
    }
}

/// Puts back what somebody was typing, before what has been typed since.
pub fn resume(draft: RwSignal<String>, kept: String) {
    draft.update(|draft| {
        let typed_since = std::mem::replace(draft, kept);
        if !draft.is_empty() && !typed_since.is_empty() {
            draft.push('\n');
        }
        draft.push_str(&typed_since);
    });
}

/// What is on its way, and what became of it.
#[derive(Clone, Copy)]
pub(crate) struct Outgoing {
    /// What is typed and not sent; it outlives a look at other screens, and the lock.
    pub(crate) draft: RwSignal<String>,
    line: RwSignal<Line, LocalStorage>,
    refused: RwSignal<Option<(Source, Problem)>>,
}

impl Outgoing {
    pub(crate) fn new(draft: RwSignal<String>) -> Self {
        Self { draft, line: RwSignal::new_local(Line::default()), refused: RwSignal::new(None) }
    }

    /// Sends a text, unless it is on its way already; `taken` is called once the engine has it.
    pub(crate) fn send(self, host: Host, source: Source, text: String, taken: impl Fn() + 'static) {
        self.forgive(host);
        if self.line.with_untracked(|line| line.has(source, &text)) {
            return;
        }
        let push = asked(Command::Push { text: text.clone(), html: None });
        let id = push.id;
        let waiting = Waiting { id, source, text, taken: Rc::new(taken), lost: false };
        self.line.update(|line| line.waiting.push(waiting));
        host.put(push, move |outcome| self.answered(id, outcome));
        let lose = move || {
            let _ = self.line.try_update(|line| line.lose(id));
        };
        set_timeout(lose, PATIENCE);
    }

    /// Whether this text from there was sent and has no answer yet, followed: nobody can call it back.
    pub(crate) fn waits(self, source: Source, text: &str) -> bool {
        self.line.with(|line| line.has(source, text))
    }

    /// Whether it waits until something can be stored again, followed.
    pub(crate) fn stalls(self, source: Source, text: &str) -> bool {
        self.line.with(|line| line.stalled) && self.waits(source, text)
    }

    /// Why the newest text from there was not taken, followed.
    pub(crate) fn refused(self, source: Source) -> Option<Problem> {
        self.refused
            .with(|refused| refused.as_ref().filter(|(of, _)| *of == source).map(|(_, problem)| problem.clone()))
    }

    /// Whether this problem is one of a text, and said beside it already; followed.
    pub(crate) fn says(self, problem: &Problem) -> bool {
        !problem.stops_device()
            && self.refused.with(|refused| refused.as_ref().is_some_and(|(_, said)| said == problem))
    }

    /// The person has seen why, and does something else.
    pub(crate) fn forgive(self, host: Host) {
        let Some((_, problem)) = self.refused.try_update(Option::take).flatten() else { return };
        if !problem.stops_device() && host.peek(|view| view.problem.as_ref() == Some(&problem)) {
            host.send(Command::Dismiss);
        }
    }

    /// Nobody will answer any more: the engine has ended.
    pub(crate) fn give_up(self) {
        self.line.set(Line::default());
        self.refused.set(None);
    }

    /// Hears that nothing can be stored at the moment.
    pub(crate) fn follow(self, notice: Signal<Option<Notice>>) {
        ImmediateEffect::new_scoped(move || {
            let notice = notice.get();
            untrack(|| match notice {
                Some(Notice::Failed { problem }) if problem.stops_device() => self.stalled(problem),
                _ => {}
            });
        });
    }

    fn answered(self, id: CommandId, outcome: Outcome) {
        let Some(waiting) = self.line.try_update(|line| line.answered(id)).flatten() else { return };
        if let Outcome::Refused { problem } = outcome {
            return self.refused.set(Some((waiting.source, problem)));
        }
        self.refused.set(None);
        (waiting.taken)();
    }

    /// What waits is not refused: the engine takes it once it can store again.
    fn stalled(self, problem: Problem) {
        let newest = self.line.with_untracked(|line| line.waiting.last().map(|one| one.source));
        if let Some(source) = newest {
            self.line.update(|line| line.stalled = true);
            self.refused.set(Some((source, problem)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(waiting: &[(u64, Source, &str)]) -> Line {
        let waiting = waiting.iter().map(|(id, source, text)| Waiting {
            id: CommandId(*id),
            source: *source,
            text: (*text).to_owned(),
            taken: Rc::new(|| {}),
            lost: false,
        });
        Line { waiting: waiting.collect(), stalled: false }
    }

    #[test]
    fn each_answer_is_for_its_own_text() {
        let mut line = line(&[(1, Source::Composer, "first"), (2, Source::Shared, "second")]);
        let answered = |line: &mut Line, id| line.answered(CommandId(id)).map(|one| one.text);
        assert_eq!(answered(&mut line, 3), None, "another page's");
        assert_eq!(answered(&mut line, 2).as_deref(), Some("second"), "in any order");
        assert_eq!(answered(&mut line, 2), None, "once");
        assert_eq!(answered(&mut line, 1).as_deref(), Some("first"));
    }

    #[test]
    fn a_second_press_is_no_second_wish() {
        let mut line = line(&[(1, Source::Composer, "once")]);
        assert!(line.has(Source::Composer, "once"));
        assert!(!line.has(Source::Shared, "once") && !line.has(Source::Composer, "other"));
        assert!(line.answered(CommandId(1)).is_some());
        assert!(!line.has(Source::Composer, "once"), "it was answered, so it is one");
    }

    #[test]
    fn what_is_lost_may_be_sent_again_but_what_is_stored_later_waits() {
        let mut lost = line(&[(1, Source::Composer, "lost")]);
        lost.lose(CommandId(1));
        assert!(!lost.has(Source::Composer, "lost"));
        assert!(lost.answered(CommandId(1)).is_some(), "better late than never");
        let mut stalled = Line { stalled: true, ..line(&[(2, Source::Shared, "patient")]) };
        stalled.lose(CommandId(2));
        assert!(stalled.has(Source::Shared, "patient"));
    }
}
