//! Typed codes through the relay: nameplates, the first to come, and who is told what.

use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::pairing::{Code, CodeInviter, CodeJoiner};
use hushclip_protocol::VERSION;
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{InviteNote, InviteStep, ToDevice, ToRelay};
use hushclip_protocol::ids::JoinToken;
use hushclip_relay_tests::{Account, Relay, Socket, rng};

fn inviter(account: &Account, relay: &Relay, nameplate: u32, seed: u64) -> CodeInviter {
    CodeInviter::make(account.mailbox(), relay.authority(), nameplate, &mut rng(seed))
}

fn open(inviter: &CodeInviter, again: bool) -> ToRelay {
    let (invite, nameplate) = (inviter.invite(), inviter.code().nameplate);
    ToRelay::CodeOpen { invite, nameplate, offer: inviter.offer().into(), again }
}

fn claim(nameplate: u32, token: u8) -> ToRelay {
    ToRelay::CodeClaim { versions: vec![VERSION], nameplate, token: JoinToken::from_bytes([token; 16]) }
}

fn refused(socket: &mut Socket) -> ErrorCode {
    socket.recv_some(|frame| match frame {
        ToDevice::Error { code, .. } => Some(code),
        _ => None,
    })
}

fn opened(socket: &mut Socket) -> u32 {
    socket.recv_some(|frame| match frame {
        ToDevice::CodeOpened { nameplate, .. } => Some(nameplate),
        _ => None,
    })
}

fn note(socket: &mut Socket, wanted: InviteStep) -> Vec<u8> {
    socket.recv_some(|frame| match frame {
        ToDevice::InviteNote(InviteNote { step, bytes, .. }) if step == wanted => Some(bytes.into()),
        _ => None,
    })
}

#[test]
fn a_nameplate_leads_to_the_invite_and_to_no_other() {
    let relay = Relay::start();
    let (account, mut first) = Account::registered(&relay, 161);
    let (other, mut stranger) = Account::registered(&relay, 162);
    let inviter = inviter(&account, &relay, 4, 163);
    first.send(&open(&inviter, false));
    assert_eq!(opened(&mut first), 4);
    first.send(&open(&inviter, true));
    assert_eq!(opened(&mut first), 4, "asked again, the same");
    stranger.send(&open(&self::inviter(&other, &relay, 4, 164), false));
    assert_eq!(refused(&mut stranger), ErrorCode::NameplateTaken);
    first.send(&open(&self::inviter(&account, &relay, 4, 165), false));
    assert_eq!(refused(&mut first), ErrorCode::NameplateTaken, "one invite for each");

    let code = Code::parse(&inviter.code().to_string()).unwrap();
    let keys = DeviceKeys::make(&mut rng(166));
    let joiner = CodeJoiner::make(code, "http://relay", relay.authority(), "two", &mut rng(167));
    let mut second = Socket::open_nameplate(&relay, 4);
    second.send(&ToRelay::CodeClaim { versions: vec![VERSION], nameplate: 4, token: joiner.token() });
    let offer = note(&mut second, InviteStep::Offer);
    assert_eq!(CodeJoiner::invite(&offer), Ok(inviter.invite()));
    assert!(
        !offer.windows(16).any(|bytes| bytes == account.mailbox().as_bytes()),
        "whoever guesses it learns not whose"
    );
    let request = joiner.request(&keys, &offer, &mut rng(168)).unwrap();
    let invite = inviter.invite();
    second.send(&ToRelay::InviteNote(InviteNote { invite, step: InviteStep::Request, bytes: request.into() }));
    let request = note(&mut first, InviteStep::Request);
    let asked = inviter.open_request(&request).expect("the same words");
    let reveal = inviter.reveal(&request, &asked).unwrap();
    first.send(&ToRelay::InviteNote(InviteNote { invite, step: InviteStep::Reveal, bytes: reveal.into() }));
    let reveal = note(&mut second, InviteStep::Reveal);
    joiner.check_reveal(&keys, &offer, &reveal).expect("it confirms");
    assert_eq!(CodeJoiner::mailbox(&reveal), Ok(account.mailbox()));

    // The joiner itself may come again, by the number and by the mailbox's own address.
    let mut back = Socket::open_nameplate(&relay, 4);
    back.send(&ToRelay::CodeClaim { versions: vec![VERSION], nameplate: 4, token: joiner.token() });
    assert_eq!(note(&mut back, InviteStep::Offer), offer);
    assert_eq!(note(&mut back, InviteStep::Reveal), reveal);
    let mut back = Socket::open(&relay, account.mailbox());
    back.send(&ToRelay::CodeClaim { versions: vec![VERSION], nameplate: 4, token: joiner.token() });
    assert_eq!(note(&mut back, InviteStep::Reveal), reveal);
    // Whoever comes second ends it for all.
    let mut late = Socket::open_nameplate(&relay, 4);
    late.send(&claim(4, 9));
    assert_eq!(refused(&mut late), ErrorCode::InviteUsed);
    for socket in [&mut first, &mut back] {
        socket.recv_some(|frame| (frame == ToDevice::InviteEnded { invite }).then_some(()));
    }
    let mut again = Socket::open(&relay, account.mailbox());
    again.send(&ToRelay::CodeClaim { versions: vec![VERSION], nameplate: 4, token: joiner.token() });
    assert_eq!(refused(&mut again), ErrorCode::InviteGone);
}

