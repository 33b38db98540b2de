//! The relay's job in its barest form on axum and SQLite, for comparison: store what is pushed, durably,
//! then acknowledge it and hand it to the account's other sockets. No members, no signatures, no
//! bounds, no expiry. Speaks the same format as `peers/js-worker`.
//!
//! One thread owns the database. `--batch` is the most waiting clips that it commits together.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket};
use axum::extract::{Path, State, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use clap::Parser;
use futures_util::{SinkExt as _, StreamExt as _};
use rusqlite::{Connection, params};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

const BUFFER: usize = 4 * 1024;

#[derive(Parser)]
struct Args {
    /// Folder for the database.
    #[arg(long)]
    data: PathBuf,
    /// Where to listen.
    #[arg(long)]
    listen: SocketAddr,
    /// Clips in one transaction.
    #[arg(long)]
    batch: usize,
}

/// Something for the thread that owns the database.
enum Event {
    Opened { account: Arc<str>, socket: u64, out: UnboundedSender<Bytes> },
    Pushed { account: Arc<str>, socket: u64, envelope: Bytes },
    Closed { account: Arc<str>, socket: u64 },
}

#[derive(Default)]
struct Account {
    id: i64,
    last: i64,
    sockets: HashMap<u64, UnboundedSender<Bytes>>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let database = Connection::open(args.data.join("relay.db"))?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA cache_size = -16384;
         CREATE TABLE IF NOT EXISTS accounts (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
         CREATE TABLE IF NOT EXISTS items (account INTEGER, cursor INTEGER, envelope BLOB NOT NULL,
            PRIMARY KEY (account, cursor)) WITHOUT ROWID;",
    )?;
    let (events, waiting) = mpsc::channel();
    thread::spawn(move || serve(&database, &waiting, args.batch));
    let app = Router::new()
        .route("/health", get(async || "ok"))
        .route("/v1/mailbox/{account}", get(upgrade))
        .with_state(events);
    let listener = TcpListener::bind(args.listen).await?;
    println!("ready http://{}", listener.local_addr()?);
    axum::serve(axum::serve::ListenerExt::tap_io(listener, |tcp| drop(tcp.set_nodelay(true))), app).await?;
    Ok(())
}

async fn upgrade(
    Path(account): Path<String>,
    State(events): State<mpsc::Sender<Event>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    // Most messages are short; what the library takes by itself is 128 KiB each way.
    let upgrade = upgrade.read_buffer_size(BUFFER).write_buffer_size(BUFFER);
    upgrade.on_upgrade(move |socket| talk(account.into(), events, socket))
}

async fn talk(account: Arc<str>, events: mpsc::Sender<Event>, socket: WebSocket) {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let socket_id = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let (mut to_client, mut from_client) = socket.split();
    let (out, mut outgoing) = unbounded_channel();
    let _ = events.send(Event::Opened { account: account.clone(), socket: socket_id, out });
    let writer = tokio::spawn(async move {
        while let Some(bytes) = outgoing.recv().await {
            if to_client.send(Message::Binary(bytes)).await.is_err() {
                break;
            }
        }
    });
    while let Some(Ok(message)) = from_client.next().await {
        if let Message::Binary(envelope) = message {
            let _ = events.send(Event::Pushed { account: account.clone(), socket: socket_id, envelope });
        }
    }
    let _ = events.send(Event::Closed { account, socket: socket_id });
    writer.abort();
}

/// Takes what is waiting, commits it together, and only then answers.
fn serve(database: &Connection, waiting: &mpsc::Receiver<Event>, batch: usize) {
    let mut accounts = HashMap::new();
    while let Ok(first) = waiting.recv() {
        let mut replies = Vec::new();
        let events = std::iter::once(first).chain(std::iter::from_fn(|| waiting.try_recv().ok()));
        if let Err(error) = commit(database, &mut accounts, events.take(batch), &mut replies) {
            eprintln!("the database failed: {error}");
            return;
        }
        for (out, bytes) in replies {
            // A socket that is gone says so by an event of its own.
            let _ = out.send(bytes);
        }
    }
}

type Replies = Vec<(UnboundedSender<Bytes>, Bytes)>;

fn commit(
    database: &Connection,
    accounts: &mut HashMap<Arc<str>, Account>,
    events: impl Iterator<Item = Event>,
    replies: &mut Replies,
) -> rusqlite::Result<()> {
    let transaction = database.unchecked_transaction()?;
    let mut insert = transaction.prepare_cached("INSERT INTO items VALUES (?, ?, ?)")?;
    for event in events {
        match event {
            Event::Opened { account, socket, out } => {
                let account = match accounts.entry(account) {
                    std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                    std::collections::hash_map::Entry::Vacant(entry) => {
                        let account = load(&transaction, entry.key())?;
                        entry.insert(account)
                    }
                };
                replies.push((out.clone(), frame(account.last, &[])));
                account.sockets.insert(socket, out);
            }
            Event::Pushed { account, socket, envelope } => {
                let Some(account) = accounts.get_mut(&account) else { continue };
                account.last += 1;
                insert.execute(params![account.id, account.last, &*envelope])?;
                let item = frame(account.last, &envelope);
                for (other, out) in &account.sockets {
                    let bytes = if *other == socket { frame(account.last, &[]) } else { item.clone() };
                    replies.push((out.clone(), bytes));
                }
            }
            Event::Closed { account, socket } => {
                if let Some(account) = accounts.get_mut(&account) {
                    account.sockets.remove(&socket);
                }
            }
        }
    }
    drop(insert);
    transaction.commit()
}

fn load(database: &Connection, name: &str) -> rusqlite::Result<Account> {
    database.execute("INSERT OR IGNORE INTO accounts (name) VALUES (?)", [name])?;
    let id = database.query_row("SELECT id FROM accounts WHERE name = ?", [name], |row| row.get(0))?;
    let newest = "SELECT coalesce(max(cursor), 0) FROM items WHERE account = ?";
    Ok(Account { id, last: database.query_row(newest, [id], |row| row.get(0))?, ..Account::default() })
}

fn frame(cursor: i64, envelope: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(8 + envelope.len());
    bytes.extend_from_slice(&cursor.to_be_bytes());
    bytes.extend_from_slice(envelope);
    bytes.into()
}
