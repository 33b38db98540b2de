//! Debian packages, where the machine has apt and lets us use it.
//! Nothing here asks for a password: without the right to install, it prints the command instead.

use std::{ffi::OsStr, process::Command, sync::OnceLock, time::Duration};

use anyhow::{Result, bail};

use crate::{paths, proc};

const INSTALL_LIMIT: Duration = Duration::from_mins(10);
const SHORT: Duration = Duration::from_secs(20);

/// Whether this machine installs packages with apt.
pub(crate) fn has_apt() -> bool {
    proc::on_path("apt-get")
}

/// Installs those of `packages` that are missing.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !has_apt() {
        bail!("please install: {list}");
    }
    println!("  installing Debian packages: {list}");
    let log = paths::scratch().join("apt.log");
    let mut args = vec!["install", "-y", "--no-install-recommends"];
    args.extend(&missing);
    if proc::run_logged(&mut root_command("apt-get", &args)?, INSTALL_LIMIT, &log).is_err() {
        // The list of packages may be old or absent.
        proc::run_logged(&mut root_command("apt-get", &["update"])?, INSTALL_LIMIT, &log)?;
        proc::run_logged(&mut root_command("apt-get", &args)?, INSTALL_LIMIT, &log)?;
    }
    Ok(())
}

/// Runs a command as root.
pub(crate) fn as_root(program: &str, args: &[&OsStr]) -> Result<()> {
    proc::run(&mut root_command(program, args)?, INSTALL_LIMIT)
}

fn installed(package: &str) -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["-W", "-f", "${Status}", package]);
    proc::output(&mut query, SHORT).is_ok_and(|status| status.ends_with("ok installed"))
}

fn root_command<S: AsRef<OsStr>>(program: &str, args: &[S]) -> Result<Command> {
    let mut command = if is_root() {
        Command::new(program)
    } else if may_sudo() {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", program]);
        sudo
    } else {
        let args: Vec<_> = args.iter().map(|arg| arg.as_ref().to_string_lossy()).collect();
        bail!("please run as root: {program} {}", args.join(" "));
    };
    command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}

fn is_root() -> bool {
    static ROOT: OnceLock<bool> = OnceLock::new();
    *ROOT.get_or_init(|| proc::output(Command::new("id").arg("-u"), SHORT).is_ok_and(|id| id.trim() == "0"))
}

fn may_sudo() -> bool {
    proc::on_path("sudo") && proc::output(Command::new("sudo").args(["-n", "true"]), SHORT).is_ok()
}
