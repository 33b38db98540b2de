//! One WebSocket. Dropping it closes it and silences it: nothing of it is heard afterwards.

use gloo_events::EventListener;
use hushclip_driver::Said;
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

/// What keeps a connection of the platform's answered without waking anybody.
const PING: &str = "ping";
const PONG: &str = "pong";

/// An open socket, or one that opens.
pub(crate) struct Socket {
    inner: WebSocket,
    _listeners: [EventListener; 3],
}

impl Socket {
    /// Starts to open a socket. An error means that the browser refuses to try.
    pub(crate) fn open(url: &str, heard: impl Fn(Said) + Clone + 'static) -> Result<Self, JsValue> {
        let socket = WebSocket::new(url)?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let listen = |event: &'static str, said: fn(&Event) -> Said| {
            let heard = heard.clone();
            EventListener::new(&socket, event, move |event| heard(said(event)))
        };
        let listeners = [listen("open", |_| Said::Opened), listen("message", message), listen("close", closed)];
        Ok(Self { inner: socket, _listeners: listeners })
    }

    /// Sends a binary message. One that does not leave is no loss: the close that follows is heard.
    pub(crate) fn send(&self, frame: &[u8]) {
        let _ = self.inner.send_with_u8_array(frame);
    }

    pub(crate) fn ping(&self) {
        let _ = self.inner.send_with_str(PING);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = self.inner.close();
    }
}

/// Text that is no pong is passed on as a frame, which the engine finds malformed.
fn message(event: &Event) -> Said {
    let data = event.unchecked_ref::<MessageEvent>().data();
    match data.dyn_ref::<ArrayBuffer>() {
        Some(buffer) => Said::Frame(Uint8Array::new(buffer).to_vec()),
        None if data.as_string().as_deref() == Some(PONG) => Said::Pong,
        None => Said::Frame(Vec::new()),
    }
}

fn closed(event: &Event) -> Said {
    Said::Closed { code: Some(event.unchecked_ref::<CloseEvent>().code()) }
}
