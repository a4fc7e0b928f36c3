//! Lists are filtered, sorted, searched and paged; nothing is cut off in silence.

use e2e::{Answer, Server};
use reqwest::Method;
use serde_json::Value;

fn titles(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_sample_catalogue_is_found_by_anything_one_knows_of_a_film() {
    let server = Server::start_with(&["--demo"]);
    let reader = server.anyone();
    for query in [
        "q=seven%20samurai",
        "q=samur",
        "q=%E4%B8%83%E4%BA%BA",
        "q=kurosawa%20samurai",
        "director=Akira%20Kurosawa&year=1954",
        "director=akira-kurosawa&year%5Bgte%5D=1950&year%5Blt%5D=1955&sort=-year",
        "imdb=tt0047478",
        "country=jp&year=1954&genre=drama",
    ] {
        let list = reader.get(&format!("/v1/movies?{query}")).await.expect(200).json();
        assert!(titles(&list).contains(&"Seven Samurai"), "{query}: {:?}", titles(&list));
    }
    let list = reader.get("/v1/movies?q=amelie").await.expect(200).json();
    assert!(titles(&list)[0].contains("Am"), "accents are folded: {:?}", titles(&list));
    let none = reader.get("/v1/movies?q=zzzzzz").await.expect(200).json();
    assert!(titles(&none).is_empty());
}

#[tokio::test]
async fn every_way_of_paging_meets_the_same_films() {
    let server = Server::start_with(&["--demo"]);
    let reader = server.anyone();
    let exact = reader.get_with("/v1/movies?limit=1", "Prefer", "count=exact").await.expect(200);
    assert_eq!(exact.header("Preference-Applied"), "count=exact");
    let total = exact.json()["total"].as_u64().unwrap() as usize;

    let mut by_cursor = Vec::new();
    let mut next = Some("/v1/movies?sort=-year,title&limit=37".to_owned());
    let mut last = String::new();
    while let Some(page) = next {
        let answer = reader.get(&page).await.expect(200);
        let list = answer.json();
        by_cursor.extend(titles(&list).into_iter().map(str::to_owned));
        assert_eq!(list["links"]["next"].as_str().map(str::to_owned), answer.link("next"));
        next = answer.link("next");
        last = page;
    }
    assert_eq!(by_cursor.len(), total);

    let mut backwards: Vec<String> = Vec::new();
    let mut page = Some(last);
    while let Some(target) = page {
        let answer = reader.get(&target).await.expect(200);
        let list = answer.json();
        let mut found: Vec<String> = titles(&list).into_iter().map(str::to_owned).collect();
        found.append(&mut backwards);
        backwards = found;
        page = answer.link("prev");
    }
    assert_eq!(backwards, by_cursor);

    let mut by_number = Vec::new();
    for number in 1..=total.div_ceil(50) {
        let target = format!("/v1/movies?sort=-year,title&page={number}&per_page=50");
        let list = reader.get(&target).await.expect(200).json();
        by_number.extend(titles(&list).into_iter().map(str::to_owned));
    }
    assert_eq!(by_number, by_cursor);

    let range = reader.get_with("/v1/movies?sort=-year,title", "Range", "items=10-19").await;
    let range = range.expect(206);
    assert!(range.header("Content-Range").starts_with("items 10-19/"), "{:?}", range.headers);
    assert_eq!(titles(&range.json()), by_cursor[10..20]);
    reader.get_with("/v1/movies", "Range", "items=9000-9010").await.expect(416);
}

#[tokio::test]
async fn a_limit_that_is_too_large_is_lowered_and_said_so() {
    let server = Server::start_with(&["--demo"]);
    let answer = server.anyone().get("/v1/movies?limit=5000").await.expect(200);
    assert_eq!(titles(&answer.json()).len(), 100);
    assert_eq!(answer.json()["limit_applied"], 100);
    assert_eq!(answer.header("Cinelog-Limit-Applied"), "100");
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_only() {
    let server = Server::start_with(&["--demo"]);
    let reader = server.anyone();
    let next = reader.get("/v1/movies?sort=title&limit=5").await.expect(200).link("next").unwrap();
    reader.get(&next).await.expect(200);
    for other in [
        next.replace("sort=title", "sort=year"),
        next.replace("/v1/movies?", "/v1/movies?genre=drama&"),
        next.replace("/v1/movies?", "/v1/genres/drama/movies?"),
        format!("{next}x"),
    ] {
        let refused = reader.get(&other).await.expect(400).json();
        assert_eq!(refused["type"], "/problems/invalid-cursor", "{other}");
    }
}

#[tokio::test]
async fn genres_tags_platforms_and_people_are_listed_with_their_films() {
    let server = Server::start_with(&["--demo"]);
    let reader = server.anyone();
    for kind in ["genres", "tags", "people"] {
        let list = reader.get(&format!("/v1/{kind}?sort=-movie_count&limit=1")).await.expect(200);
        let first = &list.json()["items"][0];
        let count = first["movie_count"].as_u64().unwrap();
        let films = first["links"]["movies"].as_str().unwrap();
        let page = reader.get_with(films, "Prefer", "count=exact").await.expect(200).json();
        assert_eq!(page["total"].as_u64().unwrap(), count, "{kind}: {first}");

        let mut listed = 0;
        let mut next = Some(films.to_owned());
        while let Some(at) = next {
            let page = reader.get(&at).await.expect(200).json();
            listed += page["items"].as_array().unwrap().len() as u64;
            next = page["links"]["next"].as_str().map(str::to_owned);
        }
        assert_eq!(listed, count, "{kind}: {first}");
    }
    reader.get("/v1/genres/no-such-genre/movies").await.expect(404);
    reader.get("/v1/platforms").await.expect(200);
}

#[tokio::test]
async fn options_says_what_can_be_done() {
    let server = Server::start();
    let answer = Answer::to(server.anyone().request(Method::OPTIONS, "/v1/genres")).await;
    assert!(answer.expect(204).header("Allow").contains("GET"));
}
