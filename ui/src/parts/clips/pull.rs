//! Looking for new clips at a person's wish: by pulling the list down, or with a button. Clips come by
//! themselves; this is for those who want to be sure of it.

use std::time::Duration;

use hushclip_model::view::Connection;
use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, TouchEvent};

use crate::host::{Host, host};
use crate::page::{Page, PageAsk};
use crate::parts::kit::{Icon, Shape};
use crate::text;

/// How far the sign has to come down, CSS pixels.
const ENOUGH: f64 = 64.0;
/// How far it comes down at most.
const FURTHEST: f64 = 92.0;
/// A finger goes further than the sign.
const GEAR: f64 = 0.45;
/// Long enough to be seen.
const SHORTEST: Duration = Duration::from_millis(500);
/// A relay that takes longer does not answer.
const LONGEST: Duration = Duration::from_secs(8);

/// The button beside the state of the line, and the sign that follows a finger.
#[component]
pub(crate) fn Refresh() -> impl IntoView {
    let host = host();
    let page = host.page()?;
    let looking = RwSignal::new(false);
    let pulled = RwSignal::new(0.0_f64);
    let look = move || look(host, page, looking);
    follow_finger(pulled, look);
    let place = move || {
        let down = if looking.get() { ENOUGH } else { pulled.get() };
        format!("translate(-50%, {down:.0}px) rotate({:.0}deg)", pulled.get() * 3.0)
    };
    let enough = move || pulled.get() >= ENOUGH;
    let shown = move || looking.get() || pulled.get() > 0.0;
    Some(view! {
        <button
            class="bare refresh"
            type="button"
            data-testid="refresh"
            class:turning=move || looking.get()
            aria-label=text::refresh()
            title=text::refresh()
            on:click=move |_| look()
        >
            <Icon shape=Shape::Restored />
        </button>
        <div
            class="pull"
            class:turning=move || looking.get()
            class:enough=enough
            style:transform=place
            hidden=move || !shown()
            aria-hidden="true"
        >
            <Icon shape=Shape::Restored />
        </div>
    })
}

fn look(host: Host, page: Page, looking: RwSignal<bool>) {
    if looking.get_untracked() {
        return;
    }
    looking.set(true);
    host.news.say(text::refreshing());
    page.ask.run(PageAsk::Refresh);
    set_timeout(move || wait(host, looking, SHORTEST), SHORTEST);
}

/// Looks again and again whether the line is up.
fn wait(host: Host, looking: RwSignal<bool>, waited: Duration) {
    let is_up = host.peek(|view| view.connection == Connection::Online);
    if !is_up && waited < LONGEST {
        set_timeout(move || wait(host, looking, waited + SHORTEST), SHORTEST);
        return;
    }
    // The person may have gone to another page meanwhile.
    if looking.try_set(false).is_none() {
        host.news.show(if is_up { text::refreshed() } else { text::refresh_failed() });
    }
}

/// A pull begins at the top of the page, with one finger.
fn follow_finger(pulled: RwSignal<f64>, look: impl Fn() + Copy + 'static) {
    let start = StoredValue::new(None::<f64>);
    let down = window_event_listener(ev::touchstart, move |event| {
        start.set_value(height(&event).filter(|_| is_at_top() && !is_elsewhere(&event)));
    });
    let moved = window_event_listener(ev::touchmove, move |event| {
        let Some(from) = start.get_value() else { return };
        let way = height(&event).filter(|_| is_at_top()).map_or(0.0, |at| (at - from) * GEAR);
        let way = way.clamp(0.0, FURTHEST);
        if way > 0.0 || pulled.get_untracked() > 0.0 {
            pulled.set(way);
        }
    });
    let let_go = move |wants: bool| {
        start.set_value(None);
        let way = pulled.get_untracked();
        if way > 0.0 {
            pulled.set(0.0);
        }
        if wants && way >= ENOUGH {
            look();
        }
    };
    let up = window_event_listener(ev::touchend, move |_| let_go(true));
    let lost = window_event_listener(ev::touchcancel, move |_| let_go(false));
    on_cleanup(move || [down, moved, up, lost].into_iter().for_each(WindowListenerHandle::remove));
}

/// Where the finger is, if it is one.
fn height(event: &TouchEvent) -> Option<f64> {
    let touches = event.touches();
    (touches.length() == 1).then(|| touches.get(0).map(|touch| f64::from(touch.client_y()))).flatten()
}

fn is_at_top() -> bool {
    window().scroll_y().is_ok_and(|y| y <= 0.0)
}

/// In a dialogue, or where text is written, a finger means something else.
fn is_elsewhere(event: &TouchEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.closest("dialog, textarea, video").ok().flatten().is_some())
}
