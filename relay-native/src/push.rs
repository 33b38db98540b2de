//! Web Push: the relay's key, which is kept in the database and so in every backup, and the calls to push services.
//! The calls go to those services only, reveal nothing but who is calling, and follow no redirects.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hushclip_protocol::ids::{DeviceId, MailboxId};
use hushclip_protocol::limits;
use hushclip_vapid::{Answer, Key, Request, Services};
use hyper::client::conn::http1;
use hyper::{Uri, header};
use hyper_util::rt::TokioIo;
use rusqlite::{Connection, OptionalExtension as _};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsConnector;

use crate::core::{Call, Calls, now_ms};
use crate::log;
use crate::metrics::{Counters, add};

/// How long a service may take before it is given up on.
const LIMIT: Duration = Duration::from_secs(10);
/// Calls in progress at a time.
const AT_ONCE: usize = 16;
/// Wake-ups that may be queued; any more are dropped, at the cost of a notification each.
const WAITING: usize = 1024;
/// How many of one account may be queued or in progress: one for each device it may have.
const SHARE: usize = limits::DEVICES;
/// One random number in 2^32 is not a valid key.
const TRIES: u32 = 4;
/// Instead of a key: no device is woken.
const OFF: &str = "off";

type Fault = Box<dyn Error + Send + Sync>;

/// A device to wake.
#[derive(Debug)]
pub(crate) struct Wake {
    /// Its account.
    pub(crate) home: MailboxId,
    /// The device.
    pub(crate) device: DeviceId,
    /// Its address at a push service.
    pub(crate) endpoint: String,
    /// The relay's own authority, as devices ask for it.
    pub(crate) host: Option<String>,
}

/// The core's way to the push services.
#[derive(Debug)]
pub(crate) struct Wakes {
    queue: mpsc::Sender<(Wake, Turn)>,
    /// How many wake-ups of each account are queued or in progress.
    turns: Arc<Mutex<HashMap<MailboxId, usize>>>,
}

/// One of an account's places in the queue, until this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    home: MailboxId,
    turns: Arc<Mutex<HashMap<MailboxId, usize>>>,
}

/// Both ends of the queue of wake-ups.
pub(crate) fn wakes() -> (Wakes, mpsc::Receiver<(Wake, Turn)>) {
    let (queue, waiting) = mpsc::channel(WAITING);
    (Wakes { queue, turns: Arc::default() }, waiting)
}

impl Wakes {
    /// Queues a wake-up, unless too many are queued, or too many of the same account: then it is dropped. Returns
    /// whether it was queued.
    pub(crate) fn ask(&self, wake: Wake) -> bool {
        let home = wake.home;
        {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = turns.entry(home).or_default();
            if *turn >= SHARE {
                return false;
            }
            *turn += 1;
        }
        self.queue.try_send((wake, Turn { home, turns: Arc::clone(&self.turns) })).is_ok()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get_mut(&self.home) {
            *turn -= 1;
            if *turn == 0 {
                turns.remove(&self.home);
            }
        }
    }
}

/// The relay's key: the admin's if there is one, otherwise the one in the database, created when it is first needed.
/// `None` means that nobody is woken.
pub(crate) fn key(db: &Connection, own: Option<&str>) -> Result<Option<Key>, Fault> {
    match own.map(str::trim).filter(|own| !own.is_empty()) {
        Some(OFF) => return Ok(None),
        // No other key takes its place: that would invalidate all subscriptions twice.
        Some(own) => return Ok(Some(Key::from_text(own).ok_or("VAPID_PRIVATE_KEY is not a valid key")?)),
        None => {}
    }
    let stored: Option<[u8; Key::LEN]> =
        db.query_row("SELECT secret FROM push_key", [], |row| row.get(0)).optional()?;
    if let Some(secret) = stored {
        return Ok(Some(Key::from_bytes(&secret).ok_or("the key for push services is damaged")?));
    }
    for _ in 0..TRIES {
        let mut secret = [0; Key::LEN];
        getrandom::fill(&mut secret)?;
        if let Some(key) = Key::from_bytes(&secret) {
            db.execute("INSERT INTO push_key VALUES (1, ?)", [secret])?;
            return Ok(Some(key));
        }
    }
    Err("could not make a key".into())
}

