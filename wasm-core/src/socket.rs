//! One WebSocket. Dropping it closes it and silences it: nothing of it is heard afterwards.

use hushclip_driver::Said;
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

/// What keeps a connection of the platform's answered without waking anybody.
const PING: &str = "ping";
const PONG: &str = "pong";

/// An open socket, or one that opens.
pub(crate) struct Socket {
    inner: WebSocket,
    _opened: Closure<dyn FnMut()>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Starts to open a socket. An error means that the browser refuses to try.
    pub(crate) fn open(url: &str, heard: impl Fn(Said) + Clone + 'static) -> Result<Self, JsValue> {
        let socket = WebSocket::new(url)?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let tell = heard.clone();
        let opened = Closure::new(move || tell(Said::Opened));
        let tell = heard.clone();
        let message = Closure::new(move |message: MessageEvent| tell(event_of(&message.data())));
        let closed = Closure::new(move |close: CloseEvent| heard(Said::Closed { code: Some(close.code()) }));
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        Ok(Self { inner: socket, _opened: opened, _message: message, _closed: closed })
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
        self.inner.set_onopen(None);
        self.inner.set_onmessage(None);
        self.inner.set_onclose(None);
        let _ = self.inner.close();
    }
}

/// Text that is no pong is passed on as a frame, which the engine finds malformed.
fn event_of(data: &JsValue) -> Said {
    match data.dyn_ref::<ArrayBuffer>() {
        Some(buffer) => Said::Frame(Uint8Array::new(buffer).to_vec()),
        None if data.as_string().as_deref() == Some(PONG) => Said::Pong,
        None => Said::Frame(Vec::new()),
    }
}
