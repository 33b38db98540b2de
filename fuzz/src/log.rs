//! Replay of the membership log: entries of a good log in any order, changed, or signed anew after a
//! change by a member that lies.

use hushclip_protocol::codec;
use hushclip_protocol::ids::{BoxPk, DeviceId, Hash, SignPk};
use hushclip_protocol::limits;
use hushclip_protocol::log::{Action, Entry, Grant, Membership, SealedList, SignedEntry};

use crate::account::{ACCOUNT, Account};
use crate::input::Input;

const MOST_STEPS: usize = 24;

pub(crate) fn replay(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let account = &*ACCOUNT;
    // Behind the first entry, or before it.
    let mut state = match input.below(account.states.len() + 1) {
        0 => None,
        n => Some(account.states[n - 1].clone()),
    };
    for _ in 0..MOST_STEPS {
        if input.is_empty() {
            return;
        }
        step(account, &mut state, &mut input);
    }
}

fn step(account: &Account, state: &mut Option<Membership>, input: &mut Input) {
    let next = state.as_ref().map_or(0, |state| state.seq() as usize + 1);
    let index = if input.flag() { next } else { input.below(account.chain.len()) }.min(account.chain.len() - 1);
    let mut signed = account.chain[index].clone();
    let mut resigned = false;
    match input.byte() % 8 {
        0 | 1 => {}
        2 => input.mutate(&mut signed.entry),
        3 => input.mutate(&mut signed.sealed),
        4 => {
            let mut bytes = codec::encode(&signed);
            input.mutate(&mut bytes);
            let Ok(changed) = codec::decode(&bytes, SignedEntry::BYTES) else { return };
            signed = changed;
        }
        5 => signed.sealed = account.chain[input.below(account.chain.len())].sealed.clone(),
        _ => {
            signed = lie(account, state.as_ref(), &signed, input);
            resigned = true;
        }
    }
    let before = state.clone();
    let accepted = match state.as_mut() {
        None => match Membership::genesis(&signed) {
            Ok(first) => {
                *state = Some(first);
                true
            }
            Err(_) => false,
        },
        Some(state) => state.apply(&signed).is_ok(),
    };
    if !accepted {
        assert_eq!(*state, before, "a refused entry changes nothing");
        return;
    }
    let after = state.as_ref().expect("accepted");
    assert_eq!(after.head(), signed.hash());
    assert!((1..=limits::DEVICES).contains(&after.members().len()));
    assert!(after.members().all(|(id, member)| !member.box_pk.is_low_order() && after.removed(id).is_none()));
    if let Some(before) = before {
        assert_eq!((after.seq(), after.epoch()), (before.seq() + 1, before.epoch() + 1));
        assert_eq!(after.account(), before.account());
    } else {
        assert_eq!((after.seq(), after.epoch()), (0, 0));
    }
    if !resigned {
        assert!(account.chain.contains(&signed), "nobody signed this");
    }
}

/// An entry with a field that is not as it was, signed by a device of the account or by a stranger.
fn lie(account: &Account, state: Option<&Membership>, signed: &SignedEntry, input: &mut Input) -> SignedEntry {
    let mut entry: Entry = signed.decode_entry().expect("a good one");
    let mut sealed = signed.sealed.clone();
    if let Some(state) = state {
        // In its place, so that what follows is looked at.
        (entry.account, entry.seq, entry.prev) = (state.account(), state.seq() + 1, state.head());
        let grant = Grant { epoch: state.epoch() + 1, ..entry.action.grant().clone() };
        entry.action = with_grant(entry.action, grant);
    }
    let liar = &account.devices[input.below(account.devices.len())];
    entry.author = liar.device_id();
    for _ in 0..input.byte() % 3 {
        match input.byte() % 9 {
            0 => entry.seq = input.odd_number(entry.seq),
            1 => {
                let epoch = input.odd_number(entry.action.grant().epoch);
                entry.action = with_grant(entry.action.clone(), Grant { epoch, ..entry.action.grant().clone() });
            }
            2 => entry.version = input.odd_number(1) as u16,
            3 => entry.author = account.devices[input.below(4)].device_id(),
            4 => {
                let device = account.devices[input.below(4)].device_id();
                let last_counter = input.odd_number(7);
                entry.action = Action::RemoveDevice { device, last_counter, grant: entry.action.grant().clone() };
            }
            5 => {
                let box_pk = if input.flag() { BoxPk::from_bytes([0; 32]) } else { account.devices[3].box_pk() };
                entry.action = Action::Rekey { box_pk, grant: entry.action.grant().clone() };
            }
            6 => {
                let (sign_pk, box_pk) = (SignPk::from_bytes([1; 32]), BoxPk::from_bytes([input.byte(); 32]));
                let name = input.take(300).to_vec().into();
                entry.action = Action::Genesis { sign_pk, box_pk, name, grant: entry.action.grant().clone() };
            }
            7 => entry.prev = Hash::from_bytes([input.byte(); 32]),
            _ => {
                // The list for the members as they would be, or nearly.
                let ids: Vec<DeviceId> = state.map_or_else(Vec::new, |s| s.members().map(|(id, _)| *id).collect());
                let mut list = SealedList::decode(&sealed).unwrap_or(SealedList(Vec::new()));
                let pattern = list.0.first().cloned();
                list.0 = ids
                    .into_iter()
                    .filter_map(|device| Some(hushclip_protocol::log::SealedFor { device, ..pattern.clone()? }))
                    .collect();
                if input.flag() {
                    list.0.pop();
                }
                sealed = list.encode().into();
            }
        }
    }
    if input.flag() {
        let sealed_hash = SealedList::hash(&sealed);
        entry.action = with_grant(entry.action.clone(), Grant { sealed_hash, ..entry.action.grant().clone() });
    }
    let bytes = codec::encode(&entry);
    let signature = liar.sign(&SignedEntry::message(&bytes));
    SignedEntry { entry: bytes.into(), signature, sealed }
}

fn with_grant(action: Action, grant: Grant) -> Action {
    match action {
        Action::Genesis { sign_pk, box_pk, name, .. } => Action::Genesis { sign_pk, box_pk, name, grant },
        Action::AddDevice { sign_pk, box_pk, transcript, proof, name, .. } => {
            Action::AddDevice { sign_pk, box_pk, transcript, proof, name, grant }
        }
        Action::RemoveDevice { device, last_counter, .. } => Action::RemoveDevice { device, last_counter, grant },
        Action::Rotate { .. } => Action::Rotate { grant },
        Action::Rekey { box_pk, .. } => Action::Rekey { box_pk, grant },
        Action::Memo { topic, bytes, .. } => Action::Memo { grant, topic, bytes },
    }
}
