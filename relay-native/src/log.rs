//! Lines of `key=value` on standard error. They never contain an account, device, address or clip.

use std::fmt::Display;
use std::io::Write as _;

/// Something that is expected.
pub(crate) fn info(event: &str, fields: &[(&str, &dyn Display)]) {
    line("info", event, fields);
}

/// Something that whoever runs the relay should look into.
pub(crate) fn error(event: &str, fields: &[(&str, &dyn Display)]) {
    line("error", event, fields);
}

fn line(level: &str, event: &str, fields: &[(&str, &dyn Display)]) {
    let mut line = format!("level={level} event={event}");
    for (key, value) in fields {
        let value = value.to_string();
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '=' | '\\');
        if !value.is_empty() && value.chars().all(plain) {
            line.extend([" ", key, "=", &value]);
        } else {
            line.extend([" ", key, "=", &format!("{value:?}")]);
        }
    }
    line.push('\n');
    // If nobody is listening, there is nobody to tell.
    let _ = std::io::stderr().write_all(line.as_bytes());
}
