//! Lists over HTTP: from a request to a page with links, totals and headers, whatever is listed.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_kit::{Count, ETag, Problem, ProblemType, respond_conditional, vary};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::{
    cursor::{Cursor, Scope, Side},
    links::ListLinks,
    page::{self, MAX_LIMIT, Page, Paging, Place, Start, Window},
    parameter::Arguments,
    read::Read,
    sort::{Order, SortKey},
    state::Shared,
    store::{StoreError, sqlite::Snapshot},
};

/// An estimated total is counted to here and no further.
const MAX_ESTIMATE: u32 = 10_000;

/// Says that a limit was lowered, and to what.
const LIMIT_APPLIED: HeaderName = HeaderName::from_static("cinelog-limit-applied");

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Something that can be listed: films, facets, ratings.
pub(crate) trait Collection: Sync {
    /// What it is sorted by.
    type Sort: SortKey;
    /// An item as it is shown.
    type Item: Serialize + Send;

    /// Where the list is, encoded.
    fn path(&self) -> String;

    /// The order that the request asked for.
    fn order(&self) -> &Order<Self::Sort>;

    /// The problem to answer with, where what the list belongs to does not exist.
    fn missing(
        &self,
        snapshot: &mut Snapshot,
    ) -> impl Future<Output = Result<Option<Problem>, StoreError>> + Send;

    /// The items that are seen through a window.
    fn page(
        &self,
        snapshot: &mut Snapshot,
        window: &Window,
    ) -> impl Future<Output = Result<Page<Self::Item>, StoreError>> + Send;

    /// How many items the list has, counted to `most` and no further.
    fn count(
        &self,
        snapshot: &mut Snapshot,
        most: Option<u32>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
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
    /// The limit that was applied, where a larger one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 100, maximum = 100)]
    limit_applied: Option<u32>,
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
    let mut snapshot = state.snapshot(&read.headers, &read.preferences).await?;
    if let Some(problem) = collection.missing(&mut snapshot).await? {
        return Err(problem);
    }
    let scope = scope(collection, &snapshot, read);
    let at = match &paging.start {
        Start::Offset(items) | Start::Range(items) => Place::Offset(*items),
        Start::Cursor(text) => state.cursors.open(scope, text)?.into(),
    };
    let window = Window { limit: paging.limit, at };
    let page = collection.page(&mut snapshot, &window).await?;
    if let Start::Range(_) = paging.start
        && page.items.is_empty()
    {
        return Err(past_the_end(collection.count(&mut snapshot, None).await?));
    }
    let total = count(collection, &mut snapshot, read.preferences.count).await?;
    let seal =
        |side, keys: Option<_>| keys.map(|keys| state.cursors.seal(scope, &Cursor { side, keys }));
    let (prev, next) = (seal(Side::Before, page.before), seal(Side::After, page.after));
    let links = ListLinks::new(&collection.path(), &read.pairs, prev.as_deref(), next.as_deref());

    let mut headers = read.public_headers(state, snapshot.checkpoint, read.preferences.count);
    say_about_list(&mut headers, &links, &paging);
    let status = say_about_range(&mut headers, &paging, page.items.len(), total);
    let body = List {
        items: page.items,
        links,
        total: total.map(|total| total.count),
        total_is_estimate: total.filter(|total| !total.is_exact).map(|_| true),
        limit_applied: paging.is_lowered.then_some(MAX_LIMIT),
    };
    let body = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let tag = tag_of(&body, snapshot.checkpoint.generation);
    Ok(respond_conditional(&read.headers, &tag, None, headers, || json(status, body)))
}

/// A JSON body.
pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The tag of a body that a hash stands for.
pub(crate) fn tag_of(body: &[u8], generation: u64) -> ETag {
    ETag::strong(format!("{}.g{generation}", short_hash(body)))
}

/// The first 16 hexadecimal digits of a body's SHA-256.
pub(crate) fn short_hash(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    hash[..8].iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

impl From<Cursor> for Place {
    fn from(cursor: Cursor) -> Self {
        match cursor.side {
            Side::After => Self::After(cursor.keys),
            Side::Before => Self::Before(cursor.keys),
        }
    }
}

/// What cursors of this list are bound to: where it is, how it is filtered, its order. Not which
/// part of it is shown, nor how much of each item.
fn scope<C: Collection>(collection: &C, snapshot: &Snapshot, read: &Read) -> Scope {
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
    Scope::new(snapshot.checkpoint.generation, parts)
}

async fn count<C: Collection>(
    collection: &C,
    snapshot: &mut Snapshot,
    wish: Option<Count>,
) -> Result<Option<Total>, StoreError> {
    Ok(match wish {
        None => None,
        Some(Count::Exact) => {
            Some(Total { count: collection.count(snapshot, None).await?, is_exact: true })
        }
        Some(Count::Estimated) => {
            let count = collection.count(snapshot, Some(MAX_ESTIMATE)).await?;
            Some(Total { count, is_exact: count < u64::from(MAX_ESTIMATE) })
        }
    })
}

/// Adds what the headers of a list say besides those of every answer.
fn say_about_list(headers: &mut HeaderMap, links: &ListLinks, paging: &Paging) {
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("items"));
    // `Prefer: count` changes the body.
    vary(headers, [PREFER]);
    if let Some(link) = links.header() {
        headers.insert(header::LINK, link);
    }
    if paging.is_lowered {
        headers.insert(LIMIT_APPLIED, HeaderValue::from(MAX_LIMIT));
    }
}

/// Adds `Content-Range` where a range was asked for (RFC 9110 section 14.4), and gives the status.
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
mod tests {
    use std::collections::BTreeSet;

