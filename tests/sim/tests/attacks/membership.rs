//! Attacks on the list of devices.

use hushclip_crypto::keys::{BoxSk, DeviceKeys};
use hushclip_crypto::log::{make_add_device, make_rekey, make_remove_device, make_rotate};
use hushclip_crypto::pairing::JoinRequest;
use hushclip_engine::Event;
use hushclip_model::Command;
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_protocol::ids::{BoxPk, Hash, SealedSecret, Signature};
use hushclip_protocol::log::{Action, SealedList, SignedEntry, possession_message};
use hushclip_sim::{Desk, Way};

use crate::craft::*;

/// What a joiner would have asked for, had anybody let it in.
fn request(joiner: &DeviceKeys) -> JoinRequest {
    let transcript = Hash::from_bytes([6; 32]);
    let proof = joiner.sign(&possession_message(&transcript, &joiner.sign_pk(), &joiner.box_pk()));
    JoinRequest { sign_pk: joiner.sign_pk(), box_pk: joiner.box_pk(), name: "thief".into(), transcript, proof }
}

/// The entry is taken in nowhere: not by a device, not by the relay; both go on.
fn refused(desk: &mut Desk, entry: &SignedEntry) {
    let before = (entries(desk, 1), desk.view(1).devices.len());
    desk.say_as(0, &ToRelay::LogAppend(entry.clone()));
    assert_eq!(entries(desk, 1), before.0, "the relay has appended it");
    show_entry(desk, 1, entry);
    assert_eq!(problem(desk, 1), "bad_log");
    assert_eq!((entries(desk, 1), desk.view(1).devices.len()), before);
    desk.event(1, Event::Online);
    goes_on(desk, 0, 1);
}

#[test]
fn attack_add_device_by_a_stranger() {
    let mut desk = Desk::paired(2);
    let thief = DeviceKeys::make(&mut rng());
    let (entry, _) = make_add_device(&thief, &log(&desk, 1), &request(&thief), &mut rng()).unwrap();
    refused(&mut desk, &entry);
}

#[test]
fn attack_add_device_in_the_name_of_a_member() {
    let mut desk = Desk::paired(2);
    let (thief, victim) = (DeviceKeys::make(&mut rng()), stolen_keys(&desk, 0).device_id());
    let (entry, _) = make_add_device(&thief, &log(&desk, 1), &request(&thief), &mut rng()).unwrap();
    let entry = changed(&thief, &entry, |entry| entry.author = victim);
    refused(&mut desk, &entry);
}

#[test]
fn attack_add_device_by_a_removed_device() {
    let mut desk = Desk::paired(3);
    let removed = stolen_keys(&desk, 2);
    let thief = DeviceKeys::make(&mut rng());
    desk.command(0, Command::RemoveDevice { device: removed.device_id().to_hex() });
    let (entry, _) = make_add_device(&removed, &log(&desk, 1), &request(&thief), &mut rng()).unwrap();
    refused(&mut desk, &entry);
}

#[test]
fn attack_add_device_without_proof_of_possession() {
    let mut desk = Desk::paired(2);
    let (member, thief) = (stolen_keys(&desk, 0), DeviceKeys::make(&mut rng()));
    let asked = JoinRequest { proof: Signature::from_bytes([0; 64]), ..request(&thief) };
    let (entry, _) = make_add_device(&member, &log(&desk, 1), &asked, &mut rng()).unwrap();
    refused(&mut desk, &entry);
}

#[test]
fn attack_add_device_with_the_proof_of_another_exchange() {
    let mut desk = Desk::paired(2);
    let (member, thief) = (stolen_keys(&desk, 0), DeviceKeys::make(&mut rng()));
    let asked = JoinRequest { transcript: Hash::from_bytes([7; 32]), ..request(&thief) };
    let (entry, _) = make_add_device(&member, &log(&desk, 1), &asked, &mut rng()).unwrap();
    refused(&mut desk, &entry);
}

#[test]
fn attack_add_device_with_a_box_key_of_low_order() {
    let mut desk = Desk::paired(2);
    let (member, thief) = (stolen_keys(&desk, 0), DeviceKeys::make(&mut rng()));
    let (entry, _) = make_add_device(&member, &log(&desk, 1), &request(&thief), &mut rng()).unwrap();
    let entry = changed(&member, &entry, |entry| {
        if let Action::AddDevice { box_pk, .. } = &mut entry.action {
            *box_pk = BoxPk::from_bytes([0; 32]);
        }
    });
    refused(&mut desk, &entry);
}

#[test]
fn attack_add_a_device_that_was_there_before() {
    let mut desk = Desk::paired(3);
    let (member, removed) = (stolen_keys(&desk, 0), stolen_keys(&desk, 2));
    desk.command(0, Command::RemoveDevice { device: removed.device_id().to_hex() });
    let (entry, _) = make_add_device(&member, &log(&desk, 1), &request(&removed), &mut rng()).unwrap();
    refused(&mut desk, &entry);
}

