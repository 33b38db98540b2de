//! What programs see of the payloads that they send each other, without their bytes; and how far a clip or payload
//! has got.

use serde::{Deserialize, Serialize};

/// A payload from another device, on a channel that this one listens to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadView {
    /// Hexadecimal item identifier.
    pub id: String,
    /// Its place among all that arrived here, ascending; no number is used twice.
    pub order: u64,
    /// Its position at the relay.
    pub cursor: Option<u64>,
    /// The channel.
    pub channel: String,
    /// Hexadecimal identifier of the device it comes from.
    pub device: String,
    /// Name of that device.
    pub from: String,
    /// When it was sent, by the clock of its device, milliseconds since 1970.
    pub at: u64,
    /// How many bytes it holds.
    pub bytes: u64,
}

/// How far a clip or payload from this device has got.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its position at the relay, once stored there.
    pub cursor: Option<u64>,
    /// The other devices that have read the relay up to there: hexadecimal identifier and name. Whether a program there
    /// is listening is not known.
    pub delivered: Vec<(String, String)>,
    /// Those that have not yet.
    pub awaited: Vec<(String, String)>,
}

impl core::fmt::Debug for PayloadView {
    /// Leaves out channel and name.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PayloadView({} as {}, {} bytes)", self.id, self.order, self.bytes)
    }
}

impl core::fmt::Debug for Delivery {
    /// Leaves the names out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Delivery({} delivered, {} awaited)", self.delivered.len(), self.awaited.len())
    }
}
