//! Forgetting the account on this device.

use hushclip_model::Command;
use leptos::prelude::*;

use crate::host::host;
use crate::parts::kit::Confirm;
use crate::text;

/// Forgets the account, when asked for twice: there is no way back.
#[component]
pub(crate) fn Leave() -> impl IntoView {
    let host = host();
    view! {
        <Confirm
            label=text::leave()
            warning=text::leave_warning()
            yes=text::leave_sure()
            testid="leave"
            on_yes=UnsyncCallback::new(move |()| host.send(Command::Leave))
        />
    }
}
