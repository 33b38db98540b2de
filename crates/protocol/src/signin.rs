//! What a device signs to answer the relay's challenge. It binds the relay's host, so that a challenge passed on from
//! another relay is worthless; both sides' versions, so that nobody in between can hide a newer one; and the device's
//! view of log and items.

use crate::codec;
use crate::frame::{Challenge, Hello};
use crate::ids::Signature;
use crate::label;

/// The bytes under [`Hello::signature`]. `host` is the relay's authority (`host[:port]`, lower
/// case) as the device dialled it and as the relay was asked for it.
pub fn message(host: &str, challenge: &Challenge, hello: &Hello) -> Vec<u8> {
    let unsigned = Hello { signature: Signature::from_bytes([0; Signature::LEN]), ..hello.clone() };
    let (asked, said) = (label::sha256(&codec::encode(challenge)), label::sha256(&codec::encode(&unsigned)));
    // The host comes last: it is the only part without a fixed length.
    label::message(label::SIGN_IN, &[asked.as_bytes(), said.as_bytes(), host.to_ascii_lowercase().as_bytes()])
}
