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

/// Start an account whose first device is this one.
///
/// The keys of this device are kept in the keyring of your desktop session, if one is running, else in
/// a file that only you can read; `hushclip status` says which.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// Address of the relay, for example https://relay.example
    #[arg(long, value_name = "URL")]
    pub(crate) relay: String,
    /// What your other devices call this one [default: the host's name]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// What the relay wants to hear from new accounts, if it is not open to everybody
    #[arg(long, value_name = "TOKEN", env = "HUSHCLIP_TOKEN", hide_env_values = true, default_value = "")]
    pub(crate) token: String,
    /// Keep the keys in a file, also where there is a keyring; the same as HUSHCLIP_KEYRING=off
    #[arg(long)]
    pub(crate) no_keyring: bool,
}

/// Let another device in: prints a pairing link, or a code to type, and waits.
///
/// Link or code stand on a line of their own on the standard output. With a link the new device then
/// shows six digits; type them here. With a code you only say whether it may come in. Without a
/// terminal the answer is read as a line of the standard input.
#[derive(Debug, clap::Args)]
pub(crate) struct Invite {
    /// Print a code that is typed on the new device, such as 4-purple-cactus, instead of a link
    #[arg(long)]
    pub(crate) code: bool,
    /// Let the new device read what the relay keeps of the time before, at most a week
    #[arg(long)]
    pub(crate) share_history: bool,
    /// Let the new device in without asking. For scripts that pass link or code on safely: whoever
    /// gets hold of it first is in
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Join the account that a pairing link or a typed code leads to.
///
/// A link leads to six digits here, to be typed on the other device; a code needs a yes there. The keys
/// of this device are kept as `hushclip init` keeps them. Who else uses this machine sees command lines: with
/// `-`, link or code are read from the standard input.
#[derive(Debug, clap::Args)]
pub(crate) struct Join {
    /// The link that the other device shows, or its typed code such as 4-purple-cactus; `-` reads either
    #[arg(value_name = "CODE-OR-LINK")]
    pub(crate) way: String,
    /// Address of the relay. A code needs it: `hushclip status` on the other device tells it. A link needs it
    /// only to confirm that it leads to another relay than it is from
    #[arg(long, value_name = "URL")]
    pub(crate) relay: Option<String>,
    /// What your other devices call this one [default: the host's name]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Keep the keys in a file, also where there is a keyring; the same as HUSHCLIP_KEYRING=off
    #[arg(long)]
    pub(crate) no_keyring: bool,
    /// Accepted for scripts; joining asks nothing, and this confirms no relay
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
///
/// With --clipboard nothing is printed. What other devices send is put on this desktop's clipboard, and
/// what is copied here is sent. It looks at the clipboard twice a second, which costs less than one percent
/// of a processor; what lay there before it began stays here. Copies that look like secrets are held back,
/// and said; so is what a password manager has marked as concealed.
#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
    /// Keep this desktop's clipboard in step, instead of printing
    #[arg(long, conflicts_with_all = ["json", "count"])]
    pub(crate) clipboard: bool,
    /// Print one JSON object per clip and line
    #[arg(long)]
    pub(crate) json: bool,
    /// Stop after this many clips
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
}

/// List the devices of the account, or remove one.
///
/// Below it stand two fingerprints: of the account, and of the list. All devices of the account show the
/// same ones.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Devices {
    #[command(subcommand)]
    pub(crate) change: Option<DevicesChange>,
    /// Print one JSON object per device and line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DevicesChange {
    Remove(Remove),
}

/// Lock a device out of everything that is sent from now on.
///
/// It is told to delete its keys. It keeps the clips that it has already received. Done when the
/// relay has confirmed it.
#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    /// Its name, or the beginning of its identifier, as `hushclip devices` shows them
    #[arg(value_name = "NAME-OR-ID")]
    pub(crate) device: String,
    /// Remove it without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

/// List what you should know, or dismiss it.
///
/// Alerts tell who came and went, what did not arrive, and what looks like a copied device. They
/// stay until dismissed.
#[derive(Debug, clap::Args)]
pub(crate) struct Alerts {
    /// Hide the alert of this number, or all
    #[arg(long, value_name = "ID|all")]
    pub(crate) dismiss: Option<String>,
    /// Print one JSON object per alert and line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show or set how often this device changes its keys.
///
/// Besides, keys change after each 1,000 clips and whenever a device comes or goes.
#[derive(Debug, clap::Args)]
pub(crate) struct Rotation {
    /// Minutes from 30 to 10080 (a week), or `default` for a week
    #[arg(value_name = "MINUTES|default", value_parser = rotation)]
    pub(crate) minutes: Option<u32>,
}

/// The most, and what a device begins with.
const WEEK: u32 = 7 * 24 * 60;

fn rotation(text: &str) -> std::result::Result<u32, String> {
    if text == "default" {
        return Ok(WEEK);
    }
    let minutes = text.parse().ok().filter(|minutes| (30..=WEEK).contains(minutes));
    minutes.ok_or_else(|| format!("not a number from 30 to {WEEK}, nor `default`"))
}

/// Ask the relay again after the list of devices stopped everything.
///
/// When the relay shows another list of devices than before, or one that does not verify, this device
/// stops. This says what is known, asks, and tries again. What this device knows still has to hold: a
/// relay that lost the end of the list gets it back, one that contradicts it is stopped again.
#[derive(Debug, clap::Args)]
pub(crate) struct Resume {
    /// Try again without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Lock the keys of this device now, or set a passphrase for that.
///
/// With a passphrase, whoever gets hold of this device's files and keyring still needs it. Without an
/// option this locks: what runs with this home ends, `hushclip unlock` as well as `hushclip watch`, and
/// with it the only memory that holds the keys. A terminal is asked for the passphrase; elsewhere it is
/// read from the standard input, the present one first, then the new one, each on a line of its own.
/// HUSHCLIP_PASSPHRASE_FILE may name a file with the present one.
///
/// Nobody can help if you forget it: `hushclip leave` then deletes what is here, and you join again.
#[derive(Debug, clap::Args)]
pub(crate) struct Lock {
    /// Set a passphrase, or another one
    #[arg(long, conflicts_with = "remove")]
    pub(crate) set: bool,
    /// Remove the passphrase
    #[arg(long)]
    pub(crate) remove: bool,
}

/// Keep the keys unlocked until `hushclip lock`.
///
/// Asks for the passphrase, then leaves a process behind that holds the keys in its memory and stays
/// connected, so that other commands with this home ask nothing. Without it each command asks for the
/// passphrase, or fails where there is no terminal, unless one that runs already holds the keys.
#[derive(Debug, clap::Args)]
pub(crate) struct Unlock {
    /// Lock again after so many minutes
    #[arg(long = "for", value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..=527_040))]
    pub(crate) minutes: Option<u64>,
    /// Hold the keys in this process, in the foreground: for service managers
    #[arg(long)]
    pub(crate) stay: bool,
}

/// Forget the account on this device.
///
/// Deletes keys, clips and what waits to be sent, here only; also when they are locked and the
/// passphrase is lost. The other devices are not told: remove this one there too. If there are none, the
/// relay deletes what it keeps, as soon as it can be told.
#[derive(Debug, clap::Args)]
pub(crate) struct Leave {
    /// Delete without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Say how this device stands.
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
