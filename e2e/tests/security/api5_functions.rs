//! API5: broken function level authorization. Somebody tries what only others may do, by the front door and
//! by every way around it that gateways and frameworks have left open. The walk over every route and role is
//! e2e/tests/access/.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use e2e::Answer;
use reqwest::Method;
use serde_json::json;

use crate::people::Place;

/// Sends a request line as it stands, as no client would, and gives the status.
fn raw(url: &str, target: &str, more: &str) -> u16 {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{more}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // It may hang up on what is no HTTP.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(400)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_spelling_of_an_address_leads_around_its_row() {
    let place = Place::open();
    let member = place.person("ann").await;
    let authorization = member.client.request(Method::GET, "/").build().unwrap();
    let authorization = authorization.headers()["authorization"].to_str().unwrap().to_owned();
    let more = format!("Authorization: {authorization}\r\n");
    for target in [
        "/v1/audit",
        "/v1/audit/",
        "//v1/audit",
        "/v1//audit",
        "/v1/./audit",
        "/v1/movies/../audit",
        "/v1/movies/%2e%2e/audit",
        "/v1%2Faudit",
        "/V1/AUDIT",
        "/v1/audit;x=1",
        "/v1/audit%00",
        "/v1/%61udit",
        "/v1/audit?role=admin",
        "/v1/audit#fragment",
        "\\v1\\audit",
        "http://127.0.0.1/v1/audit",
        "*",
    ] {
        let status = raw(&place.server.url, target, &more);
        assert!((400..500).contains(&status), "{target}: {status}");
    }
}

#[tokio::test]
async fn no_header_makes_another_method_address_or_caller_of_a_request() {
    let place = Place::open();
    let film = crate::people::film(&place.server).await;
    let ann = place.person("ann").await;
    let attempts = [
        (Method::GET, film.as_str(), "X-HTTP-Method-Override", "DELETE"),
        (Method::POST, film.as_str(), "X-HTTP-Method-Override", "DELETE"),
        (Method::GET, film.as_str(), "X-Method-Override", "DELETE"),
        (Method::GET, "/v1/movies", "X-Original-URL", "/v1/audit"),
        (Method::GET, "/v1/movies", "X-Rewrite-URL", "/v1/audit"),
        (Method::GET, "/v1/audit", "X-Forwarded-User", "admin"),
        (Method::GET, "/v1/audit", "X-Remote-User", "admin"),
        (Method::GET, "/v1/audit", "X-Role", "admin"),
        (Method::GET, "/v1/audit", "X-Forwarded-For", "127.0.0.1"),
    ];
    for (method, path, name, value) in attempts {
        let answer = Answer::to(ann.client.request(method.clone(), path).header(name, value)).await;
        let (is_read, is_audit) = (method == Method::GET, path == "/v1/audit");
        let expected: &[u16] = if is_audit || !is_read { &[403, 415, 400] } else { &[200] };
        assert!(expected.contains(&answer.status), "{method} {path} {name}: {}", answer.status);
        assert!(!answer.text.contains("\"actor\""), "{name}: {}", answer.text);
    }
    place.anyone().get(&film).await.expect(200);
}

#[tokio::test]
async fn what_admins_do_is_refused_to_everybody_else() {
    let place = Place::open();
    let ann = place.person("ann").await;
    let account = format!("/v1/accounts/{}", ann.id);
    let admin_only = [
        (Method::GET, "/v1/audit"),
        (Method::GET, "/v1/accounts"),
        (Method::GET, account.as_str()),
        (Method::PATCH, account.as_str()),
        (Method::DELETE, account.as_str()),
    ];
    for (method, path) in admin_only {
        for role in ["viewer", "member", "editor"] {
            let client = place.server.caller(role);
            let request = client.request(method.clone(), path);
            let request = request.header("Content-Type", "application/merge-patch+json");
            let answer = Answer::to(request.body(json!({"role": "admin"}).to_string())).await;
            assert_eq!(answer.status, 403, "{method} {path} as {role}");
        }
        let nobody = Answer::to(place.anyone().request(method.clone(), path)).await;
        assert_eq!(nobody.status, 401, "{method} {path}");
    }
    assert_eq!(ann.client.get("/v1/account").await.expect(200).json()["role"], "member");
}
