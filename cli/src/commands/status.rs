//! `hushclip status`: shows the state of this device, and where its keys are.

use hushclip_model::view::{Bounds, Connection, Stage};
use serde::Serialize;
use tokio::time::Instant;

use super::LOOK;
use super::devices::{settled, short};
use crate::args;
use crate::failure::{Code, Result};
use crate::home::Home;
use crate::keeper::Keeper;
use crate::passphrase::Asking;
use crate::print;
use crate::session::Session;
use crate::vault::{self, Keys};
use crate::wire::Picture;

/// What `--json` prints.
#[derive(Serialize)]
struct Status<'a> {
    /// `locked` when the passphrase is needed to say more.
    stage: &'static str,
    connection: Connection,
    /// Why the relay was not reached.
    trouble: Option<&'a str>,
    relay: &'a str,
    device: &'a str,
    name: &'a str,
    devices: usize,
    waiting: u32,
    problem: Option<print::Told>,
    alerts: Vec<print::ToldAlert>,
    /// Fingerprint of the list of devices.
    check: &'a str,
    /// Fingerprint of the account.
    fingerprint: &'a str,
    rotation_minutes: u32,
    /// What the relay keeps and lets through; nothing until it has said so.
    bounds: Option<&'a Bounds>,
    home: String,
    /// Where the key to everything stored is kept: `file` or `keyring`.
    keys: Option<Keeper>,
    /// Whether that key is under a passphrase.
    passphrase: bool,
}

/// Shows as much as it can without asking for a passphrase.
pub(crate) async fn run(home: &Home, args: &args::Status) -> Result<()> {
    let looked =
        super::with_session_asking(home, Asking::Nobody, None, async |session| look(session, home, args).await);
    match looked.await {
        Err(failure) if failure.is(Code::Locked) => {
            let keys = vault::look(home).await?;
            show(&Picture { keys, ..Picture::default() }, home, args, true)
        }
        outcome => outcome,
    }
}

async fn look(session: &mut Session, home: &Home, args: &args::Status) -> Result<()> {
    let connects = matches!(session.picture.view.stage, Stage::Member | Stage::Joining);
    session.wait_until(Instant::now() + LOOK, |p| !connects || settled(&p.view.connection)).await?;
    show(&session.picture, home, args, false)
}

/// The status of a home that does not exist.
pub(crate) fn nothing(home: &Home, args: &args::Status) -> Result<()> {
    show(&Picture::default(), home, args, false)
}

fn show(picture: &Picture, home: &Home, args: &args::Status, locked: bool) -> Result<()> {
    let view = &picture.view;
    let [relay, device, name] = [&view.relay, &view.device, &view.name].map(|word| word.as_deref().unwrap_or_default());
    let path = home.path().display().to_string();
    if args.json {
        return print::out(&print::json(&Status {
            stage: match view.stage {
                _ if locked => "locked",
                Stage::New => "new",
                Stage::Joining => "joining",
                Stage::Member => "member",
                Stage::Removed => "removed",
            },
            connection: view.connection,
            trouble: picture.trouble.as_deref(),
            relay,
            device,
            name,
            devices: view.devices.len(),
            waiting: view.waiting,
            problem: view.problem.as_ref().map(print::Told::from),
            alerts: view.alerts.iter().map(print::ToldAlert::from).collect(),
            check: view.check.as_deref().unwrap_or_default(),
            fingerprint: view.fingerprint.as_deref().unwrap_or_default(),
            rotation_minutes: view.rotation_minutes.unwrap_or_default(),
            bounds: view.bounds.as_ref(),
            home: path,
            keys: picture.keys.map(|keys| keys.keeper),
            passphrase: picture.keys.is_some_and(|keys| keys.passphrase),
        }));
    }
    let mut rows = vec![(
        "Account",
        match (view.stage, view.devices.len()) {
            _ if locked => "locked: run `hushclip unlock`".to_owned(),
            (Stage::New, _) => "none yet: `hushclip init` starts one, `hushclip join` joins one".to_owned(),
            (Stage::Removed, _) => {
                "none: this device was removed from it, and its keys were deleted. `hushclip pull --all` still lists \
                 the clips it had; `hushclip leave` deletes them"
                    .into()
            }
            (Stage::Joining, _) => "joining".into(),
            (Stage::Member, 1) => "this device only".into(),
            (Stage::Member, devices) => format!("{devices} devices"),
        },
    )];
    let in_account = matches!(view.stage, Stage::Member | Stage::Joining);
    if in_account {
        rows.push(("This device", format!("{name} ({})", short(device))));
        if let Some(fingerprint) = &view.fingerprint {
            rows.push(("Fingerprint", format!("{fingerprint} (the same on every device in the account)")));
        }
        rows.push(("Relay", format!("{relay}, {}", print::line(picture))));
        rows.extend(view.bounds.as_ref().map(|bounds| ("Limits", keeps(bounds))));
        rows.push((
            "To send",
            match view.waiting {
                0 => "nothing".into(),
                1 => "1 clip".into(),
                waiting => format!("{waiting} clips"),
            },
        ));
    }
    rows.extend(view.rotation_minutes.map(|minutes| ("New keys", print::period(minutes))));
    rows.push(("Home", path));
    rows.extend(picture.keys.map(|keys| ("Keys", explain(keys))));
    rows.extend(view.problem.as_ref().map(|problem| ("Problem", format!("{problem} ({})", problem.code()))));
    for alert in &view.alerts {
        rows.push((
            "Alert",
            format!("{} ({}; `hushclip alerts --dismiss {}`)", alert.what, alert.what.code(), alert.id),
        ));
    }
    let rows: Vec<_> = rows.into_iter().map(|(name, value)| [name.to_owned(), value]).collect();
    print::out(&print::table(&rows))
}

fn keeps(bounds: &Bounds) -> String {
    format!(
        "keeps the newest {} clips, {} MiB, for up to {} days; takes {} KiB per clip, {} messages a minute, {} devices",
        bounds.items,
        bounds.bytes >> 20,
        bounds.ttl_s / 86_400,
        bounds.clip_bytes >> 10,
        bounds.frames_per_minute,
        bounds.devices
    )
}

fn explain(keys: Keys) -> String {
    let place = match keys.keeper {
        Keeper::Keyring => "in your desktop session's keyring",
        Keeper::File => "in a file in the home that only you can read",
    };
    if keys.passphrase { format!("{place}, with a passphrase") } else { format!("{place}, without a passphrase") }
}
