//! The list of clips, newest first, or what to do while there are none.

use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IntersectionObserver, IntersectionObserverEntry};

use crate::focus::{focus_soon, walk};
use crate::host::{Host, host};
use crate::library::Library;
use crate::parts::clip::Clip;
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
    view! {
        <Show when=move || empty.get() && narrowed.get()>
            <div class="empty" data-testid="nothing-found">
                <h2>{text::nothing_found()}</h2>
                <p>{text::nothing_found_hint()}</p>
                <button class="secondary" type="button" data-testid="widen" on:click=clear>{text::widen()}</button>
            </div>
        </Show>
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
