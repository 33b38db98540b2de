//! Secrets that say what they are: tokens by the prefixes their makers gave them, keys by their armour.

/// What a token consists of after its prefix.
#[derive(Clone, Copy)]
enum Of {
    /// Letters and digits.
    Alnum,
    /// Those, `-` and `_`.
    Url,
    /// Those of base64, dots, `=` and `%`.
    Any,
    /// Hexadecimal digits.
    Hex,
    /// Capitals and digits, exactly as many as said.
    Upper,
}

impl Of {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || b"-_".contains(&byte),
            Self::Any => byte.is_ascii_alphanumeric() || b"-_.+/=%~".contains(&byte),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        }
    }
}

/// Prefixes of tokens, what follows them, and how much of it at least: facts that their makers publish, and that
/// scanners of source code look for.
#[rustfmt::skip]
const TOKENS: &[(&str, Of, usize)] = &[
    // Code and packages.
    ("ghp_", Of::Alnum, 36), ("gho_", Of::Alnum, 36), ("ghu_", Of::Alnum, 36), ("ghs_", Of::Alnum, 36),
    ("ghr_", Of::Alnum, 36), ("github_pat_", Of::Url, 60), ("glpat-", Of::Url, 20), ("gldt-", Of::Url, 20),
    ("glptt-", Of::Hex, 40), ("glrt-", Of::Url, 20), ("glcbt-", Of::Url, 20), ("glsoat-", Of::Url, 20),
    ("gloas-", Of::Url, 40), ("glft-", Of::Url, 20), ("glagent-", Of::Url, 40), ("GR1348941", Of::Url, 20),
    ("ATBB", Of::Alnum, 32), ("ATATT3", Of::Any, 60), ("npm_", Of::Alnum, 36), ("pypi-AgE", Of::Url, 50),
    ("rubygems_", Of::Hex, 48), ("oy2", Of::Alnum, 43), ("CLOJARS_", Of::Alnum, 60), ("dckr_pat_", Of::Url, 27),
    ("AKCp", Of::Alnum, 69), ("cmVmd", Of::Alnum, 59), ("crates_io_", Of::Alnum, 30), ("cio", Of::Alnum, 32),
    ("sgp_", Of::Url, 40), ("pnu_", Of::Alnum, 36), ("pul-", Of::Hex, 40), ("sntrys_", Of::Any, 40),
    ("sntryu_", Of::Hex, 64), ("lin_api_", Of::Alnum, 40), ("PMAK-", Of::Url, 50), ("rdme_", Of::Alnum, 60),
    ("dp.pt.", Of::Alnum, 40), ("dp.st.", Of::Any, 40), ("figd_", Of::Url, 40), ("ntn_", Of::Alnum, 40),
    ("secret_", Of::Alnum, 40), ("BBDC-", Of::Any, 40), ("tfp_", Of::Alnum, 40), ("API-", Of::Upper, 26),
    ("squ_", Of::Hex, 40), ("sqp_", Of::Hex, 40), ("CCIPAT_", Of::Url, 40), ("bkua_", Of::Hex, 40),
    // Clouds and what runs on them.
    ("AKIA", Of::Upper, 16), ("ASIA", Of::Upper, 16), ("ABIA", Of::Upper, 16), ("ACCA", Of::Upper, 16),
    ("ABSK", Of::Any, 109), ("AIza", Of::Url, 35), ("ya29.", Of::Url, 30), ("GOCSPX-", Of::Url, 24),
    ("1//0", Of::Url, 40), ("LTAI", Of::Alnum, 16), ("AKID", Of::Alnum, 32), ("dop_v1_", Of::Hex, 64),
    ("doo_v1_", Of::Hex, 64), ("dor_v1_", Of::Hex, 64), ("hvs.", Of::Url, 24), ("hvb.", Of::Url, 24),
    ("fo1_", Of::Url, 43), ("fm1a_", Of::Any, 60), ("fm1r_", Of::Any, 60), ("fm2_", Of::Any, 60),
    ("HRKU-AA", Of::Url, 58), ("rnd_", Of::Alnum, 28), ("dapi", Of::Hex, 32), ("pscale_tkn_", Of::Any, 32),
    ("pscale_pw_", Of::Any, 32), ("pscale_oauth_", Of::Any, 32), ("sbp_", Of::Hex, 40), ("sb_secret_", Of::Url, 20),
    ("nfp_", Of::Alnum, 36), ("vcp_", Of::Alnum, 40), ("tskey-", Of::Url, 20), ("v1.0-", Of::Url, 150),
    ("dt0c01.", Of::Any, 80), ("glc_", Of::Any, 32), ("glsa_", Of::Url, 40), ("eyJrIjoi", Of::Any, 70),
    ("NRAK-", Of::Upper, 27), ("NRJS-", Of::Hex, 19), ("phx_", Of::Alnum, 40),
    ("sha256~", Of::Url, 43), ("ops_eyJ", Of::Any, 200), ("ico-", Of::Alnum, 32),
    // Models.
    ("sk-ant-", Of::Url, 80), ("sk-proj-", Of::Url, 40), ("sk-svcacct-", Of::Url, 40), ("sk-admin-", Of::Url, 40),
    ("sk-or-v1-", Of::Hex, 64), ("sk-", Of::Alnum, 32), ("hf_", Of::Alnum, 34), ("api_org_", Of::Alnum, 34),
    ("gsk_", Of::Alnum, 48), ("r8_", Of::Alnum, 37), ("pplx-", Of::Alnum, 48), ("xai-", Of::Alnum, 60),
    ("lsv2_", Of::Url, 40), ("nvapi-", Of::Url, 60), ("fw_", Of::Alnum, 24), ("tvly-", Of::Url, 32),
    // Money and shops.
    ("sk_live_", Of::Alnum, 16), ("sk_test_", Of::Alnum, 16), ("sk_prod_", Of::Alnum, 16), ("rk_live_", Of::Alnum, 16),
    ("rk_test_", Of::Alnum, 16), ("rk_prod_", Of::Alnum, 16), ("whsec_", Of::Any, 24), ("shpat_", Of::Hex, 32),
    ("shpca_", Of::Hex, 32), ("shppa_", Of::Hex, 32), ("shpss_", Of::Hex, 32), ("sq0atp-", Of::Url, 22),
    ("sq0csp-", Of::Url, 40), ("EAAA", Of::Url, 56), ("EZAK", Of::Alnum, 54), ("EZTK", Of::Alnum, 54),
    ("access_token$production$", Of::Any, 32), ("shippo_live_", Of::Hex, 40), ("shippo_test_", Of::Hex, 40),
    ("duffel_live_", Of::Url, 43), ("duffel_test_", Of::Url, 43), ("FLWSECK-", Of::Hex, 32),
    ("FLWSECK_TEST-", Of::Hex, 12), ("live_", Of::Alnum, 35), ("p8e-", Of::Alnum, 32),
    // Messages and people.
    ("xoxb-", Of::Url, 20), ("xoxp-", Of::Url, 20), ("xoxa-", Of::Url, 20), ("xoxr-", Of::Url, 20),
    ("xoxs-", Of::Url, 20), ("xoxo-", Of::Url, 20), ("xoxe-", Of::Url, 20), ("xoxe.xox", Of::Url, 100),
    ("xoxc-", Of::Url, 20), ("xoxd-", Of::Any, 20), ("xapp-", Of::Url, 20), ("SG.", Of::Any, 60),
    ("xkeysib-", Of::Url, 64), ("xsmtpsib-", Of::Url, 64), ("key-", Of::Hex, 32), ("EAAC", Of::Alnum, 100),
    ("EAAM", Of::Alnum, 100), ("EAAG", Of::Alnum, 100), ("pat-na1-", Of::Url, 32), ("pat-eu1-", Of::Url, 32),
    ("mfa.", Of::Url, 80), ("fio-u-", Of::Any, 64), ("ATCTT3", Of::Any, 60), ("sm_pat_", Of::Alnum, 16),
    ("hooks.slack.com/services/", Of::Any, 40), ("hooks.slack.com/workflows/", Of::Any, 40),
    ("discord.com/api/webhooks/", Of::Any, 70), ("discordapp.com/api/webhooks/", Of::Any, 70),
    ("otpauth://", Of::Any, 6), ("otpauth-migration://", Of::Any, 6),
];

