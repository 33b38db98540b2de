//! What Cloudflare bills for a clip: rows written and read by our worker as it ships, inside a module
//! that counts them (`count.mjs`), and how many clips a day the free plan has room for.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::sleep;

use crate::accounts::Prepared;
use crate::line::Came;
use crate::load::DEVICES;
use crate::server::{Dialect, Kind, Server};

/// Clips of each kind.
const CLIPS: usize = 50;
/// Between clips that expire, so that they do it one by one.
const APART: Duration = Duration::from_millis(20);
const TTL_S: u32 = 2;
/// Until the last has expired.
const LIFE: Duration = Duration::from_secs(4);

/// The free plan, for a day: <https://developers.cloudflare.com/durable-objects/platform/pricing/>.
/// Alarms count as requests and as rows written, deletes as rows written, outgoing messages not at all.
const FREE_ROWS_WRITTEN: f64 = 100_000.0;
const FREE_ROWS_READ: f64 = 5_000_000.0;
const FREE_REQUESTS: f64 = 100_000.0;
/// Incoming messages for one request.
const MESSAGES: f64 = 20.0;

/// What a mailbox did, as the module tells it.
#[derive(Clone, Copy)]
struct Counts {
    /// Rows written, alarms among them.
    written: f64,
    read: f64,
    alarms: f64,
}

/// Counts and prints.
#[expect(clippy::cast_precision_loss, reason = "there are fifty")]
pub(crate) async fn report(kind: &Kind, scratch: &Path) -> Result<()> {
    let clips = CLIPS as f64;
    let mut server = Server::start(kind, scratch)?;
    let kept = Prepared::make(90_000, 1, CLIPS, |_| 0);
    let (pushed, _) = push(&server, &kept, Duration::ZERO).await?;
    server.restart()?;
    kept.join(&server, 0).await?;
    let woken = counts(&server, &kept)?;

    let short = Prepared::make_living(90_001, 1, CLIPS, |_| 0, TTL_S);
    let (_, before) = push(&server, &short, APART).await?;
    sleep(LIFE).await;
    let life = counts(&server, &short)?.less(before);

    let acks = (DEVICES - 1) as f64;
    // Ordinary clips go by the hour, so that an alarm is for many of them.
    let rows = (life.written - life.alarms) / clips;
    println!("\nRows of the worker's database, as workerd counts them ({CLIPS} clips)");
    println!("  written by a push                                  {:.2}", (pushed.written - pushed.alarms) / clips);
    println!("  written in a clip's life: push, deletion           {rows:.2}");
    println!("  and for each hour in which clips of an account go  1, an alarm");
    println!("  read when a mailbox with {CLIPS} clips wakes            {:.0}", woken.read);
    println!("Clips a day within Cloudflare's free plan: {DEVICES} devices, and nothing else happens near a clip,");
    println!("so that it wakes its mailbox");
    let by_rows = FREE_ROWS_WRITTEN / rows;
    let by_requests = FREE_REQUESTS / ((1.0 + acks) / MESSAGES);
    println!("  {FREE_ROWS_WRITTEN:>9.0} rows written    {by_rows:>8.0}");
    println!(
        "  {FREE_REQUESTS:>9.0} requests        {by_requests:>8.0}   one push, {acks:.0} acks ({MESSAGES:.0} messages are a request)"
    );
    // A mailbox reads the same few rows whatever it keeps.
    let by_reading = FREE_ROWS_READ / (woken.read + life.read / clips);
    println!("  {FREE_ROWS_READ:>9.0} rows read       {by_reading:>8.0}");
    Ok(())
}

/// Pushes the clips of a new account. What that took, and what came before it.
async fn push(server: &Server, prepared: &Prepared, apart: Duration) -> Result<(Counts, Counts)> {
    let mut line = prepared.register(server).await?;
    let before = counts(server, prepared)?;
    for clip in 0..CLIPS {
        line.send(prepared.push(Dialect::Hushclip, clip)).await?;
        line.expect(Came::Ack).await?;
        sleep(apart).await;
    }
    Ok((counts(server, prepared)?.less(before), before))
}

fn counts(server: &Server, prepared: &Prepared) -> Result<Counts> {
    let text = server.get(&format!("/rows/{}", prepared.account.mailbox())).context("no counts")?;
    let json: serde_json::Value = serde_json::from_str(&text)?;
    let count = |name: &str| json[name].as_f64().with_context(|| format!("no count of {name}: {text}"));
    let alarms = count("alarms")?;
    Ok(Counts { written: count("written")? + alarms, read: count("read")?, alarms })
}

impl Counts {
    fn less(self, before: Self) -> Self {
        Self {
            written: self.written - before.written,
            read: self.read - before.read,
            alarms: self.alarms - before.alarms,
        }
    }
}
