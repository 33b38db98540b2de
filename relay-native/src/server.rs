//! HTTP: connections, and requests to answers. Which answer is decided in `hushclip_mailbox::http`.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hushclip_mailbox::http::{self, Answer, Fault, File, Route, Status};
use hushclip_mailbox::{Gate, Peer};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::core::{Target, now_ms};
use crate::metrics::{Counters, add, get};
use crate::socket::Sockets;
use crate::web::Web;
use crate::{folder, log};

/// How long the headers of a request may take.
const HEADERS_LIMIT: Duration = Duration::from_secs(10);
/// How long a connection may last that is no WebSocket.
const HTTP_LIMIT: Duration = Duration::from_mins(2);
/// Largest head of a request.
const HEAD_BYTES: usize = 16 * 1024;
/// Rest when the system has no more files to give.
const PAUSE: Duration = Duration::from_millis(100);

/// What all connections share.
pub(crate) struct Server {
    /// The way to the mailboxes.
    pub(crate) sockets: Sockets,
    /// The web app.
    pub(crate) web: Web,
    /// Who sees the figures.
    pub(crate) metrics_token: Option<String>,
    /// Further origins whose pages may use the relay; see [`http::origin_allowed`].
    pub(crate) allowed_origins: String,
    /// Who may say for whom it asks.
    pub(crate) proxies: Vec<IpAddr>,
    /// The figures.
    pub(crate) counters: Arc<Counters>,
    /// Where the database is.
    pub(crate) database: PathBuf,
    /// How often addresses ask.
    pub(crate) gate: Arc<Mutex<Gate>>,
    /// A clone goes with every socket, so that the end of the last one is noticed.
    pub(crate) alive: mpsc::Sender<Infallible>,
}

