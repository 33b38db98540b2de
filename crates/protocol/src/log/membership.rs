//! What a verified log says: the devices, the epoch, the head.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use thiserror::Error;

use super::entry::{Action, Entry, Grant, SealedList, SignedEntry, possession_message};
use crate::codec::CodecError;
use crate::ids::{AccountId, BoxPk, DeviceId, Hash, SignPk};
use crate::{VERSION, limits, signature};

/// A device in the account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Member {
    /// Signing key.
    #[n(0)]
    pub sign_pk: SignPk,
    /// Box key, the newest.
    #[n(1)]
    pub box_pk: BoxPk,
    /// Name, sealed under `name_epoch`.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub name: Vec<u8>,
    /// The epoch the name is sealed under.
    #[n(3)]
    pub name_epoch: u64,
}

/// A device that is no longer in the account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Removed {
    /// Signing key, to verify what it sent before.
    #[n(0)]
    pub sign_pk: SignPk,
    /// The greatest counter that is still accepted from it.
    #[n(1)]
    pub last_counter: u64,
    /// Position of the entry that removed it.
    #[n(2)]
    pub seq: u64,
}

/// What one entry changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A device joined.
    Added(DeviceId),
    /// A device was removed.
    Removed(DeviceId),
    /// Only the epoch changed, and with it perhaps the box key of the author.
    Rotated,
}

/// A change that has been checked but not made yet.
enum Step {
    Add(DeviceId, Member),
    Remove(DeviceId, Removed),
    /// The author's new box key, if it has one.
    Rotate(Option<BoxPk>),
}

/// Why an entry was refused. The log is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LogError {
    /// Not an entry.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// Another protocol version.
    #[error("unsupported version {0}")]
    Version(u16),
    /// Names another account, position or predecessor.
    #[error("the entry does not continue this log")]
    NotNext,
    /// The author is not a member.
    #[error("the author is not a member")]
    NotAMember,
    /// The author's signature is wrong.
    #[error("the author's signature does not verify")]
    BadSignature,
    /// The joiner's proof is wrong.
    #[error("the joiner's proof of possession does not verify")]
    BadProof,
    /// Not the next epoch.
    #[error("not the next epoch")]
    BadEpoch,
    /// The sealed list is not the one that the entry names, or is not for exactly the members.
    #[error("the sealed list does not match the entry or the members")]
    BadSealedList,
    /// The device is in the account already, or was before.
    #[error("the device is already known")]
    Known,
    /// The device to remove is not in the account.
    #[error("no such device")]
    Unknown,
    /// The account has as many devices as it may.
    #[error("too many devices")]
    TooManyDevices,
    /// The last device cannot be removed.
    #[error("the last device cannot be removed")]
    LastDevice,
    /// The author removes itself, and would know the secret of the epoch after its removal.
    #[error("a device cannot remove itself")]
    OwnRemoval,
    /// Nothing can be sealed to this key, so no epoch could start while its owner is in the account.
    #[error("the box key is of low order")]
    WeakKey,
    /// A sealed name is too long.
    #[error("the sealed name is too long")]
    NameTooLong,
    /// A memo is too long.
    #[error("the memo is too long")]
    MemoTooLong,
}

/// Longest sealed device name.
const SEALED_NAME_BYTES: usize = 256;

/// The state of a verified log. Its encoding is for the disk of whoever verified it, never for others: reading one
/// means taking the writer's word for the whole log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Membership {
    #[n(0)]
    account: AccountId,
    #[n(1)]
    seq: u64,
    #[n(2)]
    head: Hash,
    #[n(3)]
    epoch: u64,
    #[n(4)]
    commit: Hash,
    #[n(5)]
    members: BTreeMap<DeviceId, Member>,
    /// The ones that were removed last, so that the state stays bounded however long the log is.
    #[n(6)]
    removed: BTreeMap<DeviceId, Removed>,
}

impl Membership {
    /// Longest encoding.
    pub const BYTES: usize = 48 * 1024;

    /// Whether a device that knows `log_seq` entries after the first may be named in entries that this log lacks.
    pub fn is_behind(&self, device: &DeviceId, log_seq: u64) -> bool {
        log_seq > self.seq && !self.members.contains_key(device) && !self.removed.contains_key(device)
    }

    /// Verifies a first entry. The account is its hash: the caller compares it with the one expected.
    pub fn genesis(signed: &SignedEntry) -> Result<Self, LogError> {
        let entry = signed.decode_entry()?;
        check_version(&entry)?;
        if entry.account != AccountId::ZERO || entry.seq != 0 || entry.prev != Hash::ZERO {
            return Err(LogError::NotNext);
        }
        let Action::Genesis { sign_pk, box_pk, name, grant } = &entry.action else {
            return Err(LogError::NotNext);
        };
        if entry.author != DeviceId::derive(sign_pk, box_pk) {
            return Err(LogError::NotAMember);
        }
        check_signature(signed, sign_pk)?;
        if grant.epoch != 0 {
            return Err(LogError::BadEpoch);
        }
        let member = new_member(sign_pk, box_pk, name, grant)?;
        let mut members = BTreeMap::new();
        members.insert(entry.author, member);
        check_sealed(signed, grant, members.keys())?;
        let head = signed.hash();
        Ok(Self {
            account: AccountId::from_bytes(*head.as_bytes()),
            seq: 0,
            head,
            epoch: 0,
            commit: grant.commit,
            members,
            removed: BTreeMap::new(),
        })
    }

