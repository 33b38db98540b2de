//! The invariants, checked against what was recorded: what people copied, what relays acknowledged,
//! what devices have at the end.

use std::collections::{BTreeMap, BTreeSet};

use crate::world::{CANARY, World};

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
    /// Pairing did not end.
    NeverJoined(usize),
}

pub(crate) fn check(world: &World, dump: &[u8]) -> Result<(), Violation> {
    if dump.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()) {
        return Err(Violation::Readable);
    }
    let order_sent = order_sent(world);
    for (device, subject) in world.devices.iter().enumerate() {
        let view = subject.engine.view();
        if view.waiting > 0 || view.connection != hushclip_engine::view::Connection::Online {
            let state = format!("{:?}, {} waiting, {:?}", view.connection, view.waiting, view.problem);
            return Err(Violation::NotConverged { device, state });
        }
        let mut seen = BTreeSet::new();
        let mut by_sender: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for clip in view.clips.iter().rev() {
            if !seen.insert(&clip.id) || by_sender.get(clip.from.as_str()).is_some_and(|v| v.contains(&&*clip.text)) {
                return Err(Violation::Twice { device, text: clip.text.clone() });
            }
            by_sender.entry(&clip.from).or_default().push(&clip.text);
        }
        for (sender, texts) in &by_sender {
            let Some(sent) = order_sent.get(*sender) else {
                return Err(Violation::NotSent { device, text: texts[0].to_owned() });
            };
            if let Some(text) = texts.iter().find(|text| !sent.iter().any(|s| s == *text)) {
                return Err(Violation::NotSent { device, text: (*text).to_owned() });
            }
            let positions: Vec<_> = texts.iter().filter_map(|t| sent.iter().position(|s| s == t)).collect();
            if !positions.is_sorted() {
                return Err(Violation::Order { device, sender: (*sender).to_owned() });
            }
        }
        for other in &world.devices {
            for text in &other.sent {
                if !by_sender.get(other.name.as_str()).is_some_and(|texts| texts.contains(&text.as_str())) {
                    return Err(Violation::Lost { device, text: text.clone() });
                }
            }
        }
        // Own clips were copied on the own machine, by a person.
        for text in by_sender.get(subject.name.as_str()).into_iter().flatten() {
            if !world.copied.iter().any(|c| c.machine == subject.machine && c.text == **text) {
                return Err(Violation::Loop { device, text: (*text).to_owned() });
            }
        }
    }
    Ok(())
}

/// What each device has in its own library as its own, oldest first: by construction what it sent.
fn order_sent(world: &World) -> BTreeMap<String, Vec<String>> {
    world
        .devices
        .iter()
        .map(|device| {
            let view = device.engine.view();
            let own = view.clips.iter().rev().filter(|clip| clip.own).map(|clip| clip.text.clone()).collect();
            (device.name.clone(), own)
        })
        .collect()
}