/// Calls the push services.
pub(crate) struct Pusher {
    key: Key,
    services: Services,
    subject: Option<String>,
    tls: TlsConnector,
    calls: Calls,
    counters: Arc<Counters>,
}

impl Pusher {
    /// `subject` is the contact for the services; without it, the relay's address.
    pub(crate) fn new(
        key: Key,
        services: Services,
        subject: Option<String>,
        calls: Calls,
        counters: Arc<Counters>,
    ) -> Result<Self, Fault> {
        Ok(Self { key, services, subject, tls: connector(trusted())?, calls, counters })
    }

    /// Runs until nobody is left who could queue a wake-up.
    pub(crate) async fn run(self, mut wakes: mpsc::Receiver<(Wake, Turn)>) {
        let (this, places) = (Arc::new(self), Arc::new(Semaphore::new(AT_ONCE)));
        while let Some((wake, turn)) = wakes.recv().await {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let this = Arc::clone(&this);
            tokio::spawn(async move {
                this.wake(wake).await;
                drop((place, turn));
            });
        }
    }

    async fn wake(&self, wake: Wake) {
        let Wake { home, device, endpoint, host } = wake;
        let answer = self.ask(&endpoint, host).await;
        add(
            match answer {
                Answer::Taken => &self.counters.wakes_sent,
                Answer::Gone => &self.counters.wakes_gone,
                Answer::Refused => &self.counters.wakes_failed,
            },
            1,
        );
        // The other answers leave nothing to record.
        if answer == Answer::Gone {
            let _ = self.calls.send(Call::WakeGone { home, device, endpoint }).await;
        }
    }

    async fn ask(&self, endpoint: &str, host: Option<String>) -> Answer {
        let Some(endpoint) = self.services.allow(endpoint) else {
            log::info("push_address_unknown", &[]);
            return Answer::Gone;
        };
        let subject = self.subject.clone().or_else(|| Some(format!("https://{}", host?)));
        let request = Request::wake(&self.key, &endpoint, subject.as_deref(), now_ms() / 1000);
        let status = tokio::time::timeout(LIMIT, send(&request, &self.tls)).await;
        let Ok(Ok(status)) = status else {
            // The error's text might contain the address, which is the device's secret.
            log::info("push_failed", &[]);
            return Answer::Refused;
        };
        let answer = Answer::of(status);
        if answer == Answer::Refused {
            log::info("push_refused", &[("status", &status)]);
        }
        answer
    }
}

/// The authorities that browsers trust, which even a container without any files has, and this machine's own.
fn trusted() -> RootCertStore {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn connector(roots: RootCertStore) -> Result<TlsConnector, Fault> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
}

/// Sends the request; returns the status of the answer.
async fn send(request: &Request, tls: &TlsConnector) -> Result<u16, Fault> {
    let uri: Uri = request.url.parse()?;
    let host = uri.host().ok_or("no host")?;
    let secure = uri.scheme_str() == Some("https");
    let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
    if secure {
        let name = ServerName::try_from(host.to_owned())?;
        exchange(tls.connect(name, stream).await?, &uri, request).await
    } else {
        exchange(stream, &uri, request).await
    }
}

async fn exchange<S>(stream: S, uri: &Uri, request: &Request) -> Result<u16, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let authority = uri.authority().ok_or("no host")?.as_str();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driven = tokio::spawn(connection);
    let mut builder = hyper::Request::post(path)
        .header(header::HOST, authority)
        .header(header::CONNECTION, "close")
        .header(header::CONTENT_LENGTH, "0");
    for (name, value) in &request.headers {
        builder = builder.header(*name, value);
    }
    let answer = sender.send_request(builder.body(Empty::<Bytes>::new())?).await;
    // Nothing after the status is of any use.
    driven.abort();
    Ok(answer?.status().as_u16())
}

