//! What other apps share to this one. Any web page can do that too, so the person sees all of it before it is sent.

use hushclip_model::LockState;
use hushclip_model::view::Stage;
use leptos::prelude::*;

use crate::focus::focus_soon;
use crate::host::{Host, host};
use crate::outgoing::Source;
use crate::page::{Page, Shared};
use crate::parts::kit::{Icon, Shape};
use crate::text;

/// The bar for it, on every screen.
#[component]
pub(crate) fn SharedIn() -> impl IntoView {
    let host = host();
    let page = host.page()?;
    let stage = host.follow(|view| view.stage);
    let lock = host.follow_lock(|lock| lock.state);
    let waits = Memo::new(move |_| {
        let first = page.shared.with(|shared| shared.first().cloned())?;
        Some(match (lock.get(), stage.get()) {
            (LockState::Locked, _) => Waits::Locked,
            (_, Stage::Member) => Waits::Asked(first),
            _ => Waits::Outside,
        })
    });
    // Only the question is announced: the text may be long.
    let question = move || waits.with(|waits| waits.as_ref().map(words));
    let bar = move || waits.get().map(|waits| bar(host, page, waits));
    Some(view! {
        <div class="unseen" role="status">{question}</div>
        {bar}
    })
}

/// What the first of the shared texts waits for.
#[derive(Clone, PartialEq)]
enum Waits {
    Locked,
    /// There is no account yet.
    Outside,
    /// The person's word.
    Asked(Shared),
}

fn words(waits: &Waits) -> &'static str {
    match waits {
        Waits::Locked => text::shared_locked(),
        Waits::Outside => text::shared_outside(),
        Waits::Asked(_) => text::shared_question(),
    }
}

fn bar(host: Host, page: Page, waits: Waits) -> impl IntoView {
    let words = words(&waits);
    let asked = if let Waits::Asked(shared) = waits { Some(shared) } else { None };
    let name = asked.as_ref().map(|shared| shared.name.clone());
    let content = StoredValue::new(asked.as_ref().map(|shared| shared.text.clone()).unwrap_or_default());
    let waits = move || content.with_value(|content| host.outgoing().waits(Source::Shared, content));
    let stalls = Memo::new(move |_| content.with_value(|content| host.outgoing().stalls(Source::Shared, content)));
    let send = asked.clone().map(|shared| {
        view! {
            <button
                class="primary small"
                type="button"
                data-testid="shared-send"
                on:click=move |_| send(host, page, shared.clone())
            >
                {text::send()}
            </button>
        }
    });
    let shown = asked.map(|shared| {
        view! {
            <div
                class="whole-text"
                dir="auto"
                tabindex=0
                role="group"
                aria-labelledby="shared-question"
                data-testid="shared-text"
            >
                {shared.text}
            </div>
        }
    });
    let refused = move || host.outgoing().refused(Source::Shared).map(|problem| text::problem(&problem));
    view! {
        <section class="alert notch" aria-labelledby="shared-question" data-testid="shared">
            <Icon shape=Shape::Joined />
            <div class="words">
                <p id="shared-question">{words}</p>
                {shown}
                <p class="wrong" role="alert" data-testid="shared-problem">
                    {refused} {move || stalls.get().then(|| format!(" {}", text::goes_later()))}
                </p>
                <div class="row start">
                    {send}
                    <button
                        class="plain small"
                        type="button"
                        data-testid="shared-discard"
                        disabled=waits
                        on:click=move |_| {
                            host.outgoing().forgive(host);
                            drop_answered(page, name.as_deref());
                        }
                    >
                        {move || if stalls.get() { text::on_its_way() } else { text::shared_discard() }}
                    </button>
                </div>
            </div>
        </section>
    }
}

fn send(host: Host, page: Page, Shared { name, text, .. }: Shared) {
    host.outgoing().send(host, Source::Shared, text, move || {
        drop_answered(page, Some(&name));
        host.news.show(text::shared_sent());
    });
}

/// Drops what was answered; without a name, what cannot be asked about yet. It need not be the first any more.
fn drop_answered(page: Page, name: Option<&str>) {
    page.shared.update(|shared| {
        let at = name.map_or(Some(0), |name| shared.iter().position(|one| one.name == name));
        if let Some(at) = at.filter(|at| *at < shared.len()) {
            shared.remove(at);
        }
    });
    // The button that was pressed is gone.
    focus_soon("[data-testid=shared-send], h1");
}
