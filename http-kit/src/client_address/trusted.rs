//! Which proxies are believed, and where they say who came to them.

use std::{net::IpAddr, sync::Arc};

use http::{HeaderName, header};
use ipnet::IpNet;

/// The header in which trusted proxies say who came to them. Only this one is read: a proxy that writes the one
/// passes on the other as the client sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, which nearly every proxy writes.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// The proxies that are believed. Clones share them.
#[derive(Debug, Clone)]
pub struct TrustedProxies {
    networks: Arc<[IpNet]>,
    header: ForwardedHeader,
}

impl ForwardedHeader {
    /// Its name.
    pub(super) fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Self::Forwarded => header::FORWARDED,
        }
    }
}

impl TrustedProxies {
    /// Nobody is believed.
    #[must_use]
    pub fn none() -> Self {
        Self::new([], ForwardedHeader::default())
    }

    /// Whoever is in one of these networks is believed what it says in this header.
    #[must_use]
    pub fn new(networks: impl IntoIterator<Item = IpNet>, header: ForwardedHeader) -> Self {
        Self { networks: networks.into_iter().collect(), header }
    }

    pub(super) fn header(&self) -> ForwardedHeader {
        self.header
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }
}
