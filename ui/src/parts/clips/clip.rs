//! One clip as a card. A tap anywhere on it copies; the browser allows that only within the tap. Secrets
//! are dots until somebody asks to see them.

use hushclip_model::view::{ClipKind, Connection, Stage};
use hushclip_model::{ClipView, SecretKind};
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::actions::{self, Copies};
use super::menu::Menu;
use crate::host::{Host, host};
use crate::parts::kit::{Icon, Shape};
use crate::search::{self, Piece};
use crate::{entry, text, time};

/// The clip with this identifier.
#[component]
pub(crate) fn Clip(
    id: String,
    /// The words that were searched.
    words: Memo<Vec<String>>,
) -> impl IntoView {
    let host = host();
    let clip = host.library.row(&id)?;
    let id = StoredValue::new(id);
    let copies = Copies::new();
    let unmasked = RwSignal::new(false);
    let more = RwSignal::new(false);
    let secret = Memo::new(move |_| clip.with(|clip| clip.secret));
    let masked = Memo::new(move |_| secret.get().is_some() && !unmasked.get());
    let pinned = Memo::new(move |_| clip.with(|clip| clip.pinned));
    let fresh = Memo::new(move |_| id.with_value(|id| host.library.is_fresh(id)));
    let link = Memo::new(move |_| {
        let link = clip.with(|clip| entry::as_link(&clip.text).map(ToOwned::to_owned));
        link.filter(|_| !masked.get())
    });
    // Who was removed may only copy.
    let member = is_member(host);
    let about = id.with_value(|id| format!("about-{id}"));
    let copy = move |_| actions::copy(host, id.get_value(), false, copies);
    let keys = move |event: KeyboardEvent| keys(host, &event, id.get_value(), copies, more, masked);
    Some(view! {
        <li
            class="clip"
            class:copied=move || copies.any()
            class:fresh=move || fresh.get()
            data-testid="clip"
            data-id=id.get_value()
            data-pinned=move || pinned.get().to_string()
            data-secret=move || secret.get().map(|_| masked.get().to_string())
        >
            <button
                class="copy"
                type="button"
                data-testid="copy"
                aria-describedby=about.clone()
                aria-keyshortcuts="Enter Shift+Enter P M Delete"
                on:click=copy
                on:keydown=keys
            >
                <span class="unseen">{text::copy()}": "</span>
                {move || match secret.get().filter(|_| masked.get()) {
                    Some(kind) => view! { <Masked kind /> }.into_any(),
                    None => view! { <Shown clip words /> }.into_any(),
                }}
            </button>
            <span class="state" aria-hidden="true">
                {move || {
                    let shape = if copies.any() { Shape::Check } else { Shape::Copy };
                    view! {
                        <Icon shape />
                        <span class="state-word">{if copies.any() { text::copied() } else { text::copy() }}</span>
                    }
                }}
            </span>
            <div class="foot">
            <About clip fresh pinned id=about />
            <div class="beside-clip">
                {move || {
                    link.get()
                        .map(|link| {
                            view! {
                                <a class="open" href=link target="_blank" rel="noreferrer noopener">
                                    <Icon shape=Shape::Open />
                                    {text::open()}
                                </a>
                            }
                        })
                }}
                <Show when=move || secret.get().is_some()>
                    <button
                        class="small plain"
                        type="button"
                        data-testid="unmask"
                        aria-pressed=move || unmasked.get().to_string()
                        on:click=move |_| unmasked.update(|shown| *shown = !*shown)
                    >
                        {move || if unmasked.get() { text::mask() } else { text::unmask() }}
                    </button>
                </Show>
                    {member
                        .then(|| {
                            view! {
                <button
                    class="bare more"
                    type="button"
                    data-testid="more"
                    aria-label=text::more()
                    title=text::more()
                    aria-expanded=move || more.get().to_string()
                    on:click=move |_| more.update(|more| *more = !*more)
                >
                    <Icon shape=Shape::More />
                </button>
                            }
                        })}
            </div>
            </div>
            <Show when=move || more.get()>
                <Menu clip copies masked more />
            </Show>
        </li>
    })
}

/// What may be seen of a secret.
#[component]
fn Masked(kind: SecretKind) -> impl IntoView {
    view! {
        <span class="clip-text masked">
            <Icon shape=Shape::Secret />
            <span>{actions::kind_word(kind)}</span>
            <span class="dots" aria-hidden="true">{"••••••"}</span>
            <span class="unseen">{text::hidden()}</span>
        </span>
    }
}

