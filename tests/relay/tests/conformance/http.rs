//! Plain HTTP: health, the web app's files and their headers, refusals.

use hushclip_relay_tests::{Answer, Relay, request};

const MAILBOX: &str = "/v1/mailbox/00112233445566778899aabbccddeeff";

fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.text().starts_with(&format!(r#"{{"code":"{code}","message":""#)), "{}", answer.text());
}

fn assert_secured(answer: &Answer) {
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
    assert_eq!(answer.header("cross-origin-embedder-policy"), "require-corp");
    assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
}

/// What the page loads, by the attributes it does that with.
fn files_of(page: &str) -> Vec<String> {
    let values = ["src=\"", "href=\""].into_iter().flat_map(|start| page.split(start).skip(1));
    let files = values.filter_map(|rest| rest.split('"').next());
    files.filter(|file| !file.contains(':')).map(|file| format!("/{}", file.trim_start_matches(['.', '/']))).collect()
}

#[test]
fn health_says_what_is_spoken_here_to_any_origin() {
    let relay = Relay::start();
    let answer = request(&relay, "GET", "/health");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(answer.text().starts_with(r#"{"status":"ok","protocol":[1],"version":""#), "{}", answer.text());
}

#[test]
fn the_web_app_comes_with_its_types_and_policies() {
    let relay = Relay::start();
    let page = request(&relay, "GET", "/");
    assert_eq!(page.status, 200, "no web app: run `cargo xtask build` before");
    for (path, cache) in [("/", "no-cache"), ("/index.html", "no-cache"), ("/pair", "no-store")] {
        let answer = request(&relay, "GET", path);
        assert_eq!((answer.status, &answer.body), (200, &page.body), "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("cache-control"), cache, "{path}");
        assert_eq!(answer.header("location"), "");
        assert_secured(&answer);
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("connect-src 'self'; "), "{policy}");
        assert!(policy.contains("require-trusted-types-for 'script'; trusted-types default"), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        let head = request(&relay, "HEAD", path);
        assert_eq!((head.status, head.body.len()), (200, 0));
    }
    for file in files_of(&page.text()) {
        let answer = request(&relay, "GET", &file);
        assert_eq!(answer.status, 200, "{file}");
        let wanted = match file.rsplit_once('.').unwrap_or_default().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "wasm" => "application/wasm",
            "webmanifest" => "application/manifest+json",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            other => panic!("the page loads {file}: {other}"),
        };
        assert_eq!(answer.header("content-type"), wanted, "{file}");
        assert_secured(&answer);
    }
}

#[test]
fn what_is_not_there_is_refused() {
    let relay = Relay::start();
    for path in ["/nothing", "/nothing.js", "/static/", "/v1", "/v1/mailbox/", "/.git/config", "/index.html/", "//"] {
        assert_refused(&request(&relay, "GET", path), 404, "not_found");
    }
    for path in ["/%2e%2e/worker/index.js", "/..%2fworker/index.js", "/../worker/index.js", "/relay.lock"] {
        assert_refused(&request(&relay, "GET", path), 404, "not_found");
    }
    for path in ["/", "/pair", "/health"] {
        assert_refused(&request(&relay, "POST", path), 405, "method_not_allowed");
    }
}

#[test]
fn a_mailbox_is_for_websockets_and_its_name_is_strict() {
    let relay = Relay::start();
    assert_refused(&request(&relay, "GET", MAILBOX), 426, "upgrade_required");
    for name in ["00", "00112233445566778899AABBCCDDEEFF", "00112233445566778899aabbccddeeff00", "é"] {
        assert_refused(&request(&relay, "GET", &format!("/v1/mailbox/{name}")), 404, "not_found");
    }
    assert_refused(&request(&relay, "GET", &format!("{MAILBOX}/")), 404, "not_found");
    assert_refused(&request(&relay, "GET", &format!("/v1/mailbox/{}", "a".repeat(4000))), 404, "not_found");
}

#[test]
fn what_is_shared_without_a_service_worker_leads_to_the_app() {
    let relay = Relay::start();
    for method in ["POST", "GET"] {
        let answer = request(&relay, method, "/share");
        assert_eq!((answer.status, answer.text().as_str()), (303, ""), "{method}");
        assert_eq!(answer.header("location"), "/?do=reshare");
        assert_secured(&answer);
    }
    assert_refused(&request(&relay, "PUT", "/share"), 405, "method_not_allowed");
}
