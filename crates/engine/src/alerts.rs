//! What a person should know and may have to act on; kept until dismissed.

use hushclip_protocol::ids::DeviceId;
use minicbor::{Decode, Encode};

use crate::Engine;
use crate::state::alerts_record;
use crate::view::AlertView;

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

/// What is counted no further for a person.
const MANY: u64 = 1000;

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

impl Engine {
    pub(crate) fn alert(&mut self, kind: AlertKind, device: DeviceId, by: DeviceId, count: u64) {
        // None is given twice: somebody may still put away the one that is gone.
        let id = self.newest_alert.saturating_add(1);
        self.newest_alert = id;
        self.alerts.push(Alert { id, kind, device, by, count, at_ms: self.now });
        if self.alerts.len() > ALERTS {
            let going = self.alerts.iter().enumerate().filter_map(|(at, alert)| Some((alert.kind.goes()?, at))).min();
            going.map(|(_, at)| self.alerts.remove(at));
        }
        self.persist(alerts_record(&self.alerts, self.newest_alert));
    }

    /// One more of what is counted in one alert of this kind about a device.
    pub(crate) fn count_up_alert(&mut self, kind: AlertKind, device: DeviceId) {
        let known = self.alerts.iter().find(|alert| alert.kind == kind && alert.device == device);
        let count = known.map_or(0, |alert| alert.count).saturating_add(1);
        self.count_alert(kind, device, count);
    }

    /// Sets the count of the one alert of this kind about a device; at 0 there is none.
    pub(crate) fn count_alert(&mut self, kind: AlertKind, device: DeviceId, count: u64) {
        let counts = |alert: &&mut Alert| alert.kind == kind && alert.device == device;
        match self.alerts.iter_mut().find(counts) {
            Some(known) if known.count == count => {}
            Some(known) if count > 0 => {
                known.count = count;
                self.persist(alerts_record(&self.alerts, self.newest_alert));
            }
            Some(_) => {
                self.alerts.retain_mut(|alert| !counts(&alert));
                self.persist(alerts_record(&self.alerts, self.newest_alert));
            }
            None if count > 0 => self.alert(kind, device, device, count),
            None => {}
        }
    }

    pub(crate) fn dismiss_alert(&mut self, id: u64) {
        let Some(at) = self.alerts.iter().position(|alert| alert.id == id) else { return };
        let dismissed = self.alerts.remove(at);
        self.persist(alerts_record(&self.alerts, self.newest_alert));
        if matches!(dismissed.kind, AlertKind::Missing | AlertKind::Expired) {
            self.forget_holes(&dismissed.device, dismissed.kind);
        }
    }

    pub(crate) fn present_alerts(&self) -> Vec<AlertView> {
        self.alerts.iter().map(|alert| self.present_alert(alert)).collect()
    }

    fn present_alert(&self, alert: &Alert) -> AlertView {
        let (name, by) = (self.name_of(&alert.device), self.name_of(&alert.by));
        // Who removed a device may make any number up.
        let count = if alert.count > MANY { format!("{MANY}+") } else { alert.count.to_string() };
        let clips = if alert.count == 1 { "One clip".to_owned() } else { format!("{count} clips") };
        let days_silent = self.days_silent(&alert.device);
        let days = if days_silent == 1 { "a day".to_owned() } else { format!("{days_silent} days") };
        let (code, message) = match alert.kind {
            AlertKind::Joined => (
                "joined",
                format!("“{name}” joined this account; it was let in on “{by}”. If that was not you, remove it."),
            ),
            AlertKind::Removed => ("removed", format!("“{name}” was removed from this account on “{by}”.")),
            AlertKind::Missing => (
                "missing",
                format!("{clips} from “{name}” did not arrive: the relay has lost or withheld what was sent."),
            ),
            AlertKind::CutOff => (
                "cut_off",
                format!(
                    "{clips} from “{name}”, which “{by}” had when it removed it, did not come here: expired, deleted, or kept \
                     back by the relay."
                ),
            ),
            AlertKind::Expired => (
                "expired",
                format!("{clips} from “{name}” had gone from the relay before this device came to fetch what was sent."),
            ),
            AlertKind::Unreadable => (
                "unreadable",
                format!(
                    "{clips} from “{name}” could not be read here. Update Hushclip on both; if it goes on, remove “{name}” \
                     and let it in again."
                ),
            ),
            AlertKind::BadKeys => (
                "bad_keys",
                format!(
                    "“{name}” changed the keys of this account and shut this device out with it. What was copied in \
                     between cannot be read here. This device changes them again by itself. If that was no fault of \
                     “{name}”, it may be in wrong hands: remove it."
                ),
            ),
            AlertKind::FalseDeletion => (
                "false_deletion",
                format!(
                    "“{name}” sent a false deletion: devices that were away will not notice that a clip is missing, and the \
                     others keep it. “{name}” may be in the wrong hands: remove it."
                ),
            ),
            AlertKind::RemovalWithheld => (
                "removal_withheld",
                format!(
                    "“{name}” still sends as if “{by}” had not been removed: the relay keeps the removal from it, and “{by}” \
                     may read what is copied there. Copy nothing secret on “{name}”, and mistrust the relay."
                ),
            ),
            AlertKind::Silent => (
                "silent",
                format!(
                    "Nothing has come from “{name}” for {days}, not even the daily sign of life. If it was in use in that \
                     time, and its clock is right, the relay keeps back what it sends."
                ),
            ),
            AlertKind::Cloned => (
                "cloned",
                format!(
                    "Two devices are sending as “{name}”. If its data was not copied or restored from a backup by you, \
                     remove it."
                ),
            ),
            AlertKind::ClonedHere => (
                "cloned_here",
                "Something else is sending as this device. If its data was not copied or restored from a backup by \
                 you, remove this device on another one."
                    .to_owned(),
            ),
            AlertKind::LogRestored => (
                "log_restored",
                "The relay had lost part of the list of devices, as after a restored backup. This device has put it back."
                    .to_owned(),
            ),
            AlertKind::ItemsRestored => (
                "items_restored",
                "The relay had lost clips, as after a restored backup. This device has sent its own once more."
                    .to_owned(),
            ),
            AlertKind::LogWithheld => (
                "log_withheld",
                format!(
                    "“{name}” knows of a change in the list of devices that the relay does not show here. Clips wait on \
                     this device until it does. Compare the devices on each of yours; put this away to send anyway."
                ),
            ),
        };
        let values = values(alert.kind, [name, by], count, days_silent);
        let (id, at, device) = (alert.id, alert.at_ms, alert.device.to_hex());
        AlertView { id, code: code.into(), message, values, at, device }
    }
}

/// What a translation's placeholders stand for.
fn values(kind: AlertKind, [name, by]: [String; 2], count: String, days_silent: u64) -> Vec<String> {
    match kind {
        AlertKind::Joined | AlertKind::Removed | AlertKind::RemovalWithheld => vec![name, by],
        AlertKind::Silent => vec![name, days_silent.to_string()],
        AlertKind::CutOff => vec![name, count, by],
        AlertKind::Missing | AlertKind::Expired | AlertKind::Unreadable => vec![name, count],
        AlertKind::Cloned | AlertKind::LogWithheld | AlertKind::BadKeys | AlertKind::FalseDeletion => vec![name],
        AlertKind::ClonedHere | AlertKind::LogRestored | AlertKind::ItemsRestored => Vec::new(),
    }
}
