//! HTTP: accepts connections and answers requests. What to answer is decided in `hushclip_relay_http`.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hushclip_mailbox::{Gate, Peer, Regulars};
use hushclip_relay_http::{self as http, Answer, Fault, File, Route, Status};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::core::{Target, now_ms};
use crate::metrics::{Counters, Now, add, get};
use crate::network::Network;
use crate::socket::Sockets;
use crate::visitors::Visitors;
use crate::web::Web;
use crate::{folder, log};

/// How long the headers of a request may take.
const HEADERS_LIMIT: Duration = Duration::from_secs(10);
/// How long a connection may last if it does not become a WebSocket.
const HTTP_LIMIT: Duration = Duration::from_mins(2);
/// Largest head of a request, in bytes.
const HEAD_BYTES: usize = 16 * 1024;
/// How long to pause after a connection could not be accepted, as when there are no more file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// How often to log a condition that persists.
const SAY_AGAIN: Duration = Duration::from_mins(1);

/// What all connections share.
pub(crate) struct Server {
    /// The way to the mailboxes.
    pub(crate) sockets: Sockets,
    /// The web app.
    pub(crate) web: Web,
    /// The token that opens the metrics; without one, nobody sees them.
    pub(crate) metrics_token: Option<String>,
    /// Other origins whose pages may use the relay; see [`http::origin_allowed`].
    pub(crate) allowed_origins: String,
    /// Proxies whose word is taken for who is asking.
    pub(crate) proxies: Vec<Network>,
    /// The relay's counters.
    pub(crate) counters: Arc<Counters>,
    /// How many connections may be open at once.
    pub(crate) connections: usize,
    /// One permit for each connection that may still be opened.
    pub(crate) places: Arc<Semaphore>,
    /// Bytes that all accounts together may take, if there is a limit.
    pub(crate) max_size: Option<u64>,
    /// Bytes that each account may take.
    pub(crate) quota: u64,
    /// Where the database is.
    pub(crate) database: PathBuf,
    /// Who has been here before.
    pub(crate) regulars: Arc<Mutex<Regulars>>,
    /// Limits on what each address may ask for.
    pub(crate) gate: Arc<Mutex<Gate>>,
    /// Connections that are not WebSockets.
    pub(crate) visitors: Visitors,
    /// Every socket holds a clone, so that the end of the last one is noticed.
    pub(crate) alive: mpsc::Sender<Infallible>,
}

impl Server {
    /// Accepts connections for as long as this is polled.
    pub(crate) async fn listen(self: Arc<Self>, listener: TcpListener) {
        let mut said: Option<Instant> = None;
        loop {
            let place = if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                place
            } else {
                add(&self.counters.connections_used_up, 1);
                if said.is_none_or(|at| at.elapsed() >= SAY_AGAIN) {
                    said = Some(Instant::now());
                    log::error("connections_used_up", &[("connections", &self.connections)]);
                }
                let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
                place
            };
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
        // Small frames should not wait for more data; if this fails, they do.
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
        let visit = self.visitors.enter(if self.is_proxy(peer.ip()) { Peer::Local } else { Peer::at(peer.ip()) });
        tokio::select! {
            // A connection that breaks is nobody's fault.
            _ = tokio::time::timeout(HTTP_LIMIT, connection) => {}
            () = visit.is_cut() => {}
        }
    }

    fn answer<P: Send + Sync + 'static>(
        &self,
        request: Request<Incoming>,
        peer: IpAddr,
        place: Arc<P>,
    ) -> Response<Full<Bytes>> {
        let headers = request.headers();
        // RFC 6455 §4.1: a proxy that speaks HTTP/1.0 does not pass WebSockets on, whatever its headers say.
        let wants = request.version() >= Version::HTTP_11 && wants_websocket(headers);
        match http::route(request.method().as_str(), request.uri().path(), wants) {
            Route::Health => made_up(&http::health(self.counters.storage())),
            Route::Status => {
                let since = get(&self.counters.started_ms);
                made_up(&http::status(Status { since_ms: Some(since), storage: Some(self.counters.storage()) }))
            }
            Route::Metrics => {
                if !http::metrics_allowed(text(headers, &header::AUTHORIZATION), self.metrics_token.as_deref()) {
                    return made_up(&http::fault(Fault::NotFound));
                }
                made_up(&http::metrics(&self.figures()))
            }
            Route::Mailbox(id) => self.upgrade(request, peer, Target::Mailbox(id), place),
            Route::Nameplate(number) => self.upgrade(request, peer, Target::Nameplate(number), place),
            Route::Share => made_up(&http::share()),
            Route::File(file) => self.file(&file, headers),
            Route::Refused(fault) => made_up(&http::fault(fault)),
        }
    }

    fn figures(&self) -> Vec<http::Metric> {
        let now = Now {
            database: folder::size(&self.database),
            backed_up: folder::last_backup(&self.database),
            connections: self.connections - self.places.available_permits(),
            connections_limit: self.connections,
            max_size: self.max_size,
            quota: self.quota,
        };
        self.counters.figures(&now)
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
            add(&self.counters.refused_origin, 1);
            return made_up(&http::fault(Fault::Origin));
        }
        let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY) else { return made_up(&http::fault(Fault::Upgrade)) };
        let accept = derive_accept_key(key.as_bytes());
        let peer = self.peer(headers, peer);
        let Some(held) = self.lets_in(peer, target) else {
            add(&self.counters.refused_often, 1);
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
        Peer::behind(connected, forwarded.into_iter(), |address| self.is_proxy(address))
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(address))
    }

    fn lets_in(&self, peer: Peer, target: Target) -> Option<Held> {
        let now = now_ms();
        let mut regulars = self.regulars.lock().unwrap_or_else(PoisonError::into_inner);
        let is_regular = matches!(target, Target::Mailbox(id) if regulars.let_in(peer, id, now));
        drop(regulars);
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = match target {
            Target::Mailbox(_) if is_regular => Ok(()),
            Target::Mailbox(_) => gate.open_socket(peer, now),
            Target::Nameplate(_) => gate.ask_nameplate(peer, now),
        };
        let is_held = asked.is_ok() && gate.hold(peer);
        // A stranger at the same address takes places away from newcomers, not from regulars.
        (is_held || is_regular).then(|| Held { gate: Arc::clone(&self.gate), peer: is_held.then_some(peer) })
    }
}

/// A socket held open by an address.
struct Held {
    gate: Arc<Mutex<Gate>>,
    /// `None` if it is not counted.
    peer: Option<Peer>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(peer) = self.peer else { return };
        self.gate.lock().unwrap_or_else(PoisonError::into_inner).closed(peer);
    }
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// RFC 6455 §4.2.1, except for the key.
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
        // Both are ours, so none is left out.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests;
