//! Programs that speak to each other in the storm, on channels that some devices listen to, and what became of what they
//! said.

use hushclip_model::{Command, CommandId, Outcome};

use super::{CANARY, DISK_AGAIN_MS, STORM_MS, Step, World};

/// Channels, and who listens to them.
pub(crate) const CHANNELS: [(&str, &[usize]); 3] =
    [("all", &[0, 1, 2, 3]), ("com.example/some", &[0, 3]), ("nobody_", &[])];

/// What a program has sent.
pub(crate) struct Published {
    pub(crate) device: usize,
    pub(crate) channel: &'static str,
    pub(crate) bytes: Vec<u8>,
    id: CommandId,
    /// It was told that it is stored; what died before that may be, or not.
    pub(crate) is_answered: bool,
}

impl World {
    /// All that listen do so before anything is sent.
    pub(super) fn plan_payloads(&mut self) {
        if self.faults.payloads == 0 {
            return;
        }
        for (channel, listeners) in CHANNELS {
            for device in listeners {
                while !self.listens(*device, channel) {
                    self.command(*device, Command::Listen { channel: channel.to_owned() });
                    let end = self.now + DISK_AGAIN_MS;
                    self.run_until(end, |_| false);
                }
            }
        }
        for _ in 0..self.faults.payloads {
            let (device, at) = (self.below(self.devices.len() as u64) as usize, self.below(STORM_MS));
            let (channel, _) = CHANNELS[self.below(CHANNELS.len() as u64) as usize];
            self.plan(at, Step::Publish(device, channel));
        }
    }

    /// Whether it does, and a crash changes nothing of it.
    fn listens(&self, device: usize, channel: &str) -> bool {
        let driver = &self.devices[device].driver;
        driver.again_at().is_none() && driver.engine().listened().any(|listened| listened == channel)
    }

    pub(super) fn publish(&mut self, device: usize, channel: &'static str) {
        let id = CommandId(self.next());
        let more = if id.0.is_multiple_of(4) { ", and so on".repeat(300) } else { String::new() };
        let bytes = format!("{CANARY} payload {} of {device}{more}", id.0).into_bytes();
        self.published.push(Published { device, channel, bytes: bytes.clone(), id, is_answered: false });
        self.event(
            device,
            hushclip_engine::Event::Command { id, command: Command::Publish { channel: channel.to_owned(), bytes } },
        );
    }

    pub(super) fn note_published(&mut self, id: CommandId, outcome: &Outcome) {
        if let Some(published) = self.published.iter_mut().find(|published| published.id == id) {
            published.is_answered = matches!(outcome, Outcome::Published { .. });
        }
    }

    pub(super) fn count_payloads(&self) -> usize {
        let kept = self.devices.iter().flat_map(|device| CHANNELS.map(|(channel, _)| device.payloads(channel).len()));
        kept.sum()
    }
}
