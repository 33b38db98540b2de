//! Metrics of this isolate since it started. Cloudflare runs many and restarts them as it likes, so sums over time
//! are up to whoever collects them.

use std::sync::atomic::{AtomicU64, Ordering};

use hushclip_relay_http::{Kind, Metric};

/// Counts what the mailboxes in this isolate do.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Sockets accepted.
    pub(crate) sockets: AtomicU64,
    /// Messages received.
    pub(crate) received: AtomicU64,
    /// Messages sent.
    pub(crate) sent: AtomicU64,
    /// Mailboxes that could not be restored.
    pub(crate) faults: AtomicU64,
}

/// The counters of this isolate.
pub(crate) static COUNTERS: Counters = Counters {
    sockets: AtomicU64::new(0),
    received: AtomicU64::new(0),
    sent: AtomicU64::new(0),
    faults: AtomicU64::new(0),
};

/// Counts one more.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// All metrics.
#[expect(clippy::cast_precision_loss, reason = "there is none below 2^53")]
pub(crate) fn figures() -> [Metric; 4] {
    let figure = |name, help, counter: &AtomicU64| {
        let value = counter.load(Ordering::Relaxed) as f64;
        Metric::new(name, Kind::Counter, help, value)
    };
    let Counters { sockets, received, sent, faults } = &COUNTERS;
    [
        figure("hushclip_relay_sockets_opened_total", "Sockets taken in by this isolate since it started.", sockets),
        figure(
            "hushclip_relay_frames_received_total",
            "Messages that came to this isolate since it started.",
            received,
        ),
        figure("hushclip_relay_frames_sent_total", "Messages sent by this isolate since it started.", sent),
        figure("hushclip_relay_faults_total", "Faults of storage in this isolate since it started.", faults),
    ]
}
