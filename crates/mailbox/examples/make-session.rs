//! Prints `tests/vectors/v1/session.json`: `cargo run -p hushclip-mailbox --example make-session`. A committed vector is
//! never regenerated to make a test pass.

#[path = "../tests/session/line.rs"]
mod line;
#[path = "../tests/session/story.rs"]
mod story;

fn main() -> serde_json::Result<()> {
    println!("{}", serde_json::to_string_pretty(&story::tell())?);
    Ok(())
}
