//! Web Push in this browser: asks for the permission, subscribes with the relay's key and tells the engine
//! where. What is subscribed follows what the engine knows: after a key has changed, or where the browser
//! has forgotten, it is put in order when the page is opened.

use gloo_timers::future::TimeoutFuture;
use hushclip_ui::{Asked, Command, View, Wake, Wakes, asked};
use js_sys::{Array, Promise, Reflect, Uint8Array};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{
    Notification, NotificationPermission, PushManager, PushSubscription, PushSubscriptionOptionsInit,
    ServiceWorkerRegistration,
};

/// The one address that the page's policy lets become a script.
const WORKER: &str = "/sw.js";
/// A browser whose push service is out of reach may wait for it without end.
const LIMIT_MS: u32 = 20_000;
/// Length of a key, an uncompressed point.
const KEY_LEN: usize = 65;

/// What goes on here. Whether the device is woken is the engine's to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Asking,
    /// The engine has been told and has not answered yet.
    Told,
    Blocked,
    Failed,
}

/// Why there is no subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The person, or a setting, does not allow it.
    Blocked,
    /// It went wrong.
    Failed,
}

impl From<JsValue> for Trouble {
    fn from(error: JsValue) -> Self {
        let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
        if name.as_deref() == Some("NotAllowedError") { Self::Blocked } else { Self::Failed }
    }
}

impl From<Trouble> for Phase {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Blocked => Self::Blocked,
            Trouble::Failed => Self::Failed,
        }
    }
}

/// What the engine knows of it: the relay's key and whether this device is to be woken.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    key: Option<[u8; KEY_LEN]>,
    push: bool,
}

/// What the settings show and do; none where the browser cannot be woken by a page.
pub(crate) fn offer(view: RwSignal<Option<View>>, send: UnsyncCallback<Asked>) -> Option<Wakes> {
    if !is_supported() {
        return None;
    }
    let phase = RwSignal::new(if is_denied() { Phase::Blocked } else { Phase::Idle });
    let known = Memo::new(move |_| {
        view.with(|view| {
            view.as_ref().map(|view| Known { key: view.push_key.as_deref().and_then(decode), push: view.push })
        })
    });
    Effect::new(move |_| {
        if let Some(known) = known.get()
            && phase.get_untracked() != Phase::Asking
        {
            spawn_local(put_in_order(known, phase, send));
        }
    });
    Effect::new(move |_| {
        view.track();
        if phase.get_untracked() == Phase::Told {
            phase.set(Phase::Idle);
        }
    });
    let state = move || match (phase.get(), known.get().is_some_and(|known| known.push)) {
        (Phase::Asking | Phase::Told, _) => Wake::Asking,
        (_, true) => Wake::On,
        (Phase::Idle, false) => Wake::Off,
        (Phase::Blocked, false) => Wake::Blocked,
        (Phase::Failed, false) => Wake::Failed,
    };
    let choose = move |on: bool| {
        let key = known.get_untracked().and_then(|known| known.key);
        phase.set(Phase::Asking);
        if on {
            // At once, while the browser still sees the tap.
            let asked = Notification::request_permission();
            spawn_local(
                async move { phase.set(start(asked, key, send).await.map_or_else(Phase::from, |()| Phase::Told)) },
            );
        } else {
            send.run(asked(Command::SetPush { endpoint: None }));
            spawn_local(async move {
                // Without an answer, the push service says one day that it is gone.
                let _ = stop().await;
                phase.set(Phase::Idle);
            });
        }
    };
    Some((Signal::derive(state), UnsyncCallback::new(choose)))
}

async fn start(
    granted: Result<Promise, JsValue>,
    key: Option<[u8; KEY_LEN]>,
    send: UnsyncCallback<Asked>,
) -> Result<(), Trouble> {
    JsFuture::from(granted?).await?;
    if Notification::permission() != NotificationPermission::Granted {
        return Err(Trouble::Blocked);
    }
    let key = key.ok_or(Trouble::Failed)?;
    let container = window().navigator().service_worker();
    JsFuture::from(container.register(WORKER)).await?;
    let registration: ServiceWorkerRegistration = limited(container.ready()?).await?.unchecked_into();
    let endpoint = subscribe(&registration.push_manager()?, &key).await?;
    send.run(asked(Command::SetPush { endpoint: Some(endpoint) }));
    Ok(())
}

