//! Words that look as if a generator had made them.
//!
//! Ordinary words, of languages and of programs, are made of pairs of characters that often stand side by side;
//! drawn ones are not. `pairs.txt` says how surprising each pair is (`examples/count-pairs.rs` counted them in
//! the distinct words of some hundred megabytes of program source and of word lists in four languages). A word
//! that surprises by far more than a drawn character would on average looks drawn. Two generators make
//! words that can be spoken, so those are recognised by their build.

const PAIRS: &[u8] = include_bytes!("pairs.txt");
/// Characters in a line of the table, the line's end included.
const LINE: usize = 96;
/// What each character of a drawn word costs whoever knows that it was drawn: six bits, in half bits.
const DRAWN: i32 = 12;
/// Longer words are data.
const LONGEST: usize = 128;

/// What is known to follow when a word begins so: hashes, pictures, public keys, addresses.
const HARMLESS: [&str; 21] = [
    "data:",
    "blob:",
    "urn:",
    "mailto:",
    "magnet:",
    "javascript:",
    "doi:",
    "sha1-",
    "sha256-",
    "sha384-",
    "sha512-",
    "sha256:",
    "SHA256:",
    "iVBORw0KGgo",
    "R0lGOD",
    "UklGR",
    "JVBERi0",
    "AAAAB3Nz",
    "AAAAC3Nz",
    "MCowBQYDK2Vw",
    "MFkwEwYH",
];

/// Ends of names of files.
const FILES: &str = " 7z apk avi bak c cfg conf cpp cs css csv deb dmg doc docx eml epub exe gif go gz h heic htm html \
    ico ics ini ipynb iso jar java jpeg jpg js json jsx kt lock log m4a map md mjs mkv mov mp3 mp4 msi odt ogg otf \
    pdf php png ppt pptx ps1 py rar rb rs rtf scss sh sql svg swift tar tgz tif toml ts tsx ttf txt vue wasm wav webm \
    webp woff woff2 xls xlsx xml yaml yml zip zst ";

/// Whether a text is one word that was likely drawn by a generator.
pub(super) fn is_drawn(text: &str) -> bool {
    let length = text.len();
    if is_hex_key(text) {
        return true;
    }
    if !(8..=LONGEST).contains(&length) || !text.bytes().all(|byte| byte.is_ascii_graphic()) || is_named(text) {
        return false;
    }
    is_apple(text) || is_spoken(text) || surprise(text) - code(text) >= expected(text)
}

/// How much a word that names itself (`password = …`) surprises is asked less of.
pub(super) fn is_mixed(value: &str) -> bool {
    let [lower, upper, digit, _] = kinds(value);
    let several = kinds(value).into_iter().filter(|has| *has).count() >= 2;
    let long = value.len() >= 8 && value.bytes().all(|byte| byte.is_ascii_graphic());
    let hex = value.len() >= 16 && is_hex(value) && digit && (lower || upper);
    hex || (long && several && (is_apple(value) || is_spoken(value) || surprise(value) - code(value) >= 20))
}

/// How far a word must go beyond what a drawn one costs, half bits: the shorter it is, the more it takes for each
/// character. Whatever lacks capitals or small letters may be the name or the number of something.
fn expected(text: &str) -> i32 {
    let [lower, upper, digit, sign] = kinds(text);
    let length = i32::try_from(text.len()).unwrap_or(i32::MAX / 16);
    let base = match length {
        ..10 => 50,
        10..14 => 46,
        _ => (16 * length - 64) / 5,
    };
    match (lower && upper, digit || sign) {
        (false, _) => i32::MAX,
        (true, false) => base + 30,
        (true, true) => base,
    }
}

/// How much more the pairs of a word surprise than drawn characters would cost, half bits. Runs of
/// hexadecimal digits name commits and objects, and count for nothing.
fn surprise(text: &str) -> i32 {
    let mut sum = 0;
    let mut before = 0;
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let run = bytes[at..].iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
        if run >= 7 && bytes[at..at + run].iter().any(u8::is_ascii_digit) {
            before = usize::from(bytes[at + run - 1] - b' ');
            at += run;
            continue;
        }
        let sign = usize::from(byte - b' ');
        sum += match PAIRS.get(before * LINE + sign) {
            Some(cost @ b'0'..=b'9') => i32::from(cost - b'0') - DRAWN,
            Some(cost @ b'a'..=b'z') => i32::from(cost - b'a') + 10 - DRAWN,
            _ => 0,
        };
        before = sign;
        at += 1;
    }
    sum
}

/// What speaks for a piece of a program or a row of a table, half bits: brackets in pairs, escapes, classes of
/// characters, the same sign between all parts.
fn code(text: &str) -> i32 {
    const SIGNS: [&str; 14] =
        ["a-z", "A-Z", "0-9", "(?", "[^", "\\w", "\\d", "\\s", "\\b", "\\n", "&&", "</", "=>", "::"];
    let signs = SIGNS.iter().map(|sign| text.matches(sign).count()).sum::<usize>();
    let rows = [';', ',', '|', '%'].iter().filter(|sign| text.matches(**sign).count() >= 3).count();
    i32::try_from(24 * brackets(text) + 16 * signs + 40 * rows).unwrap_or(i32::MAX)
}

