//! Connects alerts to the other parts: what each says to a person, and what it takes along when it is put away.

use hushclip_model::{Alert as What, AlertView};
use hushclip_protocol::ids::DeviceId;

use super::Engine;
use crate::notices::{Alert, AlertKind};
use crate::part::{Alerting, How};

impl Engine {
    pub(super) fn alert(&mut self, kind: AlertKind, device: DeviceId, by: DeviceId, count: u64) {
        let write = self.notices.add(kind, device, by, count, self.now);
        self.persist(write);
    }

    /// Does what a part wants of an alert.
    pub(super) fn change_alert(&mut self, Alerting { kind, device, how }: Alerting) {
        let now = self.now;
        let write = match how {
            How::Add { by, count } => Some(self.notices.add(kind, device, by, count, now)),
            How::Once { by } if self.notices.stands(kind, device, by) => None,
            How::Once { by } => Some(self.notices.add(kind, device, by, 1, now)),
            How::Count(count) => self.notices.count(kind, device, count, now),
        };
        self.persist_all(write);
    }

    pub(super) fn count_up_alert(&mut self, kind: AlertKind, device: DeviceId) {
        let write = self.notices.count_up(kind, device, self.now);
        self.persist_all(write);
    }

    pub(super) fn dismiss_alert(&mut self, id: u64) {
        let Some((dismissed, write)) = self.notices.dismiss(id) else { return };
        self.persist(write);
        if matches!(dismissed.kind, AlertKind::Missing | AlertKind::Expired) {
            let (device, excused) = (dismissed.device, dismissed.kind == AlertKind::Expired);
            self.inbox(|inbox, out| inbox.forget_holes(&device, excused, out));
        }
    }

    pub(super) fn present_alerts(&self) -> Vec<AlertView> {
        self.notices.alerts().iter().map(|alert| self.present_alert(alert)).collect()
    }

    fn present_alert(&self, alert: &Alert) -> AlertView {
        let (name, by, count) = (self.name_of(&alert.device), self.name_of(&alert.by), alert.count);
        let what = match alert.kind {
            AlertKind::Joined => What::Joined { name, by },
            AlertKind::Removed => What::Removed { name, by },
            AlertKind::Missing => What::Missing { name, count },
            AlertKind::Expired => What::Expired { name, count },
            AlertKind::Cloned => What::Cloned { name },
            AlertKind::ClonedHere => What::ClonedHere,
            AlertKind::LogRestored => What::LogRestored,
            AlertKind::LogWithheld => What::LogWithheld { name },
            AlertKind::Unreadable => What::Unreadable { name, count },
            AlertKind::BadKeys => What::BadKeys { name },
            AlertKind::ItemsRestored => What::ItemsRestored,
            AlertKind::RemovalWithheld => What::RemovalWithheld { name, by },
            AlertKind::Silent => What::Silent { name, days: self.inbox.days_silent(&alert.device, self.now) },
            AlertKind::FalseDeletion => What::FalseDeletion { name },
            AlertKind::CutOff => What::CutOff { name, count, by },
        };
        AlertView { id: alert.id, at: alert.at_ms, device: alert.device.to_hex(), what }
    }
}
