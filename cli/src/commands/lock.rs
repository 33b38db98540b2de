//! `hushclip lock`: ends what holds the keys, or changes the passphrase over them. Changing needs the
//! home alone, so that no secret crosses between processes.

use crate::args::Lock;
use crate::failure::{Code, Failure, Result};
use crate::home::Home;
use crate::passphrase::{self, Asking};
use crate::print;
use crate::session;
use crate::vault;
use crate::wire::Ask;

pub(crate) async fn run(home: &Home, args: &Lock) -> Result<()> {
    if args.set || args.remove { change(home, args).await } else { lock(home).await }
}

async fn lock(home: &Home) -> Result<()> {
    let _lock = session::clear(home, Ask::Lock).await?;
    if vault::look(home).await?.is_some_and(|keys| keys.passphrase) {
        return print::out("Locked.\n");
    }
    Err(Failure::no_passphrase())
}

async fn change(home: &Home, args: &Lock) -> Result<()> {
    let Some(_lock) = home.try_own()? else {
        let message = "Another hushclip is running with this home, such as `hushclip watch`. Stop it, or lock with \
                       `hushclip lock`, then try again.";
        return Err(Failure::new(Code::Busy, message));
    };
    let mut vault = vault::open(home, Asking::TerminalOrInput).await?;
    if args.remove && !vault.keys.passphrase {
        return Err(Failure::no_passphrase());
    }
    let passphrase = if args.set { Some(passphrase::new().await?) } else { None };
    vault.set_passphrase(home, passphrase.as_ref().map(|passphrase| passphrase.as_str())).await?;
    print::out(if args.set {
        "The passphrase is set. `hushclip unlock` asks for it once; without that each command does.\n"
    } else {
        "The passphrase is removed.\n"
    })
}
