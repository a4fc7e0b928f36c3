//! A server of the test's own in the place of nodes: for what the real ones never do, or never at a time of the
//! test's choosing. It remembers what it was asked.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{Router, body::Body, extract::Request, response::Response};
use e2e::Client;
use proving_ground::{Gateway, GatewayKind, Nodes};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many requests it answers at once.
const AT_ONCE_MAX: u32 = 1_000;

/// A request as the origin saw it.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// Which it was, from 1 on, of all but health checks.
    pub(crate) number: usize,
    /// Path and query.
    pub(crate) path: String,
    headers: Vec<(String, String)>,
}

/// The server. It ends with the test.
pub(crate) struct Origin {
    address: SocketAddr,
    said: Arc<Mutex<Vec<Said>>>,
    gate: Arc<Semaphore>,
    fails: Arc<AtomicBool>,
}

impl Said {
    /// A header's text; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map_or("", |(_, value)| value)
    }

    /// An answer.
    pub(crate) fn answer(&self, status: u16, body: &str, headers: &[(&str, &str)]) -> Response {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        let body = if status == 304 { Body::empty() } else { Body::from(body.to_owned()) };
        answer.body(body).unwrap()
    }
}

impl Origin {
    /// Answers as `answer` does; health checks always well.
    pub(crate) fn start(answer: fn(&Said) -> Response) -> Self {
        let said = Arc::new(Mutex::new(Vec::new()));
        let (gate, fails) =
            (Arc::new(Semaphore::new(AT_ONCE_MAX as usize)), Arc::new(AtomicBool::new(false)));
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let handler = {
            let (said, gate, fails) = (Arc::clone(&said), Arc::clone(&gate), Arc::clone(&fails));
            async move |request: Request| {
                if request.uri().path() == "/readyz" || request.uri().path() == "/livez" {
                    return Response::new(Body::empty());
                }
                let now = remember(&said, &request);
                let _open = gate.acquire().await;
                if fails.load(Ordering::SeqCst) {
                    return now.answer(503, "", &[("cache-control", "no-store")]);
                }
                answer(&now)
            }
        };
        let router = Router::new().fallback(handler);
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, said, gate, fails }
    }

    /// A gateway before it, and somebody who asks that.
    pub(crate) async fn before(&self, kind: GatewayKind) -> (Gateway, Client) {
        let mut gateway = Gateway::new(kind);
        gateway.start(&self.nodes()).await;
        let client = Client::anyone_at(&gateway.url());
        (gateway, client)
    }

    /// It as all four nodes.
    pub(crate) fn nodes(&self) -> Nodes {
        let address = || self.address.to_string();
        Nodes { query: [address(), address()], command: [address(), address()] }
    }

    /// How many requests were like this.
    pub(crate) fn count(&self, is_like: impl Fn(&Said) -> bool) -> usize {
        self.said.lock().unwrap().iter().filter(|said| is_like(said)).count()
    }

    /// From now on nobody is answered, until this is dropped.
    pub(crate) fn close(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.gate)
            .try_acquire_many_owned(AT_ONCE_MAX)
            .expect("nobody is being answered")
    }

    /// Whether it answers nothing but failures from now on.
    pub(crate) fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }
}

fn remember(all: &Mutex<Vec<Said>>, request: &Request) -> Said {
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let mut all = all.lock().unwrap();
    let said = Said {
        number: all.len() + 1,
        path: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: headers.collect(),
    };
    all.push(said.clone());
    said
}
