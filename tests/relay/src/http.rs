//! Plain HTTP requests, byte by byte, so that nothing is tidied up on the way.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::Relay;

const LIMIT: Duration = Duration::from_secs(8);

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// As it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends a request without a body.
pub fn request(relay: &Relay, method: &str, path: &str) -> Answer {
    request_with(relay, method, path, &[])
}

/// The same with more headers.
pub fn request_with(relay: &Relay, method: &str, path: &str, more: &[(&str, &str)]) -> Answer {
    let more: String = more.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
    let mut stream = TcpStream::connect(relay.authority()).expect("the relay listens");
    stream.set_read_timeout(Some(LIMIT)).expect("sockets have timeouts");
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {}\r\n{more}Connection: close\r\n\r\n", relay.authority())
        .expect("the relay reads");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the relay answers");
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("headers end");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers = lines.filter_map(|line| line.split_once(": "));
    Answer {
        status: status.expect("an answer has a status"),
        headers: headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
        body: bytes[end + 4..].to_vec(),
    }
}
