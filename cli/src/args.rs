//! What can be typed: commands, options, and the help that explains them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// Copy on one device, paste on another; nobody in between can read it.
#[derive(Debug, Parser)]
#[command(name = "hushclip", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Args {
    /// Folder that holds this device's keys and clips [default: hushclip in your data folder]
    #[arg(long, global = true, env = "HUSHCLIP_HOME", value_name = "FOLDER", hide_env_values = true)]
    pub(crate) home: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(Init),
    Invite(Invite),
    Join(Join),
    Push(Push),
    Pull(Pull),
    Watch(Watch),
    Devices(Devices),
    Status(Status),
    Alerts(Alerts),
    Rotation(Rotation),
    Resume(Resume),
    Lock(Lock),
    Unlock(Unlock),
    Leave(Leave),
}

/// Start an account, with this device as its first.
///
/// This device's keys go into your desktop session's keyring if one is running, otherwise into a file that only you can
/// read. `hushclip status` says which.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// Address of the relay, such as https://relay.example
    #[arg(long, value_name = "URL")]
    pub(crate) relay: String,
    /// What your other devices call this one [default: the host name]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The relay's token, if it requires one to start an account
    #[arg(long, value_name = "TOKEN", env = "HUSHCLIP_TOKEN", hide_env_values = true, default_value = "")]
    pub(crate) token: String,
    /// Keep the keys in a file even if there is a keyring; same as HUSHCLIP_KEYRING=off
    #[arg(long)]
    pub(crate) no_keyring: bool,
}

/// Let another device in: print a pairing link, or a code to type, and wait.
///
/// The link or code is printed on a line of its own on standard output. With a link, the new device then shows six
/// digits; type them here. With a code, you only say whether it may come in. Without a terminal, your answer is read as
/// a line of standard input.
#[derive(Debug, clap::Args)]
pub(crate) struct Invite {
    /// Print a code to type on the new device, such as 4-purple-cactus, instead of a link
    #[arg(long)]
    pub(crate) code: bool,
    /// Let the new device read what the relay still holds from before it joined, at most a week's worth
    #[arg(long)]
    pub(crate) share_history: bool,
    /// Let the new device in without asking. For scripts that pass the link or code on safely: whoever uses it first is
    /// let in
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Join an account with a pairing link or a typed code.
///
/// With a link, this device shows six digits to type on the other one; with a code, the other one asks for a yes. This
/// device's keys are kept where `hushclip init` would keep them. Other users of this machine can see command lines;
/// with `-`, the link or code is read from standard input instead.
#[derive(Debug, clap::Args)]
pub(crate) struct Join {
    /// The link shown on the other device, or its code, such as 4-purple-cactus; `-` reads either from standard input
    #[arg(value_name = "CODE-OR-LINK")]
    pub(crate) way: String,
    /// Address of the relay. A code needs it: `hushclip status` shows it on the other device. A link needs it only to
    /// confirm that it leads to a relay other than the one it is from
    #[arg(long, value_name = "URL")]
    pub(crate) relay: Option<String>,
    /// What your other devices call this one [default: the host name]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Keep the keys in a file even if there is a keyring; same as HUSHCLIP_KEYRING=off
    #[arg(long)]
    pub(crate) no_keyring: bool,
    /// Accepted for scripts; joining asks nothing, and this does not confirm a relay
    #[arg(long, hide = true)]
    pub(crate) yes: bool,
}

/// Send text to your other devices.
///
/// Done once the relay has stored it. If the relay cannot be reached, the text is saved and the next command sends it.
#[derive(Debug, clap::Args)]
pub(crate) struct Push {
    /// The text; without it, standard input is sent, minus one line break at the very end
    #[arg(allow_negative_numbers = true)]
    pub(crate) text: Option<String>,
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// Save it for sending and do not wait; same as --timeout 0
    #[arg(long)]
    pub(crate) no_wait: bool,
}

/// Fetch and print what your other devices have sent.
///
/// Prints what neither `pull` nor `watch` has printed before, oldest first. On a terminal, a line above each clip shows
/// its time and its device; otherwise only the text is printed.
#[derive(Debug, clap::Args)]
pub(crate) struct Pull {
    /// Print all clips this device keeps, its own included
    #[arg(long)]
    pub(crate) all: bool,
    /// Print each clip as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

/// Print clips as they arrive, until stopped.
///
/// Starts with what neither `pull` nor `watch` has printed before. This device's own clips are not printed.
///
/// With --clipboard, nothing is printed. What other devices send is put on this desktop's clipboard, and what is copied
/// here is sent. The clipboard is checked twice a second, which takes less than one percent of a processor; what was on
/// it at the start is not sent. Copies that look like secrets are held back, and so is anything a password manager has
/// marked as concealed; you are told about both.
#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
    /// Sync this desktop's clipboard instead of printing
    #[arg(long, conflicts_with_all = ["json", "count"])]
    pub(crate) clipboard: bool,
    /// Print each clip as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Stop after this many clips
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
}

/// List the devices in the account, or remove one.
///
/// Below the list are two fingerprints, one of the account and one of the list. They are the same on every device in
/// the account.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Devices {
    #[command(subcommand)]
    pub(crate) change: Option<DevicesChange>,
    /// Print each device as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DevicesChange {
    Remove(Remove),
}

