//! Figures for who runs the relay, behind a token, and the page for people.

use hushclip_relay_tests::{Account, Answer, Relay, request, request_with};

const TOKEN: &str = "a-token-of-the-admin";

fn ask(relay: &Relay, authorization: &str) -> Answer {
    request_with(relay, "GET", "/metrics", &[("Authorization", authorization)])
}

#[test]
fn figures_are_for_who_knows_the_token() {
    let variables = vec![("METRICS_TOKEN", TOKEN.to_owned()), ("HUSHCLIP_METRICS_TOKEN", TOKEN.to_owned())];
    let relay = Relay::start_with(variables);
    let (account, _first) = Account::registered(&relay, 80);
    for wrong in ["", TOKEN, "Bearer", "Bearer ", "Bearer a-token-of-the-admi", "Basic a-token-of-the-admin"] {
        let answer = ask(&relay, wrong);
        assert_eq!(answer.status, 404, "{wrong}");
        assert_eq!(answer.body, request(&relay, "GET", "/nothing").body);
    }
    let answer = ask(&relay, &format!("Bearer {TOKEN}"));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    let text = answer.text();
    assert!(!text.contains(&account.mailbox().to_hex()), "{text}");
    let (mut kind, mut named) = ("", "");
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            named = help.split_once(' ').expect("there is a help text").0;
        } else if let Some(of) = line.strip_prefix("# TYPE ") {
            let (name, its) = of.split_once(' ').expect("there is a type");
            assert_eq!(name, named, "help and type are of one figure");
            assert!(name.starts_with("hushclip_relay_") || name.starts_with("process_"), "{name}");
            assert_eq!(its == "counter", name.ends_with("_total"), "{name} is a {its}");
            kind = its;
        } else {
            let (name, value) = line.rsplit_once(' ').expect("a figure has a value");
            let name = name.split('{').next().expect("it has a name");
            let endings: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(endings.iter().any(|ending| name.strip_suffix(ending) == Some(named)), "{line}");
            assert!(value.parse::<f64>().is_ok_and(|value| value >= 0.0), "{line}");
        }
    }
    assert!(text.contains("\nhushclip_relay_frames_received_total 2\n"), "{text}");
}

#[test]
fn without_a_token_there_are_no_figures() {
    let relay = Relay::start();
    for authorization in ["", "Bearer ", "Bearer null", "Bearer undefined"] {
        assert_eq!(ask(&relay, authorization).status, 404, "{authorization}");
    }
}

#[test]
fn the_page_for_people_shows_no_totals_and_runs_nothing() {
    let relay = Relay::start();
    let (_account, _first) = Account::registered(&relay, 81);
    let answer = request(&relay, "GET", "/status");
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let page = answer.text();
    assert!(page.contains("hushclip/1") && !page.contains("<script") && !page.contains("account"), "{page}");
    assert_eq!(request(&relay, "HEAD", "/status").body, b"");
}
