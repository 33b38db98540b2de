//! What is left on a device that was removed from its account.

use hushclip_model::Command;
use leptos::prelude::*;

use crate::host::host;
use crate::parts::clips::Clips;
use crate::parts::kit::Confirm;
use crate::text;

/// Says what happened.
#[component]
pub(crate) fn Former() -> impl IntoView {
    let host = host();
    let clips = host.follow(|view| !view.clips.is_empty());
    view! {
        <section class="card note" role="status" data-testid="removed">
            <h2>{text::removed()}</h2>
            <p class="lead">{move || if clips.get() { text::removed_clips() } else { text::removed_empty() }}</p>
        </section>
    }
}

/// The clips that the device had, and the way to delete them.
#[component]
pub(crate) fn FormerClips() -> impl IntoView {
    let host = host();
    let clips = host.follow(|view| !view.clips.is_empty());
    let alone = Memo::new(|_| true);
    view! {
        <Show when=move || clips.get()>
            <section class="former">
                <h2>{text::removed_list()}</h2>
                <Clips alone />
                <Confirm
                    label=text::delete_clips()
                    warning=text::delete_clips_warning()
                    yes=text::delete_clips_sure()
                    testid="delete-clips"
                    on_yes=UnsyncCallback::new(move |()| host.send(Command::Leave))
                />
            </section>
        </Show>
    }
}
