//! Everything that can go wrong, in words a person can act on. Codes are stable, sentences are not.

use hushclip_crypto::archive::ArchiveError;
use hushclip_crypto::name::NameError;
use hushclip_crypto::pairing::{Code, CodeError, LinkError};
use hushclip_crypto::vault::LockError;
use hushclip_protocol::error::ErrorCode;

use crate::view::Problem;

fn problem(code: &str, message: impl Into<String>) -> Problem {
    Problem { code: code.into(), message: message.into() }
}

pub(crate) fn bad_relay() -> Problem {
    problem("bad_relay", "That is not a relay address. It looks like https://relay.example.")
}

pub(crate) fn plain_relay(host: &str) -> Problem {
    problem(
        "plain_relay",
        format!(
            "The address of the relay at {host} begins with http:, and anybody on the way could meddle with that. Use its \
             https: address; http: is only for a relay on this machine."
        ),
    )
}

pub(crate) fn other_relay(page: &str, relay: &str) -> Problem {
    problem(
        "other_relay",
        format!(
            "This link is from {page}, but leads to another relay, {relay}. Join there only if you know that relay and \
             expected it."
        ),
    )
}

pub(crate) fn bad_archive(error: ArchiveError) -> Problem {
    match error {
        ArchiveError::NotAnArchive => problem(
            "bad_archive",
            "This is no history that Hushclip has exported, or it was made by a newer Hushclip. Choose another file.",
        ),
        ArchiveError::Damaged => {
            problem("damaged_archive", "This file is damaged. Nothing was added; take another copy of it.")
        }
        ArchiveError::WrongPassphrase => {
            problem("wrong_passphrase", "That is not the passphrase of this file. Nothing was added.")
        }
        ArchiveError::NoMemory => no_memory(),
    }
}

pub(crate) fn unsealable(error: LockError) -> Problem {
    match error {
        LockError::TooShort => problem("passphrase_too_short", "A passphrase needs at least 8 characters."),
        LockError::NoMemory => no_memory(),
    }
}

fn no_memory() -> Problem {
    problem("no_memory", "There is not enough memory for this. Close other tabs and programs, then try again.")
}

pub(crate) fn already_member() -> Problem {
    problem("already_member", "This device already belongs to an account. Forget that one before it joins another.")
}

pub(crate) fn not_a_member() -> Problem {
    problem("no_account", "This device belongs to no account yet. Start one here, or join your other devices.")
}

pub(crate) fn bad_name(error: NameError) -> Problem {
    match error {
        NameError::Empty => problem("bad_name", "Give this device a name, so that you can tell it from the others."),
        NameError::TooLong => problem("bad_name", "That name is too long. Give this device a shorter one."),
        NameError::Unseen => problem(
            "bad_name",
            "That name has characters that nobody sees, such as line ends or signs that change the direction of \
             writing. Leave them out.",
        ),
    }
}

pub(crate) fn bad_newcomer_name() -> Problem {
    problem(
        "bad_newcomer_name",
        "The new device calls itself something that cannot be shown, so it was turned away. Give it another name there, \
         then invite it again.",
    )
}

pub(crate) fn bad_link(error: LinkError) -> Problem {
    match error {
        LinkError::NotALink => {
            problem("bad_link", "That is not a pairing link. Copy the whole link that the other device shows.")
        }
        LinkError::Incomplete => {
            problem("bad_link", "Part of this pairing link is missing. Copy the whole link and try again.")
        }
        LinkError::Newer => {
            problem("newer_link", "This pairing link was made by a newer Hushclip. Update this one, then try again.")
        }
    }
}

pub(crate) fn invite_gone() -> Problem {
    problem("invite_gone", "This pairing link has expired or was cancelled. Make a new one on the other device.")
}

pub(crate) fn invite_used() -> Problem {
    problem(
        "invite_used",
        "This pairing link was already used. Each link works once: make a new one on the other device.",
    )
}

pub(crate) fn invite_refused() -> Problem {
    problem("invite_refused", "The other device did not let this one in. Make a new link or code there to try again.")
}

pub(crate) fn join_unanswered() -> Problem {
    problem(
        "join_unanswered",
        "The other device has not let this one in, and the time for that is over. Make a new link or code there, and keep \
         it open until both are done.",
    )
}

pub(crate) fn join_unfinished() -> Problem {
    problem(
        "join_unfinished",
        "The other device let this one in, but the relay does not take it into the account. Remove it there and invite it \
         again. If that ends the same way, mistrust the relay.",
    )
}

