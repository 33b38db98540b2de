//! What the relay counts about itself, summed over all accounts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_relay_http::{Kind, Metric, Storage};

use crate::process;

/// Bounds, in microseconds, for how long it takes from a frame's arrival until its results are on disk.
const BOUNDS_US: [u64; 10] = [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000];

/// Counts since the process started, and gauges of what the core last saw.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Milliseconds since 1970.
    pub(crate) started_ms: AtomicU64,
    /// Accounts that are registered now.
    pub(crate) accounts: AtomicU64,
    /// Accounts in memory.
    pub(crate) accounts_awake: AtomicU64,
    /// Accounts that have been registered.
    pub(crate) accounts_started: AtomicU64,
    /// Accounts that have been deleted: idle, left by their last device, or by hand.
    pub(crate) accounts_ended: AtomicU64,
    /// Items that are stored.
    pub(crate) items: AtomicU64,
    /// Bytes of the database that are in use.
    pub(crate) stored_bytes: AtomicU64,
    /// Bytes it may still take.
    pub(crate) left_bytes: AtomicU64,
    /// Bytes free on the disk.
    pub(crate) free_bytes: AtomicU64,
    /// 1 if the last transaction was not stored, for a reason other than a full disk.
    pub(crate) broken: AtomicU64,
    /// 1 if there is no room.
    pub(crate) full: AtomicU64,
    /// 1 if there is little room.
    pub(crate) scarce: AtomicU64,
    /// Sockets that the core knows.
    pub(crate) sockets: AtomicU64,
    /// Sockets that have been opened.
    pub(crate) opened: AtomicU64,
    /// Frames in.
    pub(crate) received: AtomicU64,
    /// Their bytes.
    pub(crate) received_bytes: AtomicU64,
    /// Frames out.
    pub(crate) sent: AtomicU64,
    /// Their bytes.
    pub(crate) sent_bytes: AtomicU64,
    /// Frames refused, by error code.
    pub(crate) errors: [AtomicU64; ErrorCode::ALL.len()],
    /// Sockets closed by the relay, by close code.
    pub(crate) closes: [AtomicU64; CloseCode::ALL.len()],
    /// Frames answered, by how long it took.
    pub(crate) latency: Latency,
    /// Transactions.
    pub(crate) commits: AtomicU64,
    /// Time spent in them, in microseconds.
    pub(crate) commit_us: AtomicU64,
    /// Transactions that were not stored.
    pub(crate) commits_failed: AtomicU64,
    /// Mailboxes whose code failed.
    pub(crate) panics: AtomicU64,
    /// Sockets cut off because their other side did not read.
    pub(crate) slow: AtomicU64,
    /// Requests refused because their address asked too often.
    pub(crate) refused_often: AtomicU64,
    /// Requests refused because of the page they came from.
    pub(crate) refused_origin: AtomicU64,
    /// How often a connection had to wait because the limit was reached.
    pub(crate) connections_used_up: AtomicU64,
    /// Wake-ups that a push service accepted.
    pub(crate) wakes_sent: AtomicU64,
    /// Wake-ups whose subscription the push service no longer knew, or whose push service this relay may not call.
    pub(crate) wakes_gone: AtomicU64,
    /// Wake-ups that a push service refused, or for which it could not be reached.
    pub(crate) wakes_failed: AtomicU64,
    /// Wake-ups dropped because too many were queued.
    pub(crate) wakes_dropped: AtomicU64,
}

/// What is looked up only when the metrics are requested.
#[derive(Debug)]
pub(crate) struct Now {
    /// Bytes of the database's files.
    pub(crate) database: u64,
    pub(crate) backed_up: Option<SystemTime>,
    pub(crate) connections: usize,
    pub(crate) connections_limit: usize,
    pub(crate) max_size: Option<u64>,
    pub(crate) quota: u64,
}

/// A histogram of durations.
#[derive(Debug, Default)]
pub(crate) struct Latency {
    counts: [AtomicU64; BOUNDS_US.len() + 1],
    sum_us: AtomicU64,
}

impl Latency {
    /// Adds a duration.
    pub(crate) fn note(&self, took: Duration) {
        let us = took.as_micros() as u64;
        let at = BOUNDS_US.iter().position(|bound| us <= *bound).unwrap_or(BOUNDS_US.len());
        add(&self.counts[at], 1);
        add(&self.sum_us, us);
    }

