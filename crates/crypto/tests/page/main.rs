//! Checks the grammar in `docs/PROTOCOL.md` against the code: what it allows is read, field by field, with the same
//! name, place and width; what is just beyond it is refused; and it leaves nothing out.

mod grammar;
#[path = "../../../../tests/vectors/reader.rs"]
mod reader;
mod real;
mod value;

use core::fmt::Debug;
use std::collections::BTreeSet;

use hushclip_crypto::archive::{Archive, ArchivedClip};
use hushclip_crypto::body::{ClipBody, Heartbeat, Part, PayloadBody, State, Tombstone};
use hushclip_crypto::pairing::{Joined, Named, OlderEpoch};
use hushclip_crypto::vault::LockedKey;
use hushclip_protocol::codec;
use hushclip_protocol::envelope::{self, Header};
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{InviteStep, ToDevice, ToRelay};
use hushclip_protocol::log::{Action, Entry, SealedList, SignedEntry};
use minicbor::{Decode, Encode};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use grammar::{Grammar, Kind};
use value::{Leaf, Maker, Value, wrong};

pub(crate) const PAGE: &str = include_str!("../../../../docs/PROTOCOL.md");
/// Choices have no more than this.
const PICKS: usize = 24;

/// Reads bytes as the code does, and says what it has read, under the names of the fields.
type Read = fn(&[u8]) -> Option<String>;

fn read<T>(bytes: &[u8]) -> Option<String>
where
    T: for<'b> Decode<'b, ()> + Encode<()> + Debug,
{
    codec::decode::<T>(bytes, 1 << 20).ok().map(|value| format!("{value:?}"))
}

/// The same for what later versions may add to.
fn grown<T: for<'b> Decode<'b, ()> + Debug>(bytes: &[u8]) -> Option<String> {
    grown_as(bytes, |value: T| format!("{value:?}"))
}

/// The same for what does not show itself.
fn grown_as<T: for<'b> Decode<'b, ()>>(bytes: &[u8], show: fn(T) -> String) -> Option<String> {
    codec::decode_growing::<T>(bytes, 1 << 20).ok().map(show)
}

fn read_to_relay(bytes: &[u8]) -> Option<String> {
    ToRelay::decode(bytes).ok().map(|frame| format!("{frame:?}"))
}

fn read_to_device(bytes: &[u8]) -> Option<String> {
    ToDevice::decode(bytes).ok().map(|frame| format!("{frame:?}"))
}

fn read_clip(bytes: &[u8]) -> Option<String> {
    grown_as(bytes, |ClipBody { at_ms, flags, file_name, parts }: ClipBody| {
        let parts: Vec<_> =
            parts.iter().map(|Part { media, bytes }| format!("media: {media:?}, bytes: {bytes:?}")).collect();
        format!("at_ms: {at_ms}, flags: {flags}, file_name: {file_name:?}, parts: {parts:?}").replace('\\', "")
    })
}

fn read_payload(bytes: &[u8]) -> Option<String> {
    grown_as(bytes, |PayloadBody { at_ms, channel, bytes }: PayloadBody| {
        format!("at_ms: {at_ms}, channel: {channel:?}, bytes: {bytes:?}")
    })
}

fn read_joined(bytes: &[u8]) -> Option<String> {
    grown_as(bytes, |Joined { account, log_seq, log_head, anchors, older, names }: Joined| {
        let older: Vec<_> = older
            .iter()
            .map(|OlderEpoch { epoch, secret }| format!("epoch: {epoch}, secret: {:?}", secret.expose()))
            .collect();
        let names: Vec<_> =
            names.iter().map(|Named { device, name }| format!("device: {device:?}, name: {name:?}")).collect();
        format!("account: {account:?}, log_seq: {log_seq}, log_head: {log_head:?}, {anchors:?} {older:?} {names:?}")
            .replace('\\', "")
    })
}

fn read_archive(bytes: &[u8]) -> Option<String> {
    grown_as(bytes, |Archive { at_ms, clips }: Archive| {
        let show = |ArchivedClip { item, at_ms, device, text, html, pinned }: &ArchivedClip| {
            format!(
                "item: {item:?}, at_ms: {at_ms}, device: {device:?}, text: {text:?}, html: {html:?}, pinned: {pinned}"
            )
        };
        let clips: Vec<_> = clips.iter().map(show).collect();
        format!("at_ms: {at_ms}, {clips:?}").replace('\\', "")
    })
}

/// Rules, who reads them, and whether later versions may add fields to their lists.
const READ: [(&str, Read, bool); 14] = [
    ("to-relay", read_to_relay, true),
    ("to-device", read_to_device, true),
    ("signed-entry", read::<SignedEntry>, false),
    ("entry", read::<Entry>, false),
    ("sealed-list", read::<SealedList>, false),
    ("header", grown::<Header>, true),
    ("clip-body", read_clip, true),
    ("tombstone", grown::<Tombstone>, true),
    ("state", grown::<State>, true),
    ("heartbeat", grown::<Heartbeat>, true),
    ("payload-body", read_payload, true),
    ("joined", read_joined, true),
    ("archive", read_archive, true),
    ("locked-key", read::<LockedKey>, false),
];

