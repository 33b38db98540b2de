//! `hushclip leave`: forgets the account on this device. It needs no keys, so it works even if they are locked and the
//! passphrase is lost, or if the home is damaged.

use hushclip_model::Command;
use hushclip_model::view::{Connection, Stage};
use tokio::time::Instant;

use super::LOOK;
use super::devices::settled;
use crate::args::Leave;
use crate::failure::Result;
use crate::home::Home;
use crate::keyboard;
use crate::passphrase::Asking;
use crate::print;
use crate::session::{self, Session};
use crate::vault;
use crate::wire::Ask;

pub(crate) async fn run(home: &Home, args: &Leave) -> Result<()> {
    let question = format!(
        "Forget the account on this device? This deletes its keys, the clips listed here and anything waiting to be \
         sent, all in {}. The other devices are not told: remove this one there too.",
        home.path().display()
    );
    keyboard::confirm(&question, args.yes).await?;
    let told = tell(home).await;
    let _lock = session::clear(home, Ask::Command(Command::Leave)).await?;
    vault::forget(home).await?;
    let rest = if told {
        ""
    } else {
        "The relay could not be told. If this was the last device, what is there is deleted once nobody has used it \
         for a long time, usually 90 days.\n"
    };
    print::out(&format!("This device has forgotten the account.\n{rest}"))
}

/// Lets the relay delete what it keeps if this is the last device; says whether the relay was told. It never asks for a
/// passphrase: what is locked stays locked.
async fn tell(home: &Home) -> bool {
    let Ok(mut session) = Session::open(home, Asking::Nobody).await else { return false };
    // A device that was removed, or never joined, has nobody to tell.
    if session.picture.view.stage != Stage::Member {
        return session.close().await.is_ok();
    }
    let until = Instant::now() + LOOK;
    let known = session.wait_until(until, |picture| settled(&picture.view.connection)).await;
    let signed_in = matches!(session.picture.view.connection, Connection::Online | Connection::CatchingUp);
    let told = known.is_ok() && signed_in && session.command(Command::Leave).await.is_ok();
    // An error no longer matters.
    let _ = session.close().await;
    told
}
