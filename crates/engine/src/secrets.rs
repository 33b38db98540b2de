//! Copies that look like secrets: recognised by their form, held until the person has answered, and
//! short-lived if they are sent. It refuses to be certain: what it does not recognise is sent as it is.

use rand_core::CryptoRng;

use crate::event::Content;
use crate::settings::{Policy, SecretKind};
use crate::upkeep::random_item;
use crate::view::HeldView;
use crate::{Engine, Notice};

/// How long a copy waits for an answer, milliseconds.
pub const HELD_MS: u64 = 2 * 60 * 1000;
/// Copies that wait at once; the oldest goes first.
const HELD: usize = 8;
/// In longer texts, codes and card numbers are not looked for, characters.
const NOTE_CHARS: usize = 400;

/// A copy that waits for an answer.
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) kind: SecretKind,
    pub(crate) content: Content,
    pub(crate) at_ms: u64,
}

impl Held {
    pub(crate) fn present(&self) -> HeldView {
        HeldView { id: self.id.clone(), kind: self.kind, at: self.at_ms, hint: hint(self.kind, &self.content.text) }
    }
}

impl Engine {
    /// Does with a copy of the person's what is to be done with secrets, or gives it back.
    pub(crate) fn guard(&mut self, content: Content, rng: &mut dyn CryptoRng) -> Option<Content> {
        let Some(kind) = recognise(&content.text) else { return Some(content) };
        match self.settings.secrets.of(kind) {
            Policy::Send => self.enqueue_secret(content, false, rng),
            Policy::Never => {}
            Policy::Ask => {
                self.held.retain(|held| held.content.text != content.text);
                let held = Held { id: random_item(rng).to_hex(), kind, content, at_ms: self.now };
                self.notice(Notice::Held { held: held.present() });
                self.held.push(held);
                if self.held.len() > HELD {
                    self.held.remove(0);
                }
            }
        }
        None
    }

    pub(crate) fn answer_secret(&mut self, id: &str, send: bool, remember: bool, burn: bool, rng: &mut dyn CryptoRng) {
        let Some(at) = self.held.iter().position(|held| held.id == id) else { return };
        let held = self.held.remove(at);
        if remember {
            let mut settings = self.settings.clone();
            settings.secrets.set(held.kind, if send { Policy::Send } else { Policy::Never });
            self.set_settings(settings);
        }
        if send && self.require_member() {
            self.enqueue_secret(held.content, burn, rng);
        }
    }

    /// Nobody has answered for them. Whoever copies one of them once more is asked once more.
    pub(crate) fn drop_unanswered(&mut self) {
        let now = self.now;
        let dropped = self.held.extract_if(.., |held| now.abs_diff(held.at_ms) >= HELD_MS);
        let forgotten: Vec<_> =
            dropped.filter_map(|held| self.history.forget_on_clipboard(&held.content.text)).collect();
        for write in forgotten {
            self.persist(write);
        }
    }
}

/// What kind of secret a text looks like.
pub(crate) fn recognise(text: &str) -> Option<SecretKind> {
    let text = text.trim();
    if is_private_key(text) {
        Some(SecretKind::Key)
    } else if is_token(text) {
        Some(SecretKind::Token)
    } else if holds_card(text) {
        Some(SecretKind::Card)
    } else if holds_code(text) {
        Some(SecretKind::Code)
    } else if is_like_password(text) {
        Some(SecretKind::Password)
    } else {
        None
    }
}

/// As much of a secret as may be shown.
fn hint(kind: SecretKind, text: &str) -> String {
    let text = text.trim();
    match kind {
        SecretKind::Card => {
            let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
            let last: String = digits.iter().skip(digits.len().saturating_sub(4)).collect();
            format!("•••• {last}")
        }
        SecretKind::Key => text.lines().next().unwrap_or_default().chars().take(40).collect(),
        SecretKind::Token => format!("{}••••", text.chars().take(4).collect::<String>()),
        SecretKind::Code | SecretKind::Password => "•".repeat(text.chars().count().min(12)),
    }
}

fn is_private_key(text: &str) -> bool {
    let armoured = text.contains("-----BEGIN ") && text.contains("PRIVATE KEY");
    armoured || text.starts_with("PuTTY-User-Key-File-") || text.contains("AGE-SECRET-KEY-1")
}

