//! `hushclip devices`: lists the devices of the account, this one first.

use hushclip_engine::view::Connection;
use tokio::time::Instant;

use super::LOOK;
use crate::args::Devices;
use crate::failure::Result;
use crate::print;
use crate::session::Session;

pub(crate) async fn run(session: &mut Session, args: &Devices) -> Result<()> {
    session.require_member().await?;
    let online = session.wait_until(Instant::now() + LOOK, |p| settled(&p.view.connection)).await?
        && session.picture.view.connection == Connection::Online;
    let view = &session.picture.view;
    if args.json {
        return print::out(&view.devices.iter().map(print::json).collect::<String>());
    }
    let rows = view.devices.iter().map(|device| {
        let presence = match (device.own, device.online) {
            (true, _) => "this device",
            (false, _) if !online => "not known while offline",
            (false, true) => "online",
            (false, false) => "away",
        };
        (device.name.clone(), format!("{:<11}  {}", presence, device.id.get(..8).unwrap_or_default()))
    });
    print::out(&print::table(&rows.collect::<Vec<_>>()))
}

/// The first attempt to connect is over, one way or the other.
pub(crate) const fn settled(connection: &Connection) -> bool {
    matches!(connection, Connection::Online | Connection::Idle | Connection::Waiting { .. })
}
