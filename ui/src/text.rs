//! Every word a person reads, in one place, so that it can be translated. It refuses to look at
//! state: callers choose the sentence.

use hushclip_engine::view::Bounds;

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
    "On a device that is already in, choose “Add a device”. It shows a link, or a code to type.";
pub(crate) const JOIN_LINK: &str = "Link or code from the other device";
pub(crate) const JOIN_EXAMPLE: &str = "4-purple-cactus";
pub(crate) const JOIN_RELAY_HINT: &str = "The other device shows it below the code.";
pub(crate) const JOIN_BUTTON: &str = "Join";

pub(crate) const SCAN: &str = "Scan the QR code";
pub(crate) const SCAN_OR: &str = "or";
pub(crate) const SCAN_VIDEO: &str = "What the camera sees";
pub(crate) const SCAN_STARTING: &str = "Starting the camera. The browser may ask whether it may be used.";
pub(crate) const SCAN_LOOKING: &str = "Hold the QR code of the other device in front of the camera.";
pub(crate) const SCAN_NOT_A_LINK: &str = "This QR code is no pairing link. On the other device, choose “Add a device”.";
pub(crate) const SCAN_DENIED: &str = "The browser did not allow the camera. Allow it for this page in the browser’s settings, or paste the link instead.";
pub(crate) const SCAN_MISSING: &str = "There is no camera here. Paste the link, or type a code instead.";
pub(crate) const SCAN_BUSY: &str = "The camera gives no picture. Another program may be using it.";
pub(crate) const SCAN_NOT_LOADED: &str = "What reads QR codes could not be loaded. Check the connection and try again.";

pub(crate) const REMOVED: &str = "This device was removed from its account";
pub(crate) const REMOVED_CLIPS: &str = "Its keys are deleted. The clips it had are still listed below.";
pub(crate) const REMOVED_EMPTY: &str = "Its keys are deleted.";
pub(crate) const REMOVED_LIST: &str = "Clips from before";
pub(crate) const DELETE_CLIPS: &str = "Delete them";
pub(crate) const DELETE_CLIPS_WARNING: &str = "The clips are deleted from this device. There is no way back.";
pub(crate) const DELETE_CLIPS_SURE: &str = "Delete the clips";

pub(crate) const OPENED: &str = "Join these devices?";
pub(crate) const OPENED_HINT: &str =
    "You opened a pairing link. Go on only if you made it yourself, or got it from somebody you share devices with.";
pub(crate) const OPENED_ONCE: &str = "The link works once, within ten minutes of being made.";
pub(crate) const OPENED_LATER: &str = "Not now";
pub(crate) const OPENED_MEMBER: &str =
    "This device is already in. Open the pairing link on the device that you want to add.";

pub(crate) const CONNECTING: &str = "Connecting…";
pub(crate) const CONNECTING_HINT: &str = "Keep the other device open. It may ask you whether to let this one in.";
pub(crate) const DIGITS: &str = "Type these digits on the other device";
pub(crate) const DIGITS_HINT: &str = "It asks for them next to the name of this one. Nobody else needs them.";
pub(crate) const CANCEL: &str = "Cancel";

pub(crate) const IDLE: &str = "Not connected";
pub(crate) const CATCHING_UP: &str = "Catching up…";
pub(crate) const ONLINE: &str = "Online";
pub(crate) const WAITING: &str = "No connection";

pub(crate) const PLACES: &str = "More of this account";
pub(crate) const BACK: &str = "Back to the clips";
pub(crate) const DEVICES: &str = "Devices";
pub(crate) const DEVICES_HINT: &str =
    "Who is online is what the relay says. “Confirmed” is signed by the device itself, by its own clock.";
pub(crate) const NEVER_CONFIRMED: &str = "not heard from yet";
pub(crate) const REMOVE: &str = "Remove…";
pub(crate) const REMOVE_SURE: &str = "Remove it";
pub(crate) const REMOVING: &str = "Removing…";
pub(crate) const REMOVING_OFFLINE: &str = "Will be removed once there is a connection";
pub(crate) const CHECK: &str = "Same on all devices?";
pub(crate) const CHECK_HINT: &str =
    "Open this page on another of your devices: it shows the same, unless the relay shows them different lists.";
pub(crate) const THIS_DEVICE: &str = "this device";
pub(crate) const IS_ONLINE: &str = "online";
pub(crate) const IS_OFFLINE: &str = "not connected";
pub(crate) const ADD: &str = "Add a device";

pub(crate) const SETTINGS: &str = "Settings";
pub(crate) const THE_RELAY: &str = "Relay";

pub(crate) const ROTATION: &str = "Keys";
pub(crate) const ROTATION_LABEL: &str = "Change the keys of this device";
pub(crate) const ROTATION_HINT: &str = "Also after each 1,000 clips. Eight days after a change, whoever takes this device finds no key to what was sent \
     before it.";

pub(crate) const WAKE: &str = "While Hushclip is closed";
pub(crate) const WAKE_IS_OFF: &str = "You find out about new clips when you open Hushclip.";
pub(crate) const WAKE_IS_ON: &str =
    "A notification tells you here that there is a new clip, at most one a minute. It says nothing more.";
