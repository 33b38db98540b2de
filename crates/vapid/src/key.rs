//! The key by which push services know a relay, and the tokens it signs (RFC 8292).

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};

/// How long a token is valid. Services accept at most 24 hours, and clocks differ.
const TOKEN_S: u64 = 12 * 3_600;
/// `{"typ":"JWT","alg":"ES256"}`
const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9";

/// A relay's key. Browsers' subscriptions are bound to it, so a new one invalidates them all.
#[derive(Clone)]
pub struct Key(SigningKey);

impl Key {
    /// Length of the private key.
    pub const LEN: usize = 32;
    /// Length of the public key, an uncompressed point.
    pub const PUBLIC_LEN: usize = 65;

    /// The key with this secret number; `None` for the few numbers that are not keys.
    pub fn from_bytes(secret: &[u8; Self::LEN]) -> Option<Self> {
        SigningKey::from_slice(secret).ok().map(Self)
    }

    /// The key as an admin configures it: base64url, as tools for VAPID print it, padded or not.
    pub fn from_text(secret: &str) -> Option<Self> {
        let bytes = Base64UrlUnpadded::decode_vec(secret.trim().trim_end_matches('=')).ok()?;
        Self::from_bytes(bytes.as_slice().try_into().ok()?)
    }

    /// The public key, which browsers want when they subscribe.
    pub fn public(&self) -> [u8; Self::PUBLIC_LEN] {
        let point = self.0.verifying_key().to_sec1_point(false);
        let mut public = [0; Self::PUBLIC_LEN];
        public.copy_from_slice(point.as_bytes());
        public
    }

    /// The value of the `Authorization` header for a service. `subject` says whom the service may contact when
    /// something is wrong: `mailto:` or `https:`; anything else is left out.
    pub fn authorization(&self, origin: &str, subject: Option<&str>, now_s: u64) -> String {
        let token = self.sign(&claims(origin, subject, now_s.saturating_add(TOKEN_S)));
        format!("vapid t={token}, k={}", Base64UrlUnpadded::encode_string(&self.public()))
    }

    /// A signed token (RFC 7515, ES256).
    fn sign(&self, claims: &str) -> String {
        let signed = format!("{HEADER}.{}", Base64UrlUnpadded::encode_string(claims.as_bytes()));
        let signature: Signature = self.0.sign(signed.as_bytes());
        format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature.to_bytes()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

fn claims(origin: &str, subject: Option<&str>, expires_s: u64) -> String {
    let subject = subject.filter(|subject| is_subject(subject));
    let subject = subject.map(|subject| format!(r#","sub":"{subject}""#)).unwrap_or_default();
    format!(r#"{{"aud":"{origin}","exp":{expires_s}{subject}}}"#)
}

/// Whether this is a contact, and needs no escaping in JSON.
fn is_subject(text: &str) -> bool {
    let address = text.strip_prefix("mailto:").or_else(|| text.strip_prefix("https://"));
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'<' | b'>');
    address.is_some_and(|address| !address.is_empty() && address.bytes().all(plain))
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    use p256::ecdsa::signature::Signer as _;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    fn base64(text: &str) -> Vec<u8> {
        Base64UrlUnpadded::decode_vec(text).unwrap()
    }

    fn key(text: &str) -> Key {
        Key::from_text(text).unwrap()
    }

    /// Checks a token with another implementation.
    fn verifies(token: &str, public: &[u8]) -> bool {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public);
        key.verify(signed.as_bytes(), &base64(signature)).is_ok()
    }

    #[test]
    fn rfc_6979_a_2_5() {
        let secret =
            base16ct::upper::decode_vec(b"C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721").unwrap();
        let key = Key::from_bytes(&secret.try_into().unwrap()).unwrap();
        assert_eq!(
            base16ct::upper::encode_string(&key.public()),
            "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6\
             7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
        );
        for (message, signature) in [
            (
                "sample",
                "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716\
                 F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
            ),
            (
                "test",
                "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367\
                 019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
            ),
        ] {
            let made: Signature = key.0.sign(message.as_bytes());
            assert_eq!(base16ct::upper::encode_string(&made.to_bytes()), signature, "{message}");
        }
    }

    #[test]
    fn rfc_7515_a_3() {
        let key = key("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI");
        let [x, y] =
            ["f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"].map(base64);
        assert_eq!(key.public()[1..], [x, y].concat());
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb\
                     290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        assert!(verifies(token, &key.public()), "the example's own signature");
    }

    /// The example of RFC 8292, section 2.4: the same bytes are signed, and its signature verifies.
    #[test]
    fn rfc_8292_2_4() {
        let token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM\
                     3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1\
                     JrErtmysazNjjvW2L9OkSSHzvoD1oA";
        let public = base64("BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs");
        assert!(verifies(token, &public));
        let claims = claims("https://push.example.net", Some("mailto:push@example.com"), 1_453_523_768);
        let ours = key("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI").sign(&claims);
        assert_eq!(ours.rsplit_once('.').unwrap().0, token.rsplit_once('.').unwrap().0);
    }

    #[test]
    fn the_header_names_key_service_and_end() {
        for number in 1..=20 {
            let key = Key::from_bytes(&[number; Key::LEN]).unwrap();
            let header = key.authorization("https://push.example.net", Some("https://relay.example"), 1_000);
            let (token, public) = header.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
            assert_eq!(base64(public), key.public());
            assert!(verifies(token, &key.public()));
            let claims = base64(token.split('.').nth(1).unwrap());
            assert_eq!(
                String::from_utf8(claims).unwrap(),
                r#"{"aud":"https://push.example.net","exp":44200,"sub":"https://relay.example"}"#
            );
            let mut other = base64(token.rsplit_once('.').unwrap().1);
            other[usize::from(number)] ^= 1;
            let forged = format!("{}.{}", token.rsplit_once('.').unwrap().0, Base64UrlUnpadded::encode_string(&other));
            assert!(!verifies(&forged, &key.public()));
        }
    }

    #[test]
    fn only_contacts_are_subjects() {
        for good in ["mailto:admin@example.org", "https://relay.example:8443"] {
            assert!(claims("o", Some(good), 1).contains(good));
        }
        for other in
            ["", "mailto:", "admin@example.org", "http://x", "https://\"", "mailto:a b", "mailto:<a@b>", "https://ü"]
        {
            assert_eq!(claims("o", Some(other), 1), r#"{"aud":"o","exp":1}"#, "{other}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let order =
            base16ct::upper::decode_vec(b"FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551").unwrap();
        assert!(Key::from_bytes(&[0; 32]).is_none());
        assert!(Key::from_bytes(&order.try_into().unwrap()).is_none());
        let good = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
        for text in ["", "AA", "jpsQnnGQmL+YBIffH1136cspYG6+0iY7X1fCE9+E9LI", &good[..42], &format!("{good}A")] {
            assert!(Key::from_text(text).is_none(), "{text}");
        }
        assert!(Key::from_text(&format!(" {good}=\n")).is_some());
        assert_eq!(format!("{:?}", key(good)), "Key(..)");
    }
}
