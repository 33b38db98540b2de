//! Two accounts at one relay: what the members of one know of the other opens nothing of it, and what
//! they do changes nothing there.

use hushclip_crypto::pairing::{Inviter, Joiner};
use hushclip_protocol::VERSION;
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{InviteNote, InviteStep, ToDevice, ToRelay};
use hushclip_protocol::ids::JoinToken;
use hushclip_relay_tests::{Account, Relay, Socket, rng};

/// Two accounts, the first with one device, the second with two and a clip; one socket of the former, two of the latter.
fn two(relay: &Relay, seed: u64) -> (Account, Socket, Account, Socket, Socket) {
    let (ours, socket) = Account::registered(relay, seed);
    let (mut theirs, mut first, mut second) = Account::pair(relay, seed + 1);
    let envelope = theirs.clip(0, 1, 100, 60).into();
    first.send(&ToRelay::Push { after: 0, envelope });
    assert!(matches!(first.recv(), ToDevice::Pushed { cursor: 1, .. }));
    assert!(matches!(second.recv(), ToDevice::Item(item) if item.cursor == 1));
    (ours, socket, theirs, first, second)
}

/// That the account is as [`two`] left it, and that its devices have heard of nothing.
fn assert_untouched(relay: &Relay, account: &Account, mut sockets: [Socket; 2]) {
    for socket in &mut sockets {
        socket.send_text("ping");
        assert_eq!(socket.recv_text(), "pong");
    }
    let (_socket, welcome) = account.sign_in(relay, 1, None);
    assert_eq!((welcome.max_cursor, welcome.log_seq, welcome.log_head), (1, 1, account.log.head()));
}

#[test]
fn a_device_signs_in_nowhere_else() {
    let relay = Relay::start();
    let (ours, _socket, theirs, first, second) = two(&relay, 300);
    let mut stranger = Socket::open(&relay, theirs.mailbox());
    // With its own account, at the other's mailbox.
    stranger.send(&ToRelay::Hello(ours.signed_hello(0, &stranger.host, &stranger.challenge, None)));
    assert_eq!(stranger.recv_close(), Some(CloseCode::NotAMember));
    // With the other's account, and its own name and key.
    let mut stranger = Socket::open(&relay, theirs.mailbox());
    let (keys, challenge) = (&ours.devices[0], stranger.challenge.clone());
    let mut hello = theirs.signed_hello(0, &stranger.host, &challenge, None);
    hello.device = keys.device_id();
    stranger.send(&ToRelay::Hello(keys.sign_in(&stranger.host, &challenge, hello)));
    assert_eq!(stranger.recv_close(), Some(CloseCode::NotAMember));
    // With the name of a member, and its own key.
    let mut stranger = Socket::open(&relay, theirs.mailbox());
    let challenge = stranger.challenge.clone();
    let hello = theirs.signed_hello(0, &stranger.host, &challenge, None);
    stranger.send(&ToRelay::Hello(keys.sign_in(&stranger.host, &challenge, hello)));
    assert_eq!(stranger.recv_close(), Some(CloseCode::NotAMember));
    // With a member's answer to a challenge on its own socket at its own mailbox.
    let mut stranger = Socket::open(&relay, ours.mailbox());
    stranger.send(&ToRelay::Hello(theirs.signed_hello(0, &stranger.host, &stranger.challenge, None)));
    assert_eq!(stranger.recv_close(), Some(CloseCode::NotAMember));
    assert_untouched(&relay, &theirs, [first, second]);
}

#[test]
fn what_belongs_to_another_account_is_not_taken() {
    let relay = Relay::start();
    let (ours, mut socket, mut theirs, first, second) = two(&relay, 310);
    let envelope = theirs.clip(0, 2, 100, 60).into();
    socket.send(&ToRelay::Push { after: 0, envelope });
    assert_eq!(socket.recv_error(), ErrorCode::BadFrame);
    // An entry at the position that is next here, of an account that is not here.
    socket.send(&ToRelay::LogAppend(Account::make(312).add_device()));
    assert_eq!(socket.recv_error(), ErrorCode::LogConflict);
    socket.send(&ToRelay::Pull { after: 0, limit: 100 });
    assert_eq!(socket.recv(), ToDevice::Items { items: vec![], has_more: false, through: 0 });
    socket.send(&ToRelay::LogPull { from: 0 });
    let entries = vec![ours.genesis.clone()];
    assert_eq!(socket.recv(), ToDevice::LogEntries { from: 0, entries, has_more: false });
    // Before anybody has signed in, an account is not overwritten either.
    let mut stranger = Socket::open(&relay, theirs.mailbox());
    stranger.send(&ToRelay::Register { entry: ours.genesis.clone(), token: String::new() });
    assert_eq!(stranger.recv_error(), ErrorCode::BadEntry);
    assert_untouched(&relay, &theirs, [first, second]);
}

#[test]
fn invites_are_reached_only_at_their_own_mailbox() {
    let relay = Relay::start();
    let (ours, mut socket, theirs, mut first, second) = two(&relay, 320);
    let inviter = Inviter::make(theirs.mailbox(), &mut rng(321));
    let (invite, claim_hash) = (inviter.invite(), inviter.claim_hash());
    first.send(&ToRelay::InviteOpen { invite, claim_hash, offer: inviter.offer().into(), again: false });
    assert!(matches!(first.recv(), ToDevice::InviteOpened { .. }));
    let joiner = Joiner::make(&inviter.link("http://relay"), "two", &mut rng(322));
    let claim = joiner.claim();
    let mut stranger = Socket::open(&relay, ours.mailbox());
    stranger.send(&ToRelay::Claim { versions: vec![VERSION], invite, claim, token: JoinToken::from_bytes([3; 16]) });
    assert_eq!(stranger.recv_error(), ErrorCode::InviteGone);
    let bytes = inviter.reveal().into();
    socket.send(&ToRelay::InviteNote(InviteNote { invite, step: InviteStep::Reveal, bytes }));
    socket.send(&ToRelay::InviteCancel { invite });
    // Neither reached it: the invite is there still.
    let mut joining = Socket::open(&relay, theirs.mailbox());
    joining.send(&ToRelay::Claim { versions: vec![VERSION], invite, claim, token: joiner.token() });
    let offered = |frame| matches!(frame, ToDevice::InviteNote(note) if note.step == InviteStep::Offer).then_some(());
    joining.recv_some(offered);
    assert_untouched(&relay, &theirs, [first, second]);
}

#[test]
fn nobody_hears_of_another_account() {
    let relay = Relay::start();
    let (mut ours, mut socket, theirs, mut first, second) = two(&relay, 330);
    let envelope = ours.clip(0, 1, 100, 60).into();
    socket.send(&ToRelay::Push { after: 0, envelope });
    assert!(matches!(socket.recv(), ToDevice::Pushed { cursor: 1, .. }));
    first.send(&ToRelay::Pull { after: 1, limit: 100 });
    assert_eq!(first.recv(), ToDevice::Items { items: vec![], has_more: false, through: 1 });
    let (_again, welcome) = ours.sign_in(&relay, 0, None);
    assert_eq!(welcome.online, [ours.devices[0].device_id()]);
    assert_untouched(&relay, &theirs, [first, second]);
}