#[test]
fn attack_entry_of_another_account() {
    let mut desk = Desk::paired(2);
    let other = other_people();
    let foreign = {
        let keys = stolen_keys(&other, 0);
        make_rotate(&keys, &log(&other, 0), &mut rng()).unwrap().0
    };
    refused(&mut desk, &foreign);
}

#[test]
fn attack_old_entry_replayed_as_a_new_one() {
    let mut desk = Desk::paired(3);
    let old = entries(&desk, 1)[1].clone();
    refused(&mut desk, &old);
}

#[test]
fn attack_signature_made_for_something_else() {
    let mut desk = Desk::paired(2);
    let member = stolen_keys(&desk, 0);
    let (entry, _) = make_rotate(&member, &log(&desk, 1), &mut rng()).unwrap();
    // The member has signed these very bytes, but not as an entry.
    let plain = SignedEntry { signature: member.sign(&entry.entry), ..entry.clone() };
    refused(&mut desk, &plain);
    let labelled = hushclip_protocol::label::message(hushclip_protocol::label::ENVELOPE, &[&entry.entry]);
    refused(&mut desk, &SignedEntry { signature: member.sign(&labelled), ..entry });
}

#[test]
fn attack_malleable_signature() {
    // The order of the group, RFC 8032 §5.1, little-endian.
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut desk = Desk::paired(2);
    let (entry, _) = make_rotate(&stolen_keys(&desk, 0), &log(&desk, 1), &mut rng()).unwrap();
    let mut bytes = *entry.signature.as_bytes();
    let mut carry = 0;
    for (byte, l) in bytes[32..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(l) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    refused(&mut desk, &SignedEntry { signature: Signature::from_bytes(bytes), ..entry });
}

#[test]
fn attack_entry_in_another_encoding() {
    let mut desk = Desk::paired(2);
    let member = stolen_keys(&desk, 0);
    let (entry, _) = make_rotate(&member, &log(&desk, 1), &mut rng()).unwrap();
    // The version in two bytes instead of one, and signed that way.
    let mut bytes = entry.entry.to_vec();
    assert_eq!(bytes[1], 1);
    bytes.splice(1..2, [0x18, 1]);
    let signature = member.sign(&SignedEntry::message(&bytes));
    refused(&mut desk, &SignedEntry { entry: bytes.into(), signature, ..entry });
}

#[test]
fn attack_different_secrets_for_different_devices() {
    // A member is in league with the relay, and wants device 2 to read something else than device 1.
    let mut desk = Desk::paired(3);
    let member = stolen_keys(&desk, 0);
    let (one, _) = make_rotate(&member, &log(&desk, 2), &mut rng()).unwrap();
    let (other, _) = make_rotate(&member, &log(&desk, 2), &mut rand_chacha_other()).unwrap();
    let (one_list, other_list) = (SealedList::decode(&one.sealed).unwrap(), SealedList::decode(&other.sealed).unwrap());
    let victim = stolen_keys(&desk, 2).device_id();
    let mixed = one_list.0.into_iter().zip(other_list.0);
    let mixed = mixed.map(|(one, other)| if one.device == victim { other } else { one });
    let entry = with_list(&member, &one, &SealedList(mixed.collect()));
    let pushed = pushes(&mut desk, 2);
    show_entry(&mut desk, 2, &entry);
    assert_eq!(alerts(&desk, 2), ["bad_keys"], "the secret is not the one that the entry commits to");
    desk.copy(2, "for those who have the same secret");
    assert!(pushed.borrow().is_empty());
}

#[test]
fn attack_secret_kept_from_one_device_does_not_stop_it() {
    let mut desk = Desk::paired(3);
    let member = stolen_keys(&desk, 0);
    let victim = stolen_keys(&desk, 2).device_id();
    let shut_out = |desk: &Desk| {
        let (entry, _) = make_rotate(&member, &log(desk, 2), &mut rng()).unwrap();
        let mut list = SealedList::decode(&entry.sealed).unwrap();
        for sealed in list.0.iter_mut().filter(|sealed| sealed.device == victim) {
            sealed.secret = SealedSecret::from_bytes([7; 48]);
        }
        with_list(&member, &entry, &list)
    };
    let entry = shut_out(&desk);
    desk.say_as(0, &ToRelay::LogAppend(entry));
    assert_eq!((alerts(&desk, 2), problem(&desk, 2)), (vec!["bad_keys".to_owned()], String::new()));
    let alert = desk.view(2).alerts.pop().expect("it is shown");
    assert_eq!(alert.device, desk.id(0), "and says who it was");
    desk.copy(1, "to all");
    desk.copy(2, "from the one that was shut out");
    assert_eq!(desk.texts(0), ["from the one that was shut out", "to all"]);
    assert_eq!(desk.texts(2), desk.texts(0), "it has changed the keys again");
    assert!(alerts(&desk, 1).is_empty());
    // Who does it all the time is not followed all the time.
    let before = entries(&desk, 2).len();
    for _ in 0..20 {
        let entry = shut_out(&desk);
        desk.say_as(0, &ToRelay::LogAppend(entry));
        desk.wait(60_000);
    }
    assert!(entries(&desk, 2).len() <= before + 21, "{} more", entries(&desk, 2).len() - before);
    desk.wait(61 * 60_000);
    desk.copy(2, "later");
    assert_eq!(desk.texts(1)[0], "later");
    remove_and_go_on(&mut desk);
}

#[test]
fn attack_secret_kept_from_one_device_is_blamed_on_nobody_else() {
    let mut desk = Desk::paired(3);
    let member = stolen_keys(&desk, 2);
    let victim = stolen_keys(&desk, 1).device_id();
    let (entry, _) = make_rotate(&member, &log(&desk, 0), &mut rng()).unwrap();
    let mut list = SealedList::decode(&entry.sealed).unwrap();
    for sealed in list.0.iter_mut().filter(|sealed| sealed.device == victim) {
        sealed.secret = SealedSecret::from_bytes([7; 48]);
    }
    desk.lie(|way, device, frame| {
        let own = way == Way::Up && device == 1 && matches!(ToRelay::decode(&frame), Ok(ToRelay::LogAppend(_)));
        if own { Vec::new() } else { vec![frame] }
    });
    desk.say_as(2, &ToRelay::LogAppend(with_list(&member, &entry, &list)));
    let shown = |desk: &Desk| -> Vec<(String, String)> {
        desk.view(1)
            .alerts
            .into_iter()
            .filter(|a| a.what.code() != "joined")
            .map(|a| (a.what.code().to_owned(), a.device))
            .collect()
    };
    let told = [("bad_keys".to_owned(), desk.id(2))];
    desk.copy(0, "by the honest one");
    assert_eq!(shown(&desk), told);
    // Put away, it comes back with the next one that cannot be read.
    let id = desk.view(1).alerts.pop().expect("it is shown").id;
    desk.command(1, Command::DismissAlert { id });
    assert!(shown(&desk).is_empty());
    desk.copy(0, "by the honest one again");
    assert_eq!(shown(&desk), told);
}

fn remove_and_go_on(desk: &mut Desk) {
    let device = desk.id(0);
    desk.command(2, Command::RemoveDevice { device });
    desk.wait(5_000);
    goes_on(desk, 2, 1);
}

fn rand_chacha_other() -> impl rand_core::CryptoRng {
    use rand_core::SeedableRng;
    rand_chacha::ChaCha20Rng::seed_from_u64(1234)
}

#[test]
fn attack_one_device_left_out_of_the_secrets() {
    let mut desk = Desk::paired(3);
    let member = stolen_keys(&desk, 0);
    let (entry, _) = make_rotate(&member, &log(&desk, 1), &mut rng()).unwrap();
    let mut list = SealedList::decode(&entry.sealed).unwrap();
    list.0.pop();
    let entry = with_list(&member, &entry, &list);
    refused(&mut desk, &entry);
}

#[test]
fn attack_sealed_list_exchanged_by_the_relay() {
    let mut desk = Desk::paired(2);
    let member = stolen_keys(&desk, 0);
    let (entry, _) = make_rotate(&member, &log(&desk, 1), &mut rng()).unwrap();
    let (other, _) = make_rotate(&member, &log(&desk, 1), &mut rand_chacha_other()).unwrap();
    refused(&mut desk, &SignedEntry { sealed: other.sealed, ..entry });
}

#[test]
fn attack_removal_of_oneself_to_keep_the_key() {
    let mut desk = Desk::paired(3);
    let member = stolen_keys(&desk, 2);
    let (entry, _) = make_remove_device(&member, &log(&desk, 1), member.device_id(), 0, &mut rng()).unwrap();
    refused(&mut desk, &entry);
}

#[test]
fn attack_box_key_of_somebody_else_replaced() {
    let mut desk = Desk::paired(3);
    let (member, victim) = (stolen_keys(&desk, 2), stolen_keys(&desk, 0).device_id());
    let (entry, _) = make_rekey(&member, &log(&desk, 1), &BoxSk::make(&mut rng()), &mut rng()).unwrap();
    let entry = changed(&member, &entry, |entry| entry.author = victim);
    refused(&mut desk, &entry);
}

#[test]
fn attack_two_entries_after_one_shown_to_different_devices() {
    let mut desk = Desk::paired(3);
    let member = stolen_keys(&desk, 0);
    let (one, _) = make_rotate(&member, &log(&desk, 1), &mut rng()).unwrap();
    let (other, _) = make_rotate(&member, &log(&desk, 1), &mut rand_chacha_other()).unwrap();
    show_entry(&mut desk, 1, &one);
    show_entry(&mut desk, 2, &other);
    assert_ne!(desk.view(1).check, desk.view(2).check, "people can compare it");
    // What the one sends under its entry, the other does not take for its own.
    desk.copy(1, "under another list of devices");
    assert!(desk.texts(2).is_empty());
    // The relay lets the two meet: whoever is shown the other entry stops, for good.
    desk.tell(1, &ToDevice::LogEntries { from: 3, entries: vec![other], has_more: false });
    assert_eq!(problem(&desk, 1), "fork");
    desk.restart(1);
    desk.event(1, Event::Online);
    assert_eq!(problem(&desk, 1), "fork", "after a restart too");
    assert!(desk.disk(1).contains_key("evidence"));
    let sent = tap(&mut desk);
    desk.copy(1, "not to be sent");
    assert!(sent.borrow().is_empty());
}

#[test]
fn attack_shorter_log_on_reconnect() {
    let mut desk = Desk::paired(2);
    let before = desk.snapshot();
    desk.command(0, Command::SetRotation { minutes: 30 });
    desk.wait(31 * 60_000);
    assert_eq!(entries(&desk, 1).len(), 3);
    desk.roll_back(before);
    desk.wait(60_000);
    // A restored backup looks the same. It is completed from here, and nobody follows the shorter one.
    let told: Vec<_> = [0, 1].into_iter().flat_map(|device| alerts(&desk, device)).collect();
    assert!(told.contains(&"log_restored".to_owned()), "{told:?}");
    assert_eq!((problem(&desk, 0).as_str(), problem(&desk, 1).as_str()), ("", ""));
    assert_eq!(entries(&desk, 1).len(), 3);
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_diverged_log_is_not_mended() {
    let mut desk = Desk::paired(3);
    let (before, member) = (desk.snapshot(), stolen_keys(&desk, 0));
    desk.command(1, Command::SetRotation { minutes: 30 });
    desk.wait(31 * 60_000);
    let (other, _) = make_rotate(&member, &replay(&entries(&desk, 1)[..3]), &mut rng()).unwrap();
    desk.roll_back(before);
    // Somebody else has gone on from the old log.
    desk.take_away(1);
    desk.command(2, Command::Resume);
    desk.take_away(2);
    desk.command(0, Command::Resume);
    let heads = (entries(&desk, 0).len(), entries(&desk, 1).len());
    assert_eq!(heads.1, 4);
    let known = entries(&desk, 1)[3].clone();
    desk.lie(move |way, _, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Welcome(mut welcome)) if way == Way::Down => {
            welcome.log_seq = 3;
            welcome.log_head = other.hash();
            vec![ToDevice::Welcome(welcome).encode()]
        }
        _ => vec![frame],
    });
    desk.event(1, Event::Online);
    desk.restart(1);
    for _ in 0..3 {
        desk.bring_back_while(1, 0, |_| {});
        desk.command(1, Command::Resume);
        assert_eq!(problem(&desk, 1), "fork", "resuming changes nothing");
        assert_eq!(entries(&desk, 1)[3], known);
    }
}

