//! Medians, ratios and the table.

use std::time::Duration;

use crate::load::Took;

/// What was measured of one relay, each figure once for every round.
#[derive(Default)]
pub(crate) struct Figures {
    rows: Vec<(&'static str, Unit, Vec<f64>)>,
}

/// How a figure is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Milliseconds,
    Microseconds,
    PerSecond,
    Kilobytes,
    Megabytes,
}

impl Figures {
    pub(crate) fn add(&mut self, what: &'static str, unit: Unit, value: f64) {
        match self.rows.iter_mut().find(|(known, ..)| *known == what) {
            Some((.., values)) => values.push(value),
            None => self.rows.push((what, unit, vec![value])),
        }
    }

    /// The median and the 99th percentile.
    pub(crate) fn add_latency(&mut self, mut times: Vec<Duration>) {
        times.sort_unstable();
        let at = |percent: usize| times.get(times.len() * percent / 100).map_or(f64::NAN, Duration::as_secs_f64);
        self.add("push to delivery, p50", Unit::Milliseconds, at(50));
        self.add("push to delivery, p99", Unit::Milliseconds, at(99));
    }

    /// Throughput and processor time of a load.
    #[expect(clippy::cast_precision_loss, reason = "there are some thousands")]
    pub(crate) fn add_load(&mut self, per_second: &'static str, cpu: &'static str, took: &Took) {
        let clips = took.clips as f64;
        self.add(per_second, Unit::PerSecond, clips / took.wall.as_secs_f64());
        self.add(cpu, Unit::Microseconds, took.cpu.as_secs_f64() / clips);
    }
}

/// Prints a row for each figure: the first relay's median, then each peer's, and the median of the
/// ratios within the same round.
pub(crate) fn print(names: &[&str], figures: &[Figures]) {
    let Some((ours, peers)) = figures.split_first() else { return };
    print!("{:<34}", "");
    for name in names {
        print!("{name:>24}");
    }
    println!();
    for (what, unit, values) in &ours.rows {
        print!("{what:<34}{:>24}", shown(*unit, median(values)));
        for peer in peers {
            let Some((.., others)) = peer.rows.iter().find(|(known, ..)| known == what) else { continue };
            let ratios: Vec<f64> = values.iter().zip(others).map(|(a, b)| a / b).collect();
            print!("{:>24}", format!("{}  ×{:.2}", shown(*unit, median(others)), median(&ratios)));
        }
        println!();
    }
    println!();
}

fn shown(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Milliseconds => format!("{:.2} ms", value * 1e3),
        Unit::Microseconds => format!("{:.0} µs", value * 1e6),
        Unit::PerSecond => format!("{value:.0} /s"),
        Unit::Kilobytes => format!("{:.1} kB", value / 1e3),
        Unit::Megabytes => format!("{:.0} MB", value / 1e6),
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        len if len % 2 == 0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}
