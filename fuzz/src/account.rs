//! A fixed account: three devices, a stranger, and a log with every kind of entry.

use std::sync::LazyLock;

use hushclip_crypto::OpenError;
use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::{BoxSk, DeviceKeys};
use hushclip_crypto::log::{make_add_device, make_genesis, make_rekey, make_remove_device, make_rotate};
use hushclip_crypto::pairing::JoinRequest;
use hushclip_protocol::ids::{Hash, MailboxId};
use hushclip_protocol::log::{Membership, SignedEntry, possession_message};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

/// The account.
pub(crate) static ACCOUNT: LazyLock<Account> = LazyLock::new(Account::make);

pub(crate) struct Account {
    /// Device 3 is never a member.
    pub(crate) devices: [DeviceKeys; 4],
    pub(crate) chain: Vec<SignedEntry>,
    /// The membership after each entry.
    pub(crate) states: Vec<Membership>,
}

type Made = Result<(SignedEntry, EpochSecret), OpenError>;

impl Account {
    fn make() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(11);
        let devices: [_; 4] = core::array::from_fn(|_| DeviceKeys::make(&mut rng));
        let (genesis, _) = make_genesis(&devices[0], "Laptop", &mut rng).expect("an entry");
        let state = Membership::genesis(&genesis).expect("verifies");
        let mut account = Self { devices: devices.clone(), chain: vec![genesis], states: vec![state] };
        let [a, b, c, _] = &devices;
        account.grow(make_add_device(a, account.newest(), &join_request(b), &mut rng));
        account.grow(make_add_device(b, account.newest(), &join_request(c), &mut rng));
        account.grow(make_rotate(c, account.newest(), &mut rng));
        account.grow(make_rekey(b, account.newest(), &BoxSk::make(&mut rng), &mut rng));
        account.grow(make_remove_device(a, account.newest(), c.device_id(), 7, &mut rng));
        account.grow(make_rotate(b, account.newest(), &mut rng));
        account
    }

    fn grow(&mut self, made: Made) {
        let (entry, _) = made.expect("an entry");
        let mut state = self.newest().clone();
        state.apply(&entry).expect("verifies");
        self.chain.push(entry);
        self.states.push(state);
    }

    fn newest(&self) -> &Membership {
        self.states.last().expect("not empty")
    }

    pub(crate) fn mailbox(&self) -> MailboxId {
        self.states[0].account().mailbox()
    }
}

/// A join request as the pairing exchange ends in one.
pub(crate) fn join_request(keys: &DeviceKeys) -> JoinRequest {
    let transcript = Hash::from_bytes([9; 32]);
    let message = possession_message(&transcript, &keys.sign_pk(), &keys.box_pk());
    JoinRequest {
        sign_pk: keys.sign_pk(),
        box_pk: keys.box_pk(),
        name: "Phone".into(),
        transcript,
        proof: keys.sign(&message),
    }
}
