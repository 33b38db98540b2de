//! The present build beside one of tomorrow, which sends kinds, fields, flags and frames that nobody knows today: nothing
//! is lost, nothing counts as damaged, and nobody is alarmed.

#[allow(dead_code, reason = "the tools of the attacks; this uses a part")]
#[path = "attacks/craft.rs"]
mod craft;

use std::cell::Cell;
use std::rc::Rc;

use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use craft::{alerts, entries, problem, stolen_keys};
use hkdf::Hkdf;
use hushclip_crypto::body::{Heartbeat, Part, State, Tombstone};
use hushclip_crypto::envelope::{Address, open, open_note, seal_note};
use hushclip_crypto::epoch::ItemKey;
use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::{make_rotate, open_grant};
use hushclip_crypto::pad::pad;
use hushclip_model::view::DeviceView;
use hushclip_model::{Command, UNDO_MS};
use hushclip_protocol::envelope::{Envelope, Kind, assemble, signed_bytes};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_protocol::ids::ItemId;
use hushclip_protocol::log::{Action, Membership, SignedEntry};
use hushclip_protocol::{codec, label, limits};
use hushclip_sim::{Desk, Way};
use minicbor::Encode;
use minicbor::encode::Write;
use sha2::Sha256;

const MINUTE: u64 = 60_000;

/// Fields that no version knows: `"tomorrow", [1, null]`.
const TOMORROW: &[u8] = b"\x68tomorrow\x82\x01\xf6";
/// How many they are.
const FIELDS: u8 = 2;

/// A list with more fields at its end.
fn grown(list: &[u8]) -> Vec<u8> {
    assert!((0x80..0x98 - FIELDS).contains(&list[0]), "a short list");
    [&[list[0] + FIELDS], &list[1..], TOMORROW].concat()
}

/// A frame with a tag that no version knows.
fn unknown(tag: u8) -> Vec<u8> {
    [&[0x81 + FIELDS], &codec::encode(&tag)[..], TOMORROW].concat()
}

/// Bytes that are their own encoding.
struct Raw(Vec<u8>);

impl Encode<()> for Raw {
    fn encode<W: Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        (): &mut (),
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.writer_mut().write_all(&self.0).map_err(minicbor::encode::Error::write)
    }
}

/// A device of tomorrow: all that it sends has more in it than anyone knows.
struct Later {
    keys: DeviceKeys,
    log: Vec<SignedEntry>,
}

impl Later {
    /// Takes over for a device.
    fn of(desk: &Desk, device: usize) -> Self {
        Self { keys: stolen_keys(desk, device), log: entries(desk, device) }
    }

    fn address(&self, kind: Kind, counter: u64) -> Address {
        let seq = self.log.len() as u64 - 1;
        Address {
            kind,
            account: Membership::genesis(&self.log[0]).expect("a first entry").account(),
            epoch: seq,
            log_seq: seq,
            log_head: self.log.last().expect("an entry").hash(),
            counter,
            item: ItemId::from_bytes([counter as u8; 16]),
            ttl_s: limits::TTL_S,
        }
    }

    /// An envelope around any body.
    fn seal(&self, address: &Address, body: Vec<u8>) -> Vec<u8> {
        let secret = open_grant(&self.keys, self.log.last().expect("an entry")).expect("a member");
        let key = secret.derive_item_key(&address.account, address.epoch);
        seal_note(&self.keys, &key, address, &Raw(body), &mut craft::rng())
    }

    /// An envelope with the same header, and more in it, around the same body, and more in it.
    fn grown(&self, envelope: &[u8]) -> Vec<u8> {
        let parsed = Envelope::parse(envelope).expect("an envelope");
        let header = &parsed.header;
        let secret = open_grant(&self.keys, &self.log[header.epoch as usize]).expect("a member");
        let key = secret.derive_item_key(&header.account, header.epoch);
        let body = match header.kind {
            Kind::Clip => {
                let mut body = open(&key, &parsed).expect("opens");
                body.flags |= 0x8000_0000;
                body.parts.push(Part::new("application/x-tomorrow", "?"));
                codec::encode(&body)
            }
            Kind::Tombstone => codec::encode(&open_note::<Tombstone>(&key, &parsed).expect("opens")),
            Kind::State => codec::encode(&open_note::<State>(&key, &parsed).expect("opens")),
            _ => codec::encode(&open_note::<Heartbeat>(&key, &parsed).expect("opens")),
        };
        // A state with a register of tomorrow says what its sender can do first.
        let body = if header.kind == Kind::State && body[0] == 0x82 {
            [&[0x83 + FIELDS], &body[1..], &[0x05], TOMORROW].concat()
        } else {
            grown(&body)
        };
        let header = grown(parsed.header_bytes);
        let sealed = seal_body(&key, &header, body);
        assemble(&header, &sealed, self.keys.sign(&signed_bytes(&header, &sealed)))
    }
}

