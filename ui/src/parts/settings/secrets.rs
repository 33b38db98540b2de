//! What happens with copies that look like secrets, and how long those that are sent live.

use hushclip_model::SecretKind;
use hushclip_model::settings::{Change, Policy};
use leptos::ev::Event;
use leptos::prelude::*;

use crate::host::host;
use crate::parts::clips::kind_word;
use crate::text;

const KINDS: [SecretKind; 5] =
    [SecretKind::Code, SecretKind::Card, SecretKind::Key, SecretKind::Token, SecretKind::Password];
const POLICIES: [(Policy, &str, text::Word); 3] = [
    (Policy::Ask, "ask", text::policy_ask),
    (Policy::Send, "send", text::policy_send),
    (Policy::Never, "never", text::policy_never),
];
/// What is offered, seconds.
const LIVES: [u32; 6] = [15, 30, 60, 300, 900, 3_600];

/// The choices.
#[component]
pub(crate) fn Secrets() -> impl IntoView {
    // Elsewhere nothing is sent that was not put into Hushclip on purpose.
    host().platform().extension.then(|| {
        view! {
            <section class="card" data-testid="secrets">
                <h2>{text::secrets()}</h2>
                <p class="hint">{text::secrets_hint()}</p>
                <div class="pairs">{KINDS.map(|kind| view! { <Kind kind /> }).into_iter().collect_view()}</div>
                <Life />
            </section>
        }
    })
}

#[component]
fn Kind(kind: SecretKind) -> impl IntoView {
    let host = host();
    let policy = host.follow(move |view| view.settings.secrets.of(kind));
    let choose = move |event: Event| {
        let word = event_target_value(&event);
        if let Some((policy, ..)) = POLICIES.iter().find(|(_, known, _)| *known == word) {
            host.choose(Change::secret(kind, *policy));
        }
    };
    let option = move |(choice, word, label): (Policy, &'static str, text::Word)| {
        view! { <option value=word selected=move || policy.get() == choice>{label()}</option> }
    };
    view! {
        <label class="pair">
            <span>{kind_word(kind)}</span>
            <select data-testid=format!("policy-{kind:?}") on:change=choose>
                {POLICIES.map(option).into_iter().collect_view()}
            </select>
        </label>
    }
}

#[component]
fn Life() -> impl IntoView {
    let host = host();
    let life = host.follow(|view| view.settings.secret_life_s);
    let choose = move |event: Event| {
        if let Ok(seconds) = event_target_value(&event).parse() {
            host.choose(Change { secret_life_s: Some(seconds), ..Change::default() });
        }
    };
    let options = move || {
        let now = life.get();
        let mut lives = LIVES.to_vec();
        if !lives.contains(&now) {
            lives.push(now);
            lives.sort_unstable();
        }
        let option = |choice: u32| {
            view! { <option value=choice.to_string() selected=choice == now>{text::lasting(choice)}</option> }
        };
        lives.into_iter().map(option).collect_view()
    };
    view! {
        <label class="field">
            <span class="label">{text::secret_life()}</span>
            <select data-testid="secret-life" aria-describedby="secret-life-hint" on:change=choose>
                {options}
            </select>
        </label>
        <p class="hint" id="secret-life-hint">{text::secret_life_hint()}</p>
    }
}
