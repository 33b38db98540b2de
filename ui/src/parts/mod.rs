//! The pieces that screens are made of, in rooms by what a person does.
//!
//! Reading order: `clips`, `sending`, `devices`, `account`, `settings`, `notices`, `browser`; all draw with `kit`, which
//! knows none of them.

pub(crate) mod account;
pub(crate) mod browser;
pub(crate) mod clips;
pub(crate) mod devices;
pub(crate) mod kit;
pub(crate) mod notices;
pub(crate) mod sending;
pub(crate) mod settings;
