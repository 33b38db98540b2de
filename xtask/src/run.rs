//! `cargo xtask run` and `cargo xtask relay`: a relay on this machine, until Ctrl+C.
//! `run` builds first and tells people what to do next; `relay` is for scripts and prints one line.

use std::{io::Write as _, path::PathBuf};

use anyhow::Result;
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

use crate::{
    RelayArgs,
    build::{self, wasm::Profile},
    paths,
    relay::Relay,
    setup,
};

/// Sets up, builds, starts a relay and says how to use it.
pub(crate) fn run(args: RelayArgs) -> Result<()> {
    setup::setup(false)?;
    println!("Build");
    build::build(&[], Profile::Ship)?;
    let relay = start(&args)?;
    print_welcome(&relay.url(), &args)?;
    relay.wait()
}

/// Starts a relay from `dist/` and prints `ready URL`.
pub(crate) fn relay(args: RelayArgs) -> Result<()> {
    let relay = start(&args)?;
    println!("ready {}", relay.url());
    std::io::stdout().flush()?;
    relay.wait()
}

fn start(args: &RelayArgs) -> Result<Relay> {
    let relay = Relay::start(args.host, args.port, &data_folder(args))?;
    eprintln!("relay log: {}", paths::shown(relay.log()));
    Ok(relay)
}

fn data_folder(args: &RelayArgs) -> PathBuf {
    args.data.clone().unwrap_or_else(|| paths::root().join(".hushclip/relay"))
}

fn print_welcome(url: &str, args: &RelayArgs) -> Result<()> {
    let code = QrCode::with_error_correction_level(url, EcLevel::L)?;
    // The blocks draw what is light, as most terminals are dark; cameras read both.
    let picture = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    let chrome = paths::dist().join("chrome");
    let firefox = paths::dist().join("firefox/manifest.json");
    println!(
        "
{picture}
Hushclip is running: {url}   (accounts in {data}; Ctrl+C stops it)

  Web app   open {url}
  Chrome    chrome://extensions > Developer mode > Load unpacked > {chrome}
  Firefox   about:debugging > This Firefox > Load Temporary Add-on > {firefox}
  Terminal  dist/hushclip init --relay {url}
            dist/hushclip invite
            echo hi | dist/hushclip push
            dist/hushclip watch
",
        data = paths::shown(&data_folder(args)),
        chrome = chrome.display(),
        firefox = firefox.display(),
    );
    Ok(())
}
