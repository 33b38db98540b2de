//! One tab has the account, and others can ask it for that. The one that has it starts anew, which ends its
//! engine as closing it would, and finds then that it is in use elsewhere.

use gloo_events::EventListener;
use gloo_timers::future::TimeoutFuture;
use hushclip_ui::Tab;
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{BroadcastChannel, Event, MessageEvent};

const CHANNEL: &str = "hushclip-tab";
const LET_GO: &str = "let go";
/// How long letting go may take.
const PATIENCE_MS: u32 = 4_000;
/// How long another tab that waits stands back.
const STAND_BACK_MS: u32 = 2_000;

/// Which tab has the account.
#[derive(Clone, Copy)]
pub(crate) struct Tabs {
    pub(crate) tab: RwSignal<Tab>,
    channel: StoredValue<Option<BroadcastChannel>, LocalStorage>,
    standing_back: StoredValue<bool>,
}

impl Tabs {
    pub(crate) fn new() -> Self {
        let channel = BroadcastChannel::new(CHANNEL).ok();
        let this = Self {
            tab: RwSignal::new(Tab::Here),
            channel: StoredValue::new_local(channel.clone()),
            standing_back: StoredValue::new(false),
        };
        if let Some(channel) = channel {
            let heard = move |event: &Event| {
                if event.unchecked_ref::<MessageEvent>().data().as_string().as_deref() == Some(LET_GO) {
                    this.asked();
                }
            };
            EventListener::new(&channel, "message", heard).forget();
        }
        this
    }

    /// Asks the tab that has it to let go.
    pub(crate) fn use_here(self) {
        if !matches!(self.tab.get_untracked(), Tab::Elsewhere | Tab::Silent) {
            return;
        }
        self.tab.set(Tab::Asked);
        self.channel.with_value(|channel| {
            if let Some(channel) = channel {
                // It cannot fail for a text.
                let _ = channel.post_message(&JsValue::from(LET_GO));
            }
        });
        spawn_local(async move {
            TimeoutFuture::new(PATIENCE_MS).await;
            if self.tab.get_untracked() == Tab::Asked {
                self.tab.set(Tab::Silent);
            }
        });
    }

    /// Another tab has it.
    pub(crate) fn is_elsewhere(self) {
        if self.tab.get_untracked() == Tab::Here {
            self.tab.set(Tab::Elsewhere);
        }
    }

    /// Leaves the way to a tab that has asked for it.
    pub(crate) async fn stand_back(self) {
        if self.standing_back.get_value() {
            TimeoutFuture::new(STAND_BACK_MS).await;
            self.standing_back.set_value(false);
        }
    }

    fn asked(self) {
        if self.tab.get_untracked() == Tab::Here {
            reload();
        } else {
            self.standing_back.set_value(true);
            self.tab.set(Tab::Elsewhere);
        }
    }
}

/// Starts the page anew.
pub(crate) fn reload() {
    // Where that is not allowed, the person can do it.
    let _ = window().location().reload();
}
