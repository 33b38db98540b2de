//! What leaves this device: what is written or pasted, shared by other apps, or held back as a likely secret.
//! It refuses to send what nobody has said yes to, and to show what was sent.

mod composer;
mod held;
mod shared;

pub(crate) use composer::Composer;
pub(crate) use held::Held;
pub(crate) use shared::SharedIn;
