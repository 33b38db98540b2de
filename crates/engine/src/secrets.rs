//! Copies that look like secrets: recognised by their form, held until the person has answered, and
//! short-lived if they are sent. It refuses to be certain: what it does not recognise is sent as it is.

use hushclip_crypto::body::{FLAG_BURN, FLAG_SENSITIVE};
use hushclip_model::{Content, HELD_MS, HeldView, SecretKind};
use hushclip_protocol::ids::ItemId;
use hushclip_protocol::limits;

use crate::clip::Clip;

mod assigned;
mod known;
mod looks;
#[cfg(test)]
mod measured;
mod numbers;
mod phrase;

/// Copies that wait at once; the oldest goes first.
const HELD: usize = 8;

/// A copy that waits for an answer.
pub(crate) struct Held {
    id: String,
    pub(crate) kind: SecretKind,
    pub(crate) content: Content,
    at_ms: u64,
}

/// The copies that wait, in memory only; oldest first.
#[derive(Default)]
pub(crate) struct Secrets {
    held: Vec<Held>,
}

impl Secrets {
    /// Holds a copy until there is an answer. The same text waits once, and the oldest goes where there are too many.
    pub(crate) fn hold(&mut self, id: ItemId, kind: SecretKind, content: Content, at_ms: u64) -> HeldView {
        self.drop_text(&content.text);
        let held = Held { id: id.to_hex(), kind, content, at_ms };
        let view = held.present();
        self.held.push(held);
        if self.held.len() > HELD {
            self.held.remove(0);
        }
        view
    }

    /// Nobody needs to be asked about this text any more.
    pub(crate) fn drop_text(&mut self, text: &str) {
        self.held.retain(|held| held.content.text != text);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Held> {
        self.held.iter().find(|held| held.id == id)
    }

    /// Drops the copies that nobody has answered for in time; their texts.
    pub(crate) fn drop_unanswered(&mut self, now: u64) -> Vec<String> {
        let dropped = self.held.extract_if(.., |held| now.abs_diff(held.at_ms) >= HELD_MS);
        dropped.map(|held| held.content.text).collect()
    }

    /// When the next one has had its time.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.held.iter().map(|held| held.at_ms.saturating_add(HELD_MS)).min()
    }

    /// Newest first.
    pub(crate) fn present(&self) -> Vec<HeldView> {
        self.held.iter().rev().map(Held::present).collect()
    }
}

impl Held {
    fn present(&self) -> HeldView {
        HeldView { id: self.id.clone(), kind: self.kind, at: self.at_ms, hint: hint(self.kind, &self.content.text) }
    }
}

/// What kind of secret a clip is, if its sender took it for one, and as far as its beginning tells.
pub(crate) fn secret_of(clip: &Clip) -> Option<SecretKind> {
    let sensitive = clip.flags & (FLAG_SENSITIVE | FLAG_BURN) != 0;
    sensitive.then(|| recognise(clip.about.beginning()).unwrap_or(SecretKind::Password))
}

/// What kind of secret a text looks like.
pub(crate) fn recognise(text: &str) -> Option<SecretKind> {
    // It is not sent, so nobody is asked about it.
    if text.len() > limits::CLIP_BYTES {
        return None;
    }
    let text = text.trim();
    if known::is_key(text) || phrase::is_phrase(text) {
        Some(SecretKind::Key)
    } else if known::token(text).is_some() || assigned::token(text) {
        Some(SecretKind::Token)
    } else if numbers::holds_card(text) {
        Some(SecretKind::Card)
    } else if numbers::holds_code(text) {
        Some(SecretKind::Code)
    } else if assigned::password(text) || looks::is_drawn(text) {
        Some(SecretKind::Password)
    } else {
        None
    }
}

