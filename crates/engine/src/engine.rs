//! The engine's public face.

use rand_core::CryptoRng;

use crate::{Effect, Event, View};

/// The persisted records do not make an engine: they are damaged, or of a later version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored state is damaged or of a later version")]
pub struct RestoreError;

/// A device's brain.
#[derive(Debug, Default)]
pub struct Engine {}

impl Engine {
    /// Rebuilds the engine from everything that [`Effect::Persist`] has stored; from nothing, a
    /// fresh one.
    pub fn restore(_records: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, RestoreError> {
        Ok(Self {})
    }

    /// Takes one event in. `now` is in milliseconds since 1970.
    pub fn handle(&mut self, _event: Event, _now: u64, _rng: &mut dyn CryptoRng) -> Vec<Effect> {
        Vec::new()
    }

    /// What a person sees.
    pub fn view(&self) -> View {
        View::default()
    }
}