    /// Verifies the next entry and applies it.
    pub fn apply(&mut self, signed: &SignedEntry) -> Result<Change, LogError> {
        let entry = signed.decode_entry()?;
        check_version(&entry)?;
        if entry.account != self.account || Some(entry.seq) != self.seq.checked_add(1) || entry.prev != self.head {
            return Err(LogError::NotNext);
        }
        let author = self.members.get(&entry.author).ok_or(LogError::NotAMember)?;
        check_signature(signed, &author.sign_pk)?;
        let grant = entry.action.grant();
        if Some(grant.epoch) != self.epoch.checked_add(1) {
            return Err(LogError::BadEpoch);
        }
        let step = self.check_action(&entry)?;
        let mut after: Vec<_> = self.members.keys().copied().collect();
        match &step {
            Step::Add(device, _) => {
                let at = after.partition_point(|known| known < device);
                after.insert(at, *device);
            }
            Step::Remove(gone, _) => after.retain(|device| device != gone),
            Step::Rotate(_) => {}
        }
        check_sealed(signed, grant, after.iter())?;
        let change = self.take(entry.author, step);
        (self.seq, self.head) = (entry.seq, signed.hash());
        (self.epoch, self.commit) = (grant.epoch, grant.commit);
        Ok(change)
    }

    /// Checks the action's own rules. Nothing is changed before everything is verified.
    fn check_action(&self, entry: &Entry) -> Result<Step, LogError> {
        match &entry.action {
            Action::Genesis { .. } => Err(LogError::NotNext),
            Action::AddDevice { sign_pk, box_pk, transcript, proof, name, grant } => {
                let device = DeviceId::derive(sign_pk, box_pk);
                if self.members.contains_key(&device) || self.removed.contains_key(&device) {
                    return Err(LogError::Known);
                }
                if self.members.len() >= limits::DEVICES {
                    return Err(LogError::TooManyDevices);
                }
                let message = possession_message(transcript, sign_pk, box_pk);
                if !signature::verify(sign_pk, &message, proof) {
                    return Err(LogError::BadProof);
                }
                Ok(Step::Add(device, new_member(sign_pk, box_pk, name, grant)?))
            }
            Action::RemoveDevice { device, last_counter, .. } => {
                let member = self.members.get(device).ok_or(LogError::Unknown)?;
                if self.members.len() == 1 {
                    return Err(LogError::LastDevice);
                }
                if *device == entry.author {
                    return Err(LogError::OwnRemoval);
                }
                let removed = Removed { sign_pk: member.sign_pk, last_counter: *last_counter, seq: entry.seq };
                Ok(Step::Remove(*device, removed))
            }
            Action::Memo { bytes, .. } if bytes.len() > limits::MEMO_BYTES => Err(LogError::MemoTooLong),
            Action::Rotate { .. } | Action::Memo { .. } => Ok(Step::Rotate(None)),
            Action::Rekey { box_pk, .. } if box_pk.is_low_order() => Err(LogError::WeakKey),
            Action::Rekey { box_pk, .. } => Ok(Step::Rotate(Some(*box_pk))),
        }
    }

    fn take(&mut self, author: DeviceId, step: Step) -> Change {
        match step {
            Step::Add(device, member) => {
                self.members.insert(device, member);
                Change::Added(device)
            }
            Step::Remove(device, removed) => {
                self.members.remove(&device);
                self.removed.insert(device, removed);
                if self.removed.len() > limits::REMOVED
                    && let Some(oldest) = self.removed.iter().min_by_key(|(_, removed)| removed.seq).map(|(id, _)| *id)
                {
                    self.removed.remove(&oldest);
                }
                Change::Removed(device)
            }
            Step::Rotate(box_pk) => {
                if let (Some(box_pk), Some(member)) = (box_pk, self.members.get_mut(&author)) {
                    member.box_pk = box_pk;
                }
                Change::Rotated
            }
        }
    }

    /// The account.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Position of the newest entry.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Hash of the newest entry.
    pub const fn head(&self) -> Hash {
        self.head
    }

    /// The current epoch.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Commitment to the current epoch's secret.
    pub const fn commit(&self) -> Hash {
        self.commit
    }

    /// A member by its identifier.
    pub fn member(&self, device: &DeviceId) -> Option<&Member> {
        self.members.get(device)
    }

    /// All members, in ascending order of identifier.
    pub fn members(&self) -> impl ExactSizeIterator<Item = (&DeviceId, &Member)> {
        self.members.iter()
    }

    /// A removed device by its identifier.
    pub fn removed(&self, device: &DeviceId) -> Option<&Removed> {
        self.removed.get(device)
    }
}

fn check_version(entry: &Entry) -> Result<(), LogError> {
    if entry.version == VERSION { Ok(()) } else { Err(LogError::Version(entry.version)) }
}

fn check_signature(signed: &SignedEntry, key: &SignPk) -> Result<(), LogError> {
    if signature::verify(key, &SignedEntry::message(&signed.entry), &signed.signature) {
        Ok(())
    } else {
        Err(LogError::BadSignature)
    }
}

fn check_sealed<'a>(
    signed: &SignedEntry,
    grant: &Grant,
    members: impl Iterator<Item = &'a DeviceId>,
) -> Result<(), LogError> {
    if SealedList::hash(&signed.sealed) != grant.sealed_hash {
        return Err(LogError::BadSealedList);
    }
    let list = SealedList::decode(&signed.sealed)?;
    if list.0.iter().map(|s| &s.device).eq(members) { Ok(()) } else { Err(LogError::BadSealedList) }
}

fn new_member(sign_pk: &SignPk, box_pk: &BoxPk, name: &[u8], grant: &Grant) -> Result<Member, LogError> {
    if name.len() > SEALED_NAME_BYTES {
        return Err(LogError::NameTooLong);
    }
    if box_pk.is_low_order() {
        return Err(LogError::WeakKey);
    }
    Ok(Member { sign_pk: *sign_pk, box_pk: *box_pk, name: name.to_vec(), name_epoch: grant.epoch })
}
