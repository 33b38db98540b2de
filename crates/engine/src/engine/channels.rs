//! Connects channels to the other parts: what programs send goes out with everything else, in its turn; what comes in on a
//! channel that this device listens to is kept for them.

use hushclip_crypto::body::{Part, PayloadBody};
use hushclip_model::{Delivery, Notice, PayloadView, Problem};
use hushclip_protocol::channel::is_channel;
use hushclip_protocol::envelope::Header;
use hushclip_protocol::ids::{DeviceId, ItemId};
use hushclip_protocol::limits;
use rand_core::CryptoRng;

use super::Engine;
use crate::channels::{Channels, Payload};
use crate::clip::Clip;
use crate::outbox::Cargo;
use crate::part::Outputs;

/// What part of the account's room at the relay this device's payloads may fill that not everybody has.
const PAYLOAD_SHARE: u64 = 4;

impl Engine {
    /// The channels that this device listens to, in the order of their names.
    pub fn listened(&self) -> impl Iterator<Item = &str> {
        self.channels.listened()
    }

    /// What other devices have sent on a channel that this one listens to, as far as it is kept: what came after `after`,
    /// which is a [`PayloadView::order`] or 0, in order of arrival here.
    pub fn payloads(&self, channel: &str, after: u64) -> Vec<PayloadView> {
        let view = |payload: &Payload| PayloadView {
            id: payload.item.to_hex(),
            order: payload.order,
            cursor: (payload.cursor > 0).then_some(payload.cursor),
            channel: payload.channel.clone(),
            device: payload.device.to_hex(),
            from: self.name_of(&payload.device),
            at: payload.at_ms,
            bytes: payload.bytes,
        };
        self.channels.received(channel, after).map(view).collect()
    }

    /// The record of [`crate::CONTENT`] that holds the bytes of a payload; `None`: it is not kept here, or no longer.
    pub fn payload_key(&self, id: &str) -> Option<String> {
        self.channels.get(&ItemId::from_hex(id)?).map(Payload::key)
    }

    /// How far a clip or a payload of this device has got; `None`: it is not kept here, will not be
    /// sent, or is another device's.
    pub fn delivery(&self, id: &str) -> Option<Delivery> {
        let item = ItemId::from_hex(id)?;
        let is_own = |clip: &&Clip| clip.origin.is_empty() && !clip.given_up && Some(clip.device) == self.own_id();
        let of_clip = self.history.get(&item).filter(is_own).map(|clip| clip.cursor);
        let of_payload = || self.channels.get(&item).filter(|payload| payload.own).map(|payload| payload.cursor);
        of_clip.or_else(of_payload).map(|cursor| self.delivery_at(cursor))
    }

    pub(super) fn channels<T>(&mut self, act: impl FnOnce(&mut Channels, &mut Outputs) -> T) -> T {
        let mut out = Outputs::default();
        let done = act(&mut self.channels, &mut out);
        self.carry_out(out);
        done
    }

    /// Whether something here has this name.
    pub(super) fn is_known(&self, item: &ItemId) -> bool {
        self.history.get(item).is_some() || self.channels.get(item).is_some()
    }

    pub(super) fn listen(&mut self, channel: String) -> Result<(), Problem> {
        if !is_channel(&channel) {
            return Err(Problem::BadChannel);
        }
        let listens = self.channels(|channels, out| channels.listen(channel, out));
        if listens { Ok(()) } else { Err(Problem::TooManyChannels) }
    }

    pub(super) fn unlisten(&mut self, channel: &str) {
        self.channels(|channels, out| channels.unlisten(channel, out));
    }

    /// The relay drops nothing that a device has not had, and refuses everything, clips too, when that fills it.
    fn payload_room(&self) -> u64 {
        self.relay.bounds.as_ref().map_or(limits::ITEM_BYTES, |bounds| bounds.item_bytes) / PAYLOAD_SHARE
    }

    /// Up to which cursor all other devices have what the relay has, as far as it has said on this line.
    fn reached_by_all(&self) -> u64 {
        if self.relay.bounds.is_none() {
            return u64::MAX;
        }
        let reached = |device: DeviceId| self.relay.delivered.get(&device).copied().unwrap_or_default();
        self.others().into_iter().map(reached).min().unwrap_or(u64::MAX)
    }

    /// Gives the name of the payload that waits now.
    pub(super) fn publish(
        &mut self,
        channel: String,
        bytes: Vec<u8>,
        rng: &mut dyn CryptoRng,
    ) -> Result<ItemId, Problem> {
        if !is_channel(&channel) {
            return Err(Problem::BadChannel);
        }
        self.require_member()?;
        let device = self.own_id().ok_or(Problem::NoAccount)?;
        let open = self.channels.bytes_beyond(self.reached_by_all()).saturating_add(bytes.len() as u64);
        if self.outbox.of_programs_waiting() >= limits::OUTBOX || open > self.payload_room() {
            return Err(Problem::TooManyPayloads);
        }
        let body = PayloadBody { at_ms: self.now, channel, bytes: bytes.into() };
        body.check().map_err(|error| Problem::PayloadTooLarge { bytes: error.bytes })?;
        let (item, order) = (self.fresh_item(rng), self.history.next_order());
        let payload = self.payload(item, device, &body, 0);
        self.channels(|channels, out| channels.add(Payload { own: true, ..payload }, &body.bytes, out));
        self.contents.bring(item, vec![Part::new("", body.bytes)]);
        self.outbox(|outbox, out| outbox.put(item, order, Cargo::Payload, out));
        self.flush(rng);
        Ok(item)
    }

    /// One that comes after all that is here.
    fn payload(&mut self, item: ItemId, device: DeviceId, body: &PayloadBody, cursor: u64) -> Payload {
        let order = self.history.next_order();
        self.history.reserve(order);
        Payload {
            item,
            order,
            cursor,
            device,
            at_ms: body.at_ms,
            stored_ms: self.now,
            channel: body.channel.clone(),
            bytes: body.bytes.len() as u64,
            counter: 0,
            own: false,
            sent_ms: 0,
        }
    }

    /// A payload has come. What nobody here listens to is no concern of this device; nor does a program hear what comes of a
    /// device that is out.
    pub(super) fn take_payload(&mut self, header: &Header, body: &PayloadBody, cursor: u64) {
        let is_wanted = self.channels.listens(&body.channel) && self.is_member(&header.sender);
        if !is_wanted || self.is_known(&header.item) {
            return;
        }
        let payload = self.payload(header.item, header.sender, body, cursor);
        let order = payload.order;
        let payload = Payload { counter: header.counter, ..payload };
        self.channels(|channels, out| channels.add(payload, &body.bytes, out));
        self.notice(Notice::PayloadReceived { channel: body.channel.clone(), order });
    }

    /// A payload is deleted. If this device was sending it, it gives that up.
    pub(super) fn forget_payload(&mut self, item: &ItemId, rng: &mut dyn CryptoRng) {
        if self.channels.get(item).is_none() {
            return;
        }
        if self.outbox.contains(item) {
            self.give_up(item, None, rng);
        }
        self.channels(|channels, out| channels.remove(item, out));
    }

    /// Lets payloads go that have had their time.
    pub(super) fn tidy_channels(&mut self) {
        let now = self.now;
        self.channels(|channels, out| channels.tidy(now, out));
    }
}
