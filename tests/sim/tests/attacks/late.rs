//! What a removed device gets into others' lists with the relay's help: it is for the list only, takes no other clip's
//! room, and no copy of a person counts as its echo.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hushclip_crypto::body::{ClipBody, FLAG_SENSITIVE, Gone, Part, TEXT, Tombstone};
use hushclip_crypto::envelope::{Address, seal, seal_note};
use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::open_grant;
use hushclip_engine::Event;
use hushclip_model::view::Stage;
use hushclip_model::{Command, Content};
use hushclip_protocol::envelope::Kind;
use hushclip_protocol::frame::{Item, ToDevice, ToRelay};
use hushclip_protocol::ids::ItemId;
use hushclip_protocol::limits;
use hushclip_protocol::log::SignedEntry;
use hushclip_sim::{Desk, Way};

use crate::craft::*;

/// How many late clips a list keeps.
const KEPT: usize = 32;
const GUESSED: &str = "a guessed text";

/// Device 1 is out, and its keys are in the thief's hands. Device 2 has removed it without ever having heard of it, so
/// the removal names no counter, and all of them are free at device 0.
struct Scene {
    desk: Desk,
    thief: DeviceKeys,
    log: Vec<SignedEntry>,
    /// What the relay shows device 0 with its next answer to Pull.
    planted: Rc<RefCell<Vec<Vec<u8>>>>,
}

fn scene() -> Scene {
    let mut desk = Desk::paired(3);
    let (thief, log, planted) = (stolen_keys(&desk, 1), entries(&desk, 0), Rc::default());
    let shown: Rc<RefCell<Vec<Vec<u8>>>> = Rc::clone(&planted);
    let id = desk.id(1);
    desk.command(2, Command::RemoveDevice { device: id });
    assert_eq!(desk.view(1).stage, Stage::Removed);
    desk.wait(60_000);
    desk.lie(move |way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Items { mut items, has_more, through }) if way == Way::Down && device == 0 => {
            let planted = std::mem::take(&mut *shown.borrow_mut());
            items.extend(planted.into_iter().map(|envelope| Item {
                cursor: through.max(1),
                envelope: envelope.into(),
                mark: 1,
            }));
            vec![ToDevice::Items { items, has_more, through }.encode()]
        }
        _ => vec![frame],
    });
    Scene { desk, thief, log, planted }
}

impl Scene {
    fn address(&self, kind: Kind, counter: u64, ttl_s: u32) -> Address {
        Address {
            kind,
            account: replay(&self.log[..1]).account(),
            epoch: 2,
            log_seq: 2,
            log_head: self.log[2].hash(),
            counter,
            item: ItemId::from_bytes([0x50 + counter as u8; 16]),
            ttl_s,
        }
    }

    fn clip(&self, counter: u64, text: &str) -> Vec<u8> {
        envelope_with(&self.thief, &self.log[..=2], text, |address| *address = self.address(Kind::Clip, counter, 600))
    }

    fn secret(&self, counter: u64, text: &str, ttl_s: u32) -> Vec<u8> {
        let address = self.address(Kind::Clip, counter, ttl_s);
        let key = open_grant(&self.thief, &self.log[2]).expect("a member then").derive_item_key(&address.account, 2);
        let parts = vec![Part::new(TEXT, text)];
        let body = ClipBody { at_ms: 0, flags: FLAG_SENSITIVE, file_name: String::new(), parts };
        seal(&self.thief, &key, &address, &body, &mut rng()).expect("it is short")
    }

    /// Says that the clip with that counter is gone.
    fn tombstone(&self, counter: u64, of: u64) -> Vec<u8> {
        let address = self.address(Kind::Tombstone, counter, limits::TTL_S);
        let key = open_grant(&self.thief, &self.log[2]).expect("a member then").derive_item_key(&address.account, 2);
        let item = self.address(Kind::Clip, of, 0).item;
        let gone = vec![Gone { device: self.thief.device_id(), counter: of, item, text: None }];
        seal_note(&self.thief, &key, &address, &Tombstone { at_ms: 0, gone }, &mut rng())
    }

    /// Device 0 is shown these at its next sign-in, which is now.
    fn plant(&mut self, envelopes: Vec<Vec<u8>>) {
        *self.planted.borrow_mut() = envelopes;
        self.desk.reachable = true;
        self.desk.cut(None);
        for device in [0, 2] {
            self.desk.event(device, Event::Online);
        }
        self.desk.wait(5_000);
        assert!(self.planted.borrow().is_empty());
    }

    /// Device 0 copies this where nothing gets through.
    fn copy_out_of_reach(&mut self, text: &str) {
        self.desk.reachable = false;
        self.desk.cut(None);
        self.desk.copy(0, text);
    }

