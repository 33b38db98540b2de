//! The newest clip that came from another device, offered where it does not go on the clipboard by itself.

use hushclip_model::settings::Apply;
use leptos::prelude::*;

use super::actions::{self, Copies};
use crate::focus::focus_soon;
use crate::host::host;
use crate::library::Library;
use crate::parts::kit::{Icon, Shape};
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
    // Its clip, and where that comes from.
    let offered = RwSignal::new(None::<(String, String)>);
    let copies = Copies::new();
    let answered = StoredValue::new(None::<String>);
    let narrowed = library.asks(Library::is_narrowed);
    Effect::new(move |_| {
        // It stays when the person looks elsewhere for a moment, and does not come back once it is answered.
        let fresh = library.newest_fresh().filter(|_| !narrowed.get_untracked());
        // Of a device that is out, nothing is offered.
        let fresh = fresh.filter(|id| library.peek(id, |clip| clip.late) != Some(true));
        let news = fresh.filter(|id| answered.with_value(|answered| answered.as_ref() != Some(id)));
        if let Some((id, from)) = news.and_then(|id| Some((id.clone(), library.peek(&id, |clip| clip.from.clone())?))) {
            offered.set(Some((id, from)));
        }
    });
    Effect::new(move |_| {
        // Deleted. Only left out of a search, it stays: coming back, it would move what is about to be pressed.
        let ids = library.ids();
        let gone = offered.with_untracked(|offered| offered.as_ref().is_some_and(|(id, _)| !ids.contains(id)));
        if gone && !narrowed.get_untracked() {
            offered.set(None);
        }
    });
    let newest = Memo::new(move |_| offered.get().filter(|_| offers.get()));
    let done = move || {
        answered.set_value(offered.get_untracked().map(|(id, _)| id));
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
                                <p class="words">{text::received(text::isolate(&from))}</p>
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
