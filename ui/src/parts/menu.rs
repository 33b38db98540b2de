//! What else can be done with a clip: a row of buttons that opens within its card.

use hushclip_engine::view::ClipView;
use leptos::ev::KeyboardEvent;
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::focus;
use crate::host::host;
use crate::parts::actions::{self, Copies};
use crate::parts::icon::{Icon, Shape};
use crate::parts::share;
use crate::text;

/// The buttons; the first one has the keyboard.
#[component]
pub(crate) fn Menu(
    /// The clip.
    clip: RwSignal<ClipView>,
    /// Where it counts that it was copied.
    copies: Copies,
    /// Whether its text is not to be seen.
    masked: Memo<bool>,
    /// Whether this is open.
    more: RwSignal<bool>,
) -> impl IntoView {
    let host = host();
    let id = StoredValue::new(clip.with_untracked(|clip| clip.id.clone()));
    let formatted = clip.with_untracked(|clip| clip.kind == "html");
    let pinned = Memo::new(move |_| clip.with(|clip| clip.pinned));
    let menu = NodeRef::<Div>::new();
    Effect::new(move |_| {
        let first = menu.get().and_then(|menu| menu.query_selector("button").ok().flatten());
        if let Some(first) = first {
            focus::focus(&first);
        }
    });
    let close = move || {
        more.set(false);
    };
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            // Left to itself, it would close the popup too.
            event.prevent_default();
            event.stop_propagation();
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            focus::to_copy_of(target.as_ref());
            close();
        }
    };
    let plain = move |_| {
        actions::copy(host, id.get_value(), true, copies);
        close();
    };
    let share = move |_| {
        let here = || clip.with_untracked(|clip| clip.text.clone());
        let shared = host.content(&id.get_value()).map_or_else(here, |content| content.text);
        share::share(host, &shared);
        close();
    };
    view! {
        <div class="menu" role="group" aria-label=text::more() data-testid="menu" node_ref=menu on:keydown=escape>
            {formatted
                .then(|| {
                    view! {
                        <button class="small" type="button" data-testid="copy-plain" on:click=plain>
                            <Icon shape=Shape::Plain />
                            {text::copy_plain()}
                        </button>
                    }
                })}
            <button
                class="small"
                type="button"
                data-testid="pin"
                on:click=move |_| {
                    actions::pin(host, id.get_value());
                    close();
                }
            >
                <Icon shape=Shape::Pin />
                {move || if pinned.get() { text::unpin() } else { text::pin() }}
            </button>
            {share::can_share()
                .then(|| {
                    view! {
                        <button class="small" type="button" data-testid="share" on:click=share>
                            <Icon shape=Shape::Share />
                            {text::share()}
                        </button>
                    }
                })}
            <Show when=move || !masked.get()>
                <button
                    class="small"
                    type="button"
                    data-testid="whole"
                    on:click=move |_| {
                        close();
                        id.with_value(|id| host.library.whole(id));
                    }
                >
                    <Icon shape=Shape::Eye />
                    {text::show_whole()}
                </button>
            </Show>
            <button
                class="small danger plain"
                type="button"
                data-testid="delete"
                on:click=move |_| actions::delete(host, id.get_value())
            >
                <Icon shape=Shape::Delete />
                {text::delete_everywhere()}
            </button>
        </div>
    }
}
