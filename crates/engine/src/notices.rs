//! What a person is told: the problem that is shown, until dismissed or solved, and the alerts, until dismissed. It
//! decides what makes room for what; it does not know how any of it came about.

use hushclip_model::Problem;
use hushclip_protocol::ids::DeviceId;
use minicbor::{Decode, Encode};

use crate::effect::Write;
use crate::record::{ALERTS as RECORD, put};

/// How many are kept.
const ALERTS: usize = 64;

/// Something that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Alert {
    #[n(0)]
    pub(crate) id: u64,
    #[n(1)]
    pub(crate) kind: AlertKind,
    /// The device it is about.
    #[n(2)]
    pub(crate) device: DeviceId,
    /// The device that did it.
    #[n(3)]
    pub(crate) by: DeviceId,
    #[n(4)]
    pub(crate) count: u64,
    #[n(5)]
    pub(crate) at_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum AlertKind {
    #[n(0)]
    Joined,
    #[n(1)]
    Removed,
    /// Items that the relay should still have.
    #[n(2)]
    Missing,
    /// Items that were gone when this device came back.
    #[n(3)]
    Expired,
    #[n(4)]
    Cloned,
    /// Somebody sends as this device.
    #[n(5)]
    ClonedHere,
    /// The relay's log was shorter, and this device has completed it.
    #[n(6)]
    LogRestored,
    /// The relay keeps log entries back; `count` is the position of the last one.
    #[n(7)]
    LogWithheld,
    /// Items whose sender has signed something that does not open.
    #[n(8)]
    Unreadable,
    /// A member has changed the keys and not given this device the secret.
    #[n(9)]
    BadKeys,
    /// The relay had lost items of this device, and this device has sent them once more.
    #[n(10)]
    ItemsRestored,
    /// A member does not know of a removal; `by` was removed.
    #[n(11)]
    RemovalWithheld,
    /// A member has not been heard.
    #[n(12)]
    Silent,
    /// Tombstones of a member that name other items than were sent.
    #[n(13)]
    FalseDeletion,
    /// Items of a removed device that `by`, who removed it, had, and this device does not.
    #[n(14)]
    CutOff,
}

impl AlertKind {
    /// News of what people did goes before what may be an attack, so that nobody can push that out. What
    /// stops a device goes never; there is at most one for each.
    const fn goes(self) -> Option<u8> {
        match self {
            Self::Joined | Self::Removed | Self::LogRestored | Self::ItemsRestored => Some(0),
            Self::LogWithheld => None,
            _ => Some(1),
        }
    }
}

/// The record of the alerts.
#[derive(Debug, Default, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Stored {
    /// The number given last.
    #[n(0)]
    newest: u64,
    /// Those that stand.
    #[n(1)]
    alerts: Vec<Alert>,
}

/// The problem and the alerts.
#[derive(Default)]
pub(crate) struct Notices {
    problem: Option<Problem>,
    alerts: Vec<Alert>,
    /// The greatest number that an alert was given here.
    newest: u64,
}

impl Notices {
    /// As they were stored.
    pub(crate) fn restore(Stored { newest, alerts }: Stored) -> Self {
        Self { problem: None, alerts, newest }
    }

    pub(crate) fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// Shows a problem in place of the one before.
    pub(crate) fn show(&mut self, problem: Problem) {
        self.problem = Some(problem);
    }

    /// The person has seen the problem, or starts anew.
    pub(crate) fn dismiss_problem(&mut self) {
        self.problem = None;
    }

    /// Takes back a problem that has solved itself.
    pub(crate) fn solved(&mut self, is: impl Fn(&Problem) -> bool) {
        self.problem.take_if(|problem| is(problem));
    }

    pub(crate) fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    pub(crate) fn has(&self, kind: AlertKind) -> bool {
        self.alerts.iter().any(|alert| alert.kind == kind)
    }

    pub(crate) fn has_about(&self, kind: AlertKind, device: DeviceId) -> bool {
        self.about(kind, device).is_some()
    }

    /// Adds an alert; where there are too many, one of those goes that matter least.
    pub(crate) fn add(&mut self, kind: AlertKind, device: DeviceId, by: DeviceId, count: u64, at_ms: u64) -> Write {
        // None is given twice: somebody may still put away the one that is gone.
        let id = self.newest.saturating_add(1);
        self.newest = id;
        self.alerts.push(Alert { id, kind, device, by, count, at_ms });
        if self.alerts.len() > ALERTS {
            let going = self.alerts.iter().enumerate().filter_map(|(at, alert)| Some((alert.kind.goes()?, at))).min();
            going.map(|(_, at)| self.alerts.remove(at));
        }
        self.record()
    }

    /// One more of what is counted in one alert of this kind about a device.
    pub(crate) fn count_up(&mut self, kind: AlertKind, device: DeviceId, at_ms: u64) -> Option<Write> {
        let count = self.about(kind, device).map_or(0, |alert| alert.count).saturating_add(1);
        self.count(kind, device, count, at_ms)
    }