async fn stop() -> Result<(), Trouble> {
    if let Some(registration) = registration().await?
        && let Some(subscription) = current(&registration.push_manager()?).await?
    {
        JsFuture::from(subscription.unsubscribe()?).await?;
    }
    Ok(())
}

/// Makes the subscription what the engine believes it to be.
async fn put_in_order(known: Known, phase: RwSignal<Phase>, send: UnsyncCallback<Asked>) {
    if !known.push {
        let _ = stop().await;
        return;
    }
    let Some(key) = known.key else { return };
    let Ok(Some(registration)) = registration().await else { return };
    clear(&registration).await;
    let Ok(manager) = registration.push_manager() else { return };
    match subscribe(&manager, &key).await {
        // Nothing new, mostly.
        Ok(endpoint) => send.run(asked(Command::SetPush { endpoint: Some(endpoint) })),
        Err(Trouble::Blocked) => {
            phase.set(Phase::Blocked);
            send.run(asked(Command::SetPush { endpoint: None }));
        }
        // It may work the next time.
        Err(Trouble::Failed) => {}
    }
}

/// The address of a subscription with this key: the one there is, or a new one.
async fn subscribe(manager: &PushManager, key: &[u8; KEY_LEN]) -> Result<String, Trouble> {
    if let Some(subscription) = current(manager).await? {
        let of = subscription.options().application_server_key()?;
        if of.is_some_and(|of| Uint8Array::new(&of).to_vec() == key) {
            return Ok(subscription.endpoint());
        }
        JsFuture::from(subscription.unsubscribe()?).await?;
    }
    let options = PushSubscriptionOptionsInit::new();
    options.set_user_visible_only(true);
    options.set_application_server_key_opt_u8_array(Some(&Uint8Array::from(key.as_slice())));
    let made: PushSubscription = limited(manager.subscribe_with_options(&options)?).await?.unchecked_into();
    Ok(made.endpoint())
}

async fn current(manager: &PushManager) -> Result<Option<PushSubscription>, Trouble> {
    let found = JsFuture::from(manager.get_subscription()?).await?;
    Ok((!found.is_null()).then(|| found.unchecked_into()))
}

async fn registration() -> Result<Option<ServiceWorkerRegistration>, Trouble> {
    let found = JsFuture::from(window().navigator().service_worker().get_registration()).await?;
    Ok((!found.is_undefined()).then(|| found.unchecked_into()))
}

/// Takes notifications away whose clips are on the screen now.
async fn clear(registration: &ServiceWorkerRegistration) {
    let Ok(asked) = registration.get_notifications() else { return };
    if let Ok(shown) = JsFuture::from(asked).await {
        for notification in Array::from(&shown).iter() {
            notification.unchecked_into::<Notification>().close();
        }
    }
}

/// What the promise gives, unless it takes too long.
async fn limited(promise: Promise) -> Result<JsValue, Trouble> {
    let late = future_to_promise(async {
        TimeoutFuture::new(LIMIT_MS).await;
        Err(JsValue::UNDEFINED)
    });
    Ok(JsFuture::from(Promise::race(&Array::of2(&promise, &late))).await?)
}

fn is_supported() -> bool {
    let has = |object: &JsValue, name: &str| Reflect::has(object, &name.into()).unwrap_or(false);
    let window = window();
    has(&window, "PushManager") && has(&window, "Notification") && has(&window.navigator(), "serviceWorker")
}

fn is_denied() -> bool {
    Notification::permission() == NotificationPermission::Denied
}

fn decode(hex: &str) -> Option<[u8; KEY_LEN]> {
    let mut key = [0; KEY_LEN];
    if hex.len() != 2 * KEY_LEN || !hex.is_ascii() {
        return None;
    }
    for (byte, digits) in key.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}
