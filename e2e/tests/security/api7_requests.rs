//! API7: server side request forgery. Somebody wants the server to ask where they say.

use std::{net::TcpListener, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use e2e::Answer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::people::{PASSWORD, Place};

/// A place that nobody should come to.
struct Trap(TcpListener);

impl Trap {
    fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    fn is_untouched(&self) -> bool {
        self.0.accept().is_err()
    }
}

/// A token that says where the key is that it was signed with.
fn token_with(header: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({"iss": "cinelog", "aud": "cinelog", "sub": "x", "exp": 4_000_000_000_u64});
    format!("{}.{}.{}", part(header), part(&claims), URL_SAFE_NO_PAD.encode([7; 64]))
}

#[tokio::test]
async fn nothing_that_a_caller_sends_makes_the_server_ask_anywhere() {
    let trap = Trap::set();
    let url = trap.url();
    let place = Place::open();
    let anyone = place.anyone();
    for member in ["jku", "x5u", "iss", "kid"] {
        let mut header = json!({"alg": "EdDSA", "typ": "at+jwt"});
        header[member] = url.clone().into();
        anyone.with_token(&token_with(&header)).get("/v1/account").await.expect(401);
    }
    let issued_there = json!({"alg": "RS256", "typ": "at+jwt", "jwk": {"kty": "RSA"}});
    anyone.with_token(&token_with(&issued_there)).get("/v1/account").await.expect(401);

    let host = url.trim_start_matches("http://").to_owned();
    for (name, value) in [
        ("Host", host.clone()),
        ("X-Forwarded-Host", host.clone()),
        ("Forwarded", format!("for=192.0.2.1;host={host}")),
        ("Referer", url.clone()),
        ("Origin", url.clone()),
        ("Link", format!("<{url}>; rel=\"webhook\"")),
        ("Content-Location", url.clone()),
    ] {
        let request = anyone.request(Method::GET, "/v1/movies").header(name, value);
        Answer::to(request).await.expect(200);
    }
    let editor = place.server.caller("editor");
    let film = json!({"title": url, "synopsis": format!("<img src={url}>")});
    editor.post("/v1/movies", film).await.expect(201);
    let body =
        json!({"email": "ann@people.example", "password": PASSWORD, "name": format!("Ann {host}")});
    let _ = anyone.post("/v1/accounts", body).await;
    anyone.get(&format!("/v1/login/{}", host.replace(':', "%3A"))).await.expect(404);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(trap.is_untouched());
}

/// What is there to be sent, as the OpenAPI document says: no address.
#[tokio::test]
async fn no_route_takes_an_address_to_fetch() {
    let place = Place::open();
    let document = place.anyone().get("/openapi.json").await.expect(200).json();
    let mut bodies = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let content = operation["requestBody"]["content"].as_object();
            for media in content.into_iter().flat_map(|content| content.values()) {
                bodies.push((format!("{method} {path}"), media["schema"].clone()));
            }
        }
    }
    assert!(bodies.len() > 10, "{}", bodies.len());
    for (operation, schema) in bodies {
        let text = match schema["$ref"].as_str() {
            Some(to) => document.pointer(to.trim_start_matches('#')).unwrap().to_string(),
            None => schema.to_string(),
        };
        for format in ["\"format\":\"uri\"", "\"format\":\"url\"", "\"format\":\"iri\""] {
            assert!(!text.contains(format), "{operation}: {text}");
        }
    }
}