#[component]
fn Shown(clip: RwSignal<ClipView>, words: Memo<Vec<String>>) -> impl IntoView {
    let pieces = Memo::new(move |_| clip.with(|clip| words.with(|words| search::pieces(&clip.text, words))));
    let piece = |Piece { text, is_match }: Piece| {
        if is_match { view! { <mark>{text}</mark> }.into_any() } else { text.into_any() }
    };
    view! {
        <span class="clip-text" dir="auto">
            {move || {
                let pieces = pieces.get();
                if clip.with(|clip| clip.kind == ClipKind::Other) {
                    text::other_kind().into_any()
                } else if pieces.is_empty() {
                    text::blank().into_any()
                } else {
                    pieces.into_iter().map(piece).collect_view().into_any()
                }
            }}
        </span>
    }
}

/// Where it comes from, when, how far it has come and how long it stays.
#[component]
fn About(clip: RwSignal<ClipView>, fresh: Memo<bool>, pinned: Memo<bool>, id: String) -> impl IntoView {
    let host = host();
    let (own, at, from, late) = clip.with_untracked(|clip| (clip.own, clip.at, clip.from.clone(), clip.late));
    let expires_at = Memo::new(move |_| clip.with(|clip| clip.expires_at));
    let burn = Memo::new(move |_| clip.with(|clip| clip.burn));
    let left = move || expires_at.get().map(|at| text::gone_in(host.seconds_until(at)));
    view! {
        <p class="about" id=id>
            <Show when=move || fresh.get()>
                <span class="new">{text::new_mark()}</span>
            </Show>
            <Show when=move || pinned.get()>
                <span class="note-mark">
                    <Icon shape=Shape::Pin />
                    {text::pinned()}
                </span>
            </Show>
            <bdi class="from">{if own { text::here().to_owned() } else { from }}</bdi>
            <time dir="auto" title=time::exact(at)>{move || time::ago(at, host.lately.get().max(at))}</time>
            {own.then(|| delivery(host, clip))}
            {move || {
                left()
                    .map(|left| {
                        view! {
                            <span class="note-mark" data-testid="expires">
                                <Icon shape=Shape::Clock />
                                <span>{left}</span>
                            </span>
                        }
                    })
            }}
            {late
                .then(|| {
                    view! {
                        <span class="note-mark" data-testid="late">
                            <Icon shape=Shape::Warning />
                            {text::came_late()}
                        </span>
                    }
                })}
            <Show when=move || burn.get()>
                <span class="note-mark" data-testid="burn">
                    <Icon shape=Shape::Flame />
                    {text::burns()}
                </span>
            </Show>
        </p>
    }
}

/// How far an own clip has come.
fn delivery(host: Host, clip: RwSignal<ClipView>) -> impl IntoView {
    let online = host.follow(|view| matches!(view.connection, Connection::Online | Connection::CatchingUp));
    let line = Memo::new(move |_| {
        clip.with(|clip| {
            let stored = clip.cursor.is_some();
            let words = match (stored, online.get()) {
                (true, _) => text::delivery(&clip.delivered, &clip.awaited)?,
                (false, true) => text::sending().to_owned(),
                (false, false) => text::waits().to_owned(),
            };
            Some((stored && clip.awaited.is_empty(), words))
        })
    });
    move || {
        line.get().map(|(done, words)| {
            let shape = if done { Shape::Check } else { Shape::Clock };
            view! {
                <span class="delivery" class:done=done data-testid="delivery">
                    <Icon shape />
                    <span dir="auto">{words}</span>
                </span>
            }
        })
    }
}

fn is_member(host: Host) -> bool {
    host.peek(|view| view.stage == Stage::Member)
}

/// What keys do on a clip; Enter alone is the browser's.
fn keys(host: Host, event: &KeyboardEvent, id: String, copies: Copies, more: RwSignal<bool>, masked: Memo<bool>) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    match event.key().as_str() {
        "Enter" if event.shift_key() => actions::copy(host, id, true, copies),
        "Delete" | "Backspace" if is_member(host) => actions::delete(host, id),
        "p" | "P" if is_member(host) => actions::pin(host, id),
        "v" | "V" if is_member(host) && !masked.get_untracked() => host.opened().set(Some(id)),
        "m" | "M" if is_member(host) => more.update(|more| *more = !*more),
        _ => return,
    }
    event.prevent_default();
}
