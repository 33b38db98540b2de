//! Paused sites, by host name. A name covers all hosts below it as well.

use crate::Settings;
use crate::settings::Change;

/// Second-level labels under which countries register names: `bank.co.uk` is a site, `co.uk` is not. If one is missing
/// here, a person pauses more than they meant to, which the list of paused sites shows.
const REGISTRIES: [&str; 17] =
    ["ac", "co", "com", "edu", "go", "gob", "gouv", "gov", "id", "ltd", "mil", "ne", "net", "nhs", "nom", "or", "org"];

impl Settings {
    /// Whether copies made on a page that belongs to these sites are taken up. An empty list means that nobody knows
    /// where they were made, so it may have been on a paused site. `None` means that no page is involved.
    pub fn catches(&self, sites: Option<&[String]>) -> bool {
        let is_paused = |host: &String| self.paused_sites.iter().any(|paused| covers(paused, host));
        let elsewhere = match sites {
            None => true,
            Some([]) => self.paused_sites.is_empty(),
            Some(hosts) => !hosts.iter().any(is_paused),
        };
        !self.paused && elsewhere
    }

    /// The change that pauses a host and those below it, or the `whole` site that it belongs to; or, if it is already
    /// paused, the one that resumes it.
    pub fn toggle_site(&self, host: &str, whole: bool) -> Change {
        let host = bare(host);
        let resume_sites: Vec<_> = self.paused_sites.iter().filter(|paused| covers(paused, host)).cloned().collect();
        let site = if whole { whole_site(host) } else { host };
        let pause_sites = if resume_sites.is_empty() { vec![site.to_owned()] } else { Vec::new() };
        Change { pause_sites, resume_sites, ..Change::default() }
    }
}

/// Whether a paused name covers this host.
fn covers(paused: &str, host: &str) -> bool {
    let host = bare(host);
    let above = host.strip_suffix(bare(paused));
    above.is_some_and(|front| front.is_empty() || (front.ends_with('.') && !is_address(host)))
}

/// The name that its owner registered, as far as can be told without the public suffix list.
fn whole_site(host: &str) -> &str {
    if is_address(host) {
        return host;
    }
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let Some(top) = dots.next() else { return host };
    let Some(second) = dots.next() else { return host };
    let by_country = host.len() - top == 3 && REGISTRIES.contains(&&host[second + 1..top]);
    let start = if by_country { dots.next() } else { Some(second) };
    start.map_or(host, |dot| &host[dot + 1..])
}

/// Whether a host is an IP address, below which there is nothing.
fn is_address(host: &str) -> bool {
    host.ends_with(']') || host.rsplit('.').next().is_some_and(|top| top.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Without the dot that a name may end with: it is the same name.
fn bare(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(paused: &[&str]) -> Settings {
        Settings { paused_sites: paused.iter().map(ToString::to_string).collect(), ..Settings::default() }
    }

    fn catches(settings: &Settings, hosts: &[&str]) -> bool {
        settings.catches(Some(&hosts.iter().map(ToString::to_string).collect::<Vec<_>>()))
    }

    #[test]
    fn a_paused_name_stands_for_what_is_below_it() {
        let paused = settings(&["bank.example", "127.0.0.1"]);
        for host in [
            "bank.example",
            "login.bank.example",
            "a.b.bank.example",
            "bank.example.",
            "login.bank.example.",
            "127.0.0.1",
        ] {
            assert!(!catches(&paused, &[host]), "{host}");
            assert!(!catches(&paused, &["shop.example", host]), "{host} in a frame");
        }
        for host in ["example", "mybank.example", "bank.example.org", "1.127.0.0.1", "shop.example"] {
            assert!(catches(&paused, &[host]), "{host}");
        }
    }

    #[test]
    fn a_page_that_nobody_knows_may_be_on_a_paused_site() {
        assert!(catches(&settings(&[]), &[]));
        assert!(!catches(&settings(&["bank.example"]), &[]));
        assert!(settings(&["bank.example"]).catches(None), "no page is meant");
        assert!(!Settings { paused: true, ..Settings::default() }.catches(None));
    }

    #[test]
    fn a_whole_site_is_what_was_registered() {
        for (host, whole) in [
            ("bank.example", "bank.example"),
            ("login.bank.example", "bank.example"),
            ("a.b.bank.example", "bank.example"),
            ("www.bank.co.uk", "bank.co.uk"),
            ("bank.co.uk", "bank.co.uk"),
            ("co.uk", "co.uk"),
            ("www.go.com", "go.com"),
            ("localhost", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
        ] {
            let change = settings(&[]).toggle_site(host, true);
            assert_eq!((change.pause_sites, change.resume_sites), (vec![whole.to_owned()], vec![]), "{host}");
            let change = settings(&[whole, "other.example"]).toggle_site(host, false);
            assert_eq!((change.pause_sites, change.resume_sites), (vec![], vec![whole.to_owned()]), "{host}");
        }
        let change = settings(&["bank.example"]).toggle_site("login.shop.example", false);
        assert_eq!((change.pause_sites, change.resume_sites), (vec!["login.shop.example".to_owned()], vec![]));
    }
}
