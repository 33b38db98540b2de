//! Metrics for whoever runs the relay, in the text format that Prometheus reads. Totals on a family's relay reveal
//! when somebody copies, so only those who know the token get an answer.

use std::fmt::Write as _;

use hushclip_mailbox::is_same;

use crate::{Answer, NO_POLICY, made_up};

/// One metric, or several that differ by a label.
#[derive(Debug, Clone)]
pub struct Metric {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    /// What follows the name, and the value.
    samples: Vec<(String, f64)>,
}

impl Metric {
    /// A single one. Its name includes the unit, and for counters ends in `_total`.
    pub fn new(name: &'static str, kind: Kind, help: &'static str, value: f64) -> Self {
        Self { name, help, kind, samples: vec![(String::new(), value)] }
    }

    /// One for each value of a label; the values have no quotes in them.
    pub fn by_label(
        name: &'static str,
        kind: Kind,
        help: &'static str,
        label: &str,
        samples: impl IntoIterator<Item = (String, f64)>,
    ) -> Self {
        let samples = samples.into_iter().map(|(value, much)| (format!("{{{label}=\"{value}\"}}"), much));
        Self { name, help, kind, samples: samples.collect() }
    }

    /// How many durations were at most this long, in seconds; how many there were in all; and their sum.
    pub fn histogram(
        name: &'static str,
        help: &'static str,
        bounds: impl IntoIterator<Item = (f64, f64)>,
        all: f64,
        sum: f64,
    ) -> Self {
        let mut samples: Vec<_> =
            bounds.into_iter().map(|(bound, count)| (format!("_bucket{{le=\"{bound}\"}}"), count)).collect();
        samples.push(("_bucket{le=\"+Inf\"}".into(), all));
        samples.push(("_sum".into(), sum));
        samples.push(("_count".into(), all));
        Self { name, help, kind: Kind::Histogram, samples }
    }
}

/// How a metric moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only goes up, from when whatever counts it was started.
    Counter,
    /// Up and down.
    Gauge,
    /// A distribution of durations.
    Histogram,
}

/// Whether a request with this `Authorization` header may see the metrics. Without a token nobody may.
pub fn is_allowed(authorization: Option<&str>, token: Option<&str>) -> bool {
    let (Some(given), Some(token)) = (authorization, token.filter(|token| !token.is_empty())) else { return false };
    let Some((scheme, given)) = given.split_once(' ') else { return false };
    // RFC 9110 §11.1: the scheme's case does not matter.
    scheme.eq_ignore_ascii_case("bearer") && is_same(given.trim_start_matches(' '), token)
}

/// The metrics as an answer.
pub fn metrics(figures: &[Metric]) -> Answer {
    let mut text = String::new();
    for Metric { name, help, kind, samples } in figures {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a string cannot fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        for (rest, value) in samples {
            let _ = writeln!(text, "{name}{rest} {value}");
        }
    }
    made_up(200, "text/plain; version=0.0.4; charset=utf-8", NO_POLICY, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_opens() {
        for given in ["Bearer abc", "bearer abc", "BEARER  abc"] {
            assert!(is_allowed(Some(given), Some("abc")), "{given}");
        }
        for given in [
            None,
            Some(""),
            Some("abc"),
            Some("Basic abc"),
            Some("Bearerabc"),
            Some("Bearer ABC"),
            Some("Bearer "),
            Some("Bearer ab"),
            Some("Bearer abcd"),
        ] {
            assert!(!is_allowed(given, Some("abc")), "{given:?}");
        }
        assert!(!is_allowed(Some("Bearer "), Some("")));
        assert!(!is_allowed(Some("Bearer abc"), None));
    }

    #[test]
    fn figures_are_written_as_prometheus_reads_them() {
        let figure = Metric::new("a_bytes_total", Kind::Counter, "All.", 3.0);
        let half = Metric::new("b_seconds", Kind::Gauge, "Some.", 0.5);
        let text = "# HELP a_bytes_total All.\n# TYPE a_bytes_total counter\na_bytes_total 3\n\
                    # HELP b_seconds Some.\n# TYPE b_seconds gauge\nb_seconds 0.5\n";
        assert_eq!(metrics(&[figure, half]).body, text);
        let codes = [("4001".to_owned(), 1.0), ("4002".to_owned(), 0.0)];
        let by_code = Metric::by_label("c_total", Kind::Counter, "Each.", "code", codes);
        let times = Metric::histogram("d_seconds", "Times.", [(0.1, 1.0), (1.0, 2.0)], 3.0, 4.5);
        let text = "# HELP c_total Each.\n# TYPE c_total counter\nc_total{code=\"4001\"} 1\nc_total{code=\"4002\"} 0\n\
                    # HELP d_seconds Times.\n# TYPE d_seconds histogram\nd_seconds_bucket{le=\"0.1\"} 1\n\
                    d_seconds_bucket{le=\"1\"} 2\nd_seconds_bucket{le=\"+Inf\"} 3\nd_seconds_sum 4.5\nd_seconds_count 3\n";
        assert_eq!(metrics(&[by_code, times]).body, text);
    }
}
