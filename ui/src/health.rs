//! Asks a relay whether it is well, as anybody may: no account, no keys, one small answer.

use leptos::prelude::window;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestCache, RequestCredentials, RequestInit, Response};

/// Whoever is slower is not well, milliseconds.
const PATIENCE_MS: u32 = 8_000;
const LONGEST_VERSION: usize = 40;

/// What a relay answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Health {
    /// It is up.
    Well { version: String, milliseconds: u64 },
    /// Something answered that is no relay, or one that is not well.
    Odd,
    /// Nothing answered.
    Silent,
}

/// Asks the relay at this origin.
pub(crate) async fn check(relay: &str) -> Health {
    let options = RequestInit::new();
    options.set_cache(RequestCache::NoStore);
    options.set_credentials(RequestCredentials::Omit);
    options.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE_MS)));
    let clock = || window().performance().map_or(0.0, |performance| performance.now());
    let start = clock();
    let asked = window().fetch_with_str_and_init(&format!("{relay}/health"), &options);
    let Ok(response) = JsFuture::from(asked).await else { return Health::Silent };
    #[expect(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "it is between nought and patience")]
    let milliseconds = (clock() - start) as u64;
    let response: Response = response.unchecked_into();
    if !response.ok() {
        return Health::Odd;
    }
    let Ok(text) = response.text() else { return Health::Odd };
    let text = JsFuture::from(text).await.ok().and_then(|text| text.as_string()).unwrap_or_default();
    version(&text).map_or(Health::Odd, |version| Health::Well { version, milliseconds })
}

/// The version that a relay which is well tells.
fn version(answer: &str) -> Option<String> {
    let (_, rest) = answer.split_once("\"status\":\"ok\"")?;
    let (_, rest) = rest.split_once("\"version\":\"")?;
    let (version, _) = rest.split_once('"')?;
    (version.len() <= LONGEST_VERSION).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_relay_that_is_well_has_a_version() {
        let well = r#"{"status":"ok","protocol":[1],"version":"0.5.0"}"#;
        assert_eq!(version(well).as_deref(), Some("0.5.0"));
        for other in [r#"{"status":"full","protocol":[1],"version":"0.5.0"}"#, "<html>It works!</html>", ""] {
            assert_eq!(version(other), None, "{other}");
        }
    }
}
