//! Reading a pairing link off another screen with the camera. What was read opens the same question
//! as a link that was followed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gloo_timers::future::TimeoutFuture;
use js_sys::{Function, Promise};
use leptos::html::Video;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use crate::camera::{self, Camera, CameraError};
use crate::focus::focus_soon;
use crate::host::{Host, LoadScanner, host};
use crate::parts::kit::{Icon, Shape, Sheet};
use crate::{entry, text};

/// Between two looks: the decoder shall not take the whole processor of a phone, milliseconds.
const PAUSE_MS: u32 = 100;

/// The button that opens the camera, where there may be one.
#[component]
pub(crate) fn Scan(
    /// Loads the decoder.
    load: LoadScanner,
) -> impl IntoView {
    let open = RwSignal::new(false);
    camera::is_offered().then(|| {
        view! {
            <button class="secondary" type="button" data-testid="scan" on:click=move |_| open.set(true)>
                <Icon shape=Shape::Camera />
                {text::scan()}
            </button>
            <p class="hint or">{text::scan_or()}</p>
            <Sheet open on_cancel=UnsyncCallback::new(move |()| open.set(false)) title="scan-title">
                <Scanner load open />
            </Sheet>
        }
    })
}

/// What the person is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Starting,
    Looking,
    NotALink,
    Elsewhere,
    Failed(&'static str),
}

impl Said {
    fn words(self) -> &'static str {
        match self {
            Self::Starting => text::scan_starting(),
            Self::Looking => text::scan_looking(),
            Self::NotALink => text::scan_not_a_link(),
            Self::Elsewhere => text::elsewhere(),
            Self::Failed(why) => why,
        }
    }
}

#[component]
fn Scanner(load: LoadScanner, open: RwSignal<bool>) -> impl IntoView {
    let host = host();
    let said = RwSignal::new(Said::Starting);
    let video = NodeRef::<Video>::new();
    let wanted = Arc::new(AtomicBool::new(true));
    on_cleanup({
        let wanted = Arc::clone(&wanted);
        move || wanted.store(false, Ordering::Relaxed)
    });
    // Within the press of the button, though the answer may take long.
    let decoder = load.run(());
    spawn_local(async move {
        if let Err(why) = look(host, decoder, video, said, open, &wanted).await {
            said.try_set(Said::Failed(why));
        }
    });
    focus_soon("#scan-title");
    let failed = move || matches!(said.get(), Said::Failed(_));
    view! {
        <div class="scan">
            <h2 id="scan-title" tabindex="-1" autofocus>{text::scan()}</h2>
            <video
                node_ref=video
                muted
                playsinline
                aria-label=text::scan_video()
                data-testid="scan-video"
                hidden=failed
            ></video>
            <p class="lead" class:wrong=failed role="status" data-testid="scan-said">{move || said.get().words()}</p>
            <button class="plain" type="button" data-testid="scan-cancel" on:click=move |_| open.set(false)>
                {text::cancel()}
            </button>
        </div>
    }
}

/// Looks until there is a pairing link or nobody wants it any more.
async fn look(
    host: Host,
    decoder: Promise,
    video: NodeRef<Video>,
    said: RwSignal<Said>,
    open: RwSignal<bool>,
    wanted: &AtomicBool,
) -> Result<(), &'static str> {
    let camera = Camera::start().await.map_err(words)?;
    let decode: Function =
        JsFuture::from(decoder).await.ok().and_then(|decode| decode.dyn_into().ok()).ok_or(text::scan_not_loaded())?;
    let Some(video) = video.try_get_untracked().flatten() else { return Ok(()) };
    camera.show(&video).await.map_err(words)?;
    said.try_set(Said::Looking);
    let own = host.platform().default_relay;
    while wanted.load(Ordering::Relaxed) {
        match camera.read(&video, &decode) {
            Some(text) if !entry::is_pairing_link(&text) => drop(said.try_set(Said::NotALink)),
            Some(link) if entry::is_elsewhere(&link, own.as_deref()) => drop(said.try_set(Said::Elsewhere)),
            Some(link) => {
                drop(camera);
                open.set(false);
                host.opened_link.set(Some(link));
                return Ok(());
            }
            None => {}
        }
        TimeoutFuture::new(PAUSE_MS).await;
    }
    Ok(())
}

fn words(error: CameraError) -> &'static str {
    match error {
        CameraError::Denied => text::scan_denied(),
        CameraError::Missing => text::scan_missing(),
        CameraError::Busy => text::scan_busy(),
    }
}
