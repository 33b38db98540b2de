//! How the relay is doing, for people. It shows no totals, because those would tell strangers when somebody copies.

use hushclip_protocol::VERSION;

use crate::{Answer, HTML, made_up};

/// Its digest is in the policy, so that nothing else styles the page.
const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:4rem auto;padding:0 1rem}\
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1.5rem}dd{margin:0}";
const POLICY: &str = "default-src 'none'; style-src 'sha256-im23qzS9HombUL5yqEerEpfdz5pRc80h3WCs/k3TEn0='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the page shows.
#[derive(Debug, Clone, Copy)]
pub struct Status {
    /// Since when this relay has been running, milliseconds since 1970; `None` if nobody can tell.
    pub since_ms: Option<u64>,
    /// The state of storage; `None` if nobody can tell.
    pub storage: Option<Storage>,
}

/// Whether a relay can store what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// It can.
    Works,
    /// It has little room: accounts get their share and no more, and new ones are refused.
    Scarce,
    /// It has none.
    Full,
    /// The disk does not take anything, for some other reason.
    Broken,
}

impl Storage {
    const fn shown(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Scarce => "nearly full: new accounts are refused, and each one there has its share and no more",
            Self::Full => "full: nothing is taken but removals of devices",
            Self::Broken => "fails: see the log",
        }
    }
}

/// The page.
pub fn status(shown: Status) -> Answer {
    let mut rows = vec![
        (
            "Relay",
            if matches!(shown.storage, Some(Storage::Full | Storage::Broken)) {
                "up, but storing nothing"
            } else {
                "up"
            }
            .to_owned(),
        ),
        ("Version", env!("CARGO_PKG_VERSION").to_owned()),
        ("Protocol", format!("hushclip/{VERSION}")),
    ];
    rows.extend(shown.since_ms.map(|ms| ("Running since", date(ms))));
    rows.extend(shown.storage.map(|storage| ("Storage", storage.shown().to_owned())));
    let rows = rows.into_iter().map(|(name, value)| ["<dt>", name, "</dt><dd>", &value, "</dd>"].concat());
    let rows = rows.collect::<String>();
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Hushclip relay</title><style>{STYLE}</style>\
         <h1>Hushclip relay</h1><dl>{rows}</dl></html>\n"
    );
    made_up(200, HTML, POLICY, body)
}

/// `2026-11-21 12:44 UTC`, by Howard Hinnant's `civil_from_days`.
pub fn date(ms: u64) -> String {
    let minutes = ms / 60_000;
    let days = minutes / 1440 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60 % 24, minutes % 60)
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64, Encoding as _};
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_policy_lets_this_style_in() {
        let digest = Base64::encode_string(&Sha256::digest(STYLE));
        assert!(POLICY.contains(&format!("'sha256-{digest}'")), "{digest}");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01 00:00 UTC");
        assert_eq!(date(951_827_696_000), "2000-02-29 12:34 UTC");
        assert_eq!(date(1_795_265_040_000), "2026-11-21 12:44 UTC");
    }

    #[test]
    fn the_page_says_what_is_known() {
        let page = status(Status { since_ms: None, storage: Some(Storage::Broken) });
        assert!(page.body.contains("<dd>fails") && !page.body.contains("since"));
        assert!(page.body.contains(&format!("<dd>hushclip/{VERSION}</dd>")));
    }
}
