//! Connects lines to other devices: hands envelopes over when the relay has taken them, and takes them in whichever line
//! brings them first. The relay's line brings each of them too, and with it its place there.

use hushclip_crypto::body::{FLAG_SUPERSEDED, Pin, TEXT};
use hushclip_protocol::envelope::{Envelope, Header};
use hushclip_protocol::ids::{DeviceId, ItemId};
use rand_core::CryptoRng;

use super::Engine;
use super::receiving::sender_key;
use crate::clip::Clip;
use crate::inbox::Turn;
use crate::opened::{Body, open_body};
use crate::outbox::Cargo;
use crate::{Effect, LineId, Said};

impl Engine {
    pub(super) fn device_said(&mut self, device: DeviceId, number: u64, said: Said, rng: &mut dyn CryptoRng) {
        match said {
            Said::Opened if self.is_member(&device) => self.device_lines.opened(device, number),
            Said::Opened => self.effect(Effect::Disconnect { line: LineId::Device(device, number) }),
            Said::Closed { .. } => self.device_lines.closed(device, number),
            Said::Frame(envelope) if self.device_lines.is_open(device, number) => self.passed(envelope, rng),
            Said::Frame(_) | Said::Pong => {}
        }
    }

    /// The relay has taken an item, and with it the epoch that it is sealed for: before that, one of the devices may be out
    /// of the account by now, and who tries names at the relay knows none yet.
    pub(super) fn pass_on(&mut self, item: &ItemId) {
        let front = self.outbox.front().filter(|front| front.item == *item && !front.again);
        let Some(envelope) = front.and_then(|front| front.sealed.as_ref()).map(|sealed| sealed.envelope.to_vec())
        else {
            return;
        };
        let lines: Vec<_> = self.device_lines.ids().collect();
        for line in lines {
            self.effect(Effect::Send { line, frame: envelope.clone() });
        }
    }

    /// A device is out of the account.
    pub(super) fn end_lines(&mut self, device: DeviceId) {
        for line in self.device_lines.removed(device) {
            self.effect(Effect::Disconnect { line });
        }
        let writes = self.history.note_out(device);
        self.persist_all(writes);
    }

    /// An envelope has come from another device. What is not in order, or cannot be judged yet, the relay brings again.
    fn passed(&mut self, bytes: Vec<u8>, rng: &mut dyn CryptoRng) {
        let Ok(envelope) = Envelope::parse(&bytes) else { return };
        let (sender, counter) = (envelope.header.sender, envelope.header.counter);
        let is_other = self.is_member(&sender) && self.own_id() != Some(sender) && !self.changes.goes(&sender);
        if self.halted_for_good || !is_other || !self.is_sound(&envelope) {
            return;
        }
        match self.inbox.turn(&sender, counter) {
            Turn::Past => {}
            Turn::Early => self.device_lines.keep(sender, counter, bytes),
            Turn::Now => {
                if self.take_passed(&envelope, rng) {
                    self.take_early(sender, rng);
                } else {
                    self.device_lines.keep(sender, counter, bytes);
                }
            }
        }
    }

    /// Whether its signature and its place in the log are in order. What is sealed for an older epoch the relay may refuse;
    /// then it comes once more, for this one.
    fn is_sound(&self, envelope: &Envelope<'_>) -> bool {
        let log = self.log().filter(|log| log.epoch() == Some(envelope.header.epoch));
        log.and_then(|log| sender_key(log, &envelope.header)).is_some_and(|key| envelope.verify(&key))
    }

    /// Takes in what came over a device's line in its turn; `false`: only the relay may bring it.
    fn take_passed(&mut self, envelope: &Envelope<'_>, rng: &mut dyn CryptoRng) -> bool {
        let header = &envelope.header;
        let Some(Ok(body)) = self.log().map(|log| open_body(log, envelope)) else { return false };
        // Of pins the last word counts in the relay's order, which is not known yet; and whether its sender may still delete
        // anything, the relay knows better.
        if !matches!(body, Body::Clip(_) | Body::Heartbeat(_)) {
            return false;
        }
        let is_deleted = self.inbox.is_deleted(header);
        self.inbox(|inbox, out| inbox.runs_ahead(header.sender, out));
        self.count(header, body.at_ms());
        if is_deleted {
            self.confirm(header, body.at_ms());
        } else {
            // The list has it now, and the clipboard when the relay says in which order.
            let missed = self.newest_missed;
            self.take_body(header, body, 0, rng);
            self.newest_missed = missed;
        }
        // Before everything is here, nothing is said of holes.
        if self.line.is_online() {
            self.report_holes(header.sender);
        }
        true
    }

    /// Something of a sender has come: what came over a device's line before that may have its turn now.
    pub(super) fn take_early(&mut self, sender: DeviceId, rng: &mut dyn CryptoRng) {
        while let Some(bytes) = self.device_lines.next(sender, self.inbox.seen(&sender)) {
            // It was verified, but the log may be another one by now.
            let Ok(envelope) = Envelope::parse(&bytes) else { return };
            if !self.is_member(&sender) || !self.is_sound(&envelope) || !self.take_passed(&envelope, rng) {
                return;
            }
        }
    }

    /// The relay has brought something of which all counters had come. Gives the clip, if another device has brought it
    /// first and it belongs on the clipboard: that is for what the relay has brought to say, and for now.
    pub(super) fn join(&mut self, envelope: &Envelope<'_>, cursor: u64, rng: &mut dyn CryptoRng) -> Option<ItemId> {
        let header = &envelope.header;
        let is_it = |clip: &&Clip| clip.device == header.sender && clip.counter == header.counter && clip.cursor == 0;
        let clip = self.history.get(&header.item).filter(is_it)?;
        let (is_pinned, is_deleted) = (clip.pinned, clip.trashed_ms != 0);
        let opened = self.log().map(|log| open_body(log, envelope));
        let body = if let Some(Ok(Body::Clip(body))) = opened { Some(body) } else { None };
        let late = !self.is_member(&header.sender);
        let superseded = body.as_ref().is_some_and(|body| body.flags & FLAG_SUPERSEDED != 0);
        let writes = self.history.join(&header.item, cursor, late, superseded, self.now);
        self.persist_all(writes);
        self.clips_revision += 1;
        if is_pinned {
            self.queue(Cargo::Pins(vec![Pin { item: header.item, pinned: true }]), rng);
        }
        let body = body?;
        let has_text = body.text_of(TEXT).is_some();
        if has_text && (late || (superseded && self.is_newer_than_missed(header, body.at_ms))) {
            self.newest_missed = None;
        }
        let is_for_clipboard = !late && !superseded && !is_deleted && has_text;
        is_for_clipboard.then_some(header.item)
    }

    /// The relay is at a counter of this sender. What another device has brought before that, it does not bring any more.
    pub(super) fn note_shown(&mut self, header: &Header, rng: &mut dyn CryptoRng) {
        if !self.inbox(|inbox, out| inbox.note_shown(header, out)) {
            return;
        }
        let (pinned, writes) = self.history.settle_ahead(header.sender, header.counter);
        self.persist_all(writes);
        if !pinned.is_empty() {
            let pins = pinned.into_iter().map(|item| Pin { item, pinned: true });
            self.queue(Cargo::Pins(pins.collect()), rng);
        }
    }

    /// Whether another device has brought a clip, and the relay not yet.
    pub(super) fn runs_ahead(&self, clip: &Clip) -> bool {
        Some(clip.device) != self.own_id() && clip.is_ahead()
    }
}