/// Longer than any key that is one word, bytes.
const WORD: usize = 128;

/// The prefix of the token that a text holds.
pub(super) fn token(text: &str) -> Option<&'static str> {
    starts(text).find_map(|at| {
        let rest = &text[at..];
        let first = rest.as_bytes().first();
        let known = |(prefix, of, least): &&(&'static str, Of, usize)| {
            prefix.as_bytes().first() == first
                && rest.strip_prefix(prefix).is_some_and(|rest| is_filled(rest, *of, *least))
        };
        let listed = TOKENS.iter().find(known).map(|(prefix, ..)| *prefix);
        listed.or_else(|| is_web_token(rest).then_some("eyJ")).or_else(|| is_bot(rest).then_some(""))
    })
}

/// Where words begin.
fn starts(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let begins = |at: &usize| {
        let inner = at.checked_sub(1).is_some_and(|before| Of::Url.has(bytes[before]));
        bytes[*at].is_ascii_alphanumeric() && !inner
    };
    (0..bytes.len()).filter(begins)
}

/// What belongs to a token, up to a length: whoever makes the longest texts must not make them slow.
fn run(text: &str, of: Of, most: usize) -> &str {
    let length = text.bytes().take(most).take_while(|byte| of.has(*byte)).count();
    &text[..length]
}

