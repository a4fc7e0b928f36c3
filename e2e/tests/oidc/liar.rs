//! A provider that lies: a proxy before the real one, with an issuer of its own, that signs with a key of its
//! own what a test wants its tokens to say, and counts who asks for what.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use proving_ground::OidcProvider;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What becomes of the claims of a token.
pub(crate) type Change = fn(&mut Value);

/// What becomes of a token answer before it goes out.
type Lie = Box<dyn Fn(&mut Value, &Pen) + Send + Sync>;

/// The proxy. It ends with the runtime of its test.
pub(crate) struct Liar {
    /// Its name, and where it is.
    pub(crate) issuer: String,
    shared: Arc<Shared>,
}

struct Shared {
    http: reqwest::Client,
    server: String,
    pen: Pen,
    lie: Mutex<Option<Lie>>,
    has_own_keys: AtomicBool,
    is_silent: AtomicBool,
    asked: Mutex<HashMap<String, usize>>,
}

/// Signs with a key that is not the provider's.
pub(crate) struct Pen {
    key: EncodingKey,
}

/// The id of its key.
const KEY_ID: &str = "of-the-liar";

impl Pen {
    fn new() -> Self {
        // PKCS#8 of an Ed25519 key (RFC 8410 section 7).
        let mut der = vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];
        der.extend([0x04, 0x22, 0x04, 0x20]);
        der.extend([42; 32]);
        Self { key: EncodingKey::from_ed_der(&der) }
    }

    /// Its public key, as a set.
    fn keys(&self) -> Value {
        let mut key = Jwk::from_encoding_key(&self.key, Algorithm::EdDSA).expect("it is one");
        key.common.key_id = Some(KEY_ID.to_owned());
        json!({ "keys": [key] })
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> String {
        let header = Header {
            kid: Some(KEY_ID.to_owned()),
            typ: Some(typ.to_owned()),
            ..Header::new(Algorithm::EdDSA)
        };
        encode(&header, claims, &self.key).expect("it can be signed")
    }

    /// The same claims, with some of them changed, in a token of its own.
    pub(crate) fn rewrite(&self, token: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = claims(token);
        change(&mut claims);
        self.sign("JWT", &claims)
    }
}

/// What a token says.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The header of a token.
pub(crate) fn head(token: &str) -> Value {
    part(token, 0)
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("a token has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

/// A token of these parts, with this signature.
pub(crate) fn assemble(head: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(head), part(claims))
}

impl Liar {
    /// Before the provider that all tests share; it tells the truth at first.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let policy = reqwest::redirect::Policy::none();
        let shared = Arc::new(Shared {
            http: reqwest::Client::builder().redirect(policy).build().expect("a client"),
            server: OidcProvider::running().issuer(),
            pen: Pen::new(),
            lie: Mutex::default(),
            has_own_keys: AtomicBool::new(false),
            is_silent: AtomicBool::new(false),
            asked: Mutex::default(),
        });
        let router = Router::new().fallback(pass_on).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { issuer, shared }
    }

    /// From now on token answers are changed so; ID tokens are believed to be the provider's if they are signed
    /// with its pen.
    pub(crate) fn lies(&self, lie: impl Fn(&mut Value, &Pen) + Send + Sync + 'static) {
        self.shared.has_own_keys.store(true, Ordering::Relaxed);
        *self.shared.lie.lock().expect("nobody panics with it") = Some(Box::new(lie));
    }

    /// The same, but whoever asks for its keys gets the provider's own.
    pub(crate) fn lies_without_keys(&self, lie: impl Fn(&mut Value, &Pen) + Send + Sync + 'static) {
        self.lies(lie);
        self.shared.has_own_keys.store(false, Ordering::Relaxed);
    }

    /// Whether it answers nothing but 503.
    pub(crate) fn is_silent(&self, is_silent: bool) {
        self.shared.is_silent.store(is_silent, Ordering::Relaxed);
    }

    /// Whether it says that its own key is the provider's.
    pub(crate) fn shows_own_keys(&self) {
        self.shared.has_own_keys.store(true, Ordering::Relaxed);
    }

    /// Its pen.
    pub(crate) fn pen(&self) -> &Pen {
        &self.shared.pen
    }

    /// How often it was asked for this path.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.shared.asked.lock().expect("nobody panics with it").get(path).copied().unwrap_or(0)
    }
}

async fn pass_on(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    *shared
        .asked
        .lock()
        .expect("nobody panics with it")
        .entry(uri.path().to_owned())
        .or_default() += 1;
    if shared.is_silent.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if uri.path() == "/jwks" && shared.has_own_keys.load(Ordering::Relaxed) {
        return axum::Json(shared.pen.keys()).into_response();
    }
    headers.remove(header::CONNECTION);
    headers.remove(header::ACCEPT_ENCODING);
    let url = format!("{}{uri}", shared.server);
    let answer = shared.http.request(method, url).headers(headers).body(body).send().await;
    let answer = answer.expect("the provider answers");
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if name != header::TRANSFER_ENCODING && name != header::CONTENT_LENGTH {
            response = response.header(name, value);
        }
    }
    let is_token = uri.path() == "/token" && answer.status().is_success();
    let mut bytes = answer.bytes().await.expect("it answers whole").to_vec();
    if is_token && let Some(lie) = &*shared.lie.lock().expect("nobody panics with it") {
        let mut value = serde_json::from_slice(&bytes).expect("a token answer is JSON");
        lie(&mut value, &shared.pen);
        bytes = value.to_string().into_bytes();
    }
    response.body(Body::from(bytes)).expect("a response")
}
