//! Texts on their way to the engine, and what somebody is typing. What was typed or shared stays where it is until
//! the engine has stored it, and why it was not taken is said beside it.

use std::rc::Rc;

use hushclip_engine::view::Problem;
use hushclip_engine::{Command, Notice};
use leptos::prelude::*;

use crate::host::Host;
use crate::time;

/// For so long a second press is not a second wish, milliseconds.
const ANSWER_MS: u64 = 2_000;
/// The client says so itself, and takes what was asked for once it can store again.
const STORES_LATER: &str = "storage_";

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// From the field, or from the clipboard by the button beside it.
    Composer,
    /// From another app.
    Shared,
}

struct Waiting {
    from: From,
    text: String,
    since: u64,
    taken: Rc<dyn Fn()>,
}

/// What is on its way, and what became of it.
#[derive(Clone, Copy)]
pub(crate) struct Outgoing {
    /// What is typed and not sent; it outlives a look at other screens.
    pub(crate) draft: RwSignal<String>,
    waiting: StoredValue<Option<Waiting>, LocalStorage>,
    refused: RwSignal<Option<(From, Problem)>>,
}

impl Outgoing {
    pub(crate) fn new() -> Self {
        Self {
            draft: RwSignal::new(String::new()),
            waiting: StoredValue::new_local(None),
            refused: RwSignal::new(None),
        }
    }

    /// Sends a text; `taken` is called once the engine has it.
    pub(crate) fn send(self, host: Host, from: From, text: String, taken: impl Fn() + 'static) {
        let now = time::now();
        let asked_already = |waiting: &Waiting| waiting.text == text && now.saturating_sub(waiting.since) < ANSWER_MS;
        if self.waiting.with_value(|waiting| waiting.as_ref().is_some_and(asked_already)) {
            return;
        }
        self.forgive(host);
        self.waiting.set_value(Some(Waiting { from, text: text.clone(), since: now, taken: Rc::new(taken) }));
        host.send(Command::Push { text, html: None });
    }

    /// Why the newest text from there was not taken, followed.
    pub(crate) fn refused(self, from: From) -> Option<Problem> {
        self.refused.with(|refused| refused.as_ref().filter(|(of, _)| *of == from).map(|(_, problem)| problem.clone()))
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

    /// Forgets what was typed and asked.
    pub(crate) fn clear(self) {
        self.draft.set(String::new());
        self.waiting.set_value(None);
        self.refused.set(None);
    }

    /// Hears what becomes of what was sent.
    pub(crate) fn follow(self, notice: Signal<Option<Notice>>) {
        ImmediateEffect::new_scoped(move || {
            let notice = notice.get();
            untrack(|| match notice {
                Some(Notice::Taken) => self.taken(),
                Some(Notice::Failed { problem }) => self.failed(problem),
                _ => {}
            });
        });
    }

    fn taken(self) {
        if let Some(waiting) = self.waiting.try_update_value(Option::take).flatten() {
            self.refused.set(None);
            (waiting.taken)();
        }
    }

    fn failed(self, problem: Problem) {
        let Some(from) = self.waiting.with_value(|waiting| waiting.as_ref().map(|waiting| waiting.from)) else {
            return;
        };
        if !concerns_all(&problem) {
            self.waiting.set_value(None);
        }
        self.refused.set(Some((from, problem)));
    }
}

/// Whether the client itself stands still, and not only one text.
fn concerns_all(problem: &Problem) -> bool {
    problem.code.starts_with(STORES_LATER)
}