pub(crate) const WAKE_START: &str = "Wake this device when a clip comes";
pub(crate) const WAKE_ASKING: &str = "Asking the browser…";
pub(crate) const WAKE_AGAIN: &str = "Try again";
pub(crate) const WAKE_STOP: &str = "Stop waking this device";
pub(crate) const WAKE_BLOCKED: &str = "The browser blocks notifications from this page. Allow them in its settings for this page (the \
     symbol beside the address), then try again.";
pub(crate) const WAKE_FAILED: &str = "The browser’s push service did not answer. Some browsers have it turned off; without a connection \
     it does not work either.";
pub(crate) const WAKE_HINT: &str = "The maker of your browser runs the service that does this. It learns when a clip came, and from which \
     relay, but not what it is.";

pub(crate) const ALERTS: &str = "What you should know";
pub(crate) const ALERTS_FEWER: &str = "Show fewer";
pub(crate) const ALERTS_DISMISS: &str = "Dismiss all";
pub(crate) const ALERT_DEVICES: &str = "Show devices";

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
pub(crate) const INVITE_KIND: &str = "How to add it";
pub(crate) const INVITE_BY_LINK: &str = "Link or QR";
pub(crate) const INVITE_BY_CODE: &str = "Typed code";
pub(crate) const INVITE_MAKING: &str = "One moment…";
pub(crate) const INVITE_OFFLINE: &str = "It appears once there is a connection.";
pub(crate) const INVITE_QR: &str = "Picture of the link, to scan with another device";
pub(crate) const INVITE_LINK: &str = "Link";
pub(crate) const INVITE_COPY: &str = "Copy link";
pub(crate) const LINK_NOT_COPIED: &str = "Select the link and copy it";
pub(crate) const INVITE_OVER: &str = "It no longer works. Cancel, and make a new one.";
pub(crate) const CODE: &str = "Code";
pub(crate) const CODE_HINT: &str = "Type this on the other device, under “Join my other devices”.";
pub(crate) const CODE_RELAY: &str = "If it asks for the relay:";
pub(crate) const CODE_COPY: &str = "Copy code";
pub(crate) const CODE_NOT_COPIED: &str = "Select the code and copy it";
pub(crate) const REQUEST_CODE_HINT: &str = "It knows the code. Let it in if that is the device you typed it on.";
pub(crate) const SHARE_HISTORY: &str = "Share the clips of the last 7 days";
pub(crate) const SHARE_HISTORY_HINT: &str = "Otherwise it gets only what is sent from now on.";
pub(crate) const REQUEST_HINT: &str = "Type the six digits it shows.";
pub(crate) const REQUEST_FIELD: &str = "Six digits";
pub(crate) const WRONG_DIGITS: &str = "These are not the digits it shows. Look again.";
pub(crate) const APPROVE: &str = "Let it in";
pub(crate) const REFUSE: &str = "Refuse";

pub(crate) const DISMISS: &str = "Dismiss";
pub(crate) const LEAVE: &str = "Forget this account";
pub(crate) const LEAVE_SURE: &str = "Forget it";
pub(crate) const LEAVE_HINT: &str = "For a device that you give away, or to start anew.";
pub(crate) const LEAVE_WARNING: &str = "Keys and clips are deleted from this device; there is no way back. The other \
     devices are not told: remove this one there as well.";
pub(crate) const RESUME: &str = "Ask the relay again";
pub(crate) const ELSEWHERE: &str = "That link is for another relay. Open it in the browser instead.";
pub(crate) const JOINED: &str = "This device is in";

pub(crate) const LOCKED: &str = "Hushclip is locked";
pub(crate) const LOCKED_HINT: &str = "Until you unlock it, nothing is sent or received here.";
pub(crate) const PASSPHRASE: &str = "Passphrase";
pub(crate) const UNLOCK: &str = "Unlock";
pub(crate) const UNLOCKING: &str = "Unlocking…";
pub(crate) const FORGOTTEN: &str = "Forgot it?";
pub(crate) const FORGOTTEN_WARNING: &str = "Nobody can open what is stored here without the passphrase. You can delete this \
     device’s keys and clips and join again from another device; remove this one there as well. There is no way back.";
pub(crate) const FORGOTTEN_SURE: &str = "Delete and start anew";
pub(crate) const LOCK: &str = "Passphrase lock";
pub(crate) const LOCK_OPEN: &str = "Whoever can use this browser can use Hushclip in it. With a passphrase, keys and \
     clips are sealed here until you type it.";
pub(crate) const LOCK_GUARDED: &str = "Keys and clips are sealed with your passphrase while it is locked.";
pub(crate) const LOCK_FLEETING: &str = "The browser may end the extension’s background at any time, and always does when it \
     closes or updates. It is locked then, earlier than chosen here.";
