//! What only a page of its own has to do with: newer builds, installing, what the browser keeps, other tabs,
//! and what is shared to it from outside. The host says how things stand; the screens ask it to act.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A newer build of the app.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Update {
    /// There is none.
    #[default]
    None,
    /// It is here, and waits to be asked for.
    Ready,
    /// It was asked for.
    Switching,
    /// Another tab has asked for it: this one is of the old build.
    Elsewhere,
}

/// How the app can be installed here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Install {
    /// There is no way, or none is known.
    #[default]
    None,
    /// The browser asks, if it is told to.
    Offered,
    /// By hand, in Safari on a phone or tablet. What is not installed may be deleted after a week.
    HomeScreen,
    /// By hand, in Safari on a computer, for the same reason.
    Dock,
    /// By hand, through the browser's menu.
    Menu,
    /// It is installed, and this is it.
    Done,
}

/// Whether the browser keeps what the app has stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kept {
    /// It has not been asked, or says nothing.
    #[default]
    Unknown,
    /// It has promised to.
    Yes,
    /// It may delete it when it is short of room.
    No,
    /// It was asked for the promise and did not give it.
    Refused,
}

/// Which tab has the account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tab {
    /// This one, or it is not known yet.
    #[default]
    Here,
    /// Another.
    Elsewhere,
    /// Another, which was asked to let go.
    Asked,
    /// Another, which was asked and does not answer.
    Silent,
}

/// What the app was opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Send what is on the clipboard. Any web page can wish for that, so it leads to the button only.
    Paste,
    /// See the devices.
    Devices,
    /// See the clip that a notification told of.
    Newest,
    /// Something was shared and has not arrived.
    ShareAgain,
    /// Something was shared that is larger than any clip.
    ShareTooLarge,
    /// Something was shared while too much waits already.
    ShareFull,
    /// What was shared was taken by the tab that has the account.
    SharedElsewhere,
}

/// A text that was shared to the app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shared {
    /// By which whoever keeps it knows it.
    pub name: String,
    /// When it came, milliseconds.
    pub at: f64,
    /// The text.
    pub text: String,
}

/// What is asked of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageAsk {
    /// Go over to the newer build.
    Update,
    /// Let the browser ask whether to install. Has to be asked within a tap.
    Install,
    /// Offer that no more.
    InstallLater,
    /// Ask the browser to keep what is stored.
    Keep,
    /// Have the account in this tab.
    UseHere,
    /// Look whether there is anything new.
    Refresh,
}

/// How things stand with the page, and what changes them.
#[derive(Clone, Copy)]
pub struct Page {
    /// A newer build.
    pub update: Signal<Update>,
    /// How the app can be installed.
    pub install: Signal<Install>,
    /// The person does not want to be offered that any more.
    pub install_later: Signal<bool>,
    /// Whether the browser keeps what is stored.
    pub kept: Signal<Kept>,
    /// Which tab has the account.
    pub tab: Signal<Tab>,
    /// What was shared, by a person or by any web page; the screens take it once it is sent, or not wanted.
    pub shared: RwSignal<Vec<Shared>>,
    /// A pairing link that was opened while the app was; the screens take it.
    pub link: RwSignal<Option<String>>,
    /// What the app was opened for; the screens take it.
    pub wish: RwSignal<Option<Wish>>,
    /// What is asked of the host.
    pub ask: UnsyncCallback<PageAsk>,
}