/// Lock a device out of everything sent from now on.
///
/// It is told to delete its keys, but keeps the clips it has already received. Done once the relay has confirmed the
/// removal.
#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    /// Its name, or the start of its identifier, as shown by `hushclip devices`
    #[arg(value_name = "NAME-OR-ID")]
    pub(crate) device: String,
    /// Remove it without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

/// List what you should know about, or dismiss it.
///
/// Alerts tell you which devices came and went, what did not arrive, and what looks like a copied device. They stay
/// until dismissed.
#[derive(Debug, clap::Args)]
pub(crate) struct Alerts {
    /// Dismiss the alert with this number, or all of them
    #[arg(long, value_name = "ID|all")]
    pub(crate) dismiss: Option<String>,
    /// Print each alert as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show or set how often this device changes its keys.
///
/// Keys also change after every 1,000 clips, and whenever a device comes or goes.
#[derive(Debug, clap::Args)]
pub(crate) struct Rotation {
    /// Minutes, from 30 to 10080 (a week), or `default` for a week
    #[arg(value_name = "MINUTES|default", value_parser = rotation)]
    pub(crate) minutes: Option<u32>,
}

/// The longest, and what a device starts with.
const WEEK: u32 = 7 * 24 * 60;

fn rotation(text: &str) -> std::result::Result<u32, String> {
    if text == "default" {
        return Ok(WEEK);
    }
    let minutes = text.parse().ok().filter(|minutes| (30..=WEEK).contains(minutes));
    minutes.ok_or_else(|| format!("must be a number from 30 to {WEEK}, or `default`"))
}

/// Ask the relay again after its list of devices has stopped everything.
///
/// When the relay shows a different list of devices than before, or one that does not verify, this device stops. This
/// command shows what is known, asks you, and tries again. What this device knows still has to hold: a relay that has
/// lost the end of the list gets it back; one that contradicts it stops this device again.
#[derive(Debug, clap::Args)]
pub(crate) struct Resume {
    /// Try again without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Lock this device's keys now, or set a passphrase for them.
///
/// With a passphrase, anyone who gets hold of this device's files and keyring still needs it. Without an option, this
/// command locks: every hushclip running with this home ends, `hushclip unlock` and `hushclip watch` included, and with
/// it the only memory that holds the keys. On a terminal you are asked for the passphrase; elsewhere it is read from
/// standard input, the current one first, then the new one, each on a line of its own. HUSHCLIP_PASSPHRASE_FILE may
/// name a file that contains the current one.
///
/// Nobody can help if you forget it: all you can do is delete what is here with `hushclip leave`, and join again.
#[derive(Debug, clap::Args)]
pub(crate) struct Lock {
    /// Set or change the passphrase
    #[arg(long, conflicts_with = "remove")]
    pub(crate) set: bool,
    /// Remove the passphrase
    #[arg(long)]
    pub(crate) remove: bool,
}

/// Keep the keys unlocked until `hushclip lock`.
///
/// Asks for the passphrase, then leaves a process running that holds the keys in memory and stays connected, so that
/// other commands with this home need not ask. Without it, each command asks for the passphrase, or fails if there is
/// no terminal, unless a running command already holds the keys.
#[derive(Debug, clap::Args)]
pub(crate) struct Unlock {
    /// Lock again after this many minutes
    #[arg(long = "for", value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..=527_040))]
    pub(crate) minutes: Option<u64>,
    /// Hold the keys in this process, in the foreground; for service managers
    #[arg(long)]
    pub(crate) stay: bool,
}

/// Forget the account on this device.
///
/// Deletes the keys, the clips and anything waiting to be sent, on this device only, even if they are locked and the
/// passphrase is lost. The other devices are not told: remove this one there too. If there are no others, the relay
/// deletes what it holds, as soon as it can be told.
#[derive(Debug, clap::Args)]
pub(crate) struct Leave {
    /// Delete without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Show this device's status.
#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// How long to wait for the relay.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Wait {
    /// Seconds to wait for the relay
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
