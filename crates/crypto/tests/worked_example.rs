//! The worked example in `docs/PROTOCOL.md`: made here from fixed bytes, and every line of it must be
//! on the page.

use core::convert::Infallible;

use hushclip_crypto::body::{ClipBody, Part, TEXT};
use hushclip_crypto::envelope::{Address, seal};
use hushclip_crypto::keys::{BoxSk, DeviceKeys, SignSeed};
use hushclip_crypto::log::make_genesis;
use hushclip_protocol::envelope::{Envelope, Kind};
use hushclip_protocol::ids::ItemId;
use hushclip_protocol::log::Membership;
use rand_core::{TryCryptoRng, TryRng};

/// Gives 00, 01, 02, … from a first byte on.
struct Counting(u8);

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for byte in out {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

impl TryCryptoRng for Counting {}

/// 32 bytes, ascending from the first.
fn from(first: u8) -> [u8; 32] {
    core::array::from_fn(|i| first + i as u8)
}

fn example() -> Vec<(&'static str, Vec<u8>)> {
    let keys = DeviceKeys::from_parts(SignSeed::from_bytes(from(0)), BoxSk::from_bytes(from(0x20)));
    // First drawn: the epoch's secret, then the ephemeral key of HPKE, then the nonce of the name.
    let (genesis, secret) = make_genesis(&keys, "Desk", &mut Counting(0x40)).expect("good keys");
    let log = Membership::genesis(&genesis).expect("our own entry");
    let item_key = secret.derive_item_key(&log.account(), 0);
    let address = Address {
        kind: Kind::Clip,
        account: log.account(),
        epoch: 0,
        log_seq: 0,
        log_head: log.head(),
        counter: 1,
        item: ItemId::from_bytes(core::array::from_fn(|i| 0xc0 + i as u8)),
        ttl_s: 604_800,
    };
    let parts = vec![Part::new(TEXT, "hello")];
    let body = ClipBody { at_ms: 1_800_000_000_000, flags: 0, file_name: String::new(), parts };
    let envelope = seal(&keys, &item_key, &address, &body, &mut Counting(0xd0)).expect("it is short");
    let parsed = Envelope::parse(&envelope).expect("our own envelope");
    assert!(parsed.verify(&keys.sign_pk()));
    vec![
        ("sign_pk", keys.sign_pk().as_bytes().to_vec()),
        ("box_pk", keys.box_pk().as_bytes().to_vec()),
        ("device", keys.device_id().as_bytes().to_vec()),
        ("epoch secret", secret.expose().to_vec()),
        ("commit", log.commit().as_bytes().to_vec()),
        ("entry bytes", genesis.entry.to_vec()),
        ("signature", genesis.signature.as_bytes().to_vec()),
        ("list bytes", genesis.sealed.to_vec()),
        ("account", log.account().as_bytes().to_vec()),
        ("item key", item_key.expose().to_vec()),
        ("header bytes", parsed.header_bytes.to_vec()),
        ("sealed body", parsed.sealed.to_vec()),
        ("envelope", envelope.clone()),
    ]
}

#[test]
fn the_page_shows_what_the_code_makes() {
    let page = include_str!("../../../docs/PROTOCOL.md");
    let section = page.split("## Worked example").nth(1).expect("the page has the section");
    // Long values are broken over lines there.
    let flat: String = section.split_whitespace().collect::<Vec<_>>().join("");
    let lines =
        example().into_iter().map(|(name, value)| format!("{name} = {}", base16ct::lower::encode_string(&value)));
    let missing: Vec<_> = lines.filter(|line| !flat.contains(&line.replace(' ', ""))).collect();
    assert!(missing.is_empty(), "not on the page:\n{}", missing.join("\n"));
}
