//! Clips on their way out: seal, queue on disk, push one at a time, in order, until acknowledged.

use hushclip_crypto::body::{ClipBody, HTML, Part, TEXT};
use hushclip_crypto::envelope::{Address, seal};
use hushclip_protocol::envelope::Kind;
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::ItemId;
use hushclip_protocol::limits;
use hushclip_protocol::log::Membership;
use rand_core::CryptoRng;

use crate::event::Content;
use crate::line::Phase;
use crate::state::{Clip, Queued};
use crate::{Engine, Notice, problem};

/// How long to wait before a push that the relay could not store is tried again, milliseconds.
const REFUSED_MS: u64 = 30_000;

impl Engine {
    pub(crate) fn local_copy(&mut self, content: Content, rng: &mut dyn CryptoRng) {
        let Some(identity) = &self.identity else { return };
        let member = self.account.as_ref().is_some_and(|a| a.membership.is_some());
        if !member || content.text.is_empty() || self.history.is_echo(&content, identity.id, self.now) {
            return;
        }
        self.history.forget_taken();
        self.enqueue(content, rng);
    }

    pub(crate) fn push_command(&mut self, text: String, html: Option<String>, rng: &mut dyn CryptoRng) {
        if text.is_empty() {
            return self.fail(problem::empty());
        }
        if self.require_member() {
            self.enqueue(Content { text, html }, rng);
        }
    }

    fn enqueue(&mut self, content: Content, rng: &mut dyn CryptoRng) {
        let now = self.now;
        let (Some(account), Some(identity)) = (&mut self.account, &self.identity) else { return };
        let mut id = [0; ItemId::LEN];
        rng.fill_bytes(&mut id);
        let item = ItemId::from_bytes(id);
        let counter = account.next_counter;
        account.next_counter += 1;
        let clip = Clip {
            item,
            order: self.history.next_order(),
            cursor: 0,
            device: identity.id,
            at_ms: now,
            stored_ms: now,
            text: content.text,
            html: content.html,
        };
        let queued = match self.seal(&clip, counter, rng) {
            Ok(queued) => queued,
            Err(bytes) => {
                // The counter was not used, so the next clip takes it.
                if let Some(account) = &mut self.account {
                    account.next_counter = counter;
                }
                return self.fail(problem::too_large(bytes));
            }
        };
        self.clips_revision += 1;
        self.persist_account();
        self.persist(queued.record());
        for write in self.history.add(clip) {
            self.persist(write);
        }
        self.outbox.push_back(queued);
        self.bound_outbox();
        self.flush(rng);
    }

    /// Seals a clip under the current epoch; fails with its size when it is too large.
    fn seal(&self, clip: &Clip, counter: u64, rng: &mut dyn CryptoRng) -> Result<Queued, usize> {
        let (Some(account), Some(identity)) = (&self.account, &self.identity) else { return Err(0) };
        let Some(log) = &account.membership else { return Err(0) };
        let epoch = log.epoch();
        let Some(secret) = account.secrets.get(&epoch) else { return Err(0) };
        let html = clip.html.as_ref().map(|html| Part::new(HTML, html.as_bytes()));
        let body = ClipBody {
            at_ms: clip.at_ms,
            flags: 0,
            file_name: String::new(),
            parts: [Part::new(TEXT, clip.text.as_bytes())].into_iter().chain(html).collect(),
        };
        let address = Address {
            kind: Kind::Clip,
            account: account.id,
            epoch,
            log_seq: log.seq(),
            log_head: log.head(),
            counter,
            item: clip.item,
            ttl_s: limits::TTL_S,
        };
        let key = secret.derive_item_key(&account.id, epoch);
        let envelope = seal(&identity.keys, &key, &address, &body, rng).map_err(|error| error.bytes)?;
        Ok(Queued { counter, item: clip.item, epoch, envelope: envelope.into() })
    }

