//! Joining other devices: by a link or a code that is typed or pasted, or by a QR code.

use hushclip_model::Command;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::scan::Scan;
use super::start::RelayField;
use crate::entry;
use crate::host::host;
use crate::text;

/// The ways into an account that exists.
#[component]
pub(crate) fn Join(
    /// What this device shall be called.
    name: RwSignal<String>,
    /// The relay's address, as typed; a code does not name it.
    relay: RwSignal<String>,
) -> impl IntoView {
    let host = host();
    let typed = host.entering().link;
    let own_relay = StoredValue::new(host.platform().default_relay);
    let asks_relay =
        Memo::new(move |_| own_relay.with_value(Option::is_none) && typed.with(|typed| entry::is_code(typed)));
    let leads_to = Memo::new(move |_| typed.with(|typed| host.target(typed).ok().map(|target| target.relay)));
    let join = move |event: SubmitEvent| {
        event.prevent_default();
        let typed = typed.get_untracked().trim().to_owned();
        let name = name.get_untracked().trim().to_owned();
        if entry::is_code(&typed) {
            let relay = own_relay.get_value().unwrap_or_else(|| entry::tidy_relay(&relay.get_untracked()));
            return host.send(Command::JoinByCode { relay, code: typed, name });
        }
        // The page may talk to its own relay only; a link opens the page of its relay.
        if entry::is_pairing_link(&typed) && own_relay.with_value(|own| entry::is_elsewhere(&typed, own.as_deref())) {
            return host.news.show(text::elsewhere());
        }
        // What nobody can see in the link is shown, and asked about, where links are that were opened.
        if host.target(&typed).is_ok_and(|target| target.is_elsewhere()) {
            return host.opened_link.set(Some(typed));
        }
        host.send(Command::Join { link: typed, name });
    };
    view! {
        <form class="card" on:submit=join>
            <h2>{text::join()}</h2>
            {host.scan().map(|load| view! { <Scan load /> })}
            <div class="field">
                <label class="label" for="join-link">{text::join_link()}</label>
                <div class="beside">
                    <input
                        id="join-link"
                        data-testid="join-link"
                        type="text"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        dir="ltr"
                        required
                        placeholder=text::join_example()
                        aria-describedby="join-hint"
                        bind:value=typed
                    />
                    <button class="secondary" type="submit" data-testid="join">{text::join_button()}</button>
                </div>
                <p class="hint" id="join-hint">{text::join_hint()}</p>
                {move || {
                    leads_to
                        .get()
                        .map(|relay| {
                            view! {
                                <p class="hint" role="status">
                                    {text::opened_relay()} ": "
                                    <bdi class="relay" dir="ltr" data-testid="leads-to">{relay}</bdi>
                                </p>
                            }
                        })
                }}
            </div>
            <Show when=move || asks_relay.get()>
                <RelayField relay testid="join-relay" hint=text::join_relay_hint() />
            </Show>
        </form>
    }
}
