//! Accounts with real keys and sealed clips, made before anything is measured. Every relay gets the
//! same ones, each in a fresh folder, so the cursor of every clip is known in advance.

use anyhow::Result;
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::ItemId;
use hushclip_relay_tests::Account;

use crate::line::Line;
use crate::server::{Dialect, Server};

/// Bytes of text in a clip.
pub(crate) const BODY: usize = 256;
/// The longest life a clip can have.
const TTL_S: u32 = hushclip_protocol::limits::TTL_S;

/// An account and what its devices will push, in order.
pub(crate) struct Prepared {
    pub(crate) account: Account,
    additions: Vec<ToRelay>,
    /// Envelopes of the clips.
    envelopes: Vec<Vec<u8>>,
}

impl Prepared {
    /// `sender` says which device pushes each clip.
    pub(crate) fn make(seed: u64, devices: usize, clips: usize, sender: impl Fn(usize) -> usize) -> Self {
        Self::make_living(seed, devices, clips, sender, TTL_S)
    }

    /// The same, with shorter-lived clips.
    pub(crate) fn make_living(
        seed: u64,
        devices: usize,
        clips: usize,
        sender: impl Fn(usize) -> usize,
        ttl_s: u32,
    ) -> Self {
        let mut account = Account::make(seed);
        let additions = (1..devices).map(|_| ToRelay::LogAppend(account.add_device())).collect();
        let envelopes = (0..clips)
            .map(|clip| {
                let mut item = [0; ItemId::LEN];
                item[..8].copy_from_slice(&(clip as u64 + 1).to_le_bytes());
                account.clip_named(sender(clip), ItemId::from_bytes(item), BODY, ttl_s)
            })
            .collect();
        Self { account, additions, envelopes }
    }

    /// The message that pushes a clip: the first of an account is number 0.
    pub(crate) fn push(&self, dialect: Dialect, clip: usize) -> Vec<u8> {
        let envelope = self.envelopes[clip].clone();
        match dialect {
            Dialect::Hushclip => ToRelay::Push { after: clip as u64, envelope: envelope.into() }.encode(),
            Dialect::Bare => envelope,
        }
    }

    /// Makes the account known to the relay and signs its first device in.
    pub(crate) async fn register(&self, server: &Server) -> Result<Line> {
        let mut line = Line::open(server, &self.account).await?;
        if server.dialect == Dialect::Hushclip {
            line.register(&self.account).await?;
            line.sign_in(&self.account, 0).await?;
            for addition in &self.additions {
                line.append(addition).await?;
            }
        }
        Ok(line)
    }

    /// One more socket of a device.
    pub(crate) async fn join(&self, server: &Server, device: usize) -> Result<Line> {
        let mut line = Line::open(server, &self.account).await?;
        if server.dialect == Dialect::Hushclip {
            line.sign_in(&self.account, device).await?;
        }
        Ok(line)
    }

    /// Registers the account and opens a socket for each of its devices.
    pub(crate) async fn open(&self, server: &Server, devices: usize) -> Result<Vec<Line>> {
        let mut lines = vec![self.register(server).await?];
        for device in 1..devices {
            lines.push(self.join(server, device).await?);
        }
        Ok(lines)
    }
}
