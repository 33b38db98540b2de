//! Installing the app, and whether the browser keeps what it has stored. Where a browser deletes what is
//! not installed, that is said before a pairing could be taken for permanent.

use leptos::prelude::*;

use crate::host::host;
use crate::page::{Install as Way, Kept, Page, PageAsk};
use crate::text;

/// Among the clips: offers to install, until the person does not want to hear of it.
#[component]
pub(crate) fn InstallCard() -> impl IntoView {
    let host = host();
    let page = host.page()?;
    // A first device has something else to do first, and so has one that is asked whose account this is.
    let busy = host.follow(|view| view.new_here);
    let alone = host.follow(|view| view.devices.len() <= 1);
    // What comes later stays away: it would move what a finger is about to touch.
    let at_first = page.install.get_untracked();
    let lasts = Memo::new(move |before: Option<&bool>| before != Some(&false) && page.install.get() == at_first);
    let shown = Memo::new(move |_| {
        let offered = !matches!(at_first, Way::None | Way::Done) && (is_deleted(at_first) || !alone.get());
        (offered && !busy.get() && lasts.get() && !page.install_later.get()).then_some(at_first)
    });
    Some(move || shown.get().map(|way| view! { <Offer page way /> }))
}

#[component]
fn Offer(page: Page, way: Way) -> impl IntoView {
    let by_hand = matches!(way, Way::HomeScreen | Way::Dock | Way::Menu);
    view! {
        <section class="card" class:note=is_deleted(way) data-testid="install">
            <h2>{title(way)}</h2>
            <p class="hint">{if is_deleted(way) { text::install_not_permanent() } else { text::install_hint() }}</p>
            {by_hand.then(|| view! { <p>{steps(way)}</p> })}
            <div class="row start">
                {(way == Way::Offered).then(|| view! { <Button page /> })}
                <button
                    class="plain"
                    type="button"
                    data-testid="install-later"
                    on:click=move |_| page.ask.run(PageAsk::InstallLater)
                >
                    {text::install_later()}
                </button>
            </div>
        </section>
    }
}

#[component]
fn Button(page: Page) -> impl IntoView {
    view! {
        <button
            class="primary"
            type="button"
            data-testid="install-button"
            on:click=move |_| page.ask.run(PageAsk::Install)
        >
            {text::install_button()}
        </button>
    }
}

/// Before there is an account: an app that is installed keeps its own data, so it comes first.
#[component]
pub(crate) fn InstallFirst() -> impl IntoView {
    let page = host().page()?;
    let card = move || {
        let way = page.install.get();
        is_deleted(way).then(|| {
            view! {
                <section class="card note" data-testid="install-first">
                    <h2>{text::install_first()}</h2>
                    <p class="hint">{text::install_first_hint()}</p>
                    <p>{steps(way)}</p>
                </section>
            }
        })
    };
    Some(card)
}

/// The part of the settings that is about the app on this device.
#[component]
pub(crate) fn OnThisDevice() -> impl IntoView {
    let page = host().page()?;
    let installed = move || match page.install.get() {
        Way::Done => text::is_installed(),
        Way::None | Way::Offered | Way::HomeScreen | Way::Dock | Way::Menu => text::is_not_installed(),
    };
    let way = move || match page.install.get() {
        Way::Offered => Some(view! { <Button page /> }.into_any()),
        way @ (Way::HomeScreen | Way::Dock | Way::Menu) => Some(view! { <p class="hint">{steps(way)}</p> }.into_any()),
        Way::None | Way::Done => None,
    };
    let kept = move || match page.kept.get() {
        Kept::Unknown => "",
        Kept::Yes => text::kept(),
        Kept::No => text::kept_not(),
        Kept::Refused => text::kept_refused(),
    };
    let state = move || match page.kept.get() {
        Kept::Unknown => "unknown",
        Kept::Yes => "yes",
        Kept::No => "no",
        Kept::Refused => "refused",
    };
    let may_ask = move || matches!(page.kept.get(), Kept::No | Kept::Refused);
    Some(view! {
        <section class="card" data-testid="on-this-device" data-kept=state>
            <h2>{text::on_this_device()}</h2>
            <p class="hint">{installed}</p>
            {way}
            <p class="hint" role="status">{kept}</p>
            <Show when=may_ask>
                <button
                    class="secondary wide"
                    type="button"
                    data-testid="keep"
                    on:click=move |_| page.ask.run(PageAsk::Keep)
                >
                    {text::keep_button()}
                </button>
            </Show>
        </section>
    })
}

/// Whether the browser deletes what a page has stored that is not installed.
fn is_deleted(way: Way) -> bool {
    matches!(way, Way::HomeScreen | Way::Dock)
}

fn title(way: Way) -> &'static str {
    match way {
        Way::HomeScreen | Way::Menu => text::install_on_phone(),
        Way::None | Way::Offered | Way::Dock | Way::Done => text::install_here(),
    }
}

fn steps(way: Way) -> &'static str {
    match way {
        Way::HomeScreen => text::install_home_screen(),
        Way::Dock => text::install_dock(),
        Way::Menu => text::install_menu(),
        Way::None | Way::Offered | Way::Done => "",
    }
}
