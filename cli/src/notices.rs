//! What happens to the account while a command runs, said once and calmly, apart from the output: who came, who went,
//! and anything else a person should know.

use std::collections::BTreeSet;

use hushclip_model::{AlertView, Notice};

use crate::print;
use crate::session::News;
use crate::wire::Picture;

/// What was said.
pub(crate) struct Notices {
    /// Alerts that need no saying, by their number and what they say.
    known: BTreeSet<(u64, String)>,
    /// Devices that came or went; an alert that says more may follow with the next picture.
    pending: Vec<Change>,
}

struct Change {
    device: String,
    code: &'static str,
    line: String,
}

impl Notices {
    /// What is there already is not said again.
    pub(crate) fn new(picture: &Picture) -> Self {
        Self { known: picture.view.alerts.iter().map(said).collect(), pending: Vec::new() }
    }

    /// Says what is new.
    pub(crate) fn hear(&mut self, news: &News, picture: &Picture) {
        for line in self.lines(news, picture) {
            print::say(&line);
        }
    }

    fn lines(&mut self, news: &News, picture: &Picture) -> Vec<String> {
        match news {
            News::Notice(Notice::DeviceAdded { device, name }) => {
                let line = format!("{} has joined.", print::name(name));
                self.pending.push(Change { device: device.clone(), code: "joined", line });
                Vec::new()
            }
            News::Notice(Notice::DeviceRemoved { device, name }) => {
                let line = format!("{} was removed from the account.", print::name(name));
                self.pending.push(Change { device: device.clone(), code: "removed", line });
                Vec::new()
            }
            News::Notice(_) | News::Write(_) | News::Clear(_) => Vec::new(),
            News::Picture | News::Reopened => {
                let alerts = &picture.view.alerts;
                let new: Vec<_> = alerts.iter().filter(|alert| self.known.insert(said(alert))).collect();
                let told =
                    |change: &Change| new.iter().any(|a| a.device == change.device && a.what.code() == change.code);
                let changes = self.pending.drain(..).filter(|change| !told(change)).map(|change| change.line);
                changes.chain(new.iter().map(|alert| print::name(&alert.what.to_string()))).collect()
            }
        }
    }
}

fn said(alert: &AlertView) -> (u64, String) {
    (alert.id, alert.what.to_string())
}

#[cfg(test)]
mod tests {
    use hushclip_model::Alert;

    use super::*;

    fn picture(alerts: &[(u64, Alert)]) -> Picture {
        let mut picture = Picture::default();
        let shown = |(id, what): &(u64, Alert)| AlertView { id: *id, at: 0, device: "d1".into(), what: what.clone() };
        picture.view.alerts = alerts.iter().map(shown).collect();
        picture
    }

    #[test]
    fn each_thing_is_said_once() {
        let missing = |count| (1, Alert::Missing { name: "d9".into(), count });
        let mut notices = Notices::new(&picture(&[missing(1)]));
        let added = |device: &str| News::Notice(Notice::DeviceAdded { device: device.into(), name: device.into() });
        assert_eq!(notices.lines(&News::Picture, &picture(&[missing(1)])), [""; 0]);
        assert_eq!(notices.lines(&News::Picture, &picture(&[missing(2)])), [missing(2).1.to_string()]);
        let let_in = Alert::Joined { name: "d1".into(), by: "d3".into() };
        let joined = picture(&[missing(2), (2, let_in.clone())]);
        assert_eq!(notices.lines(&added("d1"), &joined), [""; 0]);
        assert_eq!(notices.lines(&News::Picture, &joined), [let_in.to_string()]);
        assert_eq!(notices.lines(&added("d2"), &joined), [""; 0]);
        assert_eq!(notices.lines(&News::Picture, &joined), ["d2 has joined."]);
        assert_eq!(notices.lines(&News::Reopened, &joined), [""; 0]);
    }
}
