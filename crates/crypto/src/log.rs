//! Writing the membership log and taking epoch secrets out of it. Verification is in
//! `hushclip_protocol::log`, shared with the relay.

use hushclip_protocol::VERSION;
use hushclip_protocol::codec;
use hushclip_protocol::ids::{AccountId, BoxPk, DeviceId, Hash, SealedSecret};
use hushclip_protocol::label;
use hushclip_protocol::log::{Action, Entry, Grant, Membership, SealedFor, SealedList, SignedEntry};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::OpenError;
use crate::epoch::EpochSecret;
use crate::keys::{BoxSk, DeviceKeys};
use crate::pairing::JoinRequest;
use crate::sealed_to;

const EPOCH_SECRET: &str = "hushclip/1 epoch-secret";

/// The place of a new entry in its log.
struct Place {
    account: AccountId,
    seq: u64,
    prev: Hash,
    epoch: u64,
}

/// Creates an account whose first device has these keys.
pub fn make_genesis(
    keys: &DeviceKeys,
    name: &str,
    rng: &mut dyn CryptoRng,
) -> Result<(SignedEntry, EpochSecret), OpenError> {
    let place = Place { account: AccountId::ZERO, seq: 0, prev: Hash::ZERO, epoch: 0 };
    let secret = EpochSecret::make(rng);
    let device = keys.device_id();
    let (grant, sealed) = grant(&place, &secret, &[(device, keys.box_pk())], rng)?;
    let action = Action::Genesis {
        sign_pk: keys.sign_pk(),
        box_pk: keys.box_pk(),
        name: secret.derive_state_key(&place.account, 0).seal_name(&device, name, rng).into(),
        grant,
    };
    Ok((sign(keys, &place, action, sealed), secret))
}

/// Adds the device that asked, as the entry after `log`.
pub fn make_add_device(
    keys: &DeviceKeys,
    log: &Membership,
    request: &JoinRequest,
    rng: &mut dyn CryptoRng,
) -> Result<(SignedEntry, EpochSecret), OpenError> {
    let place = next(log);
    let secret = EpochSecret::make(rng);
    let joiner = request.device_id();
    let mut members: Vec<_> = log.members().map(|(id, m)| (*id, m.box_pk)).collect();
    members.push((joiner, request.box_pk));
    let (grant, sealed) = grant(&place, &secret, &members, rng)?;
    let action = Action::AddDevice {
        sign_pk: request.sign_pk,
        box_pk: request.box_pk,
        transcript: request.transcript,
        proof: request.proof,
        name: secret.derive_state_key(&place.account, place.epoch).seal_name(&joiner, &request.name, rng).into(),
        grant,
    };
    Ok((sign(keys, &place, action, sealed), secret))
}

/// Locks a device out, as the entry after `log`. `last_counter` is the greatest counter seen from it.
/// A device cannot remove itself: it would know the secret that the others get.
pub fn make_remove_device(
    keys: &DeviceKeys,
    log: &Membership,
    device: DeviceId,
    last_counter: u64,
    rng: &mut dyn CryptoRng,
) -> Result<(SignedEntry, EpochSecret), OpenError> {
    let place = next(log);
    let secret = EpochSecret::make(rng);
    let members: Vec<_> = log.members().filter(|(id, _)| **id != device).map(|(id, m)| (*id, m.box_pk)).collect();
    let (grant, sealed) = grant(&place, &secret, &members, rng)?;
    Ok((sign(keys, &place, Action::RemoveDevice { device, last_counter, grant }, sealed), secret))
}

/// A new key for the same devices, as the entry after `log`.
pub fn make_rotate(
    keys: &DeviceKeys,
    log: &Membership,
    rng: &mut dyn CryptoRng,
) -> Result<(SignedEntry, EpochSecret), OpenError> {
    let place = next(log);
    let secret = EpochSecret::make(rng);
    let members: Vec<_> = log.members().map(|(id, m)| (*id, m.box_pk)).collect();
    let (grant, sealed) = grant(&place, &secret, &members, rng)?;
    Ok((sign(keys, &place, Action::Rotate { grant }, sealed), secret))
}

