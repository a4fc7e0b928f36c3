//! Lists over HTTP: from a request to a page with links, totals and headers, whatever is listed.

use std::sync::Arc;

use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_kit::{Count, ETag, Problem, ProblemType, respond_conditional, vary};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::{
    arguments::Arguments,
    cache::{About, cacheable},
    cursor::{Cursor, Scope, Side},
    links::ListLinks,
    page::{self, MAX_LIMIT, Matching, Paging, Place, Start, Window},
    read::Read,
    sort::{Order, SortKey},
    state::Shared,
    store::{Counting, Listed, Part, Seen, Store, StoreError},
};

/// An estimated total is counted to here and no further.
const MAX_ESTIMATE: u32 = 10_000;

/// Says that a page was limited to fewer items than were asked for, and to how many.
const LIMIT_APPLIED: HeaderName = HeaderName::from_static("cinelog-limit-applied");

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// A kind of list: of films, facets or ratings.
pub(crate) trait Collection: Sync {
    /// What it is sorted by.
    type Sort: SortKey;
    /// An item as it is shown.
    type Item: Serialize + Send;

    /// Where the list is, encoded.
    fn path(&self) -> String;

    /// The order that the request asked for.
    fn order(&self) -> &Order<Self::Sort>;

    /// Everything that the items, their order and their number depend on.
    fn about(&self) -> Vec<About>;

    /// A part of the list; `None`: the thing that it belongs to does not exist.
    fn read(
        &self,
        store: &dyn Store,
        part: &Part,
    ) -> impl Future<Output = Result<Seen<Option<Listed<Self::Item>>>, StoreError>> + Send;

    /// The answer if the thing that the list belongs to does not exist.
    fn missing(&self) -> Problem;
}

/// A list, or a page of one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The items, in the order that was asked for.
    #[schema(max_items = 100)]
    items: Vec<T>,
    /// The pages around this one.
    links: ListLinks,
    /// How long the whole list is. Only with `Prefer: count=exact` or `count=estimated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    total: Option<u64>,
    /// Whether the list may be longer than `total` says: an estimate goes no further than 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total_is_estimate: Option<bool>,
    /// How many items the page was limited to: 100, where more were asked for, or fewer, where the
    /// items are long.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 100)]
    limit_applied: Option<usize>,
    /// Whether no film has the words of `q`, and these have similar ones: `kurosowa` finds Kurosawa.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    matches_are_similar: Option<bool>,
}

/// How long a list is.
#[derive(Clone, Copy)]
struct Total {
    count: u64,
    /// Whether it was counted to the end.
    is_exact: bool,
}

/// Answers a request for a list.
pub(crate) async fn respond<C: Collection>(
    state: &Shared,
    read: &Read,
    arguments: &Arguments,
    collection: &C,
) -> Result<Response, Problem> {
    let paging = Paging::asked(arguments, &read.method, &read.headers)?;
    let is_range = matches!(paging.start, Start::Range(_));
    let ask = async |store: Arc<dyn Store>| -> Result<_, Problem> {
        let scope = scope(collection, store.generation(), read);
        let (at, matching) = match &paging.start {
            Start::Offset(items) | Start::Range(items) => (Place::Offset(*items), Matching::Any),
            Start::Cursor(text) => state.cursors.open(scope, text)?.into(),
        };
        let part = Part {
            window: Window { limit: paging.limit, at, matching },
            count: read.preferences.count.map(counting),
            count_if_empty: is_range,
        };
        let (checkpoint, listed) = collection.read(&*store, &part).await?;
        Ok((checkpoint, (scope, listed)))
    };
    let (checkpoint, (scope, listed)) = state.fresh(read, ask).await?;
    let Listed { page, total, is_similar } = listed.ok_or_else(|| collection.missing())?;
    if is_range && page.items.is_empty() {
        return Err(past_the_end(total.unwrap_or_default()));
    }
    let total = total.map(|count| Total::of(count, read.preferences.count));
    let seal = |side, keys: Option<_>| {
        keys.map(|keys| state.cursors.seal(scope, &Cursor { side, is_similar, keys }))
    };
    let (prev, next) = (seal(Side::Before, page.before), seal(Side::After, page.after));
    let links = ListLinks::new(&collection.path(), &read.pairs, prev.as_deref(), next.as_deref());
    let limit_applied = if page.is_cut {
        Some(page.items.len())
    } else {
        paging.is_lowered.then_some(MAX_LIMIT as usize)
    };

    let about = collection.about();
    let mut headers = read.public_headers(state, checkpoint, &about, read.preferences.count);
    say_about_list(&mut headers, &links, limit_applied);
    let status = say_about_range(&mut headers, &paging, page.items.len(), total);
    let body = List {
        items: page.items,
        links,
        total: total.map(|total| total.count),
        total_is_estimate: total.filter(|total| !total.is_exact).map(|_| true),
        limit_applied,
        matches_are_similar: is_similar.then_some(true),
    };
    let body = serde_json::to_vec(&body).map_err(Problem::internal)?;
    if status == StatusCode::PARTIAL_CONTENT {
        // A 206 carries the tag of the whole (RFC 9110 section 15.3.7), which nobody has computed.
        return Ok((headers, json(status, body)).into_response());
    }
    let tag = tag_of(&body, checkpoint.generation);
    let mark = cacheable(checkpoint, about);
    let answer = || (Extension(mark), json(status, body)).into_response();
    Ok(respond_conditional(&read.headers, &tag, None, headers, answer))
}

