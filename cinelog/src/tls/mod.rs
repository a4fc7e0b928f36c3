//! TLS of the public address: rustls with ring. The certificate may be changed while the server runs.

mod certificate;
mod reloading;
mod validity;

pub(crate) use self::reloading::Certificate;

use std::{sync::Arc, time::Duration};

use rustls::{ServerConfig, crypto::ring, version};
use tokio_rustls::TlsAcceptor;

use crate::error::Failure;

/// How TLS is made on connections.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    /// How long a client may take for its part of it.
    pub(crate) handshake_timeout: Duration,
}

impl Tls {
    /// With this certificate, in TLS 1.2 and 1.3, for HTTP/1.1.
    pub(crate) fn new(
        certificate: &Arc<Certificate>,
        handshake_timeout: Duration,
    ) -> Result<Self, Failure> {
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(|error| Failure::Other(format!("TLS cannot be set up: {error}")))?;
        let resolver = Arc::clone(certificate);
        let mut config = config.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), handshake_timeout })
    }

    /// What makes TLS on a connection.
    pub(crate) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }
}
