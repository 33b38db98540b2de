//! Every committed input, and cheap changes of it, through its target. A panic here is a find.

use std::fs;
use std::path::{Path, PathBuf};

use hushclip_fuzz::{TARGETS, find, seeds};

/// Changes of each input, for targets that take no time.
const CHANGES: u64 = 200;
/// The same for those with much cryptography in each run.
const FEW_CHANGES: u64 = 6;
const SLOW: [&str; 6] = ["records", "log_replay", "mailbox", "engine", "pairing", "pairing_code"];

fn committed(folder: &str, target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target);
    let files = fs::read_dir(dir).into_iter().flatten().map(|file| file.expect("a file").path());
    let mut inputs: Vec<_> = files.map(|path| (path.clone(), fs::read(path).expect("readable"))).collect();
    inputs.sort();
    inputs
}

/// Small, fast, and the same on every machine.
fn random(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as usize
}

fn change(bytes: &mut Vec<u8>, state: &mut u64) {
    for _ in 0..=random(state) % 3 {
        let at = random(state) % (bytes.len() + 1);
        match random(state) % 4 {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random(state) as u8),
            _ if at < bytes.len() => bytes[at] = random(state) as u8,
            _ => {}
        }
    }
}

fn replay(target: &str) {
    let run = find(target).expect("a target");
    let corpus = committed("corpus", target);
    assert!(!corpus.is_empty(), "corpus/{target} is empty");
    let inputs = corpus.into_iter().chain(committed("regressions", target));
    let seeds = seeds(target).into_iter().map(|bytes| (PathBuf::from("seed"), bytes));
    let count = if SLOW.contains(&target) { FEW_CHANGES } else { CHANGES };
    for (path, bytes) in inputs.chain(seeds) {
        // Shown only when the target panics.
        println!("{target}: {}", path.display());
        run(&bytes);
        for seed in 1..=count {
            let (mut changed, mut state) = (bytes.clone(), seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            change(&mut changed, &mut state);
            println!("{target}: change {seed} of {}: {changed:02x?}", path.display());
            run(&changed);
        }
    }
}

macro_rules! replays {
    ($($target:ident)*) => {
        $(#[test]
        fn $target() {
            replay(stringify!($target));
        })*

        #[test]
        fn no_target_is_left_out() {
            assert_eq!(TARGETS.map(|(name, _)| name), [$(stringify!($target)),*]);
        }
    };
}

replays!(to_relay to_device entry sealed_list signed_entry envelope clip_body tombstone archive link code session locked_key
    pairing pairing_code records log_replay mailbox engine);