    /// A device that is away for long keeps the newest; what is given up is said.
    fn bound_outbox(&mut self) {
        while self.outbox.len() > limits::OUTBOX {
            let oldest = usize::from(self.outbox.front().map(|q| q.item) == self.in_flight && self.in_flight.is_some());
            let Some(dropped) = self.outbox.remove(oldest) else { return };
            self.persist(dropped.delete());
            self.fail(problem::outbox_full());
        }
    }

    /// Pushes the oldest queued clip, if the line is free. One at a time: were a later one accepted
    /// and an earlier one refused, the receivers would see them out of order.
    pub(crate) fn flush(&mut self, rng: &mut dyn CryptoRng) {
        if self.line.phase != Phase::Online || self.in_flight.is_some() || self.line.resume_at.is_some() {
            return;
        }
        self.reseal_front(rng);
        let Some(queued) = self.outbox.front() else { return };
        self.in_flight = Some(queued.item);
        let frame = ToRelay::Push(queued.envelope.clone());
        self.send(&frame);
    }

    /// What was sealed under an older epoch is sealed again under the current one, so that all
    /// present devices can read it and removed ones cannot. Same counter and item: if the relay has
    /// stored the first one after all, it answers with that one's cursor.
    fn reseal_front(&mut self, rng: &mut dyn CryptoRng) {
        let epoch = self.account.as_ref().and_then(|a| a.membership.as_ref()).map(Membership::epoch);
        while let Some(queued) = self.outbox.front() {
            if Some(queued.epoch) == epoch {
                return;
            }
            let counter = queued.counter;
            let clip = self.history.get(&queued.item).cloned();
            match clip.and_then(|clip| self.seal(&clip, counter, rng).ok()) {
                Some(resealed) => {
                    self.persist(resealed.record());
                    self.outbox[0] = resealed;
                    return;
                }
                // Its text is no longer in the history, so there is nothing left to send.
                None => {
                    if let Some(queued) = self.outbox.pop_front() {
                        self.persist(queued.delete());
                        self.fail(problem::outbox_full());
                    }
                }
            }
        }
    }

    /// The relay has stored an item of ours.
    pub(crate) fn pushed(&mut self, item: ItemId, cursor: u64, rng: &mut dyn CryptoRng) {
        if self.in_flight == Some(item) {
            self.in_flight = None;
        }
        self.settle(item, cursor);
        let Some(account) = &mut self.account else { return };
        if cursor == account.cursor + 1 {
            account.cursor = cursor;
            self.persist_account();
        } else if cursor > account.cursor + 1 && self.line.phase == Phase::Online {
            // Something between was not sent to this socket.
            return self.pull_again();
        }
        for code in ["relay_full", "relay_unavailable", "relay_refused"] {
            self.solved(code);
        }
        self.flush(rng);
    }

    /// Takes an item out of the outbox and notes its position.
    pub(crate) fn settle(&mut self, item: ItemId, cursor: u64) {
        if let Some(at) = self.outbox.iter().position(|q| q.item == item)
            && let Some(queued) = self.outbox.remove(at)
        {
            self.persist(queued.delete());
            self.notice(Notice::Sent { id: item.to_hex(), cursor });
        }
        let write = self.history.get_mut(&item).filter(|clip| clip.cursor == 0).map(|clip| {
            clip.cursor = cursor;
            clip.record()
        });
        if let Some(write) = write {
            self.clips_revision += 1;
            self.persist(write);
        }
    }

    pub(crate) fn push_refused(&mut self, code: ErrorCode) {
        self.in_flight = None;
        match code {
            ErrorCode::StaleEpoch => return self.pull_log(),
            ErrorCode::TooLarge => {
                if let Some(queued) = self.outbox.pop_front() {
                    self.persist(queued.delete());
                    self.fail(problem::too_large(queued.envelope.len()));
                }
                self.line.resume_at = Some(self.now);
                return;
            }
            ErrorCode::StorageFull => self.fail(problem::storage_full()),
            ErrorCode::Unavailable => self.fail(problem::relay_unavailable()),
            _ => self.fail(problem::relay_refused()),
        }
        self.line.resume_at = Some(self.now + REFUSED_MS);
    }
}
