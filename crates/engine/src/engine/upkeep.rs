//! What a device does by itself from time to time: new keys, a sign of life, forgetting old secrets.

use hushclip_model::Problem;
use rand_core::CryptoRng;

use super::Engine;
use crate::log::Log;
use crate::outbox::Cargo;
use crate::part::HEARTBEAT_MS;

/// How long after their time new keys may not be recorded before that is said, milliseconds.
const OVERDUE_MS: u64 = 24 * 60 * 60 * 1000;
/// Items after which an epoch is old.
const EPOCH_ITEMS: u32 = 1000;
/// The shortest and the longest time between two changes of keys, minutes.
const ROTATION_MINUTES: core::ops::RangeInclusive<u32> = 30..=7 * 24 * 60;

impl Engine {
    /// Does what is due, on a line that is up to date.
    pub(super) fn upkeep(&mut self, rng: &mut dyn CryptoRng) {
        self.miss_answer();
        if !self.line.is_online() {
            return self.change_log(rng);
        }
        self.note_presence();
        let now = self.now;
        self.change_log_state(|log, out| log.forget_old_epochs(now, out));
        self.change_log(rng);
        self.queue_heartbeat(rng);
        self.tell_silence();
    }

    /// When [`Engine::upkeep`] has something to do next.
    pub(super) fn next_upkeep(&self) -> Option<u64> {
        if !self.line.is_signed_in() {
            return None;
        }
        let change = self.changes.next_due(self.now);
        if self.changes.is_appending() || !self.line.is_online() {
            return change;
        }
        let (account, identity) = (self.account.as_ref()?, self.identity.as_ref()?);
        let rotation = identity.boxed_ms.saturating_add(u64::from(account.rotation_minutes) * 60_000);
        let heartbeat = self.outbox.sent_ms().saturating_add(HEARTBEAT_MS);
        [rotation, heartbeat].into_iter().chain(self.next_silence()).filter(|at| *at > self.now).chain(change).min()
    }

    pub(super) fn set_rotation(&mut self, minutes: u32, rng: &mut dyn CryptoRng) {
        let Some(account) = &mut self.account else { return };
        account.rotation_minutes = minutes.clamp(*ROTATION_MINUTES.start(), *ROTATION_MINUTES.end());
        self.persist_account();
        self.upkeep(rng);
    }

    /// Whether this device's keys have had their time.
    pub(super) fn rotation_is_due(&self) -> bool {
        let (Some(account), Some(identity)) = (&self.account, &self.identity) else { return false };
        let age = u64::from(account.rotation_minutes) * 60_000;
        // Keys from the future were made before the clock was put back.
        let old = self.now.abs_diff(identity.boxed_ms) >= age;
        old || account.epoch_items >= EPOCH_ITEMS || account.log.is_shut_out(self.now)
    }

    /// The relay has not recorded new keys. That is said when they have been due for long.
    pub(super) fn tell_old_keys(&mut self) {
        if self.keys_are_overdue() {
            self.show(Problem::KeysOverdue);
        }
    }

    pub(super) fn keys_are_overdue(&self) -> bool {
        let (Some(account), Some(identity)) = (&self.account, &self.identity) else { return false };
        let latest = u64::from(account.rotation_minutes) * 60_000 + OVERDUE_MS;
        self.now.saturating_sub(identity.boxed_ms) >= latest
    }

    fn queue_heartbeat(&mut self, rng: &mut dyn CryptoRng) {
        let members = self.log().and_then(Log::members);
        let alone = members.is_none_or(|members| members.members().len() < 2);
        if alone || !self.outbox.is_empty() || self.now.abs_diff(self.outbox.sent_ms()) < HEARTBEAT_MS {
            return;
        }
        let now = self.now;
        self.outbox(|outbox, out| outbox.note_there(now, out));
        self.queue(Cargo::Heartbeat, rng);
    }
}