#[test]
fn attack_other_head_at_the_same_length() {
    let mut desk = Desk::paired(2);
    desk.lie(|way, _, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Welcome(mut welcome)) if way == Way::Down => {
            welcome.log_head = Hash::from_bytes([9; 32]);
            vec![ToDevice::Welcome(welcome).encode()]
        }
        _ => vec![frame],
    });
    desk.cut(None);
    desk.wait(5_000);
    assert_eq!(problem(&desk, 1), "fork");
}

#[test]
fn attack_log_withheld() {
    // The relay says that there are entries and never hands them out.
    let mut desk = Desk::paired(2);
    desk.lie(|way, _, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Welcome(mut welcome)) if way == Way::Down => {
            welcome.log_seq += 5;
            vec![ToDevice::Welcome(welcome).encode()]
        }
        Ok(ToDevice::LogEntries { from, .. }) if way == Way::Down => {
            vec![ToDevice::LogEntries { from, entries: Vec::new(), has_more: true }.encode()]
        }
        _ => vec![frame],
    });
    desk.cut(None);
    desk.wait(60_000);
    assert_eq!(entries(&desk, 1).len(), 2, "nothing is made up");
    desk.stop_lying();
    desk.cut(None);
    desk.wait(60_000);
    goes_on(&mut desk, 0, 1);
}
