//! A relay for tests: real mailboxes behind real WebSockets, in memory. It can go away and come
//! back with all that it had stored.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt as _, StreamExt as _};
use hushclip_mailbox::{Event, Mailbox, MemoryStore, Nameplate, Peer, Policy, Registration, Reply};
use hushclip_protocol::frame::ToDevice;
use hushclip_protocol::ids::{ConnId, MailboxId, Nonce};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

#[derive(Default)]
struct Rooms {
    mailboxes: HashMap<MailboxId, Mailbox<MemoryStore>>,
    sockets: HashMap<ConnId, UnboundedSender<Message>>,
    nameplates: HashMap<u32, Nameplate>,
    policy: Arc<Policy>,
    /// What a proxy passes on in place of the name that was dialled.
    called: Option<String>,
    lie: Option<Lie>,
}

/// What a lying relay says in place of a frame; `None` for the frame itself.
pub(crate) type Lie = fn(&ToDevice) -> Option<Message>;

/// A copy of everything that a relay had stored.
pub(crate) struct Backup(Vec<(MailboxId, MemoryStore)>);

/// A relay; dropping it stops it.
pub(crate) struct Relay {
    address: SocketAddr,
    rooms: Arc<Mutex<Rooms>>,
    runtime: Option<Runtime>,
}

impl Relay {
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut relay = Self { address: listener.local_addr().unwrap(), rooms: Arc::default(), runtime: None };
        relay.listen(listener);
        relay
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets new accounts in by this token only.
    pub(crate) fn want_token(&self, token: &str) {
        let registration = Registration::Token(token.into());
        self.rooms.lock().unwrap().policy = Arc::new(Policy { registration, ..Policy::default() });
    }

    /// Is told another name than devices dial, as behind a proxy that does not pass it on.
    pub(crate) fn be_called(&self, name: Option<&str>) {
        self.rooms.lock().unwrap().called = name.map(str::to_owned);
    }

    /// Everything that is stored, in one piece.
    pub(crate) fn dump(&self) -> Vec<u8> {
        self.rooms.lock().unwrap().mailboxes.values().flat_map(|mailbox| mailbox.store().dump()).collect()
    }

    /// From here on it lies, or no longer.
    pub(crate) fn lie(&self, lie: Option<Lie>) {
        self.rooms.lock().unwrap().lie = lie;
    }

    /// What is stored, to be put back later.
    pub(crate) fn back_up(&self) -> Backup {
        let rooms = self.rooms.lock().unwrap();
        Backup(rooms.mailboxes.iter().map(|(id, mailbox)| (*id, mailbox.store().clone())).collect())
    }

    /// Goes away, and comes back with what was stored before.
    pub(crate) fn put_back(&mut self, backup: Backup) {
        self.go_away();
        let mailboxes = backup.0.into_iter().map(|(id, store)| (id, restore(id, store))).collect();
        self.rooms.lock().unwrap().mailboxes = mailboxes;
        self.come_back();
    }

    /// Cuts all sockets and answers nobody any more.
    pub(crate) fn go_away(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
        let mut rooms = self.rooms.lock().unwrap();
        rooms.sockets.clear();
        let mailboxes = std::mem::take(&mut rooms.mailboxes).into_iter();
        rooms.mailboxes = mailboxes.map(|(id, mailbox)| (id, restore(id, mailbox.store().clone()))).collect();
    }

    pub(crate) fn come_back(&mut self) {
        let listener = loop {
            match std::net::TcpListener::bind(self.address) {
                Ok(listener) => break listener,
                Err(_) => std::thread::sleep(std::time::Duration::from_millis(20)),
            }
        };
        self.listen(listener);
    }

    fn listen(&mut self, listener: std::net::TcpListener) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let rooms = Arc::clone(&self.rooms);
        listener.set_nonblocking(true).unwrap();
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&rooms)));
            }
        });
        self.runtime = Some(runtime);
    }
}

fn restore(id: MailboxId, store: MemoryStore) -> Mailbox<MemoryStore> {
    Mailbox::restore(id, store, [], None).unwrap()
}

impl Rooms {
    fn handle(&mut self, id: MailboxId, event: Event) {
        let now = now();
        let mailbox = self.mailboxes.entry(id).or_insert_with(|| restore(id, MemoryStore::default()));
        mailbox.set_policy(Arc::clone(&self.policy));
        for reply in mailbox.handle(event, now) {
            let (conn, message) = match reply {
                Reply::Send { conn, frame } => {
                    let lie = self.lie.and_then(|lie| lie(&ToDevice::decode(&frame).unwrap()));
                    (conn, lie.unwrap_or_else(|| Message::Binary(frame.to_vec().into())))
                }
                Reply::Close { conn, code } => {
                    (conn, Message::Close(Some(CloseFrame { code: code.code().into(), reason: "".into() })))
                }
                Reply::TakeNameplate { nameplate, until_ms } => {
                    let wanted = Nameplate { mailbox: id, until_ms };
                    let plate = Nameplate::take(self.nameplates.get(&nameplate).copied(), wanted, now);
                    self.nameplates.extend(plate.map(|plate| (nameplate, plate)));
                    self.handle(id, Event::Nameplate { nameplate, taken: plate.is_some() });
                    continue;
                }
                Reply::Attach { .. } | Reply::SetAlarm { .. } | Reply::Wake { .. } => continue,
            };
            if let Some(socket) = self.sockets.get(&conn) {
                let _ = socket.send(message);
            }
        }
    }

    /// The mailbox that an address leads to; one that is nobody's for a nameplate that is free.
    fn find(&self, path: &str) -> MailboxId {
        if let Some(number) = path.strip_prefix("/v1/nameplate/") {
            let plate = self.nameplates.get(&number.parse().unwrap()).copied();
            return Nameplate::find(plate, now()).unwrap_or(MailboxId::from_bytes([0; MailboxId::LEN]));
        }
        MailboxId::from_hex(path.strip_prefix("/v1/mailbox/").unwrap()).unwrap()
    }
}

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

async fn serve(stream: TcpStream, rooms: Arc<Mutex<Rooms>>) {
    let (mut path, mut host) = (String::new(), String::new());
    // The type is the one that the library asks for.
    #[allow(clippy::result_large_err, clippy::unnecessary_wraps)]
    let look = |request: &Request, response: Response| {
        request.uri().path().clone_into(&mut path);
        request.headers()["host"].to_str().unwrap().clone_into(&mut host);
        Ok(response)
    };
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, look).await else { return };
    let id = rooms.lock().unwrap().find(&path);
    let conn = ConnId::from_bytes(random());
    let (out, mut outgoing) = unbounded_channel();
    {
        let mut rooms = rooms.lock().unwrap();
        rooms.sockets.insert(conn, out.clone());
        let host = rooms.called.clone().unwrap_or(host);
        rooms.handle(id, Event::Opened { conn, nonce: Nonce::from_bytes(random()), host, peer: Peer::Local });
    }
    loop {
        tokio::select! {
            Some(message) = outgoing.recv() => if socket.send(message).await.is_err() { break },
            message = socket.next() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    rooms.lock().unwrap().handle(id, Event::Frame { conn, bytes: bytes.to_vec() });
                }
                Some(Ok(Message::Text(text))) if text.as_str() == "ping" => drop(out.send(Message::text("pong"))),
                Some(Ok(Message::Text(_))) => rooms.lock().unwrap().handle(id, Event::Text { conn }),
                Some(Ok(_)) => {}
                _ => break,
            },
        }
    }
    let mut rooms = rooms.lock().unwrap();
    rooms.sockets.remove(&conn);
    rooms.handle(id, Event::Closed { conn });
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}
