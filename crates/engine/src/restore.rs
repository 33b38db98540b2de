//! Everything that was persisted, read back: which record holds what. Records that this version does not know, and fields
//! that it does not know at the end of a record, are passed over. Only the settings keep theirs when this version writes
//! them again; a field that a later version adds elsewhere must therefore have a default.

use std::collections::{BTreeMap, VecDeque};

use hushclip_model::Settings;
use hushclip_protocol::codec::Kept;
use hushclip_protocol::ids::{DeviceId, Hash};
use hushclip_protocol::log::SignedEntry;

use crate::changes::Draft;
use crate::channels::{Listening, Payload};
use crate::clip::{self, Clip};
use crate::identity::{DeviceRecord, Identity};
use crate::inbox::{Sender, Synced};
use crate::log::Log;
use crate::notices::Stored;
use crate::outbox::{Numbers, Queued, Sent};
use crate::pairing::{Invite, Join};
use crate::record::{
    ACCOUNT, ALERTS, CHANNELS, CLIPBOARD, COMING, DEVICE, DRAFTS, EVIDENCE, INVITE, JOIN, LOG, MEMBERS, NUMBERS, ORDER,
    OUT, PAYLOAD, PLACE, PUSH, RECORD_BYTES, REMOVED, REMOVING, RestoreError, SEEN, SENDER, SENT, SETTINGS, SYNCED,
    TRACES, TRIED, decode,
};
use crate::relay_line::Place;
use crate::state::{Account, AccountRecord, Removed};
use crate::traces::Trace;

/// Everything that was persisted.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) identity: Option<Identity>,
    pub(crate) account: Option<Account>,
    pub(crate) place: Place,
    pub(crate) outbox: VecDeque<Queued>,
    pub(crate) sent: VecDeque<Sent>,
    pub(crate) numbers: Option<Numbers>,
    pub(crate) senders: BTreeMap<DeviceId, Sender>,
    pub(crate) synced: Synced,
    pub(crate) clips: Vec<Clip>,
    pub(crate) listening: Listening,
    pub(crate) payloads: Vec<Payload>,
    pub(crate) on_clipboard: Option<Hash>,
    pub(crate) coming: Option<Hash>,
    pub(crate) invite: Option<Invite>,
    pub(crate) join: Option<Join>,
    pub(crate) alerts: Stored,
    pub(crate) removed: Option<Removed>,
    pub(crate) push_endpoint: String,
    pub(crate) settings: Kept<Settings>,
    pub(crate) seen_order: u64,
    /// The greatest order of a clip that was the newest and is gone.
    pub(crate) gone_order: u64,
    pub(crate) traces: Vec<Trace>,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) removing: Vec<DeviceId>,
    pub(crate) tried_codes: Vec<Hash>,
}

