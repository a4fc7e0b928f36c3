//! What every read takes from its request.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts};
use http_kit::{
    ClientAddress, Count, FieldError, Preferences, Problem, ProblemType, QueryPairs, belongs_to,
    vary,
};
use read_model::Checkpoint;

use crate::{
    arguments::Arguments,
    cache::About,
    freshness::{MIN_POSITION, POSITION},
    parameter::Parameter,
    state::Shared,
};

/// The parts of a request that reads look at. An extractor.
pub(crate) struct Read {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    /// The query, in the order it was given.
    pub(crate) pairs: Vec<(String, String)>,
    pub(crate) preferences: Preferences,
    /// Who asks: the address, or the network, that rates are counted by.
    pub(crate) client: IpAddr,
}

impl<S: Sync> FromRequestParts<S> for Read {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let QueryPairs(pairs) = QueryPairs::from_request_parts(parts, state).await?;
        let Ok(client) = ClientAddress::from_request_parts(parts, state).await;
        Ok(Self {
            method: parts.method.clone(),
            preferences: Preferences::parse(&parts.headers),
            headers: parts.headers.clone(),
            pairs,
            client: client.subscriber(),
        })
    }
}

impl Read {
    /// The arguments that the query gives for these parameters.
    ///
    /// # Errors
    /// `InvalidParameter`, with everything that is wrong.
    pub(crate) fn arguments(&self, declared: &'static [Parameter]) -> Result<Arguments, Problem> {
        Arguments::read(&self.pairs, declared)
    }

    /// The headers of an answer that is the same for every caller, 304 included: how long it may be kept, by which
    /// names caches forget it, what it reflects, what it depends on, and which preferences were followed.
    /// `counted` is the preference that only lists follow.
    pub(crate) fn public_headers(
        &self,
        state: &Shared,
        checkpoint: Checkpoint,
        about: &[About],
        counted: Option<Count>,
    ) -> HeaderMap {
        let mut headers = HeaderMap::new();
        belongs_to(&mut headers, &about.iter().filter_map(About::group).collect::<Vec<_>>());
        headers.insert(header::CACHE_CONTROL, state.cache_control.clone());
        headers.insert(POSITION, HeaderValue::from(checkpoint.position.0));
        // A cache must not give an older answer to a client that asks for a position.
        vary(&mut headers, [MIN_POSITION]);
        let waited = self.preferences.wait.filter(|_| self.headers.contains_key(MIN_POSITION));
        let followed = Preferences { wait: waited, count: counted, ..Preferences::default() };
        headers.extend(followed.applied());
        headers
    }
}

/// A header that has one value. `label` is its name as documented.
///
/// # Errors
/// `InvalidParameter` where it is given twice: which one would count?
pub(crate) fn single<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
    label: &str,
) -> Result<Option<&'h HeaderValue>, Problem> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        let error = FieldError::header(label, "must be given once");
        return Err(Problem::new(ProblemType::InvalidParameter).error(error));
    }
    Ok(value)
}
