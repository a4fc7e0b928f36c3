//! A server on a port of its own that speaks the published protocol over real connections. It records
//! what was asked, with its headers, and goes wrong in the ways in which it is told to.

#![expect(clippy::result_large_err, reason = "it is how the server's library says what went wrong")]

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex},
};

use futures::{Stream, StreamExt, stream};
use serde_json::Value;
use tokio::{net::TcpListener, runtime::Runtime};
use tonic::{
    Request, Response, Status, Streaming,
    body::Body,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    server::{Grpc, StreamingService},
    service::{AxumRouter, Routes},
    transport::server::Server,
};

use crate::{prompt::Prompt, protocol::Method, service, store::Store};

/// How a call goes wrong.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It does not: the one after it will.
    None,
    /// It is refused, and nothing happens.
    Refuse(Status),
    /// It happens, and instead of the answer comes this.
    Forget(Status),
    /// So many messages of the answer come, then this.
    BreakOff(usize, Status),
    /// No answer ever comes.
    Hang,
}

/// A call that came.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) messages: Vec<Value>,
}

/// What the server has and knows; it outlives a restart.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) calls: Vec<Call>,
    /// How the next calls of a method go wrong, by the end of its path.
    pub(crate) faults: BTreeMap<&'static str, VecDeque<Fault>>,
}

/// A running server.
pub(crate) struct KurrentServer {
    pub(crate) state: Arc<Mutex<State>>,
    port: u16,
    runtime: Option<Runtime>,
}

impl KurrentServer {
    pub(crate) fn start() -> Self {
        let mut server = Self { state: Arc::default(), port: 0, runtime: None };
        server.start_again();
        server
    }

    /// Starts where it was stopped, with what it had.
    pub(crate) fn start_again(&mut self) {
        let listener = std::net::TcpListener::bind(("127.0.0.1", self.port)).unwrap();
        self.port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        let state = Arc::clone(&self.state);
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            let calls = tower::service_fn(move |request| serve(Arc::clone(&state), request));
            let routes = Routes::from(AxumRouter::new().fallback_service(calls));
            let server = Server::builder().add_routes(routes);
            let incoming = stream::unfold(listener, |listener| async move {
                let accepted = listener.accept().await.and_then(|(stream, _)| Prompt::new(stream));
                Some((accepted, listener))
            });
            server.serve_with_incoming(incoming).await.unwrap();
        });
        self.runtime = Some(runtime);
    }

    /// Ends at once, and all connections with it.
    pub(crate) fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("kurrentdb://admin:changeit@127.0.0.1:{}?tls=false", self.port)
    }

    /// The next call of a method goes wrong; the one after it in the next way that was told.
    pub(crate) fn fault(&self, method: &'static str, fault: Fault) {
        self.state.lock().unwrap().faults.entry(method).or_default().push_back(fault);
    }

    /// The calls of a method that came, in their order, and forgets them.
    pub(crate) fn take_calls(&self, method: &str) -> Vec<Call> {
        let calls = std::mem::take(&mut self.state.lock().unwrap().calls);
        calls.into_iter().filter(|call| call.path.ends_with(method)).collect()
    }
}

impl Drop for KurrentServer {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn serve(
    state: Arc<Mutex<State>>,
    request: http::Request<tonic::service::AxumBody>,
) -> Result<http::Response<Body>, std::convert::Infallible> {
    let path = request.uri().path().to_owned();
    let Some(method) = Method::at(&path) else {
        return Ok(Status::unimplemented(path).into_http());
    };
    let handler = Handler { state, path, method };
    Ok(Grpc::new(Bytes).max_decoding_message_size(64 << 20).streaming(handler, request).await)
}

/// Answers one call.
struct Handler {
    state: Arc<Mutex<State>>,
    path: String,
    method: Method,
}

type Answers = Pin<Box<dyn Stream<Item = Result<Vec<u8>, Status>> + Send>>;

impl StreamingService<Vec<u8>> for Handler {
    type Response = Vec<u8>;
    type ResponseStream = Answers;
    type Future = futures::future::BoxFuture<'static, Result<Response<Answers>, Status>>;

    fn call(&mut self, request: Request<Streaming<Vec<u8>>>) -> Self::Future {
        let (state, path, method) =
            (Arc::clone(&self.state), self.path.clone(), self.method.clone());
        Box::pin(async move {
            let headers = request.metadata().clone().into_headers();
            let headers = headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect();
            let mut requests = request.into_inner();
            let mut messages = Vec::new();
            while let Some(message) = requests.message().await? {
                messages.push(method.request(&message));
            }
            let fault = {
                let mut state = state.lock().unwrap();
                let end = path.rsplit('/').next().unwrap_or_default();
                let fault = state.faults.get_mut(end).and_then(VecDeque::pop_front);
                state.calls.push(Call { path: path.clone(), headers, messages: messages.clone() });
                fault
            };
            let answer = || service::answer(&mut state.lock().unwrap().store, &path, &messages);
            let (answers, end) = match fault {
                Some(Fault::Refuse(status)) => return Err(status),
                Some(Fault::Hang) => futures::future::pending().await,
                Some(Fault::Forget(status)) => {
                    answer()?;
                    return Err(status);
                }
                Some(Fault::BreakOff(count, status)) => {
                    let mut answers = answer()?;
                    answers.truncate(count);
                    (answers, Some(status))
                }
                Some(Fault::None) | None => (answer()?, None),
            };
            let answers = stream::iter(answers).map(move |value| Ok(method.response(&value)));
            let answers = answers.chain(stream::iter(end.map(Err)));
            Ok(Response::new(answers.boxed() as Answers))
        })
    }
}

/// Messages as they are on the wire.
#[derive(Debug, Clone, Copy, Default)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put_slice(buffer, &item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut item = vec![0; bytes::Buf::remaining(buffer)];
        bytes::Buf::copy_to_slice(buffer, &mut item);
        Ok(Some(item))
    }
}
