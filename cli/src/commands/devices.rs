//! `hushclip devices`: lists the devices of the account, this one first, and removes one.

use std::time::Duration;

use hushclip_model::view::{Connection, DeviceView};
use hushclip_model::{Command, Notice, Problem};
use tokio::time::{Instant, timeout_at};

use super::LOOK;
use crate::args::{Devices, DevicesChange, Remove};
use crate::clock::now_ms;
use crate::failure::{Code, Failure, Result};
use crate::keyboard;
use crate::print;
use crate::session::{News, Session};

/// How long the relay may take to confirm a removal.
const CONFIRM: Duration = Duration::from_secs(30);
/// Characters of an identifier that are shown: enough to tell the devices of one account apart.
pub(crate) const SHORT_ID: usize = 8;
/// The fewest characters of an identifier that can name a device.
const LEAST_ID: usize = 4;

pub(crate) async fn run(session: &mut Session, args: &Devices) -> Result<()> {
    session.require_member().await?;
    match &args.change {
        Some(DevicesChange::Remove(args)) => remove(session, args).await,
        None => list(session, args.json).await,
    }
}

async fn list(session: &mut Session, json: bool) -> Result<()> {
    let online = session.wait_until(Instant::now() + LOOK, |p| settled(&p.view.connection)).await?
        && session.picture.view.connection == Connection::Online;
    let view = &session.picture.view;
    if json {
        return print::out(&view.devices.iter().map(print::json).collect::<String>());
    }
    let rows = view.devices.iter().map(|device| {
        let presence = match (device.own, device.online) {
            _ if device.removing => "being removed",
            (true, _) => "this device",
            (false, _) if !online => "unknown while offline",
            (false, true) => "online",
            (false, false) => "away",
        };
        let confirmed = match device.confirmed_at {
            _ if device.own => String::new(),
            Some(at) => format!("confirmed {}", print::ago(at, now_ms())),
            None => "not heard from yet".into(),
        };
        let later = match device.later {
            0 => String::new(),
            1 => "1 item is for a newer version of Hushclip and not shown here".into(),
            n => format!("{n} items are for a newer version of Hushclip and not shown here"),
        };
        [device.name.clone(), presence.into(), confirmed, short(&device.id).into(), later]
    });
    let mut text = print::table(&rows.collect::<Vec<_>>());
    if let (Some(account), Some(list)) = (&view.fingerprint, &view.check) {
        let words = format!(
            "\nAccount: {account}\nThis list: {list}\nAll your devices show the same words. If one shows a different \
             account, it is in another account; if only the list differs, do not trust the relay.\n"
        );
        text.push_str(&words);
    }
    print::out(&text)
}

/// Whether the first attempt to connect is over, one way or the other.
pub(crate) const fn settled(connection: &Connection) -> bool {
    matches!(connection, Connection::Online | Connection::Idle | Connection::Waiting { .. })
}

/// An identifier as people are shown it.
pub(crate) fn short(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

async fn remove(session: &mut Session, args: &Remove) -> Result<()> {
    let device = find(&session.picture.view.devices, &args.device)?.clone();
    if device.own {
        let message = "A device cannot remove itself. Remove it using another device, or run `hushclip leave` to \
                       forget the account here.";
        return Err(Failure::new(Code::OwnRemoval, message));
    }
    let question = format!(
        "Remove {} ({})? It gets nothing sent from now on and is told to delete its keys, but keeps the clips it has \
         already received.",
        print::name(&device.name),
        short(&device.id)
    );
    keyboard::confirm(&question, args.yes).await?;
    let until = Instant::now() + CONFIRM;
    let done = session.command(Command::RemoveDevice { device: device.id.clone() }).await?;
    let mut problem = done.problem;
    while session.picture.view.devices.iter().any(|one| one.id == device.id) {
        // Somebody else removed it between the question and the answer.
        if let Some(problem) = problem.take().filter(|problem| *problem != Problem::UnknownDevice) {
            return Err(problem.into());
        }
        if let Some(failure) = session.ended() {
            return Err(failure);
        }
        match timeout_at(until, session.next()).await {
            Ok(Ok(News::Notice(Notice::Failed { problem: failed }))) => problem = Some(failed),
            Ok(news) => drop(news?),
            Err(_) => {
                let message = format!(
                    "The relay has not confirmed the removal yet{}. It is saved here, and goes through as soon as this \
                     device reaches the relay.",
                    super::because(session)
                );
                return Err(session.refused().unwrap_or_else(|| Failure::new(Code::Offline, message)));
            }
        }
    }
    if let Some(failure) = session.ended() {
        return Err(failure);
    }
    print::out(&format!("{} was removed.\n", print::name(&device.name)))
}

/// The one device meant by a name, or by the start of an identifier. A whole identifier beats a name that looks like
/// it: whoever joins chooses the name.
fn find<'a>(devices: &'a [DeviceView], meant: &str) -> Result<&'a DeviceView> {
    let id = meant.trim().to_ascii_lowercase();
    if let Some(device) = devices.iter().find(|device| device.id == id) {
        return Ok(device);
    }
    let fits =
        |device: &&DeviceView| device.name == meant.trim() || (id.len() >= LEAST_ID && device.id.starts_with(&id));
    let found: Vec<_> = devices.iter().filter(fits).collect();
    match found.as_slice() {
        [device] => Ok(device),
        [] => {
            let message = format!("No device in this account matches {meant}. `hushclip devices` lists them.");
            Err(Failure::new(Code::UnknownDevice, message))
        }
        several => {
            let ids: Vec<_> = several.iter().map(|device| short(&device.id)).collect();
            let message =
                format!("{meant} matches {} devices. Use an identifier instead: {}.", ids.len(), ids.join(" or "));
            Err(Failure::new(Code::Ambiguous, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_without_doubt() {
        let device = |id: &str, name: &str| DeviceView {
            id: id.into(),
            name: name.into(),
            own: false,
            online: false,
            confirmed_at: None,
            removing: false,
            later: 0,
            capabilities: 0,
        };
        let devices =
            [device("aabb0011", "Pixel"), device("aabb0022", "Pixel"), device("cc00", "aabb0011"), device("dd00", "d")];
        let found = |meant: &str| find(&devices, meant).map(|device| &*device.id).map_err(|failure| failure.code());
        assert_eq!(found("d"), Ok("dd00"));
        assert_eq!(found("DD00"), Ok("dd00"));
        assert_eq!(found("aabb0011"), Ok("aabb0011"), "not the one that calls itself so");
        assert_eq!(found("aabb0022"), Ok("aabb0022"));
        for (meant, code) in
            [("Pixel", "ambiguous"), ("aabb00", "ambiguous"), ("dd", "unknown_device"), ("", "unknown_device")]
        {
            assert_eq!(found(meant), Err(code), "{meant}");
        }
    }
}
