//! What happens to the account while a command runs, said once and calmly beside the output: who came,
//! who went, and what else a person should know.

use std::collections::BTreeSet;

use hushclip_engine::Notice;
use hushclip_engine::view::AlertView;

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
                let told = |change: &Change| new.iter().any(|a| a.device == change.device && a.code == change.code);
                let changes = self.pending.drain(..).filter(|change| !told(change)).map(|change| change.line);
                changes.chain(new.iter().map(|alert| print::name(&alert.message))).collect()
            }
        }
    }
}

fn said(alert: &AlertView) -> (u64, String) {
    (alert.id, alert.message.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(alerts: &[(u64, &str, &str)]) -> Picture {
        let mut picture = Picture::default();
        picture.view.alerts = alerts
            .iter()
            .map(|(id, code, message)| AlertView {
                id: *id,
                code: (*code).into(),
                message: (*message).into(),
                values: Vec::new(),
                at: 0,
                device: "d1".into(),
            })
            .collect();
        picture
    }

    #[test]
    fn each_thing_is_said_once() {
        let mut notices = Notices::new(&picture(&[(1, "missing", "One clip …")]));
        let added = |device: &str| News::Notice(Notice::DeviceAdded { device: device.into(), name: device.into() });
        assert_eq!(notices.lines(&News::Picture, &picture(&[(1, "missing", "One clip …")])), [""; 0]);
        assert_eq!(notices.lines(&News::Picture, &picture(&[(1, "missing", "2 clips …")])), ["2 clips …"]);
        let joined = picture(&[(1, "missing", "2 clips …"), (2, "joined", "d1 joined, let in on d3")]);
        assert_eq!(notices.lines(&added("d1"), &joined), [""; 0]);
        assert_eq!(notices.lines(&News::Picture, &joined), ["d1 joined, let in on d3"]);
        assert_eq!(notices.lines(&added("d2"), &joined), [""; 0]);
        assert_eq!(notices.lines(&News::Picture, &joined), ["d2 has joined."]);
        assert_eq!(notices.lines(&News::Reopened, &joined), [""; 0]);
    }
}
