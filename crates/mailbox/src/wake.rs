//! Wake-ups by Web Push (RFC 8030) for devices that are not connected: which ones, when, and no more often than is
//! useful. They carry nothing; signing and sending them is up to the shell.

use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::ids::DeviceId;
use hushclip_protocol::limits;
use hushclip_vapid::Services;

use crate::store::Subscription;
use crate::{Mailbox, Reply, Store};

impl<S: Store> Mailbox<S> {
    /// Sets the key that the shell signs with; if it is empty, the shell pushes nothing. See
    /// [`hushclip_protocol::frame::Welcome::push_key`].
    pub fn set_push_key(&mut self, key: &[u8]) {
        self.push_key = key.to_vec();
    }

    /// Sets which push services the shell calls, so that addresses of others are refused at once.
    pub fn set_push_services(&mut self, services: Services) {
        self.push_services = Some(services);
    }

    pub(crate) fn subscribe(&mut self, device: DeviceId, endpoint: String) -> Result<(), ErrorCode> {
        if endpoint.len() > limits::PUSH_ENDPOINT_BYTES {
            return Err(ErrorCode::TooLarge);
        }
        if endpoint.is_empty() {
            return Ok(self.unsubscribe(&device)?);
        }
        if !endpoint.bytes().all(|byte| byte.is_ascii_graphic()) || !endpoint.starts_with("http") {
            return Err(ErrorCode::BadFrame);
        }
        if self.push_services.as_ref().is_some_and(|services| services.allow(&endpoint).is_none()) {
            return Err(ErrorCode::BadFrame);
        }
        let known = self.subscriptions.get(&device);
        if known.is_some_and(|known| known.endpoint == endpoint) {
            return Ok(());
        }
        // A different address is no reason to be woken sooner.
        let subscription = Subscription { device, endpoint, woken_ms: known.map_or(0, |known| known.woken_ms) };
        self.store.put_subscription(&subscription)?;
        self.subscriptions.insert(device, subscription);
        Ok(())
    }

    pub(crate) fn unsubscribe(&mut self, device: &DeviceId) -> Result<(), crate::StoreError> {
        if self.subscriptions.contains_key(device) {
            self.store.delete_subscription(device)?;
            self.subscriptions.remove(device);
        }
        Ok(())
    }

    /// A clip has arrived: wakes the devices that would not otherwise hear of it.
    pub(crate) fn wake_absent(&mut self) {
        let now = self.now;
        let absent: Vec<_> = self
            .subscriptions
            .values()
            .filter(|s| !self.is_online(&s.device) && self.rates.wake(s.device, s.woken_ms, now))
            .cloned()
            .collect();
        for mut subscription in absent {
            subscription.woken_ms = now;
            // Without this record it would be woken again and again.
            if self.store.put_subscription(&subscription).is_ok() {
                let Subscription { device, endpoint, .. } = subscription.clone();
                self.replies.push(Reply::Wake { device, endpoint });
                self.subscriptions.insert(device, subscription);
            }
        }
    }

    /// The push service has answered; `gone` means that it no longer knows the subscription.
    pub(crate) fn wake_answered(&mut self, device: &DeviceId, endpoint: &str, gone: bool) {
        if gone && self.subscriptions.get(device).is_some_and(|known| known.endpoint == endpoint) {
            // If it cannot be deleted now, the next answer will say the same.
            let _ = self.unsubscribe(device);
        }
    }
}