    use proptest::{collection::vec, prelude::*, sample::select};
    use read_model::MovieDocument;

    use super::*;
    use crate::testing::{Answer, ReadModel, film};

    /// Films in a few years, with few ratings and few titles, so that keys are often equal.
    fn any_films() -> impl Strategy<Value = Vec<MovieDocument>> {
        let title = select(vec!["Ran", "Ikiru", "Élégie", "elegie", "七人の侍"]);
        let rating = prop_oneof![Just((0, 0)), (1..4_u64, 1..10_u64)];
        let any = (title, prop::option::of(1950..1953_i16), rating);
        vec(any, 0..14).prop_map(|films| {
            let with_number = films.into_iter().enumerate();
            with_number
                .map(|(number, (title, year, (count, value)))| {
                    let mut film = film(&format!("film {number}"));
                    film.details.title = title.to_owned();
                    film.details.year = year;
                    film.rating.count = count;
                    film.rating.sum = count * value;
                    film
                })
                .collect()
        })
    }

    fn any_order() -> impl Strategy<Value = String> {
        let keys = ["title", "year", "rating", "rating_count", "created_at"];
        let key = (select(keys.to_vec()), any::<bool>())
            .prop_map(|(key, down)| if down { format!("-{key}") } else { key.to_owned() });
        vec(key, 1..4).prop_map(|keys| keys.join(","))
    }

    /// All ids on the way along one kind of link, and the last page.
    async fn walk(model: &ReadModel, from: &str, rel: &str) -> (Vec<String>, Answer) {
        let mut page = model.get(from).await;
        let mut pages = vec![ids(&page)];
        while let Some(next) = page.link(rel) {
            page = model.get(&next).await;
            assert_eq!(page.status, StatusCode::OK);
            pages.push(ids(&page));
            assert!(pages.len() < 100, "the links never end");
        }
        if rel == "prev" {
            pages.reverse();
        }
        (pages.concat(), page)
    }

