//! What else can be done with a clip: a row of buttons that opens within its card.

use hushclip_model::ClipView;
use hushclip_model::view::ClipKind;
use leptos::ev::KeyboardEvent;
use leptos::html::Div;
use leptos::prelude::*;
use web_sys::Element;

use super::actions::{self, Copies};
use super::share;
use crate::focus;
use crate::host::host;
use crate::parts::kit::{Icon, Shape};
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
    let formatted = clip.with_untracked(|clip| clip.kind == ClipKind::Html);
    let pinned = Memo::new(move |_| clip.with(|clip| clip.pinned));
    let menu = NodeRef::<Div>::new();
    Effect::new(move |_| {
        let first = menu.get().and_then(|menu| menu.query_selector("button").ok().flatten());
        if let Some(first) = first {
            focus::focus(&first);
        }
        // All of it, and not only the button that has the keyboard.
        if let Some(menu) = menu.get() {
            focus::show(&menu);
        }
    });
    // The button that has the keyboard goes away; the clip gets it.
    let close = move || {
        focus::to_copy_of(menu.get_untracked().map(Element::from).as_ref());
        more.set(false);
    };
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            // Left to itself, it would close the popup too.
            event.prevent_default();
            event.stop_propagation();
            close();
        }
    };
    let plain = move || {
        actions::copy(host, id.get_value(), true, copies);
        close();
    };
    let share = move || {
        actions::share(host, id.get_value());
        close();
    };
    let pin = move || {
        actions::pin(host, id.get_value());
        close();
    };
    let whole = move || {
        close();
        host.opened().set(Some(id.get_value()));
    };
    let delete = move || actions::delete(host, id.get_value());
    let pin_label = move || if pinned.get() { text::unpin() } else { text::pin() };
    view! {
        <div class="menu" role="group" aria-label=text::more() data-testid="menu" node_ref=menu on:keydown=escape>
            {formatted.then(|| item("copy-plain", Shape::Plain, text::copy_plain, plain))}
            {item("pin", Shape::Pin, pin_label, pin)}
            {share::can_share().then(|| item("share", Shape::Share, text::share, share))}
            <Show when=move || !masked.get()>{item("whole", Shape::Eye, text::show_whole, whole)}</Show>
            {item("delete", Shape::Delete, text::delete_everywhere, delete)}
        </div>
    }
}

fn item(
    testid: &'static str,
    shape: Shape,
    label: impl Fn() -> &'static str + Send + 'static,
    act: impl Fn() + 'static,
) -> impl IntoView {
    let class = if testid == "delete" { "small danger plain" } else { "small" };
    view! {
        <button class=class type="button" data-testid=testid on:click=move |_| act()>
            <Icon shape />
            {label}
        </button>
    }
}
