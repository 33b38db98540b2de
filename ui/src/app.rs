//! The root: gives all screens their context and shows the one that fits the stage.

use hushclip_model::view::Stage;
use hushclip_model::{Answered, Asked, LockState, LockView, Notice, Query, View};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::focus::focus_soon;
use crate::host::{Face, Host, Lines, LoadScanner, Platform, Wakes};
use crate::news::Toasts;
use crate::page::Page as OwnPage;
use crate::parts::browser::follow_wishes;
use crate::parts::kit::Skeleton;
use crate::parts::notices::{Problem, Update};
use crate::parts::sending::SharedIn;
use crate::place::Place;
use crate::screens::{Devices, Failure, Joining, Locked, Member, OpenedLink, Settings, Welcome};
use crate::theme;
use crate::{language, text};

/// Everything a person sees.
#[component]
pub fn App(
    /// The picture; none until the host has its first.
    #[prop(into)]
    view: Signal<Option<View>>,
    /// What became of commands, one after the other.
    #[prop(into)]
    answer: Signal<Option<Answered>>,
    /// Passing news, one after the other.
    #[prop(into)]
    notice: Signal<Option<Notice>>,
    /// Why the host could not start, if so.
    #[prop(into, optional)]
    failure: Signal<Option<hushclip_model::Problem>>,
    /// How the lock stands; once it is locked, there must be no picture any more.
    #[prop(into, optional)]
    lock: Signal<Option<LockView>>,
    /// Where goes what is asked.
    send: UnsyncCallback<Asked>,
    /// Where it goes which clips to show; without it, the list cannot be searched.
    #[prop(optional)]
    query: Option<UnsyncCallback<Query>>,
    /// What the surroundings offer.
    platform: Platform,
    /// Loads the decoder of QR codes; without it, no camera is offered.
    #[prop(optional)]
    scan: Option<LoadScanner>,
    /// Being woken while the app is closed; without it, that is not offered.
    #[prop(optional_no_strip)]
    wake: Option<Wakes>,
    /// What a page of its own has to do with, if this is one.
    #[prop(optional_no_strip)]
    page: Option<OwnPage>,
    /// What is typed to be sent; whoever gives it keeps it while nobody looks.
    #[prop(optional)]
    draft: Option<RwSignal<String>>,
) -> impl IntoView {
    let face = platform.face;
    let lines = Lines { view, lock, send, query, scan, wake, page };
    let host = Host::new(&lines, platform, draft.unwrap_or_default());
    provide_context(host);
    host.news.follow(notice, host);
    host.outgoing().follow(notice);
    ImmediateEffect::new_scoped(move || {
        let answer = answer.get();
        untrack(|| answer.map(|answered| host.answered(answered)));
    });
    follow_wishes(host);
    theme::follow(view);
    let screen = Memo::new(move |_| screen(view, lock, failure, host));
    Effect::new(move |before: Option<Screen>| {
        let screen = screen.get();
        if before.is_some_and(|before| before != Screen::Loading && before != screen && screen != Screen::Locked) {
            focus_soon("h1");
        }
        if screen == Screen::Locked {
            host.news.clear();
            host.outgoing().give_up();
            host.library.widen();
            host.opened().set(None);
        }
        if matches!(screen, Screen::Member(_)) {
            // A link works once; the next one is typed anew.
            host.entering().link.set(String::new());
        }
        if matches!(screen, Screen::Welcome | Screen::Opened | Screen::Joining) {
            host.places.back();
            // Not because a background that could not start has no account to show.
            if host.peek(|view| view.problem.is_none() || view.stage == Stage::Removed) {
                host.outgoing().draft.set(String::new());
            }
        }
        screen
    });
    view! {
        <div
            class="app"
            class:popup=face == Face::Popup
            class:member=move || matches!(screen.get(), Screen::Member(_))
            data-testid="app"
        >
            <Update />
            <SharedIn />
            {move || match screen.get() {
                Screen::Loading => view! { <Skeleton /> }.into_any(),
                Screen::Failed => view! { <Failure message=failure.get().as_ref().map(text::problem).unwrap_or_default() /> }.into_any(),
                Screen::Locked => view! { <main class="page"><Locked /></main> }.into_any(),
                Screen::Welcome => view! { <Page><Welcome /></Page> }.into_any(),
                Screen::Opened => view! { <Page><OpenedLink /></Page> }.into_any(),
                Screen::Joining => view! { <Page><Joining /></Page> }.into_any(),
                Screen::Member(Place::Clips) => view! { <Member /> }.into_any(),
                Screen::Member(Place::Devices) => view! { <Devices /> }.into_any(),
                Screen::Member(Place::Settings) => view! { <Settings /> }.into_any(),
            }}
            <Toasts news=host.news />
        </div>
    }
}

/// Shows the app in the page's `#app` element, in place of what stands there while it loads.
pub fn mount<N: IntoView + 'static>(app: impl FnOnce() -> N + 'static) {
    language::choose();
    match document().get_element_by_id("app").and_then(|place| place.dyn_into().ok()) {
        Some(place) => {
            let place: web_sys::HtmlElement = place;
            place.set_text_content(None);
            mount_to(place, app).forget();
        }
        None => mount_to_body(app),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Screen {
    Loading,
    Failed,
    Locked,
    Welcome,
    Opened,
    Joining,
    Member(Place),
}

fn screen(
    view: Signal<Option<View>>,
    lock: Signal<Option<LockView>>,
    failure: Signal<Option<hushclip_model::Problem>>,
    host: Host,
) -> Screen {
    if failure.with(Option::is_some) {
        return Screen::Failed;
    }
    if lock.with(|lock| lock.as_ref().is_some_and(|lock| lock.state == LockState::Locked)) {
        return Screen::Locked;
    }
    match view.with(|view| view.as_ref().map(|view| view.stage)) {
        None => Screen::Loading,
        Some(Stage::New | Stage::Removed) if host.opened_link.with(Option::is_some) => Screen::Opened,
        Some(Stage::New | Stage::Removed) => Screen::Welcome,
        Some(Stage::Joining) => Screen::Joining,
        Some(Stage::Member) => Screen::Member(host.places.get()),
    }
}

/// The frame of the screens before there is an account.
#[component]
fn Page(children: Children) -> impl IntoView {
    view! {
        <main class="page">
            <Problem />
            {children()}
        </main>
    }
}
