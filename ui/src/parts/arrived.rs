//! The newest clip that came from another device, offered where it does not go on the clipboard by itself.

use hushclip_engine::settings::Apply;
use leptos::prelude::*;

use crate::focus::focus_soon;
use crate::host::host;
use crate::parts::actions::{self, Copies};
use crate::parts::icon::{Icon, Shape};
use crate::text;

/// Offers to put it on the clipboard.
#[component]
pub(crate) fn Arrived() -> impl IntoView {
    let host = host();
    let library = host.library;
    let unasked = host.platform().extension;
    // A page may not write the clipboard unasked, whatever is chosen.
    let offers = host.follow(move |view| match view.settings.apply {
        Apply::Always => !unasked,
        Apply::Ask => true,
        Apply::Never => false,
    });
    let offered = RwSignal::new(None::<String>);
    let copies = Copies::new();
    Effect::new(move |_| {
        // It stays when the person looks elsewhere for a moment.
        if let Some(id) = library.newest_fresh() {
            offered.set(Some(id));
        }
    });
    let newest = Memo::new(move |_| {
        let id = offered.get().filter(|id| offers.get() && library.ids().contains(id))?;
        let from = library.peek(&id, |clip| clip.from.clone())?;
        Some((id, from))
    });
    let done = move || {
        offered.set(None);
        focus_soon("#search, h1");
    };
    view! {
        <section class="arrived" aria-label=text::arrived() role="status">
            {move || {
                newest
                    .get()
                    .map(|(id, from)| {
                        let id = StoredValue::new(id);
                        view! {
                            <div class="alert" data-testid="arrived">
                                <Icon shape=Shape::Paste />
                                <p class="words">{text::received(from)}</p>
                                <button
                                    class="primary small"
                                    type="button"
                                    data-testid="arrived-copy"
                                    on:click=move |_| {
                                        actions::copy(host, id.get_value(), false, copies);
                                        done();
                                    }
                                >
                                    {text::put_on_clipboard()}
                                </button>
                                <button
                                    class="bare"
                                    type="button"
                                    aria-label=text::dismiss()
                                    title=text::dismiss()
                                    on:click=move |_| done()
                                >
                                    <Icon shape=Shape::Close />
                                </button>
                            </div>
                        }
                    })
            }}
        </section>
    }
}
