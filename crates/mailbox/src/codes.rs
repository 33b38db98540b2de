//! Invites by typed code: like other invites, but found by a nameplate, and claimed by whoever comes first, because
//! the words are for the two devices only. Whoever comes second ends the invite: one of the two was not meant to
//! come, and nobody here can tell which.

use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{Tag, ToDevice, ToRelay};
use hushclip_protocol::ids::{ConnId, DeviceId, Hash, InviteId, JoinToken};
use hushclip_protocol::limits;
use minicbor::bytes::ByteVec;

use crate::invites::check_message;
use crate::peer::Peer;
use crate::store::InviteRow;
use crate::{Mailbox, Reply, Room, Store};

/// An invite that is waiting for its nameplate. It is not stored: whoever is waiting asks again.
#[derive(Debug)]
pub(crate) struct Pending {
    conn: ConnId,
    row: InviteRow,
}

impl<S: Store> Mailbox<S> {
    pub(crate) fn open_code(&mut self, conn: ConnId, device: DeviceId, frame: ToRelay) -> Result<(), ErrorCode> {
        let ToRelay::CodeOpen { invite, nameplate, offer, again } = frame else { return Err(ErrorCode::BadFrame) };
        if !(1..=limits::NAMEPLATE).contains(&nameplate) {
            return Err(ErrorCode::BadFrame);
        }
        check_message(&offer)?;
        match self.invites.get(&invite) {
            Some(row) if row.inviter == device && row.nameplate == Some(nameplate) => {
                let row = row.clone();
                self.code_opened(conn, &row, nameplate);
                Ok(())
            }
            Some(_) => Err(ErrorCode::InviteUsed),
            None if again => Err(ErrorCode::InviteGone),
            None if self.room == Room::Nothing => Err(ErrorCode::RelayFull),
            None => {
                // Whoever asks again did not get the answer, so it is sought anew.
                self.pending.retain(|_, pending| pending.row.invite != invite || pending.row.inviter != device);
                if self.open_invites() + self.pending.len() >= limits::INVITES
                    || !self.rates.may_take_plate(self.id, nameplate, self.now)
                {
                    return Err(ErrorCode::TooManyInvites);
                }
                // Somebody in this account has this one, or is waiting for it.
                if self.plate_is_used(nameplate) {
                    return Err(ErrorCode::NameplateTaken);
                }
                if let Err(ms) = self.rates.take_plate_from(self.peer_of(&conn), self.now) {
                    self.refuse(conn, ErrorCode::RateLimited, ms, Tag::CodeOpen);
                    return Ok(());
                }
                let row = new_row(invite, device, nameplate, offer, self.now);
                let until_ms = row.expires_ms;
                self.pending.insert(nameplate, Pending { conn, row });
                self.replies.push(Reply::TakeNameplate { nameplate, until_ms });
                Ok(())
            }
        }
    }

    /// The shell's answer to [`Reply::TakeNameplate`].
    pub(crate) fn nameplate_answered(&mut self, nameplate: u32, taken: bool) {
        let Some(Pending { conn, row }) = self.pending.remove(&nameplate) else { return };
        if !taken {
            return self.refuse(conn, ErrorCode::NameplateTaken, 0, Tag::CodeOpen);
        }
        self.rates.plate_taken(self.id, nameplate, row.expires_ms, self.now);
        match self.put_invite(&row) {
            Ok(()) => self.code_opened(conn, &row, nameplate),
            Err(code) => self.refuse(conn, code, 0, Tag::CodeOpen),
        }
    }

    /// Whoever comes first gets the invite, and is recognized by their token. Whoever comes second ends it, unless
    /// the first is already in.
    pub(crate) fn claim_code(&mut self, conn: ConnId, nameplate: u32, token: JoinToken) -> Result<(), ErrorCode> {
        let behind = |row: &&InviteRow| row.nameplate == Some(nameplate) && row.expires_ms > self.now;
        let own = |row: &&InviteRow| row.token == Some(token);
        let open = |row: &&InviteRow| !row.is_completed();
        let rows = || self.invites.values().filter(behind);
        let claimed = rows().find(own);
        let row = claimed.or_else(|| rows().find(open)).cloned();
        // Requests to the number's own address are counted, but this mailbox has another address, where all numbers
        // could be tried.
        if claimed.is_none() && self.rates.guess(self.peer_of(&conn), self.now).is_err() {
            self.close(conn, CloseCode::RateLimited);
            return Ok(());
        }
        let Some(row) = row else { return Err(ErrorCode::InviteGone) };
        if row.token.is_some_and(|first| first != token) {
            self.end_invite(&row)?;
            return Err(ErrorCode::InviteUsed);
        }
        self.admit_joiner(conn, row, token)
    }

    fn peer_of(&self, conn: &ConnId) -> Peer {
        self.sessions.get(conn).map_or(Peer::Unknown, |session| session.peer)
    }

    fn plate_is_used(&self, nameplate: u32) -> bool {
        let open = |row: &InviteRow| row.nameplate == Some(nameplate) && row.expires_ms > self.now;
        self.pending.contains_key(&nameplate) || self.invites.values().any(open)
    }

    fn code_opened(&mut self, conn: ConnId, row: &InviteRow, nameplate: u32) {
        let opened = ToDevice::CodeOpened { invite: row.invite, nameplate, expires_ms: row.expires_ms };
        self.send(conn, &opened);
        self.send_request(conn, row);
    }
}

fn new_row(invite: InviteId, inviter: DeviceId, nameplate: u32, offer: ByteVec, now: u64) -> InviteRow {
    let mut notes = [const { Vec::new() }; 5].map(Into::into);
    notes[0] = offer;
    InviteRow {
        invite,
        // No claim hashes to this.
        claim_hash: Hash::ZERO,
        inviter,
        expires_ms: now + limits::INVITE_MS,
        token: None,
        notes,
        nameplate: Some(nameplate),
    }
}
