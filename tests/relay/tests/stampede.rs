//! A relay that goes, as at every deployment, and the clients that come back: real engines, each on a
//! socket and a thread of its own. All are back in time, and not all at once.

use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hushclip_driver::{Driver, LineId, Said, Step};
use hushclip_engine::Event;
use hushclip_model::view::Connection;
use hushclip_model::{Command, CommandId, Problem};
use hushclip_relay_tests::{Relay, rng};
use rand_chacha::ChaCha20Rng;
use tungstenite::client::client;
use tungstenite::{Error, Message, WebSocket};

const CLIENTS: usize = 1000;
const START_LIMIT: Duration = Duration::from_mins(2);
/// What the relay promises.
const BACK_LIMIT: Duration = Duration::from_secs(30);
/// Attempts in the busiest tenth of a second, beside a crowd that comes in one.
const CROWD: usize = CLIENTS / 5;
/// How long a client waits at most before it looks whether it shall stop.
const STEP: Duration = Duration::from_millis(200);
const STACK: usize = 512 * 1024;

#[derive(Default)]
struct Shared {
    stop: AtomicUsize,
    online: AtomicUsize,
    attempts: Mutex<Vec<Instant>>,
}

struct Client {
    driver: Driver,
    line: Option<(LineId, WebSocket<TcpStream>)>,
    wake_at: Option<u64>,
    is_online: bool,
    rng: ChaCha20Rng,
    shared: Arc<Shared>,
}

impl Client {
    fn run(mut self, relay: String) {
        self.event(Event::Started);
        let command = Command::CreateAccount { relay, name: "client".into(), token: None };
        self.event(Event::Command { id: CommandId(1), command });
        while self.shared.stop.load(Ordering::Relaxed) == 0 {
            let wait = self.wake_at.map_or(STEP, |at| Duration::from_millis(at.saturating_sub(now_ms()))).min(STEP);
            match self.read(wait) {
                Some((line, said)) => {
                    self.driver.line(line, said);
                    self.carry_out();
                }
                None if self.wake_at.is_some_and(|at| at <= now_ms()) => {
                    self.wake_at = None;
                    self.event(Event::Timer);
                }
                None => {}
            }
        }
    }

