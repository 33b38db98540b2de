//! The seeds that run with every change. More on demand: `SEEDS=100000 cargo test --release -p hushclip-sim`.

use hushclip_sim::{Faults, run};

/// Seeds that once failed: agents on one clipboard that sent each other's clips back (3, 33, 43, 516).
const REGRESSIONS: [u64; 4] = [3, 33, 43, 516];

fn seeds() -> u64 {
    std::env::var("SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(500)
}

#[test]
fn calm() {
    for seed in 0..20 {
        let report = run(seed, Faults::CALM).unwrap_or_else(|violation| panic!("seed {seed}: {violation:?}"));
        assert!(report.clips >= 10, "seed {seed}: a run without clips proves nothing: {report:?}");
    }
}

#[test]
fn storm() {
    let (mut crashes, mut cuts, mut clips) = (0, 0, 0);
    let mut failed = Vec::new();
    for seed in REGRESSIONS.into_iter().chain(0..seeds()) {
        match run(seed, Faults::STORM) {
            Ok(report) => {
                crashes += report.crashes;
                cuts += report.cuts;
                clips += report.clips;
            }
            Err(violation) => failed.push(format!("seed {seed}: {violation:?}")),
        }
    }
    println!("{} seeds: {crashes} crashes, {cuts} cuts, {clips} clips", seeds());
    assert!(failed.is_empty(), "{} of {} seeds failed:\n{}", failed.len(), seeds(), failed.join("\n"));
    assert!(crashes > seeds() && cuts > seeds(), "the weather was too good to prove anything");
}
