//! The seeds that run with every change. Others on demand: `SEEDS_FROM=1000000 SEEDS=60000 cargo test -p hushclip-sim`.
//! What happens in one of them: `cargo run -p hushclip-sim --example trace -- storm 1003004`.

use hushclip_sim::{Faults, run};

/// Seeds that once failed: agents on one clipboard that sent each other's clips back (3, 33, 43, 516) or took turns
/// (1,002,695, and with one that had been away 12,005,337, 12,005,634); a clip that was sent once more and drove off a
/// newer one (1,002,058); what a removed device had sent too late (1,003,004, and tidying 1,001,749) or deleted
/// (tidying 2,001,178); a clock put forward (1,000,330, in the midst of taking turns 5,007,356, and between two ways of
/// finding one copy 15,013,405); a tombstone that went after a newer clip (tidying 2,000,385), or without the text of
/// what was being sent (tidying 5,000,492, 5,002,191); an agent that had been away (2,004,589); what a removed device
/// had deleted (tidying 3,000,211, 3,000,320, 5,001,524, 5,012,416), and what of it was missed from one who was out, too
/// (tidying 15,009,494); and with backups a removal that they go back over (603, 2,960), a pin under way (1,599), an
/// older clip (4,189), a clip deleted while its ack was under way (184), and pins that came before their clip was put back
/// (113, 1,032). Two were the simulation's own fault: it lost
/// what was under way on a line, and let what followed through (13,042,732), and it ended while a line was dead and
/// nobody knew (14,035,013).
const REGRESSIONS: [u64; 47] = [
    3, 33, 43, 113, 184, 516, 603, 1032, 1378, 1599, 2905, 2960, 3182, 3357, 3753, 4189, 1_000_330, 1_001_749,
    1_002_058, 1_002_695, 1_003_004, 2_000_385, 2_001_178, 2_004_589, 3_000_211, 3_000_320, 5_000_492, 5_001_524,
    5_002_191, 5_007_356, 5_012_416, 8_001_745, 8_002_851, 8_013_585, 8_042_344, 8_043_867, 9_002_653, 9_007_351,
    9_009_288, 9_016_975, 10_003_896, 12_005_337, 12_005_634, 13_042_732, 14_035_013, 15_009_494, 15_013_405,
];

fn seeds() -> u64 {
    number("SEEDS").unwrap_or(2000)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not {text:?}")))
}

/// Named as a module, so that the suite can run these apart from the other tests.
mod weather {
    use hushclip_sim::{Faults, run};

    use super::{seeds, survive};

    #[test]
    fn calm() {
        for seed in 0..20 {
            let report = run(seed, Faults::CALM).unwrap_or_else(|violation| panic!("seed {seed}: {violation:?}"));
            assert!(report.clips >= 10, "seed {seed}: a run without clips proves nothing: {report:?}");
        }
    }

    #[test]
    fn storm() {
        survive(Faults::STORM, seeds());
    }

    #[test]
    fn storm_with_people_who_tidy_up() {
        survive(Faults::TIDYING, seeds() / 4);
    }

    #[test]
    fn storm_with_backups_restored() {
        survive(Faults::RESTORES, seeds() / 4);
    }

    #[test]
    fn storm_with_lines_between_devices() {
        survive(Faults::LINES, seeds() / 4);
    }

    #[test]
    fn storm_with_lines_between_devices_and_all_that_people_do() {
        survive(Faults::LINES_AND_ALL, seeds() / 4);
    }

    #[test]
    fn storm_with_programs_that_speak_to_each_other() {
        survive(Faults::PAYLOADS, seeds() / 4);
    }
}

fn survive(faults: Faults, count: u64) {
    let from = number("SEEDS_FROM").unwrap_or(0);
    let all: Vec<u64> = REGRESSIONS.into_iter().chain(from..from + count).collect();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let runs = |seeds: &[u64]| seeds.iter().map(|seed| (*seed, run(*seed, faults))).collect::<Vec<_>>();
        let parts = all.chunks(all.len().div_ceil(workers)).map(|part| scope.spawn(move || runs(part)));
        parts.collect::<Vec<_>>().into_iter().flat_map(|part| part.join().expect("no seed panics")).collect()
    });
    let (mut crashes, mut cuts, mut clips, mut removals, mut restores) = (0, 0, 0, 0, 0);
    let (mut disk_failures, mut loads, mut brought, mut payloads) = (0, 0, 0, 0);
    let mut failed = Vec::new();
    for (seed, outcome) in outcomes {
        match outcome {
            Ok(report) => {
                crashes += report.crashes;
                cuts += report.cuts;
                clips += report.clips;
                removals += report.removals;
                disk_failures += report.disk_failures;
                loads += report.loads;
                brought += report.brought;
                restores += report.restores;
                payloads += report.payloads;
            }
            Err(violation) => failed.push(format!("seed {seed}: {:.200}", format!("{violation:?}"))),
        }
    }
    println!(
        "{} seeds: {crashes} crashes, {cuts} cuts, {removals} removals, {restores} restores, {clips} clips, \
         {disk_failures} failures of disks, {loads} reads, {brought} clips brought by other devices, {payloads} payloads",
        all.len()
    );
    assert!(failed.is_empty(), "{} of {} seeds failed:\n{}", failed.len(), all.len(), failed.join("\n"));
    assert!(crashes > count && cuts > count, "the weather was too good to prove anything");
    assert!(disk_failures > count && loads > count, "{disk_failures} disk failures and {loads} reads prove nothing");
    assert!(faults.payloads == 0 || payloads as u64 > 10 * count, "{payloads} payloads prove nothing");
    assert!(faults.device_lines == 0 || brought > count, "{brought} clips over lines between devices prove nothing");
}
