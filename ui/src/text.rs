//! Every word a person reads, in one place, so that it can be translated. It refuses to look at
//! state: callers choose the sentence.

use crate::time::Age;

/// The product.
pub(crate) const PRODUCT: &str = "Hushclip";
pub(crate) const PROMISE: &str = "Copy here, paste there. Nobody in between can read it.";
pub(crate) const LOADING: &str = "Opening Hushclip…";
pub(crate) const CANNOT_START: &str = "Hushclip cannot start here";

pub(crate) const NAME: &str = "Name of this device";
pub(crate) const NAME_HINT: &str = "Your other devices will show it.";
pub(crate) const START: &str = "This is my first device";
pub(crate) const START_BUTTON: &str = "Start on this device";
pub(crate) const RELAY: &str = "Relay address";
pub(crate) const RELAY_HINT: &str = "The server that carries your clips, sealed. It cannot read them.";
pub(crate) const RELAY_EXAMPLE: &str = "http://127.0.0.1:8787";
pub(crate) const JOIN: &str = "Join my other devices";
pub(crate) const JOIN_HINT: &str =
    "On a device that is already in, choose “Add a device”. Copy its link, or type its code.";
pub(crate) const JOIN_LINK: &str = "Link or code from the other device";
pub(crate) const JOIN_EXAMPLE: &str = "https://…/pair#…  or  4-purple-cactus";
pub(crate) const JOIN_BUTTON: &str = "Join";

pub(crate) const OPENED: &str = "Join these devices?";
pub(crate) const OPENED_HINT: &str =
    "You opened a pairing link. Go on only if you made it yourself, or got it from somebody you share devices with.";
pub(crate) const OPENED_ONCE: &str = "The link works once, within ten minutes of being made.";
pub(crate) const OPENED_LATER: &str = "Not now";
pub(crate) const OPENED_MEMBER: &str =
    "This device is already in. Open the pairing link on the device that you want to add.";

pub(crate) const CONNECTING: &str = "Connecting…";
pub(crate) const CONNECTING_HINT: &str = "Keep the other device open.";
pub(crate) const DIGITS: &str = "Type these digits on the other device";
pub(crate) const DIGITS_HINT: &str = "It asks for them next to the name of this one. Nobody else needs them.";
pub(crate) const CANCEL: &str = "Cancel";

pub(crate) const IDLE: &str = "Not connected";
pub(crate) const CATCHING_UP: &str = "Catching up…";
pub(crate) const ONLINE: &str = "Online";
pub(crate) const WAITING: &str = "No connection";

pub(crate) const DEVICES: &str = "Devices";
pub(crate) const THIS_DEVICE: &str = "this device";
pub(crate) const IS_ONLINE: &str = "online";
pub(crate) const IS_OFFLINE: &str = "not connected";
pub(crate) const ADD: &str = "Add a device";

pub(crate) const ALONE: &str = "Add your phone or another computer";
pub(crate) const ALONE_HINT: &str = "What you copy or send on one of them shows up on all of them.";

pub(crate) const CLIPS: &str = "Clips";
pub(crate) const EMPTY: &str = "Nothing here yet";
pub(crate) const EMPTY_HINT: &str = "Copy in a browser with the extension, or send from any device; it shows up here.";
pub(crate) const COPY: &str = "Copy";
pub(crate) const COPIED: &str = "Copied";
pub(crate) const COPY_FAILED: &str = "The browser did not allow copying. Tap the clip once more.";
pub(crate) const OPEN: &str = "Open";
pub(crate) const BLANK: &str = "(only blank space)";
pub(crate) const HERE: &str = "This device";
pub(crate) const SENDING: &str = "Sending…";
pub(crate) const WAITS: &str = "Waiting for connection";

pub(crate) const COMPOSER: &str = "Type or paste to send";
pub(crate) const SEND: &str = "Send";
pub(crate) const PASTE: &str = "Paste and send";
pub(crate) const PASTE_FAILED: &str = "The browser did not show the clipboard. Paste into the field instead.";
pub(crate) const PASTE_EMPTY: &str = "There is no text on the clipboard.";

pub(crate) const INVITE: &str = "Add a device";
pub(crate) const INVITE_HINT: &str = "Scan this with the phone’s camera, or open the link on the other device.";
pub(crate) const INVITE_MAKING: &str = "Making a link…";
pub(crate) const INVITE_OFFLINE: &str = "The link appears once there is a connection.";
pub(crate) const INVITE_QR: &str = "Picture of the link, to scan with another device";
pub(crate) const INVITE_LINK: &str = "Link";
pub(crate) const INVITE_COPY: &str = "Copy link";
pub(crate) const LINK_NOT_COPIED: &str = "Select the link and copy it";
pub(crate) const INVITE_OVER: &str = "The link is no longer valid. Make a new one.";
pub(crate) const REQUEST_HINT: &str = "Type the six digits it shows.";
pub(crate) const REQUEST_FIELD: &str = "Six digits";
pub(crate) const WRONG_DIGITS: &str = "These are not the digits it shows. Look again.";
pub(crate) const APPROVE: &str = "Let it in";
pub(crate) const REFUSE: &str = "Refuse";

pub(crate) const INVITE_CODE_HINT: &str = "On the other device, choose “Join my other devices” and type this.";
pub(crate) const INVITE_CODE: &str = "Code";
pub(crate) const INVITE_COPY_CODE: &str = "Copy code";
pub(crate) const CODE_INSTEAD: &str = "Type a code instead";
pub(crate) const LINK_INSTEAD: &str = "Show a link instead";
pub(crate) const REQUEST_BY_CODE: &str = "It was given the right code.";
pub(crate) const SHARE_HISTORY: &str = "Share the clips of the last 7 days";

