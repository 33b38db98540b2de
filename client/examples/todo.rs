//! A to-do list that all machines of an account share: `todo FILE.db [PAIRING-LINK]`. Each line typed is an entry on the others. Give
//! the link the first time only.

use anyhow::Context as _;
use hushclip_client::{Client, Sqlite};
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let store = Sqlite::open(args.next().context("usage: todo FILE.db [PAIRING-LINK]")?)?;
    let client = Client::builder().store(store).open().await?;
    let list = client.channel("com.example.todo").await?;
    if let Some(link) = args.next() {
        let joining = client.join(&link, "To-do list").await?;
        println!("Type {} on the other device.", joining.digits().await?.unwrap_or_default());
        joining.done().await?;
    }
    let (mut lines, mut entries) = (BufReader::new(stdin()).lines(), list.payloads_after(0));
    loop {
        tokio::select! {
            Some(entry) = entries.next() => println!("- {}", String::from_utf8_lossy(&entry?.bytes)),
            line = lines.next_line() => match line? {
                Some(line) => drop(list.send(line).await?),
                None => return Ok(client.close().await?),
            },
        }
    }
}
