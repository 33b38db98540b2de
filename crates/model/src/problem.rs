//! Everything that can go wrong, with what is known about it, in words that a person can act on. Never holds clips,
//! keys, links or passphrases.

use hushclip_protocol::limits::{CHANNEL_BYTES, CLIP_BYTES};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

const NOT_A_LINK: &str = "That is not a pairing link. Copy the whole link shown on the other device.";
const LINK_INCOMPLETE: &str = "Part of this pairing link is missing. Copy the whole link and try again.";

/// What went wrong. [`Problem::code`] names it for scripts and translations; the sentence is for people and may change.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, IntoStaticStr, strum::EnumIter, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Problem {
    // Accounts and relays.
    /// What was typed is not the address of a relay.
    #[error("That is not a relay address. One looks like https://relay.example.")]
    BadRelay,
    /// The relay is on another machine, and its address does not use encryption.
    #[error(
        "The address of the relay at {host} starts with http:, so anybody on the way there could tamper with the \
         connection. Use its https: address; http: is only for a relay on this machine."
    )]
    PlainRelay {
        /// Its host, and its port if it has one.
        host: String,
    },
    /// A link leads to a different relay than it seems to.
    #[error(
        "This link is from {page}, but leads to another relay, {relay}. Join there only if you know that relay and \
         expected it."
    )]
    OtherRelay {
        /// Origin of the page that it opens.
        page: String,
        /// Origin of the relay that it leads to.
        relay: String,
    },
    /// This device has to leave its account before it joins another.
    #[error("This device is already in an account. Forget that account before joining another.")]
    AlreadyMember,
    /// There is no account here.
    #[error("This device is not in an account yet. Start one here, or join your other devices.")]
    NoAccount,
    /// The name of this device cannot be used.
    #[error("{fault}")]
    BadName {
        /// What is wrong with it.
        fault: NameFault,
    },
    /// A device that asks to join has a name that cannot be shown.
    #[error(
        "The new device has a name that cannot be shown, so it was turned away. Give it another name there, then \
         invite it again."
    )]
    BadNewcomerName,
    /// The relay takes new accounts only with a token.
    #[error(
        "This relay takes new accounts only with the right token. Ask whoever runs it. If you already have an \
         account, join it with a link or a code: that needs no token."
    )]
    TokenWanted,
    /// The relay takes no new accounts.
    #[error(
        "This relay takes no new accounts. If you already have an account there, join it with a link or a code; \
         otherwise, choose another relay."
    )]
    RegistrationClosed,
    /// The relay limits how many accounts are started in a day.
    #[error(
        "Too many accounts were started from this network today. Try again tomorrow, or join an account you already \
         have with a link or a code."
    )]
    TooManyAccounts,

    // Pairing.
    /// What was given is not a pairing link.
    #[error("{}", if *incomplete { LINK_INCOMPLETE } else { NOT_A_LINK })]
    BadLink {
        /// Whether it begins like one.
        incomplete: bool,
    },
    /// A later version made the link.
    #[error("This pairing link was made by a newer version of Hushclip. Update Hushclip here, then try again.")]
    NewerLink,
    /// No invite is waiting behind the link.
    #[error("This pairing link has expired or was cancelled. Make a new one on the other device.")]
    InviteGone,
    /// Each link works once.
    #[error("This pairing link has already been used. Each link works once: make a new one on the other device.")]
    InviteUsed,
    /// The person at the other device turned this one away.
    #[error("The other device did not let this one in. Make a new link or code there to try again.")]
    InviteRefused,
    /// Nobody let this device in before time ran out.
    #[error(
        "The other device did not let this one in before time ran out. Make a new link or code there, and keep it open \
         until both devices are done."
    )]
    JoinUnanswered,
    /// This device was let in, but the relay does not add it to the account.
    #[error(
        "The other device let this one in, but the relay does not add it to the account. Remove it there and invite it \
         again. If that ends the same way, do not trust the relay."
    )]
    JoinUnfinished,
    /// The account is not the one that this device was let into.
    #[error(
        "The account that the relay shows is not the one this device was let into, so it has not joined. Make a new \
         link or code on the other device. If that ends the same way, do not trust the relay."
    )]
    JoinMisled,
    /// A key for clips from before this device joined does not fit.
    #[error(
        "The device that let this one in handed over a wrong key for older clips. Those clips cannot be opened here; \
         all newer ones are fine."
    )]
    WrongOlderKey,
    /// The relay never accepted the invite.
    #[error("The relay never accepted the pairing link or code. Try again when it can be reached.")]
    InviteUnopened,
    /// The relay has ended the invite.
    #[error("The relay ended the pairing link early. Make a new one.")]
    InviteWithdrawn,
    /// A device asked to join, and the invite ran out.
    #[error("“{name}” wanted to join, but nobody answered in time. Make a new link or code to let it in.")]
    InviteUnanswered {
        /// What it calls itself.
        name: String,
    },
    /// A device was let in, and the invite ran out before it had the keys.
    #[error(
        "“{name}” was let in, but the relay did not pass on the keys in time. If it is in the list of devices, remove \
         it; then invite it again."
    )]
    InviteUnfinished {
        /// What it calls itself.
        name: String,
    },
    /// What was typed is not a code.
    #[error("{}", bad_code(word.as_deref(), nearest.as_deref()))]
    BadCode {
        /// The word that no code has, if the rest looks like a code.
        word: Option<String>,
        /// A word that may have been meant.
        nearest: Option<String>,
    },
    /// No invite is waiting behind the number.
    #[error(
        "No invite is waiting behind this code's number. Codes work for ten minutes: check the code, or make a new one \
         on the other device."
    )]
    CodeGone,
    /// The one try that a code allows has failed.
    #[error(
        "The code was wrong, or somebody is interfering. Each code allows only one try: make a new one on the other \
         device."
    )]
    CodeRefused,
    /// Somebody tried the code with other words.
    #[error(
        "A device tried this code with the wrong words, so the code is void. If that was just a slip, make a new one."
    )]
    WrongCode,
    /// The code's one try has been used.
    #[error(
        "This code no longer works: it was tried twice, or withdrawn. Make a new one, and give it only to the person \
         it is for."
    )]
    CodeVoid,
    /// The messages of a pairing do not fit together.
    #[error(
        "Pairing was stopped because the messages did not fit together: the link is wrong, or somebody is interfering. \
         Make a new link and send it some other way."
    )]
    PairingDisturbed,
    /// The six digits do not match; there are tries left.
    #[error("Those are not the digits shown on the new device. Look again.")]
    DigitsDiffer,
    /// Three wrong tries at the six digits.
    #[error("The digits were wrong three times, so that device was turned away. Make a new link to try again.")]
    WrongDigits,
    /// Nobody asked to be let in.
    #[error("No device is waiting to be let in.")]
    NoRequest,
    /// The relay limits how many invites are open.
    #[error("Too many pairing links are open. Wait ten minutes, or cancel one.")]
    TooManyInvites,
    /// A device that was let in is still on its way.
    #[error("The device you just let in is not in the account yet. Make the next link or code once it is.")]
    InviteHandingOver,

    // Sending.
    /// A clip is too large to be sent.
    #[error("This clip is {} KiB; at most {} KiB can be sent. Nothing was sent.", bytes.div_ceil(1024), CLIP_BYTES / 1024)]
    TooLarge {
        /// The size of all its forms together.
        bytes: usize,
    },
    /// There was nothing to send.
    #[error("There is nothing to send.")]
    Empty,
    /// A waiting clip was given up.
    #[error(
        "This device has been offline for so long that its oldest unsent clip had to be given up. The clip is still in \
         the list here."
    )]
    OutboxFull,
    /// What was given is not a media type, or is one that has a command of its own.
    #[error("That is no media type for other content than text and HTML. It looks like application/json or image/png.")]
    BadMediaType,
    /// What was given cannot be the name of a channel.
    #[error(
        "That is no name of a channel. It has 1 to {CHANNEL_BYTES} letters from a to z, digits, or any of . - _ /, as in \
         com.example.notes."
    )]
    BadChannel,
    /// This device already listens to as many channels as it may.
    #[error("This device already listens to 256 channels, and no more are possible. Close one that is no longer used.")]
    TooManyChannels,
    /// A payload is too large to be sent.
    #[error(
        "What a program wanted to send has {} KiB; at most {} KiB can be sent at once. Nothing was sent: it has to be \
         split.", bytes.div_ceil(1024), CLIP_BYTES / 1024
    )]
    PayloadTooLarge {
        /// Its size, with everything that is sent along with it.
        bytes: usize,
    },
    /// The relay takes no payloads.
    #[error("The relay did not accept what a program sent, so it was not sent. A newer relay may.")]
    PayloadRefused,
    /// Too many payloads are waiting to be sent.
    #[error(
        "Too much of what programs have sent is still waiting for the relay or for another device, so nothing was sent. \
         Try again later."
    )]
    TooManyPayloads,
    /// The account's room at the relay is used up.
    #[error(
        "Your account's room at the relay is full of clips that some device has not fetched. Open Hushclip there, or \
         remove that device. Until then, or until older clips expire, new ones wait here."
    )]
    RelayFull,
    /// Not an address that wake-ups can go to.
    #[error("That address for wake-ups is not one a relay can use.")]
    BadPushAddress,
    /// The relay does not accept an address for wake-ups.
    #[error("The relay does not accept this browser's address for wake-ups. Clips arrive when Hushclip is open.")]
    PushRefused,
    /// The relay's disk is full.
    #[error(
        "The relay itself has run out of space, no matter how much your devices keep there. Tell whoever runs it. \
         Clips wait here until there is room."
    )]
    RelayNoSpace,
    /// The relay's disk is failing.
    #[error(
        "The relay's storage is failing at the moment. Clips wait, and are sent when it works again; if this lasts, \
         tell whoever runs the relay."
    )]
    RelayUnavailable,
    /// There is no version of the protocol that both sides know.
    #[error(
        "This relay speaks another version of the Hushclip protocol. Update Hushclip on this device, or tell whoever \
         runs the relay."
    )]
    RelayVersion,
    /// A frame from the relay does not decode.
    #[error(
        "The relay sent something that cannot be read. It is broken, or runs another version: update Hushclip on this \
         device, or tell whoever runs the relay. This device keeps trying."
    )]
    RelayGarbled,
    /// The relay keeps promising items and sends none.
    #[error(
        "The relay says there are more clips, but does not send them. Tell whoever runs it. This device keeps trying."
    )]
    RelayEndless,
    /// The relay did not accept an item.
    #[error("The relay did not accept a clip. It waits here; updating Hushclip may help.")]
    RelayRefused,
    /// The relay has not accepted a push for a long time.
    #[error(
        "The relay has accepted nothing from this device for ten minutes, although it answers. Clips wait here, and \
         are retried less and less often. If this lasts, tell whoever runs the relay."
    )]
    RelayTakesNothing,
    /// The relay does not accept this device's signature.
    #[error(
        "The relay does not accept this device's signature. Check the relay's address. If it is right, a proxy in \
         front of the relay passes on a different host name: whoever runs it has to pass `Host` through."
    )]
    SignInRefused,

    // Devices and keys.
    /// The relay says that this device was removed, and shows no entry.
    #[error(
        "The relay says that this device was removed from the account, but did not show who did it. Nothing is sent \
         until this is cleared up: check the list of devices on another device of yours."
    )]
    RemovedUnproven,
    /// The log holds entries from a later version.
    #[error("Another device in this account runs a newer version of Hushclip. Update this one.")]
    NewerAccount,
    /// A device cannot remove itself.
    #[error("A device cannot remove itself. Remove it using another device, or forget the account here.")]
    OwnRemoval,
    /// Nobody in the account has this identifier.
    #[error("There is no such device in this account.")]
    UnknownDevice,
    /// A removal is not in the log yet.
    #[error(
        "The relay has not recorded the removal, perhaps because its disk is full. What you copy here waits until it \
         has, but the removed device can still read what your other devices send. This device keeps trying while it is \
         connected; if this lasts, tell whoever runs the relay."
    )]
    RemovalUnsaved,
    /// Another change is not in the log yet.
    #[error(
        "The relay has not recorded a change to the list of devices, perhaps because its disk is full. This device \
         keeps trying while it is connected."
    )]
    ListUnsaved,
    /// This device's new keys are not in the log yet.
    #[error(
        "New keys for this device are more than a day overdue, because the relay does not record them. Until it does, \
         anyone who got hold of the old ones can keep reading. This device keeps trying while it is connected; if this \
         lasts, tell whoever runs the relay."
    )]
    KeysOverdue,
    /// The relay shows a different log than before.
    #[error(
        "The relay shows this device a different list of devices than before. Nothing is sent until this is cleared \
         up: compare the list on each of your devices, and do not trust the relay."
    )]
    Fork,
    /// The log that the relay shows does not verify.
    #[error("The relay passed on a list of devices that does not verify. Nothing is sent until it does.")]
    BadLog,

    // What is stored, and how it is locked.
    /// The file to import is something else.
    #[error("This file is not a history exported from Hushclip, or a newer version exported it. Choose another file.")]
    BadArchive,
    /// The file to import is damaged.
    #[error("This file is damaged. Nothing was added; try another copy of it.")]
    DamagedArchive,
    /// The passphrase is wrong.
    #[error("That is not the passphrase.")]
    WrongPassphrase,
    /// The passphrase would be too easy to guess.
    #[error("A passphrase needs at least 8 characters.")]
    PassphraseTooShort,
    /// After too many wrong passphrases there is a pause.
    #[error("Too many wrong passphrases. Wait a moment, then try again.")]
    TooManyTries,
    /// There is not enough memory to work with a passphrase (RFC 9106).
    #[error("There is not enough memory for this. Close other tabs and programs, then try again.")]
    NoMemory,
    /// The process that was to do it has ended, and may or may not have done it.
    #[error("Hushclip was shut down in the middle of this. Check whether it was done; if not, try again.")]
    Interrupted,
    /// The keys are out of reach.
    #[error("Unlock first.")]
    Locked,
    /// There is no passphrase to lock with.
    #[error("This device's keys have no passphrase, so they cannot be locked. Set one first.")]
    NoPassphrase,
    /// A change of the passphrase was not stored.
    #[error("The browser did not store this. Nothing has changed; try again.")]
    NotStored,
    /// There is no room for what the engine has to store.
    #[error(
        "This browser's storage is full; free some space and reopen Hushclip. Until then, nothing is sent or fetched; \
         what was accepted before is safe."
    )]
    StorageFull,
    /// What the engine had to store was not stored.
    #[error(
        "This browser did not store a change; reopen Hushclip. Until then, nothing is sent or fetched; what was \
         accepted before is safe."
    )]
    StorageFailed,
    /// What is stored was changed from outside, or by a later version.
    #[error(
        "What this browser has stored cannot be read: it is damaged, or from a newer version of Hushclip. Update and \
         try again."
    )]
    StorageDamaged,
    /// The clip that was asked for has been deleted, or has expired.
    #[error("This clip is no longer here.")]
    ClipGone,
    /// The list has a clip whose content is missing from storage.
    #[error("This device's storage has lost the content of a clip. Another of your devices may still have it.")]
    ContentLost,
    /// What is stored cannot be read at the moment.
    #[error("This device's storage is not responding. Try again; if that does not help, reopen Hushclip.")]
    StorageUnread,
    /// There is nowhere to store anything.
    #[error(
        "This browser does not let Hushclip store anything, as in some private windows. Open Hushclip in an ordinary \
         window, or allow it to store data."
    )]
    NoStorage,
    /// Another tab owns the engine.
    #[error("Hushclip is already open in another tab. Continue there, or close that tab and this one takes over.")]
    OtherTab,
    /// Without a secure context there are no keys and no lock.
    #[error("The browser does not allow encryption on this page. Open it with https:// at the front, or on localhost.")]
    InsecurePage,
}

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NameFault {
    /// Nothing in it is visible.
    #[default]
    #[error("Give this device a name, so that you can tell it from the others.")]
    Empty,
    /// It has more bytes than a name may have.
    #[error("That name is too long. Give this device a shorter one.")]
    TooLong,
    /// It has invisible characters.
    #[error(
        "That name has invisible characters, such as line breaks or marks that change the direction of the text. Leave \
         them out."
    )]
    Unseen,
}

