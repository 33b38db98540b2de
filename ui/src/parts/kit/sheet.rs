//! A sheet above everything; the browser keeps the keyboard in it and gives it back afterwards.

use leptos::ev::Event;
use leptos::html::Dialog;
use leptos::prelude::*;

/// Shows its children while `open`.
#[component]
pub(crate) fn Sheet(
    /// Whether it is shown.
    #[prop(into)]
    open: Signal<bool>,
    /// The person pressed Escape.
    on_cancel: UnsyncCallback<()>,
    /// Identifier of its title.
    title: &'static str,
    /// What else it is, for its looks.
    #[prop(optional)]
    class: &'static str,
    children: ChildrenFn,
) -> impl IntoView {
    let sheet = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let open = open.get();
        let Some(sheet) = sheet.get() else { return };
        if open && !sheet.open() {
            // Fails only for a sheet that is not in the page, which then has nobody to show it to.
            let _ = sheet.show_modal();
        } else if !open && sheet.open() {
            sheet.close();
        }
    });
    let children = StoredValue::new(children);
    view! {
        <dialog class=format!("sheet {class}") node_ref=sheet aria-labelledby=title on:cancel=move |_: Event| on_cancel.run(())>
            <Show when=move || open.get()>{children.with_value(|children| children())}</Show>
        </dialog>
    }
}