/// A JSON body.
pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The ETag of a body: a hash of it, and the generation.
pub(crate) fn tag_of(body: &[u8], generation: u64) -> ETag {
    ETag::strong(format!("{}.g{generation}", short_hash(body)))
}

/// The first 16 hexadecimal digits of a body's SHA-256.
pub(crate) fn short_hash(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    hash[..8].iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

impl From<Cursor> for (Place, Matching) {
    fn from(cursor: Cursor) -> Self {
        let matching = if cursor.is_similar { Matching::Similar } else { Matching::Exact };
        match cursor.side {
            Side::After => (Place::After(cursor.keys), matching),
            Side::Before => (Place::Before(cursor.keys), matching),
        }
    }
}

/// What cursors of this list are bound to: its path, its filters and its order; not which part of it is shown, nor
/// which fields.
fn scope<C: Collection>(collection: &C, generation: u64, read: &Read) -> Scope {
    let path = collection.path();
    let order = collection.order().name();
    let mut filters: Vec<(&str, &str)> = read
        .pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| !page::PARAMETERS.contains(name) && !["fields", "sort"].contains(name))
        .collect();
    filters.sort_unstable();
    let filters = filters.into_iter().flat_map(|(name, value)| [name, value]);
    let parts = [path.as_str(), order.as_str()].into_iter().chain(filters);
    Scope::new(generation, parts)
}

/// How far a list is counted for `Prefer: count`.
fn counting(wish: Count) -> Counting {
    match wish {
        Count::Exact => Counting::All,
        Count::Estimated => Counting::UpTo(MAX_ESTIMATE),
    }
}

impl Total {
    /// A count that was made for `Prefer: count`.
    fn of(count: u64, wish: Option<Count>) -> Self {
        let is_estimate = wish == Some(Count::Estimated) && count >= u64::from(MAX_ESTIMATE);
        Self { count, is_exact: !is_estimate }
    }
}

/// Adds the headers that only lists have.
fn say_about_list(headers: &mut HeaderMap, links: &ListLinks, limit_applied: Option<usize>) {
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("items"));
    // `Prefer: count` changes the body.
    vary(headers, [PREFER]);
    if let Some(link) = links.header() {
        headers.insert(header::LINK, link);
    }
    if let Some(limit) = limit_applied {
        headers.insert(LIMIT_APPLIED, HeaderValue::from(limit));
    }
}

/// Adds `Content-Range` if a range was asked for (RFC 9110 section 14.4), and gives the status.
fn say_about_range(
    headers: &mut HeaderMap,
    paging: &Paging,
    items: usize,
    total: Option<Total>,
) -> StatusCode {
    let Start::Range(first) = paging.start else { return StatusCode::OK };
    let last = u64::from(first) + items as u64 - 1;
    let total = total.filter(|total| total.is_exact).map(|total| total.count.to_string());
    let range = format!("items {first}-{last}/{}", total.as_deref().unwrap_or("*"));
    if let Ok(range) = HeaderValue::try_from(range) {
        headers.insert(header::CONTENT_RANGE, range);
    }
    StatusCode::PARTIAL_CONTENT
}

fn past_the_end(length: u64) -> Problem {
    let problem = Problem::new(ProblemType::RangeNotSatisfiable)
        .detail(format!("The list has {length} items."));
    match HeaderValue::try_from(format!("items */{length}")) {
        Ok(range) => problem.header(header::CONTENT_RANGE, range),
        Err(_) => problem,
    }
}

#[cfg(test)]
mod tests;
