//! What a person should know and may have to act on, with the names involved.

use core::fmt;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

/// Where counts end for a person: whoever removed a device may make up any number.
const MANY: u64 = 1000;

/// An alert in a device's list, kept until dismissed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertView {
    /// For [`crate::Command::DismissAlert`].
    pub id: u64,
    /// When this device noticed, by its own clock, milliseconds since 1970.
    pub at: u64,
    /// Hexadecimal identifier of the device it is about.
    pub device: String,
    /// What happened.
    pub what: Alert,
}

impl fmt::Debug for AlertView {
    /// Leaves the names out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlertView({}, {})", self.id, self.what.code())
    }
}

/// What a person should know. `name` is the device it is about, `by` the one that did it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, strum::EnumIter, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the same in all, and named above")]
pub enum Alert {
    /// A device joined the account.
    Joined { name: String, by: String },
    /// A device was removed.
    Removed { name: String, by: String },
    /// Clips that did not arrive, though the relay should still have them.
    Missing { name: String, count: u64 },
    /// Clips that were gone when this device came back.
    Expired { name: String, count: u64 },
    /// Clips that cannot be opened, though their sender signed them.
    Unreadable { name: String, count: u64 },
    /// Clips of a removed device that `by`, which removed it, had and this device does not.
    CutOff { name: String, count: u64, by: String },
    /// A member changed the keys and did not give this device the secret.
    BadKeys { name: String },
    /// Tombstones from a member that name items other than those that were sent.
    FalseDeletion { name: String },
    /// A member does not know that `by` was removed.
    RemovalWithheld { name: String, by: String },
    /// A member has not been heard from for this many days.
    Silent { name: String, days: u64 },
    /// Two devices are sending as one.
    Cloned { name: String },
    /// Something else is sending as this device.
    ClonedHere,
    /// The relay's log was shorter, and this device has completed it.
    LogRestored,
    /// The relay had lost items of this device, which has sent them again.
    ItemsRestored,
    /// The relay is withholding log entries.
    LogWithheld { name: String },
}

impl Alert {
    /// Stable, in `snake_case`.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// The codes of all alerts.
    pub const fn codes() -> &'static [&'static str] {
        Self::VARIANTS
    }

    /// The count, for alerts that have one.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Missing { count, .. }
            | Self::Expired { count, .. }
            | Self::Unreadable { count, .. }
            | Self::CutOff { count, .. } => Some(*count),
            Self::Silent { days, .. } => Some(*days),
            _ => None,
        }
    }

    /// The values in the sentence, in the order of a translation's placeholders: the device, how many, who did it.
    pub fn values(&self) -> Vec<String> {
        match self {
            Self::Joined { name, by } | Self::Removed { name, by } | Self::RemovalWithheld { name, by } => {
                vec![name.clone(), by.clone()]
            }
            Self::Missing { name, count } | Self::Expired { name, count } | Self::Unreadable { name, count } => {
                vec![name.clone(), many(*count)]
            }
            Self::CutOff { name, count, by } => vec![name.clone(), many(*count), by.clone()],
            Self::Silent { name, days } => vec![name.clone(), days.to_string()],
            Self::Cloned { name }
            | Self::LogWithheld { name }
            | Self::BadKeys { name }
            | Self::FalseDeletion { name } => vec![name.clone()],
            Self::ClonedHere | Self::LogRestored | Self::ItemsRestored => Vec::new(),
        }
    }
}

impl fmt::Display for Alert {
    /// What happened and what to do, with names of devices in quotation marks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined { name, by } => {
                write!(f, "“{name}” joined this account; “{by}” let it in. If that was not you, remove it.")
            }
            Self::Removed { name, by } => write!(f, "“{name}” was removed from this account by “{by}”."),
            Self::Missing { name, count } => write!(
                f,
                "{} from “{name}” did not arrive: the relay has lost or withheld what was sent.",
                clips(*count)
            ),
            Self::CutOff { name, count, by } => write!(
                f,
                "{} from “{name}” did not arrive here, though “{by}” had what was sent when it removed “{name}”: \
                 expired, deleted, or withheld by the relay.",
                clips(*count)
            ),
            Self::Expired { name, count } => write!(
                f,
                "{} from “{name}” had already gone from the relay when this device came to fetch what was sent.",
                clips(*count)
            ),
            Self::Unreadable { name, count } => write!(
                f,
                "{} from “{name}” could not be read here. Update Hushclip on both devices; if it keeps happening, \
                 remove “{name}” and let it in again.",
                clips(*count)
            ),
            Self::BadKeys { name } => write!(
                f,
                "“{name}” changed this account's keys and shut this device out. What was copied in the meantime cannot \
                 be read here. This device changes the keys again by itself. Unless “{name}” has a fault, it may be in \
                 the wrong hands: remove it."
            ),
            Self::FalseDeletion { name } => write!(
                f,
                "“{name}” sent a false deletion: devices that were away will not notice that a clip is missing, and the \
                 others keep it. “{name}” may be in the wrong hands: remove it."
            ),
            Self::RemovalWithheld { name, by } => write!(
                f,
                "“{name}” is still sending as if “{by}” had not been removed: the relay is withholding the removal \
                 from it, and “{by}” may be able to read what is copied there. Copy nothing secret on “{name}”, and do \
                 not trust the relay."
            ),
            Self::Silent { name, days } => {
                let days = if *days == 1 { "a day".to_owned() } else { format!("{days} days") };
                write!(
                    f,
                    "Nothing has come from “{name}” for {days}, not even its daily sign of life. If it was in use \
                     during that time and its clock is right, the relay is withholding what it sends."
                )
            }
            Self::Cloned { name } => write!(
                f,
                "Two devices are sending as “{name}”. If you did not copy its data or restore it from a backup, remove \
                 it."
            ),
            Self::ClonedHere => f.write_str(
                "Something else is sending as this device. If you did not copy its data or restore it from a backup, \
                 remove this device using another one.",
            ),
            Self::LogRestored => f.write_str(
                "The relay had lost part of the list of devices, as happens when a backup is restored. This device has \
                 put it back.",
            ),
            Self::ItemsRestored => f.write_str(
                "The relay had lost clips, as happens when a backup is restored. This device has sent its own again.",
            ),
            Self::LogWithheld { name } => write!(
                f,
                "“{name}” knows of a change to the list of devices that the relay does not show here. Clips wait on \
                 this device until it does. Compare the list on each of your devices; dismiss this alert to send \
                 anyway."
            ),
        }
    }
}

fn many(count: u64) -> String {
    if count > MANY { format!("{MANY}+") } else { count.to_string() }
}

fn clips(count: u64) -> String {
    if count == 1 { "One clip".to_owned() } else { format!("{} clips", many(count)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_to_a_screen_comes_back_from_there() {
        let alert = AlertView {
            id: 7,
            at: 8,
            device: "00".into(),
            what: Alert::CutOff { name: "Phone".into(), count: 2, by: "Desk".into() },
        };
        let text = serde_json::to_string(&alert).expect("it is made of strings and numbers");
        assert!(text.contains("{\"cut_off\":{"), "{text}");
        assert_eq!(serde_json::from_str::<AlertView>(&text).ok(), Some(alert));
    }

    #[test]
    fn counts_end_where_they_say_nothing_more() {
        let missing = |count| Alert::Missing { name: "Phone".into(), count };
        assert!(missing(1).to_string().starts_with("One clip from “Phone”"));
        assert!(missing(1000).to_string().starts_with("1000 clips from"));
        assert_eq!(missing(u64::MAX).values(), ["Phone", "1000+"]);
    }
}
