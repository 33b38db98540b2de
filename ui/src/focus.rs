//! Where the keyboard is: moves it when a screen changes and between the clips of the list.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};

/// Focuses the first element that fits `selector`, once what is being drawn is drawn.
pub(crate) fn focus_soon(selector: &'static str) {
    request_animation_frame(move || {
        if let Ok(Some(element)) = document().query_selector(selector) {
            focus(&element);
        }
    });
}

/// Arrow keys, Home and End in a list whose rows each have one `.copy` button.
pub(crate) fn walk(event: &KeyboardEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let Some(row) = target.and_then(|target| target.closest("li").ok().flatten()) else { return };
    let list = row.parent_element();
    let next = match event.key().as_str() {
        "ArrowDown" => row.next_element_sibling(),
        "ArrowUp" => row.previous_element_sibling(),
        "Home" => list.and_then(|list| list.first_element_child()),
        "End" => list.and_then(|list| list.last_element_child()),
        _ => return,
    };
    if let Some(button) = next.and_then(|row| row.query_selector(".copy").ok().flatten()) {
        event.prevent_default();
        focus(&button);
    }
}

/// Focuses the clip that this element belongs to.
pub(crate) fn to_copy_of(element: Option<&Element>) {
    let row = element.and_then(|element| element.closest("li.clip").ok().flatten());
    if let Some(copy) = row.and_then(|row| row.query_selector(".copy").ok().flatten()) {
        focus(&copy);
    }
}

/// The clip that has the keyboard is about to go: its neighbour gets it.
pub(crate) fn leave_row() {
    let row = document().active_element().and_then(|element| element.closest("li.clip").ok().flatten());
    let Some(row) = row else { return };
    match row.next_element_sibling().or_else(|| row.previous_element_sibling()) {
        Some(next) => to_copy_of(Some(&next)),
        None => focus_soon("#search, h1"),
    }
}

/// Whether what is typed goes into a field.
pub(crate) fn is_typing(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| matches!(target.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}

/// Brings an element into sight, out from behind the bars.
pub(crate) fn show(element: &Element) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Focuses an element, if it can have the keyboard.
pub(crate) fn focus(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        // An element that cannot be focused leaves the keyboard where it is.
        let _ = element.focus();
    }
}
