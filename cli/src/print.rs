//! How things look on the terminal. Text from elsewhere may hold control characters: it is made harmless before a
//! terminal sees it; pipes get it as it is.

use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal as _, Write as _, stderr, stdout};

use hushclip_model::view::Connection;
use hushclip_model::{AlertView, ClipView, Problem};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use serde::Serialize;

use crate::clock::now_ms;
use crate::failure::{Failure, Result};
use crate::wire::Picture;

/// Prints to standard output, at once.
pub(crate) fn out(text: &str) -> Result<()> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::NobodyReads),
        Err(error) => Err(Failure::storage("Cannot write to standard output", error)),
    }
}

/// The same, without holding up the rest of this process while nobody reads.
pub(crate) async fn out_in_background(text: String) -> Result<()> {
    let written = tokio::task::spawn_blocking(move || out(&text)).await;
    written.unwrap_or_else(|error| Err(Failure::storage("Cannot write to standard output", error)))
}

/// Says something to the person at the terminal, apart from the output. Names in it go through [`name`].
pub(crate) fn say(text: &str) {
    let _ = writeln!(stderr().lock(), "{}", safe(text));
}

/// A problem as scripts read it.
#[derive(Serialize)]
pub(crate) struct Told {
    code: &'static str,
    message: String,
}

/// An alert as scripts read it.
#[derive(Serialize)]
pub(crate) struct ToldAlert {
    id: u64,
    code: &'static str,
    message: String,
    values: Vec<String>,
    at: u64,
    device: String,
}

impl From<&Problem> for Told {
    fn from(problem: &Problem) -> Self {
        Self { code: problem.code(), message: problem.to_string() }
    }
}

impl From<&AlertView> for ToldAlert {
    fn from(AlertView { id, at, device, what }: &AlertView) -> Self {
        let (code, message, values) = (what.code(), what.to_string(), what.values());
        Self { id: *id, code, message, values, at: *at, device: device.clone() }
    }
}

/// Shows a problem that does not end the command.
pub(crate) fn problem(problem: &Problem) {
    say(&name(&format!("hushclip: {problem} ({})", problem.code())));
}

