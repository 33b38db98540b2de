//! Settings that several machines change, each of them online or not: `settings FILE.db set KEY VALUE`, `settings FILE.db
//! list`, `settings FILE.db join PAIRING-LINK`. If a key is changed twice, the later change wins. Machines that connect at
//! least once a week end up with the same settings; one that joins later starts without those from before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use hushclip_client::{Channel, Client, Error, Payload, Sqlite};

const USAGE: &str = "usage: settings FILE.db (set KEY VALUE | list | join PAIRING-LINK)";

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let Some((db, command)) = args.split_first() else { bail!(USAGE) };
    let client = Client::builder().store(Sqlite::open(db)?).open().await?;
    let channel = client.channel("com.example.settings").await?;
    let mut settings = Settings::read(&Path::new(db).with_extension("settings"))?;
    match command {
        ["join", link] => {
            let joining = client.join(link, "Settings").await?;
            println!("Type {} on the other device.", joining.digits().await?.unwrap_or_default());
            joining.done().await?;
        }
        ["set", key, value] => {
            let at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
            let change =
                Change { at, by: client.status().view.device.context("not in an account")?, value: (*value).into() };
            // From here on it reaches the others. A crash before `write` below would lose it here, as a device does not
            // get its own payloads back: a real program keeps a list of changes to repeat.
            channel.send(change.encode(key)).await?;
            settings.take(key, change);
            settings.write()?;
        }
        ["list"] => {}
        _ => bail!(USAGE),
    }
    match client.caught_up().await {
        // What was to be sent is, also by an earlier run.
        Ok(()) => client.sent().await?,
        Err(Error::Unreachable(_)) => eprintln!("The relay cannot be reached; the changes wait."),
        Err(error) => return Err(error.into()),
    }
    settings.merge(&channel).await?;
    for (key, change) in &settings.values {
        println!("{key}={}", change.value);
    }
    Ok(client.close().await?)
}

/// What a key was set to, when and by which device.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    at: u64,
    by: String,
    value: String,
}

impl Change {
    fn encode(&self, key: &str) -> String {
        format!("{} {} {key}={}", self.at, self.by, self.value)
    }

    fn decode(line: &str) -> Option<(String, Self)> {
        let [at, by, set] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { return None };
        let (key, value) = set.split_once('=')?;
        Some((key.into(), Self { at: at.parse().ok()?, by: by.into(), value: value.into() }))
    }
}

/// All settings, in a file, and how far the channel was read for them.
struct Settings {
    path: PathBuf,
    read_up_to: u64,
    values: BTreeMap<String, Change>,
}

impl Settings {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let text = if path.exists() { std::fs::read_to_string(path)? } else { String::new() };
        let mut lines = text.lines();
        let read_up_to = lines.next().map_or(Ok(0), str::parse).context("the file is damaged")?;
        Ok(Self { path: path.into(), read_up_to, values: lines.filter_map(Change::decode).collect() })
    }

    /// Of two changes the later one counts. Clocks may agree, devices never do, so all come to the same.
    fn take(&mut self, key: &str, change: Change) {
        let newest = self.values.entry(key.into()).or_insert_with(|| change.clone());
        *newest = change.max(newest.clone());
    }

    async fn merge(&mut self, channel: &Channel) -> anyhow::Result<()> {
        for Payload { about, bytes, .. } in channel.pull(self.read_up_to).await? {
            if let Some((key, change)) = std::str::from_utf8(&bytes).ok().and_then(Change::decode) {
                self.take(&key, change);
            }
            self.read_up_to = about.order;
        }
        self.write()
    }

    /// Replaces the file as a whole.
    fn write(&self) -> anyhow::Result<()> {
        let lines = self.values.iter().map(|(key, change)| change.encode(key) + "\n");
        let new = self.path.with_extension("new");
        std::fs::write(&new, format!("{}\n{}", self.read_up_to, lines.collect::<String>()))?;
        Ok(std::fs::rename(new, &self.path)?)
    }
}
