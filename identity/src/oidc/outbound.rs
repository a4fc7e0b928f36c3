//! Requests to providers: the only ones that this crate sends.
//!
//! A request goes where it is addressed to and nowhere else: redirects are not followed, and proxies named in the
//! environment are not used. It goes by TLS unless that is this machine. Time and length of the answer are
//! bounded.

use std::{
    future::Future,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    client::conn::http1,
    header::{CONNECTION, HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http::Uri};
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// How long one request may take, from connecting to the last byte of the answer.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(5);

/// The longest answer that is read, in bytes. Google's keys have 2 KiB, a description 5 KiB at most.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// The longest head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Why there is no answer. Shows no secret.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// A URL that is never asked: it must be https, or http on this machine.
    #[error("{0} is neither https:// nor http:// on this machine")]
    Address(String),
    /// A URL on this machine without TLS, which an issuer elsewhere has named.
    #[error("{0} is on this machine, but the issuer that names it is not")]
    Plain(String),
    /// The answer did not come in time.
    #[error("no answer within {} s", REQUEST_TIME_MAX.as_secs())]
    Late,
    /// The connection could not be made or broke, or the answer was too long or is not HTTP.
    #[error("{0}")]
    Failed(String),
}

/// The HTTP client. It trusts the root certificates of this machine, or those of `SSL_CERT_FILE`. They are read when
/// they are first needed.
#[derive(Clone, Default)]
pub struct Outbound {
    tls: Arc<OnceLock<TlsConnector>>,
    /// Whether URLs on this machine are asked without TLS: only on behalf of an issuer that is configured to be
    /// here. Any other issuer could have us send requests to whatever else listens on this machine.
    may_be_plain: bool,
}

impl Outbound {
    /// The same client, for the URLs that `issuer` names.
    pub(super) fn on_behalf_of(&self, issuer: &str) -> Self {
        let is_plain = |uri: Uri| uri.scheme_str() == Some("http");
        Self { may_be_plain: issuer.parse().is_ok_and(is_plain), ..self.clone() }
    }

    /// Sends a request, and reads the whole answer.
    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OutboundError> {
        timeout(REQUEST_TIME_MAX, self.exchange(request)).await.map_err(|_| OutboundError::Late)?
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, OutboundError> {
        let target = Target::of(request.uri())?;
        if !target.is_tls && !self.may_be_plain {
            return Err(OutboundError::Plain(address_of(request.uri())));
        }
        let stream =
            TcpStream::connect((target.host.as_str(), target.port)).await.map_err(failed)?;
        if !target.is_tls {
            return converse(stream, target, request).await;
        }
        let name = ServerName::try_from(target.host.clone()).map_err(failed)?;
        let stream = self.tls()?.connect(name, stream).await.map_err(failed)?;
        converse(stream, target, request).await
    }

    fn tls(&self) -> Result<&TlsConnector, OutboundError> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls);
        }
        let tls = connector()?;
        Ok(self.tls.get_or_init(|| tls))
    }
}

fn connector() -> Result<TlsConnector, OutboundError> {
    let mut roots = RootCertStore::empty();
    // A certificate that cannot be read costs no more than the servers that it certifies.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound").finish_non_exhaustive()
    }
}

impl<'c> AsyncHttpClient<'c> for Outbound {
    type Error = OutboundError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OutboundError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// Whether a URL may be asked, or a browser may be sent there: it is https, or http on this machine.
#[must_use]
pub fn is_safe_url(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| Target::of(&uri).is_ok())
}

/// Where a request goes.
struct Target {
    host: String,
    port: u16,
    is_tls: bool,
}

impl Target {
    fn of(uri: &Uri) -> Result<Self, OutboundError> {
        let refused = || OutboundError::Address(address_of(uri));
        let host = uri.host().ok_or_else(refused)?.trim_matches(['[', ']']).to_owned();
        // `https://accounts.google.com@evil.example/` looks like another URL than it is.
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(refused());
        }
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_this_machine(&host) => false,
            _ => return Err(refused()),
        };
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        Ok(Self { host, port, is_tls })
    }
}

/// Scheme and host, for an error: the rest may hold secrets.
fn address_of(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    format!("{}://{host}", uri.scheme_str().unwrap_or_default())
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

async fn converse<S>(
    stream: S,
    target: Target,
    request: HttpRequest,
) -> Result<HttpResponse, OutboundError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let handshake =
        http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(failed)?;
    // The task ends with this function, also when the deadline cuts it short.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let response = sender.send_request(on_the_wire(target, request)?).await.map_err(failed)?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|error| OutboundError::Failed(error.to_string()))?;
    Ok(HttpResponse::from_parts(head, body.to_bytes().to_vec()))
}

/// The request in the form of HTTP/1.1: the path in the first line, the host in a header.
fn on_the_wire(
    target: Target,
    request: HttpRequest,
) -> Result<hyper::Request<Full<Bytes>>, OutboundError> {
    let (mut head, body) = request.into_parts();
    let authority =
        head.uri.authority().map_or(target.host.as_str(), |authority| authority.as_str());
    let host = HeaderValue::from_str(authority).map_err(failed)?;
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = path.parse().map_err(failed)?;
    head.headers.insert(HOST, host);
    head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(hyper::Request::from_parts(head, Full::new(body.into())))
}

fn failed(error: impl std::error::Error) -> OutboundError {
    OutboundError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_who_is_on_this_machine_names_others_on_it() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/metrics", listener.local_addr().unwrap());
        drop(listener);
        let ask = async |issuer: &str| {
            let request = openidconnect::http::Request::get(&url).body(Vec::new()).unwrap();
            Outbound::default().on_behalf_of(issuer).send(request).await.unwrap_err()
        };
        for elsewhere in ["https://accounts.google.com", "https://127.0.0.1", ""] {
            let error = ask(elsewhere).await;
            assert!(matches!(error, OutboundError::Plain(_)), "{elsewhere}: {error}");
        }
        let error = ask("http://localhost:1").await;
        assert!(
            matches!(error, OutboundError::Failed(_)),
            "it is asked, and nobody is there: {error}"
        );
    }

    #[test]
    fn only_https_is_asked_unless_it_is_this_machine() {
        for good in [
            "https://accounts.google.com",
            "http://127.0.0.1:1",
            "http://[::1]:1/a",
            "http://localhost",
        ] {
            assert!(is_safe_url(good), "{good}");
        }
        for bad in [
            "http://accounts.google.com",
            "http://127.0.0.1.evil.example/",
            "http://localhost.evil.example/",
            "https://accounts.google.com@evil.example/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "/relative",
            "",
        ] {
            assert!(!is_safe_url(bad), "{bad}");
        }
    }
}
