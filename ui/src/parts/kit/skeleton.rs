//! What stands in the place of the screens until the first picture is there; the web page carries
//! the same in its HTML.

use leptos::prelude::*;

use super::icon::Mark;
use crate::text;

/// A quiet wait.
#[component]
pub(crate) fn Skeleton() -> impl IntoView {
    view! {
        <div class="skeleton" aria-busy="true">
            <Mark />
            <p>{text::loading()}</p>
        </div>
    }
}
