//! The invariants, checked against what was recorded: what people copied, what relays acknowledged,
//! what devices have at the end.

use std::collections::{BTreeMap, BTreeSet};

use hushclip_mailbox::{Store, verify_log};
use hushclip_model::AlertView;
use hushclip_model::view::Stage;
use hushclip_protocol::ids::DeviceId;

use crate::relay::Relay;
use crate::world::payloads::CHANNELS;
use crate::world::{CANARY, World};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A person copied something.
#[derive(Debug, Clone)]
pub(crate) struct Copied {
    pub(crate) machine: usize,
    pub(crate) text: String,
}

/// An invariant that did not hold.
#[derive(Debug, PartialEq, Eq)]
pub enum Violation {
    /// 1: the relay acknowledged a clip that a device does not have.
    Lost {
        /// Which device lacks it.
        device: usize,
        /// The clip.
        text: String,
    },
    /// 2: clips of one sender stand in another order than they were sent in.
    Order {
        /// At which device.
        device: usize,
        /// Of which sender.
        sender: String,
    },
    /// 3: a clip is there more than once.
    Twice {
        /// At which device.
        device: usize,
        /// The clip.
        text: String,
    },
    /// 4: a clip names a device that did not send it.
    NotSent {
        /// At which device.
        device: usize,
        /// The clip.
        text: String,
    },
    /// 5: a device did not get up to date after the weather had cleared.
    NotConverged {
        /// Which.
        device: usize,
        /// What it shows.
        state: String,
    },
    /// 7: plaintext at the relay.
    Readable,
    /// 8: a device sent what it had received.
    Loop {
        /// Which device.
        device: usize,
        /// The clip.
        text: String,
    },
    /// 5: two devices have another list of devices.
    Apart {
        /// One of them.
        device: usize,
    },
    /// 6: a removed device still has keys.
    KeysLeft {
        /// Which.
        device: usize,
    },
    /// A device says that something is wrong where nothing is.
    FalseAlarm {
        /// Which.
        device: usize,
        /// What it says.
        code: String,
    },
    /// A clip that was deleted is there.
    Undead {
        /// At which device.
        device: usize,
        /// The clip.
        text: String,
    },
    /// A clip that was deleted is still at the relay, sealed.
    Kept {
        /// Its item.
        item: String,
    },
    /// Two devices do not agree on what is pinned.
    PinsDiffer {
        /// One of them.
        device: usize,
        /// The clip.
        text: String,
    },
    /// A device lacks a payload, has it twice, in another order than it was sent in, or one that nobody sent.
    Payloads {
        /// At which device.
        device: usize,
        /// What is wrong.
        fault: String,
    },
    /// Pairing did not end.
    NeverJoined(usize),
}

