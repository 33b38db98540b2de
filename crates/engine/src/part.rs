//! What a part of the engine is given of the moment, and what it wants done.

use hushclip_model::{Notice, Problem};
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::{DeviceId, ItemId};
use rand_core::CryptoRng;

use crate::effect::Write;
use crate::notices::AlertKind;

/// A device that has sent nothing for so long sends a heartbeat, milliseconds.
pub(crate) const HEARTBEAT_MS: u64 = 24 * 60 * 60 * 1000;

/// What a part may know that is not its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    /// Milliseconds since 1970.
    pub(crate) now: u64,
    /// There is a line, and all that the relay had was fetched on it.
    pub(crate) online: bool,
}

/// Something that a part wants done.
#[derive(Debug)]
pub(crate) enum Output {
    Write(Write),
    Send(ToRelay),
    Notice(Notice),
    /// To be shown until it is dismissed or solved, and told once.
    Fail(Problem),
    /// Takes what is shown back, if it is one of these.
    Solved(fn(&Problem) -> bool),
    Alert(Alerting),
}

/// What becomes of an alert about a device.
#[derive(Debug)]
pub(crate) struct Alerting {
    pub(crate) kind: AlertKind,
    pub(crate) device: DeviceId,
    pub(crate) how: How,
}

/// How an alert changes.
#[derive(Debug)]
pub(crate) enum How {
    /// There is one more, of what a device did.
    Add { by: DeviceId, count: u64 },
    /// The same, unless it stands already.
    Once { by: DeviceId },
    /// What the only one of its kind counts; at 0 there is none.
    Count(u64),
}

/// What a part wants done, in order.
#[derive(Debug, Default)]
pub(crate) struct Outputs(Vec<Output>);

impl Outputs {
    pub(crate) fn write(&mut self, write: Write) {
        self.0.push(Output::Write(write));
    }

    pub(crate) fn send(&mut self, frame: ToRelay) {
        self.0.push(Output::Send(frame));
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.0.push(Output::Notice(notice));
    }

    pub(crate) fn fail(&mut self, problem: Problem) {
        self.0.push(Output::Fail(problem));
    }

    pub(crate) fn solved(&mut self, is: fn(&Problem) -> bool) {
        self.0.push(Output::Solved(is));
    }
}

impl Outputs {
    pub(crate) fn alert(&mut self, kind: AlertKind, device: DeviceId, by: DeviceId, count: u64) {
        self.change(kind, device, How::Add { by, count });
    }

    pub(crate) fn alert_once(&mut self, kind: AlertKind, device: DeviceId, by: DeviceId) {
        self.change(kind, device, How::Once { by });
    }

    pub(crate) fn count(&mut self, kind: AlertKind, device: DeviceId, count: u64) {
        self.change(kind, device, How::Count(count));
    }

    fn change(&mut self, kind: AlertKind, device: DeviceId, how: How) {
        self.0.push(Output::Alert(Alerting { kind, device, how }));
    }
}

impl IntoIterator for Outputs {
    type Item = Output;
    type IntoIter = std::vec::IntoIter<Output>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// A name for something new.
pub(crate) fn random_item(rng: &mut dyn CryptoRng) -> ItemId {
    let mut id = [0; ItemId::LEN];
    rng.fill_bytes(&mut id);
    ItemId::from_bytes(id)
}
