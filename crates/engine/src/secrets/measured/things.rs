//! What else people copy: links, names and numbers of things, pieces of programs.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

use super::drawn::{Draw, below, capitalised, drawn, pick};

const ALNUM: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const SMALL: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const CAPITAL: &str = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789";
const DIGITS: &str = "0123456789";
const WORDS: [&str; 32] = [
    "user", "token", "password", "report", "holiday", "photo", "invoice", "index", "main", "config", "secret", "http",
    "rechnung", "get", "element", "base64", "decoder", "table", "header", "summer", "sha256", "key", "auth", "straße",
    "x86", "utf8", "url", "request", "session", "cookie", "v2", "api",
];
const HOSTS: [&str; 6] = [
    "example.org",
    "www.youtube.com",
    "docs.google.com",
    "shop.example.co.uk",
    "cdn.jsdelivr.net",
    "intranet.local:8080",
];

pub(super) const THINGS: [(&str, Draw); 14] = [
    ("links", link),
    ("UUIDs and hashes", hash),
    ("pictures in base64", picture),
    ("paths and files", path),
    ("product names", product),
    ("ISBN, IBAN, parcels", number),
    ("e-mail addresses", mail),
    ("JSON", json),
    ("CSS", css),
    ("shell commands", shell),
    ("identifiers", identifier),
    ("Rust and Python", program),
    ("JavaScript and HTML", page),
    ("logs and tables", log),
];

fn word(rng: &mut ChaCha20Rng) -> &'static str {
    pick(rng, &WORDS)
}

