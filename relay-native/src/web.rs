//! The web app's files: those embedded in the binary, or those of a folder. Each is read once, hashed once and
//! compressed once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;
use std::{fs, io};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// No web app is larger.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Images and fonts are already compressed.
const COMPRESSED: [&str; 3] = [".png", ".woff2", ".ico"];

/// Files by path, from `/`.
#[derive(Debug, Default)]
pub(crate) struct Web {
    files: BTreeMap<String, Asset>,
}

/// One file.
#[derive(Debug)]
pub(crate) struct Asset {
    bytes: Bytes,
    digest: String,
    shrinks: bool,
    gzip: OnceLock<Option<Bytes>>,
}

/// A file as it is sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// The ETag: names exactly these bytes.
    pub(crate) tag: String,
    /// The bytes; `None` if the other side already has them.
    pub(crate) bytes: Option<Bytes>,
    /// Whether they are compressed.
    pub(crate) gzip: bool,
    /// Whether they might be.
    pub(crate) varies: bool,
}

impl Web {
    /// The files embedded in the binary.
    pub(crate) fn embedded() -> Self {
        let files = FILES.iter().map(|(path, bytes)| Asset::entry(path, Bytes::from_static(bytes)));
        Self { files: files.collect() }
    }

    /// The files that are in a folder now.
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let mut web = Self::default();
        let mut room = LARGEST;
        web.list(folder, "", &mut room)?;
        Ok(web)
    }

    /// The file at a path.
    pub(crate) fn get(&self, path: &str) -> Option<&Asset> {
        self.files.get(path)
    }

    /// Whether there is no web app at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn list(&mut self, folder: &Path, prefix: &str, room: &mut u64) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = format!("{prefix}/{}", path.file_name().unwrap_or_default().to_string_lossy());
            if path.is_dir() {
                self.list(&path, &name, room)?;
                continue;
            }
            let Some(rest) = room.checked_sub(path.metadata()?.len()) else {
                return Err(io::Error::other("it holds more than any web app would"));
            };
            *room = rest;
            self.files.extend([Asset::entry(&name, fs::read(&path)?.into())]);
        }
        Ok(())
    }
}

impl Asset {
    fn entry(path: &str, bytes: Bytes) -> (String, Self) {
        let digest = base16ct::lower::encode_string(&Sha256::digest(&bytes)[..16]);
        let shrinks = !COMPRESSED.iter().any(|ending| path.ends_with(ending));
        (path.to_owned(), Self { bytes, digest, shrinks, gzip: OnceLock::new() })
    }

    /// The file for a client that accepts these encodings and knows these tags.
    pub(crate) fn sent(&self, accepts: Option<&str>, knows: Option<&str>) -> Sent {
        let packed = if accepts.is_some_and(accepts_gzip) { self.packed() } else { None };
        let tag = format!("\"{}{}\"", self.digest, if packed.is_some() { "-gzip" } else { "" });
        let is_there = knows.is_some_and(|tags| {
            tags.split(',')
                .map(|tag| tag.trim().trim_start_matches("W/"))
                .any(|tag_there| tag_there == tag || tag_there == "*")
        });
        let gzip = packed.is_some() && !is_there;
        let bytes = if is_there { None } else { Some(packed.unwrap_or(&self.bytes).clone()) };
        Sent { tag, bytes, gzip, varies: self.shrinks }
    }

    fn packed(&self) -> Option<&Bytes> {
        let pack = || {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            io::Write::write_all(&mut encoder, &self.bytes).ok()?;
            let packed = encoder.finish().ok()?;
            (packed.len() < self.bytes.len()).then(|| packed.into())
        };
        if self.shrinks { self.gzip.get_or_init(pack).as_ref() } else { None }
    }
}

/// Whether an `Accept-Encoding` names gzip without ruling it out.
fn accepts_gzip(header: &str) -> bool {
    header.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        is_gzip && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_file_is_sent_as_it_is_wanted_and_not_twice() {
        let text = "hush ".repeat(1000);
        let (_, asset) = Asset::entry("/a.js", text.clone().into());
        let plain = asset.sent(None, None);
        assert_eq!((plain.bytes.as_deref(), plain.gzip, plain.varies), (Some(text.as_bytes()), false, true));
        assert_eq!(asset.sent(Some("gzip;q=0, br"), None), plain);
        let packed = asset.sent(Some("br, gzip"), None);
        let mut unpacked = String::new();
        let bytes = packed.bytes.clone().unwrap();
        flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut unpacked).unwrap();
        assert_eq!((unpacked, packed.gzip), (text, true));
        assert_ne!(plain.tag, packed.tag);
        for tags in [plain.tag.clone(), format!("\"x\", W/{}", plain.tag), "*".into()] {
            assert_eq!(asset.sent(None, Some(&tags)).bytes, None);
        }
        assert!(asset.sent(Some("gzip"), Some(&plain.tag)).bytes.is_some());
    }

    #[test]
    fn what_is_compressed_already_is_left_alone() {
        let (_, asset) = Asset::entry("/a.png", vec![0; 1000].into());
        let sent = asset.sent(Some("gzip"), None);
        assert_eq!((sent.gzip, sent.varies, sent.bytes.map(|bytes| bytes.len())), (false, false, Some(1000)));
    }
}
