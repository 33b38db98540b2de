//! `hushclip alerts`: what a person should know, until dismissed.

use hushclip_model::Command;

use crate::args::Alerts;
use crate::failure::{Code, Failure, Result};
use crate::print;
use crate::session::Session;

pub(crate) async fn run(session: &mut Session, args: &Alerts) -> Result<()> {
    let alerts = session.picture.view.alerts.clone();
    let Some(dismiss) = &args.dismiss else {
        if args.json {
            return print::out(
                &alerts.iter().map(|alert| print::json(&print::ToldAlert::from(alert))).collect::<String>(),
            );
        }
        if alerts.is_empty() {
            return print::out("No alerts.\n");
        }
        let rows: Vec<_> =
            alerts.iter().map(|alert| [alert.id.to_string(), print::time(alert.at), alert.what.to_string()]).collect();
        return print::out(&print::table(&rows));
    };
    let all = dismiss == "all";
    let meant: Vec<_> = alerts.iter().map(|alert| alert.id).filter(|id| all || *dismiss == id.to_string()).collect();
    if meant.is_empty() && !all {
        let message = format!("There is no alert {dismiss}. `hushclip alerts` lists alerts with their numbers.");
        return Err(Failure::new(Code::UnknownAlert, message));
    }
    for id in meant {
        session.command(Command::DismissAlert { id }).await?.done()?;
    }
    Ok(())
}
