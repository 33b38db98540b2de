//! `hushclip lock`: ends whatever holds the keys, or changes the passphrase that protects them. A change needs sole use
//! of the home, so that no secret passes between processes.

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
        let message = "Another hushclip, such as `hushclip watch`, is using this home. Stop it, or run `hushclip \
                       lock`, then try again.";
        return Err(Failure::new(Code::Busy, message));
    };
    let mut vault = vault::open(home, Asking::TerminalOrInput).await?;
    if args.remove && !vault.keys.passphrase {
        return Err(Failure::no_passphrase());
    }
    let passphrase = if args.set { Some(passphrase::new().await?) } else { None };
    vault.set_passphrase(home, passphrase.as_ref().map(|passphrase| passphrase.as_str())).await?;
    print::out(if args.set {
        "Passphrase set. `hushclip unlock` asks for it once; without that, every command asks.\n"
    } else {
        "Passphrase removed.\n"
    })
}
