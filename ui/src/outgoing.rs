//! Texts on their way to the engine, and what somebody is typing. What was typed or shared stays where it is until
//! the engine has stored it, and why it was not taken is said beside it.

use std::collections::VecDeque;
use std::rc::Rc;

use hushclip_engine::view::Problem;
use hushclip_engine::{Command, Notice};
use leptos::prelude::*;

use crate::host::Host;
use crate::time;

/// Who has not answered by then has ended, and the next text need not wait for it, milliseconds.
const PATIENCE_MS: u64 = 5_000;
/// The client says so itself, and takes what was asked for once it can store again.
const STORES_LATER: &str = "storage_";

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// From the field, or from the clipboard by the button beside it.
    Composer,
    /// From another app.
    Shared,
}

struct Waiting {
    source: Source,
    text: String,
    taken: Rc<dyn Fn()>,
}

/// Texts that wait for an answer. Answers do not say which text they are about, so the engine has one at a time.
#[derive(Default)]
struct Line {
    /// The first is with the engine.
    waiting: VecDeque<Waiting>,
    since: u64,
    /// The engine will take it, but cannot store it yet.
    stalled: bool,
}

impl Line {
    /// Adds a text, unless it waits already. Gives what is to be sent now.
    fn add(&mut self, added: Waiting, now: u64) -> Option<String> {
        let unanswered = !self.stalled && now.saturating_sub(self.since) >= PATIENCE_MS;
        let next = if unanswered { self.answered(now).1 } else { None };
        let same = |waiting: &Waiting| waiting.source == added.source && waiting.text == added.text;
        if self.waiting.iter().any(same) {
            return next;
        }
        self.waiting.push_back(added);
        if self.waiting.len() == 1 { self.begin(now) } else { next }
    }

    /// The first has its answer. Gives it, and what is to be sent next.
    fn answered(&mut self, now: u64) -> (Option<Waiting>, Option<String>) {
        (self.waiting.pop_front(), self.begin(now))
    }

    fn begin(&mut self, now: u64) -> Option<String> {
        (self.since, self.stalled) = (now, false);
        self.waiting.front().map(|waiting| waiting.text.clone())
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

    /// Sends a text, after those that wait already; `taken` is called once the engine has it.
    pub(crate) fn send(self, host: Host, source: Source, text: String, taken: impl Fn() + 'static) {
        self.forgive(host);
        let added = Waiting { source, text, taken: Rc::new(taken) };
        let next = self.line.try_update(|line| line.add(added, time::now())).flatten();
        push(host, next);
    }

    /// Whether this text from there was sent and has no answer yet, followed: nobody can call it back.
    pub(crate) fn waits(self, source: Source, text: &str) -> bool {
        self.line.with(|line| line.waiting.iter().any(|one| one.source == source && one.text == text))
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
        !concerns_all(problem) && self.refused.with(|refused| refused.as_ref().is_some_and(|(_, said)| said == problem))
    }

    /// The person has seen why, and does something else.
    pub(crate) fn forgive(self, host: Host) {
        let Some((_, problem)) = self.refused.try_update(Option::take).flatten() else { return };
        if !concerns_all(&problem) && host.peek(|view| view.problem.as_ref() == Some(&problem)) {
            host.send(Command::Dismiss);
        }
    }

    /// Nobody will answer any more: the engine has ended.
    pub(crate) fn give_up(self) {
        self.line.set(Line::default());
        self.refused.set(None);
    }

    /// Hears what becomes of what was sent.
    pub(crate) fn follow(self, notice: Signal<Option<Notice>>, host: Host) {
        ImmediateEffect::new_scoped(move || {
            let notice = notice.get();
            untrack(|| match notice {
                Some(Notice::Taken) => self.taken(host),
                Some(Notice::Failed { problem }) => self.failed(host, problem),
                _ => {}
            });
        });
    }

    fn taken(self, host: Host) {
        let (taken, next) = self.answered();
        push(host, next);
        if let Some(taken) = taken {
            self.refused.set(None);
            (taken.taken)();
        }
    }

    fn failed(self, host: Host, problem: Problem) {
        let Some(source) = self.line.with_untracked(|line| line.waiting.front().map(|waiting| waiting.source)) else {
            return;
        };
        self.refused.set(Some((source, problem.clone())));
        if concerns_all(&problem) {
            self.line.update(|line| line.stalled = true);
        } else {
            push(host, self.answered().1);
        }
    }

    fn answered(self) -> (Option<Waiting>, Option<String>) {
        self.line.try_update(|line| line.answered(time::now())).unwrap_or_default()
    }
}

fn push(host: Host, text: Option<String>) {
    if let Some(text) = text {
        host.send(Command::Push { text, html: None });
    }
}

/// Whether the client itself stands still, and not only one text.
fn concerns_all(problem: &Problem) -> bool {
    problem.code.starts_with(STORES_LATER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(source: Source, text: &str) -> Waiting {
        Waiting { source, text: text.to_owned(), taken: Rc::new(|| {}) }
    }

    #[test]
    fn each_answer_is_for_the_text_that_the_engine_has() {
        let mut line = Line::default();
        assert_eq!(line.add(waiting(Source::Composer, "first"), 0).as_deref(), Some("first"));
        assert_eq!(line.add(waiting(Source::Shared, "second"), 10), None, "one at a time");
        let (taken, next) = line.answered(20);
        assert_eq!((taken.map(|taken| taken.source), next.as_deref()), (Some(Source::Composer), Some("second")));
        let (taken, next) = line.answered(30);
        assert_eq!((taken.map(|taken| taken.source), next), (Some(Source::Shared), None));
        assert!(line.answered(40).0.is_none(), "an answer to nothing");
    }

    #[test]
    fn a_second_press_is_no_second_wish() {
        let mut line = Line::default();
        assert!(line.add(waiting(Source::Composer, "once"), 0).is_some());
        assert!(line.add(waiting(Source::Composer, "once"), 10).is_none());
        assert!(line.answered(20).1.is_none());
        assert!(line.add(waiting(Source::Composer, "once"), 30).is_some(), "it was answered, so it is one");
    }

    #[test]
    fn who_does_not_answer_holds_nobody_up_but_who_stores_later_does() {
        let mut line = Line::default();
        let _ = line.add(waiting(Source::Composer, "lost"), 0);
        let _ = line.add(waiting(Source::Shared, "behind it"), 10);
        let later = PATIENCE_MS;
        assert_eq!(line.add(waiting(Source::Composer, "lost"), later).as_deref(), Some("behind it"));
        assert_eq!(line.answered(later).1.as_deref(), Some("lost"));
        line.stalled = true;
        assert_eq!(line.add(waiting(Source::Shared, "patient"), 10 * later), None);
        assert_eq!(line.answered(10 * later).1.as_deref(), Some("patient"));
    }
}
