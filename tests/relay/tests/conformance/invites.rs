//! Pairing through the relay, and who is kept out of it.

use std::sync::Barrier;
use std::thread;

use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::{make_add_device, open_grant};
use hushclip_crypto::pairing::{Inviter, Joined, Joiner};
use hushclip_protocol::VERSION;
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{InviteNote, InviteStep, ToDevice, ToRelay};
use hushclip_protocol::ids::{Claim, JoinToken};
use hushclip_relay_tests::{Account, Relay, Socket, rng};

/// Joiners that come at the same moment.
const CLAIMS: usize = 100;

fn open_invite(account: &Account, first: &mut Socket) -> Inviter {
    let inviter = Inviter::make(account.mailbox(), &mut rng(60));
    let (invite, claim_hash) = (inviter.invite(), inviter.claim_hash());
    first.send(&ToRelay::InviteOpen { invite, claim_hash, offer: inviter.offer().into(), again: false });
    assert!(matches!(first.recv(), ToDevice::InviteOpened { invite: opened, .. } if opened == invite));
    inviter
}

fn claim(joiner: &Joiner, token: JoinToken) -> ToRelay {
    ToRelay::Claim { versions: vec![VERSION], invite: joiner.invite(), claim: joiner.claim(), token }
}

fn join(inviter: &Inviter, seed: u64) -> Joiner {
    Joiner::make(&inviter.link("http://relay"), "two", &mut rng(seed))
}

fn note(socket: &mut Socket, wanted: InviteStep) -> Vec<u8> {
    socket.recv_some(|frame| match frame {
        ToDevice::InviteNote(InviteNote { step, bytes, .. }) if step == wanted => Some(bytes.into()),
        _ => None,
    })
}

fn say(socket: &mut Socket, inviter: &Inviter, step: InviteStep, bytes: Vec<u8>) {
    socket.send(&ToRelay::InviteNote(InviteNote { invite: inviter.invite(), step, bytes: bytes.into() }));
}

#[test]
fn a_device_joins_through_a_link() {
    let relay = Relay::start();
    let (mut account, mut first) = Account::registered(&relay, 61);
    let inviter = open_invite(&account, &mut first);
    let (joiner, keys) = (join(&inviter, 62), DeviceKeys::make(&mut rng(63)));
    let mut second = Socket::open(&relay, account.mailbox());
    second.send(&claim(&joiner, joiner.token()));
    let offer = note(&mut second, InviteStep::Offer);
    let request = joiner.request(&keys, &offer, &mut rng(64)).unwrap();
    say(&mut second, &inviter, InviteStep::Request, request);

    let request = inviter.open_request(&note(&mut first, InviteStep::Request)).unwrap();
    say(&mut first, &inviter, InviteStep::Reveal, inviter.reveal());
    let reveal = note(&mut second, InviteStep::Reveal);
    assert_eq!(joiner.digits(&keys, &offer, &reveal).unwrap(), inviter.digits(&request));

    let (entry, secret) = make_add_device(&account.devices[0], &account.log, &request, &mut rng(65)).unwrap();
    account.take(&entry, secret.clone());
    first.send(&ToRelay::LogAppend(entry.clone()));
    first.recv_some(|frame| matches!(frame, ToDevice::LogEntries { from: 1, .. }).then_some(()));
    let hand_over = Joined {
        account: account.log.account(),
        log_seq: account.log.seq(),
        log_head: account.log.head(),
        anchors: Vec::new(),
        older: vec![],
        names: vec![],
    };
    say(&mut first, &inviter, InviteStep::Welcome, inviter.welcome(&request, &hand_over, &mut rng(66)).unwrap());
    let welcome = note(&mut second, InviteStep::Welcome);
    let opened = joiner.open_welcome(&keys, &offer, &reveal, &welcome).unwrap();
    assert_eq!((opened.account, opened.log_head), (account.log.account(), account.log.head()));
    assert!(open_grant(&keys, &entry).unwrap() == secret);
    second.close();

    account.devices.push(keys);
    let (mut second, _) = account.sign_in(&relay, 1, None);
    second.send(&ToRelay::LogPull { from: 0 });
    let entries = vec![account.genesis.clone(), entry];
    assert_eq!(second.recv(), ToDevice::LogEntries { from: 0, entries, has_more: false });
}

