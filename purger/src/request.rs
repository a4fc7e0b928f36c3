//! `PURGE` over HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::Empty;
use http_kit::{CacheGroup, SURROGATE_KEY};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinSet, time::timeout};

use crate::{GatewayAddress, pending::Groups};

/// How many groups one request names. 200 names of 32 characters, with spaces between them, fit into a header
/// of 8 KiB: Varnish reads no longer one.
const GROUPS_PER_REQUEST_MAX: usize = 200;

/// Stands for everything.
const ALL: &str = "*";

/// Why a purge failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PurgeError {
    /// The gateway cannot be reached. Trying again later may help.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// The gateway fails. Trying again later may help.
    #[error("it answers {0}")]
    Failing(StatusCode),
    /// The gateway refuses, until somebody changes its configuration or ours.
    #[error("it refuses with {0}: is its token gateway.purge_token, and may this node purge?")]
    Refused(StatusCode),
}

/// How one gateway is asked.
#[derive(Debug, Clone)]
pub(crate) struct Asking {
    pub(crate) address: GatewayAddress,
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) timeout: Duration,
}

impl Asking {
    /// Purges all of these groups. If it fails, some of them may have been purged.
    pub(crate) async fn purge(&self, groups: &Groups) -> Result<(), PurgeError> {
        match groups {
            Groups::Nothing => Ok(()),
            Groups::All => self.purge_named(ALL).await,
            Groups::These(groups) => {
                let groups: Vec<&CacheGroup> = groups.iter().collect();
                for some in groups.chunks(GROUPS_PER_REQUEST_MAX) {
                    let names: Vec<String> = some.iter().map(ToString::to_string).collect();
                    self.purge_named(&names.join(" ")).await?;
                }
                Ok(())
            }
        }
    }

    async fn purge_named(&self, names: &str) -> Result<(), PurgeError> {
        let late = |_| PurgeError::Unreachable("it did not answer in time".to_owned());
        let status = timeout(self.timeout, self.ask(names)).await.map_err(late)??;
        match status {
            status if status.is_success() => Ok(()),
            status if status.is_client_error() => Err(PurgeError::Refused(status)),
            status => Err(PurgeError::Failing(status)),
        }
    }

    async fn ask(&self, names: &str) -> Result<StatusCode, PurgeError> {
        let failed = |error: &dyn std::error::Error| PurgeError::Unreachable(error.to_string());
        let stream = TcpStream::connect(self.address.endpoint()).await.map_err(|e| failed(&e))?;
        let connected = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = connected.map_err(|e| failed(&e))?;
        // The task ends with this function, also when the deadline cuts it short.
        let mut connections = JoinSet::new();
        connections.spawn(connection);
        let request = self.request(names).map_err(|e| failed(&e))?;
        let response = sender.send_request(request).await.map_err(|e| failed(&e))?;
        Ok(response.status())
    }

    fn request(&self, names: &str) -> Result<Request<Empty<Bytes>>, http::Error> {
        let method = Method::from_bytes(b"PURGE")?;
        let mut request = Request::builder()
            .method(method)
            .uri(self.address.path())
            .header(header::HOST, self.address.authority())
            .header(header::CONNECTION, "close")
            .header(SURROGATE_KEY, names);
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        request.body(Empty::new())
    }
}
