//! The relay's address, as a person types it and as sockets want it.

use hushclip_model::Problem;
use hushclip_protocol::ids::MailboxId;

/// Origin of a relay: `http://host[:port]` or `https://host[:port]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relay {
    secure: bool,
    host: String,
}

impl Relay {
    /// Parses an origin. A path, a user or anything else besides host and port is refused.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('/');
        let (scheme, host) = text.split_once("://")?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let mut host = host.to_ascii_lowercase();
        // The port that goes without saying goes unsaid, as browsers have it in an origin.
        if let Some(bare) = host.strip_suffix(if secure { ":443" } else { ":80" }) {
            host.truncate(bare.len());
        }
        let fits = !host.is_empty()
            && host.len() <= 253
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
        fits.then_some(Self { secure, host })
    }

    /// The relay of an account that is started or joined. `http` is for this machine only: elsewhere, who is
    /// on the way could exchange what pairing relies on the relay for, and see who talks to it.
    pub(crate) fn choose(text: &str) -> Result<Self, Problem> {
        let relay = Self::parse(text).ok_or(Problem::BadRelay)?;
        if relay.secure || relay.is_here() { Ok(relay) } else { Err(Problem::PlainRelay { host: relay.host }) }
    }

    /// Whether it is on this machine.
    fn is_here(&self) -> bool {
        let name = match self.host.strip_prefix('[') {
            Some(rest) => rest.split(']').next(),
            None => self.host.split(':').next(),
        };
        let name = name.unwrap_or_default();
        let octets: Vec<_> = name.split('.').collect();
        let is_v4 = octets.len() == 4 && octets[0] == "127" && octets.iter().all(|octet| octet.parse::<u8>().is_ok());
        is_v4 || name == "::1" || name == "localhost" || name.ends_with(".localhost")
    }

    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.host)
    }

    /// The authority that sign-in is bound to.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Where the invite behind a typed code is found.
    pub(crate) fn nameplate_socket(&self, nameplate: u32) -> String {
        format!("{}://{}/v1/nameplate/{nameplate}", if self.secure { "wss" } else { "ws" }, self.host)
    }

    pub(crate) fn socket(&self, mailbox: MailboxId) -> String {
        format!("{}://{}/v1/mailbox/{mailbox}", if self.secure { "wss" } else { "ws" }, self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let origin = |text: &str| Relay::parse(text).map(|r| r.origin());
        assert_eq!(origin("https://Relay.Example:443/").as_deref(), Some("https://relay.example"));
        assert_eq!(origin(" http://127.0.0.1:8787").as_deref(), Some("http://127.0.0.1:8787"));
        assert_eq!(origin("http://[::1]:8787").as_deref(), Some("http://[::1]:8787"));
        for wrong in
            ["", "relay.example", "ftp://relay.example", "https://", "https://a/b", "https://u@a", "https://a b"]
        {
            assert_eq!(origin(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        let code = |text: &str| Relay::choose(text).err().map(|problem| problem.code()).unwrap_or_default();
        for good in [
            "https://relay.example",
            "http://localhost:8787",
            "http://relay.localhost",
            "http://127.0.0.1",
            "http://127.9.8.7:1",
            "http://[::1]:8787",
        ] {
            assert_eq!(code(good), "", "{good}");
        }
        for plain in [
            "http://relay.example",
            "http://192.168.0.7:8787",
            "http://127.0.0.1.evil.example",
            "http://127.evil.example.com",
            "http://localhost.evil.example",
            "http://notlocalhost",
            "http://[::2]",
        ] {
            assert_eq!(code(plain), "plain_relay", "{plain}");
        }
        assert_eq!(code("relay.example"), "bad_relay");
    }
}