/// A new box key for this device, and a new epoch for all, as the entry after `log`. Once the entry is in the log,
/// `boxed` is the device's only box key.
pub fn make_rekey(
    keys: &DeviceKeys,
    log: &Membership,
    boxed: &BoxSk,
    rng: &mut dyn CryptoRng,
) -> Result<(SignedEntry, EpochSecret), OpenError> {
    let place = next(log);
    let secret = EpochSecret::make(rng);
    let (own, box_pk) = (keys.device_id(), boxed.derive_pk());
    let members: Vec<_> = log.members().map(|(id, m)| (*id, if *id == own { box_pk } else { m.box_pk })).collect();
    let (grant, sealed) = grant(&place, &secret, &members, rng)?;
    Ok((sign(keys, &place, Action::Rekey { box_pk, grant }, sealed), secret))
}

/// Opens the secret of the epoch that `signed` starts, and checks it against the commitment.
/// The entry must already have been verified.
pub fn open_grant(keys: &DeviceKeys, signed: &SignedEntry) -> Result<EpochSecret, OpenError> {
    let entry = signed.decode_entry().map_err(|_| OpenError)?;
    let list = SealedList::decode(&signed.sealed).map_err(|_| OpenError)?;
    let device = keys.device_id();
    let sealed = list.0.iter().find(|s| s.device == device).ok_or(OpenError)?;
    let grant = entry.action.grant();
    let place = Place { account: entry.account, seq: entry.seq, prev: entry.prev, epoch: grant.epoch };
    let plain = Zeroizing::new(sealed_to::open(
        keys.box_sk(),
        None,
        &info(&place, &device),
        grant.commit.as_bytes(),
        &sealed.enc,
        sealed.secret.as_bytes(),
    )?);
    let secret = EpochSecret::from_bytes(plain.as_slice().try_into().map_err(|_| OpenError)?);
    if is_committed(&secret, &entry) { Ok(secret) } else { Err(OpenError) }
}

/// Whether this is the secret of the epoch that a verified entry starts, wherever it came from.
pub fn is_committed(secret: &EpochSecret, entry: &Entry) -> bool {
    let grant = entry.action.grant();
    secret.derive_commit(&entry.account, grant.epoch) == grant.commit
}

fn next(log: &Membership) -> Place {
    Place { account: log.account(), seq: log.seq() + 1, prev: log.head(), epoch: log.epoch() + 1 }
}

fn grant(
    place: &Place,
    secret: &EpochSecret,
    members: &[(DeviceId, BoxPk)],
    rng: &mut dyn CryptoRng,
) -> Result<(Grant, Vec<u8>), OpenError> {
    let commit = secret.derive_commit(&place.account, place.epoch);
    let mut list = Vec::with_capacity(members.len());
    for (device, box_pk) in members {
        let (enc, sealed) =
            sealed_to::seal(box_pk, None, &info(place, device), commit.as_bytes(), secret.expose(), rng)?;
        let secret = SealedSecret::from_bytes(sealed.as_slice().try_into().map_err(|_| OpenError)?);
        list.push(SealedFor { device: *device, enc, secret });
    }
    list.sort_unstable_by_key(|s| s.device);
    let sealed = SealedList(list).encode();
    Ok((Grant { epoch: place.epoch, commit, sealed_hash: SealedList::hash(&sealed) }, sealed))
}

fn info(place: &Place, recipient: &DeviceId) -> Vec<u8> {
    label::message(
        EPOCH_SECRET,
        &[
            place.account.as_bytes(),
            &place.seq.to_be_bytes(),
            &place.epoch.to_be_bytes(),
            place.prev.as_bytes(),
            recipient.as_bytes(),
        ],
    )
}

fn sign(keys: &DeviceKeys, place: &Place, action: Action, sealed: Vec<u8>) -> SignedEntry {
    let entry = codec::encode(&Entry {
        version: VERSION,
        account: place.account,
        seq: place.seq,
        prev: place.prev,
        author: keys.device_id(),
        action,
    });
    let signature = keys.sign(&SignedEntry::message(&entry));
    SignedEntry { entry: entry.into(), signature, sealed: sealed.into() }
}
