//! Passing news: short messages that come and go, some with a button, and words for screen readers only.

use std::rc::Rc;
use std::time::Duration;

use hushclip_model::{Notice, Problem};
use leptos::prelude::*;

use crate::host::Host;
use crate::text;

const SHOWN: Duration = Duration::from_secs(4);

#[derive(Clone)]
struct Toast {
    id: u32,
    message: String,
    /// What the button says, if there is one.
    label: Option<&'static str>,
}

type Offers = Vec<(u32, Rc<dyn Fn()>)>;

/// Where passing news goes.
#[derive(Clone, Copy)]
pub(crate) struct News {
    toasts: RwSignal<Vec<Toast>>,
    /// What messages offer to do. It outlives whatever part of the screen made the offer.
    offers: StoredValue<Offers, LocalStorage>,
    next: StoredValue<u32>,
    spoken: RwSignal<String>,
}

impl News {
    pub(crate) fn new() -> Self {
        Self {
            toasts: RwSignal::new(Vec::new()),
            offers: StoredValue::new_local(Vec::new()),
            next: StoredValue::new(0),
            spoken: RwSignal::new(String::new()),
        }
    }

    /// Shows a message for a few seconds; screen readers say it too.
    pub(crate) fn show(self, message: impl Into<String>) {
        self.push(message.into(), None, SHOWN);
    }

    /// Shows a message with a button, for as long as what it offers can be done.
    pub(crate) fn offer(
        self,
        message: impl Into<String>,
        label: &'static str,
        within: Duration,
        act: impl Fn() + 'static,
    ) {
        let id = self.push(message.into(), Some(label), within);
        self.offers.update_value(|offers| offers.push((id, Rc::new(act))));
    }

    /// Does what the newest message offers, if one does.
    pub(crate) fn take_newest(self) -> bool {
        let newest = self.offers.with_value(|offers| offers.last().map(|(id, _)| *id));
        newest.is_some_and(|id| {
            self.take(id);
            true
        })
    }

    fn take(self, id: u32) {
        let find = |offers: &Offers| offers.iter().find(|(of, _)| *of == id).map(|(_, act)| Rc::clone(act));
        let act = self.offers.with_value(find);
        self.end(id);
        if let Some(act) = act {
            act();
        }
    }

    fn push(self, message: String, label: Option<&'static str>, shown: Duration) -> u32 {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        self.toasts.update(|toasts| toasts.push(Toast { id, message, label }));
        set_timeout(move || self.end(id), shown);
        id
    }

    fn end(self, id: u32) {
        self.toasts.try_update(|toasts| toasts.retain(|toast| toast.id != id));
        self.offers.try_update_value(|offers| offers.retain(|(of, _)| *of != id));
    }

    /// Says something to screen readers, also when it is what was said last.
    pub(crate) fn say(self, message: impl Into<String>) {
        let mut message = message.into();
        self.spoken.update(|spoken| {
            if *spoken == message {
                message.push('\u{a0}');
            }
            *spoken = message;
        });
    }

    /// Forgets what was shown and said.
    pub(crate) fn clear(self) {
        self.toasts.set(Vec::new());
        self.offers.set_value(Vec::new());
        self.spoken.set(String::new());
    }

    /// Turns the engine's notices into words, each of them, in order.
    pub(crate) fn follow(self, notice: Signal<Option<Notice>>, host: Host) {
        ImmediateEffect::new_scoped(move || {
            let notice = notice.get();
            untrack(|| match notice {
                Some(Notice::DeviceAdded { name, .. }) => self.show(text::is_in(text::isolate(&name))),
                Some(Notice::DeviceRemoved { name, .. }) => self.show(text::is_removed(text::isolate(&name))),
                Some(Notice::Joined) => self.show(text::joined()),
                Some(Notice::Received { clip }) => self.say(text::received(text::isolate(&clip.from))),
                Some(Notice::Failed { problem }) => self.tell(problem, host),
                _ => {}
            });
        });
    }

    /// Usually the view tells a problem too, and then the banner is enough.
    pub(crate) fn tell(self, problem: Problem, host: Host) {
        // The screen of a locked device says it.
        if problem == Problem::Locked {
            return;
        }
        let told = move || {
            if host.peek(|view| view.problem.as_ref() != Some(&problem)) {
                self.show(text::problem(&problem));
            }
        };
        set_timeout(told, Duration::from_millis(50));
    }
}

/// The messages that are shown now, and the words for screen readers.
#[component]
pub(crate) fn Toasts(
    /// Where they come from.
    news: News,
) -> impl IntoView {
    let toast = move |Toast { id, message, label }: Toast| {
        let button = label.map(|label| {
            view! {
                <button class="plain" type="button" data-testid="toast-action" on:click=move |_| news.take(id)>
                    {label}
                </button>
            }
        });
        view! {
            <div class="toast" data-testid="toast">
                <p>{message}</p>
                {button}
            </div>
        }
    };
    view! {
        <div class="toasts" role="status">
            <For each=move || news.toasts.get() key=|toast| toast.id children=toast />
        </div>
        <div class="unseen" role="status">{move || news.spoken.get()}</div>
    }
}
