//! `cargo xtask demo`: builds and serves the web app with an account that already holds clips, until Ctrl+C. For work
//! on the screens: nothing to type after a change.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    build::{self, Part, files, wasm::Profile},
    paths, proc,
    relay::Relay,
    setup,
};

const LIMIT: Duration = Duration::from_secs(30);
/// A typical list: short and long texts, a link, code, another script, and digits that look like a one-time code.
const CLIPS: [&str; 9] = [
    "Gate B24, boarding 14:35",
    "https://www.openstreetmap.org/way/4247312",
    "git rebase --onto main topic~3 topic",
    "Danke für gestern Abend! Bis Sonntag um elf am Bahnhof.",
    "#0f6b5c",
    "{\n  \"name\": \"Hushclip\",\n  \"clips\": [1, 2, 3]\n}",
    "明日の会議は午後三時に変わりました。",
    "A longer note, of the kind that one copies out of a mail to read it on the way: it goes over several lines on a \
     phone, and shows how a list cuts what is too long for it, where the end of a clip is, and what opening it does.",
    "482 913",
];

/// Builds what is shown, starts a relay, fills an account, and lets in whoever follows the links.
pub(crate) fn demo(port: u16) -> Result<()> {
    setup::setup(false)?;
    println!("Build");
    build::build(&[Part::Worker, Part::Web, Part::Cli], Profile::Fast)?;
    let folder = files::empty(&paths::scratch().join("demo"))?;
    let relay = Relay::start([127, 0, 0, 1].into(), port, &folder.join("relay"))?;
    let laptop = Laptop { home: folder.join("laptop") };
    laptop.run(&["init", "--relay", &relay.url(), "--name", "Laptop"], "")?;
    for clip in CLIPS {
        laptop.run(&["push"], clip)?;
    }
    println!("\nHushclip with a few clips in it: {}   (Ctrl+C stops it; the next run starts afresh)\n", relay.url());
    // Each link lets one device in.
    loop {
        laptop.let_in()?;
    }
}

/// A device at the terminal.
struct Laptop {
    home: PathBuf,
}

impl Laptop {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(paths::dist().join("hushclip"));
        command.arg("--home").arg(&self.home).args(args).env("HUSHCLIP_KEYRING", "off");
        command
    }

    fn run(&self, args: &[&str], input: &str) -> Result<()> {
        let file = self.home.with_extension("input");
        fs::write(&file, input)?;
        let log = paths::scratch().join("demo.log");
        let mut command = self.command(args);
        command.stdin(fs::File::open(&file)?).stdout(Stdio::null()).stderr(proc::create(&log)?);
        proc::run(&mut command, LIMIT).with_context(|| proc::tail(&log, 5))
    }

    /// Prints a link, and waits until a device has come in by it or its time is over.
    fn let_in(&self) -> Result<()> {
        let log = paths::scratch().join("demo.log");
        let mut command = self.command(&["invite", "--yes", "--share-history"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(proc::create(&log)?);
        let mut child = proc::Group::spawn(&mut command)?;
        let mut shown = false;
        let Some(output) = child.take_stdout() else { bail!("the client prints nothing") };
        for line in BufReader::new(output).lines() {
            let line = line?;
            if line.contains("/pair#") {
                shown = true;
                println!("  In a browser, as another device:  {line}\n");
                std::io::stdout().flush()?;
            }
        }
        child.wait(LIMIT)?;
        // Otherwise the next try would fail as fast, for ever.
        if shown { Ok(()) } else { bail!("the client printed no link: {}", proc::tail(&log, 5)) }
    }
}
