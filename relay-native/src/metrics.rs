//! What the relay counts about itself, in sums over all accounts.

use std::sync::atomic::{AtomicU64, Ordering};

use hushclip_mailbox::http::{Kind, Metric};

/// Counted since the process started.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Milliseconds since 1970.
    pub(crate) started_ms: AtomicU64,
    /// Accounts in memory.
    pub(crate) accounts: AtomicU64,
    /// Sockets that the core knows.
    pub(crate) sockets: AtomicU64,
    /// Sockets that were opened.
    pub(crate) opened: AtomicU64,
    /// Frames in.
    pub(crate) received: AtomicU64,
    /// Their bytes.
    pub(crate) received_bytes: AtomicU64,
    /// Frames out.
    pub(crate) sent: AtomicU64,
    /// Their bytes.
    pub(crate) sent_bytes: AtomicU64,
    /// Transactions.
    pub(crate) commits: AtomicU64,
    /// Time spent in them, microseconds.
    pub(crate) commit_us: AtomicU64,
    /// Transactions that were not stored.
    pub(crate) commits_failed: AtomicU64,
    /// Mailboxes whose code failed.
    pub(crate) panics: AtomicU64,
    /// Sockets cut off because their other side did not read.
    pub(crate) slow: AtomicU64,
    /// Requests refused because their address asked too often.
    pub(crate) refused: AtomicU64,
    /// 1: the last transaction was stored.
    pub(crate) storage_ok: AtomicU64,
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

/// Sets a gauge.
pub(crate) fn set(gauge: &AtomicU64, value: u64) {
    gauge.store(value, Ordering::Relaxed);
}

/// What it stands at.
pub(crate) fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Counters {
    /// All of it, for Prometheus. `database` is the size of the database's files in bytes.
    #[expect(clippy::cast_precision_loss, reason = "there is none below 2^53")]
    pub(crate) fn figures(&self, database: u64) -> Vec<Metric> {
        use Kind::{Counter, Gauge};
        let whole = |name, kind, help, value: &AtomicU64| Metric { name, help, kind, value: get(value) as f64 };
        let seconds = |name, kind, help, value: u64, unit: f64| Metric { name, help, kind, value: value as f64 / unit };
        vec![
            seconds(
                "hushclip_relay_start_time_seconds",
                Gauge,
                "When this process started, Unix time.",
                get(&self.started_ms),
                1e3,
            ),
            whole("hushclip_relay_accounts_awake", Gauge, "Accounts that somebody is connected to.", &self.accounts),
            whole("hushclip_relay_sockets", Gauge, "WebSockets that are open.", &self.sockets),
            whole("hushclip_relay_sockets_opened_total", Counter, "WebSockets opened since the start.", &self.opened),
            whole(
                "hushclip_relay_sockets_slow_total",
                Counter,
                "WebSockets cut off for reading too slowly.",
                &self.slow,
            ),
            whole("hushclip_relay_requests_refused_total", Counter, "Requests that came too often.", &self.refused),
            whole("hushclip_relay_frames_received_total", Counter, "Frames from devices.", &self.received),
            whole("hushclip_relay_received_bytes_total", Counter, "Bytes in those frames.", &self.received_bytes),
            whole("hushclip_relay_frames_sent_total", Counter, "Frames to devices.", &self.sent),
            whole("hushclip_relay_sent_bytes_total", Counter, "Bytes in those frames.", &self.sent_bytes),
            whole("hushclip_relay_transactions_total", Counter, "Transactions, failed ones included.", &self.commits),
            seconds(
                "hushclip_relay_transaction_seconds_total",
                Counter,
                "Time spent in transactions.",
                get(&self.commit_us),
                1e6,
            ),
            whole(
                "hushclip_relay_transactions_failed_total",
                Counter,
                "Transactions that were not stored; who sent was told.",
                &self.commits_failed,
            ),
            whole(
                "hushclip_relay_faults_total",
                Counter,
                "Accounts whose code failed and was started anew.",
                &self.panics,
            ),
            whole("hushclip_relay_storage_ok", Gauge, "1 if the last transaction was stored.", &self.storage_ok),
            Metric {
                name: "hushclip_relay_database_bytes",
                help: "Size of the database's files.",
                kind: Gauge,
                value: database as f64,
            },
        ]
    }
}