/// One JSON object on a line. Anything that could drive a terminal is escaped as `\u....`, which means the same.
pub(crate) fn json(value: &impl serde::Serialize) -> String {
    let plain = serde_json::to_string(value).unwrap_or_default();
    let mut line = String::with_capacity(plain.len() + 1);
    for c in plain.chars() {
        // All of them are below U+10000, and occur only inside strings.
        if drives(c) {
            let _ = write!(line, "\\u{:04x}", u32::from(c));
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    line
}

/// A clip for people: on a terminal with a line above it, otherwise the text alone.
pub(crate) fn clip(clip: &ClipView) -> String {
    let end = if clip.text.ends_with('\n') { "" } else { "\n" };
    if !stdout().is_terminal() {
        return format!("{}{end}", clip.text);
    }
    let late = if clip.late { " (arrived after that device was removed)" } else { "" };
    let header = format!("{}  from {}{late}", time(clip.at), name(&clip.from));
    format!("{}\n{}{end}", dim(&header), safe(&clip.text))
}

/// Multi-line text for a terminal: characters that could drive it are replaced by pictures of themselves.
pub(crate) fn safe(text: &str) -> String {
    // Direction marks belong to some languages, and turn nothing around them.
    let harmless = |c| if matches!(c, '\n' | '\t' | '\u{61c}' | '\u{200e}' | '\u{200f}') { c } else { pictured(c) };
    text.replace("\r\n", "\n").chars().map(harmless).collect()
}

/// A name, or anything else that has to stay within its line.
pub(crate) fn name(text: &str) -> String {
    text.chars().map(pictured).collect()
}

fn pictured(c: char) -> char {
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        c if drives(c) => '\u{fffd}',
        c => c,
    }
}

/// Whether a terminal may do something else with it than show it: control characters, ends of lines, and what
/// turns the text around it.
const fn drives(c: char) -> bool {
    matches!(
        c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

/// Lines of columns, aligned.
pub(crate) fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let mut widths = [0; COLUMNS];
    for (width, cell) in rows.iter().flat_map(|row| widths_of(row)) {
        widths[width] = widths[width].max(cell);
    }
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| {
            let pad = " ".repeat(width - cell.chars().count());
            name(cell) + &pad
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}

fn widths_of(row: &[String]) -> impl Iterator<Item = (usize, usize)> {
    row.iter().map(|cell| cell.chars().count()).enumerate()
}

/// The state of the line to the relay.
pub(crate) fn line(picture: &Picture) -> String {
    let why = picture.trouble.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    match picture.view.connection {
        Connection::Idle => "not connected".into(),
        Connection::Connecting => format!("connecting{why}"),
        Connection::CatchingUp => "catching up".into(),
        Connection::Online => format!("online{why}"),
        Connection::Waiting { .. } => format!("offline{why}"),
    }
}

/// Six digits in two groups, which are easier to read.
pub(crate) fn digits(digits: &str) -> String {
    match digits.split_at_checked(3) {
        Some((first, second)) => format!("{first} {second}"),
        None => digits.to_owned(),
    }
}

/// A QR code of half blocks, light on dark as most terminals are; cameras read both.
pub(crate) fn qr(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

/// Roughly how long ago something was.
pub(crate) fn ago(at_ms: u64, now_ms: u64) -> String {
    let minutes = now_ms.saturating_sub(at_ms) / 60_000;
    match minutes {
        0 | 1 => "just now".into(),
        2..120 => format!("{minutes} min ago"),
        120..2_880 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1_440),
    }
}

/// A time that is set in minutes.
pub(crate) fn period(minutes: u32) -> String {
    let (count, unit) = match minutes {
        minutes if minutes.is_multiple_of(10_080) => (minutes / 10_080, "week"),
        minutes if minutes.is_multiple_of(1_440) => (minutes / 1_440, "day"),
        minutes if minutes.is_multiple_of(60) => (minutes / 60, "hour"),
        minutes => (minutes, "minute"),
    };
    if count == 1 { format!("every {unit}") } else { format!("every {count} {unit}s") }
}

/// When something was; for today, the time only. A device can claim a time that no calendar has: that is not guessed
/// at.
pub(crate) fn time(at_ms: u64) -> String {
    let zone = TimeZone::system();
    let moment = |ms: u64| Some(Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()?.to_zoned(zone.clone()));
    let (Some(at), Some(now)) = (moment(at_ms), moment(now_ms())) else { return "unknown time".into() };
    let format = match () {
        () if at.date() == now.date() => "%H:%M",
        () if at.year() == now.year() => "%b %-d %H:%M",
        () => "%Y-%m-%d %H:%M",
    };
    at.strftime(format).to_string()
}

fn dim(text: &str) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if plain { text.to_owned() } else { format!("\x1b[2m{text}\x1b[0m") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_get_nothing_that_drives_them() {
        assert_eq!(safe("a\x1b[2Jb\tc\r\nd\u{9b}e\u{202e}f"), "a\u{241b}[2Jb\tc\nd\u{fffd}e\u{fffd}f");
        assert_eq!(safe("grüße 👋🏽\n"), "grüße 👋🏽\n");
    }

    #[test]
    fn names_stay_within_their_line() {
        let forged = "Pixel\nLet it in? [y/N]\r\u{1b}[32m\u{85}\u{2028}\u{2029}\t\u{202e}\u{200f}x";
        let shown =
            "Pixel\u{240a}Let it in? [y/N]\u{240d}\u{241b}[32m\u{fffd}\u{fffd}\u{fffd}\u{2409}\u{fffd}\u{fffd}x";
        assert_eq!(name(forged), shown);
        assert_eq!(table(&[[forged.to_owned()]]), format!("{shown}\n"));
        assert_eq!(name("Handy von Jörg 👩\u{200d}👧"), "Handy von Jörg 👩\u{200d}👧");
    }

    #[test]
    fn json_means_the_same_and_drives_nothing() {
        let text = "a\u{9b}b\u{7f}c\u{2028}d\u{2029}e\u{202e}f\u{2066}g\u{1b}h\"\\\n👩\u{200d}👧";
        let line = json(&text);
        assert_eq!(line, concat!(r#""a\u009bb\u007fc\u2028d\u2029e\u202ef\u2066g\u001bh\"\\\n"#, "👩\u{200d}👧\"\n"));
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }

    #[test]
    fn tables_are_aligned_by_characters() {
        let rows = [["Größe", "1", "a"], ["x", "2 2", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows), "Größe  1    a\nx      2 2\n");
    }

    #[test]
    fn times_are_told_roughly() {
        let told =
            [0, 119, 150, 7_199, 7_200, 172_799, 172_800].map(|seconds| ago(1_000_000, 1_000_000 + seconds * 1000));
        assert_eq!(told, ["just now", "just now", "2 min ago", "119 min ago", "2 h ago", "47 h ago", "2 days ago"]);
        assert_eq!(ago(2_000_000, 1_000_000), "just now", "by a clock that is ahead");
        let periods = [30, 60, 360, 1_440, 10_080, 90].map(period);
        let expected =
            ["every 30 minutes", "every hour", "every 6 hours", "every day", "every week", "every 90 minutes"];
        assert_eq!(periods, expected);
    }

    #[test]
    fn times_that_no_clock_shows_are_unknown() {
        for at in [u64::MAX, u64::MAX / 2, 253_402_300_800_000] {
            assert_eq!(time(at), "unknown time", "{at}");
        }
        assert!(time(now_ms()).contains(':'));
        assert!(time(0).starts_with("19"));
    }

    #[test]
    fn digits_come_in_two_groups() {
        assert_eq!(digits("123456"), "123 456");
        assert_eq!(digits(""), "");
    }
}
