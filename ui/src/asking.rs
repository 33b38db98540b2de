//! Asking and being answered. Several pages may ask one engine and each hears all answers, so what is asked has a name
//! that no other page gives.

use std::cell::Cell;
use std::rc::Rc;

use hushclip_model::{Answered, Ask, Asked, CommandId, Outcome};
use leptos::prelude::*;

/// So many answers are waited for; the oldest will not come any more.
const MOST: usize = 256;

thread_local! {
    /// The name given last. The first is drawn, so that no other page gives the same ones.
    static LAST: Cell<u64> = Cell::new(draw());
}

/// A command with a name of its own.
pub fn asked(ask: impl Into<Ask>) -> Asked {
    let id = LAST.get().wrapping_add(1);
    LAST.set(id);
    Asked { id: CommandId(id), ask: ask.into() }
}

/// The upper half of it at random; nothing secret hangs on it.
fn draw() -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 2^32")]
    let upper = (js_sys::Math::random() * f64::from(u32::MAX)) as u64;
    upper << 32
}

type Heard = Rc<dyn Fn(Outcome)>;

/// Who waits for which answer.
#[derive(Clone, Copy)]
pub(crate) struct Answers(StoredValue<Vec<(CommandId, Heard)>, LocalStorage>);

impl Answers {
    pub(crate) fn new() -> Self {
        Self(StoredValue::new_local(Vec::new()))
    }

    /// Calls this with the answer to a command, once.
    pub(crate) fn expect(self, id: CommandId, heard: impl Fn(Outcome) + 'static) {
        self.0.update_value(|waiting| {
            waiting.push((id, Rc::new(heard)));
            if waiting.len() > MOST {
                waiting.remove(0);
            }
        });
    }

    /// Hands an answer to who waits for it here.
    pub(crate) fn hear(self, Answered { id, outcome }: Answered) {
        let waiting = self.0.try_update_value(|waiting| {
            let at = waiting.iter().position(|(of, _)| *of == id)?;
            Some(waiting.remove(at).1)
        });
        if let Some(heard) = waiting.flatten() {
            heard(outcome);
        }
    }
}
