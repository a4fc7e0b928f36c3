//! How Redis is reached, and how long it is waited for.

use std::time::Duration;

use redis::{Client, ConnectionAddr, IntoConnectionInfo, TlsCertificates};

use crate::RedisUrlError;

/// How Redis is reached, and how long it is waited for.
#[derive(Clone)]
pub struct RedisLinkOptions {
    /// `redis://USER:PASSWORD@HOST:PORT/DATABASE`, or `rediss://…` with TLS.
    pub url: String,
    /// The root certificates that the server is checked against, in PEM; `None`: those of the system. For `rediss://`
    /// only.
    pub ca_pem: Option<Vec<u8>>,
    /// How long a command may take, from the call to the answer.
    pub timeout: Duration,
    /// How long connecting may take, which is done in the background.
    pub connect_timeout: Duration,
    /// The most commands that may be under way at once, at least 1. Further ones fail at once.
    pub in_flight_max: usize,
    /// How many commands in a row must be late before Redis counts as away, at least 1.
    pub late_max: u32,
}

impl RedisLinkOptions {
    /// The defaults, for the server at `url`.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ca_pem: None,
            timeout: Duration::from_millis(5),
            connect_timeout: Duration::from_secs(2),
            in_flight_max: 1024,
            late_max: 3,
        }
    }

    /// The client, which makes connections.
    pub(crate) fn client(&self) -> Result<Client, RedisUrlError> {
        // Its messages do not repeat the URL.
        let wrong = |error: redis::RedisError| RedisUrlError(error.to_string());
        let info = self.url.as_str().into_connection_info().map_err(wrong)?;
        if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            return Client::open(info).map_err(wrong);
        }
        // There may be two cryptographic back ends in the binary, and rustls would not know which one to use. This
        // fails if one was chosen before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let certificates = TlsCertificates { client_tls: None, root_cert: self.ca_pem.clone() };
        Client::build_with_tls(info, certificates).map_err(wrong)
    }
}

impl std::fmt::Debug for RedisLinkOptions {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisLinkOptions")
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("in_flight_max", &self.in_flight_max)
            .field("late_max", &self.late_max)
            .finish_non_exhaustive()
    }
}
