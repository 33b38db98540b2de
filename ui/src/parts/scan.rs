//! The camera as a way in: looks for the QR code of a pairing link, decodes it here, and asks before
//! anything is joined. No picture leaves the page.

use std::time::Duration;

use leptos::html::{Canvas, Video};
use leptos::prelude::*;
use leptos::task::spawn_local;
use rqrr::PreparedImage;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement, MediaDevices, MediaStream, MediaStreamConstraints,
    MediaStreamTrack,
};

use crate::focus::focus_soon;
use crate::host::{Face, Host, host};
use crate::parts::icon::{Icon, Shape};
use crate::text;

/// How often a picture is looked at.
const LOOK: Duration = Duration::from_millis(150);
/// Longest side of the picture that is looked at, pixels: enough for a code that fills a third of it.
const SIDE: u32 = 720;

/// A button, and after it was pressed what the camera sees.
#[component]
pub(crate) fn Scan() -> impl IntoView {
    let host = host();
    let scanning = RwSignal::new(false);
    let offered = host.platform().face == Face::Web && media_devices().is_some();
    offered.then(|| {
        view! {
            {move || {
                if scanning.get() {
                    view! { <Viewfinder scanning /> }.into_any()
                } else {
                    view! {
                        <button
                            class="secondary"
                            type="button"
                            data-testid="scan"
                            on:click=move |_| scanning.set(true)
                        >
                            <Icon shape=Shape::Camera />
                            {text::SCAN}
                        </button>
                    }
                        .into_any()
                }
            }}
        }
    })
}

#[component]
fn Viewfinder(scanning: RwSignal<bool>) -> impl IntoView {
    let host = host();
    let (video, canvas) = (NodeRef::<Video>::new(), NodeRef::<Canvas>::new());
    let said = RwSignal::new(text::SCAN_HINT);
    let camera: StoredValue<Option<MediaStream>, LocalStorage> = StoredValue::new_local(None);
    let gone = StoredValue::new(false);
    Effect::new(move |_| {
        let Some(video) = video.get() else { return };
        spawn_local(async move {
            match open_camera().await {
                Ok(stream) if gone.get_value() => stop(&stream),
                Ok(stream) => {
                    video.set_src_object(Some(&stream));
                    // It plays by itself where this is refused.
                    let _ = video.play();
                    camera.set_value(Some(stream));
                }
                Err(problem) => said.set(problem),
            }
        });
    });
    let look = move || {
        let (Some(video), Some(canvas)) = (video.get_untracked(), canvas.get_untracked()) else { return };
        if let Some(found) = read(&video, &canvas) {
            match take(&found, host) {
                Ok(()) => scanning.set(false),
                Err(problem) => said.set(problem),
            }
        }
    };
    let ticking = set_interval_with_handle(look, LOOK);
    on_cleanup(move || {
        gone.set_value(true);
        if let Ok(ticking) = ticking {
            ticking.clear();
        }
        camera.update_value(|stream| {
            if let Some(stream) = stream.take() {
                stop(&stream);
            }
        });
    });
    focus_soon("[data-testid=scan-cancel]");
    let escape = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape" {
            event.prevent_default();
            scanning.set(false);
        }
    };
    view! {
        <div class="scan" on:keydown=escape>
            <p class="lead" role="status" data-testid="scan-said">{move || said.get()}</p>
            <video
                node_ref=video
                class="viewfinder"
                data-testid="viewfinder"
                autoplay
                muted
                playsinline
                aria-label=text::SCAN_PICTURE
            ></video>
            <canvas node_ref=canvas hidden></canvas>
            <button
                class="secondary"
                type="button"
                data-testid="scan-cancel"
                on:click=move |_| scanning.set(false)
            >
                {text::CANCEL}
            </button>
        </div>
    }
}

