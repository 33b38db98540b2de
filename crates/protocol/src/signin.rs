//! What a device signs to answer the relay's challenge. It binds the relay's host, so a challenge
//! passed on from another relay is worthless, and the device's view of the log.

use crate::frame::{Challenge, Hello};
use crate::label;

/// The bytes under [`Hello::signature`]. `host` is the relay's authority (`host[:port]`, lower
/// case) as the device dialled it and as the relay was asked for it.
pub fn message(host: &str, challenge: &Challenge, hello: &Hello) -> Vec<u8> {
    let host = host.to_ascii_lowercase();
    // The host comes last: it is the only part without a fixed length.
    label::message(
        label::SIGN_IN,
        &[
            challenge.nonce.as_bytes(),
            challenge.conn.as_bytes(),
            hello.account.as_bytes(),
            hello.device.as_bytes(),
            &hello.log_seq.to_be_bytes(),
            hello.log_head.as_bytes(),
            &hello.cursor.to_be_bytes(),
            host.as_bytes(),
        ],
    )
}
