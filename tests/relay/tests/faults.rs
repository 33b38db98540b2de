//! A worker with a bug that some message finds: whoever sent it is let go, and everybody else is served
//! by a fresh instance, with nothing lost. The native relay's own tests do the same to it.
//! `cargo xtask build --faulty` makes the worker.

use std::env;

use hushclip_protocol::frame::{Item, ToDevice, ToRelay};
use hushclip_relay_tests::{Account, Relay, Shell, Socket};

fn push(socket: &mut Socket, after: u64, envelope: &[u8]) -> u64 {
    socket.send(&ToRelay::Push { after, envelope: envelope.to_vec().into() });
    socket.recv_some(|frame| if let ToDevice::Pushed { cursor, .. } = frame { Some(cursor) } else { None })
}

#[test]
fn a_panic_in_one_account_leaves_the_others_served() {
    if Shell::wanted() != Shell::Workerd {
        return;
    }
    // Tests are in `target/PROFILE/deps`.
    let test = env::current_exe().expect("the test knows where it is");
    let worker = test.ancestors().nth(3).expect("a test is three folders deep").join("xtask/faulty-worker");
    let worker = worker.to_str().expect("the folder's name is text").to_owned();
    let relay = Relay::start_with(vec![("HUSHCLIP_WORKER", worker)]);
    let (mut account, mut first, mut second) = Account::pair(&relay, 90);
    let (mut other, mut third, mut fourth) = Account::pair(&relay, 91);
    let mut cursor = 0;
    for (number, message) in (1..).zip(["panic now", "panic later", "panic now"]) {
        let clip = account.clip(0, number, 100, 600);
        assert_eq!(push(&mut first, cursor, &clip), cursor + 1);
        let item = ToDevice::Item(Item { cursor: cursor + 1, envelope: clip.into(), mark: 0 });
        second.recv_some(|frame| (frame == item).then_some(()));
        cursor += 1;
        let mut struck = account.sign_in(&relay, 0, None).0;
        struck.send_bytes(message.as_bytes().to_vec());
        assert!(struck.recv_end(), "the relay keeps a socket that nobody serves");
        // The other account's sockets were open all the time.
        let clip = other.clip(0, number, 100, 600);
        assert_eq!(push(&mut third, cursor - 1, &clip), cursor);
        let item = ToDevice::Item(Item { cursor, envelope: clip.into(), mark: 0 });
        fourth.recv_some(|frame| (frame == item).then_some(()));
    }
    // So is who was struck, and has lost nothing.
    let (mut back, welcome) = account.sign_in(&relay, 1, None);
    assert_eq!(welcome.max_cursor, cursor);
    back.send(&ToRelay::Pull { after: 0, limit: 10 });
    let items = back.recv_some(|frame| if let ToDevice::Items { items, .. } = frame { Some(items) } else { None });
    assert_eq!(items.len() as u64, cursor);
}
