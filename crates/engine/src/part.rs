//! What a part of the engine is given of the moment, and what it wants done.

use hushclip_model::{Notice, Problem};
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::ItemId;
use rand_core::CryptoRng;

use crate::effect::Write;

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
