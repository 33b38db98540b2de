//! The list of clips, newest first, or what to do while there are none.

use hushclip_model::Query;
use hushclip_model::view::Filter;
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IntersectionObserver, IntersectionObserverEntry};

use super::clip::Clip;
use crate::focus::{focus_soon, walk};
use crate::host::{Host, host};
use crate::library::Library;
use crate::{search, text};

/// The clips that are asked for.
#[component]
pub(crate) fn Clips(
    /// This device is the only one, so that the hint for an empty list stands elsewhere.
    alone: Memo<bool>,
) -> impl IntoView {
    let host = host();
    let library = host.library;
    let empty = Memo::new(move |_| library.ids().is_empty());
    let narrowed = library.asks(Library::is_narrowed);
    let words = library.asks(|query| search::words(&query.text));
    let clear = move |_| {
        library.widen();
        focus_soon("#search");
    };
    let nothing = library.asks(nothing);
    view! {
        <div role="status">
            <Show when=move || empty.get() && narrowed.get()>
                <div class="empty" data-testid="nothing-found">
                    <h2>{move || nothing.get().0}</h2>
                    <p>{move || nothing.get().1}</p>
                    <button class="secondary" type="button" data-testid="widen" on:click=clear>{text::widen()}</button>
                </div>
            </Show>
        </div>
        <Show when=move || empty.get() && !narrowed.get() && !alone.get()>
            <div class="empty" data-testid="empty">
                <h2>{text::empty()}</h2>
                <p>{if host.platform().extension { text::empty_hint_extension() } else { text::empty_hint() }}</p>
            </div>
        </Show>
        <ul class="clips" aria-label=text::clips() hidden=move || empty.get() on:keydown=move |event| walk(&event)>
            <For each=move || library.ids() key=Clone::clone let(id)>
                <Clip id words />
            </For>
        </ul>
        {end(host)}
    }
}

/// That no clip fits, and what would.
fn nothing(query: &Query) -> (&'static str, &'static str) {
    if !query.text.trim().is_empty() {
        return (text::nothing_found(), text::nothing_found_hint());
    }
    match (query.pinned, query.kind, query.device.is_none()) {
        (true, Filter::All, true) => (text::none_pinned(), text::none_pinned_hint()),
        (false, Filter::Text, true) => (text::none_text(), text::none_text_hint()),
        (false, Filter::Link, true) => (text::none_link(), text::none_link_hint()),
        (false, Filter::Formatted, true) => (text::none_formatted(), text::none_formatted_hint()),
        (false, Filter::Secret, true) => (text::none_secret(), text::none_secret_hint()),
        (false, Filter::All, false) => (text::none_of_device(), text::none_of_device_hint()),
        _ => (text::none_fits(), text::none_fits_hint()),
    }
}

/// The end of the list: when it comes near, more clips are asked for.
fn end(host: Host) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    let watch = StoredValue::new_local(None::<Watch>);
    Effect::new(move |_| {
        let Some(place) = place.get() else { return };
        watch.set_value(Watch::new(&place, move || host.library.more(host.peek(|view| view.found))));
    });
    // What comes after it may be in sight already.
    let here = Memo::new(move |_| host.library.ids().len());
    Effect::new(move |_| {
        here.track();
        if let (Some(place), true) = (place.get_untracked(), watch.with_value(Option::is_some)) {
            watch.with_value(|watch| watch.iter().for_each(|watch| watch.again(&place)));
        }
    });
    on_cleanup(move || watch.set_value(None));
    let class = "end";
    view! { <div class=class node_ref=place></div> }
}

struct Watch {
    observer: IntersectionObserver,
    _seen: Closure<dyn FnMut(JsValue)>,
}

impl Watch {
    fn new(place: &web_sys::Element, near: impl Fn() + 'static) -> Option<Self> {
        let seen = Closure::<dyn FnMut(JsValue)>::new(move |entries: JsValue| {
            let is_near = |entry: JsValue| {
                entry.dyn_into::<IntersectionObserverEntry>().is_ok_and(|entry| entry.is_intersecting())
            };
            if js_sys::Array::from(&entries).iter().any(is_near) {
                near();
            }
        });
        let observer = IntersectionObserver::new(seen.as_ref().unchecked_ref()).ok()?;
        observer.observe(place);
        Some(Self { observer, _seen: seen })
    }

    /// Tells anew whether it is in sight.
    fn again(&self, place: &web_sys::Element) {
        self.observer.unobserve(place);
        self.observer.observe(place);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
