//! Content codings: what a client accepts, and compressing accordingly (RFC 9110 section 12.5.3).

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use http::{HeaderMap, HeaderValue, header};
use tower_http::compression::{
    CompressionLayer, Predicate,
    predicate::{NotForContentType, SizeAbove},
};

use crate::field_list::{elements, weighted, weights_of};

/// Smaller bodies gain nothing, in bytes.
const BODY_BYTES_MIN: u64 = 1024;

/// Lines are read as they come: a coder would keep them back until it has a block of them.
const LINES: NotForContentType = NotForContentType::const_new("application/x-ndjson");

/// A content coding that this server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    Zstd,
    Brotli,
    Gzip,
}

impl Coding {
    /// In the order in which they are chosen where the client has no preference.
    pub(crate) const ALL: [Self; 3] = [Self::Zstd, Self::Brotli, Self::Gzip];

    /// Its registered name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The coding of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|coding| coding.as_str() == name)
    }
}

/// The codings that a client accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AcceptedCodings {
    /// The one it shall get where the body is worth compressing; `None` for none.
    pub(crate) chosen: Option<Coding>,
    /// Whether it can read each of [`Coding::ALL`].
    readable: [bool; Coding::ALL.len()],
}

impl AcceptedCodings {
    /// Reads `Accept-Encoding`. Without it nothing is compressed. A client that rules out even the
    /// uncompressed body gets that all the same: it is of more use than a 406.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let listed = elements(headers, &header::ACCEPT_ENCODING).map(weighted);
        let names = ["zstd", "br", "gzip", "x-gzip", "*", "identity"];
        let [zstd, brotli, gzip, x_gzip, any, plain] = weights_of(names, listed);
        // In the order of `Coding::ALL`.
        let weights = [zstd, brotli, gzip.or(x_gzip)].map(|weight| weight.or(any).unwrap_or(0));
        let heaviest = weights.into_iter().max().filter(|&heaviest| heaviest > 0);
        let chosen = heaviest
            .filter(|&heaviest| heaviest >= plain.unwrap_or(0))
            .and_then(|heaviest| weights.iter().position(|&weight| weight == heaviest))
            .map(|at| Coding::ALL[at]);
        Self { chosen, readable: weights.map(|weight| weight > 0) }
    }

    /// Whether the client can read this coding.
    pub(crate) fn includes(&self, coding: Coding) -> bool {
        let listed = Coding::ALL.into_iter().zip(self.readable);
        listed.into_iter().any(|(known, readable)| known == coding && readable)
    }

    /// `Accept-Encoding` as the compressing layer shall see it: the choice is made already.
    pub(crate) fn header_value(&self) -> HeaderValue {
        HeaderValue::from_static(self.chosen.map_or("identity", Coding::as_str))
    }
}

/// Compresses what `router` answers, where `Accept-Encoding` asks for it and the body is worth it.
pub(crate) fn compress(router: Router) -> Router {
    let worth_it = SizeAbove::new(BODY_BYTES_MIN)
        .and(NotForContentType::SSE)
        .and(LINES)
        .and(NotForContentType::IMAGES);
    router
        .layer(from_fn(note_accept_ranges))
        .layer(CompressionLayer::new().compress_when(worth_it))
        .layer(from_fn(restore_accept_ranges))
}

/// `Accept-Ranges` of an answer on its way through the compressing layer, which takes it off: it thinks
/// of ranges of bytes, and ours are of items, which compression does not touch.
#[derive(Clone)]
struct AcceptRanges(HeaderValue);

async fn note_accept_ranges(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(units) = response.headers().get(header::ACCEPT_RANGES).cloned() {
        response.extensions_mut().insert(AcceptRanges(units));
    }
    response
}

async fn restore_accept_ranges(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(AcceptRanges(units)) = response.extensions_mut().remove() {
        response.headers_mut().insert(header::ACCEPT_RANGES, units);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(accept_encoding: &'static str) -> AcceptedCodings {
        let value = HeaderValue::from_static(accept_encoding);
        AcceptedCodings::of(&[(header::ACCEPT_ENCODING, value)].into_iter().collect())
    }

    #[test]
    fn without_a_preference_of_the_client_ours_counts() {
        assert_eq!(of("gzip, deflate, br, zstd").chosen, Some(Coding::Zstd));
        assert_eq!(of("gzip, br").chosen, Some(Coding::Brotli));
        assert_eq!(of("*").chosen, Some(Coding::Zstd));
    }

    #[test]
    fn the_client_s_preference_counts_more() {
        assert_eq!(of("gzip, br;q=0.5").chosen, Some(Coding::Gzip));
        assert_eq!(of("identity, gzip;q=0.5").chosen, None);
        assert_eq!(of("X-GZIP").chosen, Some(Coding::Gzip));
    }

    #[test]
    fn what_is_ruled_out_is_not_sent() {
        assert_eq!(of("gzip;q=0, *").chosen, Some(Coding::Zstd));
        assert!(!of("gzip;q=0, *").includes(Coding::Gzip));
        assert_eq!(of("*;q=0").chosen, None);
        assert_eq!(of("deflate, compress").chosen, None);
    }

    #[test]
    fn without_the_header_nothing_is_compressed() {
        assert_eq!(AcceptedCodings::of(&HeaderMap::new()).chosen, None);
        assert_eq!(of("").chosen, None);
    }
}
