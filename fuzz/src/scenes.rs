//! Where a device may stand when the fuzzer takes over: what it has on disk, what its relay has, and
//! frames that others said before.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::LazyLock;

use hushclip_mailbox::{MemoryStore, Store as _};
use hushclip_model::Command;
use hushclip_protocol::ids::{AccountId, MailboxId};
use hushclip_sim::{Desk, ORIGIN, Way};

/// A device's records.
pub(crate) type Disk = BTreeMap<String, Vec<u8>>;

/// A place to start from.
pub(crate) struct Scene {
    pub(crate) disk: Disk,
    pub(crate) relay: MemoryStore,
    /// What a person may paste or type: a link, a code.
    pub(crate) invitations: Vec<String>,
    /// Frames to devices of this account, in the order in which they came.
    pub(crate) heard: Vec<Vec<u8>>,
    pub(crate) now: u64,
}

/// All places.
pub(crate) static SCENES: LazyLock<Vec<Scene>> = LazyLock::new(|| {
    vec![fresh(), member(0), member(1), inviting(), joining(false), joining(true), asked(), removed()]
});

type Heard = Rc<RefCell<Vec<Vec<u8>>>>;

fn listen(desk: &mut Desk) -> Heard {
    let heard = Heard::default();
    let ear = Rc::clone(&heard);
    desk.lie(move |way, _, frame| {
        if way == Way::Down {
            ear.borrow_mut().push(frame.clone());
        }
        vec![frame]
    });
    heard
}

fn scene(desk: &Desk, device: usize, invitations: Vec<String>, heard: &Heard) -> Scene {
    let (records, relay) = (desk.disk(device).clone(), desk.snapshot());
    Scene { disk: records, relay, invitations, heard: heard.borrow().clone(), now: desk.now }
}

/// No account yet; somebody else has one and invites.
fn fresh() -> Scene {
    let mut desk = Desk::new(2);
    let heard = listen(&mut desk);
    desk.create();
    let link = desk.invite();
    desk.command(0, Command::InviteByCode);
    let code = desk.view(0).invite.and_then(|invite| invite.secret).unwrap_or_default();
    scene(&desk, 1, vec![link, code], &heard)
}

/// Two devices with clips, of which one was away for the newest and the other has some to send.
fn member(device: usize) -> Scene {
    let mut desk = Desk::new(2);
    let heard = listen(&mut desk);
    desk.create();
    let link = desk.invite();
    desk.command(1, Command::Join { link: link.clone(), name: "device 1".into() });
    let digits = desk.digits(1);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    desk.copy(0, "one");
    desk.copy(1, "two");
    desk.command(0, Command::SetRotation { minutes: 30 });
    desk.wait(31 * 60_000);
    desk.take_away(1 - device);
    desk.take_away(device);
    let stale = desk.disk(device).clone();
    desk.bring_back_while(1 - device, 0, |desk| {
        desk.copy(1 - device, "three");
        desk.copy(1 - device, "four");
    });
    let mut scene = scene(&desk, device, vec![link], &heard);
    scene.disk = stale;
    scene
}

/// An account of one, with an open invite.
fn inviting() -> Scene {
    let mut desk = Desk::new(1);
    let heard = listen(&mut desk);
    desk.create();
    let link = desk.invite();
    scene(&desk, 0, vec![link], &heard)
}

/// Somebody has answered the invite.
fn asked() -> Scene {
    let mut desk = Desk::new(2);
    let heard = listen(&mut desk);
    desk.create();
    let link = desk.invite();
    desk.command(1, Command::Join { link: link.clone(), name: "device 1".into() });
    let digits = desk.digits(1);
    scene(&desk, 0, vec![link, digits], &heard)
}

/// The invite was answered, and not yet approved; or it was, while the device slept.
fn joining(approved: bool) -> Scene {
    let mut desk = Desk::new(2);
    let heard = listen(&mut desk);
    desk.create();
    desk.command(0, Command::InviteByCode);
    let code = desk.view(0).invite.and_then(|invite| invite.secret).unwrap_or_default();
    let (relay, name) = (ORIGIN.into(), "device 1".into());
    desk.command(1, Command::JoinByCode { relay, code: code.clone(), name });
    if approved {
        desk.take_away(1);
        desk.command(0, Command::Approve { digits: None, share_history: true });
    }
    scene(&desk, 1, vec![code], &heard)
}

/// The others have removed it.
fn removed() -> Scene {
    let mut desk = Desk::paired(3);
    let heard = listen(&mut desk);
    desk.take_away(2);
    desk.copy(0, "one");
    let device = desk.id(2);
    desk.command(0, Command::RemoveDevice { device });
    scene(&desk, 2, Vec::new(), &heard)
}

/// The mailbox of the account whose log this is.
pub(crate) fn mailbox_of(relay: &MemoryStore) -> MailboxId {
    let first = relay.log_from(0, 1).ok().and_then(|log| log.into_iter().next());
    first.map_or(MailboxId::from_bytes([0; 16]), |entry| AccountId::from_bytes(*entry.hash().as_bytes()).mailbox())
}
