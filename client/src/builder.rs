//! How a device is set up and started, on a thread of its own.

use std::thread;

use tokio::runtime::Builder as Runtime;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::client::Client;
use crate::device::{Device, Seen};
use crate::error::{Error, Result};
use crate::socket::Connect;
use crate::store::{Memory, Store};
use crate::websocket::WebSocket;

/// How many events a listener may leave unread.
const UNREAD: usize = 1024;

/// How a device is set up.
#[must_use = "nothing happens before it is opened"]
pub struct Builder {
    store: Box<dyn Store>,
    connect: Box<dyn Connect>,
}

impl Builder {
    /// Where the device keeps what it knows; [`Memory`] by default.
    pub fn store(self, store: impl Store) -> Self {
        Self { store: Box::new(store), ..self }
    }

    /// How it reaches the relay; [`WebSocket`] by default.
    pub fn connect(self, connect: impl Connect) -> Self {
        Self { connect: Box::new(connect), ..self }
    }

    /// Reads what is stored and starts the device, on a thread of its own. If it is in an account, it connects.
    pub async fn open(self) -> Result<Client> {
        let (asks, asked) = mpsc::unbounded_channel();
        let seen = Seen {
            status: watch::Sender::default(),
            newest: watch::Sender::default(),
            events: broadcast::Sender::new(UNREAD),
            end: watch::Sender::default(),
        };
        let (opened, open) = oneshot::channel();
        let of_device = seen.clone();
        let live = move || {
            let _guard = PanicGuard(of_device.clone());
            let runtime = match Runtime::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(opened.send(Err(Error::System(error.to_string())))),
            };
            runtime.block_on(async {
                match Device::open(self.store, self.connect, of_device) {
                    Ok(device) => {
                        if opened.send(Ok(())).is_ok() {
                            device.run(asked).await;
                        }
                    }
                    Err(error) => drop(opened.send(Err(error))),
                }
            });
        };
        thread::Builder::new().name("hushclip".into()).spawn(live).map_err(|error| Error::System(error.to_string()))?;
        open.await.unwrap_or(Err(Error::Closed))?;
        Ok(Client::new(asks, seen))
    }
}

/// A store or a socket of the program's own may panic: then whoever waits must hear that the device has ended.
struct PanicGuard(Seen);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end.send_replace(Some(Err(Error::System("the device panicked".into()))));
        }
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Builder")
    }
}

impl Client {
    /// A device that keeps nothing and speaks WebSocket, unless the builder is told otherwise.
    pub fn builder() -> Builder {
        Builder { store: Box::new(Memory::new()), connect: Box::new(WebSocket) }
    }
}