    fn late_ones(&self) -> usize {
        self.desk.view(0).clips.iter().filter(|clip| clip.late).count()
    }

    fn the_other_has(&self, text: &str) -> bool {
        self.desk.texts(2).contains(&text.to_owned())
    }
}

#[test]
fn attack_late_clips_flood_the_list() {
    let Scene { mut desk, thief, log, .. } = scene();
    desk.copy(0, "precious");
    desk.lie(|way, device, frame| if way == Way::Up && device == 0 { Vec::new() } else { vec![frame] });
    for counter in 1..=300 {
        let text = format!("{counter} {}", "x".repeat(250_000));
        let late = envelope_with(&thief, &log, &text, |address| {
            address.counter = counter;
            let mut item = [7; 16];
            item[..8].copy_from_slice(&counter.to_be_bytes());
            address.item = ItemId::from_bytes(item);
        });
        show_item(&mut desk, 0, 1 + counter, &late);
        if counter == 1 {
            let id = desk.view(0).clips[0].id.clone();
            desk.command(0, Command::Pin { id, pinned: true });
        }
    }
    let newest = |desk: &Desk| -> Vec<String> {
        desk.texts(0).iter().map(|text| text.split(' ').next().unwrap_or_default().to_owned()).collect()
    };
    let shown = newest(&desk);
    assert_eq!(shown.len(), KEPT + 2);
    assert_eq!((shown[0].as_str(), shown[KEPT - 1].as_str()), ("300", "269"), "the newest of them stay");
    assert_eq!(shown[KEPT..], ["1", "precious"], "so do what the person has pinned, and all of the person's");
    for records in ["list/", "about/"] {
        let on_disk = desk.disk(0).keys().filter(|key| key.starts_with(records)).count();
        assert_eq!(on_disk, KEPT + 2, "and what goes, goes from the disk: {records}");
    }
    desk.restart(0);
    assert_eq!(newest(&desk), shown);
}

#[test]
fn attack_late_clip_swallows_a_copy() {
    let mut scene = scene();
    scene.plant(vec![scene.clip(1, GUESSED)]);
    assert_eq!(scene.late_ones(), 1);
    assert!(scene.desk.clipboard(0).is_empty());
    scene.desk.copy(0, GUESSED);
    assert!(scene.the_other_has(GUESSED), "it was on no clipboard, so this is no echo");
}

#[test]
fn attack_late_clip_takes_a_waiting_copy() {
    let mut scene = scene();
    scene.copy_out_of_reach(GUESSED);
    scene.desk.copy(0, "and another");
    assert_eq!(scene.desk.view(0).waiting, 2);
    scene.plant(vec![scene.clip(1, GUESSED)]);
    assert_eq!(scene.late_ones(), 1);
    assert!(scene.the_other_has(GUESSED) && scene.the_other_has("and another"));
}

#[test]
fn attack_late_clip_goes_and_takes_a_waiting_copy_along() {
    let mut scene = scene();
    scene.copy_out_of_reach(GUESSED);
    scene.plant(vec![scene.clip(1, GUESSED), scene.tombstone(2, 1)]);
    assert_eq!(scene.late_ones(), 0, "it came, and went");
    assert!(scene.the_other_has(GUESSED));
}

#[test]
fn attack_late_clip_goes_and_a_copy_counts_as_deleted() {
    let mut scene = scene();
    scene.plant(vec![scene.clip(1, GUESSED), scene.tombstone(2, 1)]);
    assert!(scene.desk.texts(0).is_empty());
    scene.desk.copy(0, GUESSED);
    assert!(scene.the_other_has(GUESSED));
}

#[test]
fn attack_late_secret_goes_and_takes_the_clipboard_along() {
    let mut scene = scene();
    scene.desk.copy(2, GUESSED);
    assert_eq!(scene.desk.clipboard(0), [GUESSED]);
    scene.plant(vec![scene.secret(1, GUESSED, 15)]);
    assert_eq!(scene.late_ones(), 1);
    scene.desk.wait(30_000);
    assert_eq!(scene.late_ones(), 0, "it had its time");
    assert_eq!(scene.desk.clipboard(0), [GUESSED], "what is there came from a member");
}

#[test]
fn attack_late_clip_answers_a_question() {
    let mut scene = scene();
    scene.desk.copy(0, "482913");
    assert_eq!(scene.desk.view(0).held.len(), 1);
    scene.plant(vec![scene.clip(1, "482913")]);
    assert_eq!((scene.late_ones(), scene.desk.view(0).held.len()), (1, 1), "the person has not answered");
}

