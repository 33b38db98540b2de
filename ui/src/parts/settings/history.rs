//! The history as a file, out and in, and the end of it: everything sealed with a passphrase of its own.

use hushclip_model::{ArchiveCommand, Outcome, Problem};
use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::focus::focus_soon;
use crate::host::{Face, Host, host};
use crate::parts::account::strength::SHORTEST;
use crate::parts::account::{PassphraseField, strength};
use crate::parts::clips::delete_all;
use crate::parts::kit::Confirm;
use crate::{save, text, time};

/// The extension's page with the same screens.
const ROOMY: &str = "options.html";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Export,
    Import,
}

/// The part of the settings that is about the history.
#[component]
pub(crate) fn History() -> impl IntoView {
    let host = host();
    let total = host.follow(|view| view.total);
    let delete_all = view! {
        <Confirm
            label=text::delete_all()
            warning=text::delete_all_warning()
            yes=text::delete_all_sure()
            testid="delete-all"
            on_yes=UnsyncCallback::new(move |()| delete_all(host))
        />
    };
    view! {
        <section class="card" data-testid="history">
            <h2 id="history-title" tabindex="-1">{text::history()}</h2>
            <p class="hint">{move || text::clip_count(total.get())}</p>
            <Files />
            {delete_all}
        </section>
    }
}

/// The ways out and in.
#[component]
fn Files() -> impl IntoView {
    let open = RwSignal::new(None::<Form>);
    let busy = RwSignal::new(false);
    let wrong = RwSignal::new(None::<String>);
    let start = move |form: Form| {
        wrong.set(None);
        open.set(Some(form));
        focus_soon("#archive-form input");
    };
    let offer = move || {
        view! {
            <div class="row start">
                <button class="secondary" type="button" data-testid="export" on:click=move |_| start(Form::Export)>
                    {text::export()}
                </button>
                <button class="secondary" type="button" data-testid="import" on:click=move |_| start(Form::Import)>
                    {text::import()}
                </button>
            </div>
        }
    };
    move || match open.get() {
        Some(form) => view! { <Filling form open busy wrong /> }.into_any(),
        None => offer().into_any(),
    }
}

fn exported(host: Host, file: &str, clips: u32, open: RwSignal<Option<Form>>, wrong: RwSignal<Option<String>>) {
    if save::save(&format!("hushclip-history-{}.hush", time::day(time::now())), file) {
        open.set(None);
        host.news.show(text::exported(clips));
        focus_soon("#history-title");
    } else {
        wrong.set(Some(text::not_saved().to_owned()));
    }
}

/// The fields of a form.
#[component]
fn Filling(
    form: Form,
    open: RwSignal<Option<Form>>,
    busy: RwSignal<bool>,
    wrong: RwSignal<Option<String>>,
) -> impl IntoView {
    let host = host();
    let (typed, again) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let chosen = NodeRef::<Input>::new();
    // Whoever has closed the form wants none of it, also if another one is under way by then.
    let closed = StoredValue::new(false);
    on_cleanup(move || closed.set_value(true));
    let heard = move |outcome: Outcome| {
        if closed.try_get_value().unwrap_or(true) {
            return;
        }
        busy.set(false);
        match outcome {
            Outcome::Exported { file, clips, lost } => {
                exported(host, &file, clips, open, wrong);
                if lost > 0 {
                    host.news.show(text::problem(&Problem::ContentLost));
                }
            }
            Outcome::Imported { added } => {
                open.set(None);
                host.news.show(text::imported(added));
                focus_soon("#history-title");
            }
            outcome => {
                wrong.set(outcome.problem().map(text::problem));
                focus_soon("#archive-passphrase");
            }
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        wrong.set(None);
        let passphrase = typed.get_untracked();
        match form {
            Form::Export if passphrase.trim().chars().count() < SHORTEST => {
                wrong.set(Some(text::passphrase_short().to_owned()));
            }
            Form::Export if passphrase != again.get_untracked() => {
                wrong.set(Some(text::passphrase_differs().to_owned()));
            }
            Form::Export => {
                busy.set(true);
                host.ask(ArchiveCommand::Export { passphrase }, heard);
            }
            Form::Import => {
                let file = chosen.get_untracked().and_then(|input| input.files()).and_then(|files| files.get(0));
                let Some(file) = file else { return wrong.set(Some(text::no_file().to_owned())) };
                busy.set(true);
                spawn_local(async move {
                    if let Some(file) = save::read(file).await {
                        host.ask(ArchiveCommand::Import { passphrase, file }, heard);
                    } else {
                        busy.set(false);
                        wrong.set(Some(text::file_unreadable().to_owned()));
                    }
                });
            }
        }
    };
    let close = move || {
        busy.set(false);
        open.set(None);
        focus_soon("#history-title");
    };
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            // Left to itself, it would close the popup too.
            event.prevent_default();
            event.stop_propagation();
            close();
        }
    };
    let advice = move || strength::of(&typed.read()).map(strength::Strength::words);
    let fields = match form {
        Form::Export => view! {
            <p class="hint">{text::export_hint()}</p>
            <div class="field">
                <PassphraseField
                    id="archive-passphrase"
                    label=text::passphrase_new()
                    typed=typed
                    kind="new-password"
                    described="archive-hint"
                />
                <p class="hint" id="archive-hint">{text::passphrase_hint()}</p>
                <p class="strength" role="status">{advice}</p>
            </div>
            <PassphraseField
                id="archive-again"
                label=text::passphrase_repeat()
                typed=again
                kind="new-password"
            />
        }
        .into_any(),
        Form::Import => view! {
            <p class="hint">{text::import_hint()}</p>
            {(host.platform().face == Face::Popup).then(|| view! { <InTab /> })}
            <label class="field">
                <span class="label">{text::file()}</span>
                <input type="file" accept=".hush" data-testid="archive-file" required node_ref=chosen />
            </label>
            <PassphraseField
                id="archive-passphrase"
                label=text::passphrase_of_file()
                typed=typed
                kind="current-password"
            />
        }
        .into_any(),
    };
    let label = if form == Form::Export { text::export_start() } else { text::import_start() };
    view! {
        <form id="archive-form" class="filling" on:submit=submit on:keydown=escape>
            {fields}
            <p class="wrong" role="alert" dir="auto" data-testid="archive-wrong">{move || wrong.get()}</p>
            <progress class="progress" aria-label=text::archive_busy() hidden=move || !busy.get()></progress>
            <div class="row start">
                <button
                    class="primary"
                    type="submit"
                    data-testid="archive-start"
                    aria-disabled=move || busy.get().to_string()
                >
                    {move || if busy.get() { text::archive_busy() } else { label }}
                </button>
                <button class="plain" type="button" on:click=move |_| close()>{text::cancel()}</button>
            </div>
        </form>
    }
}

/// Some browsers close the popup when a file is chosen.
#[component]
fn InTab() -> impl IntoView {
    // Without a tab, the popup stays, and may do.
    let show = move |_| drop(window().open_with_url_and_target(ROOMY, "_blank"));
    view! {
        <p class="hint">
            {text::import_popup()}
            " "
            <button class="inline" type="button" on:click=show>{text::in_tab()}</button>
        </p>
    }
}
