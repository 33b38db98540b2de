//! Figures for who runs the relay, in the text form that Prometheus reads. Totals on a family's relay
//! tell when somebody copies, so only who knows the token is answered.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{Answer, NO_POLICY, made_up};

/// One figure.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Name, which ends in `_total` for counters and names the unit.
    pub name: &'static str,
    /// What it is a figure of.
    pub help: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// How much.
    pub value: f64,
}

/// How a figure moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only up, from the start of what counts.
    Counter,
    /// Up and down.
    Gauge,
}

/// Whether a request with this `Authorization` header may see the figures. Without a token nobody may.
pub fn is_allowed(authorization: Option<&str>, token: Option<&str>) -> bool {
    let (Some(given), Some(token)) = (authorization, token.filter(|token| !token.is_empty())) else { return false };
    let Some(given) = given.strip_prefix("Bearer ") else { return false };
    // Digests have one length, and how far two of them agree tells nothing of the token.
    let (given, token) = (Sha256::digest(given), Sha256::digest(token));
    given.iter().zip(token.iter()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// The figures as an answer.
pub fn metrics(figures: &[Metric]) -> Answer {
    let mut text = String::new();
    for Metric { name, help, kind, value } in figures {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        // Writing to a string does not fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
    }
    made_up(200, "text/plain; version=0.0.4; charset=utf-8", NO_POLICY, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_opens() {
        assert!(is_allowed(Some("Bearer abc"), Some("abc")));
        for given in [None, Some(""), Some("abc"), Some("Bearer "), Some("Bearer ab"), Some("Bearer abcd")] {
            assert!(!is_allowed(given, Some("abc")), "{given:?}");
        }
        assert!(!is_allowed(Some("Bearer "), Some("")));
        assert!(!is_allowed(Some("Bearer abc"), None));
    }

    #[test]
    fn figures_are_written_as_prometheus_reads_them() {
        let figure = Metric { name: "a_bytes_total", help: "All.", kind: Kind::Counter, value: 3.0 };
        let half = Metric { name: "b_seconds", help: "Some.", kind: Kind::Gauge, value: 0.5 };
        let text = "# HELP a_bytes_total All.\n# TYPE a_bytes_total counter\na_bytes_total 3\n\
                    # HELP b_seconds Some.\n# TYPE b_seconds gauge\nb_seconds 0.5\n";
        assert_eq!(metrics(&[figure, half]).body, text);
    }
}