#[test]
fn attack_late_clip_keeps_a_clip_off_the_clipboard() {
    let mut scene = scene();
    scene.plant(vec![scene.clip(1, GUESSED)]);
    scene.desk.copy(2, GUESSED);
    assert_eq!(scene.desk.clipboard(0), [GUESSED], "it came from a member");
}

/// Devices 0 and 1 are agents on one clipboard. What device 0 saw there came from a device that is out by now.
#[test]
fn a_waiting_echo_stays_one_whatever_the_clock_does() {
    let mut desk = Desk::paired(3);
    let (cut_off, mute) = (Rc::new(Cell::new(true)), Rc::new(Cell::new(true)));
    let (apart, unheard) = (Rc::clone(&cut_off), Rc::clone(&mute));
    desk.lie(move |way, device, frame| {
        let push = way == Way::Up && matches!(ToRelay::decode(&frame), Ok(ToRelay::Push { .. }));
        if device == 0 && (apart.get() || (unheard.get() && push)) { Vec::new() } else { vec![frame] }
    });
    desk.copy(0, "before it");
    desk.copy(2, GUESSED);
    assert_eq!(desk.clipboard(1), [GUESSED]);
    desk.copy(0, GUESSED);
    assert_eq!(desk.view(0).waiting, 2, "it has not heard of the one that this is an echo of");
    let id = desk.id(2);
    desk.command(1, Command::RemoveDevice { device: id });
    cut_off.set(false);
    desk.cut(None);
    desk.wait(5_000);
    assert_eq!(desk.texts(0).iter().filter(|text| *text == GUESSED).count(), 2, "the original came late");
    desk.skew(0, -35 * 60_000);
    mute.set(false);
    desk.restart(0);
    desk.cut(None);
    desk.wait(120_000);
    assert_eq!(desk.view(0).waiting, 0);
    let copies = |device: usize| desk.texts(device).iter().filter(|text| *text == GUESSED).count();
    assert_eq!((copies(0), copies(1)), (1, 1), "the echo goes nowhere");
    assert!(desk.texts(1).contains(&"before it".to_owned()));
}

/// Devices 0 and 1 are agents on one clipboard again. What device 1 took last there was deleted before it heard of it.
#[test]
fn an_own_clip_that_comes_back_over_a_deleted_one_is_an_echo() {
    let mut desk = Desk::paired(3);
    let cut_off = Rc::new(Cell::new(true));
    let apart = Rc::clone(&cut_off);
    desk.lie(move |_, device, frame| if device == 1 && apart.get() { Vec::new() } else { vec![frame] });
    desk.copy(1, "first");
    desk.copy(0, "second");
    desk.copy(1, "second");
    let id = desk.view(0).clips[0].id.clone();
    desk.command(0, Command::Delete { ids: vec![id] });
    desk.wait(10_000);
    desk.copy(2, "elsewhere");
    cut_off.set(false);
    desk.cut(None);
    desk.wait(5_000);
    assert_eq!(desk.clipboard(0).last().map(String::as_str), Some("first"), "the newest for device 0");
    desk.copy(1, "first");
    desk.wait(5_000);
    assert_eq!(desk.texts(2), ["first", "elsewhere"]);
}

/// Device 0 is an agent that shares its clipboard with another one. That one has just come back, and takes what came
/// before the newest for the newest: the newest of the others was superseded when it came.
#[test]
fn what_an_agent_puts_there_that_was_away_is_an_echo_though_a_superseded_clip_came_since() {
    let mut desk = Desk::paired(3);
    let pushes = Rc::new(Cell::new(0));
    let left = Rc::clone(&pushes);
    desk.copy(1, "theirs");
    desk.copy(0, "theirs");
    desk.lie(move |way, device, frame| {
        let push = way == Way::Up && matches!(ToRelay::decode(&frame), Ok(ToRelay::Push { .. }));
        if device != 2 || !push {
            return vec![frame];
        }
        let goes = left.get() > 0;
        left.set(left.get() - i32::from(goes));
        if goes { vec![frame] } else { Vec::new() }
    });
    desk.copy(2, "older");
    desk.copy(2, "newer");
    pushes.set(1);
    desk.cut(None);
    desk.wait(15_000);
    assert_eq!(desk.texts(0), ["older", "theirs"]);
    assert_eq!(desk.clipboard(0).last().map(String::as_str), Some("theirs"), "the other has a newer one");
    desk.event(0, Event::Copied(Content::text("mine")));
    desk.copy(0, "theirs");
    assert_eq!(desk.texts(1), ["mine", "older", "theirs"]);
}
