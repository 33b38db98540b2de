//! One WebSocket to a relay, in either dialect. Incoming messages are told apart by their first bytes, so
//! that the client takes little of the machine.

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use hushclip_protocol::frame::{Challenge, ToDevice, ToRelay};
use hushclip_relay_tests::Account;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::server::{Dialect, Server};

/// An incoming message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Came {
    /// A clip of ours is stored.
    Ack,
    /// A clip of another device.
    Item,
}

/// An open socket.
pub(crate) struct Line {
    dialect: Dialect,
    stream: WebSocketStream<TcpStream>,
    host: String,
    challenge: Option<Challenge>,
}

impl Line {
    /// Opens a socket and reads the relay's first message, after which it is known to the relay.
    pub(crate) async fn open(server: &Server, account: &Account) -> Result<Self> {
        let stream = TcpStream::connect(server.address).await?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{}/v1/mailbox/{}", server.address, account.mailbox());
        let (stream, _) = client_async(url, stream).await?;
        let mut line = Self { dialect: server.dialect, stream, host: server.address.to_string(), challenge: None };
        let first = line.message().await?;
        if line.dialect == Dialect::Hushclip {
            let ToDevice::Challenge(challenge) = ToDevice::decode(&first)? else { bail!("no challenge came") };
            line.challenge = Some(challenge);
        }
        Ok(line)
    }

    /// Makes the account known.
    pub(crate) async fn register(&mut self, account: &Account) -> Result<()> {
        self.send(ToRelay::Register { entry: account.genesis.clone(), token: String::new() }.encode()).await?;
        self.wait_for(|frame| matches!(frame, ToDevice::Registered { .. })).await
    }

    /// Answers the challenge.
    pub(crate) async fn sign_in(&mut self, account: &Account, device: usize) -> Result<()> {
        let challenge = self.challenge.take().context("the challenge was answered before")?;
        let hello = account.signed_hello(device, &self.host, &challenge, None);
        self.send(ToRelay::Hello(hello).encode()).await?;
        self.wait_for(|frame| matches!(frame, ToDevice::Welcome(_))).await
    }

    /// Sends a log entry and waits until it is stored.
    pub(crate) async fn append(&mut self, entry: &ToRelay) -> Result<()> {
        self.send(entry.encode()).await?;
        self.wait_for(|frame| matches!(frame, ToDevice::LogEntries { .. })).await
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, message: Vec<u8>) -> Result<()> {
        Ok(self.stream.send(Message::binary(message)).await?)
    }

    /// Waits for an ack or an item; skips news of other devices.
    pub(crate) async fn next(&mut self) -> Result<Came> {
        const PUSHED: u8 = 3;
        const ITEM: u8 = 5;
        const ERROR: u8 = 12;
        loop {
            let message = self.message().await?;
            match (self.dialect, message.get(1)) {
                (Dialect::Bare, _) => return Ok(if message.len() == 8 { Came::Ack } else { Came::Item }),
                (Dialect::Hushclip, Some(&PUSHED)) => return Ok(Came::Ack),
                (Dialect::Hushclip, Some(&ITEM)) => return Ok(Came::Item),
                (Dialect::Hushclip, Some(&ERROR)) => bail!("{:?}", ToDevice::decode(&message)),
                (Dialect::Hushclip, _) => {}
            }
        }
    }

    /// Waits for exactly that.
    pub(crate) async fn expect(&mut self, wanted: Came) -> Result<()> {
        let came = self.next().await?;
        if came != wanted {
            bail!("instead of {wanted:?} came {came:?}");
        }
        Ok(())
    }

    /// Waits for that many items.
    pub(crate) async fn expect_items(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            self.expect(Came::Item).await?;
        }
        Ok(())
    }

    async fn wait_for(&mut self, wanted: impl Fn(&ToDevice) -> bool) -> Result<()> {
        loop {
            match ToDevice::decode(&self.message().await?)? {
                frame if wanted(&frame) => return Ok(()),
                frame @ ToDevice::Error { .. } => bail!("{frame:?}"),
                _ => {}
            }
        }
    }

    async fn message(&mut self) -> Result<tokio_tungstenite::tungstenite::Bytes> {
        match self.stream.next().await.context("the relay hung up")?? {
            Message::Binary(bytes) => Ok(bytes),
            other => bail!("instead of a message came {other:?}"),
        }
    }
}
