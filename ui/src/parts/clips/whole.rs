//! A clip in full, above everything: its text, and how it looks formatted. Nothing of the formatted form
//! can run, load or leave: what is built here are the few kinds of elements that `rich` lets through.

use hushclip_model::view::ClipKind;
use hushclip_model::{ClipView, Content};
use hushclip_rich::{Node, Rich};
use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;
use web_sys::Node as PageNode;

use super::actions::{self, Copies};
use crate::host::host;
use crate::parts::kit::{Icon, Shape, Sheet};
use crate::text;

/// The clip that was asked for in full.
#[component]
pub(crate) fn WholeSheet() -> impl IntoView {
    let host = host();
    let asked = host.opened();
    // It may have gone meanwhile.
    let is_here = move |id: &String| host.library.ids().contains(id);
    let open = Memo::new(move |_| asked.with(|asked| asked.as_ref().is_some_and(is_here)));
    let on_cancel = UnsyncCallback::new(move |()| host.opened().set(None));
    let clip = move || asked.get().and_then(|id| host.library.row(&id)).map(|clip| view! { <Whole clip /> });
    view! {
        <Sheet open on_cancel title="whole-title" class="wide">
            {clip}
        </Sheet>
    }
}

#[component]
fn Whole(clip: RwSignal<ClipView>) -> impl IntoView {
    let host = host();
    let copies = Copies::new();
    let id = StoredValue::new(clip.with_untracked(|clip| clip.id.clone()));
    let formatted = clip.with_untracked(|clip| clip.kind == ClipKind::Html);
    let as_text = RwSignal::new(!formatted);
    let title = clip.with_untracked(|clip| {
        if clip.own { text::clip_from_here().into() } else { text::clip_from(text::isolate(&clip.from)) }
    });
    let read = RwSignal::new(None);
    if clip.with_untracked(|clip| clip.cut) {
        let content = host.content(id.get_value());
        spawn_local(async move {
            read.try_set(Some(content.await));
        });
    }
    // Until then, its beginning.
    let plain = move || match read.get() {
        Some(Ok(Content { text, .. })) => text,
        Some(Err(_)) | None => clip.with(|clip| clip.text.clone()),
    };
    let html = move || read.get().and_then(Result::ok).and_then(|content| content.html);
    let form = move || match html().filter(|_| !as_text.get()) {
        Some(html) => view! { <Formatted html /> }.into_any(),
        None => {
            view! { <pre class="whole-text" dir="auto" data-testid="whole-text" tabindex=0>{plain()}</pre> }.into_any()
        }
    };
    let state = move || match read.get() {
        Some(Ok(_)) => None,
        Some(Err(problem)) => Some((text::problem(&problem), "hint")),
        None => clip.with(|clip| clip.cut).then(|| (text::fetching().to_owned(), "hint pulse")),
    };
    let choice = move |text: bool, label: &'static str, testid: &'static str| {
        view! {
            <button
                type="button"
                data-testid=testid
                aria-pressed=move || (as_text.get() == text).to_string()
                on:click=move |_| as_text.set(text)
            >
                {label}
            </button>
        }
    };
    view! {
        <div class="whole">
            <h2 id="whole-title" tabindex="-1" autofocus dir="auto">{title}</h2>
            {formatted
                .then(|| {
                    view! {
                        <div class="switch" role="group" aria-label=text::form()>
                            {choice(false, text::as_formatted(), "as-formatted")}
                            {choice(true, text::as_text(), "as-text")}
                        </div>
                    }
                })}
            {form}
            {move || state().map(|(words, class)| view! { <p class=class role="status">{words}</p> })}
            <div class="row">
                <button class="plain" type="button" data-testid="whole-close" on:click=move |_| host.opened().set(None)>
                    {text::close()}
                </button>
                <button
                    class="secondary"
                    type="button"
                    on:click=move |_| actions::copy(host, id.get_value(), as_text.get_untracked(), copies)
                >
                    <Icon shape=Shape::Copy />
                    <span role="status">{move || if copies.any() { text::copied() } else { text::copy() }}</span>
                </button>
            </div>
        </div>
    }
}

/// Formatted text, harmless.
#[component]
fn Formatted(html: String) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    let Rich { nodes, cut, .. } = hushclip_rich::parse(&html, hushclip_rich::SHOWN);
    Effect::new(move |_| {
        if let Some(place) = place.get() {
            // Fails only for names that no element can have.
            let _ = nodes.iter().try_for_each(|node| build(node, &place));
        }
    });
    view! {
        <div class="rich" dir="auto" data-testid="rich" tabindex=0 node_ref=place></div>
        {cut.then(|| view! { <p class="hint">{text::rich_cut()}</p> })}
    }
}

fn build(node: &Node, into: &PageNode) -> Result<(), JsValue> {
    match node {
        Node::Text(text) => into.append_child(&document().create_text_node(text)).map(drop),
        Node::Element { tag, href, children } => {
            let element = document().create_element(tag)?;
            if let Some(href) = href {
                element.set_attribute("href", href)?;
                element.set_attribute("target", "_blank")?;
                element.set_attribute("rel", "noreferrer noopener")?;
            }
            for child in children {
                build(child, &element)?;
            }
            into.append_child(&element).map(drop)
        }
    }
}
