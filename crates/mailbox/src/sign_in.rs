//! From an open socket to a member or a joiner.

use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{Anchor, Challenge, Delivered, Hello, Limits, ToDevice, ToRelay, Welcome};
use hushclip_protocol::ids::{ConnId, DeviceId, Nonce};
use hushclip_protocol::{VERSION, limits, negotiate, signature, signin};

use crate::session::{Session, State};
use crate::{Mailbox, Store};

/// Longest authority that a device may have asked for.
const HOST_BYTES: usize = 255;

impl<S: Store> Mailbox<S> {
    pub(crate) fn opened(&mut self, session: Session) {
        self.expire_sockets();
        let (conn, nonce) = (session.conn, session.nonce);
        if session.host.len() > HOST_BYTES || !self.make_place() {
            return self.close(conn, CloseCode::TooManySockets);
        }
        self.sessions.insert(conn, session);
        self.attach(conn);
        self.send(conn, &ToDevice::Challenge(challenge(conn, nonce)));
    }

    /// Makes room for one more socket. The oldest of those that have not signed in goes first, joiners after the
    /// others, so that strangers cannot keep members out by holding sockets.
    fn make_place(&mut self) -> bool {
        if self.sessions.len() < limits::SOCKETS {
            return true;
        }
        let strangers = self.sessions.values().filter(|s| s.device().is_none());
        let Some(oldest) = strangers.min_by_key(|s| (matches!(s.state, State::Joiner { .. }), s.opened_ms)) else {
            return false;
        };
        self.close(oldest.conn, CloseCode::TooManySockets);
        true
    }

    pub(crate) fn sign_in_frame(&mut self, conn: ConnId, frame: ToRelay) -> Result<(), ErrorCode> {
        match frame {
            ToRelay::Hello(hello) => self.hello(conn, &hello),
            ToRelay::Register { entry, token } => self.register(conn, &entry, &token),
            ToRelay::Claim { versions, invite, claim, token } => {
                if negotiate(&versions).is_none() {
                    self.close(conn, CloseCode::Version);
                    return Ok(());
                }
                self.claim(conn, invite, &claim, token)
            }
            ToRelay::CodeClaim { versions, nameplate, token } => {
                if negotiate(&versions).is_none() {
                    self.close(conn, CloseCode::Version);
                    return Ok(());
                }
                self.claim_code(conn, nameplate, token)
            }
            ToRelay::LogAppend(entry) => {
                // Members have already heard of the newest one, and nobody else may have it sent to them again.
                let is_newest = self.membership.as_ref().is_some_and(|log| log.head() == entry.hash());
                if !is_newest {
                    self.append(&entry)?;
                }
                self.tell_log(conn);
                Ok(())
            }
            _ => {
                self.close(conn, CloseCode::SignInFirst);
                Ok(())
            }
        }
    }

    fn hello(&mut self, conn: ConnId, hello: &Hello) -> Result<(), ErrorCode> {
        let Some(version) = negotiate(&hello.versions) else {
            self.close(conn, CloseCode::Version);
            return Ok(());
        };
        let Some(membership) = &self.membership else { return Err(ErrorCode::UnknownAccount) };
        if hello.account == membership.account() && membership.is_behind(&hello.device, hello.log_seq) {
            return Err(ErrorCode::LogBehind);
        }
        let Some(session) = self.sessions.get_mut(&conn) else { return Ok(()) };
        let fresh = !session.answered && self.now.saturating_sub(session.opened_ms) <= limits::CHALLENGE_MS;
        session.answered = true;
        let message = signin::message(&session.host, &challenge(conn, session.nonce), hello);
        let signed_by =
            |key| fresh && hello.account == membership.account() && signature::verify(key, &message, &hello.signature);
        if let Some(removed) = membership.removed(&hello.device).filter(|removed| signed_by(&removed.sign_pk)) {
            let last = removed.seq;
            return self.show_removal(conn, hello.log_seq.saturating_add(1), last);
        }
        if !membership.member(&hello.device).is_some_and(|member| signed_by(&member.sign_pk)) {
            self.close(conn, CloseCode::NotAMember);
            return Ok(());
        }
        let (log_seq, log_head) = (membership.seq(), membership.head());
        let was_online = self.is_online(&hello.device);
        let resume_after = self.newest_common(&hello.anchors)?;
        if let Some(session) = self.sessions.get_mut(&conn) {
            session.was_sent(resume_after);
            session.state = State::Member { device: hello.device, acked: resume_after };
        }
        self.attach(conn);
        self.bound_sockets(conn, &hello.device);
        self.note_use();
        let news = self.note_acked(hello.device, resume_after);
        let welcome = Welcome {
            version,
            max_cursor: self.items.last_cursor,
            log_seq,
            log_head,
            time_ms: self.now,
            limits: Limits { item_bytes: self.policy.quota, ..Limits::CURRENT },
            online: self.online(),
            delivered: self.delivered(),
            push_key: self.push_key.clone().into(),
            resume_after,
            capabilities: None,
        };
        self.send(conn, &ToDevice::Welcome(welcome));
        if news {
            // Its ack was lost with the connection.
            let delivered = Delivered { device: hello.device, cursor: resume_after };
            self.tell_members(Some(conn), &ToDevice::Delivered(delivered));
        }
        if !was_online {
            self.tell_members(Some(conn), &ToDevice::Presence { device: hello.device, online: true });
        }
        Ok(())
    }

    /// A device that has more sockets than it may loses its oldest, so that no device takes the places of others.
    fn bound_sockets(&mut self, newest: ConnId, device: &DeviceId) {
        let others = self.sessions.values().filter(|s| s.device() == Some(device) && s.conn != newest);
        let mut others: Vec<_> = others.map(|s| (s.opened_ms, s.conn)).collect();
        if others.len() >= limits::SOCKETS_PER_DEVICE {
            others.sort_unstable();
            self.close(others[0].1, CloseCode::TooManySockets);
        }
    }

    /// The cursor of the newest of these items that this relay has stored in its current life; 0 if there is none.
    /// This is how a relay that was set back, or starts anew, finds where it left off with the device.
    fn newest_common(&self, anchors: &[Anchor]) -> Result<u64, ErrorCode> {
        for anchor in anchors.iter().rev().take(limits::ANCHORS) {
            let kept = self.store.item_rows(anchor.cursor.saturating_sub(1), 1)?;
            if kept.first().is_some_and(|row| (row.cursor, row.mark) == (anchor.cursor, anchor.mark)) {
                return Ok(anchor.cursor);
            }
        }
        Ok(0)
    }

    fn online(&self) -> Vec<DeviceId> {
        let mut online: Vec<_> = self.sessions.values().filter_map(|s| s.device().copied()).collect();
        online.sort_unstable();
        online.dedup();
        online
    }

    fn delivered(&self) -> Vec<Delivered> {
        self.acked.iter().map(|(device, acked)| Delivered { device: *device, cursor: acked.cursor }).collect()
    }
}

fn challenge(conn: ConnId, nonce: Nonce) -> Challenge {
    Challenge { versions: vec![VERSION], nonce, conn }
}
