//! Lists the targets, or writes the seeds of one into a folder: `seeds [TARGET FOLDER]`.

use std::io::Result;
use std::path::Path;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(target), Some(folder)) = (args.next(), args.next()) else {
        for (target, _) in hushclip_fuzz::TARGETS {
            println!("{target}");
        }
        return Ok(());
    };
    for (number, seed) in hushclip_fuzz::seeds(&target).iter().enumerate() {
        std::fs::write(Path::new(&folder).join(format!("seed-{number}")), seed)?;
    }
    Ok(())
}
