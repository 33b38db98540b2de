//! What the relay says, frame by frame, and who it is for.

use hushclip_model::Problem;
use hushclip_protocol::codec::CodecError;
use hushclip_protocol::frame::{Anchor, ToDevice};
use rand_core::CryptoRng;

use super::Engine;

impl Engine {
    pub(super) fn frame(&mut self, bytes: &[u8], rng: &mut dyn CryptoRng) {
        self.heard();
        let frame = match ToDevice::decode(bytes) {
            Ok(frame) => frame,
            // A later version's, for whoever knows it.
            Err(CodecError::Unknown(_)) => return,
            Err(_) => {
                // A relay that sends what is no frame is of another version, or broken: start over.
                self.show(Problem::RelayGarbled);
                return self.hang_up(rng);
            }
        };
        match frame {
            ToDevice::Challenge(challenge) => self.challenged(&challenge, rng),
            ToDevice::Registered { log_seq, log_head } => self.registered(log_seq, log_head, rng),
            ToDevice::Welcome(welcome) => self.welcomed(&welcome, rng),
            ToDevice::LogEntries { from, entries, has_more } => self.log_entries(from, entries, has_more, rng),
            ToDevice::Items { items, has_more, through } => self.items(&items, has_more, through, rng),
            ToDevice::Item(item) => self.live_item(&item, rng),
            ToDevice::Pushed { item, cursor, mark } => self.pushed(item, Anchor { cursor, mark }, rng),
            ToDevice::Delivered(delivered) => {
                if self.is_member(&delivered.device) {
                    self.relay.delivered.insert(delivered.device, delivered.cursor);
                    self.clips_revision += 1;
                }
            }
            ToDevice::Presence { device, online } => {
                if online && self.is_member(&device) {
                    self.relay.online.entry(device).or_insert(self.now);
                } else {
                    self.relay.online.remove(&device);
                }
            }
            ToDevice::InviteOpened { invite, expires_ms } | ToDevice::CodeOpened { invite, expires_ms, .. } => {
                self.invite_opened(invite, expires_ms);
            }
            ToDevice::InviteNote(note) => self.invite_note(&note, rng),
            ToDevice::InviteEnded { invite } => self.invite_ended(invite),
            ToDevice::Error { code, retry_after_ms, of } => self.relay_error(code, retry_after_ms, of, rng),
        }
    }
}
