//! What every relay must do. Each test starts its own relay, so none sees another's accounts.

mod abuse;
mod accounts;
mod addresses;
mod codes;
mod deleted;
mod figures;
mod fixtures;
mod http;
mod invites;
mod items;
mod later;
mod life;
mod origins;
mod push;
mod registration;
mod sign_in;
