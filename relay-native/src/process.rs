//! What the system says about this process, under the names that Prometheus uses. Linux only.

use std::fs;

use hushclip_relay_http::{Kind, Metric};
use rustix::process::{Resource, getrlimit};

/// Everything that can be read.
#[expect(clippy::cast_precision_loss, reason = "there is none below 2^53")]
pub(crate) fn figures() -> Vec<Metric> {
    let mut figures = Vec::new();
    let mut note = |name, kind, help, value: Option<f64>| {
        figures.extend(value.map(|value| Metric::new(name, kind, help, value)));
    };
    // The name in parentheses may contain anything.
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let field = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    // utime, stime, vsize and rss are fields 14, 15, 23 and 24 of proc(5).
    let ticks = field(11).zip(field(12)).map(|(user, system)| (user + system) as f64);
    let cpu = ticks.map(|ticks| ticks / rustix::param::clock_ticks_per_second() as f64);
    note("process_cpu_seconds_total", Kind::Counter, "User and system time, seconds.", cpu);
    note("process_virtual_memory_bytes", Kind::Gauge, "Virtual memory, bytes.", field(20).map(|bytes| bytes as f64));
    let resident = field(21).map(|pages| (pages * rustix::param::page_size() as u64) as f64);
    note("process_resident_memory_bytes", Kind::Gauge, "Resident memory, bytes.", resident);
    let files = fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as f64);
    note("process_open_fds", Kind::Gauge, "Open files.", files);
    let most = getrlimit(Resource::Nofile).current.map(|most| most as f64);
    note("process_max_fds", Kind::Gauge, "Files that may be open.", most);
    figures
}
