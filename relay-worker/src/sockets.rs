//! A mailbox's sockets by name, and the names by socket.

use std::collections::HashMap;

use hushclip_protocol::ids::ConnId;
use wasm_bindgen::prelude::*;
use web_sys::WebSocket;

#[wasm_bindgen]
extern "C" {
    /// A JavaScript `Map` from sockets to numbers: one call into it costs less than a socket's tags do.
    #[wasm_bindgen(js_name = Map)]
    type Numbers;
    #[wasm_bindgen(constructor, js_class = "Map")]
    fn new() -> Numbers;
    #[wasm_bindgen(method)]
    fn get(this: &Numbers, socket: &WebSocket) -> Option<u32>;
    #[wasm_bindgen(method)]
    fn set(this: &Numbers, socket: &WebSocket, number: u32);
    #[wasm_bindgen(method)]
    fn delete(this: &Numbers, socket: &WebSocket);
}

/// The sockets that are open.
pub(crate) struct Sockets {
    by_name: HashMap<ConnId, WebSocket>,
    names: HashMap<u32, ConnId>,
    numbers: Numbers,
    /// The next number; none is used twice.
    next: u32,
}

impl Sockets {
    pub(crate) fn new() -> Self {
        Self { by_name: HashMap::new(), names: HashMap::new(), numbers: Numbers::new(), next: 0 }
    }

    pub(crate) fn insert(&mut self, conn: ConnId, socket: WebSocket) {
        self.numbers.set(&socket, self.next);
        self.names.insert(self.next, conn);
        self.next += 1;
        self.by_name.insert(conn, socket);
    }

    pub(crate) fn get(&self, conn: &ConnId) -> Option<&WebSocket> {
        self.by_name.get(conn)
    }

    /// The name of a socket, if it is one of these.
    pub(crate) fn name(&self, socket: &WebSocket) -> Option<ConnId> {
        self.names.get(&self.numbers.get(socket)?).copied()
    }

    pub(crate) fn remove(&mut self, conn: &ConnId) -> Option<WebSocket> {
        let socket = self.by_name.remove(conn)?;
        if let Some(number) = self.numbers.get(&socket) {
            self.names.remove(&number);
            self.numbers.delete(&socket);
        }
        Some(socket)
    }
}