/// Seals a body under a header of any form, as PROTOCOL.md says.
fn seal_body(key: &ItemKey, header: &[u8], body: Vec<u8>) -> Vec<u8> {
    let mut okm = [0; 56];
    let info = label::message("hushclip/1 item", &[label::sha256(header).as_bytes()]);
    Hkdf::<Sha256>::from_prk(key.expose()).expect("32 bytes").expand(&info, &mut okm).expect("56 bytes");
    let cipher = XChaCha20Poly1305::new_from_slice(&okm[..32]).expect("32 bytes");
    let nonce = <[u8; 24]>::try_from(&okm[32..]).expect("24 bytes");
    let padded = pad(body);
    cipher.encrypt(&nonce.into(), Payload { msg: &padded, aad: header }).expect("sealing")
}

fn of(desk: &Desk, device: usize, other: &str) -> DeviceView {
    let found = desk.view(device).devices.into_iter().find(|device| device.name == other);
    found.expect("a device of this name")
}

fn no_alarm(desk: &Desk) {
    for device in 0..desk.view(0).devices.len() {
        assert!(alerts(desk, device).is_empty(), "device {device}: {:?}", alerts(desk, device));
        assert_eq!(problem(desk, device), "", "device {device}");
    }
}

/// Whatever people do: three devices come together, copy, pin, delete, and go on after a lost connection and a restart.
fn a_day(desk: &mut Desk) {
    desk.create();
    for joiner in 1..3 {
        let link = desk.invite();
        desk.command(joiner, Command::Join { link, name: format!("device {joiner}") });
        let digits = desk.digits(joiner);
        desk.command(0, Command::Approve { digits: Some(digits), share_history: true });
    }
    for (device, text) in [(0, "one"), (1, "two"), (2, "three"), (1, "four")] {
        desk.copy(device, text);
        desk.wait(1_000);
    }
    let id = |desk: &Desk, text: &str| {
        desk.view(1).clips.into_iter().find(|clip| clip.text == text).expect("it is in the list").id
    };
    let (pinned, deleted) = (id(desk, "one"), id(desk, "three"));
    desk.command(1, Command::Pin { id: pinned, pinned: true });
    desk.command(1, Command::Delete { ids: vec![deleted] });
    desk.wait(UNDO_MS + 1_000);
    desk.take_away(2);
    desk.copy(1, "five");
    desk.cut(None);
    desk.restart(0);
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(2 * MINUTE);
    desk.copy(2, "six");
    desk.wait(MINUTE);
}

fn had_a_day(desk: &Desk) {
    for device in 0..3 {
        assert_eq!(desk.texts(device), ["six", "five", "four", "two", "one"], "device {device}");
        assert!(desk.view(device).clips.last().is_some_and(|clip| clip.pinned), "device {device}");
        let newest = if device == 2 { "five" } else { "six" };
        assert_eq!(desk.clipboard(device).last().map(String::as_str), Some(newest), "device {device}");
    }
    no_alarm(desk);
}

#[test]
fn a_relay_of_tomorrow_is_understood() {
    let mut desk = Desk::new(3);
    desk.lie(|way, _, frame| match (way, ToDevice::decode(&frame)) {
        // All of it is signed, so it does not grow.
        (Way::Up, _) | (_, Ok(ToDevice::Challenge(_))) => vec![frame],
        (Way::Down, _) => vec![unknown(14), grown(&frame), unknown(200)],
    });
    a_day(&mut desk);
    had_a_day(&desk);
}

#[test]
fn frames_of_tomorrow_are_understood_by_the_relay() {
    let mut desk = Desk::new(3);
    let refused = Rc::new(Cell::new(0));
    let count = Rc::clone(&refused);
    desk.lie(move |way, device, frame| match (way, ToDevice::decode(&frame)) {
        (Way::Down, Ok(ToDevice::Error { code: ErrorCode::BadFrame, of: 16.., .. })) => {
            // For who sent it.
            count.set(count.get() + 1);
            Vec::new()
        }
        (Way::Up, _) if device == 1 && !matches!(ToRelay::decode(&frame), Ok(ToRelay::Hello(_))) => {
            vec![grown(&frame), unknown(16 + frame[1])]
        }
        _ => vec![frame],
    });
    a_day(&mut desk);
    had_a_day(&desk);
    assert!(refused.get() > 10, "{refused:?}");
}

