//! API10: unsafe consumption of APIs. A provider that somebody has configured is hostile, or has been taken
//! over: slow, endless, redirecting, of the wrong type. Forged tokens of an honest one are in
//! e2e/tests/oidc/.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use e2e::Server;
use serde_json::json;

use crate::people::Place;

/// No request to us may wait for a provider for longer.
const PATIENCE: Duration = Duration::from_secs(40);

/// No more than this is read from a provider, whatever it sends.
const READ_MAX: u64 = 8 << 20;

/// What a provider does instead of answering properly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Malice {
    /// Takes the connection and says nothing.
    Silent,
    /// Says one byte after the other, for ever.
    Dripping,
    /// Sends a document without end.
    Endless,
    /// Sends elsewhere, and from there elsewhere.
    Redirecting,
    /// Is another issuer than it was asked for.
    SomebodyElse,
    /// Has texts for numbers, numbers for texts, and lists for objects.
    WrongTypes,
    /// Names places of ours to ask.
    PointingInside,
    /// Is no HTTP.
    Noise,
}

const ALL: [Malice; 8] = [
    Malice::Silent,
    Malice::Dripping,
    Malice::Endless,
    Malice::Redirecting,
    Malice::SomebodyElse,
    Malice::WrongTypes,
    Malice::PointingInside,
    Malice::Noise,
];

struct Provider {
    url: String,
    sent: Arc<AtomicU64>,
    /// Where it tries to send the server.
    inside: TcpListener,
}

impl Provider {
    fn start(malice: Malice) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let inside = TcpListener::bind("127.0.0.1:0").unwrap();
        inside.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let secret_place = format!("http://{}", inside.local_addr().unwrap());
        let sent = Arc::new(AtomicU64::new(0));
        let (own, count) = (url.clone(), Arc::clone(&sent));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (own, count, place) = (own.clone(), Arc::clone(&count), secret_place.clone());
                thread::spawn(move || answer(stream, malice, &own, &place, &count));
            }
        });
        Self { url, sent, inside }
    }
}

/// Answers one connection as maliciously as it is meant to, until the other side has had enough.
fn answer(mut stream: TcpStream, malice: Malice, own: &str, inside: &str, sent: &AtomicU64) {
    let mut request = [0; 4096];
    if !matches!(stream.read(&mut request), Ok(length) if length > 0) {
        return;
    }
    let mut send = |bytes: &[u8]| {
        sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        stream.write_all(bytes).and_then(|()| stream.flush()).is_ok()
    };
    let document = |document: serde_json::Value| {
        let body = document.to_string();
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let discovery = |issuer: &str, at: &str| {
        json!({
            "issuer": issuer, "authorization_endpoint": format!("{at}/authorize"),
            "token_endpoint": format!("{at}/token"), "jwks_uri": format!("{at}/jwks"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    };
    let endless = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[";
    match malice {
        Malice::Silent => thread::sleep(Duration::from_secs(120)),
        Malice::Dripping => {
            while send(b"H") {
                thread::sleep(Duration::from_millis(200));
            }
        }
        Malice::Endless => {
            if send(endless) {
                while send(&[b' '; 65536]) {}
            }
        }
        Malice::Redirecting => {
            send(
                format!("HTTP/1.1 302 Found\r\nLocation: {inside}/x\r\nContent-Length: 0\r\n\r\n")
                    .as_bytes(),
            );
        }
        Malice::SomebodyElse => {
            send(document(discovery("https://accounts.example", own)).as_bytes());
        }
        Malice::WrongTypes => {
            send(
                document(
                    json!({"issuer": 7, "jwks_uri": [], "token_endpoint": {}, "keys": "none"}),
                )
                .as_bytes(),
            );
        }
        Malice::PointingInside => {
            send(document(discovery(own, inside)).as_bytes());
        }
        Malice::Noise => {
            send(&[0xff; 1000]);
        }
    }
}

fn server(provider: &Provider) -> Place {
    let callback = "http://127.0.0.1:1/v1/login/evil/callback";
    Place::open_with(&[
        ("CINELOG__IDENTITY__PROVIDERS__EVIL__ISSUER", &provider.url),
        ("CINELOG__IDENTITY__PROVIDERS__EVIL__CLIENT_ID", "cinelog"),
        ("CINELOG__IDENTITY__PROVIDERS__EVIL__REDIRECT_URI", callback),
        ("CINELOG__IDENTITY__TRUSTED_ISSUERS__EVIL__ISSUER", &provider.url),
        ("CINELOG__IDENTITY__TRUSTED_ISSUERS__EVIL__AUDIENCE", "cinelog"),
        ("CINELOG__IDENTITY__TRUSTED_ISSUERS__EVIL__DEFAULT_ROLE", "viewer"),
    ])
}

/// A token that its issuer's keys must be asked for.
fn token(issuer: &str) -> String {
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"alg": "RS256", "typ": "at+jwt", "kid": "k"});
    let claims = json!({"iss": issuer, "aud": "cinelog", "sub": "ann", "exp": 4_000_000_000_u64,
        "roles": ["admin"], "jti": "j", "iat": 1});
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode([7; 256]))
}

async fn is_well(server: &Server) {
    let started = Instant::now();
    server.anyone().get("/v1/movies").await.expect(200);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_provider_is_no_more_than_a_failed_sign_in() {
    for malice in ALL {
        let provider = Provider::start(malice);
        let place = server(&provider);
        let started = Instant::now();
        let answer = place.anyone().get("/v1/login/evil").await;
        assert!(started.elapsed() < PATIENCE, "{malice:?} took {:?}", started.elapsed());
        match malice {
            // Discovery itself is right: the browser is sent where it says, and nothing was asked there.
            Malice::PointingInside => {
                assert!([302, 303, 502, 503].contains(&answer.status), "{answer:?}")
            }
            _ => assert!([502, 503, 504].contains(&answer.status), "{malice:?}: {answer:?}"),
        }
        assert!(!answer.text.contains(&provider.url), "{malice:?}: {}", answer.text);
        assert!(provider.sent.load(Ordering::Relaxed) < READ_MAX, "{malice:?}");
        if malice == Malice::Redirecting {
            assert!(provider.inside.accept().is_err(), "redirects are not followed");
        }
        is_well(&place.server).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_issuer_is_no_more_than_a_refused_token() {
    for malice in ALL {
        let provider = Provider::start(malice);
        let place = server(&provider);
        let caller = place.anyone().with_token(&token(&provider.url));
        let started = Instant::now();
        let asked: Vec<_> = (0..10)
            .map(|_| {
                let caller = caller.clone();
                tokio::spawn(async move { caller.get("/v1/account").await.status })
            })
            .collect();
        is_well(&place.server).await;
        for status in asked {
            let status = status.await.unwrap();
            assert!([401, 503].contains(&status), "{malice:?}: {status}");
        }
        assert!(started.elapsed() < PATIENCE, "{malice:?} took {:?}", started.elapsed());
        assert!(provider.sent.load(Ordering::Relaxed) < READ_MAX, "{malice:?}");
        // Whoever shows tokens of our own is not held up by it.
        let ann = place.person("ann").await;
        ann.client.get("/v1/account").await.expect(200);
    }
}
