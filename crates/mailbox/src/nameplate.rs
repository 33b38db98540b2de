//! Nameplates: the number at the start of a typed code leads to the mailbox of its invite. Each number stands alone,
//! so nothing counts them all. This is only the rule; the shells keep the plates.

use hushclip_protocol::ids::MailboxId;

/// A taken nameplate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nameplate {
    /// Where it leads.
    pub mailbox: MailboxId,
    /// Until when, milliseconds since 1970.
    pub until_ms: u64,
}

impl Nameplate {
    /// Takes the plate for a mailbox, if it is free or already that mailbox's.
    pub fn take(current: Option<Self>, wanted: Self, now: u64) -> Option<Self> {
        let free = Self::find(current, now).is_none_or(|mailbox| mailbox == wanted.mailbox);
        free.then_some(wanted)
    }

    /// Where the plate leads now.
    pub fn find(current: Option<Self>, now: u64) -> Option<MailboxId> {
        current.filter(|plate| now < plate.until_ms).map(|plate| plate.mailbox)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plate_is_taken_once_until_it_is_free_again() {
        let plate = |byte, until_ms| Nameplate { mailbox: MailboxId::from_bytes([byte; 16]), until_ms };
        let first = Nameplate::take(None, plate(1, 100), 0);
        assert_eq!(first, Some(plate(1, 100)));
        assert_eq!(Nameplate::take(first, plate(2, 150), 99), None);
        assert_eq!(Nameplate::take(first, plate(1, 150), 99), Some(plate(1, 150)));
        assert_eq!(Nameplate::take(first, plate(2, 200), 100), Some(plate(2, 200)));
        assert_eq!((Nameplate::find(first, 99), Nameplate::find(first, 100)), (Some(plate(1, 0).mailbox), None));
        assert_eq!(Nameplate::find(None, 0), None);
    }
}