#[test]
fn what_a_device_of_tomorrow_adds_is_passed_over() {
    let mut desk = Desk::paired(3);
    let later = Later::of(&desk, 1);
    desk.lie(move |way, device, frame| match ToRelay::decode(&frame) {
        Ok(ToRelay::Push { after, envelope }) if way == Way::Up && device == 1 => {
            vec![ToRelay::Push { after, envelope: later.grown(&envelope).into() }.encode()]
        }
        Ok(ToRelay::Delete { after, envelope, places }) if way == Way::Up && device == 1 => {
            vec![ToRelay::Delete { after, envelope: later.grown(&envelope).into(), places }.encode()]
        }
        _ => vec![frame],
    });
    for (device, text) in [(0, "one"), (1, "two"), (2, "three"), (1, "four")] {
        desk.copy(device, text);
        desk.wait(1_000);
    }
    let id = |desk: &Desk, text: &str| {
        desk.view(1).clips.into_iter().find(|clip| clip.text == text).expect("it is in the list").id
    };
    let (pinned, deleted) = (id(&desk, "one"), id(&desk, "three"));
    desk.command(1, Command::Pin { id: pinned, pinned: true });
    desk.command(1, Command::Delete { ids: vec![deleted] });
    desk.wait(UNDO_MS + 1_000);
    // It hears of each device once a day.
    desk.wait(26 * 60 * MINUTE);
    desk.copy(2, "five");
    desk.wait(1_000);
    for device in 0..3 {
        assert_eq!(desk.texts(device), ["five", "four", "two", "one"], "device {device}");
        assert!(desk.view(device).clips.last().is_some_and(|clip| clip.pinned), "device {device}");
    }
    no_alarm(&desk);
    for device in [0, 2] {
        let seen = of(&desk, device, "device 1");
        assert_eq!((seen.capabilities, seen.later), (5, 0));
        desk.restart(device);
        assert_eq!(of(&desk, device, "device 1").capabilities, 5, "kept");
    }
}

#[test]
fn kinds_of_tomorrow_are_counted_and_nothing_is_missed() {
    let mut desk = Desk::paired(3);
    let later = Later::of(&desk, 1);
    desk.take_away(2);
    let text = |text: &str| {
        let parts = vec![Part::new(hushclip_crypto::body::TEXT, text)];
        codec::encode(&hushclip_crypto::body::ClipBody {
            at_ms: 1_800_000_000_000,
            flags: 0,
            file_name: String::new(),
            parts,
        })
    };
    let picture = codec::encode(&hushclip_crypto::body::ClipBody {
        at_ms: 1_800_000_000_000,
        flags: 0,
        file_name: String::new(),
        parts: vec![Part::new("image/tomorrow", "?")],
    });
    let at = codec::encode(&Heartbeat { at_ms: 1_800_000_000_000 });
    let all = [
        later.seal(&later.address(Kind::Clip, 1), text("before")),
        later.seal(&later.address(Kind::Other(6), 2), grown(&at)),
        // Not even a time stands in it.
        later.seal(&later.address(Kind::Other(255), 3), vec![0x60]),
        later.seal(&later.address(Kind::Other(9), 4), at.clone()),
        // It names two of those.
        later.seal(
            &later.address(Kind::Tombstone, 5),
            codec::encode(&Tombstone {
                at_ms: 1_800_000_000_000,
                gone: [2, 4]
                    .map(|counter| hushclip_crypto::body::Gone {
                        device: later.keys.device_id(),
                        counter,
                        item: ItemId::from_bytes([counter as u8; 16]),
                        text: None,
                    })
                    .to_vec(),
            }),
        ),
        later.seal(&later.address(Kind::Clip, 6), picture),
        later.seal(&later.address(Kind::Clip, 7), text("after")),
    ];
    for (after, envelope) in (0..).zip(all) {
        desk.say_as(1, &ToRelay::Push { after, envelope: envelope.into() });
    }
    desk.wait(1_000);
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(MINUTE);
    for device in [0, 2] {
        assert_eq!(desk.texts(device), ["after", "", "before"], "device {device}");
        assert_eq!(desk.clipboard(device).last().map(String::as_str), Some("after"));
        assert!(alerts(&desk, device).is_empty(), "device {device}: {:?}", alerts(&desk, device));
        assert_eq!(of(&desk, device, "device 1").later, 4);
        assert!(of(&desk, device, "device 1").confirmed_at.is_some());
        desk.restart(device);
        assert_eq!(of(&desk, device, "device 1").later, 4, "kept");
    }
}

#[test]
fn an_entry_of_tomorrow_changes_nothing_of_who_is_in() {
    let mut desk = Desk::paired(3);
    let later = Later::of(&desk, 1);
    let log = craft::log(&desk, 1);
    let (rotated, _) = make_rotate(&later.keys, &log, &mut craft::rng()).expect("an entry");
    let memo = |bytes: usize| {
        craft::changed(&later.keys, &rotated, |entry| {
            let grant = entry.action.grant().clone();
            entry.action = Action::Memo { grant, topic: 9, bytes: vec![1; bytes].into() };
        })
    };
    desk.say_as(1, &ToRelay::LogAppend(memo(limits::MEMO_BYTES + 1)));
    desk.wait(1_000);
    assert_eq!(entries(&desk, 0).len(), later.log.len(), "it would fill the log");
    desk.say_as(1, &ToRelay::LogAppend(memo(limits::MEMO_BYTES)));
    desk.wait(1_000);
    for (from, to) in [(0, 2), (2, 0)] {
        desk.copy(from, &format!("from {from}"));
        desk.wait(1_000);
        assert_eq!(desk.texts(to)[0], format!("from {from}"));
    }
    for device in [0, 2] {
        assert_eq!(entries(&desk, device).len(), later.log.len() + 1);
        assert_eq!(desk.view(device).devices.len(), 3);
        assert!(alerts(&desk, device).is_empty(), "device {device}: {:?}", alerts(&desk, device));
        assert_eq!(problem(&desk, device), "", "device {device}");
    }
}