impl Records {
    pub(crate) fn decode(records: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, RestoreError> {
        let mut out = Self::default();
        let (mut account, mut place, mut members, mut evidence) = (None, None, None, Vec::new());
        let (mut log, mut clips) = (Vec::new(), clip::OnDisk::default());
        for (key, value) in records {
            let value = zeroize::Zeroizing::new(value);
            if key == DEVICE {
                out.identity = Some(decode::<DeviceRecord>(&value)?.into());
            } else if key == ACCOUNT {
                account = Some(decode::<AccountRecord>(&value)?);
            } else if key == PLACE {
                place = Some(decode(&value)?);
            } else if key == INVITE {
                out.invite = Some(decode(&value)?);
            } else if key == CLIPBOARD {
                out.on_clipboard = Some(decode(&value)?);
            } else if key == COMING {
                out.coming = Some(decode(&value)?);
            } else if key == JOIN {
                out.join = Some(decode(&value)?);
            } else if key == ALERTS {
                out.alerts = decode(&value)?;
            } else if key == EVIDENCE {
                evidence = decode(&value)?;
            } else if key == REMOVED {
                out.removed = Some(decode(&value)?);
            } else if key == SETTINGS {
                out.settings = Kept::decode(&value, RECORD_BYTES).map_err(|_| RestoreError)?;
            } else if key == ORDER {
                out.gone_order = decode(&value)?;
            } else if key == SEEN {
                out.seen_order = decode(&value)?;
            } else if key == TRACES {
                out.traces = decode(&value)?;
            } else if key == DRAFTS {
                out.drafts = decode(&value)?;
            } else if key == MEMBERS {
                members = Some(decode(&value)?);
            } else if key == REMOVING {
                out.removing = decode(&value)?;
            } else if key == SYNCED {
                out.synced = decode(&value)?;
            } else if key == NUMBERS {
                out.numbers = Some(decode(&value)?);
            } else if key == CHANNELS {
                out.listening = decode(&value)?;
            } else if key == TRIED {
                out.tried_codes = decode(&value)?;
            } else if key == PUSH {
                out.push_endpoint = decode(&value)?;
            } else if let Some(device) = key.strip_prefix(SENDER) {
                out.senders.insert(DeviceId::from_hex(device).ok_or(RestoreError)?, decode::<Sender>(&value)?);
            } else if key.starts_with(LOG) {
                log.push((key, decode::<SignedEntry>(&value)?));
            } else if key.starts_with(PAYLOAD) {
                out.payloads.push(decode(&value)?);
            } else if key.starts_with(OUT) {
                out.outbox.push_back(decode(&value)?);
            } else if key.starts_with(SENT) {
                out.sent.push_back(decode(&value)?);
            } else {
                clips.take(&key, &value)?;
            }
        }
        out.clips = clips.clips()?;
        if let Some(record) = account {
            let AccountRecord { cursor, anchors, set_back, .. } = &record;
            out.place = place.unwrap_or_else(|| Place::new(*cursor, anchors.clone(), *set_back));
            log.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            let entries = log.into_iter().map(|(_, entry)| entry).collect();
            let log = Log::restore(members.ok_or(RestoreError)?, entries, evidence)?;
            out.account = Some(Account::restore(record, log)?);
            // Without it, counters would be used a second time.
            out.numbers.ok_or(RestoreError)?;
        }
        if out.account.is_some() && out.identity.is_none() { Err(RestoreError) } else { Ok(out) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use hushclip_model::settings::{Apply, Change};
    use hushclip_model::{Command, CommandId, View};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use crate::record::{CONTENT, DEVICE};
    use crate::{Effect, Engine, Event, Write};

    type Disk = BTreeMap<String, Vec<u8>>;

    const NOW: u64 = 1_700_000_000_000;

    fn ask(engine: &mut Engine, disk: &mut Disk, command: Command) {
        let mut rng = ChaCha20Rng::seed_from_u64(disk.len() as u64);
        for effect in engine.handle(Event::Command { id: CommandId(1), command }, NOW, &mut rng) {
            let Effect::Persist(writes) = effect else { continue };
            for write in writes {
                match write {
                    Write::Put { key, value } => disk.insert(key, value),
                    Write::Delete { key } => disk.remove(&key),
                };
            }
        }
    }

    /// A device with an account, clips and settings.
    fn disk() -> (Disk, View) {
        let (mut engine, mut disk) = (Engine::restore([]).expect("a fresh one"), Disk::new());
        let (relay, name) = ("https://relay.example".to_owned(), "Laptop".to_owned());
        ask(&mut engine, &mut disk, Command::CreateAccount { relay, name, token: None });
        ask(&mut engine, &mut disk, Command::Push { text: "a clip".into(), html: None });
        ask(&mut engine, &mut disk, Command::Listen { channel: "com.example.notes".into() });
        let (channel, bytes) = ("com.example.notes".into(), vec![0xff; 3]);
        ask(&mut engine, &mut disk, Command::Publish { channel, bytes });
        let change = Change { watch: Some(true), ..Change::default() };
        ask(&mut engine, &mut disk, Command::SetSettings { change });
        let view = Engine::restore(disk.clone()).expect("what it wrote").view();
        (disk, view)
    }

    /// The same with a field of tomorrow at the end of every record that is a list.
    fn grown(disk: &Disk) -> Disk {
        let grow = |(key, value): (&String, &Vec<u8>)| {
            let grown = match value.split_first() {
                // Where the last field is nothing, it is left out, until another one follows.
                Some((head, fields)) if key == DEVICE => [&[head + 2], fields, &[0xf6, 0x81, 7]].concat(),
                Some((head @ 0x80..=0x96, fields)) => [&[head + 1], fields, &[0x81, 7]].concat(),
                _ => value.clone(),
            };
            (key.clone(), grown)
        };
        disk.iter().map(grow).collect()
    }

    #[test]
    fn what_a_later_version_has_written_opens() {
        let (disk, view) = disk();
        for (key, value) in grown(&disk) {
            let mut one = disk.clone();
            one.insert(key.clone(), value);
            assert!(Engine::restore(one).is_ok(), "{key}");
        }
        let mut later = grown(&disk);
        assert!(later.iter().filter(|(key, value)| disk[*key] != **value).count() > 5, "most records are lists");
        later.insert("tomorrow/1".into(), vec![0xff]);
        let engine = Engine::restore(later).expect("nothing in it is damaged");
        assert!(engine.view() == view);
    }

    #[test]
    fn settings_of_a_later_version_outlast_a_change_by_this_one() {
        let (disk, _) = disk();
        let mut later = grown(&disk);
        let before = later["settings"].clone();
        let mut engine = Engine::restore(later.clone()).expect("nothing in it is damaged");
        ask(
            &mut engine,
            &mut later,
            Command::SetSettings { change: Change { watch: Some(false), ..Change::default() } },
        );
        assert!(later["settings"] != before && later["settings"].ends_with(&[0x81, 7]));
        assert!(!engine.settings().watch);
    }

    #[test]
    fn a_choice_that_a_later_version_knows_is_kept_until_the_person_chooses() {
        let (mut disk, _) = disk();
        // The second field is the list of kinds of secrets, and gets one more.
        let settings = &disk["settings"];
        assert_eq!(settings[1..8], [0, 0x85, 0, 0, 0, 0, 0]);
        let later = [&[settings[0], 0x17, 0x86, 0, 0x17, 0, 0, 0, 2], &settings[8..]].concat();
        disk.insert("settings".into(), later.clone());
        let mut engine = Engine::restore(disk.clone()).expect("nothing in it is damaged");
        assert_eq!(engine.settings().apply, Apply::Ask, "nothing goes on a clipboard that was not asked for");
        let change = Change { watch: Some(false), ..Change::default() };
        ask(&mut engine, &mut disk, Command::SetSettings { change });
        assert_eq!(disk["settings"][..9], later[..9]);
        let change = Change { apply: Some(Apply::Never), ..Change::default() };
        ask(&mut engine, &mut disk, Command::SetSettings { change });
        assert_eq!(disk["settings"][1..9], [&[2], &later[2..9]].concat());
        // What is no choice is damage.
        disk.insert("settings".into(), [&[later[0], 0xf5], &later[2..]].concat());
        assert!(Engine::restore(disk).is_err());
    }

    #[test]
    fn counters_that_are_gone_are_not_begun_anew() {
        let (mut disk, _) = disk();
        disk.remove("numbers").expect("an account has them");
        assert!(Engine::restore(disk).is_err());
    }

    #[test]
    fn what_is_damaged_is_said_to_be() {
        let (disk, _) = disk();
        // Content is looked at when it is wanted.
        for key in disk.keys().filter(|key| !CONTENT.contains(&&***key)) {
            let mut damaged = disk.clone();
            damaged.get_mut(key).expect("it is there").pop();
            assert!(Engine::restore(damaged).is_err(), "{key}");
        }
    }
}
