//! Wake-ups by Web Push: where this device can be woken, as its platform said, told to the relay each
//! time the line is up. What arrives there is empty; the clip comes over the socket as always.

use hushclip_protocol::codec;
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::limits;

use crate::effect::Write;
use crate::records::PUSH;
use crate::{Engine, problem};

impl Engine {
    pub(crate) fn set_push(&mut self, endpoint: String) {
        if !self.require_member() {
            return;
        }
        if endpoint.len() > limits::PUSH_ENDPOINT_BYTES || !endpoint.bytes().all(|byte| byte.is_ascii_graphic()) {
            return self.fail(problem::bad_push_address());
        }
        if endpoint == self.push_endpoint {
            return;
        }
        let write = if endpoint.is_empty() {
            Write::Delete { key: PUSH.into() }
        } else {
            Write::Put { key: PUSH.into(), value: codec::encode(&endpoint) }
        };
        self.persist(write);
        self.push_endpoint.clone_from(&endpoint);
        if self.line.is_signed_in() {
            self.send(&ToRelay::PushSubscribe { endpoint });
        }
    }

    /// The line is up: the relay may have lost it, or be another one.
    pub(crate) fn renew_push(&mut self) {
        if !self.push_endpoint.is_empty() {
            let endpoint = self.push_endpoint.clone();
            self.send(&ToRelay::PushSubscribe { endpoint });
        }
    }

    /// The relay does not take it, whatever the reason: clips come all the same, when the app is open.
    pub(crate) fn push_address_refused(&mut self) {
        self.push_endpoint.clear();
        self.persist(Write::Delete { key: PUSH.into() });
        self.fail(problem::push_refused());
    }
}
