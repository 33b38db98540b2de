//! The request that wakes a device, for both shells. It has no body, so that a push service learns only that there is
//! something, and the browser's own encryption of contents is not needed.

use crate::{Endpoint, Key};

/// How long a service keeps a wake-up for a device it cannot reach, seconds. Later, the device finds
/// the clip by itself.
const TTL: &str = "3600";
/// A newer wake-up replaces one that is still waiting.
const TOPIC: &str = "clip";

/// A `POST` without a body. Redirects must not be followed: they would lead past [`crate::Services`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where to.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
}

impl Request {
    /// The request that wakes the device behind an endpoint.
    pub fn wake(key: &Key, endpoint: &Endpoint, subject: Option<&str>, now_s: u64) -> Self {
        Self {
            url: endpoint.url().to_owned(),
            headers: vec![
                ("Authorization", key.authorization(endpoint.origin(), subject, now_s)),
                ("TTL", TTL.to_owned()),
                ("Urgency", "normal".to_owned()),
                ("Topic", TOPIC.to_owned()),
            ],
        }
    }
}

/// What a service's answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It will tell the device.
    Taken,
    /// The subscription no longer exists.
    Gone,
    /// It will not, this time.
    Refused,
}

impl Answer {
    /// The meaning of a status.
    pub const fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Taken,
            404 | 410 => Self::Gone,
            _ => Self::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Services;

    #[test]
    fn a_wake_up_says_nothing_but_who_asks() {
        let key = Key::from_bytes(&[7; Key::LEN]).unwrap();
        let endpoint = Services::default().allow("https://fcm.googleapis.com/fcm/send/abc").unwrap();
        let request = Request::wake(&key, &endpoint, None, 5);
        let names: Vec<_> = request.headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["Authorization", "TTL", "Urgency", "Topic"]);
        assert_eq!(request.headers[0].1, key.authorization("https://fcm.googleapis.com", None, 5));
        assert_eq!(request.url, endpoint.url());
    }

    #[test]
    fn answers() {
        assert_eq!([201, 200, 204].map(Answer::of), [Answer::Taken; 3]);
        assert_eq!([404, 410].map(Answer::of), [Answer::Gone; 2]);
        assert_eq!([301, 307, 400, 401, 403, 413, 429, 500, 503].map(Answer::of), [Answer::Refused; 9]);
    }
}
