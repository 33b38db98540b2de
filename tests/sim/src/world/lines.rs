//! Lines between devices: open for a while, with delays of their own, so that what goes over them comes in another order
//! than from the relay, twice, first, last or never.

use hushclip_driver::{LineId, Said};
use hushclip_engine::Event;

use hushclip_protocol::ids::DeviceId;

use super::{STORM_MS, Step, World};

/// How long a line is open at most, milliseconds.
const OPEN_MS: u64 = 90_000;
/// How much slower than the relay's line it may be.
const SLOWER: u64 = 4;

impl World {
    pub(super) fn plan_lines(&mut self) {
        for _ in 0..self.faults.device_lines {
            let devices = self.devices.len() as u64;
            let (one, other) = (self.below(devices) as usize, self.below(devices) as usize);
            if one != other {
                let at = self.below(STORM_MS);
                self.plan(at, Step::DeviceLine(one, other));
            }
        }
    }

    pub(super) fn open_line(&mut self, one: usize, other: usize) {
        let id = |device: usize| DeviceId::from_hex(self.devices[device].shown.device.as_deref()?);
        // Whoever opens one knows who is at the other end.
        let (Some(one_id), Some(other_id)) = (id(one), id(other)) else { return };
        let line = self.next();
        self.device_lines.insert(line, [one, other]);
        self.ends.insert(line, [(one, one_id), (other, other_id)]);
        for device in [one, other] {
            self.say(device, line, Said::Opened);
        }
        let open = self.below(OPEN_MS);
        self.plan(open, Step::DeviceLineEnds(line));
    }

    /// A line ends. One end may not hear of it, and goes on sending.
    pub(super) fn end_line(&mut self, line: u64) {
        let Some(ends) = self.device_lines.remove(&line) else { return };
        for device in ends {
            if self.chance(700) {
                self.say(device, line, Said::Closed { code: None });
            }
        }
    }

    /// With a process its lines end.
    pub(super) fn end_lines_of(&mut self, device: usize) {
        let its = self.device_lines.iter().filter(|(_, ends)| ends.contains(&device)).map(|(line, _)| *line);
        for line in its.collect::<Vec<_>>() {
            let Some(ends) = self.device_lines.remove(&line) else { continue };
            for other in ends {
                if other != device && self.chance(500) {
                    self.plan(1, Step::DeviceSaid(other, line, Said::Closed { code: None }));
                }
            }
        }
    }

    pub(super) fn send_over_line(&mut self, device: usize, line: u64, envelope: Vec<u8>) {
        let Some(ends) = self.device_lines.get(&line) else { return };
        let other = if ends[0] == device { ends[1] } else { ends[0] };
        self.note_spoken(device, &envelope);
        if self.chance(self.faults.cut) {
            return;
        }
        let delay = self.below(self.faults.delay_ms * SLOWER);
        if self.chance(self.faults.cut) {
            self.plan(delay + 1, Step::DeviceSaid(other, line, Said::Frame(envelope.clone())));
        }
        self.plan(delay, Step::DeviceSaid(other, line, Said::Frame(envelope)));
    }

    pub(super) fn say(&mut self, device: usize, line: u64, said: Said) {
        let Some(ends) = self.ends.get(&line) else { return };
        let other = if ends[0].0 == device { ends[1].1 } else { ends[0].1 };
        self.over_device_line = matches!(said, Said::Frame(_));
        self.event(device, Event::Line { line: LineId::Device(other, line), said });
        self.over_device_line = false;
    }
}