/// Frames that are signed as a whole.
const FIXED: [&str; 2] = ["Hello(", "Challenge("];

#[test]
fn every_field_is_as_wide_and_stands_where_the_page_says() {
    let grammar = Grammar::of_page(PAGE);
    for (rule, read, grows) in READ {
        let mut seen = BTreeSet::new();
        for picks in (0..PICKS * PICKS).map(|pick| (pick / PICKS, pick % PICKS)) {
            let mut maker = Maker::new(&grammar, picks);
            let value = maker.make(grammar.rule(rule), rule, &[]);
            let bytes = value.encode();
            if !seen.insert(bytes.clone()) {
                continue;
            }
            let shown = read(&bytes).unwrap_or_else(|| panic!("{rule}: the code does not read {value:?}"));
            for leaf in &maker.leaves {
                assert!(
                    is_shown(leaf, &shown),
                    "{rule}: {} is {:?} on the page, in the code {shown}",
                    leaf.name,
                    leaf.value
                );
                if let Kind::Enumeration(_) = leaf.kind {
                    let bytes = value.with(&leaf.path, Value::Uint(255)).encode();
                    assert!(read(&bytes).is_some(), "{rule}: {} has no room", leaf.name);
                }
                for wrong in wrong(leaf) {
                    let bytes = value.with(&leaf.path, wrong.clone()).encode();
                    assert_eq!(read(&bytes), None, "{rule}: {} is no {wrong:?} on the page", leaf.name);
                }
            }
            for (path, may_lack) in &maker.arrays {
                let mut items = array(&value, path);
                items.push(Value::Uint(0));
                let longer = value.with(path, Value::Array(items.clone())).encode();
                let wanted = (grows && !FIXED.iter().any(|fixed| shown.starts_with(fixed))).then(|| shown.clone());
                assert_eq!(read(&longer), wanted, "{rule}: one more field at {path:?}");
                items.truncate(items.len() - 2);
                let shorter = value.with(path, Value::Array(items)).encode();
                assert_eq!(read(&shorter).is_some(), *may_lack, "{rule}: the last field at {path:?}");
            }
        }
    }
}

fn array(value: &Value, path: &[usize]) -> Vec<Value> {
    let Value::Array(items) = path.iter().fold(value, |value, at| match value {
        Value::Array(items) => &items[*at],
        _ => panic!("no array"),
    }) else {
        panic!("no array")
    };
    items.clone()
}

/// Whether the code has read this value under this name.
fn is_shown(leaf: &Leaf, shown: &str) -> bool {
    let wanted: Vec<String> = match (&leaf.kind, &leaf.value) {
        (Kind::Enumeration(members), Value::Uint(number)) => {
            members.iter().filter(|(_, member)| member == number).map(|(name, _)| camel(name)).collect()
        }
        (_, Value::Uint(number)) => vec![number.to_string()],
        (_, Value::Text(text)) => vec![format!("{text:?}")],
        (_, Value::Bool(is_so)) => vec![is_so.to_string()],
        (_, Value::Bytes(bytes)) => {
            let start: Vec<_> = bytes.iter().take(3).map(u8::to_string).collect();
            vec![format!("({}", hex(&bytes[..3])), format!("[{}", start.join(", "))]
        }
        _ => return true,
    };
    let name = if leaf.name.is_empty() { String::new() } else { format!("{}: ", leaf.name) };
    let mut places = shown.match_indices(&name).map(|(at, _)| &shown[at + name.len()..]);
    places.any(|rest| {
        // Past the names of types around it.
        let bare = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let inner = bare.strip_prefix('(').unwrap_or(bare);
        let inner = inner.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        wanted.iter().any(|wanted| {
            let past_some = rest.strip_prefix("Some(").unwrap_or(rest);
            let past_both = past_some.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '(');
            [rest, bare, inner, past_some, past_both].iter().any(|r| r.starts_with(wanted.as_str()))
        })
    })
}

fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