fn bytes(rng: &mut ChaCha20Rng, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn hex(rng: &mut ChaCha20Rng, digits: usize) -> String {
    base16ct::lower::encode_string(&bytes(rng, digits.div_ceil(2)))[..digits].to_owned()
}

fn uuid(rng: &mut ChaCha20Rng) -> String {
    [8, 4, 4, 4, 12].map(|digits| hex(rng, digits)).join("-")
}

fn digits(rng: &mut ChaCha20Rng, count: usize) -> String {
    drawn(rng, count, DIGITS)
}

fn slug(rng: &mut ChaCha20Rng) -> String {
    let count = 2 + below(rng, 4);
    (0..count).map(|_| word(rng)).collect::<Vec<_>>().join("-")
}

fn link(rng: &mut ChaCha20Rng) -> String {
    let host = pick(rng, &HOSTS);
    let way = match below(rng, 9) {
        0 => format!("/watch?v={}&t={}s", drawn(rng, 11, ALNUM), below(rng, 900)),
        1 => format!("/document/d/{}/edit#gid={}", drawn(rng, 44, ALNUM), digits(rng, 9)),
        2 => format!("/{}?utm_source=mail&utm_campaign={}&gclid={}", slug(rng), slug(rng), drawn(rng, 60, ALNUM)),
        3 => format!("/items/{}/{}", uuid(rng), slug(rng)),
        4 => format!("/dp/B0{}/ref=sr_1_{}?keywords={}", drawn(rng, 8, CAPITAL), below(rng, 30), word(rng)),
        5 => format!("/{}/commit/{}", slug(rng), hex(rng, 40)),
        6 => format!("/@{},{}.{},15z/data=!3m1!4b1", word(rng), below(rng, 90), digits(rng, 7)),
        7 => format!(
            "/login?next=%2F{}&code={}&state={}",
            word(rng),
            digits(rng, 6),
            Base64UrlUnpadded::encode_string(&bytes(rng, 24))
        ),
        _ => format!("/{}.html", slug(rng)),
    };
    format!("{}{host}{way}", pick(rng, &["https://", "http://", "https://", ""]))
}

fn hash(rng: &mut ChaCha20Rng) -> String {
    match below(rng, 9) {
        0 => uuid(rng),
        1 => uuid(rng).to_uppercase(),
        2 => format!("{{{}}}", uuid(rng)),
        3 => hex(rng, 40),
        4 => {
            let digits = 7 + below(rng, 6);
            hex(rng, digits)
        }
        5 => hex(rng, 32),
        6 => format!("sha256:{}", hex(rng, 64)),
        7 => format!("sha512-{}", Base64::encode_string(&bytes(rng, 64))),
        _ => format!("{}  {}.tar.gz", hex(rng, 64), slug(rng)),
    }
}

fn picture(rng: &mut ChaCha20Rng) -> String {
    let size = 40 + below(rng, 400);
    let data = Base64::encode_string(&bytes(rng, size));
    match below(rng, 4) {
        0 => format!("data:image/png;base64,iVBORw0KGgo{data}"),
        1 => format!("iVBORw0KGgo{data}"),
        2 => format!("<img src=\"data:image/gif;base64,R0lGODlh{data}\">"),
        _ => format!("R0lGODlhAQABAIAAA{}", &data[..40]),
    }
}

fn path(rng: &mut ChaCha20Rng) -> String {
    let (one, two) = (word(rng), word(rng));
    match below(rng, 9) {
        0 => format!("/home/{one}/{}/{two}.rs", capitalised(two)),
        1 => format!("C:\\Users\\{}\\{one}\\{two}_{}.docx", capitalised(one), below(rng, 99)),
        2 => format!("/nix/store/{}-{one}-{}.12.1/bin", drawn(rng, 32, SMALL), below(rng, 9)),
        3 => format!("IMG_{}_{}.jpg", digits(rng, 8), digits(rng, 6)),
        4 => format!("~/.config/{}/{two}.toml", capitalised(one)),
        5 => format!("index-{}.js", drawn(rng, 8, ALNUM)),
        6 => format!("{}_{}_FINAL({}).pdf", capitalised(one), capitalised(two), below(rng, 9)),
        7 => format!("{one}.{}.chunk.css", hex(rng, 8)),
        _ => format!("crates/{one}/src/{two}.rs:{}:{}", below(rng, 900), below(rng, 80)),
    }
}

fn product(rng: &mut ChaCha20Rng) -> String {
    match below(rng, 8) {
        0 => format!("WH-{}XM{}", digits(rng, 4), below(rng, 9)),
        1 => format!("RTX{}Ti", digits(rng, 4)),
        2 => format!("Samsung Galaxy S{} Ultra {}GB", below(rng, 30), digits(rng, 3)),
        3 => format!("{}-{}/{}", drawn(rng, 4, CAPITAL), digits(rng, 4), drawn(rng, 3, CAPITAL)),
        4 => format!("iPhone{}ProMax", below(rng, 20)),
        5 => format!("ThinkPad X1 Carbon Gen {}", below(rng, 14)),
        6 => format!("{}{}{}", drawn(rng, 3, CAPITAL), digits(rng, 5), drawn(rng, 2, CAPITAL)),
        _ => format!("Ryzen{}{}X3D", below(rng, 10), digits(rng, 4)),
    }
}

fn number(rng: &mut ChaCha20Rng) -> String {
    match below(rng, 9) {
        0 => format!("978-{}-{}-{}-{}", below(rng, 10), digits(rng, 2), digits(rng, 6), below(rng, 10)),
        1 => format!("978{}", digits(rng, 10)),
        2 => format!("1Z{}{}", drawn(rng, 6, CAPITAL), digits(rng, 10)),
        3 => format!("{}{}DE", pick(rng, &["RR", "LX", "CP"]), digits(rng, 9)),
        4 => format!(
            "DE{} {} {} {} {} {}",
            digits(rng, 2),
            digits(rng, 4),
            digits(rng, 4),
            digits(rng, 4),
            digits(rng, 4),
            digits(rng, 2)
        ),
        5 => format!("FR76{}", digits(rng, 23)),
        6 => format!("JD{}", digits(rng, 18)),
        7 => format!("+49 {} {}", digits(rng, 3), digits(rng, 7)),
        _ => format!("{},{}.{} €", below(rng, 90), digits(rng, 3), digits(rng, 2)),
    }
}

fn mail(rng: &mut ChaCha20Rng) -> String {
    let host = pick(rng, &HOSTS[..1]);
    match below(rng, 4) {
        0 => format!("{}.{}{}@{host}", word(rng), word(rng), below(rng, 99)),
        1 => format!("{} {} <{}@mail.{host}>", capitalised(word(rng)), capitalised(word(rng)), word(rng)),
        2 => format!("reply+{}@reply.{host}", drawn(rng, 30, ALNUM)),
        _ => format!("{}+{}@{host}", capitalised(word(rng)), word(rng)),
    }
}

fn json(rng: &mut ChaCha20Rng) -> String {
    let id = uuid(rng);
    match below(rng, 5) {
        0 => format!("{{\"id\":\"{id}\",\"{}\":{},\"ok\":true}}", word(rng), below(rng, 9999)),
        1 => format!(
            "{{\n  \"name\": \"{}\",\n  \"version\": \"{}.0.1\",\n  \"private\": true\n}}",
            slug(rng),
            below(rng, 9)
        ),
        2 => format!("[{},{},{}]", below(rng, 99), digits(rng, 6), below(rng, 9)),
        3 => format!("{{\"token\": null, \"password\": \"\", \"secret\": \"${{{}}}\"}}", word(rng).to_uppercase()),
        _ => format!("\"integrity\": \"sha512-{}\",", Base64::encode_string(&bytes(rng, 64))),
    }
}

fn css(rng: &mut ChaCha20Rng) -> String {
    match below(rng, 8) {
        0 => format!("css-{}", drawn(rng, 6, SMALL)),
        1 => format!("{}_{}__{}", capitalised(word(rng)), word(rng), drawn(rng, 5, ALNUM)),
        2 => format!("sc-{}-{} {}", drawn(rng, 8, SMALL), below(rng, 9), drawn(rng, 6, ALNUM)),
        3 => format!(".{}:not(:last-child)>a::before{{color:#{}}}", slug(rng), hex(rng, 6)),
        4 => format!("#{}", hex(rng, 6)),
        5 => format!("svelte-{}", drawn(rng, 7, SMALL)),
        6 => format!("grid-cols-[{}px,1fr] md:w-1/2", digits(rng, 3)),
        _ => format!("rgba({},{},{},0.5)", below(rng, 256), below(rng, 256), below(rng, 256)),
    }
}

fn shell(rng: &mut ChaCha20Rng) -> String {
    match below(rng, 9) {
        0 => format!("git checkout {}", hex(rng, 40)),
        1 => format!(
            "docker run --rm -e {}_TOKEN=$TOKEN -p 8080:80 {}:1.{}",
            word(rng).to_uppercase(),
            word(rng),
            below(rng, 30)
        ),
        2 => format!("curl -sSf -H \"Authorization: Bearer $TOKEN\" https://example.org/{}", slug(rng)),
        3 => format!("sed -i 's/{}/{}/g' src/*.rs", word(rng), word(rng)),
        4 => format!("ssh -i ~/.ssh/id_ed25519 {}@10.0.{}.{}", word(rng), below(rng, 256), below(rng, 256)),
        5 => format!("export PASSWORD=\"$(pass show {})\"", slug(rng)),
        6 => format!("psql postgres://postgres:postgres@localhost:5432/{}", word(rng)),
        7 => "openssl rand -base64 32".into(),
        _ => format!("tar -xzf {}-{}.2.tar.gz && cd {}", word(rng), below(rng, 9), word(rng)),
    }
}

fn identifier(rng: &mut ChaCha20Rng) -> String {
    let words: Vec<&str> = (0..2 + below(rng, 4)).map(|_| word(rng)).collect();
    let camel: String = words.iter().map(|word| capitalised(word)).collect();
    match below(rng, 6) {
        0 => words.join("_"),
        1 => format!("{}{}", words[0], camel),
        2 => words.join("_").to_uppercase(),
        3 => format!("{camel}{}", below(rng, 99)),
        4 => format!("std::{}::{camel}", words[0]),
        _ => format!("{}.{}({}, {})", words[0], words[1], below(rng, 9), words[0]),
    }
}

fn program(rng: &mut ChaCha20Rng) -> String {
    let (one, two) = (word(rng), word(rng));
    match below(rng, 8) {
        0 => format!("let {one}: Vec<u8> = {two}.iter().map(|x| x + {}).collect();", below(rng, 99)),
        1 => format!("def {one}_{two}(self, token: str, password: Optional[str] = None) -> Token:"),
        2 => format!("token = request.headers.get(\"X-{}\")", capitalised(one)),
        3 => format!("if code == {} {{ return Err(Error::{}) }}", 100 + below(rng, 500), capitalised(two)),
        4 => format!("password=os.environ['{}'],", one.to_uppercase()),
        5 => format!("pub struct {}{} {{ secret: [u8; 32], token: AccessToken2 }}", capitalised(one), capitalised(two)),
        6 => format!("re.compile(r'^[A-Za-z0-9._%+-]+@{one}\\.[a-z]{{2,}}$')"),
        _ => format!("assert_eq!(decode(\"{}\"), Some(0x{}));", hex(rng, 12), hex(rng, 8)),
    }
}

fn page(rng: &mut ChaCha20Rng) -> String {
    let (one, two) = (word(rng), word(rng));
    match below(rng, 8) {
        0 => format!("const {{ {one}, {two} }} = await import('./{one}.mjs');"),
        1 => format!(
            "<input type=\"password\" name=\"{one}\" autocomplete=\"current-password\" minlength=\"{}\">",
            below(rng, 99)
        ),
        2 => format!("function {one}(e,t){{return e.{two}?t[0]:void 0}}"),
        3 => format!("<div class=\"{}\" id=\"{one}-{}\">{two}</div>", slug(rng), digits(rng, 4)),
        4 => "password: z.string().min(8).max(64),".into(),
        5 => format!("const token = await getToken({{ {one}: process.env.{} }});", two.to_uppercase()),
        6 => format!("document.querySelectorAll('.{}').forEach(x=>x.remove())", slug(rng)),
        _ => format!(
            "<path d=\"M{}.{} {}h{}v{}z\"/>",
            below(rng, 24),
            below(rng, 9),
            below(rng, 24),
            below(rng, 9),
            below(rng, 9)
        ),
    }
}

fn log(rng: &mut ChaCha20Rng) -> String {
    let at = format!(
        "2026-0{}-1{}T12:{:02}:{:02}.{}Z",
        1 + below(rng, 9),
        below(rng, 9),
        below(rng, 60),
        below(rng, 60),
        digits(rng, 3)
    );
    match below(rng, 6) {
        0 => format!("{at} INFO {} request_id={} status=200", word(rng), uuid(rng)),
        1 => format!("{at} WARN [{}] took {}ms", word(rng), digits(rng, 4)),
        2 => format!("{}\t{}\t{}.{}", word(rng), below(rng, 999), below(rng, 99), digits(rng, 2)),
        3 => format!("thread '{}' panicked at src/{}.rs:{}:5", word(rng), word(rng), below(rng, 900)),
        4 => format!("{};{};{};{}", digits(rng, 3), word(rng), digits(rng, 5), capitalised(word(rng))),
        _ => at,
    }
}
