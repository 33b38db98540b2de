//! What can be typed: commands, options, and the help that explains them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// Copy on one device, paste on another; nobody in between can read it.
#[derive(Debug, Parser)]
#[command(name = "hushclip", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Args {
    /// Folder with this device's keys and clips [default: hushclip in your data folder]
    #[arg(long, global = true, env = "HUSHCLIP_HOME", value_name = "FOLDER", hide_env_values = true)]
    pub(crate) home: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start an account whose first device is this one
    Init(Init),
    /// Let another device in: prints a pairing link and waits
    Invite(Invite),
    /// Join the account that a pairing link leads to
    Join(Join),
    /// Send text to your other devices
    Push(Push),
    /// Fetch and print what your other devices have sent
    Pull(Pull),
    /// Print clips as they arrive, until stopped
    Watch(Watch),
    /// List the devices of the account
    Devices(Devices),
    /// Say how this device stands
    Status(Status),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// Address of the relay, for example https://relay.example
    #[arg(long, value_name = "URL")]
    pub(crate) relay: String,
    /// What your other devices call this one [default: the host's name]
    #[arg(long)]
    pub(crate) name: Option<String>,
}

/// Let another device in: prints a pairing link and waits.
///
/// The link stands on a line of its own on the standard output. The new device then shows six
/// digits; type them here. Without a terminal they are read as a line of the standard input.
#[derive(Debug, clap::Args)]
pub(crate) struct Invite {
    /// Let the new device in without asking for its digits. For scripts that pass the link on
    /// safely: whoever gets hold of it first is in
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Join {
    /// The link that the other device shows
    pub(crate) url: String,
    /// What your other devices call this one [default: the host's name]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Accepted for scripts; joining asks nothing
    #[arg(long, hide = true)]
    pub(crate) yes: bool,
}

/// Send text to your other devices.
///
/// Done when the relay has stored it. If the relay cannot be reached, the text is kept and the next
/// command sends it.
#[derive(Debug, clap::Args)]
pub(crate) struct Push {
    /// The text. Without it the standard input is sent, less one line break at its very end
    #[arg(allow_negative_numbers = true)]
    pub(crate) text: Option<String>,
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// Only keep it for sending; the same as --timeout 0
    #[arg(long)]
    pub(crate) no_wait: bool,
}

/// Fetch and print what your other devices have sent.
///
/// Prints what neither `pull` nor `watch` has printed before, oldest first. On a terminal each clip
/// has a line above it that says when and from where; otherwise only the text is printed.
#[derive(Debug, clap::Args)]
pub(crate) struct Pull {
    /// Print all clips that this device remembers, own ones too
    #[arg(long)]
    pub(crate) all: bool,
    /// Print one JSON object per clip and line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

/// Print clips as they arrive, until stopped.
///
/// Begins with what neither `pull` nor `watch` has printed before. Own clips are not printed.
#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
    /// Print one JSON object per clip and line
    #[arg(long)]
    pub(crate) json: bool,
    /// Stop after this many clips
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Devices {
    /// Print one JSON object per device and line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// How long to wait for the relay.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Wait {
    /// How long to wait for the relay, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(..=86_400))]
    timeout: u64,
}

impl Wait {
    pub(crate) const fn time(self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Args;

    #[test]
    fn the_definition_is_consistent() {
        Args::command().debug_assert();
    }
}
