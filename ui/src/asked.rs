//! Commands with names for their answers. Several pages may ask one engine, and each hears all answers.

use std::cell::Cell;

use hushclip_model::{Asked, Command, CommandId};

thread_local! {
    /// The name given last. The first is drawn, so that no other page gives the same ones.
    static LAST: Cell<u64> = Cell::new(draw());
}

/// A command with a name for its answer that no other has.
pub fn asked(command: Command) -> Asked {
    Asked { id: next_id(), command }
}

pub(crate) fn next_id() -> CommandId {
    let id = LAST.get().wrapping_add(1);
    LAST.set(id);
    CommandId(id)
}

/// The upper half of it at random; nothing secret hangs on it.
fn draw() -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 2^32")]
    let upper = (js_sys::Math::random() * f64::from(u32::MAX)) as u64;
    upper << 32
}
