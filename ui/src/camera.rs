//! The camera and the pictures from it. Its light goes out when the last owner of [`Camera`] goes.

use js_sys::{Function, Reflect};
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CanvasRenderingContext2d, ContextAttributes2d, DomException, HtmlCanvasElement, HtmlVideoElement, MediaDevices,
    MediaStream, MediaStreamConstraints, MediaStreamTrack, MediaTrackConstraints,
};

/// Longest side of what is looked at: enough for a code that fills a third of it.
const LONGEST_SIDE: u32 = 960;

/// Why there is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CameraError {
    /// The person or the browser said no.
    Denied,
    /// There is no camera.
    Missing,
    /// Another program has it, or it does not work.
    Busy,
}

/// A running camera.
pub(crate) struct Camera {
    stream: MediaStream,
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
}

/// Whether there is a way to ask for one; none on pages without a secure origin.
pub(crate) fn is_offered() -> bool {
    devices().is_some()
}

impl Camera {
    /// Asks for the camera that looks away from the person, if there are several.
    pub(crate) async fn start() -> Result<Self, CameraError> {
        let devices = devices().ok_or(CameraError::Missing)?;
        let wish = MediaTrackConstraints::new();
        wish.set_facing_mode_str("environment");
        let constraints = MediaStreamConstraints::new();
        constraints.set_video(&wish);
        let asked = devices.get_user_media_with_constraints(&constraints).map_err(|error| reason(&error))?;
        let stream: MediaStream = JsFuture::from(asked).await.map_err(|error| reason(&error))?.unchecked_into();
        let canvas = document().create_element("canvas").ok().and_then(|canvas| canvas.dyn_into().ok());
        let canvas: HtmlCanvasElement = canvas.ok_or(CameraError::Busy)?;
        // Read back all the time, so it had better not live on the graphics card.
        let options = ContextAttributes2d::new();
        options.set_will_read_frequently(true);
        let context = canvas.get_context_with_context_options("2d", &options).ok().flatten();
        let context = context.and_then(|context| context.dyn_into().ok()).ok_or(CameraError::Busy)?;
        Ok(Self { stream, canvas, context })
    }

    /// Shows what it sees in `video`.
    pub(crate) async fn show(&self, video: &HtmlVideoElement) -> Result<(), CameraError> {
        video.set_src_object(Some(&self.stream));
        let playing = video.play().map_err(|error| reason(&error))?;
        JsFuture::from(playing).await.map_err(|error| reason(&error))?;
        Ok(())
    }

    /// Calls `decode` with the picture that `video` shows now: pixels, width, height.
    pub(crate) fn read(&self, video: &HtmlVideoElement, decode: &Function) -> Option<String> {
        let (width, height) = fit(video.video_width(), video.video_height())?;
        if (self.canvas.width(), self.canvas.height()) != (width, height) {
            self.canvas.set_width(width);
            self.canvas.set_height(height);
        }
        let (w, h) = (f64::from(width), f64::from(height));
        self.context.draw_image_with_html_video_element_and_dw_and_dh(video, 0.0, 0.0, w, h).ok()?;
        let picture = self.context.get_image_data(0.0, 0.0, w, h).ok()?;
        // The pixels go from script to script: no need to copy them through here.
        let pixels = Reflect::get(&picture, &"data".into()).ok()?;
        decode.call3(&JsValue::UNDEFINED, &pixels, &width.into(), &height.into()).ok()?.as_string()
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        for track in self.stream.get_tracks() {
            track.unchecked_into::<MediaStreamTrack>().stop();
        }
    }
}

/// The size to look at; `None` before the first picture.
fn fit(width: u32, height: u32) -> Option<(u32, u32)> {
    let longest = width.max(height);
    let shortest = width.min(height);
    if shortest == 0 {
        return None;
    }
    let scaled = |side: u32| (u64::from(side) * u64::from(LONGEST_SIDE) / u64::from(longest)).max(1) as u32;
    Some(if longest <= LONGEST_SIDE { (width, height) } else { (scaled(width), scaled(height)) })
}

fn reason(error: &JsValue) -> CameraError {
    let name = error.dyn_ref::<DomException>().map(DomException::name).unwrap_or_default();
    match name.as_str() {
        "NotAllowedError" | "SecurityError" => CameraError::Denied,
        "NotFoundError" | "OverconstrainedError" => CameraError::Missing,
        _ => CameraError::Busy,
    }
}

fn devices() -> Option<MediaDevices> {
    window().navigator().media_devices().ok().filter(|devices| devices.is_object())
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn pictures_keep_their_shape() {
        assert_eq!(fit(640, 480), Some((640, 480)));
        assert_eq!(fit(1_920, 1_080), Some((960, 540)));
        assert_eq!(fit(1_080, 1_920), Some((540, 960)));
        assert_eq!(fit(0, 0), None);
    }
}