/// Whether there is enough of it and it is no stand-in (`xxxxxxxx`, `your-token-here`).
fn is_filled(text: &str, of: Of, least: usize) -> bool {
    let run = run(text, of, least);
    let seen = run.bytes().fold(0_u128, |seen, byte| seen | 1 << (byte & 127)).count_ones();
    let any = |fits: fn(&u8) -> bool| run.bytes().any(|byte| fits(&byte));

    let ends = !matches!(of, Of::Upper) || !text[run.len()..].starts_with(|c: char| c.is_ascii_alphanumeric());
    run.len() == least
        && ends
        && seen >= 6.min(least as u32 / 2 + 1)
        && any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase() || *byte == b'/')
}

/// A JSON Web Token (RFC 7519): parts in base64url, the first of which is a JSON object.
fn is_web_token(text: &str) -> bool {
    let whole = |rest: &str| rest.bytes().take_while(|byte| Of::Url.has(*byte)).count();
    let head = whole(text);
    if !text.starts_with("eyJ") || head < 12 {
        return false;
    }
    let Some(rest) = text[head..].strip_prefix('.') else { return false };
    let body = whole(rest);
    body >= 12 && rest[body..].strip_prefix('.').is_some_and(|sign| run(sign, Of::Url, 12).len() == 12)
}

/// A bot's token at Telegram: a number, a colon, 35 characters.
fn is_bot(text: &str) -> bool {
    let digits = text.bytes().take(11).take_while(u8::is_ascii_digit).count();
    let rest = text[digits..].strip_prefix(":AA").unwrap_or_default();
    (8..=10).contains(&digits) && run(rest, Of::Url, 34).len() == 33
}

/// Whether a text holds a private key.
pub(super) fn is_key(text: &str) -> bool {
    let armoured = text.contains("-----BEGIN ") && text.contains("PRIVATE KEY");
    let web = text.contains("\"kty\"") && text.contains("\"d\"");
    armoured || web || text.starts_with("PuTTY-User-Key-File-") || starts(text).any(|at| is_bare_key(&text[at..]))
}

/// Keys that are one word: age, 1Password's, Nostr's, Stellar's, and those of wallets.
fn is_bare_key(text: &str) -> bool {
    let word = run(text, Of::Url, WORD);
    let base58 = |byte: u8| byte.is_ascii_alphanumeric() && !b"0OIl".contains(&byte);
    let extended = ["xprv", "yprv", "zprv", "tprv", "uprv", "vprv"].iter().any(|prefix| word.starts_with(prefix));
    let wallet =
        matches!((word.len(), word.as_bytes()), (51, [b'5', b'H' | b'J' | b'K', ..]) | (52, [b'K' | b'L' | b'c', ..]));
    let upper = word.bytes().all(|byte| Of::Upper.has(byte) || byte == b'-');
    let mixed = word.bytes().any(|byte| byte.is_ascii_digit()) && word.bytes().any(|byte| byte.is_ascii_lowercase());
    (word.starts_with("AGE-SECRET-KEY-1") && word.len() >= 40)
        || (word.starts_with("A3-") && (39..=40).contains(&word.len()) && upper && word.matches('-').count() >= 5)
        || (word.starts_with("nsec1") && word.len() == 63)
        || (word.starts_with('S') && word.len() == 56 && upper && !word.contains(['0', '1', '8', '9', '-']))
        || (extended && word.len() == 111 && word.bytes().all(base58))
        || (wallet && mixed && word.bytes().all(base58))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(of: Of, length: usize) -> String {
        b"a1B2c3D4e5F6g7H8"
            .iter()
            .filter(|byte| of.has(**byte))
            .cycle()
            .take(length)
            .map(|byte| char::from(*byte))
            .collect()
    }

    #[test]
    fn every_form_is_found_inside_a_text_and_no_stand_in_is() {
        for (prefix, of, least) in TOKENS {
            let whole = format!("Take this:\nexport X=\"{prefix}{}\"", filled(*of, *least));
            assert_eq!(token(&whole), Some(*prefix), "{whole}");
            let short = format!("export X=\"{prefix}{}\"", filled(*of, *least - 1));
            assert_eq!(token(&short), None, "{short}");
            let empty = format!("export X=\"{prefix}{}\"", "x".repeat(*least));
            assert_eq!(token(&empty), None, "{empty}");
        }
    }

    #[test]
    fn what_stands_inside_a_word_is_no_prefix() {
        assert_eq!(token(&format!("xghp_{}", filled(Of::Alnum, 36))), None);
        assert_eq!(token(&format!("AKIA{}", filled(Of::Upper, 17))), None);
    }
}