/// Prefixes of access tokens and how long the token is at least.
const TOKENS: [(&str, usize); 26] = [
    ("ghp_", 36),
    ("gho_", 36),
    ("ghu_", 36),
    ("ghs_", 36),
    ("ghr_", 36),
    ("github_pat_", 40),
    ("glpat-", 20),
    ("sk-", 24),
    ("sk_live_", 20),
    ("sk_test_", 20),
    ("rk_live_", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("xoxa-", 20),
    ("xapp-", 20),
    ("AKIA", 20),
    ("ASIA", 20),
    ("AIza", 39),
    ("ya29.", 30),
    ("npm_", 36),
    ("pypi-", 40),
    ("hf_", 30),
    ("dop_v1_", 40),
    ("SG.", 40),
    ("whsec_", 24),
    ("shpat_", 32),
];

fn is_token(text: &str) -> bool {
    let text = text.strip_prefix("Bearer ").unwrap_or(text);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+/=".contains(c);
    if !text.chars().all(plain) {
        return false;
    }
    let known = TOKENS.iter().any(|(prefix, length)| text.starts_with(prefix) && text.len() >= *length);
    // A JSON Web Token (RFC 7519): three parts, the first two of which are JSON objects in base64url.
    let parts: Vec<&str> = text.split('.').collect();
    let web = parts.len() == 3 && text.len() >= 40 && parts[..2].iter().all(|part| part.starts_with("eyJ"));
    known || web
}

/// Groups of digits that belong together: single spaces or dashes may stand between them.
fn digit_runs(text: &str) -> Vec<String> {
    let mut runs = Vec::new();
    let mut run = String::new();
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let joins = matches!(c, ' ' | '-') && chars.peek().is_some_and(char::is_ascii_digit) && !run.is_empty();
        if c.is_ascii_digit() && (!run.is_empty() || !(before.is_alphanumeric() || ".,".contains(before))) {
            run.push(c);
        } else if !joins {
            // Digits inside a word or a decimal number are neither card nor code.
            let part = c.is_alphanumeric() || (".,".contains(c) && chars.peek().is_some_and(char::is_ascii_digit));
            let whole = std::mem::take(&mut run);
            if !part && !whole.is_empty() {
                runs.push(whole);
            }
        }
        before = c;
    }
    runs.extend((!run.is_empty()).then_some(run));
    runs
}

fn holds_card(text: &str) -> bool {
    text.chars().count() <= NOTE_CHARS && digit_runs(text).iter().any(|run| is_card(run))
}

/// A card number: a prefix and length that are in use, and a check digit (ISO/IEC 7812-1, Annex B).
fn is_card(digits: &str) -> bool {
    let start = |n: usize| digits.get(..n).and_then(|start| start.parse::<u32>().ok()).unwrap_or_default();
    let known = match digits.len() {
        13 | 19 => start(1) == 4 || (start(2) == 62 && digits.len() == 19),
        14 => matches!(start(2), 36 | 38) || (300..=305).contains(&start(3)),
        15 => matches!(start(2), 34 | 37),
        16 => {
            start(1) == 4
                || (51..=55).contains(&start(2))
                || (2221..=2720).contains(&start(4))
                || start(4) == 6011
                || matches!(start(2), 35 | 62 | 65)
                || (644..=649).contains(&start(3))
        }
        _ => false,
    };
    known && luhn(digits)
}

fn luhn(digits: &str) -> bool {
    let doubled = |(place, digit): (usize, u32)| match (place % 2, digit * 2) {
        (0, _) => digit,
        (_, twice) => twice / 10 + twice % 10,
    };
    let sum: u32 = digits.chars().rev().filter_map(|c| c.to_digit(10)).enumerate().map(doubled).sum();
    sum.is_multiple_of(10)
}

/// Words beside which a number is a one-time code.
const CODE_WORDS: [&str; 12] = [
    "code",
    "otp",
    "verification",
    "verify",
    "passcode",
    "one-time",
    "2fa",
    "tan",
    "pin",
    "bestätigung",
    "einmal",
    "sicherheits",
];

/// Six to eight digits alone, or four to eight beside a word that says so.
fn holds_code(text: &str) -> bool {
    let count = text.chars().count();
    let alone = text.strip_prefix("G-").unwrap_or(text);
    let digits: String = alone.chars().filter(char::is_ascii_digit).collect();
    let gaps = alone.chars().filter(|c| matches!(c, ' ' | '-')).count();
    if digits.len() + gaps == alone.chars().count() {
        return (6..=8).contains(&digits.len()) && gaps <= 1 && !(gaps == 0 && is_date(&digits));
    }
    if count > NOTE_CHARS || text.contains("://") {
        return false;
    }
    let lower = text.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric() && c != '-');
    let said =
        words.any(|word| CODE_WORDS.iter().any(|known| word == *known || (known.len() > 3 && word.starts_with(known))));
    let is_year = |run: &str| run.len() == 4 && (run.starts_with("19") || run.starts_with("20"));
    said && digit_runs(text).iter().any(|run| (4..=8).contains(&run.len()) && !is_year(run))
}

