//! What was chosen for this device: the settings, and where it is woken. The other devices do not see it.

use hushclip_model::Settings;
use hushclip_model::settings::Change;
use hushclip_protocol::codec::Kept;
use hushclip_protocol::limits;

use crate::effect::Write;
use crate::record::{PUSH, SETTINGS, delete, put};

/// What was chosen for this device.
#[derive(Default)]
pub(crate) struct Preferences {
    settings: Kept<Settings>,
    /// Where a push service takes wake-ups for this device; empty: nowhere.
    push_endpoint: String,
}

/// An address that no relay would take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadEndpoint;

impl Preferences {
    /// As they were stored.
    pub(crate) const fn restore(settings: Kept<Settings>, push_endpoint: String) -> Self {
        Self { settings, push_endpoint }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings.value
    }

    pub(crate) fn change(&mut self, change: Change) -> Write {
        self.settings.value.change(change);
        Write::Put { key: SETTINGS.into(), value: self.settings.encode() }
    }

    /// Where this device is to be woken, if anywhere.
    pub(crate) fn push_endpoint(&self) -> Option<&str> {
        Some(self.push_endpoint.as_str()).filter(|endpoint| !endpoint.is_empty())
    }

    /// Notes where this device is to be woken from now on; `None` if that is nothing new.
    pub(crate) fn set_push_endpoint(&mut self, endpoint: &str) -> Result<Option<Write>, BadEndpoint> {
        if endpoint.len() > limits::PUSH_ENDPOINT_BYTES || !endpoint.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BadEndpoint);
        }
        if endpoint == self.push_endpoint {
            return Ok(None);
        }
        if endpoint.is_empty() {
            return Ok(Some(self.forget_push_endpoint()));
        }
        endpoint.clone_into(&mut self.push_endpoint);
        Ok(Some(put(PUSH, &self.push_endpoint)))
    }

    pub(crate) fn forget_push_endpoint(&mut self) -> Write {
        self.push_endpoint.clear();
        delete(PUSH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_stored_once_and_a_bad_one_never() {
        let mut preferences = Preferences::default();
        let stored = preferences.set_push_endpoint("https://push.example/1");
        assert!(matches!(stored, Ok(Some(Write::Put { ref key, .. })) if key == PUSH));
        assert_eq!(preferences.set_push_endpoint("https://push.example/1"), Ok(None), "nothing new");
        for bad in ["https://push.example/\n", &"a".repeat(limits::PUSH_ENDPOINT_BYTES + 1)] {
            assert_eq!(preferences.set_push_endpoint(bad), Err(BadEndpoint));
        }
        assert_eq!(preferences.push_endpoint(), Some("https://push.example/1"), "what stands, stands");
        let deleted = preferences.set_push_endpoint("");
        assert_eq!(deleted, Ok(Some(Write::Delete { key: PUSH.into() })));
        assert_eq!(preferences.push_endpoint(), None);
    }

    #[test]
    fn a_change_leaves_the_rest_as_it_is() {
        let mut preferences = Preferences::default();
        preferences.change(Change { watch: Some(true), ..Change::default() });
        let write = preferences.change(Change { paused: Some(true), ..Change::default() });
        assert!(matches!(write, Write::Put { key, .. } if key == SETTINGS));
        assert!(preferences.settings().paused && preferences.settings().watch);
    }
}
