//! Where a pairing link leads, to be seen before it is used.

use hushclip_crypto::pairing::Link;
use hushclip_model::{Problem, Target};

use crate::problem;
use crate::relay::Relay;

/// The origin of a relay, as a person typed it, if an account may be started or joined there.
pub fn relay_origin(typed: &str) -> Result<String, Problem> {
    Relay::choose(typed).map(|relay| relay.origin())
}

/// Takes a pairing link apart, as far as people may see it.
pub fn target(link: &str) -> Result<Target, Problem> {
    parse(link).map(|(_, _, target)| target)
}

pub(crate) fn parse(text: &str) -> Result<(Link, Relay, Target), Problem> {
    let mut link = Link::parse(text).map_err(problem::bad_link)?;
    let relay = Relay::choose(&link.relay)?;
    let page = text.trim().split("/pair#").next().unwrap_or_default();
    let page = Relay::parse(page).map_or_else(|| page.to_owned(), |page| page.origin());
    link.relay = relay.origin();
    let target = Target { relay: relay.origin(), page };
    Ok((link, relay, target))
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding as _};

    use super::*;

    fn link(page: &str, relay: &str) -> String {
        let bytes = [&[1][..], &[7; 64], relay.as_bytes()].concat();
        format!("{page}/pair#{}", Base64UrlUnpadded::encode_string(&bytes))
    }

    #[test]
    fn a_link_says_where_it_leads() {
        for (page, relay, shown, elsewhere) in [
            ("https://a.example", "", "https://a.example", false),
            ("https://A.example:443", "https://a.example/", "https://a.example", false),
            ("https://a.example", "https://b.example", "https://b.example", true),
            ("https://a.example", "https://a.example:444", "https://a.example:444", true),
            ("https://a.example@b.example", "https://b.example", "https://b.example", true),
            ("http://127.0.0.1:8787", "", "http://127.0.0.1:8787", false),
        ] {
            let target = target(&link(page, relay)).expect("a link");
            assert_eq!((&*target.relay, target.is_elsewhere()), (shown, elsewhere), "{page} {relay}");
        }
        for (page, relay, code) in [
            ("https://a.example", "http://a.example", "plain_relay"),
            ("http://a.example", "", "plain_relay"),
            ("https://a.example@b.example", "", "bad_relay"),
            ("https://a.example", "b.example", "bad_relay"),
        ] {
            assert_eq!(target(&link(page, relay)).map_err(|problem| problem.code()), Err(code), "{page} {relay}");
        }
    }
}
