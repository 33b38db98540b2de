//! The rules set by whoever deployed the worker, read from its variables.

use std::sync::Arc;

use hushclip_mailbox::{Policy, Registration};
use worker::Env;

use crate::push::text;

/// `open`, `token` or `closed`. If it is not set: `token` if there is a token, otherwise `open`.
const REGISTRATION: &str = "REGISTRATION";
/// Secret that new accounts have to present.
const TOKEN: &str = "REGISTRATION_TOKEN";
/// Mebibytes that an account may hold.
const QUOTA: &str = "QUOTA_MIB";
/// Days after which an account that no device has used is deleted; 0 means never.
const IDLE: &str = "IDLE_DAYS";
const MIB: u64 = 1024 * 1024;
const MOST_MIB: u64 = 1024;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const MOST_DAYS: u64 = 36_500;

/// Fails if a variable is not understood: a relay must not be more open than it was meant to be.
pub(crate) fn read(env: &Env) -> Result<Arc<Policy>, String> {
    let token = text(env, TOKEN);
    let registration = match (text(env, REGISTRATION).as_deref().map(str::trim), token) {
        (Some("closed"), _) => Registration::Closed,
        (Some("open"), _) | (None | Some(""), None) => Registration::Open,
        (None | Some("" | "token"), Some(token)) => {
            Registration::by_token(&token).map_err(|error| refuse(format!("the variable {TOKEN}: {error}")))?
        }
        _ => return Err(wrong(REGISTRATION)),
    };
    let mut policy = Policy { registration, ..Policy::default() };
    if let Some(mib) = number(env, QUOTA, 1, MOST_MIB)? {
        policy.quota = mib * MIB;
    }
    if let Some(days) = number(env, IDLE, 0, MOST_DAYS)? {
        policy.idle_ms = days * DAY_MS;
    }
    Ok(Arc::new(policy))
}

fn number(env: &Env, name: &str, least: u64, most: u64) -> Result<Option<u64>, String> {
    let Some(text) = text(env, name).filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let number = text.trim().parse().ok().filter(|number| (least..=most).contains(number));
    number.map(Some).ok_or_else(|| wrong(name))
}

fn wrong(name: &str) -> String {
    refuse(format!("the variable {name} is not understood"))
}

/// Logs what is wrong as well.
fn refuse(why: String) -> String {
    worker::console_error!("{why}");
    why
}
