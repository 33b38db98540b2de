//! `hushclip leave`: forgets the account on this device. It needs no keys, so it also works when they
//! are locked and the passphrase is lost, and when the home is damaged.

use hushclip_engine::Command;

use crate::args::Leave;
use crate::failure::Result;
use crate::home::Home;
use crate::keyboard;
use crate::print;
use crate::session;
use crate::vault;
use crate::wire::Ask;

pub(crate) async fn run(home: &Home, args: &Leave) -> Result<()> {
    let question = format!(
        "Forget the account on this device? This deletes its keys, the clips that are listed here and what waits to be \
         sent, all in {}. The other devices are not told: remove this one on one of them too.",
        home.path().display()
    );
    keyboard::confirm(&question, args.yes).await?;
    let _lock = session::clear(home, Ask::Command(Command::Leave)).await?;
    vault::forget(home).await?;
    print::out("The account is forgotten here.\n")
}