pub(crate) const SCAN: &str = "Scan the QR code";
pub(crate) const SCAN_HINT: &str = "Point the camera at the QR code on the other device.";
pub(crate) const SCAN_PICTURE: &str = "What the camera sees";
pub(crate) const SCAN_OTHER: &str = "That is a QR code, but not one for pairing.";
pub(crate) const SCAN_DENIED: &str = "The browser did not allow the camera. Allow it for this page, or paste the link.";
pub(crate) const SCAN_NONE: &str = "No camera was found. Paste the link, or type a code.";

pub(crate) const MANAGE: &str = "Devices and keys";
pub(crate) const DEVICES_TITLE: &str = "Devices";
pub(crate) const SHOW_DEVICES: &str = "Show devices";
pub(crate) const BACK: &str = "Back";
pub(crate) const NEVER_CONFIRMED: &str = " · not heard from yet";
pub(crate) const REMOVE: &str = "Remove";
pub(crate) const REMOVING: &str = "Removing…";
pub(crate) const REMOVE_CAN: &str =
    "From now on it gets nothing that you copy, and it is told to delete its keys. The others change theirs.";
pub(crate) const REMOVE_CANNOT: &str =
    "What it has received it may keep. It can come back only if you let it in again.";
pub(crate) const CHECK: &str = "Same on all devices?";
pub(crate) const CHECK_HINT: &str =
    "Each of your devices shows these characters. If they differ for longer than a minute, the relay is not honest.";
pub(crate) const ROTATION: &str = "Change this device’s keys";
pub(crate) const ROTATION_HINT: &str =
    "Who takes this device cannot read what was sent before the change, once eight days have passed.";
pub(crate) const LEAVE_HINT: &str = "Deletes keys and clips here. The other devices go on; remove this one there too.";
pub(crate) const RESUME: &str = "Ask the relay again";
pub(crate) const REMOVED: &str = "This device was removed from its account";
pub(crate) const REMOVED_HINT: &str = "Its keys are deleted. The clips it had are still here.";
pub(crate) const REMOVED_DELETE: &str = "Delete these clips";
pub(crate) const REMOVED_DELETE_SURE: &str = "Yes, delete them";

pub(crate) const DISMISS: &str = "Dismiss";
pub(crate) const LEAVE: &str = "Forget this account";
pub(crate) const LEAVE_SURE: &str = "Delete keys and clips from this device";
pub(crate) const ELSEWHERE: &str = "That link is for another relay. Open it in the browser instead.";
pub(crate) const JOINED: &str = "This device is in";

/// When the next attempt to connect comes, after [`WAITING`].
pub(crate) fn retry_in(seconds: u64) -> String {
    if seconds == 0 { " · trying again now".into() } else { format!(" · trying again in {seconds} s") }
}

/// How long ago something was; `None` when only a date will do.
pub(crate) fn ago(age: Age) -> Option<String> {
    Some(match age {
        Age::Now => "now".into(),
        Age::Minutes(n) => format!("{n} min ago"),
        Age::Hours(n) => format!("{n} h ago"),
        Age::Days(1) => "yesterday".into(),
        Age::Days(n) => format!("{n} days ago"),
        Age::Long => return None,
    })
}

/// Which other devices have a clip, and which do not yet.
pub(crate) fn delivery(delivered: &[String], awaited: &[String]) -> Option<String> {
    match (delivered.is_empty(), awaited.is_empty()) {
        (true, true) => None,
        (false, true) => Some(format!("Delivered to {}", list(delivered))),
        (true, false) => Some(format!("Waiting for {}", list(awaited))),
        (false, false) => Some(format!("Delivered to {} · waiting for {}", list(delivered), list(awaited))),
    }
}

/// How long the invite still works.
pub(crate) fn works_for(minutes: u64, seconds: u64) -> String {
    format!("Works once, for another {minutes}:{seconds:02}")
}

/// When a device last gave a sign of life.
pub(crate) fn last_confirmed(ago: &str) -> String {
    format!(" · last confirmed {ago}")
}

/// The question before a device is removed.
pub(crate) fn remove_title(name: &str) -> String {
    format!("Remove “{name}”")
}

/// Somebody was removed.
pub(crate) fn is_out(name: &str) -> String {
    format!("{name} was removed")
}

/// How often something happens.
pub(crate) fn every(minutes: u32) -> String {
    match minutes {
        10_080 => "every week".into(),
        1_440 => "every day".into(),
        60 => "every hour".into(),
        hours if hours % 60 == 0 => format!("every {} hours", hours / 60),
        minutes => format!("every {minutes} minutes"),
    }
}

/// Who asks to be let in.
pub(crate) fn wants_to_join(name: &str) -> String {
    format!("“{name}” wants to join")
}

/// Somebody was let in.
pub(crate) fn is_in(name: &str) -> String {
    format!("{name} is in")
}

/// A clip came, for those who do not see the list.
pub(crate) fn received(from: &str) -> String {
    format!("New clip from {from}")
}

fn list(names: &[String]) -> String {
    match names {
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn delivery_names_both_sides() {
        assert_eq!(delivery(&[], &[]), None);
        assert_eq!(delivery(&names(&["Phone", "Desk", "Server"]), &[]).unwrap(), "Delivered to Phone, Desk and Server");
        assert_eq!(
            delivery(&names(&["Phone"]), &names(&["Laptop"])).unwrap(),
            "Delivered to Phone · waiting for Laptop"
        );
    }

    #[test]
    fn the_countdown_keeps_two_digits() {
        assert_eq!(works_for(9, 5), "Works once, for another 9:05");
    }
}