pub(crate) const LOCK_RELOAD: &str = "It is also locked when this page is reloaded or closed.";
pub(crate) const LOCK_SET: &str = "Set a passphrase…";
pub(crate) const LOCK_CHANGE: &str = "Change…";
pub(crate) const LOCK_REMOVE: &str = "Remove…";
pub(crate) const LOCK_NOW: &str = "Lock now";
pub(crate) const LOCK_AFTER: &str = "Lock automatically";
pub(crate) const PASSPHRASE_OLD: &str = "Present passphrase";
pub(crate) const PASSPHRASE_NEW: &str = "New passphrase";
pub(crate) const PASSPHRASE_REPEAT: &str = "The same again";
pub(crate) const PASSPHRASE_HINT: &str = "At least 8 characters; four or more words that do not belong together are best. \
     Nobody can recover it.";
pub(crate) const PASSPHRASE_DIFFERS: &str = "The two are not the same.";
pub(crate) const PASSPHRASE_SHORT: &str = "At least 8 characters.";
pub(crate) const PASSPHRASE_WEAK: &str = "Easy to guess.";
pub(crate) const PASSPHRASE_FAIR: &str = "Fair: a few more words make it strong.";
pub(crate) const PASSPHRASE_STRONG: &str = "Strong.";
pub(crate) const PASSPHRASE_IS_SET: &str = "The passphrase is set";
pub(crate) const PASSPHRASE_IS_REMOVED: &str = "The passphrase is removed";
pub(crate) const SAVE_PASSPHRASE: &str = "Set it";
pub(crate) const REMOVE_PASSPHRASE: &str = "Remove it";
pub(crate) const SEALING: &str = "Sealing…";

const NOW: &str = "now";

/// When the next attempt to connect comes, after [`WAITING`].
pub(crate) fn retry_in(seconds: u64) -> String {
    if seconds == 0 { " · trying again now".into() } else { format!(" · trying again in {seconds} s") }
}

/// How long ago something was; `None` when only a date will do.
pub(crate) fn ago(age: Age) -> Option<String> {
    Some(match age {
        Age::Now => NOW.into(),
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

/// Who asks to be let in.
pub(crate) fn wants_to_join(name: &str) -> String {
    format!("“{name}” wants to join")
}

/// Somebody was let in.
pub(crate) fn is_in(name: &str) -> String {
    format!("{name} is in")
}

/// Somebody was removed.
pub(crate) fn is_removed(name: &str) -> String {
    format!("{name} was removed")
}

/// What a screen reader says for [`REMOVE`].
pub(crate) fn remove(name: &str) -> String {
    format!("Remove {name}…")
}

/// What removing a device does, and what it cannot do.
pub(crate) fn remove_warning(name: &str) -> String {
    format!(
        "“{name}” gets nothing you copy from now on, and is told to delete its keys. It keeps what it has already \
         received, and comes back only if you let it in again. Until it is gone, whoever holds it could also remove yours."
    )
}

/// When a device last gave a signed sign of life.
pub(crate) fn confirmed(ago: &str) -> String {
    if ago == NOW { "confirmed just now".into() } else { format!("last confirmed {ago}") }
}

/// How often keys change.
pub(crate) fn every(minutes: u32) -> String {
    let (n, unit) = match minutes {
        n if n % 10_080 == 0 => (n / 10_080, "week"),
        n if n % 1_440 == 0 => (n / 1_440, "day"),
        n if n % 60 == 0 => (n / 60, "hour"),
        n => (n, "minute"),
    };
    if n == 1 { format!("every {unit}") } else { format!("every {n} {unit}s") }
}

/// What the relay keeps for devices that are away.
pub(crate) fn relay_keeps(bounds: &Bounds) -> String {
    format!(
        "It keeps the newest {} clips, {} MiB of them, for up to {} days, so that devices which are away can fetch them. \
         It cannot read them.",
        bounds.items,
        bounds.bytes >> 20,
        bounds.ttl_s / 86_400
    )
}

/// What the relay lets through.
pub(crate) fn relay_takes(bounds: &Bounds) -> String {
    format!(
        "It takes clips of up to {} KiB, {} messages a minute from each device, and {} devices.",
        bounds.clip_bytes >> 10,
        bounds.frames_per_minute,
        bounds.devices
    )
}

/// When a device locks itself, after [`LOCK_AFTER`].
pub(crate) fn lock_after(minutes: u32) -> String {
    match minutes {
        0 => "never".into(),
        60 => "after 1 hour without you".into(),
        n if n % 60 == 0 => format!("after {} hours without you", n / 60),
        n => format!("after {n} minutes without you"),
    }
}

/// No passphrase is tried for so long.
pub(crate) fn try_again_in(seconds: u64) -> String {
    format!("Try again in {seconds} s")
}

/// More alerts than are shown at first.
pub(crate) fn all_alerts(count: usize) -> String {
    format!("Show all {count}")
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
    fn intervals_are_told_in_their_largest_unit() {
        let told = [30, 45, 60, 90, 360, 1_440, 2_880, 10_080].map(every).join(", ");
        assert_eq!(
            told,
            "every 30 minutes, every 45 minutes, every hour, every 90 minutes, every 6 hours, every day, every 2 days, \
             every week"
        );
    }

    #[test]
    fn the_countdown_keeps_two_digits() {
        assert_eq!(works_for(9, 5), "Works once, for another 9:05");
    }
}