pub(crate) fn check(world: &World) -> Result<(), Violation> {
    let dump = world.relay.as_ref().map(Relay::dump).unwrap_or_default();
    if dump.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()) {
        return Err(Violation::Readable);
    }
    deleted_at_relay(world)?;
    payloads(world)?;
    let order_sent = order_sent(world);
    let mut check = None;
    let mut pins = BTreeMap::new();
    let anybody_removed = world.devices.iter().any(|d| d.view().stage == Stage::Removed);
    let too_late = too_late(world);
    // What a removed device deleted at the relay is missed by who had not fetched it and does not count the
    // tombstone any more: it is lost, and they say so. If it was their own, they put it back, and say that.
    let is_removed = |device: &usize| world.devices[*device].view().stage == Stage::Removed;
    let deleted_by_removed = world.deleted_items.values().flatten().any(is_removed);
    // Nor do they know its text, should they see it on a clipboard.
    let text_deleted_by_removed =
        |deleted: &str| world.deleters.iter().any(|(text, by)| text == deleted && is_removed(by));
    for (device, subject) in world.devices.iter().enumerate() {
        let view = subject.view();
        if let Some(code) = false_alarm(world, device, deleted_by_removed) {
            return Err(Violation::FalseAlarm { device, code });
        }
        if view.stage == Stage::Removed {
            let keys = [
                "device", "account", "members", "removing", "log/", "out/", "sent/", "numbers", "synced", "sender/",
                "traces",
            ];
            if subject.disk.keys().any(|key| keys.iter().any(|start| key.starts_with(start))) {
                return Err(Violation::KeysLeft { device });
            }
            continue;
        }
        if check.get_or_insert_with(|| view.check.clone()) != &view.check {
            return Err(Violation::Apart { device });
        }
        if view.waiting > 0 || view.connection != hushclip_model::view::Connection::Online {
            let state = format!("{:?}, {} waiting, {:?}", view.connection, view.waiting, view.problem);
            return Err(Violation::NotConverged { device, state });
        }
        let mut seen = BTreeSet::new();
        let mut by_sender: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for clip in view.clips.iter().rev() {
            let before = by_sender.get(clip.from.as_str()).into_iter().flatten().filter(|text| **text == clip.text);
            if !seen.insert(&clip.id) || before.count() > world.repeats(&clip.text) {
                return Err(Violation::Twice { device, text: clip.text.clone() });
            }
            by_sender.entry(&clip.from).or_default().push(&clip.text);
        }
        for (sender, texts) in &by_sender {
            let Some(sent) = order_sent.get(*sender) else {
                return Err(Violation::NotSent { device, text: texts[0].to_owned() });
            };
            // An answer that a relay has lost with the clip leaves it to whoever had got it.
            let spoken = |text: &str| world.spoken.contains(&((*sender).to_owned(), text.to_owned()));
            let known =
                |text: &&&str| sent.iter().any(|s| s == **text) || world.deleted.contains_key(**text) || spoken(text);
            if let Some(text) = texts.iter().find(|text| !known(text)) {
                return Err(Violation::NotSent { device, text: (*text).to_owned() });
            }
            let once = texts.iter().filter(|text| world.repeats(text) == 0);
            let positions: Vec<_> = once.filter_map(|t| sent.iter().position(|s| s == t)).collect();
            if !positions.is_sorted() {
                return Err(Violation::Order { device, sender: (*sender).to_owned() });
            }
        }
        // What a device sent in the moments before its removal need not reach everybody.
        for other in world.devices.iter().filter(|other| other.view().stage != Stage::Removed) {
            for text in &other.sent {
                if world.deleted.contains_key(text) {
                    continue;
                }
                if !by_sender.get(other.name.as_str()).is_some_and(|texts| texts.contains(&text.as_str())) {
                    return Err(Violation::Lost { device, text: text.clone() });
                }
            }
        }
        for clip in &view.clips {
            let apart = world.repeats(&clip.text) > 0 || too_late.contains(&clip.text);
            // Who wants to delete what another device has deleted first has nothing to tell; if that one is removed,
            // its tombstone may not count.
            let removed_one = text_deleted_by_removed(&clip.text);
            // Nor does a device that was away hear of it from a relay that has lost the tombstone.
            let untold = world.restored() && !world.deleted_items.contains_key(&clip.id);
            let apart = apart || removed_one || untold;
            let by = world.deleted.get(&clip.text).copied().flatten().filter(|_| !apart);
            if by.is_some_and(|by| world.devices[by].view().stage != Stage::Removed) {
                return Err(Violation::Undead { device, text: clip.text.clone() });
            }
            // What a device said in the moments before its removal need not reach everybody.
            if !anybody_removed && *pins.entry(clip.id.clone()).or_insert(clip.pinned) != clip.pinned {
                return Err(Violation::PinsDiffer { device, text: clip.text.clone() });
            }
        }
        // Own clips were copied on the own machine, by a person.
        for text in by_sender.get(subject.name.as_str()).into_iter().flatten() {
            let own = world.copied.iter().any(|c| c.machine == subject.machine && c.text == **text);
            // With a relay that was set back a tombstone may be gone: nothing tells a device that was away of the text.
            let untold = world.restored() && world.deleted.contains_key(*text);
            let aged = world.aged.contains(&(device, (*text).to_owned()));
            if !own && !untold && !aged && !too_late.contains(*text) && !text_deleted_by_removed(text) {
                return Err(Violation::Loop { device, text: (*text).to_owned() });
            }
        }
    }
    Ok(())
}

