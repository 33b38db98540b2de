//! What happens in one run, a line for each step, and for what devices do: where a seed that failed is looked into.

use hushclip_driver::Step as Todo;
use hushclip_model::{Answered, Notice};
use hushclip_protocol::envelope::Envelope;
use hushclip_protocol::frame::{Item, ToDevice, ToRelay};

use super::{START, Step, World};

impl World {
    /// Prints a line if this run is looked into.
    pub(super) fn trace(&self, line: impl FnOnce() -> Option<String>) {
        if self.tracing
            && let Some(line) = line()
        {
            let ms = self.now - START;
            println!("{:>5}.{:03}  {line}", ms / 1000, ms % 1000);
        }
    }

    pub(super) fn tell_step(&self, step: &Step) -> Option<String> {
        let owner = |conn| self.owners.get(conn).map_or("?".to_owned(), usize::to_string);
        Some(match step {
            Step::ToRelay(conn, bytes) => format!("relay  <- {}: {}", owner(conn), up(bytes)),
            Step::ToDevice(device, conn, bytes) if self.devices[*device].conn == Some(*conn) => {
                format!("dev {device}  <- relay: {}", down(bytes))
            }
            Step::Opened(device, _) => format!("dev {device}  socket opens"),
            Step::Closed(device, _, code) => format!("dev {device}  socket closes, {code:?}"),
            Step::Revive(device, _) => format!("dev {device}  comes back"),
            Step::DeviceLine(one, other) => format!("dev {one}, {other}  a line is opened"),
            Step::DeviceLineEnds(line) => format!("line {line}  ends"),
            Step::DeviceSaid(device, line, _) => format!("dev {device}  hears line {line}"),
            Step::DiskAgain(device, _) => format!("dev {device}  tries its disk again"),
            Step::Copy(machine, text) => format!("machine {machine}: COPY {text:?}"),
            Step::Seen(device) => format!("dev {device}  sees {:?}", self.clipboard_of(*device)),
            Step::Delete(device, nth) => format!("dev {device}  DELETES {:?}", self.nth(*device, *nth)),
            Step::Pin(device, nth, pinned) => format!("dev {device}  pins {:?}, {pinned}", self.nth(*device, *nth)),
            Step::Ask(device, command) => format!("dev {device}  is asked to {command:?}"),
            Step::Remove(by, gone) => format!("dev {by}  REMOVES {gone}"),
            Step::Jump(device, ms) => format!("dev {device}  clock jumps {} s", ms / 1000),
            Step::Publish(device, channel) => format!("dev {device}  PUBLISHES on {channel}"),
            _ => return None,
        })
    }

    pub(super) fn tell_todo(&self, device: usize, todo: &Todo) -> Option<String> {
        let what = match todo {
            Todo::Open { .. } => "connects".to_owned(),
            Todo::Close { .. } => "hangs up".to_owned(),
            Todo::Send { frame, .. } => format!("-> relay: {}", up(frame)),
            Todo::WriteClipboard { content, .. } => {
                format!("WRITES {:?} on machine {}", content.text, self.devices[device].machine)
            }
            Todo::ClearClipboard(digest) => format!("clears {digest:?}"),
            Todo::Notice(Notice::Received { clip }) => format!("has received {:?} ({})", clip.text, short(&clip.id)),
            Todo::Notice(Notice::Failed { problem }) => format!("has a problem: {}", problem.code()),
            Todo::Notice(notice) => format!("notes {notice:?}"),
            Todo::Answer(Answered { outcome, .. }) => format!("answers {outcome:?}"),
            Todo::Store(_)
            | Todo::Load(_)
            | Todo::Archive { .. }
            | Todo::WakeAt(_)
            | Todo::Ping { .. }
            | Todo::Show => return None,
        };
        Some(format!("  dev {device} {what}"))
    }

    fn nth(&self, device: usize, nth: usize) -> String {
        self.view(device).clips.get(nth).map(|clip| clip.text.clone()).unwrap_or_default()
    }
}

fn short(hex: &str) -> &str {
    hex.get(..6).unwrap_or(hex)
}

fn up(bytes: &[u8]) -> String {
    match ToRelay::decode(bytes) {
        Ok(ToRelay::Push { after, envelope }) => format!("Push after {after} {}", tell(&envelope)),
        Ok(ToRelay::Delete { after, envelope, places }) => {
            let at: Vec<_> = places.iter().map(|place| place.cursor).collect();
            format!("Delete {at:?} after {after} {}", tell(&envelope))
        }
        Ok(ToRelay::Hello(hello)) => format!("Hello at {:?}, log {}", hello.anchors.last(), hello.log_seq),
        Ok(frame) => cut(&format!("{frame:?}")),
        Err(_) => "no frame".into(),
    }
}

fn down(bytes: &[u8]) -> String {
    let item = |item: &Item| format!("{}: {}", item.cursor, tell(&item.envelope));
    match ToDevice::decode(bytes) {
        Ok(ToDevice::Item(one)) => format!("Item {}", item(&one)),
        Ok(ToDevice::Items { items, has_more, through }) => {
            let items: Vec<_> = items.iter().map(item).collect();
            format!("Items [{}], more {has_more}, through {through}", items.join("; "))
        }
        Ok(ToDevice::Pushed { item, cursor, .. }) => format!("Pushed {} as {cursor}", short(&item.to_hex())),
        Ok(ToDevice::Welcome(welcome)) => format!("Welcome at {}, log {}", welcome.max_cursor, welcome.log_seq),
        Ok(frame) => cut(&format!("{frame:?}")),
        Err(_) => "no frame".into(),
    }
}

fn tell(envelope: &[u8]) -> String {
    let Ok(Envelope { header, .. }) = Envelope::parse(envelope) else { return "no envelope".into() };
    let (sender, item) = (header.sender.to_hex(), header.item.to_hex());
    format!("{:?} {} no {} of {} in epoch {}", header.kind, short(&item), header.counter, short(&sender), header.epoch)
}

/// Keys and signatures tell nobody anything.
fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}
