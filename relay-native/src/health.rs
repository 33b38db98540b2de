//! `health`: asks a running relay how it is doing, for containers and scripts that have no other way to ask.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// The answer is a few hundred bytes, and is produced without touching the disk.
const LIMIT: Duration = Duration::from_secs(5);
const BYTES: u64 = 16 * 1024;

/// Fails unless the relay that listens there is healthy.
pub(crate) fn ask(listen: SocketAddr) -> Result<(), Box<dyn Error>> {
    let address = reachable(listen);
    let silent = |error: std::io::Error| format!("no relay answers on {address}: {error}");
    let mut stream = TcpStream::connect_timeout(&address, LIMIT).map_err(silent)?;
    stream.set_read_timeout(Some(LIMIT)).map_err(silent)?;
    write!(stream, "GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").map_err(silent)?;
    let mut answer = String::new();
    stream.take(BYTES).read_to_string(&mut answer).map_err(silent)?;
    let status = answer.split(' ').nth(1).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    if status == "200" {
        println!("{body}");
        return Ok(());
    }
    Err(format!("the relay on {address} is not healthy: {status} {body}").into())
}

/// An address at which to reach a relay, even one that listens on all addresses.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let mut address = listen;
    if listen.ip().is_unspecified() {
        address.set_ip(if listen.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    address
}
