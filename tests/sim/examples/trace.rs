//! One seed, told step by step: `cargo run -p hushclip-sim --example trace -- storm 1003004`.

use hushclip_sim::{Faults, trace};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let faults = match args.first().map(String::as_str) {
        Some("calm") => Faults::CALM,
        Some("storm") => Faults::STORM,
        Some("tidying") => Faults::TIDYING,
        Some("restores") => Faults::RESTORES,
        Some("lines") => Faults::LINES,
        Some("lines-and-all") => Faults::LINES_AND_ALL,
        Some("payloads") => Faults::PAYLOADS,
        _ => return eprintln!("usage: trace calm|storm|tidying|restores|lines|lines-and-all|payloads SEED"),
    };
    match args.get(1).and_then(|seed| seed.parse().ok()) {
        Some(seed) => println!("{:?}", trace(seed, faults)),
        None => eprintln!("usage: trace calm|storm|tidying|restores|lines|lines-and-all|payloads SEED"),
    }
}
