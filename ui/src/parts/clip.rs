//! One clip as a card. A tap anywhere on it copies; the browser allows that only within the tap.

use std::time::Duration;

use hushclip_engine::Command;
use hushclip_engine::view::{ClipView, Connection};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::host::{Host, host};
use crate::parts::icon::{Icon, Shape};
use crate::{clipboard, entry, text, time};

const COPIED_SHOWN: Duration = Duration::from_secs(2);

/// The clip with this identifier; its text never changes, only how far it has come.
#[component]
pub(crate) fn Clip(id: String) -> impl IntoView {
    let host = host();
    let clip = host.peek(|view| find(&view.clips, &id).map(Still::of))?;
    let copies = RwSignal::new(0_u32);
    let fresh = move || copies.get() > 0;
    let delivery = clip.own.then(|| delivery(host, id.clone()));
    let copy = {
        let id = id.clone();
        move |_| copy(host, id.clone(), copies)
    };
    let at = clip.at;
    let about = format!("about-{id}");
    let text = if clip.preview.is_empty() { text::blank().to_owned() } else { clip.preview };
    Some(view! {
        <li class="clip" class:copied=fresh data-testid="clip" data-id=id>
            <button class="copy" type="button" data-testid="copy" aria-describedby=about.clone() on:click=copy>
                <span class="unseen">{text::copy()}": "</span>
                <span class="clip-text" dir="auto">{text}</span>
            </button>
            <p class="about" id=about>
                <bdi class="from">{if clip.own { text::here().to_owned() } else { clip.from }}</bdi>
                <time dir="auto" title=time::exact(at)>{move || time::ago(at, host.lately.get().max(at))}</time>
                {delivery}
            </p>
            <span class="state" aria-hidden="true">
                {move || {
                    let shape = if fresh() { Shape::Check } else { Shape::Copy };
                    view! {
                        <Icon shape />
                        <span class="state-word">{if fresh() { text::copied() } else { text::copy() }}</span>
                    }
                }}
            </span>
            {clip
                .link
                .map(|link| {
                    view! {
                        <a class="open" href=link target="_blank" rel="noreferrer noopener">
                            <Icon shape=Shape::Open />
                            {text::open()}
                        </a>
                    }
                })}
        </li>
    })
}

/// What of a clip stays as it is.
struct Still {
    preview: String,
    link: Option<String>,
    from: String,
    own: bool,
    at: u64,
}

impl Still {
    fn of(clip: &ClipView) -> Self {
        Self {
            preview: entry::preview(&clip.text),
            link: entry::as_link(&clip.text).map(ToOwned::to_owned),
            from: clip.from.clone(),
            own: clip.own,
            at: clip.at,
        }
    }
}

fn find<'a>(clips: &'a [ClipView], id: &str) -> Option<&'a ClipView> {
    clips.iter().find(|clip| clip.id == id)
}

/// How far an own clip has come.
fn delivery(host: Host, id: String) -> impl IntoView {
    let line = host.follow(move |view| {
        let clip = find(&view.clips, &id)?;
        let stored = clip.cursor.is_some();
        let words = match (stored, view.connection) {
            (true, _) => text::delivery(&clip.delivered, &clip.awaited)?,
            (false, Connection::Online | Connection::CatchingUp) => text::sending().to_owned(),
            (false, _) => text::waits().to_owned(),
        };
        Some((stored && clip.awaited.is_empty(), words))
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

fn copy(host: Host, id: String, copies: RwSignal<u32>) {
    let Some((text, html)) =
        host.peek(|view| find(&view.clips, &id).map(|clip| (clip.text.clone(), clip.html.clone())))
    else {
        return;
    };
    let written = clipboard::write(&text, html.as_deref());
    spawn_local(async move {
        if !written.await {
            host.news.show(text::copy_failed());
            return;
        }
        host.send(Command::Copied { id });
        host.news.say(text::copied());
        // Counted, so that a second tap starts the time anew.
        copies.try_update(|copies| *copies += 1);
        set_timeout(
            move || {
                copies.try_update(|copies| *copies -= 1);
            },
            COPIED_SHOWN,
        );
    });
}
