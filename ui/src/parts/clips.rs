//! The list of clips, newest first, or what to do while there are none.

use leptos::prelude::*;

use crate::focus::walk;
use crate::host::host;
use crate::parts::clip::Clip;
use crate::text;

/// All clips.
#[component]
pub(crate) fn Clips(
    /// This device is the only one, so that the hint for an empty list stands elsewhere.
    alone: Memo<bool>,
) -> impl IntoView {
    let host = host();
    let ids = host.follow(|view| view.clips.iter().map(|clip| clip.id.clone()).collect::<Vec<_>>());
    let empty = Memo::new(move |_| ids.with(Vec::is_empty));
    view! {
        <Show when=move || empty.get() && !alone.get()>
            <div class="empty" data-testid="empty">
                <h2>{text::empty()}</h2>
                <p>{text::empty_hint()}</p>
            </div>
        </Show>
        <ul class="clips" aria-label=text::clips() hidden=move || empty.get() on:keydown=move |event| walk(&event)>
            <For each=move || ids.get() key=Clone::clone let(id)>
                <Clip id />
            </For>
        </ul>
    }
}