/// Each device that listens has what the others have sent, once and in the order of each sender; one that does not has
/// nothing. Of a device that is out, what it sent last need not have reached everybody.
fn payloads(world: &World) -> Result<(), Violation> {
    let is_out = |device: usize| world.devices[device].view().stage == Stage::Removed;
    for (device, subject) in world.devices.iter().enumerate() {
        for (channel, listeners) in CHANNELS {
            let fault = |fault: String| Err(Violation::Payloads { device, fault: format!("{fault} on {channel}") });
            let kept = subject.payloads(channel);
            if !listeners.contains(&device) && !kept.is_empty() {
                return fault("something that it does not listen to".into());
            }
            for (sender, other) in world.devices.iter().enumerate() {
                let from: Vec<_> = kept.iter().filter(|(payload, _)| payload.from == other.name).collect();
                let sent: Vec<_> =
                    world.published.iter().filter(|p| p.device == sender && p.channel == channel).collect();
                let place = |bytes: &Vec<u8>| sent.iter().position(|published| published.bytes == *bytes);
                let places: Vec<_> = from.iter().map(|(_, bytes)| place(bytes)).collect();
                if places.iter().any(Option::is_none) || (sender == device && !from.is_empty()) {
                    return fault(format!("one that {sender} has not sent"));
                }
                if !places.is_sorted_by(|one, next| one < next) {
                    return fault(format!("those of {sender} as {places:?}"));
                }
                if sender == device || is_out(device) || is_out(sender) || !listeners.contains(&device) {
                    continue;
                }
                let lacks = sent.iter().enumerate().find(|(n, p)| p.is_answered && !places.contains(&Some(*n)));
                if let Some((n, _)) = lacks {
                    return fault(format!("number {n} of {sender} is missing, of {places:?}"));
                }
            }
        }
    }
    Ok(())
}

/// What was deleted everywhere is not at the relay; not either where it was set back, as who deleted it is there again
/// and says so once more. Of a device that is out nobody does, and it stays until its time is over.
fn deleted_at_relay(world: &World) -> Result<(), Violation> {
    let kept = world
        .relay
        .as_ref()
        .map(|relay| relay.snapshot().item_rows(0, usize::MAX).unwrap_or_default())
        .unwrap_or_default();
    for item in kept.iter().map(|row| row.item.to_hex()) {
        let is_member = |device: &usize| world.devices[*device].view().stage != Stage::Removed;
        // Who deletes second has nothing to tell.
        if world.deleted_items.get(&item).is_some_and(|by| by.iter().all(is_member)) {
            return Err(Violation::Kept { item });
        }
    }
    Ok(())
}

/// What removed devices sent too late: their removals do not count it. Who had not heard of the removal took it
/// in and put it on a clipboard; for who had, it never came, so an agent on that clipboard cannot tell it from a
/// copy of the person's. Then there are two clips, and to delete one of them is not to delete the other. The same
/// goes for what a restored relay has lost, until its sender is back and sends it once more.
fn too_late(world: &World) -> BTreeSet<String> {
    let log = world.relay.as_ref().and_then(|relay| verify_log(&relay.snapshot()).ok().flatten());
    let late = |sender: &DeviceId, counter: u64| log.as_ref()?.removed(sender).map(|gone| counter > gone.last_counter);
    let all = world.handed_over.values();
    let late = all.filter(|(sender, counter, _)| late(sender, *counter) == Some(true));
    late.map(|(_, _, text)| text.clone()).chain(world.lost.iter().cloned()).collect()
}

/// What each device has in its own library as its own, oldest first: by construction what it sent.
fn order_sent(world: &World) -> BTreeMap<String, Vec<String>> {
    world
        .devices
        .iter()
        .map(|device| {
            let view = device.view();
            let own = view.clips.iter().rev().filter(|clip| clip.own).map(|clip| clip.text.clone()).collect();
            (device.name.clone(), own)
        })
        .collect()
}

/// What a device says to be wrong, where nothing is.
fn false_alarm(world: &World, device: usize, deleted_by_removed: bool) -> Option<String> {
    let subject = &world.devices[device];
    let view = subject.view();
    // By a clock that was put forward by days, nobody has been heard for days.
    let days_on = subject.put_forward > DAY_MS;
    let news = ["joined", "removed"];
    let restored = ["log_restored", "items_restored"];
    let is_right = |alert: &&AlertView| {
        let code = alert.what.code();
        news.contains(&code)
            || (code == "silent" && days_on)
            || (["missing", "items_restored"].contains(&code) && deleted_by_removed)
            // The same loss, where its sender is out by then, too.
            || (code == "cut_off" && deleted_by_removed && view.devices.iter().all(|d| d.id != alert.device))
            || (world.restored() && restored.contains(&code))
            // What a relay that was set back has lost of a removed device, nobody puts back.
            || (world.restored() && code == "cut_off" && view.devices.iter().all(|d| d.id != alert.device))
    };
    view.alerts.iter().find(|alert| !is_right(alert)).map(|alert| alert.what.code().to_owned())
}