#[test]
fn an_invite_is_claimed_once() {
    let relay = Relay::start();
    let (account, mut first) = Account::registered(&relay, 70);
    let inviter = open_invite(&account, &mut first);
    let (one, two) = (join(&inviter, 71), join(&inviter, 72));
    let mut claims: Vec<_> = (0..3).map(|_| Socket::open(&relay, account.mailbox())).collect();
    claims[0].send(&claim(&one, one.token()));
    note(&mut claims[0], InviteStep::Offer);
    claims[1].send(&claim(&two, two.token()));
    assert_eq!(claims[1].recv_error(), ErrorCode::InviteUsed);
    // The same joiner, whose first connection was lost.
    claims[2].send(&claim(&one, one.token()));
    note(&mut claims[2], InviteStep::Offer);
    // A joiner is no member.
    claims[2].send(&ToRelay::Pull { after: 0, limit: 1 });
    assert_eq!(claims[2].recv_error(), ErrorCode::BadFrame);
    first.send(&ToRelay::InviteCancel { invite: inviter.invite() });
    assert_eq!(first.recv(), ToDevice::InviteEnded { invite: inviter.invite() });
    assert_eq!(claims[0].recv(), ToDevice::InviteEnded { invite: inviter.invite() });
    claims[1].send(&claim(&two, two.token()));
    assert_eq!(claims[1].recv_error(), ErrorCode::InviteGone);
}

#[test]
fn a_claim_needs_the_secret_and_a_common_version() {
    let relay = Relay::start();
    let (account, mut first) = Account::registered(&relay, 80);
    let inviter = open_invite(&account, &mut first);
    let joiner = join(&inviter, 81);
    let mut socket = Socket::open(&relay, account.mailbox());
    let (invite, token) = (joiner.invite(), joiner.token());
    let wrong = Claim::from_bytes([1; 32]);
    socket.send(&ToRelay::Claim { versions: vec![VERSION], invite, claim: wrong, token });
    assert_eq!(socket.recv_error(), ErrorCode::InviteGone);
    socket.send(&ToRelay::Claim { versions: vec![9], invite, claim: joiner.claim(), token });
    assert_eq!(socket.recv_close(), Some(CloseCode::Version));
}

#[test]
fn one_of_many_claims_at_once_wins() {
    let relay = Relay::start();
    let (account, mut first) = Account::registered(&relay, 90);
    let inviter = open_invite(&account, &mut first);
    let barrier = Barrier::new(CLAIMS);
    let answers: Vec<_> = thread::scope(|scope| {
        let claims: Vec<_> = (0..CLAIMS as u64)
            .map(|number| {
                let (joiner, relay, barrier, mailbox) =
                    (join(&inviter, 100 + number), &relay, &barrier, account.mailbox());
                scope.spawn(move || {
                    barrier.wait();
                    Socket::open_and_ask(relay, mailbox, &claim(&joiner, joiner.token()))
                })
            })
            .collect();
        claims.into_iter().map(|claim| claim.join().expect("a claim is answered")).collect()
    });
    let won = answers.iter().filter(|answer| matches!(answer, Ok(ToDevice::InviteNote(_)))).count();
    let late = Ok(ToDevice::Error { code: ErrorCode::InviteUsed, retry_after_ms: 0, of: 2 });
    let lost = answers.iter().filter(|answer| **answer == late).count();
    // There are fewer places than claims, so some have to come again.
    let crowded = answers.iter().filter(|answer| **answer == Err(Some(CloseCode::TooManySockets))).count();
    assert_eq!((won, won + lost + crowded), (1, CLAIMS), "{answers:?}");
    assert!(lost > 0);
}
