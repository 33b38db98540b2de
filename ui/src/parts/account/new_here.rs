//! After joining: which account this is, and whether it is the right one. From here on its devices get what
//! is copied on this one.

use hushclip_model::Command;
use leptos::prelude::*;

use crate::focus::focus_soon;
use crate::host::host;
use crate::parts::devices::Words;
use crate::parts::kit::Confirm;
use crate::text;

/// The question, until it is answered.
#[component]
pub(crate) fn NewHere() -> impl IntoView {
    let host = host();
    let asked = host.follow(|view| view.new_here);
    let others = host.follow(|view| {
        view.devices.iter().filter(|device| !device.own).map(|device| device.name.clone()).collect::<Vec<_>>()
    });
    let relay = host.follow(|view| view.relay.clone().unwrap_or_default());
    let fingerprint = host.follow(|view| view.fingerprint.clone().unwrap_or_default());
    let yes = move |_| {
        host.send(Command::ConfirmAccount);
        // The button goes away and would take the keyboard with it.
        focus_soon("h1");
    };
    view! {
        <Show when=move || asked.get()>
            <section class="card" data-testid="new-here" aria-labelledby="new-here">
                <h2 id="new-here">{text::new_here()}</h2>
                <p>{move || others.with(|others| text::new_here_with(others))}</p>
                <p class="hint">
                    {text::the_relay()} ": " <bdi class="relay" dir="ltr">{move || relay.get()}</bdi>
                </p>
                <Words words=fingerprint testid="new-here-words" />
                <p class="hint">{text::new_here_hint()}</p>
                <div class="row start">
                    <button class="primary" type="button" data-testid="new-here-yes" on:click=yes>
                        {text::new_here_yes()}
                    </button>
                    <Confirm
                        label=text::new_here_no()
                        warning=text::leave_warning()
                        yes=text::leave_sure()
                        testid="new-here-no"
                        on_yes=UnsyncCallback::new(move |()| host.send(Command::Leave))
                    />
                </div>
            </section>
        </Show>
    }
}