pub(crate) fn join_misled() -> Problem {
    problem(
        "join_misled",
        "The account that the relay shows is not the one that this device was let into, so it joined nothing. Make a new \
         link or code on the other device. If that ends the same way, mistrust the relay.",
    )
}

pub(crate) fn wrong_older_key() -> Problem {
    problem(
        "wrong_older_key",
        "The device that let this one in handed over a wrong key for older clips. Those clips stay closed here; all newer \
         ones are fine.",
    )
}

pub(crate) fn invite_unopened() -> Problem {
    problem("invite_unopened", "The relay never took the pairing link or code. Try again when it can be reached.")
}

pub(crate) fn invite_withdrawn() -> Problem {
    problem("invite_withdrawn", "The relay has ended the pairing link before its time. Make a new one.")
}

pub(crate) fn invite_unanswered(name: &str) -> Problem {
    problem(
        "invite_unanswered",
        format!("“{name}” wanted to join, and nobody answered in time. Make a new link or code to let it in."),
    )
}

pub(crate) fn invite_unfinished(name: &str) -> Problem {
    problem(
        "invite_unfinished",
        format!(
            "“{name}” was let in, but the relay did not pass on the keys in time. If it stands in the list of devices, \
             remove it there; then invite it again."
        ),
    )
}

pub(crate) fn bad_code(error: &CodeError) -> Problem {
    match error {
        CodeError::NotACode => {
            problem("bad_code", "That is not a code. It is a number and two words, such as 4-purple-cactus.")
        }
        CodeError::UnknownWord(word) => {
            let meant = Code::nearest(word).map(|near| format!(" Is it “{near}”?")).unwrap_or_default();
            problem("bad_code", format!("No code has the word “{word}”.{meant} Look again at the other device."))
        }
    }
}

pub(crate) fn code_gone() -> Problem {
    problem(
        "code_gone",
        "Nothing waits behind this number. Codes work for ten minutes: look again, or make a new one on the other device.",
    )
}

pub(crate) fn code_refused() -> Problem {
    problem(
        "code_refused",
        "The code was wrong, or somebody is interfering. Each code allows a single try: make a new one on the other \
         device.",
    )
}

pub(crate) fn wrong_code() -> Problem {
    problem(
        "wrong_code",
        "A device tried this code with other words, so the code is void. If it was a slip, make a new one.",
    )
}

pub(crate) fn code_void() -> Problem {
    problem(
        "code_void",
        "This code does not work any more: it was tried twice, or withdrawn. Make a new one, and tell it only to whom it \
         is for.",
    )
}

pub(crate) fn pairing_disturbed() -> Problem {
    problem(
        "pairing_disturbed",
        "Pairing was stopped, because the messages did not fit together: the link is wrong, or somebody is \
         interfering. Make a new link and pass it on another way.",
    )
}

pub(crate) fn too_many_wrong_digits() -> Problem {
    problem(
        "wrong_digits",
        "The digits were wrong three times, so that device was turned away. Make a new link to try again.",
    )
}

pub(crate) fn no_request() -> Problem {
    problem("no_request", "No device is waiting to be let in.")
}

pub(crate) fn too_many_invites() -> Problem {
    problem("too_many_invites", "Too many pairing links are open. Wait ten minutes, or cancel one.")
}

pub(crate) fn invite_handing_over() -> Problem {
    problem(
        "invite_handing_over",
        "The device that you have just let in is not in the account yet. Make the next link or code when it is.",
    )
}

pub(crate) fn too_large(bytes: usize) -> Problem {
    let (kib, max) = (bytes.div_ceil(1024), hushclip_protocol::limits::CLIP_BYTES / 1024);
    problem("too_large", format!("This clip has {kib} KiB; at most {max} KiB can be sent. Nothing was sent."))
}

pub(crate) fn empty() -> Problem {
    problem("empty", "There is nothing to send.")
}

pub(crate) fn outbox_full() -> Problem {
    problem(
        "outbox_full",
        "This device has been without a connection for long, and the oldest unsent clip had to be given up. It is \
         still in the list here.",
    )
}

pub(crate) fn storage_full() -> Problem {
    problem(
        "relay_full",
        "The relay is full of clips that some device has not fetched. Open Hushclip there, or remove that device. \
         Until then clips wait here, or until older ones expire.",
    )
}

pub(crate) fn bad_push_address() -> Problem {
    problem("bad_push_address", "The address for wake-ups is not one that a relay can use.")
}

pub(crate) fn push_refused() -> Problem {
    problem(
        "push_refused",
        "The relay does not take this browser's address for wake-ups. Clips arrive when Hushclip is open.",
    )
}