/// `YYYYMMDD` or `DDMMYYYY`.
fn is_date(digits: &str) -> bool {
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    let fits = |year: u32, month: u32, day: u32| {
        (1900..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)
    };
    digits.len() == 8
        && (fits(number(0, 4), number(4, 6), number(6, 8)) || fits(number(4, 8), number(2, 4), number(0, 2)))
}

/// One word as password generators make them: letters of both cases and digits or signs, well mixed.
fn is_like_password(text: &str) -> bool {
    let length = text.len();
    if !(8..=64).contains(&length) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return false;
    }
    let address = text.contains("://") || text.starts_with(['/', '~', '.', '#', '@']) || text.contains('\\');
    let mail = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let path = text.matches(['/', '.', '_', ':', '(', ',']).count() >= 2;
    // Names of files and versions, and hexadecimal numbers in groups.
    let slug = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if address || mail || path || slug {
        return false;
    }
    let class = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let classes: Vec<usize> = text.bytes().map(class).collect();
    let kinds = (0..4).filter(|kind| classes.contains(kind)).count();
    let changes = classes.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let longest_word = classes.split(|class| *class != 0).map(<[usize]>::len).max().unwrap_or(0);
    // Digits or signs inside, not only at the end as in names of things.
    let stem = classes.iter().rposition(|class| *class < 2).unwrap_or(0);
    let inside = classes[..stem].iter().any(|class| *class >= 2);
    kinds >= 3 && inside && changes * 3 >= length && longest_word <= 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognised() {
        for (text, kind) in [
            ("482913", SecretKind::Code),
            ("482 913", SecretKind::Code),
            ("G-482913", SecretKind::Code),
            ("Your verification code is 4821.", SecretKind::Code),
            ("Dein Bestätigungscode lautet 482913", SecretKind::Code),
            ("Ihre TAN: 482913", SecretKind::Code),
            ("4111 1111 1111 1111", SecretKind::Card),
            ("5555-5555-5555-4444", SecretKind::Card),
            ("378282246310005", SecretKind::Card),
            ("card 4111111111111111 until 12/29", SecretKind::Card),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n-----END OPENSSH PRIVATE KEY-----", SecretKind::Key),
            ("-----BEGIN RSA PRIVATE KEY-----\r\nMIIE\r\n-----END RSA PRIVATE KEY-----\r\n", SecretKind::Key),
            ("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ", SecretKind::Key),
            ("AKIAIOSFODNN7EXAMPLE", SecretKind::Token),
            ("ghp_0123456789abcdefghijABCDEFGHIJ012345", SecretKind::Token),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJlLW9mLWl0", SecretKind::Token),
            ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJlLW9mLWl0", SecretKind::Token),
            ("x7Kp!q2RmZ9w", SecretKind::Password),
            ("J4k_9vQ!t2Lx8#Rm", SecretKind::Password),
        ] {
            assert_eq!(recognise(text), Some(kind), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not() {
        for text in [
            "",
            " ",
            "hello",
            "Hello, world!",
            "https://example.org/a?code=482913&x=Yq7!b2Z9",
            "2026",
            "20261121",
            "21112026",
            "12345",
            "4111 1111 1111 1112",
            "1234567890123456",
            "+49 30 901820 17",
            "someone@example.org",
            "getElementById2",
            "CHANGELOG.md",
            "~/.config/Foo1/bar",
            "v1.2.3-rc4",
            "3.14159265",
            "1,234,567.89",
            "550e8400-e29b-41d4-a716-446655440000",
            "d41d8cd98f00b204e9800998ecf8427e",
            "Error404",
            "the code of conduct",
            "room 4821",
            "foo(bar1, Baz2)",
            "correct horse battery staple",
            "AliceBob2024",
            "We met at 14:30 in room 12, see the code review of 2026.",
            "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        ] {
            assert_eq!(recognise(text), None, "{text}");
        }
    }

    #[test]
    fn hints_show_little() {
        assert_eq!(hint(SecretKind::Card, "4111 1111 1111 1111"), "•••• 1111");
        assert_eq!(hint(SecretKind::Code, "482913"), "••••••");
        assert_eq!(hint(SecretKind::Token, "ghp_0123456789"), "ghp_••••");
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in
            ["é", "ééééééééé", "\u{0}", "1", "-", "G-", "4-4-4", "....", "ßßßßßßßß1A", "１２３４５６", "a1B!a1B!a1é"]
        {
            let _ = recognise(text);
            for kind in [SecretKind::Code, SecretKind::Card, SecretKind::Key, SecretKind::Token, SecretKind::Password] {
                let _ = hint(kind, text);
            }
        }
    }
}