#[cfg(test)]
mod tests {
    use rustls::ServerConfig;
    use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::core::calls;
    use crate::schema;

    const CERTIFICATE: &[u8] = include_bytes!("../tests/tls/cert.der");
    const PRIVATE_KEY: &[u8] = include_bytes!("../tests/tls/key.der");
    const ANSWER: &[u8] = b"HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\ngone";

    /// Accepts one request over TLS and answers it; returns what arrived.
    async fn service(listener: TcpListener) -> std::io::Result<String> {
        let key = PrivatePkcs8KeyDer::from(PRIVATE_KEY).into();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![CERTIFICATE.into()], key).unwrap();
        let (stream, _) = listener.accept().await?;
        let mut stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await?;
        let mut came = Vec::new();
        while !came.ends_with(b"\r\n\r\n") {
            came.push(stream.read_u8().await?);
        }
        stream.write_all(ANSWER).await?;
        Ok(String::from_utf8(came).unwrap())
    }

    async fn asked(roots: RootCertStore) -> (Answer, std::io::Result<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("https://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(service(listener));
        let (calls, _) = calls();
        let key = Key::from_bytes(&[7; Key::LEN]).unwrap();
        let tls = connector(roots).unwrap();
        let pusher =
            Pusher { key, services: Services::new(&origin), subject: None, tls, calls, counters: Arc::default() };
        let answer = pusher.ask(&format!("{origin}/push/1"), Some("relay.example".into())).await;
        (answer, serving.await.unwrap())
    }

    #[tokio::test]
    async fn a_service_is_asked_by_tls() {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(CERTIFICATE)).unwrap();
        let (answer, came) = asked(roots).await;
        let came = came.unwrap().to_lowercase();
        assert_eq!(answer, Answer::Gone);
        assert!(came.starts_with("post /push/1 http/1.1\r\nhost: 127.0.0.1:"), "{came}");
        assert!(came.contains("\r\ncontent-length: 0\r\n") && came.contains("\r\nauthorization: vapid t="), "{came}");
    }

    #[tokio::test]
    async fn a_service_that_nobody_vouches_for_is_told_nothing() {
        let (answer, came) = asked(trusted()).await;
        assert_eq!(answer, Answer::Refused);
        assert!(came.is_err());
    }

    #[tokio::test]
    async fn one_account_does_not_take_all_places_in_the_queue() {
        let (wakes, mut waiting) = wakes();
        let ask = |n: u8| {
            let (home, device) = (MailboxId::from_bytes([n; 16]), DeviceId::from_bytes([n; 16]));
            let _ = wakes.ask(Wake { home, device, endpoint: String::new(), host: None });
        };
        for _ in 0..2 * WAITING {
            ask(1);
        }
        ask(2);
        let mut came = Vec::new();
        while let Ok(wake) = waiting.try_recv() {
            came.push(wake);
        }
        assert_eq!(came.iter().filter(|(wake, _)| wake.home == MailboxId::from_bytes([1; 16])).count(), SHARE);
        assert_eq!(came.len(), SHARE + 1);
        // Each one that is done makes room for the next.
        drop(came);
        assert!(wakes.turns.lock().unwrap().is_empty());
        ask(1);
        assert!(waiting.try_recv().is_ok());
    }

    #[test]
    fn the_key_is_made_once_and_stays() {
        let mut db = Connection::open_in_memory().unwrap();
        schema::migrate(&mut db).unwrap();
        let first = key(&db, None).unwrap().unwrap();
        assert_eq!(key(&db, Some(" ")).unwrap().unwrap().public(), first.public());
        let own = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
        assert_ne!(key(&db, Some(own)).unwrap().unwrap().public(), first.public());
        assert!(key(&db, Some("off")).unwrap().is_none());
        assert!(key(&db, Some("not a key")).is_err());
        assert_eq!(key(&db, None).unwrap().unwrap().public(), first.public());
        db.execute("UPDATE push_key SET secret = zeroblob(32)", []).unwrap();
        assert!(key(&db, None).is_err(), "it is not replaced");
    }
}
