//! `cargo xtask setup`: installs what is missing and says in a line each what is there.
//! Where everything is there already it takes about a second.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{debian, npm, proc, toolchain};

/// What only the tests need, as (program, Debian package).
const TEST_PROGRAMS: [(&str, &str); 8] = [
    ("chromium", "chromium"),
    ("firefox-esr", "firefox-esr"),
    // A screen that nobody sees, and a program that copies and pastes there.
    ("Xvfb", "xvfb"),
    ("xclip", "xclip"),
    ("ps", "procps"),
    // Makes the certificate behind which the headers are graded.
    ("openssl", "openssl"),
    ("dbus-daemon", "dbus-daemon"),
    ("gnome-keyring-daemon", "gnome-keyring"),
];

/// Installs what building and running need, and for `test` the browsers as well.
pub(crate) fn setup(test: bool) -> Result<()> {
    println!("Set-up");
    let wasm = toolchain::install()?;
    println!("  wasm       {}", wasm.name);
    match npm::install()? {
        Some(count) => println!("  npm        {count} packages installed"),
        None => println!("  npm        as package-lock.json says"),
    }
    if test {
        let missing: Vec<&str> =
            TEST_PROGRAMS.iter().filter(|(program, _)| !proc::on_path(program)).map(|(_, package)| *package).collect();
        debian::install(&missing).context("the tests drive real browsers, a real keyring and TLS")?;
        println!("  browsers   {}", if missing.is_empty() { "there" } else { "installed" });
    }
    let cargo = proc::output(Command::new("cargo").arg("-V"), std::time::Duration::from_secs(20))?;
    println!("  host       {}", cargo.split('(').next().unwrap_or_default().trim());
    Ok(())
}
