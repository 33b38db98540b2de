//! How devices get into an account: one invites, the other joins, and a person makes sure that these are the two that
//! are meant.

use crate::client::{Client, gone};
use crate::device::Ask;
use crate::error::{Error, Result};
use crate::event::Status;
use hushclip_model::view::{Connection, DeviceView, InviteView, Stage};
use hushclip_model::{Command, Outcome, Problem};

/// An open invite. It stays open when this is dropped, until it expires or another one takes its place.
#[derive(Debug)]
pub struct Invite {
    client: Client,
    id: String,
    secret: Secret,
    expires_at: u64,
}

/// A device that is asking to be let in.
#[derive(Debug)]
pub struct JoinRequest {
    client: Client,
    invite: String,
    name: String,
    device: Option<String>,
}

/// A device on its way into an account.
#[derive(Debug)]
pub struct Joining {
    client: Client,
}

/// Something that must not appear in a log.
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Client {
    /// Opens an invite and waits until the relay has it. It replaces one that is open.
    pub async fn invite(&self) -> Result<Invite> {
        self.open_invite(Command::Invite).await
    }

    /// The same with a short code, to be typed or read out, instead of a link.
    pub async fn invite_by_code(&self) -> Result<Invite> {
        self.open_invite(Command::InviteByCode).await
    }

    async fn open_invite(&self, command: Command) -> Result<Invite> {
        self.command(command).await?;
        // The device tells how things stand before it answers.
        let invite = self.status().view.invite.map(|invite| invite.id);
        let opened = self.until(|status| {
            let is_ours = |open: &&InviteView| Some(&open.id) == invite.as_ref();
            let Some(invite) = status.view.invite.as_ref().filter(is_ours) else { return Some(Err(why_not(status))) };
            let secret = invite.secret.clone().map(Secret);
            let open = secret.map(|secret| (invite.id.clone(), secret, invite.expires_at));
            if open.is_none() && matches!(status.view.connection, Connection::Waiting { .. }) {
                return Some(Err(Error::Unreachable(status.trouble.clone())));
            }
            open.map(Ok).or_else(|| gone(status).map(Err))
        });
        match opened.await {
            Ok((id, secret, expires_at)) => Ok(Invite { client: self.clone(), id, secret, expires_at }),
            Err(error) => {
                if let Some(invite) = invite {
                    self.of_invite(invite, None, Command::CancelInvite).await?;
                }
                Err(error)
            }
        }
    }

    /// Starts joining the account that a pairing link leads to, under a name that the others will show.
    pub async fn join(&self, link: &str, name: &str) -> Result<Joining> {
        self.start_join(Command::Join { link: link.into(), name: name.into() }).await
    }

    /// The same for a link that leads to a relay other than the page it is from, once a person has named that relay.
    pub async fn join_at(&self, relay: &str, link: &str, name: &str) -> Result<Joining> {
        self.start_join(Command::JoinAt { relay: relay.into(), link: link.into(), name: name.into() }).await
    }

    /// Starts joining with a typed code, which does not say where the relay is.
    pub async fn join_by_code(&self, relay: &str, code: &str, name: &str) -> Result<Joining> {
        self.start_join(Command::JoinByCode { relay: relay.into(), code: code.into(), name: name.into() }).await
    }

    /// Asks for something about an invite, if that is still the one that is open; whether it was.
    async fn of_invite(&self, invite: String, device: Option<String>, command: Command) -> Result<bool> {
        match self.ask(|reply| Ask::OfInvite { invite, device, command, reply }).await? {
            Some(Outcome::Refused { problem }) => Err(problem.into()),
            outcome => Ok(outcome.is_some()),
        }
    }

    async fn start_join(&self, command: Command) -> Result<Joining> {
        self.command(command).await?;
        Ok(Joining { client: self.clone() })
    }
}

impl Invite {
    /// The pairing link, or the code. Anyone who has it can ask to be let in, so it goes to the new device and nowhere
    /// else.
    pub fn secret(&self) -> &str {
        &self.secret.0
    }

    /// When it stops working, milliseconds since 1970.
    pub const fn expires_at(&self) -> u64 {
        self.expires_at
    }

