//! What the recogniser misses, and what it takes for a secret that is none, on what seeded generators make. The
//! tables print with `cargo test -p hushclip-engine measured -- --nocapture`.

use std::fmt::Write as _;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::recognise;

mod drawn;
mod prose;
mod things;

/// Of each generator, and of all ordinary clips together.
const SAMPLES: usize = 20_000;

#[test]
fn few_drawn_secrets_are_missed() {
    let mut table = String::new();
    let mut worse = Vec::new();
    for (name, draw, bound) in drawn::GENERATORS {
        let mut rng = ChaCha20Rng::seed_from_u64(10);
        let missed = (0..SAMPLES).filter(|_| recognise(&draw(&mut rng)).is_none()).count();
        let _ = writeln!(table, "{name:28}{:>6} %", percent(missed, SAMPLES));
        if bound.is_some_and(|bound| missed * 100_000 > bound * SAMPLES) {
            worse.push(name);
        }
    }
    println!("missed\n{table}");
    assert!(worse.is_empty(), "more than promised is missed of {worse:?}\n{table}");
}

#[test]
fn few_ordinary_clips_are_taken_for_secrets() {
    let kinds = prose::LANGUAGES.len() + things::THINGS.len();
    let each = SAMPLES.div_ceil(kinds);
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    let mut table = String::new();
    let mut all = Vec::new();
    let mut count = |name: &str, clip: &mut dyn FnMut() -> String| {
        let taken: Vec<String> = (0..each).map(|_| clip()).filter(|clip| recognise(clip).is_some()).collect();
        let _ = writeln!(table, "{name:28}{:>6} %", percent(taken.len(), each));
        all.extend(taken);
    };
    for language in &prose::LANGUAGES {
        count(language.name, &mut || prose::clip(&mut rng, language));
    }
    for (name, draw) in things::THINGS {
        count(name, &mut || draw(&mut rng));
    }
    println!("taken for secrets\n{table}{:28}{:>6} %", "all", percent(all.len(), each * kinds));
    assert!(
        all.len() * 200 < each * kinds,
        "{} of {}, such as {:#?}",
        all.len(),
        each * kinds,
        &all[..20.min(all.len())]
    );
}

fn percent(of: usize, all: usize) -> String {
    let hundredths = of * 10_000 / all;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