    /// Sets the count of the one alert of this kind about a device; at 0 there is none.
    pub(crate) fn count(&mut self, kind: AlertKind, device: DeviceId, count: u64, at_ms: u64) -> Option<Write> {
        let known = self.alerts.iter().position(|alert| alert.kind == kind && alert.device == device);
        match known {
            Some(at) if self.alerts[at].count == count => return None,
            Some(at) if count > 0 => self.alerts[at].count = count,
            Some(_) => self.alerts.retain(|alert| alert.kind != kind || alert.device != device),
            None if count > 0 => return Some(self.add(kind, device, device, count, at_ms)),
            None => return None,
        }
        Some(self.record())
    }

    /// Sets the count of an alert to a greater one; a lesser one says nothing new.
    pub(crate) fn count_at_least(
        &mut self,
        kind: AlertKind,
        device: DeviceId,
        count: u64,
        at_ms: u64,
    ) -> Option<Write> {
        let known = self.about(kind, device).map_or(0, |alert| alert.count);
        if known >= count { None } else { self.count(kind, device, count, at_ms) }
    }

    /// Keeps those of a kind that hold still.
    pub(crate) fn keep(&mut self, kind: AlertKind, holds: impl Fn(&Alert) -> bool) -> Option<Write> {
        let before = self.alerts.len();
        self.alerts.retain(|alert| alert.kind != kind || holds(alert));
        (self.alerts.len() < before).then(|| self.record())
    }

    /// The person has seen it.
    pub(crate) fn dismiss(&mut self, id: u64) -> Option<(Alert, Write)> {
        let at = self.alerts.iter().position(|alert| alert.id == id)?;
        let dismissed = self.alerts.remove(at);
        Some((dismissed, self.record()))
    }

    /// Whether there is one of this kind about a device, for what this other one did.
    pub(crate) fn stands(&self, kind: AlertKind, device: DeviceId, by: DeviceId) -> bool {
        self.alerts.iter().any(|alert| (alert.kind, alert.device, alert.by) == (kind, device, by))
    }

    fn about(&self, kind: AlertKind, device: DeviceId) -> Option<&Alert> {
        self.alerts.iter().find(|alert| alert.kind == kind && alert.device == device)
    }

    fn record(&self) -> Write {
        put(RECORD, &Stored { newest: self.newest, alerts: self.alerts.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(n: u8) -> DeviceId {
        DeviceId::from_bytes([n; 16])
    }

    #[test]
    fn news_make_room_before_what_may_be_an_attack() {
        let mut notices = Notices::default();
        notices.add(AlertKind::LogWithheld, device(0), device(0), 1, 0);
        notices.add(AlertKind::Missing, device(1), device(1), 1, 0);
        notices.add(AlertKind::Joined, device(2), device(1), 1, 0);
        for _ in 3..=ALERTS {
            notices.add(AlertKind::Cloned, device(3), device(3), 1, 0);
        }
        assert!(!notices.has(AlertKind::Joined), "the news has gone");
        for _ in 0..2 * ALERTS {
            notices.add(AlertKind::Cloned, device(3), device(3), 1, 0);
        }
        assert!(!notices.has(AlertKind::Missing), "then the oldest");
        assert!(notices.has(AlertKind::LogWithheld), "but never what stops a device");
        assert_eq!(notices.alerts().len(), ALERTS);
    }

    #[test]
    fn a_number_is_given_once() {
        let mut notices = Notices::default();
        notices.add(AlertKind::Cloned, device(1), device(1), 1, 0);
        let (first, _) = notices.dismiss(1).expect("it is there");
        notices.add(AlertKind::Cloned, device(1), device(1), 1, 0);
        assert!(first.id != notices.alerts()[0].id && notices.dismiss(first.id).is_none());
    }

    #[test]
    fn a_count_is_written_when_it_changes() {
        let mut notices = Notices::default();
        assert!(notices.count(AlertKind::Missing, device(1), 0, 0).is_none());
        assert!(notices.count(AlertKind::Missing, device(1), 2, 0).is_some());
        assert!(notices.count(AlertKind::Missing, device(1), 2, 0).is_none());
        assert!(notices.count_at_least(AlertKind::Missing, device(1), 1, 0).is_none());
        assert!(notices.count_up(AlertKind::Missing, device(1), 0).is_some());
        assert_eq!(notices.alerts()[0].count, 3);
        assert!(notices.count(AlertKind::Missing, device(1), 0, 0).is_some());
        assert!(notices.alerts().is_empty());
    }

    #[test]
    fn only_the_problem_that_is_solved_goes() {
        let mut notices = Notices::default();
        notices.show(Problem::RelayFull);
        notices.solved(|problem| *problem == Problem::Fork);
        assert_eq!(notices.problem(), Some(&Problem::RelayFull));
        notices.solved(|problem| *problem == Problem::RelayFull);
        assert_eq!(notices.problem(), None);
    }
}
