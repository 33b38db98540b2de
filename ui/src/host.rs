//! What every screen reaches through the context: the picture to draw, the way to ask for things,
//! the clock, and what this platform can do.

use hushclip_engine::{Command, LockCommand, LockView, View};
use leptos::prelude::*;

use crate::agent::device_name;
use crate::clipboard;
use crate::news::News;
use crate::place::Places;
use crate::time;

/// Where the screens are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// A page of its own: phones and desktops.
    Web,
    /// The extension's popup: 380 by at most 600 pixels.
    Popup,
}

/// What the surroundings offer.
#[derive(Clone)]
pub struct Platform {
    /// Where the screens are shown.
    pub face: Face,
    /// What this device might be called, such as "Firefox on Linux".
    pub default_name: String,
    /// Origin of the only relay that can be used here, if there is one.
    pub default_relay: Option<String>,
    /// The pairing link this page was opened with, already gone from the address bar.
    pub opened_link: Option<String>,
    /// Whether the browser lets a page read the clipboard after a tap.
    pub can_read_clipboard: bool,
}

impl Platform {
    /// What this browser offers. A page proposes where it comes from as the relay; a popup has none
    /// to propose.
    pub fn here(face: Face, opened_link: Option<String>) -> Self {
        let origin = location().origin().ok();
        Self {
            face,
            default_name: device_name(&window().navigator().user_agent().unwrap_or_default()),
            default_relay: origin.filter(|_| face == Face::Web),
            opened_link,
            can_read_clipboard: clipboard::can_read(),
        }
    }
}

/// Gives a promise of a JavaScript function from pixels (RGBA), width and height to the text of the
/// QR code among them, or to nothing.
pub type LoadScanner = UnsyncCallback<(), js_sys::Promise>;

/// How it stands with being woken while the app is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// This device is not woken.
    Off,
    /// The browser is asking, or its push service is.
    Asking,
    /// It is woken.
    On,
    /// The browser does not let the page show notifications.
    Blocked,
    /// The browser's push service did not take part.
    Failed,
}

/// How that stands, and what changes it: `true` turns it on. Has to be called within a tap.
pub type Wakes = (Signal<Wake>, UnsyncCallback<bool>);

/// The context of all screens.
#[derive(Clone, Copy)]
pub(crate) struct Host {
    view: Signal<Option<View>>,
    lock: Signal<Option<LockView>>,
    send: UnsyncCallback<Command>,
    ask: Option<UnsyncCallback<LockCommand>>,
    platform: StoredValue<Platform>,
    /// The present, in milliseconds, each second.
    pub(crate) now: ReadSignal<u64>,
    /// The present, every ten seconds: enough for ages.
    pub(crate) lately: Memo<u64>,
    /// The pairing link that was opened and not yet answered.
    pub(crate) opened_link: RwSignal<Option<String>>,
    /// Where passing news goes.
    pub(crate) news: News,
    /// What is shown of an account.
    pub(crate) places: Places,
    /// Loads the decoder of QR codes, where a camera may be asked for.
    pub(crate) scan: Option<LoadScanner>,
    /// Being woken, where the browser can do that.
    pub(crate) wake: Option<Wakes>,
}

impl Host {
    pub(crate) fn new(
        view: Signal<Option<View>>,
        lock: Signal<Option<LockView>>,
        send: UnsyncCallback<Command>,
        ask: Option<UnsyncCallback<LockCommand>>,
        platform: Platform,
        scan: Option<LoadScanner>,
        wake: Option<Wakes>,
    ) -> Self {
        let now = time::clock();
        Self {
            places: Places::new(platform.face),
            scan,
            wake,
            view,
            lock,
            send,
            ask,
            now,
            lately: Memo::new(move |_| now.get() / 10_000 * 10_000),
            opened_link: RwSignal::new(platform.opened_link.clone()),
            platform: StoredValue::new(platform),
            news: News::new(),
        }
    }

    /// Asks for something.
    pub(crate) fn send(&self, command: Command) {
        self.send.run(command);
    }

    /// Whether this device can be locked at all.
    pub(crate) fn has_lock(&self) -> bool {
        self.ask.is_some()
    }

    /// Asks something of the lock.
    pub(crate) fn ask(&self, command: LockCommand) {
        if let Some(ask) = self.ask {
            ask.run(command);
        }
    }

    /// A part of how the lock stands, followed as it changes.
    pub(crate) fn follow_lock<T: PartialEq + Send + Sync + 'static>(
        &self,
        part: impl Fn(&LockView) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        let lock = self.lock;
        Memo::new(move |_| lock.with(|lock| lock.as_ref().map_or_else(|| part(&LockView::default()), &part)))
    }

    /// A part of the picture, followed as it changes.
    pub(crate) fn follow<T: PartialEq + Send + Sync + 'static>(
        &self,
        part: impl Fn(&View) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        let view = self.view;
        Memo::new(move |_| view.with(|view| view.as_ref().map_or_else(|| part(&View::default()), &part)))
    }

    /// A part of the picture as it is now.
    pub(crate) fn peek<T>(&self, part: impl FnOnce(&View) -> T) -> T {
        self.view.with_untracked(|view| match view {
            Some(view) => part(view),
            None => part(&View::default()),
        })
    }

    /// What the surroundings offer.
    pub(crate) fn platform(&self) -> Platform {
        self.platform.get_value()
    }
}

/// The context of all screens.
pub(crate) fn host() -> Host {
    expect_context()
}
