//! What other apps share to this one: sent as soon as that can be, or waiting, and then it says what for.

use hushclip_engine::view::Stage;
use hushclip_engine::{Command, LockState};
use leptos::prelude::*;

use crate::host::{Host, host};
use crate::page::{Page, Shared};
use crate::parts::icon::{Icon, Shape};
use crate::{entry, text};

/// The bar for it, on every screen.
#[component]
pub(crate) fn SharedIn() -> impl IntoView {
    let host = host();
    let page = host.page()?;
    let stage = host.follow(|view| view.stage);
    let lock = host.follow_lock(|lock| lock.state);
    let waits = Memo::new(move |_| {
        let shared = page.shared.get()?;
        Some(match (lock.get(), stage.get()) {
            (LockState::Locked, _) => Waits::Locked,
            (_, Stage::Member) if shared.asks => Waits::Asked(shared.text),
            (_, Stage::Member) => Waits::Nothing,
            _ => Waits::Outside,
        })
    });
    Effect::new(move |_| {
        if waits.get() == Some(Waits::Nothing) {
            send(host, page);
        }
    });
    let bar = move || waits.get().filter(|waits| *waits != Waits::Nothing).map(|waits| bar(host, page, waits));
    Some(view! { <div role="status">{bar}</div> })
}

/// What a shared text waits for.
#[derive(Clone, PartialEq, Eq)]
enum Waits {
    Nothing,
    Locked,
    /// There is no account yet.
    Outside,
    /// The person's word.
    Asked(String),
}

fn bar(host: Host, page: Page, waits: Waits) -> impl IntoView {
    let (words, shown) = match waits {
        Waits::Nothing => return None,
        Waits::Locked => (text::shared_locked(), None),
        Waits::Outside => (text::shared_outside(), None),
        Waits::Asked(text) => (text::shared_question(), Some(entry::preview(&text))),
    };
    let asks = shown.is_some();
    Some(view! {
        <div class="alert notch" data-testid="shared">
            <Icon shape=Shape::Joined />
            <div class="words">
                <p>{words}</p>
                {shown.map(|shown| view! { <p class="clip-text quoted" dir="auto">{shown}</p> })}
                <div class="row start">
                    {asks
                        .then(|| {
                            view! {
                                <button
                                    class="primary small"
                                    type="button"
                                    data-testid="shared-send"
                                    on:click=move |_| send(host, page)
                                >
                                    {text::send()}
                                </button>
                            }
                        })}
                    <button
                        class="plain small"
                        type="button"
                        data-testid="shared-discard"
                        on:click=move |_| page.shared.set(None)
                    >
                        {text::shared_discard()}
                    </button>
                </div>
            </div>
        </div>
    })
}

fn send(host: Host, page: Page) {
    if let Some(Shared { text, .. }) = page.shared.try_update(Option::take).flatten() {
        host.send(Command::Push { text, html: None });
        host.news.show(text::shared_sent());
    }
}
