//! Secrets by what stands before them: `password: …`, `API_KEY=…`, `Authorization: Bearer …`, `https://name:password@…`.

use super::looks::{is_hex, is_mixed};

/// Words that say that a password follows.
const PASSWORDS: [&str; 19] = [
    "password",
    "passwort",
    "kennwort",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "mot de passe",
    "contraseña",
    "clave",
    "senha",
    "wachtwoord",
    "hasło",
    "пароль",
    "パスワード",
    "密码",
    "密碼",
    "口令",
    "비밀번호",
];

/// Parts of names that say that a secret follows, in small letters and without what joins their words.
const NAMES: [&str; 17] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "secretkey",
    "signingkey",
    "encryptionkey",
    "accountkey",
    "masterkey",
    "authkey",
    "credential",
    "authorization",
];

/// What stands for a secret where none is.
const STAND_INS: [&str; 17] = [
    "password",
    "passwort",
    "passwd",
    "pass",
    "pwd",
    "pw",
    "secret",
    "token",
    "changeme",
    "change-me",
    "example",
    "xxx",
    "null",
    "none",
    "true",
    "false",
    "undefined",
];

/// In longer texts, a password must look like one.
const NOTE_CHARS: usize = 400;

/// How far names and values are looked at, bytes.
const LONGEST: usize = 160;

/// Whether a text names what follows a password, or holds one in a link.
pub(super) fn password(text: &str) -> bool {
    linked(text) || (text.chars().count() <= NOTE_CHARS && noted(text))
}

/// Whether a text gives a value that looks like a secret to a name that says so.
pub(super) fn token(text: &str) -> bool {
    let assigned = text
        .match_indices(['=', ':', '：'])
        .any(|(at, sign)| is_secret_name(&text[..at]) && value(&text[at + sign.len()..]).is_some_and(is_mixed));
    assigned
        || text.match_indices("Bearer ").any(|(at, word)| {
            let value = value(&text[at + word.len()..]).unwrap_or_default();
            value.len() >= 16 && (is_mixed(value) || (value.len() >= 32 && is_hex(value)))
        })
}

/// The end of a text that is a name, as `export API_KEY`, `"client-secret"` or `config[:token]`.
fn is_secret_name(before: &str) -> bool {
    let before = &before[before.floor_char_boundary(before.len().saturating_sub(LONGEST))..];
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ']' | ')' | ':' | '*');
    let named = before.trim_end_matches(around);
    let name = &named[named.trim_end_matches(inner).len()..];
    let small: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let stem = small.strip_suffix("key").unwrap_or(&small);
    (3..=64).contains(&name.len()) && NAMES.iter().any(|known| small.ends_with(known) || stem.ends_with(known))
}

/// What is given to a name: a word, without quotes. What programs put in later is none.
fn value(after: &str) -> Option<&str> {
    let after = &after[..after.floor_char_boundary(LONGEST)];
    let after = after.trim_start_matches([' ', '\t', '=', '>', '"', '\'', '`']);
    let after = ["Bearer ", "Basic ", "bearer ", "basic ", "Token ", "token "]
        .iter()
        .find_map(|scheme| after.strip_prefix(scheme))
        .unwrap_or(after);
    let end =
        after.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '&')).unwrap_or(after.len());
    let value = after[..end].trim_end_matches([',', ';', ')', '}', ']', '.']);
    (!is_stand_in(value)).then_some(value)
}

fn is_stand_in(value: &str) -> bool {
    let small = value.to_lowercase();
    let first = value.chars().next();
    let same = value.chars().all(|c| Some(c) == first);
    let filled_in = value.starts_with(['$', '{', '<', '%', '[', '*', '•', '(', ':']) || value.contains("://");
    value.is_empty() || same || filled_in || STAND_INS.contains(&small.as_str()) || small.starts_with("your")
}

/// `Password: Summer2024`, in any of the languages.
fn noted(text: &str) -> bool {
    let small = text.to_lowercase();
    PASSWORDS.iter().flat_map(|word| small.match_indices(word)).any(|(at, word)| {
        let after = small[at + word.len()..].trim_start();
        let Some(after) = after.strip_prefix([':', '=', '：']) else { return false };
        // Case matters only to how mixed it looks, and here the word before it says enough.
        value(after).is_some_and(is_chosen)
    })
}

/// Whether a word may be a password that a person chose: letters, with digits or signs among them, and no code.
fn is_chosen(value: &str) -> bool {
    let letter = value.chars().any(char::is_alphabetic) && value.chars().all(|c| c < '\u{2e80}');
    let other =
        value.trim_end_matches(['.', '!', '?', ':']).chars().any(|c| !c.is_alphabetic() && !"-_./'".contains(c));
    let code = value.contains(['(', '[', '{', '<', '>', '=', '|']);
    (6..=64).contains(&value.chars().count()) && letter && other && !code
}

/// A link that carries a name and a password.
fn linked(text: &str) -> bool {
    text.match_indices("://").any(|(at, sign)| {
        let after = &text[at + sign.len()..];
        let end = |c: char| {
            c.is_whitespace() || c.is_control() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '`' | '<' | '>')
        };
        let place = after.split(end).next().unwrap_or_default();
        let Some((user, host)) = place.rsplit_once('@') else { return false };
        let Some((name, password)) = user.split_once(':') else { return false };
        !host.is_empty() && name != password && !is_stand_in(password)
    })
}
