//! Connections from addresses that a test on this machine does not have.

use hushclip_protocol::limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::*;
use crate::core::calls;
use crate::visitors::PER_ADDRESS;

/// Long enough for anything that arrives at once.
const SHORT: Duration = Duration::from_millis(200);

fn server() -> Arc<Server> {
    Arc::new(Server {
        sockets: Sockets::new(calls().0),
        web: Web::embedded(),
        metrics_token: None,
        allowed_origins: String::new(),
        proxies: vec!["10.0.0.0/8".parse().unwrap()],
        counters: Arc::default(),
        connections: 1,
        places: Arc::new(Semaphore::new(1)),
        max_size: None,
        quota: limits::ITEM_BYTES,
        database: PathBuf::new(),
        regulars: Arc::default(),
        gate: Arc::default(),
        visitors: Visitors::default(),
        alive: mpsc::channel(1).0,
    })
}

/// A connection from this address.
async fn connect(server: &Arc<Server>, listener: &TcpListener, address: &str) -> TcpStream {
    let (ours, theirs) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    let peer = SocketAddr::new(address.parse().unwrap(), 4711);
    tokio::spawn(Arc::clone(server).connection(theirs.unwrap().0, peer, Arc::new(())));
    ours.unwrap()
}

/// Whether the relay has ended it.
async fn is_over(stream: &mut TcpStream) -> bool {
    matches!(timeout(SHORT, stream.read(&mut [0])).await, Ok(Ok(0) | Err(_)))
}

/// The status of the answer to a request.
async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: relay\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn who_opens_connections_and_says_nothing_takes_places_from_himself() {
    let (server, listener) = (server(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let mut silent = Vec::new();
    for _ in 0..PER_ADDRESS {
        silent.push(connect(&server, &listener, "192.0.2.1").await);
    }
    assert!(!is_over(&mut silent[0]).await);
    let mut other = connect(&server, &listener, "192.0.2.2").await;
    // One too many is served, and the one that has waited longest goes.
    let mut late = connect(&server, &listener, "192.0.2.1").await;
    assert_eq!(ask(&mut late).await, "HTTP/1.1 200");
    assert!(is_over(&mut silent[0]).await && !is_over(&mut silent[1]).await);
    assert_eq!(ask(&mut other).await, "HTTP/1.1 200");
    assert_eq!(ask(&mut silent[PER_ADDRESS - 1]).await, "HTTP/1.1 200");
    // A proxy may have as many as it likes, and so may this machine.
    for address in ["10.0.0.7", "127.0.0.1"] {
        let mut first = connect(&server, &listener, address).await;
        let mut more = Vec::new();
        for _ in 0..2 * PER_ADDRESS {
            more.push(connect(&server, &listener, address).await);
        }
        assert!(!is_over(&mut first).await, "{address}");
    }
}
