//! The place to send from, within reach of a thumb.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::focus::focus_soon;
use crate::host::{Host, host};
use crate::outgoing::Source;
use crate::parts::kit::{Icon, Shape};
use crate::{clipboard, text};

const MOST_ROWS: usize = 6;

/// A field and the buttons to send what is in it, or what is on the clipboard.
#[component]
pub(crate) fn Composer() -> impl IntoView {
    let host = host();
    let typed = host.outgoing().draft;
    let blank = Memo::new(move |_| typed.with(|typed| typed.trim().is_empty()));
    let rows = move || typed.with(|typed| typed.split('\n').count().min(MOST_ROWS));
    let send = move || {
        if !blank.get_untracked() {
            let text = typed.get_untracked();
            let sent = text.clone();
            host.outgoing().send(host, Source::Composer, text, move || {
                // Not what has been typed since.
                if typed.with_untracked(|typed| *typed == sent) {
                    typed.set(String::new());
                }
            });
            focus_soon(".composer textarea");
        }
    };
    let refused = Memo::new(move |_| host.outgoing().refused(Source::Composer));
    let stalls = Memo::new(move |_| typed.with(|typed| host.outgoing().stalls(Source::Composer, typed)));
    // Elsewhere, the banner says it.
    on_cleanup(move || host.outgoing().forgive(host));
    let keys = move |event: KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            send();
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    view! {
        <form class="composer" aria-label=text::send() on:submit=submit>
            <p class="wrong" id="send-problem" role="alert" data-testid="send-problem">
                {move || refused.get().map(|problem| text::problem(&problem))}
                {move || stalls.get().then(|| format!(" {}", text::goes_later()))}
            </p>
            <textarea
                data-testid="composer"
                dir="auto"
                rows=rows
                aria-label=text::composer()
                placeholder=text::composer()
                aria-keyshortcuts="Control+Enter Meta+Enter"
                aria-describedby="send-problem"
                aria-invalid=move || refused.with(Option::is_some).to_string()
                readonly=move || stalls.get()
                bind:value=typed
                on:input=move |_| host.outgoing().forgive(host)
                on:keydown=keys
            ></textarea>
            {host.platform().can_read_clipboard.then(|| view! { <Paste /> })}
            <button
                class="primary"
                type="submit"
                data-testid="send"
                aria-label=text::send()
                title=text::send()
                disabled=move || blank.get()
            >
                <Icon shape=Shape::Send />
                <span class="word">{text::send()}</span>
            </button>
        </form>
    }
}

#[component]
fn Paste() -> impl IntoView {
    let host = host();
    view! {
        <button
            class="secondary paste"
            type="button"
            data-testid="paste"
            aria-label=text::paste()
            title=text::paste()
            on:click=move |_| paste_and_send(host)
        >
            <Icon shape=Shape::Paste />
            <span class="word">{text::paste()}</span>
        </button>
    }
}

fn paste_and_send(host: Host) {
    let read = clipboard::read();
    spawn_local(async move {
        match read.await {
            Some(text) if text.trim().is_empty() => host.news.show(text::paste_empty()),
            // It stays on the clipboard.
            Some(text) => host.outgoing().send(host, Source::Composer, text, || {}),
            None => {
                host.news.show(text::paste_failed());
                focus_soon(".composer textarea");
            }
        }
    });
}
