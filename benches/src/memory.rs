//! What an engine full of clips of 20 KB costs beside their content: memory, what opening reads, and what a pin writes.

use std::collections::BTreeMap;
use std::time::Instant;

use hushclip_crypto::archive::ArchivedClip;
use hushclip_engine::{CONTENT, Effect, Engine, Event, Write};
use hushclip_model::{Command, CommandId};
use hushclip_protocol::ids::ItemId;
use peak_alloc::PeakAlloc;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const CLIPS: u64 = 5_000;
const BYTES: usize = 20_000;
const NOW: u64 = 1_790_000_000_000;

type Disk = BTreeMap<String, Vec<u8>>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let disk = full_disk()?;
    let content: usize = disk.iter().filter(|(key, _)| CONTENT.contains(&&***key)).map(|(_, value)| value.len()).sum();
    let read = |disk: &Disk| -> Vec<_> {
        let needed = disk.iter().filter(|(key, _)| !CONTENT.contains(&&***key));
        needed.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let records = read(&disk);
    let opening: usize = records.iter().map(|(key, value)| key.len() + value.len()).sum();
    drop(records);

    let before = MEMORY.current_usage();
    let began = Instant::now();
    let mut engine = Engine::restore(read(&disk))?;
    let took = began.elapsed();
    let memory = MEMORY.current_usage() - before;
    let clips = engine.view_without_clips().total;

    let id = engine.view().clips.pop().ok_or("there are clips")?.id;
    let pin = Command::Pin { id, pinned: true };
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let effects = engine.handle(Event::Command { id: CommandId(1), command: pin }, NOW, &mut rng);
    let list =
        effects.into_iter().flat_map(|effect| if let Effect::Persist(writes) = effect { writes } else { vec![] });
    let pinned: usize = list.filter(|write| write.key().starts_with("list/")).map(size).sum();

    println!("{clips} clips of {BYTES} bytes; their content: {content} bytes");
    line("memory of the engine", memory, content);
    line("read to open it", opening, content);
    line("written for a pin, of one clip", pinned, BYTES);
    println!("opened in {} ms", took.as_millis());
    Ok(())
}

fn line(what: &str, bytes: usize, beside: usize) {
    #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
    let ratio = bytes as f64 / beside as f64;
    println!("{what}: {bytes} bytes, {ratio:.3} of the content");
}

fn size(write: Write) -> usize {
    match write {
        Write::Put { key, value } => key.len() + value.len(),
        Write::Delete { key } => key.len(),
    }
}

/// A device with an account and as many clips as it keeps.
fn full_disk() -> Result<Disk, Box<dyn std::error::Error>> {
    let (mut disk, mut rng) = (Disk::new(), ChaCha20Rng::seed_from_u64(1));
    let mut engine = Engine::restore([])?;
    let (relay, name) = ("https://relay.example".to_owned(), "Desk".to_owned());
    let create = Command::CreateAccount { relay, name, token: None };
    let clips = (0..CLIPS).map(|number| {
        let mut item = [0; ItemId::LEN];
        item[..8].copy_from_slice(&(number + 1).to_be_bytes());
        ArchivedClip {
            item: ItemId::from_bytes(item),
            at_ms: NOW - (CLIPS - number) * 60_000,
            device: "Desk".into(),
            text: format!("{number} ").repeat(BYTES)[..BYTES].to_owned(),
            html: None,
            pinned: false,
        }
    });
    let import = Event::Import { id: CommandId(2), clips: clips.collect() };
    for event in [Event::Started, Event::Command { id: CommandId(1), command: create }, import] {
        for effect in engine.handle(event, NOW, &mut rng) {
            let Effect::Persist(writes) = effect else { continue };
            for write in writes {
                match write {
                    Write::Put { key, value } => drop(disk.insert(key, value)),
                    Write::Delete { key } => drop(disk.remove(&key)),
                }
            }
        }
    }
    Ok(disk)
}
