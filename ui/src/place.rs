//! Where in an account a person looks: the clips, the devices or the settings. In the web app each
//! is a step in the browser's history, so that a phone's Back leads to the clips and not away.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::host::Face;

/// What is shown of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Place {
    #[default]
    Clips,
    Devices,
    Settings,
}

impl Place {
    fn word(self) -> &'static str {
        match self {
            Self::Clips => "",
            Self::Devices => "devices",
            Self::Settings => "settings",
        }
    }

    fn of(state: &JsValue) -> Self {
        match state.as_string().as_deref() {
            Some("devices") => Self::Devices,
            Some("settings") => Self::Settings,
            _ => Self::Clips,
        }
    }
}

/// The way between the places.
#[derive(Clone, Copy)]
pub(crate) struct Places {
    shown: RwSignal<Place>,
    in_history: bool,
}

impl Places {
    /// Starts where the page was before it was reloaded.
    pub(crate) fn new(face: Face) -> Self {
        let in_history = face == Face::Web;
        let known = || window().history().and_then(|history| history.state()).map(|state| Place::of(&state));
        let start = if in_history { known().unwrap_or_default() } else { Place::Clips };
        let shown = RwSignal::new(start);
        if in_history {
            let handle = window_event_listener(ev::popstate, move |event| shown.set(Place::of(&event.state())));
            on_cleanup(move || handle.remove());
        }
        Self { shown, in_history }
    }

    /// What is shown, followed.
    pub(crate) fn get(self) -> Place {
        self.shown.get()
    }

    /// Leaves the clips for another place.
    pub(crate) fn go(self, place: Place) {
        if self.in_history && self.shown.get_untracked() == Place::Clips {
            // Without an entry, Back leaves the page, and the page works all the same.
            let _ = window().history().and_then(|history| history.push_state(&place.word().into(), ""));
        }
        self.shown.set(place);
    }

    /// Returns to the clips.
    pub(crate) fn back(self) {
        if self.shown.get_untracked() == Place::Clips {
            return;
        }
        if self.in_history {
            // The listener sees it too; this only saves the wait.
            let _ = window().history().and_then(|history| history.back());
        }
        self.shown.set(Place::Clips);
    }
}
