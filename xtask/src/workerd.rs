//! The vectors as wasm inside workerd: the same test programs that run under node, asked for over HTTP.
//! Owns the process for as long as one of them runs.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    npm, paths, proc,
    toolchain::{self, TARGET},
};

const PACKAGES: [&str; 2] = ["hushclip-protocol", "hushclip-crypto"];
/// Test programs with vectors in them.
const PROGRAMS: &str = "vectors*";
const BUILD_LIMIT: Duration = Duration::from_mins(20);
const RUN_LIMIT: Duration = Duration::from_mins(5);
const POLL: Duration = Duration::from_millis(50);

/// Builds the test programs and runs each in a workerd of its own.
pub(crate) fn vectors() -> Result<()> {
    let programs = build()?;
    if programs.len() < PACKAGES.len() {
        bail!("{} test programs, but {} packages", programs.len(), PACKAGES.len());
    }
    for program in programs {
        let dir = prepare(&program)?;
        let answer = run(&dir)?;
        let result = answer.lines().rfind(|line| line.starts_with("test result")).unwrap_or_default();
        println!("{}: {result}", program.file_stem().unwrap_or_default().to_string_lossy());
    }
    Ok(())
}

fn build() -> Result<Vec<PathBuf>> {
    let mut cargo = toolchain::require()?.cargo();
    cargo.args(["test", "--no-run", "--target", TARGET, "--message-format=json", "--test", PROGRAMS]);
    for package in PACKAGES {
        cargo.args(["-p", package]);
    }
    let text = proc::output(&mut cargo, BUILD_LIMIT)?;
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(messages.filter_map(|message| Some(PathBuf::from(message["executable"].as_str()?))).collect())
}

/// A folder with everything that the configuration embeds.
fn prepare(program: &Path) -> Result<PathBuf> {
    let dir = paths::scratch().join("workerd").join(program.file_stem().unwrap_or_default());
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir)?;
    let mut bindgen = Bindgen::new();
    bindgen.input_path(program).web(true)?.typescript(false).omit_default_module_path(true).out_name("tests");
    bindgen.generate(&dir)?;
    for file in ["entry.mjs", "workerd.capnp"] {
        fs::copy(paths::root().join("tests/vectors/workerd").join(file), dir.join(file))?;
    }
    Ok(dir)
}

/// What the tests printed; an error unless all passed.
fn run(dir: &Path) -> Result<String> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let log = dir.join("workerd.log");
    let out = proc::create(&log)?;
    let mut command = Command::new(npm::workerd()?);
    command.arg("serve").arg(dir.join("workerd.capnp")).arg("-s").arg(format!("http={address}"));
    let mut workerd = proc::Group::spawn(command.stdout(out.try_clone()?).stderr(out))?;
    let started = Instant::now();
    loop {
        if let Some(status) = workerd.try_wait()? {
            bail!("workerd ended ({status})\n{}", proc::tail(&log, 20));
        }
        match TcpStream::connect(address) {
            Ok(stream) => {
                let (status, body) = ask(stream, address)?;
                return if status == 200 { Ok(body) } else { bail!("{body}\n{}", proc::tail(&log, 20)) };
            }
            Err(error) if started.elapsed() > RUN_LIMIT => return Err(error).context("workerd does not listen"),
            Err(_) => std::thread::sleep(POLL),
        }
    }
}

fn ask(mut stream: TcpStream, address: SocketAddr) -> Result<(u16, String)> {
    stream.set_read_timeout(Some(RUN_LIMIT))?;
    write!(stream, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).context("the tests gave no answer")?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).context("no HTTP")?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status, body.to_owned()))
}
