//! `hushclip alerts`: what a person should know, until dismissed.

use hushclip_engine::Command;

use crate::args::Alerts;
use crate::failure::{Failure, Result};
use crate::print;
use crate::session::Session;

pub(crate) async fn run(session: &mut Session, args: &Alerts) -> Result<()> {
    let alerts = session.picture.view.alerts.clone();
    let Some(dismiss) = &args.dismiss else {
        if args.json {
            return print::out(&alerts.iter().map(print::json).collect::<String>());
        }
        if alerts.is_empty() {
            return print::out("There are no alerts.\n");
        }
        let rows: Vec<_> =
            alerts.iter().map(|alert| [alert.id.to_string(), print::time(alert.at), alert.message.clone()]).collect();
        return print::out(&print::table(&rows));
    };
    let all = dismiss == "all";
    let meant: Vec<_> = alerts.iter().map(|alert| alert.id).filter(|id| all || *dismiss == id.to_string()).collect();
    if meant.is_empty() && !all {
        let message = format!("There is no alert {dismiss}. `hushclip alerts` lists them with their numbers.");
        return Err(Failure::new("unknown_alert", message));
    }
    for id in meant {
        let done = session.command(Command::DismissAlert { id }).await?;
        if let Some(problem) = done.problem {
            return Err(problem.into());
        }
    }
    Ok(())
}
