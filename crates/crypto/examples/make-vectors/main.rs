//! Makes the files of `tests/vectors/v1`: `cargo run -p hushclip-crypto --example make-vectors [FOLDER]`.
//!
//! A committed vector is never regenerated to make a test pass: it is what other clients were written
//! against. So a file that exists is left alone; to see what this code would make today, name an empty
//! folder. The random bytes come from seeds, so the same code makes the same files.

mod cbor;
mod device;
mod envelope;
mod epoch;
mod fingerprint;
mod growth;
mod hpke;
mod legend;
mod log;
mod log_refused;
mod notes;
mod out;
mod padding;
mod pairing;
mod pairing_code;
mod pairing_code_refused;
mod pairing_refused;
mod signin;

use std::path::PathBuf;

use out::Folder;

fn main() -> std::io::Result<()> {
    let default = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/v1"));
    let folder = Folder::new(std::env::args_os().nth(1).map_or(default, PathBuf::from))?;
    folder.write("device", &device::make())?;
    folder.write("epoch", &epoch::make())?;
    folder.write("fingerprint", &fingerprint::make())?;
    folder.write("padding", &padding::make())?;
    folder.write("envelope", &envelope::make())?;
    folder.write("notes", &notes::make())?;
    folder.write("growth", &growth::make())?;
    folder.write("log", &log::make())?;
    folder.write("pairing", &pairing::make())?;
    folder.write("pairing_code", &pairing_code::make())?;
    folder.write("signin", &signin::make())?;
    Ok(())
}
