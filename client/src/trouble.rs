//! Why there is no line to the relay, in words that say where to look. Each goes into a sentence, in brackets, so none
//! ends with a full stop.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use rustls::{CertificateError, Error as TlsError};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::header::LOCATION;

/// The engine sends something at least this often, and gets an answer.
const PING: Duration = Duration::from_secs(20);
/// Lines break for many reasons; one that is cut for its silence has been silent for a while.
const SILENCE: Duration = Duration::from_secs(2);
/// How much two such silences may differ.
const ALIKE: Duration = Duration::from_millis(1500);

/// Why there is no socket.
pub(crate) fn explain(error: &Error) -> String {
    match error {
        Error::Http(answer) => http(answer),
        Error::Protocol(ProtocolError::WrongHttpVersion) => {
            "the server there speaks HTTP/1.0, which has no WebSockets: the proxy in front of the relay has to speak \
             HTTP/1.1"
                .into()
        }
        Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => "connection refused".into(),
            ErrorKind::UnexpectedEof => "connection closed".into(),
            _ => match error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
                Some(TlsError::InvalidCertificate(why)) => certificate(why),
                _ => error.to_string(),
            },
        },
        error => match error.source().and_then(|inner| inner.downcast_ref::<TlsError>()) {
            Some(TlsError::InvalidCertificate(why)) => certificate(why),
            _ => error.to_string(),
        },
    }
}

/// What to make of a line that broke without a word after a silence, given the silence before that.
pub(crate) fn silence(this: Duration, before: Option<Duration>) -> Option<String> {
    let again = before.is_some_and(|before| this.abs_diff(before) <= ALIKE);
    (again && (SILENCE..PING).contains(&this)).then(|| {
        format!(
            "the line was cut again after {} s of silence: a proxy in front of the relay times out too soon, and \
             should allow two minutes",
            this.as_secs_f32().round()
        )
    })
}

fn http(answer: &Response) -> String {
    let status = answer.status().as_u16();
    match status {
        301 | 302 | 303 | 307 | 308 => match answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()) {
            Some(to) => format!("it redirects elsewhere (HTTP {status}): try {}", origin(to)),
            None => format!("it redirects (HTTP {status}) without saying where"),
        },
        403 => "access from here is forbidden (HTTP 403): check the proxy in front of the relay".into(),
        404 => "something answers there, but it is not a relay (HTTP 404): check the address".into(),
        426 => {
            "the proxy in front of the relay does not pass WebSockets on (HTTP 426): it has to speak HTTP/1.1 to the \
             relay and pass on the Upgrade and Connection headers"
                .into()
        }
        429 => "too many connections came from this network within a minute (HTTP 429): wait a minute".into(),
        502..=504 => format!("a proxy answers there, but the relay behind it does not (HTTP {status}): is it running?"),
        _ => format!("something answers there, but not the way a relay does (HTTP {status})"),
    }
}

/// Where a redirect leads, as a relay's address is written.
fn origin(location: &str) -> String {
    let location = location.replacen("ws://", "http://", 1).replacen("wss://", "https://", 1);
    let Some((scheme, rest)) = location.split_once("://") else { return location };
    format!("{scheme}://{}", rest.split('/').next().unwrap_or_default())
}

fn certificate(why: &CertificateError) -> String {
    match why {
        CertificateError::UnknownIssuer => {
            "its certificate is signed by an authority that this machine does not know; if the authority is your own, \
             set SSL_CERT_FILE to its certificate file"
                .into()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired".into(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet: check this machine's clock".into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name".into()
        }
        // What `openssl req -x509` makes by default. The library has no variant for it.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "its certificate is for an authority, not for a server: with openssl, make one for a server with `-addext \
             basicConstraints=critical,CA:FALSE`"
                .into()
        }
        other => format!("its certificate is not valid: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_cut_at_the_same_silence_twice_says_why() {
        let seconds = Duration::from_secs;
        assert_eq!(silence(seconds(10), None), None);
        let why = silence(seconds(10), Some(Duration::from_millis(10_400))).unwrap();
        assert!(why.contains("after 10 s"), "{why}");
        for (this, before) in [(10, 3), (1, 1), (25, 25)] {
            assert_eq!(silence(seconds(this), Some(seconds(before))), None);
        }
    }

    #[test]
    fn a_certificate_of_an_authority_is_told_as_that() {
        #[derive(Debug)]
        struct CaUsedAsEndEntity;
        impl std::fmt::Display for CaUsedAsEndEntity {
            fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                Ok(())
            }
        }
        impl std::error::Error for CaUsedAsEndEntity {}
        let why = CertificateError::Other(rustls::OtherError(std::sync::Arc::new(CaUsedAsEndEntity)));
        assert!(certificate(&why).contains("not for a server"));
    }

    #[test]
    fn a_redirect_is_told_as_an_address() {
        assert_eq!(origin("https://relay.example/v1/mailbox/00"), "https://relay.example");
        assert_eq!(origin("wss://relay.example:8443/"), "https://relay.example:8443");
        assert_eq!(origin("/elsewhere"), "/elsewhere");
    }
}
