//! Lists as clients see them.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, sample::select};
use read_model::MovieDocument;

use super::*;
use crate::testing::{Answer, Kind, ReadModel, film, on_every_store};

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

/// Mostly in a file: a database takes a while to make.
fn any_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![3 => Just(Kind::Sqlite), 1 => Just(Kind::Postgres)]
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
        kind in any_kind(),
    ) {
        block_on(async {
            let model = ReadModel::of(kind, &films).await;
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
        kind in any_kind(),
    ) {
        block_on(async {
            let model = ReadModel::of(kind, &films).await;
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

async fn many(kind: Kind, count: usize) -> ReadModel {
    let films: Vec<_> = (0..count).map(|number| film(&format!("Film {number:03}"))).collect();
    ReadModel::of(kind, &films).await
}

async fn the_first_page_has_no_prev_and_the_last_no_next(kind: Kind) {
    let model = many(kind, 3).await;
    let first = model.get("/v1/movies?limit=2").await;
    assert_eq!(first.link("prev"), None);
    assert_eq!(first.link("self").unwrap(), "/v1/movies?limit=2");
    let last = model.get(&first.link("next").unwrap()).await;
    assert_eq!(last.titles(), ["Film 002"]);
    assert_eq!(last.link("next"), None);
    assert!(last.header("link").contains("rel=\"prev\""));
    assert!(!last.header("link").contains("rel=\"next\""));
}

async fn pages_can_be_asked_for_by_number(kind: Kind) {
    let model = many(kind, 5).await;
    let second = model.get("/v1/movies?page=2&per_page=2").await;
    assert_eq!(second.titles(), ["Film 002", "Film 003"]);
    let third = model.get(&second.link("next").unwrap()).await;
    assert_eq!(third.titles(), ["Film 004"]);
    let first = model.get(&second.link("prev").unwrap()).await;
    assert_eq!(first.titles(), ["Film 000", "Film 001"]);
    assert_eq!(model.get("/v1/movies?page=9").await.titles(), [""; 0]);
}

async fn a_limit_that_is_too_large_is_lowered_and_said_so(kind: Kind) {
    let model = many(kind, 101).await;
    let page = model.get("/v1/movies?limit=1000").await;
    assert_eq!(page.titles().len(), 100);
    assert_eq!(page.json["limit_applied"], 100);
    assert_eq!(page.header("cinelog-limit-applied"), "100");
    let page = model.get("/v1/movies?limit=100").await;
    assert_eq!(page.json.get("limit_applied"), None);
}

/// Five films, of which a page holds no more than two.
async fn long(kind: Kind) -> ReadModel {
    let films: Vec<_> = (0..5)
        .map(|number| {
            let mut film = film(&format!("Film {number:03}"));
            film.details.synopsis = Some("x".repeat(page::MAX_BYTES * 2 / 5));
            film
        })
        .collect();
    ReadModel::of(kind, &films).await
}

async fn a_page_of_long_items_ends_early_and_says_so(kind: Kind) {
    let model = long(kind).await;
    let page = model.get("/v1/movies").await;
    assert_eq!(page.titles(), ["Film 000", "Film 001"]);
    assert_eq!(page.json["limit_applied"], 2);
    assert_eq!(page.header("cinelog-limit-applied"), "2");
    let page = model.get("/v1/movies?limit=2").await;
    assert_eq!(page.json.get("limit_applied"), None, "two were asked for");
}

async fn pages_that_end_early_pass_nothing_over_there_and_back(kind: Kind) {
    let model = long(kind).await;
    let (there, last) = walk(&model, "/v1/movies?sort=title&limit=9", "next").await;
    assert_eq!(there.len(), 5);
    assert_eq!(last.titles(), ["Film 004"]);
    assert_eq!(last.json.get("limit_applied"), None, "there are no more");
    let back = model.get(&last.link("prev").unwrap()).await;
    assert_eq!(back.titles(), ["Film 002", "Film 003"]);
    assert_eq!(back.json["limit_applied"], 2);
    let (back, _) = walk(&model, &last.link("prev").unwrap(), "prev").await;
    assert_eq!(back, there[..4]);
}

async fn a_range_of_long_items_says_which_were_sent(kind: Kind) {
    let model = long(kind).await;
    let headers = [("range", "items=1-4"), ("prefer", "count=exact")];
    let page = model.ask("GET", "/v1/movies", &headers).await;
    assert_eq!(page.titles(), ["Film 001", "Film 002"]);
    assert_eq!(page.header("content-range"), "items 1-2/5");
    assert_eq!(page.header("cinelog-limit-applied"), "2");
}

async fn an_item_that_is_longer_than_a_page_is_a_page(kind: Kind) {
    let films = ["A", "B"].map(|title| {
        let mut film = film(title);
        film.details.synopsis = Some("x".repeat(page::MAX_BYTES + 1));
        film
    });
    let model = ReadModel::of(kind, &films).await;
    let first = model.get("/v1/movies").await;
    assert_eq!(first.titles(), ["A"]);
    assert_eq!(model.get(&first.link("next").unwrap()).await.titles(), ["B"]);
}

async fn a_total_is_given_to_those_who_ask(kind: Kind) {
    let model = many(kind, 3).await;
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

async fn a_range_of_items_is_a_partial_answer(kind: Kind) {
    let model = many(kind, 5).await;
    let page = model.ask("GET", "/v1/movies", &[("range", "items=1-2")]).await;
    assert_eq!(page.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(page.titles(), ["Film 001", "Film 002"]);
    assert_eq!(page.header("content-range"), "items 1-2/*");
    assert_eq!(page.header("etag"), "", "it would be that of the whole list");
    assert_eq!(page.header("content-type"), "application/json");
    assert_eq!(page.header("cache-control"), "public, max-age=5, stale-while-revalidate=30");
    let counted = [("range", "items=3-90"), ("prefer", "count=exact")];
    let page = model.ask("GET", "/v1/movies", &counted).await;
    assert_eq!(page.header("content-range"), "items 3-4/5");
}

async fn a_range_past_the_end_cannot_be_satisfied(kind: Kind) {
    let model = many(kind, 5).await;
    let page = model.ask("GET", "/v1/movies", &[("range", "items=5-9")]).await;
    assert_eq!(page.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(page.problem.unwrap().problem_type(), ProblemType::RangeNotSatisfiable);
}

async fn a_range_counts_only_for_get(kind: Kind) {
    let model = many(kind, 5).await;
    let page = model.ask("HEAD", "/v1/movies", &[("range", "items=1-2")]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.json, serde_json::Value::Null);
}

async fn a_cursor_is_good_for_its_own_list_only(kind: Kind) {
    let model = many(kind, 3).await;
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

async fn the_longest_titles_fit_into_a_cursor(kind: Kind) {
    let films: Vec<_> = (0..3)
        .map(|number| {
            let mut film = film(&format!("Film {number}"));
            film.details.title = "\u{fdfa}".repeat(300);
            film
        })
        .collect();
    let model = ReadModel::of(kind, &films).await;
    let (seen, _) = walk(&model, "/v1/movies?limit=1", "next").await;
    assert_eq!(seen.len(), 3);
}

async fn a_cursor_does_not_outlive_a_rebuild(kind: Kind) {
    let model = many(kind, 3).await;
    let next = model.get("/v1/movies?limit=1").await.link("next").unwrap();
    model.rebuild().await;
    let problem = model.get(&next).await.problem.unwrap();
    assert_eq!(problem.problem_type(), ProblemType::InvalidCursor);
}

async fn a_list_that_is_known_already_is_not_sent_again(kind: Kind) {
    let model = many(kind, 3).await;
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

async fn lists_may_be_kept_and_say_what_they_reflect(kind: Kind) {
    let model = many(kind, 1).await;
    model.reach(42).await;
    let page = model.get("/v1/movies").await;
    assert_eq!(page.header("cache-control"), "public, max-age=5, stale-while-revalidate=30");
    assert_eq!(page.header("cinelog-position"), "42");
    assert_eq!(page.header("accept-ranges"), "items");
    assert_eq!(page.header("content-type"), "application/json");
}

on_every_store! {
    the_first_page_has_no_prev_and_the_last_no_next,
    pages_can_be_asked_for_by_number,
    a_limit_that_is_too_large_is_lowered_and_said_so,
    a_page_of_long_items_ends_early_and_says_so,
    pages_that_end_early_pass_nothing_over_there_and_back,
    a_range_of_long_items_says_which_were_sent,
    an_item_that_is_longer_than_a_page_is_a_page,
    a_total_is_given_to_those_who_ask,
    a_range_of_items_is_a_partial_answer,
    a_range_past_the_end_cannot_be_satisfied,
    a_range_counts_only_for_get,
    a_cursor_is_good_for_its_own_list_only,
    the_longest_titles_fit_into_a_cursor,
    a_cursor_does_not_outlive_a_rebuild,
    a_list_that_is_known_already_is_not_sent_again,
    lists_may_be_kept_and_say_what_they_reflect,
}
