//! Sends the lines of a log file that matter to the phone: `log_bridge FILE.db LOG WORD [PAIRING-LINK]`. A line that holds
//! the word becomes a clip.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use hushclip_client::model::Content;
use hushclip_client::{Client, Sqlite};

const USAGE: &str = "usage: log_bridge FILE.db LOG WORD [PAIRING-LINK]";

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(db), Some(log), Some(word)) = (args.next(), args.next(), args.next()) else { anyhow::bail!(USAGE) };
    let client = Client::builder().store(Sqlite::open(db)?).open().await?;
    if let Some(link) = args.next() {
        let joining = client.join(&link, "Log bridge").await?;
        println!("Type {} on the other device.", joining.digits().await?.unwrap_or_default());
        joining.done().await?;
    }
    let mut log = Log::open(Path::new(&log))?;
    println!("Watching.");
    loop {
        for line in log.new_lines()?.iter().filter(|line| line.contains(&word)) {
            // It is on the disk now, and goes out when the relay can be reached.
            client.push(Content::text(line)).await?;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A file that grows at its end.
struct Log {
    file: std::fs::File,
    /// A line that is not written to its end yet.
    begun: Vec<u8>,
}

impl Log {
    /// Goes by what comes from now on.
    fn open(path: &Path) -> anyhow::Result<Self> {
        let mut file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { file, begun: Vec::new() })
    }

    fn new_lines(&mut self) -> anyhow::Result<Vec<String>> {
        self.file.read_to_end(&mut self.begun)?;
        let end = self.begun.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines: Vec<u8> = self.begun.drain(..end).collect();
        Ok(String::from_utf8_lossy(&lines).lines().map(str::to_owned).collect())
    }
}