#[test]
fn whoever_is_in_is_not_disturbed_by_late_comers() {
    let relay = Relay::start();
    let (account, mut first) = Account::registered(&relay, 191);
    let inviter = inviter(&account, &relay, 6, 192);
    let invite = inviter.invite();
    first.send(&open(&inviter, false));
    opened(&mut first);
    let mut second = Socket::open_nameplate(&relay, 6);
    second.send(&claim(6, 1));
    note(&mut second, InviteStep::Offer);
    for (socket, step) in [(0, InviteStep::Request), (1, InviteStep::Reveal), (1, InviteStep::Welcome)] {
        let socket = if socket == 0 { &mut second } else { &mut first };
        socket.send(&ToRelay::InviteNote(InviteNote { invite, step, bytes: vec![1].into() }));
    }
    note(&mut second, InviteStep::Welcome);
    let mut late = Socket::open_nameplate(&relay, 6);
    late.send(&claim(6, 2));
    assert_eq!(refused(&mut late), ErrorCode::InviteGone);
    let mut back = Socket::open(&relay, account.mailbox());
    back.send(&claim(6, 1));
    note(&mut back, InviteStep::Welcome);
}

#[test]
fn a_code_survives_the_relays_crash() {
    let mut relay = Relay::start();
    let (account, mut first) = Account::registered(&relay, 195);
    let inviter = inviter(&account, &relay, 7, 196);
    first.send(&open(&inviter, false));
    opened(&mut first);
    relay.crash_and_restart();
    let mut second = Socket::open_nameplate(&relay, 7);
    second.send(&claim(7, 1));
    assert_eq!(note(&mut second, InviteStep::Offer), inviter.offer());
}

#[test]
fn where_a_number_leads_nowhere_it_is_said_in_words() {
    let relay = Relay::start();
    for path in ["77", "0", "10000", "x", "007"] {
        let mut socket = Socket::open_nameplate(&relay, path);
        socket.send(&claim(77, 1));
        assert_eq!(refused(&mut socket), ErrorCode::InviteGone, "{path}");
    }
    let (account, mut first) = Account::registered(&relay, 171);
    let inviter = inviter(&account, &relay, 78, 172);
    first.send(&open(&inviter, false));
    opened(&mut first);
    first.send(&ToRelay::InviteCancel { invite: inviter.invite() });
    first.recv_some(|frame| matches!(frame, ToDevice::InviteEnded { .. }).then_some(()));
    let mut late = Socket::open_nameplate(&relay, 78);
    late.send(&claim(78, 1));
    assert_eq!(refused(&mut late), ErrorCode::InviteGone);
    // The number is this account's until its time is over, so it may have it again.
    first.send(&open(&self::inviter(&account, &relay, 78, 173), false));
    assert_eq!(opened(&mut first), 78);
}

#[test]
fn of_many_who_come_at_once_nobody_gets_in() {
    let relay = Relay::start();
    let (account, mut first) = Account::registered(&relay, 181);
    first.send(&open(&inviter(&account, &relay, 5, 182), false));
    opened(&mut first);
    let mut sockets: Vec<_> = (0..24).map(|_| Socket::open_nameplate(&relay, 5)).collect();
    for (token, socket) in sockets.iter_mut().enumerate() {
        socket.send(&claim(5, token as u8));
    }
    let answers: Vec<_> = sockets
        .iter_mut()
        .map(|socket| {
            socket.recv_some(|frame| match frame {
                ToDevice::InviteNote(_) => Some("offer"),
                ToDevice::Error { code: ErrorCode::InviteUsed, .. } => Some("used"),
                ToDevice::Error { code: ErrorCode::InviteGone, .. } => Some("gone"),
                _ => None,
            })
        })
        .collect();
    let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
    assert_eq!((count("offer"), count("used"), count("gone")), (1, 1, 22));
    first.recv_some(|frame| matches!(frame, ToDevice::InviteEnded { .. }).then_some(()));
}