    fn ids(page: &Answer) -> Vec<String> {
        page.each("id").iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(future)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn following_links_visits_what_one_page_shows_there_and_back(
            films in any_films(),
            order in any_order(),
            limit in 1..6_usize,
        ) {
            block_on(async {
                let model = ReadModel::with(&films).await;
                let whole = ids(&model.get(&format!("/v1/movies?sort={order}&limit=100")).await);
                prop_assert_eq!(whole.len(), films.len());
                let first = format!("/v1/movies?sort={order}&limit={limit}");
                let (there, last) = walk(&model, &first, "next").await;
                prop_assert_eq!(&there, &whole);
                if let Some(back) = last.link("prev") {
                    let (back, _) = walk(&model, &back, "prev").await;
                    let rest = whole.len() - ids(&last).len();
                    prop_assert_eq!(&back, &whole[..rest]);
                }
                Ok(())
            })?;
        }

        #[test]
        fn films_that_come_and_change_in_between_make_no_other_film_be_skipped_or_repeated(
            films in any_films(),
            others in any_films(),
            order in any_order(),
        ) {
            block_on(async {
                let model = ReadModel::with(&films).await;
                // The first two films change after the first page, and more films come.
                let changed: BTreeSet<String> =
                    films.iter().take(2).map(|film| film.id.to_string()).collect();
                let mut page = model.get(&format!("/v1/movies?sort={order}&limit=3")).await;
                let mut seen = ids(&page);
                for (number, other) in others.iter().enumerate() {
                    let mut other = other.clone();
                    other.id = film(&format!("other {number}")).id;
                    model.put_film(&other).await;
                }
                for film in films.iter().take(2) {
                    let mut film = film.clone();
                    film.details.title = "Zatoichi".to_owned();
                    film.details.year = Some(1951);
                    model.put_film(&film).await;
                }
                while let Some(next) = page.link("next") {
                    page = model.get(&next).await;
                    seen.extend(ids(&page));
                }
                for film in films.iter().skip(2).map(|film| film.id.to_string()) {
                    let times = seen.iter().filter(|id| **id == film).count();
                    prop_assert_eq!(times, 1, "{} of {:?}", film, changed);
                }
                Ok(())
            })?;
        }
    }

    async fn many(count: usize) -> ReadModel {
        let films: Vec<_> = (0..count).map(|number| film(&format!("Film {number:03}"))).collect();
        ReadModel::with(&films).await
    }

    #[tokio::test]
    async fn the_first_page_has_no_prev_and_the_last_no_next() {
        let model = many(3).await;
        let first = model.get("/v1/movies?limit=2").await;
        assert_eq!(first.link("prev"), None);
        assert_eq!(first.link("self").unwrap(), "/v1/movies?limit=2");
        let last = model.get(&first.link("next").unwrap()).await;
        assert_eq!(last.titles(), ["Film 002"]);
        assert_eq!(last.link("next"), None);
        assert!(last.header("link").contains("rel=\"prev\""));
        assert!(!last.header("link").contains("rel=\"next\""));
    }

    #[tokio::test]
    async fn pages_can_be_asked_for_by_number() {
        let model = many(5).await;
        let second = model.get("/v1/movies?page=2&per_page=2").await;
        assert_eq!(second.titles(), ["Film 002", "Film 003"]);
        let third = model.get(&second.link("next").unwrap()).await;
        assert_eq!(third.titles(), ["Film 004"]);
        let first = model.get(&second.link("prev").unwrap()).await;
        assert_eq!(first.titles(), ["Film 000", "Film 001"]);
        assert_eq!(model.get("/v1/movies?page=9").await.titles(), [""; 0]);
    }

    #[tokio::test]
    async fn a_limit_that_is_too_large_is_lowered_and_said_so() {
        let model = many(101).await;
        let page = model.get("/v1/movies?limit=1000").await;
        assert_eq!(page.titles().len(), 100);
        assert_eq!(page.json["limit_applied"], 100);
        assert_eq!(page.header("cinelog-limit-applied"), "100");
        let page = model.get("/v1/movies?limit=100").await;
        assert_eq!(page.json.get("limit_applied"), None);
    }

    #[tokio::test]
    async fn a_total_is_given_to_those_who_ask() {
        let model = many(3).await;
        assert_eq!(model.get("/v1/movies").await.json.get("total"), None);
        let exact = [("prefer", "count=exact")];
        let page = model.ask("GET", "/v1/movies?limit=1&q=film", &exact).await;
        assert_eq!(page.json["total"], 3);
        assert_eq!(page.json.get("total_is_estimate"), None);
        assert_eq!(page.header("preference-applied"), "count=exact");
        let estimated = [("prefer", "count=estimated")];
        let page = model.ask("GET", "/v1/movies?limit=1", &estimated).await;
        assert_eq!(page.json["total"], 3);
        assert_eq!(page.header("vary"), "Cinelog-Min-Position, Prefer");
    }

