//! Invites: opened by a member, claimed once, and a letter box between inviter and joiner.

use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{InviteNote, InviteStep, ToDevice, ToRelay};
use hushclip_protocol::ids::{Claim, ConnId, DeviceId, InviteId, JoinToken};
use hushclip_protocol::{label, limits};

use crate::session::State;
use crate::store::InviteRow;
use crate::{Mailbox, Room, Store};

impl<S: Store> Mailbox<S> {
    pub(crate) fn open_invite(&mut self, conn: ConnId, device: DeviceId, frame: ToRelay) -> Result<(), ErrorCode> {
        let ToRelay::InviteOpen { invite, claim_hash, offer, again } = frame else { return Err(ErrorCode::BadFrame) };
        check_message(&offer)?;
        let row = match self.invites.get(&invite) {
            Some(row) if row.inviter == device && row.claim_hash == claim_hash => row.clone(),
            Some(_) => return Err(ErrorCode::InviteUsed),
            None if again => return Err(ErrorCode::InviteGone),
            None if self.room == Room::Nothing => return Err(ErrorCode::RelayFull),
            None if self.open_invites() >= limits::INVITES => return Err(ErrorCode::TooManyInvites),
            None => {
                let mut row = InviteRow {
                    invite,
                    claim_hash,
                    inviter: device,
                    expires_ms: self.now + limits::INVITE_MS,
                    token: None,
                    notes: [const { Vec::new() }; 5].map(Into::into),
                    nameplate: None,
                };
                row.notes[slot(InviteStep::Offer)] = offer;
                self.put_invite(&row)?;
                row
            }
        };
        self.send(conn, &ToDevice::InviteOpened { invite, expires_ms: row.expires_ms });
        self.send_request(conn, &row);
        Ok(())
    }

    /// Sends what the inviter has to answer; nothing, once it has said its last word.
    pub(crate) fn send_request(&mut self, conn: ConnId, row: &InviteRow) {
        if !row.is_completed() {
            self.send_note(conn, row, InviteStep::Request);
        }
    }

    pub(crate) fn cancel_invite(&mut self, device: DeviceId, invite: InviteId) -> Result<(), ErrorCode> {
        let row = self.invite(&invite)?;
        if row.inviter != device {
            return Err(ErrorCode::InviteGone);
        }
        self.end_invite(&row)?;
        Ok(())
    }

    pub(crate) fn claim(
        &mut self,
        conn: ConnId,
        invite: InviteId,
        claim: &Claim,
        token: JoinToken,
    ) -> Result<(), ErrorCode> {
        let row = self.invite(&invite)?;
        if label::hash(label::CLAIM, &[claim.as_bytes()]) != row.claim_hash {
            if self.rates.failed_claim(invite, self.now).is_err() {
                self.close(conn, CloseCode::RateLimited);
                return Ok(());
            }
            return Err(ErrorCode::InviteGone);
        }
        self.admit_joiner(conn, row, token)
    }

    /// Lets the holder of the token have the invite, and nobody after that.
    pub(crate) fn admit_joiner(&mut self, conn: ConnId, mut row: InviteRow, token: JoinToken) -> Result<(), ErrorCode> {
        let invite = row.invite;
        match row.token {
            Some(known) if known != token => return Err(ErrorCode::InviteUsed),
            Some(_) => {}
            None => {
                row.token = Some(token);
                self.put_invite(&row)?;
            }
        }
        if let Some(session) = self.sessions.get_mut(&conn) {
            session.state = State::Joiner { invite };
        }
        self.attach(conn);
        for step in [InviteStep::Offer, InviteStep::Reveal, InviteStep::Welcome, InviteStep::Refuse] {
            self.send_note(conn, &row, step);
        }
        Ok(())
    }

    /// Takes a joiner's frames: nothing but its request.
    pub(crate) fn joiner_frame(&mut self, conn: ConnId, invite: InviteId, frame: ToRelay) -> Result<(), ErrorCode> {
        let ToRelay::InviteNote(note) = frame else { return Err(ErrorCode::BadFrame) };
        if note.invite != invite || note.step != InviteStep::Request {
            return Err(ErrorCode::BadFrame);
        }
        let mut row = self.invite(&invite)?;
        // The first request stands: the inviter answers one joiner only.
        if row.notes[slot(note.step)].is_empty() {
            self.keep_note(&mut row, &note)?;
        }
        for step in [InviteStep::Reveal, InviteStep::Welcome, InviteStep::Refuse] {
            self.send_note(conn, &row, step);
        }
        let inviter = row.inviter;
        let bytes = row.notes[slot(InviteStep::Request)].clone();
        self.tell_device(&inviter, &ToDevice::InviteNote(InviteNote { bytes, ..note }));
        Ok(())
    }