impl Server {
    /// Takes connections in, at most so many at a time, for as long as this is polled.
    pub(crate) async fn listen(self: Arc<Self>, listener: TcpListener, connections: usize) {
        let places = Arc::new(Semaphore::new(connections));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let server = Arc::clone(&self);
                    tokio::spawn(async move { server.connection(stream, peer, Arc::new(place)).await });
                }
                Err(error) => {
                    log::error("accept", &[("why", &error)]);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn connection<P: Send + Sync + 'static>(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, place: Arc<P>) {
        // Small frames shall not wait for more; where that fails they do.
        let _ = stream.set_nodelay(true);
        let _ = rustix::net::sockopt::set_socket_keepalive(&stream, true);
        let service = service_fn(|request| {
            let (server, place) = (Arc::clone(&self), Arc::clone(&place));
            async move { Ok::<_, Infallible>(server.answer(request, peer.ip(), place)) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_LIMIT)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        // A connection that breaks is nobody's fault.
        let _ = tokio::time::timeout(HTTP_LIMIT, connection).await;
    }

    fn answer<P: Send + Sync + 'static>(
        &self,
        request: Request<Incoming>,
        peer: IpAddr,
        place: Arc<P>,
    ) -> Response<Full<Bytes>> {
        let headers = request.headers();
        let wants = wants_websocket(headers);
        match http::route(request.method().as_str(), request.uri().path(), wants) {
            Route::Health => made_up(&http::health()),
            Route::Status => {
                let ok = get(&self.counters.storage_ok) == 1;
                let since = get(&self.counters.started_ms);
                made_up(&http::status(Status { since_ms: Some(since), storage: Some(ok) }))
            }
            Route::Metrics => {
                if !http::metrics_allowed(text(headers, &header::AUTHORIZATION), self.metrics_token.as_deref()) {
                    return made_up(&http::fault(Fault::NotFound));
                }
                made_up(&http::metrics(&self.counters.figures(folder::size(&self.database))))
            }
            Route::Mailbox(id) => self.upgrade(request, peer, Target::Mailbox(id), place),
            Route::Nameplate(number) => self.upgrade(request, peer, Target::Nameplate(number), place),
            Route::Share => made_up(&http::share()),
            Route::File(file) => self.file(&file, headers),
            Route::Refused(fault) => made_up(&http::fault(fault)),
        }
    }

    fn file(&self, file: &File<'_>, headers: &HeaderMap) -> Response<Full<Bytes>> {
        let Some(asset) = self.web.get(file.path) else {
            return made_up(&http::fault(if self.web.is_empty() { Fault::NoWebApp } else { Fault::NotFound }));
        };
        let sent = asset.sent(text(headers, &header::ACCEPT_ENCODING), text(headers, &header::IF_NONE_MATCH));
        let mut made = http::file_headers(file);
        made.push(("ETag", sent.tag));
        if sent.varies {
            made.push(("Vary", "Accept-Encoding".into()));
        }
        if sent.gzip {
            made.push(("Content-Encoding", "gzip".into()));
        }
        let status = if sent.bytes.is_some() { StatusCode::OK } else { StatusCode::NOT_MODIFIED };
        response(status, &made, sent.bytes.unwrap_or_default())
    }

    fn upgrade<P: Send + Sync + 'static>(
        &self,
        mut request: Request<Incoming>,
        peer: IpAddr,
        target: Target,
        place: Arc<P>,
    ) -> Response<Full<Bytes>> {
        let headers = request.headers();
        let Some(host) = host(headers) else { return made_up(&http::fault(Fault::Host)) };
        if !http::origin_allowed(text(headers, &header::ORIGIN), &host, &self.allowed_origins) {
            return made_up(&http::fault(Fault::Origin));
        }
        let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY) else { return made_up(&http::fault(Fault::Upgrade)) };
        let accept = derive_accept_key(key.as_bytes());
        let peer = self.peer(headers, peer);
        let Some(held) = self.lets_in(peer, target) else {
            add(&self.counters.refused, 1);
            return made_up(&http::fault(Fault::TooOften));
        };
        let (sockets, alive) = (self.sockets.clone(), self.alive.clone());
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            if let Ok(stream) = upgraded.await {
                sockets.serve(TokioIo::new(stream), target, host, peer).await;
            }
            drop((alive, place, held));
        });
        let headers =
            [("Upgrade", "websocket".into()), ("Connection", "Upgrade".into()), ("Sec-WebSocket-Accept", accept)];
        response(StatusCode::SWITCHING_PROTOCOLS, &headers.to_vec(), Bytes::new())
    }

    fn peer(&self, headers: &HeaderMap, connected: IpAddr) -> Peer {
        let forwarded: Vec<_> = headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes).collect();
        Peer::behind(connected, forwarded.into_iter(), |address| self.proxies.contains(&address))
    }

    fn lets_in(&self, peer: Peer, target: Target) -> Option<Held> {
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = match target {
            Target::Mailbox(_) => gate.open_socket(peer, now_ms()),
            Target::Nameplate(_) => gate.ask_nameplate(peer, now_ms()),
        };
        (asked.is_ok() && gate.hold(peer)).then(|| Held { gate: Arc::clone(&self.gate), peer })
    }
}

/// A socket that its address holds open.
struct Held {
    gate: Arc<Mutex<Gate>>,
    peer: Peer,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner).closed(self.peer);
    }
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// RFC 6455 §4.2.1, but for the key.
fn wants_websocket(headers: &HeaderMap) -> bool {
    let connection = text(headers, &header::CONNECTION).unwrap_or_default();
    http::is_upgrade(text(headers, &header::UPGRADE))
        && connection.split(',').any(|token| token.trim().eq_ignore_ascii_case("upgrade"))
        && text(headers, &header::SEC_WEBSOCKET_VERSION) == Some("13")
}

fn host(headers: &HeaderMap) -> Option<String> {
    http::authority(text(headers, &header::HOST)?)
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn made_up(answer: &Answer) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response(status, &answer.headers, answer.body.clone().into())
}

fn response(status: StatusCode, headers: &http::Headers, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    for (name, value) in headers {
        // Names are ours, and of the values only the host is a stranger's, which has been looked at.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