    #[tokio::test]
    async fn a_range_of_items_is_a_partial_answer() {
        let model = many(5).await;
        let page = model.ask("GET", "/v1/movies", &[("range", "items=1-2")]).await;
        assert_eq!(page.status, StatusCode::PARTIAL_CONTENT);
        assert_eq!(page.titles(), ["Film 001", "Film 002"]);
        assert_eq!(page.header("content-range"), "items 1-2/*");
        let counted = [("range", "items=3-90"), ("prefer", "count=exact")];
        let page = model.ask("GET", "/v1/movies", &counted).await;
        assert_eq!(page.header("content-range"), "items 3-4/5");
    }

    #[tokio::test]
    async fn a_range_past_the_end_cannot_be_satisfied() {
        let model = many(5).await;
        let page = model.ask("GET", "/v1/movies", &[("range", "items=5-9")]).await;
        assert_eq!(page.status, StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(page.problem.unwrap().problem_type(), ProblemType::RangeNotSatisfiable);
    }

    #[tokio::test]
    async fn a_range_counts_only_for_get() {
        let model = many(5).await;
        let page = model.ask("HEAD", "/v1/movies", &[("range", "items=1-2")]).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.json, serde_json::Value::Null);
    }

    #[tokio::test]
    async fn a_cursor_is_good_for_its_own_list_only() {
        let model = many(3).await;
        let next = model.get("/v1/movies?limit=1&year[lt]=3000&sort=title").await;
        assert_eq!(next.link("next"), None, "nothing is known of these films' years");
        let next = model.get("/v1/movies?limit=1&sort=title").await.link("next").unwrap();
        for (what, other) in [
            ("another limit", next.replace("limit=1", "limit=2")),
            ("other fields", format!("{next}&fields=title")),
            ("the order spelled out", next.replace("&sort=title", "")),
        ] {
            assert_eq!(model.get(&other).await.status, StatusCode::OK, "{what}");
        }
        for (what, other) in [
            ("another order", next.replace("sort=title", "sort=-title")),
            ("another filter", format!("{next}&genre=drama")),
            (
                "another list",
                next.replace("/v1/movies", "/v1/genres").replace("sort=title", "sort=slug"),
            ),
            ("a changed cursor", format!("{next}A")),
        ] {
            let answer = model.get(&other).await;
            let problem = answer.problem.map(|problem| problem.problem_type());
            assert_eq!(problem, Some(ProblemType::InvalidCursor), "{what}");
        }
    }

    #[tokio::test]
    async fn the_longest_titles_fit_into_a_cursor() {
        let films: Vec<_> = (0..3)
            .map(|number| {
                let mut film = film(&format!("Film {number}"));
                film.details.title = "\u{fdfa}".repeat(300);
                film
            })
            .collect();
        let model = ReadModel::with(&films).await;
        let (seen, _) = walk(&model, "/v1/movies?limit=1", "next").await;
        assert_eq!(seen.len(), 3);
    }

    #[tokio::test]
    async fn a_cursor_does_not_outlive_a_rebuild() {
        let model = many(3).await;
        let next = model.get("/v1/movies?limit=1").await.link("next").unwrap();
        model.rebuild().await;
        let problem = model.get(&next).await.problem.unwrap();
        assert_eq!(problem.problem_type(), ProblemType::InvalidCursor);
    }

    #[tokio::test]
    async fn a_list_that_is_known_already_is_not_sent_again() {
        let model = many(3).await;
        let first = model.get("/v1/movies").await;
        assert!(first.header("etag").ends_with(".g1\""));
        let known = [("if-none-match", first.header("etag"))];
        let second = model.ask("GET", "/v1/movies", &known).await;
        assert_eq!(second.status, StatusCode::NOT_MODIFIED);
        for name in ["etag", "cache-control", "vary"] {
            assert_eq!(second.header(name), first.header(name), "{name}");
        }
        model.put_film(&film("Ran")).await;
        assert_eq!(model.ask("GET", "/v1/movies", &known).await.status, StatusCode::OK);
    }

    #[tokio::test]
    async fn lists_may_be_kept_and_say_what_they_reflect() {
        let model = many(1).await;
        model.reach(42).await;
        let page = model.get("/v1/movies").await;
        assert_eq!(page.header("cache-control"), "public, max-age=5, stale-while-revalidate=30");
        assert_eq!(page.header("cinelog-position"), "42");
        assert_eq!(page.header("accept-ranges"), "items");
        assert_eq!(page.header("content-type"), "application/json");
    }
}
