//! The loads. Each works on one relay and reports how long it took and how much processor time the relay used.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use futures_util::future::{join_all, try_join, try_join_all};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::time::{sleep, timeout};

use crate::accounts::Prepared;
use crate::line::{Came, Line};
use crate::server::Server;

/// Sockets of an account under load, each of a device of its own: one pushes, the others receive.
pub(crate) const DEVICES: usize = 4;
/// Clips that a device pushes before another takes over: as many as its allowance of frames covers.
pub(crate) const TURN: usize = 100;
/// Between two clips when latency is measured.
const PAUSE: Duration = Duration::from_millis(2);
/// Longer than any load takes.
const LIMIT: Duration = Duration::from_mins(1);
/// Sockets that are opened at a time.
const OPENING: usize = 16;

/// What a load took.
pub(crate) struct Took {
    /// Clips that were stored and reached every receiver.
    pub(crate) clips: usize,
    pub(crate) wall: Duration,
    /// Of the relay's process.
    pub(crate) cpu: Duration,
}

/// Which device pushes the clip of this number.
pub(crate) fn sender(clip: usize) -> usize {
    clip / TURN % DEVICES
}

/// One account, nothing else going on: times from a push to its arrival at each of the other devices.
pub(crate) async fn latency(server: &Server, prepared: &Prepared) -> Result<Vec<Duration>> {
    bounded(async {
        let mut lines = prepared.open(server, DEVICES).await?;
        let mut times = Vec::new();
        for clip in 0..DEVICES * TURN {
            let push = prepared.push(server.dialect, clip);
            let started = Instant::now();
            lines[sender(clip)].send(push).await?;
            let arrivals = join_all(lines.iter_mut().enumerate().map(|(device, line)| async move {
                let wanted = if device == sender(clip) { Came::Ack } else { Came::Item };
                line.expect(wanted).await.map(|()| (wanted, started.elapsed()))
            }));
            for arrival in arrivals.await {
                if let (Came::Item, time) = arrival? {
                    times.push(time);
                }
            }
            sleep(PAUSE).await;
        }
        Ok(times)
    })
    .await
}

/// One account: each clip is pushed as soon as the one before is acknowledged.
pub(crate) async fn one_account(server: &Server, prepared: &Prepared) -> Result<Took> {
    bounded(async {
        let mut lines = prepared.open(server, DEVICES).await?;
        let pushes: Vec<_> = (0..DEVICES * TURN).map(|clip| prepared.push(server.dialect, clip)).collect();
        let clips = pushes.len();
        let mut pushes = pushes.into_iter();
        measure(server, clips, async {
            for sender in 0..DEVICES {
                let turn: Vec<_> = pushes.by_ref().take(TURN).collect();
                try_join_all(
                    lines.iter_mut().enumerate().map(|(device, line)| {
                        let turn = if device == sender { turn.clone() } else { Vec::new() };
                        async move {
                            if device == sender { push_all(line, turn).await } else { line.expect_items(TURN).await }
                        }
                    }),
                )
                .await?;
            }
            Ok(())
        })
        .await
    })
    .await
}

/// The accounts of a relay, each with a socket that pushes and one that receives.
pub(crate) struct Many {
    senders: Vec<Line>,
    receivers: Vec<Line>,
    pushed: usize,
}

impl Many {
    /// Registers the accounts and opens a socket to each.
    pub(crate) async fn register(server: &Server, accounts: &[Prepared]) -> Result<Self> {
        let opening = stream::iter(accounts).map(|prepared| prepared.register(server)).buffered(OPENING);
        let senders = bounded(opening.try_collect()).await?;
        Ok(Self { senders, receivers: Vec::new(), pushed: 0 })
    }

    /// Opens one more socket to each account.
    pub(crate) async fn join(&mut self, server: &Server, accounts: &[Prepared]) -> Result<()> {
        let opening = stream::iter(accounts).map(|prepared| prepared.join(server, 0)).buffered(OPENING);
        self.receivers = bounded(opening.try_collect()).await?;
        Ok(())
    }

    /// All accounts at once push that many clips each, one after the other.
    pub(crate) async fn push(&mut self, server: &Server, accounts: &[Prepared], clips: usize) -> Result<Took> {
        let range = self.pushed..self.pushed + clips;
        self.pushed = range.end;
        let turns = accounts.iter().map(|prepared| range.clone().map(|clip| prepared.push(server.dialect, clip)));
        let turns: Vec<Vec<_>> = turns.map(Iterator::collect).collect();
        let lines: Vec<_> = self.senders.drain(..).zip(self.receivers.drain(..)).collect();
        let (senders, receivers) = (&mut self.senders, &mut self.receivers);
        bounded(measure(server, clips * accounts.len(), async {
            let accounts = lines.into_iter().zip(turns).map(|((mut sender, mut receiver), turn)| {
                tokio::spawn(async move {
                    try_join(push_all(&mut sender, turn), receiver.expect_items(clips)).await?;
                    anyhow::Ok((sender, receiver))
                })
            });
            for account in accounts.collect::<Vec<_>>() {
                let (sender, receiver) = account.await??;
                senders.push(sender);
                receivers.push(receiver);
            }
            Ok(())
        }))
        .await
    }
}

/// Each as soon as the one before is acknowledged.
async fn push_all(line: &mut Line, pushes: Vec<Vec<u8>>) -> Result<()> {
    for push in pushes {
        line.send(push).await?;
        line.expect(Came::Ack).await?;
    }
    Ok(())
}

async fn measure(server: &Server, clips: usize, load: impl Future<Output = Result<()>>) -> Result<Took> {
    let (cpu, started) = (server.cpu()?, Instant::now());
    load.await?;
    let wall = started.elapsed();
    Ok(Took { clips, wall, cpu: server.cpu()?.saturating_sub(cpu) })
}

async fn bounded<T>(load: impl Future<Output = Result<T>>) -> Result<T> {
    match timeout(LIMIT, load).await {
        Ok(done) => done,
        Err(_) => bail!("the relay did not keep up within {} s", LIMIT.as_secs()),
    }
}
