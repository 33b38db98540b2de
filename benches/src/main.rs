//! The native half of `cargo xtask bench crypto`: Hushclip beside direct calls into the same crates.
//! It prints medians and asserts nothing.

mod work;

use std::hint::black_box;
use std::time::{Duration, Instant};

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use ed25519_dalek::{Signer as _, SigningKey};

use work::Work;

const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(60);

fn main() {
    println!("native, peer: XChaCha20-Poly1305 and Ed25519 of the same crates, nothing else");
    for kib in [1, 64] {
        let bytes = kib * 1024;
        let mut work = Work::new(bytes);
        let (cipher, signing, nonce) =
            (XChaCha20Poly1305::new(&[1; 32].into()), SigningKey::from_bytes(&[2; 32]), [3; 24].into());
        let plain = vec![b'x'; bytes];
        let seal = || cipher.encrypt(&nonce, Payload { msg: &plain, aad: &[4; 140] }).unwrap_or_default();
        let sealed = seal();
        let signature = signing.sign(&sealed[..64]);
        let key = signing.verifying_key();
        let (ours, peer) = compare(
            || drop(black_box(work.seal())),
            || {
                let sealed = seal();
                black_box(signing.sign(&sealed[..64]));
            },
        );
        report("seal", kib, ours, peer);
        let (ours, peer) = compare(
            || assert!(work.open(), "opens"),
            || {
                let verified = key.verify_strict(&sealed[..64], &signature).is_ok();
                black_box((verified, cipher.decrypt(&nonce, Payload { msg: &sealed, aad: &[4; 140] }).is_ok()));
            },
        );
        report("open", kib, ours, peer);
    }
}

/// Median microseconds of both, in turns, so that a busy machine is as busy for one as for the other.
fn compare(mut ours: impl FnMut(), mut peer: impl FnMut()) -> (f64, f64) {
    let (mut a, mut b): (Vec<f64>, Vec<f64>) = (0..ROUNDS).map(|_| (time(&mut ours), time(&mut peer))).unzip();
    (median(&mut a), median(&mut b))
}

fn time(work: &mut impl FnMut()) -> f64 {
    let (started, mut count) = (Instant::now(), 0.0);
    while started.elapsed() < ROUND {
        work();
        count += 1.0;
    }
    started.elapsed().as_secs_f64() * 1e6 / count
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn report(what: &str, kib: usize, ours: f64, peer: f64) {
    println!("  {what} {kib:>2} KiB   {ours:8.1} µs   peer {peer:8.1} µs   ×{:.2}", ours / peer);
}