/// What was read becomes the link that was opened, and the person is asked about it.
fn take(found: &str, host: Host) -> Result<(), &'static str> {
    if !found.contains("/pair#") {
        return Err(text::SCAN_OTHER);
    }
    // The page may talk to its own relay only.
    if host.platform().default_relay.is_some_and(|own| !found.starts_with(&*own)) {
        return Err(text::ELSEWHERE);
    }
    host.opened_link.set(Some(found.to_owned()));
    Ok(())
}

/// Reads the code in the picture of this moment, if there is one.
fn read(video: &HtmlVideoElement, canvas: &HtmlCanvasElement) -> Option<String> {
    let (width, height) = (video.video_width(), video.video_height());
    let scale = width.max(height).div_ceil(SIDE).max(1);
    let (width, height) = (width / scale, height / scale);
    if width == 0 || height == 0 {
        return None;
    }
    canvas.set_width(width);
    canvas.set_height(height);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.unchecked_into();
    let (w, h) = (f64::from(width), f64::from(height));
    context.draw_image_with_html_video_element_and_dw_and_dh(video, 0.0, 0.0, w, h).ok()?;
    let pixels = context.get_image_data(0.0, 0.0, w, h).ok()?.data();
    decode(&pixels, width as usize, height as usize)
}

/// Reads a QR code (ISO/IEC 18004) out of RGBA pixels.
fn decode(pixels: &[u8], width: usize, height: usize) -> Option<String> {
    let grey = |x: usize, y: usize| {
        let at = 4 * (y * width + x);
        pixels.get(at..at + 3).map_or(255, |rgb| (rgb.iter().map(|c| u16::from(*c)).sum::<u16>() / 3) as u8)
    };
    let mut image = PreparedImage::prepare_from_greyscale(width, height, grey);
    image.detect_grids().iter().find_map(|grid| grid.decode().ok()).map(|(_, text)| text)
}

async fn open_camera() -> Result<MediaStream, &'static str> {
    let devices = media_devices().ok_or(text::SCAN_NONE)?;
    let wanted = MediaStreamConstraints::new();
    // The one that looks away from the person, where there are two.
    let video = js_sys::Object::new();
    let _ = js_sys::Reflect::set(&video, &"facingMode".into(), &"environment".into());
    wanted.set_video(&video);
    let asked = devices.get_user_media_with_constraints(&wanted).map_err(|_| text::SCAN_NONE)?;
    match JsFuture::from(asked).await {
        Ok(stream) => Ok(stream.unchecked_into()),
        Err(error) => {
            let error: web_sys::DomException = error.unchecked_into();
            Err(if error.name() == "NotAllowedError" { text::SCAN_DENIED } else { text::SCAN_NONE })
        }
    }
}

/// Only secure pages have a camera.
fn media_devices() -> Option<MediaDevices> {
    window().navigator().media_devices().ok().filter(|devices| !devices.is_undefined())
}

fn stop(stream: &MediaStream) {
    for track in stream.get_tracks() {
        track.unchecked_into::<MediaStreamTrack>().stop();
    }
}

#[cfg(test)]
mod tests {
    use qrcode::{Color, QrCode};

    use super::*;

    #[test]
    fn a_pairing_link_is_read_from_a_picture() {
        let link = format!("https://clips.example.org/pair#{}", "Ab3_-".repeat(20));
        let code = QrCode::new(&link).unwrap();
        let (modules, module, margin) = (code.width(), 5, 40);
        let side = modules * module + 2 * margin;
        let dark = |x: usize, y: usize| {
            let inside = |at: usize| at.checked_sub(margin).map(|at| at / module).filter(|at| *at < modules);
            inside(x).zip(inside(y)).is_some_and(|at| code[at] == Color::Dark)
        };
        let pixels: Vec<u8> = (0..side * side)
            .flat_map(|at| if dark(at % side, at / side) { [30, 30, 30, 255] } else { [210, 220, 200, 255] })
            .collect();
        assert_eq!(decode(&pixels, side, side), Some(link));
        assert_eq!(decode(&vec![200; 4 * 100 * 100], 100, 100), None);
        assert_eq!(decode(&[], 0, 0), None);
    }
}