    pub(crate) fn inviter_note(&mut self, device: DeviceId, note: InviteNote) -> Result<(), ErrorCode> {
        if let InviteStep::Other(_) = note.step {
            return Err(ErrorCode::BadFrame);
        }
        let mut row = self.invite(&note.invite)?;
        if row.inviter != device || note.step <= InviteStep::Request {
            return Err(ErrorCode::InviteGone);
        }
        if note.step == InviteStep::Welcome {
            // The joiner is in the log by now and its phone may be asleep: only it can still claim.
            row.expires_ms = row.expires_ms.max(self.now + limits::WELCOME_MS);
        }
        self.keep_note(&mut row, &note)?;
        let joiners: Vec<_> = self
            .sessions
            .values()
            .filter(|s| matches!(s.state, State::Joiner { invite } if invite == note.invite))
            .map(|s| s.conn)
            .collect();
        for conn in joiners {
            self.send(conn, &ToDevice::InviteNote(note.clone()));
        }
        Ok(())
    }

    /// Drops expired invites; returns when the next one expires.
    pub(crate) fn expire_invites(&mut self) -> Option<u64> {
        let gone: Vec<_> = self.invites.values().filter(|row| row.expires_ms <= self.now).cloned().collect();
        for row in gone {
            // A row that cannot be deleted now is retried at the next event.
            let _ = self.end_invite(&row);
        }
        self.invites.values().map(|row| row.expires_ms).filter(|at| *at > self.now).min()
    }

    fn invite(&self, invite: &InviteId) -> Result<InviteRow, ErrorCode> {
        self.invites.get(invite).filter(|row| row.expires_ms > self.now).cloned().ok_or(ErrorCode::InviteGone)
    }

    /// Invites that nobody has come in through. Once there are as many as there can be devices, all count: a welcome
    /// waits for its joiner for a day.
    pub(crate) fn open_invites(&self) -> usize {
        let too_many = self.invites.len() >= limits::DEVICES;
        self.invites.values().filter(|row| too_many || !row.is_completed()).count()
    }

    pub(crate) fn put_invite(&mut self, row: &InviteRow) -> Result<(), ErrorCode> {
        self.store.put_invite(row)?;
        self.invites.insert(row.invite, row.clone());
        Ok(())
    }

    fn keep_note(&mut self, row: &mut InviteRow, note: &InviteNote) -> Result<(), ErrorCode> {
        check_message(&note.bytes)?;
        row.notes[slot(note.step)] = note.bytes.clone();
        self.put_invite(row)
    }

    pub(crate) fn end_invite(&mut self, row: &InviteRow) -> Result<(), ErrorCode> {
        self.store.delete_invite(&row.invite)?;
        self.invites.remove(&row.invite);
        let ended = ToDevice::InviteEnded { invite: row.invite };
        self.tell_device(&row.inviter, &ended);
        let joiners: Vec<_> = self
            .sessions
            .values()
            .filter(|s| matches!(s.state, State::Joiner { invite } if invite == row.invite))
            .map(|s| s.conn)
            .collect();
        for conn in joiners {
            self.send(conn, &ended);
            self.close(conn, CloseCode::SignInTimeout);
        }
        Ok(())
    }

    pub(crate) fn send_note(&mut self, conn: ConnId, row: &InviteRow, step: InviteStep) {
        let bytes = &row.notes[slot(step)];
        if !bytes.is_empty() {
            let note = InviteNote { invite: row.invite, step, bytes: bytes.clone() };
            self.send(conn, &ToDevice::InviteNote(note));
        }
    }
}

/// What inviter and joiner say to each other is sealed; its size is all that can be checked.
pub(crate) fn check_message(bytes: &[u8]) -> Result<(), ErrorCode> {
    match bytes.len() {
        0 => Err(ErrorCode::BadFrame),
        1..=limits::PAIRING_BYTES => Ok(()),
        _ => Err(ErrorCode::TooLarge),
    }
}

impl InviteRow {
    /// Whether somebody has come in through it.
    pub(crate) fn is_completed(&self) -> bool {
        !self.notes[slot(InviteStep::Welcome)].is_empty()
    }
}

/// Where a row keeps the message of a step that this version knows.
const fn slot(step: InviteStep) -> usize {
    step.number() as usize
}
