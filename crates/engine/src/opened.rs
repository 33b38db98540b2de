//! What is in an envelope, or why it stays closed.

use hushclip_crypto::body::{ClipBody, Heartbeat, PayloadBody, State, Tombstone};
use hushclip_crypto::envelope::{open, open_note, open_time};
use hushclip_protocol::channel::is_channel;
use hushclip_protocol::envelope::{Envelope, Kind, SUITE};

use crate::log::{Log, NoSecret};

/// What an envelope holds.
pub(crate) enum Body {
    Clip(ClipBody),
    Tombstone(Tombstone),
    State(State),
    Heartbeat(Heartbeat),
    Payload(PayloadBody),
    /// Of a kind that this version does not know, or on a channel whose name only a later one can have, with the time that
    /// the body of each kind begins with, or 0.
    Later(u64),
}

impl Body {
    pub(crate) const fn at_ms(&self) -> u64 {
        match self {
            Self::Clip(body) => body.at_ms,
            Self::Tombstone(body) => body.at_ms,
            Self::State(body) => body.at_ms,
            Self::Heartbeat(body) => body.at_ms,
            Self::Payload(body) => body.at_ms,
            Self::Later(at_ms) => *at_ms,
        }
    }
}

/// Why an envelope stays closed.
pub(crate) enum Closed {
    /// It was sealed before this device came.
    BeforeUs,
    /// Its secret was here, and is forgotten: the relay has held it back for longer than it keeps anything.
    TooLate,
    /// A member has not given this device the secret.
    Denied,
    /// Its sender has made it wrong.
    Unreadable,
    /// A later version has sealed it in a way that this one does not know.
    Later,
}

pub(crate) fn open_body(log: &Log, envelope: &Envelope<'_>) -> Result<Body, Closed> {
    let header = &envelope.header;
    let secret = log.secret(header.epoch).map_err(|why| match why {
        NoSecret::BeforeUs => Closed::BeforeUs,
        NoSecret::Denied => Closed::Denied,
        NoSecret::Forgotten => Closed::TooLate,
    })?;
    if header.suite != SUITE {
        return Err(Closed::Later);
    }
    let key = secret.derive_item_key(&log.account(), header.epoch);
    let body = match header.kind {
        Kind::Clip => open(&key, envelope).map(Body::Clip),
        Kind::Tombstone => open_note(&key, envelope).map(Body::Tombstone),
        Kind::State => open_note(&key, envelope).map(Body::State),
        Kind::Heartbeat => open_note(&key, envelope).map(Body::Heartbeat),
        Kind::Payload => open_note(&key, envelope).map(payload),
        Kind::Live | Kind::Other(_) => open_time(&key, envelope).map(Body::Later),
    };
    body.map_err(|_| Closed::Unreadable)
}

fn payload(body: PayloadBody) -> Body {
    if is_channel(&body.channel) { Body::Payload(body) } else { Body::Later(body.at_ms) }
}
