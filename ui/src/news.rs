//! Passing news: short messages that come and go, and words for screen readers only.

use std::time::Duration;

use hushclip_engine::Notice;
use leptos::prelude::*;

use crate::host::Host;
use crate::text;

const SHOWN: Duration = Duration::from_secs(4);

/// Where passing news goes.
#[derive(Clone, Copy)]
pub(crate) struct News {
    toasts: RwSignal<Vec<(u32, String)>>,
    next: StoredValue<u32>,
    spoken: RwSignal<String>,
}

impl News {
    pub(crate) fn new() -> Self {
        Self { toasts: RwSignal::new(Vec::new()), next: StoredValue::new(0), spoken: RwSignal::new(String::new()) }
    }

    /// Shows a message for a few seconds; screen readers say it too.
    pub(crate) fn show(self, message: impl Into<String>) {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        self.toasts.update(|toasts| toasts.push((id, message.into())));
        set_timeout(
            move || {
                self.toasts.try_update(|toasts| toasts.retain(|(other, _)| *other != id));
            },
            SHOWN,
        );
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
        self.spoken.set(String::new());
    }

    /// Turns the engine's notices into words, each of them, in order.
    pub(crate) fn follow(self, notice: Signal<Option<Notice>>, host: Host) {
        ImmediateEffect::new_scoped(move || {
            let notice = notice.get();
            untrack(|| match notice {
                Some(Notice::DeviceAdded { name, .. }) => self.show(text::is_in(&name)),
                Some(Notice::DeviceRemoved { name, .. }) => self.show(text::is_removed(&name)),
                Some(Notice::Joined) => self.show(text::joined()),
                Some(Notice::Received { clip }) => self.say(text::received(&clip.from)),
                Some(Notice::Failed { problem }) => {
                    // Usually the view tells it too, and then the banner is enough.
                    let told = move || {
                        if host.peek(|view| view.problem.as_ref() != Some(&problem)) {
                            self.show(problem.message.clone());
                        }
                    };
                    set_timeout(told, Duration::from_millis(50));
                }
                _ => {}
            });
        });
    }
}

/// The messages that are shown now, and the words for screen readers.
#[component]
pub(crate) fn Toasts(
    /// Where they come from.
    news: News,
) -> impl IntoView {
    view! {
        <div class="toasts" role="status">
            <For each=move || news.toasts.get() key=|(id, _)| *id let((_, message))>
                <p class="toast">{message}</p>
            </For>
        </div>
        <div class="unseen" role="status">{move || news.spoken.get()}</div>
    }
}
