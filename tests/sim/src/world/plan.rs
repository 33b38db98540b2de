//! What people do in the storm besides copying.

use std::collections::BTreeMap;

use hushclip_engine::Event;
use hushclip_model::view::Stage;
use hushclip_model::{ClipView, Command, CommandId};
use hushclip_protocol::ids::ItemId;
use rand_core::Rng;

use super::{STORM_MS, Step, World};

/// How long a device takes what another agent puts on the clipboard for what has just come.
const LATE_MS: u64 = 60_000;

impl World {
    /// In the storm people remove devices, set their clocks, and let keys change often.
    pub(super) fn plan_changes(&mut self) {
        let devices = self.devices.len() as u64;
        if self.faults.crash == 0 {
            return;
        }
        for _ in 0..self.below(5) {
            let (device, at) = (self.below(devices) as usize, self.below(STORM_MS));
            self.plan(at, Step::Ask(device, Command::SetRotation { minutes: 30 }));
        }
        for _ in 0..self.below(6) {
            let (device, at) = (self.below(devices) as usize, self.below(STORM_MS));
            let minutes = [-24 * 60, -35, -1, 1, 35, 24 * 60][self.below(6) as usize];
            self.plan(at, Step::Jump(device, minutes * 60_000));
        }
        if self.chance(500) {
            // Sometimes two at once, who may remove each other.
            for _ in 0..=self.below(2) {
                let (by, gone) = (self.below(devices) as usize, self.below(devices) as usize);
                let at = self.below(STORM_MS);
                self.plan(at, Step::Remove(by, gone));
            }
        }
    }

    /// Sometimes the relay's admin has to restore a backup, and sometimes has none.
    pub(super) fn plan_restores(&mut self) {
        for _ in 0..self.faults.restores {
            let backup = self.below(STORM_MS);
            let restore = backup + self.below(STORM_MS - backup);
            self.plan(backup, Step::Backup);
            self.plan(restore, Step::Restore(20));
        }
    }

    /// Restores the relay, once all devices know its whole log. While one does not, it could go on from the
    /// older log, and then there are two: that is a fork, for people to look into, and stories of its own.
    pub(super) fn restore(&mut self, tries: u32) {
        let Some(relay) = &mut self.relay else { return };
        let len = relay.log_len();
        let knows = |disk: &BTreeMap<String, Vec<u8>>| disk.keys().filter(|key| key.starts_with("log/")).count();
        let all_know = self.devices.iter().all(|d| d.view().stage == Stage::Removed || knows(&d.disk) == len);
        if !all_know {
            if tries > 0 {
                self.plan(1000, Step::Restore(tries - 1));
            }
            return;
        }
        self.report.restores += 1;
        let conns: Vec<_> = relay.sockets.keys().copied().collect();
        let empty = self.rng.next_u64().is_multiple_of(4);
        let disk = self.backup.clone().filter(|_| !empty).unwrap_or_default();
        let before = relay.items();
        relay.roll_back(disk);
        let after = relay.items();
        let lost = before.iter().filter(|item| !after.contains(item)).filter_map(|item| self.handed_over.get(item));
        self.lost.extend(lost.map(|(_, _, text)| text.clone()));
        for conn in conns {
            self.cut(conn, true);
        }
    }

    /// In some storms people also tidy up.
    pub(super) fn plan_library(&mut self) {
        let devices = self.devices.len() as u64;
        for _ in 0..self.faults.tidying {
            let (device, nth) = (self.below(devices) as usize, self.below(6) as usize);
            let at = self.below(STORM_MS);
            let step = match self.below(3) {
                0 => Step::Delete(device, nth),
                n => Step::Pin(device, nth, n == 1),
            };
            self.plan(at, step);
        }
    }

    pub(super) fn delete(&mut self, device: usize, nth: usize) {
        let Some(clip) = self.view(device).clips.get(nth).cloned() else { return };
        let id = CommandId(self.next());
        let command = Command::Delete { ids: vec![clip.id.clone()] };
        self.deleting.insert(id, (device, clip));
        self.event(device, Event::Command { id, command });
    }

    /// A device has done what it was asked to delete, or has died.
    pub(super) fn note_deleted(&mut self, device: usize, clip: ClipView) {
        // A process that dies before it has stored that shows the clip again.
        if self.view(device).clips.iter().all(|other| other.id != clip.id) {
            // Of what was not sent yet, the other program on the machine may have its own.
            self.deleters.insert((clip.text.clone(), device));
            let pushed = ItemId::from_hex(&clip.id).is_some_and(|item| self.handed_over.contains_key(&item));
            if clip.cursor.is_some() || pushed {
                self.deleted_items.entry(clip.id).or_default().insert(device);
            }
            self.deleted.insert(clip.text, clip.cursor.map(|_| device));
        }
    }

    /// A person's copy and an agent's write may cross, and where two agents share the clipboard, the
    /// other one cannot know whether the person took the older text again.
    pub(super) fn note_crossing(&mut self, device: usize, text: &str) {
        let machine = self.devices[device].machine;
        let before = self.clipboards[machine].clone();
        let by_person = self.copied.iter().any(|copied| copied.machine == machine && copied.text == before);
        let unseen = self.agenda.values().any(|step| matches!(step, Step::Seen(d) if *d == device));
        if by_person && unseen && before != text {
            self.crossed.extend([before.clone(), text.to_owned()]);
        }
    }

    /// For a device whose clock is put forward, what has just come was long ago: should another agent put it on
    /// the clipboard late, that is as if the person had gone back to it after a day.
    pub(super) fn note_jump(&mut self, device: usize, ms: i64) {
        let since = self.now.saturating_sub(LATE_MS);
        let just_now = self.passed.iter().filter(|((d, _), at)| ms > 0 && *d == device && **at > since);
        self.aged.extend(just_now.map(|(passed, _)| passed.clone()));
    }

    /// How often a text may be sent again by rights: once if it crossed, and once more if a clock has put what was
    /// sent before that out of sight.
    pub(crate) fn repeats(&self, text: &str) -> usize {
        usize::from(self.crossed.contains(text)) + usize::from(self.aged.iter().any(|(_, aged)| aged == text))
    }
}