    #[expect(clippy::cast_precision_loss, reason = "there is none below 2^53")]
    fn figure(&self, name: &'static str, help: &'static str) -> Metric {
        let mut sum = 0;
        let cumulated: Vec<u64> = self
            .counts
            .iter()
            .map(|count| {
                sum += get(count);
                sum
            })
            .collect();
        let bounds = BOUNDS_US.iter().zip(&cumulated).map(|(bound, count)| (*bound as f64 / 1e6, *count as f64));
        Metric::histogram(name, help, bounds, sum as f64, get(&self.sum_us) as f64 / 1e6)
    }
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

/// Sets a gauge.
pub(crate) fn set(gauge: &AtomicU64, value: u64) {
    gauge.store(value, Ordering::Relaxed);
}

/// The current value.
pub(crate) fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Counters {
    /// The state of storage.
    pub(crate) fn storage(&self) -> Storage {
        if get(&self.broken) == 1 {
            Storage::Broken
        } else if get(&self.full) == 1 {
            Storage::Full
        } else if get(&self.scarce) == 1 {
            Storage::Scarce
        } else {
            Storage::Works
        }
    }

    /// Counts a refused frame.
    pub(crate) fn refused(&self, code: ErrorCode) {
        if let Some(counter) = self.errors.get(usize::from(code.number())) {
            add(counter, 1);
        }
    }

    /// Counts a closed socket.
    pub(crate) fn closed(&self, code: CloseCode) {
        if let Some(at) = CloseCode::ALL.iter().position(|known| *known == code) {
            add(&self.closes[at], 1);
        }
    }

    /// All metrics, for Prometheus.
    #[expect(clippy::cast_precision_loss, reason = "there is none below 2^53")]
    pub(crate) fn figures(&self, now: &Now) -> Vec<Metric> {
        let labelled = |name, help, label, values: &[(&str, &AtomicU64)]| {
            let samples = values.iter().map(|(value, count)| ((*value).to_owned(), get(count) as f64));
            Metric::by_label(name, Kind::Counter, help, label, samples)
        };
        let errors: Vec<_> = ErrorCode::ALL.iter().map(|code| code.name()).zip(&self.errors).collect();
        let codes: Vec<String> = CloseCode::ALL.iter().map(|code| code.code().to_string()).collect();
        let closes: Vec<_> = codes.iter().map(String::as_str).zip(&self.closes).collect();
        let mut figures = self.stored(now);
        figures.extend(self.traffic(now));
        figures.extend([
            labelled("hushclip_relay_frames_refused_total", "Frames refused, by reason.", "reason", &errors),
            labelled(
                "hushclip_relay_sockets_closed_total",
                "WebSockets closed by the relay, by code.",
                "code",
                &closes,
            ),
            labelled(
                "hushclip_relay_requests_refused_total",
                "Requests refused, by reason.",
                "reason",
                &[("too_often", &self.refused_often), ("origin", &self.refused_origin)],
            ),
            labelled(
                "hushclip_relay_wakeups_total",
                "Wake-ups by Web Push, by what came of them.",
                "result",
                &[
                    ("sent", &self.wakes_sent),
                    ("gone", &self.wakes_gone),
                    ("failed", &self.wakes_failed),
                    ("dropped", &self.wakes_dropped),
                ],
            ),
            self.latency.figure(
                "hushclip_relay_frame_duration_seconds",
                "Time from a frame's arrival until its results are stored and on their way.",
            ),
            Metric::by_label(
                "hushclip_relay_build_info",
                Kind::Gauge,
                "1, for the running version.",
                "version",
                [(env!("CARGO_PKG_VERSION").to_owned(), 1.0)],
            ),
        ]);
        figures.extend(process::figures());
        figures
    }

    /// Metrics of what is stored, and of what may be.
    #[expect(clippy::cast_precision_loss, reason = "there is none below 2^53")]
    fn stored(&self, now: &Now) -> Vec<Metric> {
        let gauge = |name, help, value: u64| Metric::new(name, Kind::Gauge, help, value as f64);
        let total = |name, help, counter: &AtomicU64| Metric::new(name, Kind::Counter, help, get(counter) as f64);
        let mut figures = vec![
            gauge("hushclip_relay_accounts", "Accounts registered.", get(&self.accounts)),
            gauge(
                "hushclip_relay_accounts_awake",
                "Accounts that somebody is connected to.",
                get(&self.accounts_awake),
            ),
            total("hushclip_relay_registrations_total", "Accounts registered since the start.", &self.accounts_started),
            total(
                "hushclip_relay_accounts_deleted_total",
                "Accounts deleted since the start: idle, left by their last device, or by hand.",
                &self.accounts_ended,
            ),
            gauge("hushclip_relay_items", "Items stored.", get(&self.items)),
            gauge("hushclip_relay_stored_bytes", "Bytes of the database in use.", get(&self.stored_bytes)),
            gauge("hushclip_relay_database_bytes", "Size of the database's files.", now.database),
            gauge("hushclip_relay_account_limit_bytes", "Bytes that one account may hold.", now.quota),
        ];
        if let Some(max) = now.max_size {
            figures.push(gauge("hushclip_relay_stored_limit_bytes", "Bytes that may be in use (--max-size).", max));
        }
        let free = get(&self.free_bytes);
        if free != u64::MAX {
            figures.push(gauge("hushclip_relay_disk_free_bytes", "Bytes free on the disk.", free));
        }
        let storage = self.storage();
        let is = |wanted| u64::from(storage == wanted);
        figures.extend([
            gauge(
                "hushclip_relay_storage_ok",
                "1 if clips are stored; 0 if there is no room, or the disk is broken.",
                is(Storage::Works) + is(Storage::Scarce),
            ),
            gauge(
                "hushclip_relay_storage_scarce",
                "1 if there is little room: shares apply, no new accounts.",
                is(Storage::Scarce),
            ),
            gauge("hushclip_relay_storage_full", "1 if there is no room.", is(Storage::Full)),
            gauge("hushclip_relay_storage_broken", "1 if the last transaction was not stored.", is(Storage::Broken)),
        ]);
        if let Some(at) = now.backed_up.and_then(|at| at.duration_since(UNIX_EPOCH).ok()) {
            let help = "When the last backup was made, Unix time.";
            let value = at.as_secs_f64().floor();
            figures.push(Metric::new("hushclip_relay_backup_last_success_timestamp_seconds", Kind::Gauge, help, value));
        }
        figures
    }

    /// Metrics of what passes through.
    #[expect(clippy::cast_precision_loss, reason = "there is none below 2^53")]
    fn traffic(&self, now: &Now) -> Vec<Metric> {
        let gauge = |name, help, value: u64| Metric::new(name, Kind::Gauge, help, value as f64);
        let total = |name, help, counter: &AtomicU64| Metric::new(name, Kind::Counter, help, get(counter) as f64);
        vec![
            gauge("hushclip_relay_sockets", "WebSockets that are open.", get(&self.sockets)),
            total("hushclip_relay_sockets_opened_total", "WebSockets opened since the start.", &self.opened),
            total("hushclip_relay_sockets_slow_total", "WebSockets cut off for reading too slowly.", &self.slow),
            gauge("hushclip_relay_connections", "Connections of any kind that are open.", now.connections as u64),
            gauge(
                "hushclip_relay_connections_limit",
                "Connections that the system's limit on open files leaves room for.",
                now.connections_limit as u64,
            ),
            total(
                "hushclip_relay_connections_exhausted_total",
                "Times a connection had to wait because all were used up.",
                &self.connections_used_up,
            ),
            total("hushclip_relay_frames_received_total", "Frames from devices.", &self.received),
            total("hushclip_relay_received_bytes_total", "Bytes in those frames.", &self.received_bytes),
            total("hushclip_relay_frames_sent_total", "Frames to devices.", &self.sent),
            total("hushclip_relay_sent_bytes_total", "Bytes in those frames.", &self.sent_bytes),
            total("hushclip_relay_transactions_total", "Transactions, failed ones included.", &self.commits),
            Metric::new(
                "hushclip_relay_transaction_seconds_total",
                Kind::Counter,
                "Time spent in transactions.",
                get(&self.commit_us) as f64 / 1e6,
            ),
            total(
                "hushclip_relay_transactions_failed_total",
                "Transactions that were not stored; the senders were told.",
                &self.commits_failed,
            ),
            total("hushclip_relay_faults_total", "Accounts whose code failed and was restarted.", &self.panics),
            Metric::new(
                "process_start_time_seconds",
                Kind::Gauge,
                "When this process started, Unix time.",
                get(&self.started_ms) as f64 / 1e3,
            ),
        ]
    }
}