/// Pairs of brackets, if all have their partners.
fn brackets(text: &str) -> usize {
    let mut open = Vec::new();
    let mut pairs = 0;
    for byte in text.bytes() {
        match byte {
            b'(' => open.push(b')'),
            b'[' => open.push(b']'),
            b'{' => open.push(b'}'),
            b')' | b']' | b'}' if open.pop() != Some(byte) => return 0,
            b')' | b']' | b'}' => pairs += 1,
            _ => {}
        }
    }
    if open.is_empty() { pairs } else { 0 }
}

/// Whether a word has small letters, capitals, digits, signs. What joins the words of names is no sign.
fn kinds(text: &str) -> [bool; 4] {
    let any = |fits: fn(&u8) -> bool| text.bytes().any(|byte| fits(&byte));
    [
        any(u8::is_ascii_lowercase),
        any(u8::is_ascii_uppercase),
        any(u8::is_ascii_digit),
        any(|byte| byte.is_ascii_punctuation() && !b"-_./".contains(byte)),
    ]
}

/// Whether a word names something by its form: an address, a file, an object.
fn is_named(text: &str) -> bool {
    text.contains("://")
        || HARMLESS.iter().any(|start| text.starts_with(start))
        || is_path(text)
        || is_host(text)
        || is_mail(text)
        || is_object(text)
        || text.bytes().all(|byte| byte.is_ascii_hexdigit() || b":-{}".contains(&byte))
}

fn is_path(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/\\._-+~@:=%,() ".contains(&byte);
    let drive = text.as_bytes().get(1..3).is_some_and(|start| matches!(start, b":\\" | b":/"));
    let rooted = drive || ["/", "~/", "./", "../", "\\\\"].iter().any(|start| text.starts_with(start));
    let parts = text.split(['/', '\\']).filter(|part| part.len() > 1).count();
    let ends =
        |(stem, end): (&str, &str)| !stem.is_empty() && FILES.contains(&format!(" {end} ")) && !end.contains(' ');
    text.bytes().all(plain) && ((rooted && parts >= 2) || text.rsplit_once('.').is_some_and(ends))
}

/// `example.org`, with or without what may follow it.
fn is_host(text: &str) -> bool {
    let host = text.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let Some((name, top)) = host.rsplit_once('.') else { return false };
    let small =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    name.len() > 1 && name.split('.').all(small) && top.len() > 1 && top.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn is_mail(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._%+-=".contains(&byte);
    !name.is_empty() && name.bytes().all(plain) && is_host(host)
}

/// What services call their objects (`cus_NffrFeUfNV2Hib`), and addresses of payments.
fn is_object(text: &str) -> bool {
    let named = text.split_once('_').is_some_and(|(name, rest)| {
        (2..=8).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase())
            && rest.len() <= 28
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    let address = (26..=35).contains(&text.len())
        && text.starts_with(['1', '3'])
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() && !b"0OIl".contains(&byte));
    named || address
}

pub(super) fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        || text.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
}

/// A number of as many digits as keys have, alone. 64 may be a digest too, and are asked about all the same: a key
/// that got away costs more than a question. 32 and 40 name objects and commits far too often.
fn is_hex_key(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let [lower, upper, digit, _] = kinds(digits);
    matches!(digits.len(), 48 | 64 | 96 | 128) && is_hex(digits) && digit && (lower || upper)
}

/// Three groups of six, all small letters but one capital and one digit: Apple's.
fn is_apple(text: &str) -> bool {
    let count = |fits: fn(&u8) -> bool| text.bytes().filter(fits).count();
    text.len() == 20
        && text.split('-').all(|group| group.len() == 6 && group.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        && count(u8::is_ascii_uppercase) == 1
        && count(u8::is_ascii_digit) == 1
}

/// Syllables with single digits between them and capitals here and there, in none of which two
/// consonants meet that do not make one sound: those of `pwgen`.
fn is_spoken(text: &str) -> bool {
    let [lower, upper, digit, _] = kinds(text);
    let bare = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let mut groups: Vec<&str> = text.split(|c: char| c.is_ascii_digit()).collect();
    let last = groups.pop().unwrap_or_default();
    text.len() >= 14
        && bare
        && lower
        && upper
        && digit
        && groups.iter().all(|group| group.len() >= 2 && is_speakable(group))
        && is_speakable(last)
}

/// Two letters, one consonant.
const SOUNDS: [&str; 7] = ["ch", "gh", "ng", "ph", "qu", "sh", "th"];

/// Whether consonants and vowels take turns, and capitals begin sounds only.
fn is_speakable(group: &str) -> bool {
    let small = group.to_ascii_lowercase();
    let mut rest = small.as_str();
    let mut vowels = 0;
    let mut consonant = false;
    while let Some(first) = rest.chars().next() {
        let start = group.len() - rest.len();
        let vowel = "aeiou".contains(first);
        let long = rest.starts_with("ah") || rest.starts_with("oh");
        let open = rest.get(2..3).is_some_and(|next| "aeiou".contains(next));
        let double = SOUNDS.iter().any(|sound| rest.starts_with(sound)) || (long && !open);
        let length = if double { 2 } else { 1 };
        let fits = if vowel { vowels < 2 } else { !consonant };
        let inner = group[start + 1..start + length].bytes().any(|byte| byte.is_ascii_uppercase());
        let capital = group[start..].starts_with(|c: char| c.is_ascii_uppercase());
        if !fits || inner || (capital && vowel && start > 0) {
            return false;
        }
        (vowels, consonant) = if vowel { (vowels + 1, false) } else { (0, true) };
        rest = &rest[length..];
    }
    true
}
