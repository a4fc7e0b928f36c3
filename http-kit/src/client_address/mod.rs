//! Who a request comes from, as far as that can be believed: the other end of the connection, or who stands
//! behind the proxies that the configuration names. Knows nothing of what addresses are counted for.

mod forwarded;
mod trusted;

pub use trusted::{ForwardedHeader, TrustedProxies};

use std::{
    convert::Infallible,
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use axum::extract::FromRequestParts;
use http::{Extensions, HeaderMap, request::Parts};

use crate::Peer;

/// The bits of an IPv6 address that one subscriber has: whoever has one address of a /64 has all of them.
const SUBSCRIBER_BITS: u32 = 64;

/// The address of the client. An extractor, and an extension of each request behind [`crate::edge`].
///
/// An IPv4 address that is written as an IPv6 one is the IPv4 address. Where nobody says where the connection
/// comes from (a test without one), it is the unspecified address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The client of a request with these headers, which came from `peer`.
    ///
    /// Who forwarded it is believed as far as it is trusted: from the connection backwards, each trusted proxy
    /// says who came to it, and the first who is not trusted is the client. What cannot be read ends the walk:
    /// then it is the last who is known.
    #[must_use]
    pub fn of(peer: Option<Peer>, headers: &HeaderMap, trusted: &TrustedProxies) -> Self {
        let Some(Peer(peer)) = peer else { return Self(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) };
        let mut client = peer.ip().to_canonical();
        if trusted.contains(client) {
            for said in forwarded::backwards(headers, trusted.header()) {
                let Some(before) = said else { break };
                client = before;
                if !trusted.contains(client) {
                    break;
                }
            }
        }
        Self(client)
    }

    /// The same, of a request with these extensions.
    pub(crate) fn among(
        extensions: &Extensions,
        headers: &HeaderMap,
        trusted: &TrustedProxies,
    ) -> Self {
        Self::of(extensions.get().copied(), headers, trusted)
    }

    /// The address itself.
    #[must_use]
    pub fn ip(self) -> IpAddr {
        self.0
    }

    /// Whom rates are counted for: an IPv4 address by itself, an IPv6 address with all of its /64.
    #[must_use]
    pub fn subscriber(self) -> IpAddr {
        match self.0 {
            IpAddr::V6(address) => {
                let network = u128::MAX << (128 - SUBSCRIBER_BITS);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & network))
            }
            v4 => v4,
        }
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let known = parts.extensions.get().copied();
        Ok(known.unwrap_or_else(|| {
            Self::among(&parts.extensions, &parts.headers, &TrustedProxies::none())
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use http::{HeaderName, HeaderValue};

    use super::*;

    fn client(header: ForwardedHeader, peer: &str, lines: &[(&'static str, &str)]) -> String {
        let networks = ["10.0.0.0/8", "2001:db8:1::/48"].map(|network| network.parse().unwrap());
        let trusted = TrustedProxies::new(networks, header);
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let value = HeaderValue::from_str(value).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        let peer = Peer(SocketAddr::new(peer.parse().unwrap(), 4711));
        ClientAddress::of(Some(peer), &headers, &trusted).to_string()
    }

    fn x_forwarded_for(peer: &str, lines: &[&str]) -> String {
        let lines: Vec<_> = lines.iter().map(|value| ("x-forwarded-for", *value)).collect();
        client(ForwardedHeader::XForwardedFor, peer, &lines)
    }

    fn forwarded(peer: &str, lines: &[&str]) -> String {
        let lines: Vec<_> = lines.iter().map(|value| ("forwarded", *value)).collect();
        client(ForwardedHeader::Forwarded, peer, &lines)
    }

    #[test]
    fn who_is_no_trusted_proxy_is_the_client_whatever_it_says() {
        assert_eq!(x_forwarded_for("192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(forwarded("192.0.2.1", &["for=203.0.113.9"]), "192.0.2.1");
        assert_eq!(x_forwarded_for("10.1.2.3", &[]), "10.1.2.3");
    }

    #[test]
    fn a_trusted_proxy_says_who_came_to_it_and_what_stands_left_of_that_is_hearsay() {
        assert_eq!(x_forwarded_for("10.1.2.3", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(x_forwarded_for("10.1.2.3", &["1.1.1.1, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(x_forwarded_for("10.1.2.3", &["1.1.1.1", "203.0.113.9"]), "203.0.113.9");
        assert_eq!(
            x_forwarded_for("10.1.2.3", &["1.1.1.1", "203.0.113.9, 10.9.9.9"]),
            "203.0.113.9"
        );
        assert_eq!(
            forwarded("10.1.2.3", &["for=1.1.1.1, for=203.0.113.9;proto=https"]),
            "203.0.113.9"
        );
        // All that it passed are ours: the first of them is where it began.
        assert_eq!(x_forwarded_for("10.1.2.3", &["10.0.0.1, 10.0.0.2"]), "10.0.0.1");
    }

    #[test]
    fn the_other_header_says_nothing() {
        let both = [("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(client(ForwardedHeader::XForwardedFor, "10.1.2.3", &both), "203.0.113.9");
        assert_eq!(client(ForwardedHeader::Forwarded, "10.1.2.3", &both), "1.1.1.1");
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk() {
        for odd in ["unknown", "_hidden", "203.0.113", "203.0.113.9 x", "", "localhost", "0x7f.1"] {
            let line = format!("1.1.1.1, {odd}");
            assert_eq!(x_forwarded_for("10.1.2.3", &[&line]), "10.1.2.3", "{odd}");
            let line = format!("1.1.1.1, {odd}, 10.7.7.7");
            assert_eq!(x_forwarded_for("10.1.2.3", &[&line]), "10.7.7.7", "{odd}");
        }
        for odd in ["for=unknown", "for=_a", "by=10.0.0.1", "for", "for=1.1.1.1;for=2.2.2.2", ""] {
            let line = format!("for=1.1.1.1, {odd}");
            assert_eq!(forwarded("10.1.2.3", &[&line]), "10.1.2.3", "{odd}");
        }
    }

    #[test]
    fn ipv6_is_counted_by_its_network_and_ipv4_by_its_address() {
        let of = |address: &str| ClientAddress(address.parse().unwrap()).subscriber().to_string();
        assert_eq!(of("2001:db8:a:b:c:d:e:f"), "2001:db8:a:b::");
        assert_eq!(of("2001:db8:a:b::1"), "2001:db8:a:b::");
        assert_ne!(of("2001:db8:a:c::1"), "2001:db8:a:b::");
        assert_eq!(of("203.0.113.9"), "203.0.113.9");
        // Else all of IPv4 would be one network.
        assert_eq!(x_forwarded_for("::ffff:10.1.2.3", &["::ffff:203.0.113.9"]), "203.0.113.9");
    }

    #[test]
    fn without_a_connection_the_client_is_nobody() {
        let trusted = TrustedProxies::none();
        let client = ClientAddress::of(None, &HeaderMap::new(), &trusted);
        assert!(client.ip().is_unspecified());
    }
}