/// As much of a secret as may be shown: what its maker put before it, the end of a card number, no more.
fn hint(kind: SecretKind, text: &str) -> String {
    let text = text.trim();
    match kind {
        SecretKind::Card => {
            let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
            let last: String = digits.iter().skip(digits.len().saturating_sub(4)).collect();
            format!("•••• {last}")
        }
        SecretKind::Token => format!("{}••••••••", known::token(text).unwrap_or_default()),
        SecretKind::Key | SecretKind::Code | SecretKind::Password => "•".repeat(text.chars().count().min(12)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(n: u8) -> ItemId {
        ItemId::from_bytes([n; 16])
    }

    #[test]
    fn a_text_waits_once_and_the_oldest_goes() {
        let mut secrets = Secrets::default();
        for n in 0..=HELD as u8 {
            secrets.hold(item(n), SecretKind::Code, Content::text(n.to_string()), u64::from(n));
        }
        assert!(secrets.get(&item(0).to_hex()).is_none() && secrets.present().len() == HELD);
        let again = secrets.hold(item(99), SecretKind::Code, Content::text("1"), 99);
        assert_eq!((secrets.present().len(), &secrets.present()[0]), (HELD, &again), "it is the newest now");
        assert!(secrets.get(&item(1).to_hex()).is_none());
    }

    #[test]
    fn who_does_not_answer_in_time_is_asked_no_more() {
        let mut secrets = Secrets::default();
        secrets.hold(item(1), SecretKind::Code, Content::text("482913"), 1_000);
        secrets.hold(item(2), SecretKind::Code, Content::text("571204"), 2_000);
        assert_eq!(secrets.next_due(), Some(1_000 + HELD_MS));
        assert!(secrets.drop_unanswered(999 + HELD_MS).is_empty());
        assert_eq!(secrets.drop_unanswered(1_000 + HELD_MS), ["482913"]);
        assert_eq!(secrets.next_due(), Some(2_000 + HELD_MS));
    }

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
            ("hovgi3-Kovtak-voqfen", SecretKind::Password),
            ("482913 is your Example code. Don't share it.", SecretKind::Code),
            ("Your verification code is:\n4829", SecretKind::Code),
            ("您的验证码是482913，5分钟内有效", SecretKind::Code),
        ] {
            assert_eq!(recognise(text), Some(kind), "{text}");
        }
    }

    #[test]
    fn secrets_in_longer_texts_are_recognised() {
        for (text, kind) in [
            ("export GITHUB_TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345", SecretKind::Token),
            ("Use this one:\n  ghp_0123456789abcdefghijABCDEFGHIJ012345, please.", SecretKind::Token),
            ("Authorization: Bearer 9f8Hs7dKq2LmZx0PaWe4", SecretKind::Token),
            ("curl -H 'Authorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l' https://example.org", SecretKind::Token),
            ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzQ1p3kT9sV", SecretKind::Token),
            ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYzQ1p3kT9sV", SecretKind::Password),
            ("{\"client_secret\": \"Xk29fLq0ZpTn84VbRw\"}", SecretKind::Token),
            ("SECRET_KEY=9f86d081884c7d659a2feaa0c55ad015", SecretKind::Token),
            ("[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=", SecretKind::Token),
            ("https://hooks.slack.com/services/T01ABCDEF/B02GHIJKL/aBcDeFgHiJkLmNoPqRsTuVwX", SecretKind::Token),
            ("otpauth://totp/Example:alice?secret=JBSWY3DPEHPK3PXP&issuer=Example", SecretKind::Token),
            ("bot 7123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1", SecretKind::Token),
            ("postgres://app:Xk29fLq0@db.example.org:5432/app", SecretKind::Password),
            ("Password: Summer2024", SecretKind::Password),
            ("Benutzer: alice\nPasswort: Sommer-2024!", SecretKind::Password),
            ("пароль: qwerty-77", SecretKind::Password),
            ("密码：hunter2x", SecretKind::Password),
            ("age: AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQQPZRY9X8GF2TVDW0S3JN54K", SecretKind::Key),
            ("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ", SecretKind::Key),
            ("key KwdMAjGmerYanjeui5SHS7JkmpZvVipYvB2LJGU1ZxJwYvP98617", SecretKind::Key),
            ("0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318", SecretKind::Password),
            (
                "{\"kty\":\"EC\",\"crv\":\"P-256\",\"d\":\"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE\"}",
                SecretKind::Key,
            ),
            ("legal winner thank year wave sausage worth useful legal winner thank yellow", SecretKind::Key),
            (
                "My wallet:\n1. letter 2. advice 3. cage 4. absurd 5. amount 6. doctor 7. acoustic 8. avoid 9. letter \
                 10. advice 11. cage 12. above",
                SecretKind::Key,
            ),
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
            &"river stone lamp garden\n".repeat(400),
            &"silver quiet paper bread\n".repeat(400),
            "Hello, world!",
            "https://example.org/a?code=482913&x=Yq7!b2Z9",
            "2026",
            "20261121",
            "21112026",
            "1999-2022",
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
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGq9vSkWmZ7xFQk2 alice@example.org",
            "356a192b7913b04c54574d18c28d46e6395428ab",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "the zip code is 94107",
            "status code 1006",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "export TOKEN=$(pass show token)",
            "postgres://postgres:postgres@localhost:5432/app",
            "https://user:password@example.org/",
            "password: process.env.PASSWORD,",
            "Password: at least 8 characters",
            "Authorization: Bearer <token>",
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "cus_NffrFeUfNV2Hib",
            "Header_nav__Qx3kP",
            "sk-fading-circle sk-cube-grid",
            "ASIA-PACIFIC-REGION-2026",
            "key-550e8400-e29b-41d4-a716-446655440000",
        ] {
            assert_eq!(recognise(text), None, "{text}");
        }
    }

    #[test]
    fn hints_show_little() {
        assert_eq!(hint(SecretKind::Card, "4111 1111 1111 1111"), "•••• 1111");
        assert_eq!(hint(SecretKind::Code, "482913"), "••••••");
        assert_eq!(hint(SecretKind::Token, "ghp_0123456789abcdefghijABCDEFGHIJ012345"), "ghp_••••••••");
    }

    #[test]
    fn hints_show_nothing_of_the_secret_itself() {
        let age = "AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQQPZRY9X8GF2TVDW0S3JN54K";
        let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
        for (text, prefix) in [
            (age, ""),
            (words, ""),
            ("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ", ""),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n-----END OPENSSH PRIVATE KEY-----", ""),
            ("postgres://app:Xk29fLq0@db.example.org:5432/app", ""),
            ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzQ1p3kT9sV", ""),
            ("export X=ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_"),
            ("otpauth://totp/Example:alice?secret=JBSWY3DPEHPK3PXP", "otpauth://"),
        ] {
            let kind = recognise(text).unwrap();
            let shown = hint(kind, text);
            assert_eq!(shown.trim_end_matches('•'), prefix, "{kind:?}");
            assert!(shown.ends_with("••••••••") && shown.chars().count() <= prefix.len() + 12, "{kind:?}");
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        let short = [
            "é",
            "ééééééééé",
            "\u{0}",
            "1",
            "-",
            "G-",
            "4-4-4",
            "....",
            "ßßßßßßßß1A",
            "１２３４５６",
            "a1B!a1B!a1é",
            "token=é",
        ];
        // A page can put the longest texts on the clipboard. Looked at over and over, these would take minutes.
        let long =
            ["a", "=", "token=", "eyJ-", "eyJa.", "SG.", "://@:", "password:", "Bearer ", "1:", "é", "zoo ", ": ："];
        let long = long.map(|piece| piece.repeat(256 * 1024 / piece.len()));
        for text in short.map(String::from).iter().chain(&long) {
            let _ = recognise(text);
            for kind in [SecretKind::Code, SecretKind::Card, SecretKind::Key, SecretKind::Token, SecretKind::Password] {
                let _ = hint(kind, text);
            }
        }
    }
}