    /// Waits until a device asks to be let in.
    pub async fn request(&self) -> Result<JoinRequest> {
        let asked = |status: &Status| match this_invite(status, &self.id) {
            Some(InviteView { request: Some(name), device, .. }) => Some(Ok((name.clone(), device.clone()))),
            Some(_) => gone(status).map(Err),
            None => Some(Err(why_not(status))),
        };
        let (name, device) = self.client.until(asked).await?;
        Ok(JoinRequest { client: self.client.clone(), invite: self.id.clone(), name, device })
    }

    /// Ends it, if it is still open.
    pub async fn cancel(self) -> Result<()> {
        self.client.of_invite(self.id, None, Command::CancelInvite).await.map(drop)
    }
}

impl JoinRequest {
    /// What the device calls itself. Anyone who has the link can choose that.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Lets the device in, and waits until it is in the account. The six digits are the ones it shows: a person reads
    /// them there, so that nobody in the middle is let in. Without them, whoever used the link first is let in.
    ///
    /// The first two wrong tries fail with [`Problem::DigitsDiffer`]; the third, with [`Problem::WrongDigits`], turns
    /// the device away.
    /// `share_history`: whether it may read what the relay holds from before it joined.
    pub async fn approve(&self, digits: Option<&str>, share_history: bool) -> Result<DeviceView> {
        let digits = digits.map(str::to_owned);
        let before = self.client.status().view.problem;
        let (invite, device) = (self.invite.clone(), self.device.clone());
        if !self.client.of_invite(invite, device, Command::Approve { digits, share_history }).await? {
            return Err(Error::Cancelled);
        }
        self.client
            .until(|status| {
                let is_meant = |one: &&DeviceView| !one.own && Some(&one.id) == self.device.as_ref();
                if let Some(newcomer) = status.view.devices.iter().find(is_meant) {
                    return Some(Ok(newcomer.clone()));
                }
                let failed = status.view.problem.clone().filter(|problem| Some(problem) != before.as_ref());
                let failed = failed.filter(ends_invite).map(Error::from);
                failed.or_else(|| gone(status)).map(Err)
            })
            .await
    }

    /// Turns it away.
    pub async fn refuse(self) -> Result<()> {
        self.client.of_invite(self.invite, self.device, Command::Refuse).await.map(drop)
    }
}

impl Joining {
    /// The six digits to type on the inviting device, as soon as both have them; `None` if it lets this device in
    /// without them.
    pub async fn digits(&self) -> Result<Option<String>> {
        self.client
            .until(|status| {
                let digits = status.view.joining.as_ref().and_then(|joining| joining.digits.clone());
                match status.view.stage {
                    Stage::Member => Some(Ok(None)),
                    _ => digits.map(|digits| Ok(Some(digits))).or_else(|| failed(status).map(Err)),
                }
            })
            .await
    }

    /// Waits until this device is in the account and has everything at the relay that it may read. A relay that cannot be
    /// reached is retried for as long as the invite may be open.
    pub async fn done(&self) -> Result<()> {
        self.client
            .until(|status| match (status.view.stage, status.view.connection) {
                (Stage::Member, Connection::Online) => Some(Ok(())),
                _ => failed(status).map(Err),
            })
            .await
    }

    /// Stops trying.
    pub async fn cancel(self) -> Result<()> {
        self.client.command(Command::CancelJoin).await.map(drop)
    }
}

fn this_invite<'a>(status: &'a Status, id: &str) -> Option<&'a InviteView> {
    status.view.invite.as_ref().filter(|invite| invite.id == id)
}

/// Why the invite is gone: [`Error::Cancelled`] where nothing else is known, as when it has expired.
fn why_not(status: &Status) -> Error {
    let problem = status.view.problem.clone().filter(ends_invite);
    gone(status).or_else(|| problem.map(Error::from)).unwrap_or(Error::Cancelled)
}

/// Whether a problem is about an invite, and the end of it.
fn ends_invite(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::InviteUnopened
            | Problem::InviteWithdrawn
            | Problem::InviteUnanswered { .. }
            | Problem::InviteUnfinished { .. }
            | Problem::BadNewcomerName
            | Problem::PairingDisturbed
            | Problem::WrongDigits
            | Problem::WrongCode
            | Problem::CodeVoid
            | Problem::TooManyInvites
    )
}

/// Why this device will not get in.
fn failed(status: &Status) -> Option<Error> {
    match status.view.stage {
        Stage::New | Stage::Removed => Some(status.view.problem.clone().map_or(Error::Cancelled, Error::from)),
        _ => gone(status),
    }
}