fn camel(name: &str) -> String {
    let words = name.split(['-', '_']).filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

/// The tags that the code knows, of all that fit into a byte.
fn known<T: for<'b> Decode<'b, ()>>() -> Vec<u64> {
    let is_known = |number: &u64| {
        let bytes = Value::Array(vec![Value::Uint(*number)]).encode();
        minicbor::decode::<T>(&bytes).err().is_none_or(|error| !error.is_unknown_variant())
    };
    (0..256).filter(is_known).collect()
}

#[test]
fn nothing_that_the_code_knows_is_missing() {
    let grammar = Grammar::of_page(PAGE);
    for (rule, numbers, tag_of) in [
        ("to-relay", known::<ToRelay>(), Some(read::<ToRelay> as Read)),
        ("to-device", known::<ToDevice>(), Some(read::<ToDevice>)),
        ("action", known::<Action>(), Some(read::<Action>)),
    ] {
        let variants = grammar.variants(rule);
        let tags: Vec<_> = variants.iter().map(|variant| grammar.tag(variant)).collect();
        assert_eq!(tags, numbers, "{rule}");
        for variant in variants {
            let bytes = Maker::new(&grammar, (0, 0)).make(grammar.rule(&variant), &variant, &[]).encode();
            let shown = tag_of.and_then(|read| read(&bytes)).unwrap_or_default();
            let name = shown.split([' ', '(']).next().unwrap_or_default();
            assert_eq!(name, camel(&variant), "{rule}");
        }
    }
    for (rule, numbers) in [
        ("kind", envelope::Kind::ALL.iter().map(|kind| kind.number()).collect::<Vec<_>>()),
        ("step", InviteStep::ALL.iter().map(|step| step.number()).collect()),
        ("error-code", ErrorCode::ALL.iter().map(|code| code.number()).collect()),
    ] {
        let Kind::Enumeration(members) = grammar.rule(rule) else { panic!("{rule} is no enumeration") };
        let listed: Vec<_> = members.iter().map(|(_, number)| *number).collect();
        assert_eq!(listed, numbers.into_iter().map(u64::from).collect::<Vec<_>>(), "{rule}");
    }
}

#[test]
fn close_codes_stand_in_their_table() {
    for code in CloseCode::ALL {
        let row = format!("| {} `{:?}` |", code.code(), code);
        assert!(PAGE.contains(&row), "{row}");
    }
}

#[test]
fn the_caps_are_those_of_the_code() {
    use hushclip_protocol::limits as l;
    let (kib, mib, min) = (1024, 1024 * 1024, 60 * 1000);
    for row in [
        format!("| frame | {} MiB |", l::FRAME_BYTES / mib),
        format!("| clip body, encoded | {} KiB |", l::CLIP_BYTES / kib),
        format!("| envelope | {} KiB |", l::ENVELOPE_BYTES / kib),
        format!("| header | {} bytes |", l::HEADER_BYTES),
        format!("| log entry; sealed list | {} KiB each |", l::LOG_ENTRY_BYTES.max(l::SEALED_LIST_BYTES) / kib),
        format!("| memo | {} bytes |", l::MEMO_BYTES),
        format!("| pairing message | 1 byte to {} KiB |", l::PAIRING_BYTES / kib),
        format!(
            "| devices; open invites; sockets of one account; sockets of one device | {}; {}; {}; {} |",
            l::DEVICES,
            l::INVITES,
            l::SOCKETS,
            l::SOCKETS_PER_DEVICE
        ),
        format!(
            "| items in one Items; entries in one LogEntries; anchors; names in one tombstone or state | {}; {}; {}; {} |",
            l::PULL_ITEMS,
            l::PULL_ENTRIES,
            l::ANCHORS,
            l::NAMED
        ),
        format!("| items on their way to a socket, not acknowledged | {} MiB |", l::UNACKED_BYTES / mib),
        format!("| failed claims of an invite per minute | {} |", l::CLAIMS_PER_MINUTE),
        format!(
            "| accounts started per day and address; registration token | {}; {} bytes |",
            l::ACCOUNTS_PER_DAY,
            l::REGISTRATION_TOKEN_BYTES
        ),
        format!(
            "| push address; time between two wake-ups of a device | {} bytes; {} min |",
            l::PUSH_ENDPOINT_BYTES,
            l::WAKE_MS / min
        ),
        format!("| outbox of a device | {} clips, and as many payloads |", l::OUTBOX),
        format!("| name of a channel | {} bytes |", l::CHANNEL_BYTES),
        format!(
            "| time to sign in; to answer a challenge; to use an invite | {} s; {} s; {} min |",
            l::SIGN_IN_MS / 1000,
            l::CHALLENGE_MS / 1000,
            l::INVITE_MS / min
        ),
    ] {
        assert!(PAGE.contains(&row), "{row}");
    }
}

#[test]
fn no_rule_is_left_out() {
    let grammar = Grammar::of_page(PAGE);
    let mut reached = BTreeSet::new();
    let roots = READ.iter().map(|(rule, ..)| *rule).chain(real::RULES);
    let mut open: Vec<String> = roots.map(str::to_owned).collect();
    while let Some(rule) = open.pop() {
        if reached.insert(rule.clone()) {
            open.extend(inside(grammar.rule(&rule)));
        }
    }
    let idle: Vec<_> = grammar.names().filter(|name| !reached.contains(*name)).collect();
    assert!(idle.is_empty(), "compared with nothing: {idle:?}");
}

fn inside(kind: &Kind) -> Vec<String> {
    match kind {
        Kind::Rule(rule) | Kind::Cbor(rule) => vec![rule.clone()],
        Kind::Array(fields) => fields.iter().flat_map(|field| inside(&field.kind)).collect(),
        Kind::Choice(kinds) => kinds.iter().flat_map(inside).collect(),
        _ => Vec::new(),
    }
}