/// The relay's disk, which is nobody's fault who uses it.
pub(crate) fn relay_fault(code: ErrorCode) -> Problem {
    if code == ErrorCode::RelayFull {
        return problem(
            "relay_no_space",
            "The relay has run out of space, whatever your devices keep there. Tell whoever runs it. Clips wait here \
             until there is room.",
        );
    }
    problem(
        "relay_unavailable",
        "The relay's storage is failing at the moment. Clips wait, and go on by themselves when it works again; if this \
         lasts, tell whoever runs the relay.",
    )
}

pub(crate) fn token_wanted() -> Problem {
    problem(
        "token_wanted",
        "This relay takes new accounts only with the right token. Ask whoever runs it. If you already have an account, \
         join it with a link or a code: that needs no token.",
    )
}

pub(crate) fn registration_closed() -> Problem {
    problem(
        "registration_closed",
        "This relay takes in no new accounts. To add this device to an account you have there, join with a link or a \
         code; else choose another relay.",
    )
}

pub(crate) fn too_many_accounts() -> Problem {
    problem(
        "too_many_accounts",
        "Too many accounts were started from this network today. Try again tomorrow, or add this device to an account \
         you have, with a link or a code.",
    )
}

pub(crate) fn relay_version() -> Problem {
    problem(
        "relay_version",
        "This relay speaks another version of Hushclip. Update this device, or ask who runs the relay.",
    )
}

pub(crate) fn relay_garbled() -> Problem {
    problem(
        "relay_garbled",
        "What the relay sends cannot be read. It is broken, or of another version: update this device, or ask who runs the \
         relay. It is tried again by itself.",
    )
}

pub(crate) fn relay_endless() -> Problem {
    problem(
        "relay_endless",
        "The relay says that there are more clips, and does not show them. Ask who runs it. It is tried again by itself.",
    )
}

pub(crate) fn relay_refused() -> Problem {
    problem("relay_refused", "The relay did not accept a clip. It waits here; updating Hushclip may help.")
}

pub(crate) fn relay_takes_nothing() -> Problem {
    problem(
        "relay_takes_nothing",
        "The relay has taken nothing from this device for ten minutes, though it answers. Clips wait here, and are tried \
         again less and less often. If this lasts, tell whoever runs the relay.",
    )
}

pub(crate) fn sign_in_refused() -> Problem {
    problem(
        "sign_in_refused",
        "The relay does not accept this device's signature. Check the relay's address. If it is right, a proxy in front \
         of the relay passes another host name on: whoever runs it has to let `Host` through.",
    )
}

pub(crate) fn removed_unproven() -> Problem {
    problem(
        "removed_unproven",
        "The relay says that this device was removed from the account, and did not show who did it. Nothing is sent \
         until this is cleared up: look at the list of devices on another one of yours.",
    )
}

pub(crate) fn newer_account() -> Problem {
    problem("newer_account", "Another device of this account runs a newer Hushclip. Update this one.")
}

pub(crate) fn own_removal() -> Problem {
    problem("own_removal", "A device cannot remove itself. Remove it on another one, or forget the account here.")
}

pub(crate) fn unknown_device() -> Problem {
    problem("unknown_device", "There is no such device in this account.")
}

pub(crate) fn removal_unsaved() -> Problem {
    problem(
        "removal_unsaved",
        "The relay has not recorded the removal, perhaps because its disk is full. What you copy here waits \
         until it has; what your other devices send, the removed one can still read. This device tries again while it is \
         connected; if that lasts, tell whoever runs the relay.",
    )
}

pub(crate) fn list_unsaved() -> Problem {
    problem(
        "list_unsaved",
        "The relay has not recorded a change in the list of devices, perhaps because its disk is full. This device \
         tries again while it is connected.",
    )
}

pub(crate) fn keys_overdue() -> Problem {
    problem(
        "keys_overdue",
        "New keys for this device are more than a day overdue, because the relay does not record them. Until it does, whoever \
         got hold of the old ones can read on. This device tries again while it is connected; if that lasts, tell whoever \
         runs the relay.",
    )
}

pub(crate) fn fork() -> Problem {
    problem(
        "fork",
        "The relay shows this device another list of devices than before. Nothing is sent until this is cleared up: \
         compare the devices on each of yours, and mistrust the relay.",
    )
}

pub(crate) fn bad_log() -> Problem {
    problem("bad_log", "The relay passed on a list of devices that does not verify. Nothing is sent until it does.")
}