    /// Whatever comes in time.
    fn read(&mut self, wait: Duration) -> Option<(LineId, Said)> {
        let Some((line, socket)) = &mut self.line else {
            thread::sleep(wait);
            return None;
        };
        let wait = wait.max(Duration::from_millis(1));
        socket.get_ref().set_read_timeout(Some(wait)).expect("sockets have timeouts");
        let line = *line;
        let said = match socket.read() {
            Ok(Message::Binary(bytes)) => Said::Frame(bytes.to_vec()),
            Ok(Message::Text(_)) => Said::Pong,
            Ok(Message::Close(close)) => Said::Closed { code: close.map(|close| close.code.into()) },
            Ok(_) => return None,
            Err(Error::Io(why))
                if matches!(why.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
            {
                return None;
            }
            Err(_) => Said::Closed { code: None },
        };
        if let Said::Closed { .. } = said {
            self.line = None;
        }
        Some((line, said))
    }

    fn event(&mut self, event: Event) {
        self.driver.push(event);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        while let Some(step) = self.driver.next(now_ms(), &mut self.rng) {
            match step {
                Step::Store(_) => self.driver.stored(),
                // Nobody copies anything.
                Step::Load(_) => self.driver.failed(Problem::StorageFailed, now_ms()),
                Step::Open { line, url } => {
                    self.shared.attempts.lock().expect("nobody panics with it").push(Instant::now());
                    let socket = dial(&url);
                    let said = if socket.is_some() { Said::Opened } else { Said::Closed { code: None } };
                    self.line = socket.map(|socket| (line, socket));
                    self.driver.line(line, said);
                }
                Step::Send { frame, .. } => self.write(Message::binary(frame)),
                Step::Ping { .. } => self.write(Message::text("ping")),
                Step::Close { .. } => self.line = None,
                Step::WakeAt(at) => self.wake_at = Some(at),
                Step::WriteClipboard { .. }
                | Step::ClearClipboard(_)
                | Step::Notice(_)
                | Step::Answer(_)
                | Step::Archive { .. }
                | Step::Show => {}
            }
        }
        let is_online = self.driver.view_without_clips().connection == Connection::Online;
        match (self.is_online, is_online) {
            (false, true) => _ = self.shared.online.fetch_add(1, Ordering::Relaxed),
            (true, false) => _ = self.shared.online.fetch_sub(1, Ordering::Relaxed),
            _ => {}
        }
        self.is_online = is_online;
    }

    fn write(&mut self, message: Message) {
        // A line that is dead is noticed when it is read.
        let _ = self.line.as_mut().map(|(_, socket)| socket.send(message));
    }
}

fn dial(url: &str) -> Option<WebSocket<TcpStream>> {
    let authority = url.strip_prefix("ws://")?.split('/').next()?;
    let stream = TcpStream::connect(authority).ok()?;
    stream.set_nodelay(true).ok()?;
    stream.set_read_timeout(Some(BACK_LIMIT)).ok()?;
    Some(client(url, stream).ok()?.0)
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later").as_millis() as u64
}

fn wait_until_online(shared: &Shared, limit: Duration) -> Duration {
    let started = Instant::now();
    while shared.online.load(Ordering::Relaxed) < CLIENTS {
        let online = shared.online.load(Ordering::Relaxed);
        assert!(started.elapsed() < limit, "{online} of {CLIENTS} are online after {} s", limit.as_secs());
        thread::sleep(Duration::from_millis(20));
    }
    started.elapsed()
}

#[test]
fn a_thousand_clients_are_back_within_half_a_minute_and_not_all_at_once() {
    let mut relay = Relay::start();
    let shared = Arc::new(Shared::default());
    let clients: Vec<_> = (0..CLIENTS as u64)
        .map(|number| {
            let mut client = Client {
                driver: Driver::open([]).expect("nothing is stored yet"),
                line: None,
                wake_at: None,
                is_online: false,
                rng: rng(number),
                shared: Arc::clone(&shared),
            };
            client.rng.set_stream(number);
            let url = format!("http://{}", relay.authority());
            thread::Builder::new().stack_size(STACK).spawn(move || client.run(url)).expect("a thread")
        })
        .collect();
    let first = wait_until_online(&shared, START_LIMIT);
    let gone = Instant::now();
    relay.crash_and_restart_here();
    let down = gone.elapsed();
    while shared.online.load(Ordering::Relaxed) == CLIENTS {
        assert!(gone.elapsed() < BACK_LIMIT, "nobody notices that the relay has gone");
        thread::sleep(Duration::from_millis(1));
    }
    let back = wait_until_online(&shared, BACK_LIMIT);
    shared.stop.store(1, Ordering::Relaxed);
    let mut tenths = vec![0; 400];
    for attempt in shared.attempts.lock().expect("nobody panics with it").iter() {
        if let Some(since) = attempt.checked_duration_since(gone) {
            tenths[(since.as_millis() as usize / 100).min(399)] += 1;
        }
    }
    let busiest = tenths.iter().copied().max().unwrap_or(0);
    println!(
        "{CLIENTS} clients: online at first in {} ms; relay away for {} ms, all back {} ms later; {} attempts, {busiest} \
         in the busiest tenth of a second",
        first.as_millis(),
        down.as_millis(),
        back.as_millis(),
        tenths.iter().sum::<usize>()
    );
    for client in clients {
        client.join().expect("a client does not panic");
    }
    assert!(busiest < CROWD, "{busiest} of {CLIENTS} came in one tenth of a second: {tenths:?}");
}
