//! Who may start an account here.

use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_relay_tests::{Account, Relay, Socket};

const TOKEN: &str = "let-my-friends-in";

/// A relay with these variables, under the names that both shells give them.
fn start(variables: &[(&'static str, &'static str, &str)]) -> Relay {
    let both = |(worker, native, value): &(&'static str, &'static str, &str)| {
        [(*worker, (*value).to_owned()), (*native, (*value).to_owned())]
    };
    Relay::start_with(variables.iter().flat_map(both).collect())
}

#[test]
fn new_accounts_come_in_by_token() {
    let relay = start(&[("REGISTRATION_TOKEN", "HUSHCLIP_RELAY_REGISTRATION_TOKEN", TOKEN)]);
    let account = Account::make(101);
    let mut socket = Socket::open(&relay, account.mailbox());
    for wrong in ["", "let-my-friends-on", "let-my-friends-in "] {
        assert_eq!(account.register(&mut socket, wrong), Err(ErrorCode::TokenWanted), "{wrong:?}");
    }
    let mut early = Socket::open(&relay, account.mailbox());
    early.send(&ToRelay::Hello(account.signed_hello(0, &early.host, &early.challenge, None)));
    assert_eq!(early.recv_error(), ErrorCode::UnknownAccount, "nothing was stored");
    assert_eq!(account.register(&mut socket, TOKEN), Ok(()));
    account.hello(&mut socket, 0, None);
    // Once it is there, nobody asks again.
    let mut again = Socket::open(&relay, account.mailbox());
    assert_eq!(account.register(&mut again, ""), Ok(()));
}

#[test]
fn a_closed_relay_takes_no_new_accounts() {
    let relay = start(&[
        ("REGISTRATION", "HUSHCLIP_RELAY_REGISTRATION", "closed"),
        ("REGISTRATION_TOKEN", "HUSHCLIP_RELAY_REGISTRATION_TOKEN", TOKEN),
    ]);
    let account = Account::make(102);
    let mut socket = Socket::open(&relay, account.mailbox());
    assert_eq!(account.register(&mut socket, TOKEN), Err(ErrorCode::RegistrationClosed));
    let mut again = Socket::open(&relay, account.mailbox());
    again.send(&ToRelay::Hello(account.signed_hello(0, &again.host, &again.challenge, None)));
    assert!(matches!(again.recv(), ToDevice::Error { code: ErrorCode::UnknownAccount, .. }));
}