impl Problem {
    /// Stable, in `snake_case`.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// The codes of all problems.
    pub const fn codes() -> &'static [&'static str] {
        Self::VARIANTS
    }

    /// Whether the device itself stops until its storage works again, rather than just refusing what was asked for.
    pub const fn stops_device(&self) -> bool {
        matches!(self, Self::StorageFull | Self::StorageFailed | Self::StorageUnread | Self::StorageDamaged)
    }
}

fn bad_code(word: Option<&str>, nearest: Option<&str>) -> String {
    let Some(word) = word else {
        return "That is not a code. A code is a number and two words, such as 4-purple-cactus.".into();
    };
    let meant = nearest.map(|near| format!(" Did you mean “{near}”?")).unwrap_or_default();
    format!("No code has the word “{word}”.{meant} Look again at the other device.")
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;

    #[test]
    fn what_is_sent_to_a_screen_comes_back_from_there() {
        for problem in Problem::iter() {
            let text = serde_json::to_string(&problem).expect("it is made of strings and numbers");
            assert!(text.contains(&format!("\"{}\"", problem.code())), "{text}");
            assert_eq!(serde_json::from_str::<Problem>(&text).ok(), Some(problem));
        }
    }

    #[test]
    fn each_says_what_to_do_and_no_more() {
        for problem in Problem::iter() {
            let said = problem.to_string();
            assert!(said.ends_with('.') && said.len() < 400, "{said}");
        }
        let unknown = Problem::BadCode { word: Some("purpel".into()), nearest: Some("purple".into()) };
        assert_eq!(
            unknown.to_string(),
            "No code has the word “purpel”. Did you mean “purple”? Look again at the other device."
        );
        assert_eq!(
            Problem::TooLarge { bytes: 300 * 1024 + 1 }.to_string().split(';').next(),
            Some("This clip is 301 KiB")
        );
    }
}
