//! Connects lines to other devices: hands envelopes over when they are sealed, and takes them in whichever line brings them
//! first. The relay's line brings each of them too, and with it its place there.

use hushclip_crypto::body::{FLAG_SUPERSEDED, Pin};
use hushclip_protocol::envelope::{Envelope, Header};
use hushclip_protocol::ids::DeviceId;
use rand_core::CryptoRng;

use super::Engine;
use super::receiving::sender_key;
use crate::clip::Clip;
use crate::inbox::Turn;
use crate::opened::{Body, open_body};
use crate::outbox::Cargo;
use crate::{Effect, Said};

impl Engine {
    pub(super) fn device_said(&mut self, line: u64, said: Said, rng: &mut dyn CryptoRng) {
        match said {
            Said::Opened => self.device_lines.opened(line),
            Said::Closed { .. } => self.device_lines.closed(line),
            Said::Frame(envelope) if self.device_lines.is_open(line) => self.passed(envelope, rng),
            Said::Frame(_) | Said::Pong => {}
        }
    }

    /// An item was sealed, and goes to the relay.
    pub(super) fn pass_on(&mut self, envelope: &[u8]) {
        for line in self.device_lines.ids() {
            self.effect(Effect::Send { line, frame: envelope.to_vec() });
        }
    }

    /// An envelope has come from another device. What is not in order, or cannot be judged yet, the relay brings again.
    fn passed(&mut self, bytes: Vec<u8>, rng: &mut dyn CryptoRng) {
        let Ok(envelope) = Envelope::parse(&bytes) else { return };
        let (sender, counter) = (envelope.header.sender, envelope.header.counter);
        let is_other = self.is_member(&sender) && self.own_id() != Some(sender) && !self.changes.goes(&sender);
        if !is_other || !self.is_sound(&envelope) {
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
        // Of pins the last word counts in the relay's order, which is not known yet.
        if matches!(body, Body::State(_) | Body::Later(_)) {
            return false;
        }
        let is_deleted = self.inbox.is_deleted(header);
        self.inbox(|inbox, out| inbox.runs_ahead(header.sender, out));
        self.count(header, body.at_ms());
        if is_deleted {
            self.confirm(header, body.at_ms());
        } else {
            // The list has it now, and the clipboard when the relay says in which order.
            self.take_body(header, body, 0, rng);
        }
        self.report_holes(header.sender);
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

    /// The relay has brought something that was here; whether it is a clip that another device has brought first, and that
    /// belongs on the clipboard.
    pub(super) fn joins_relay(&mut self, header: &Header, rng: &mut dyn CryptoRng) -> bool {
        self.inbox(|inbox, out| inbox.note_shown(header, out));
        let Some(clip) = self.history.get(&header.item).filter(|clip| self.runs_ahead(clip)) else { return false };
        let is_pinned = clip.pinned;
        let is_for_clipboard = !clip.about.beginning().is_empty() && !clip.late && clip.flags & FLAG_SUPERSEDED == 0;
        let write = self.history.join(&header.item, self.now);
        self.persist_all(write);
        self.clips_revision += 1;
        if !is_for_clipboard {
            // What is older does not go there either.
            self.newest_missed = None;
        }
        if is_pinned {
            self.queue(Cargo::Pins(vec![Pin { item: header.item, pinned: true }]), rng);
        }
        is_for_clipboard
    }

    /// Whether another device has brought a clip, and the relay not yet.
    pub(super) fn runs_ahead(&self, clip: &Clip) -> bool {
        clip.cursor == 0 && Some(clip.device) != self.own_id()
    }
}
