//! Wake-ups by Web Push: where this device can be woken, as its platform said, told to the relay each
//! time the line is up. What arrives there is empty; the clip comes over the socket as always.

use hushclip_model::Problem;
use hushclip_protocol::frame::ToRelay;

use super::Engine;
use crate::preferences::BadEndpoint;

impl Engine {
    pub(super) fn set_push(&mut self, endpoint: String) -> Result<(), Problem> {
        self.require_member()?;
        let write = self.preferences.set_push_endpoint(&endpoint).map_err(|BadEndpoint| Problem::BadPushAddress)?;
        let Some(write) = write else { return Ok(()) };
        self.persist(write);
        if self.line.is_signed_in() {
            self.send(&ToRelay::PushSubscribe { endpoint });
        }
        Ok(())
    }

    /// The line is up: the relay may have lost it, or be another one.
    pub(super) fn renew_push(&mut self) {
        if let Some(endpoint) = self.preferences.push_endpoint().map(ToOwned::to_owned) {
            self.send(&ToRelay::PushSubscribe { endpoint });
        }
    }

    /// The relay does not take it, whatever the reason: clips come all the same, when the app is open.
    pub(super) fn push_address_refused(&mut self) {
        let write = self.preferences.forget_push_endpoint();
        self.persist(write);
        self.fail(Problem::PushRefused);
    }
}
