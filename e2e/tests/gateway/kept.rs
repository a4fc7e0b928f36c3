//! What is kept, that it is what a node answers, and how it is asked for again.

use std::time::Duration;

use e2e::{Answer, Client};
use proving_ground::GatewayKind;
use reqwest::Method;

use crate::{
    on_every_gateway,
    origin::{Origin, Said},
    site::{KEPT_LONG, Site, cache, until, warm},
};

async fn what_was_asked_once_comes_from_the_cache(kind: GatewayKind) {
    let site = Site::new(kind, &KEPT_LONG).await;
    let (film, reader) = (site.add("Ran").await, site.reader());
    let kept = warm(&reader, &film).await.expect(200);
    assert_eq!(kept.json()["title"], "Ran");
    if kind == GatewayKind::Varnish {
        assert!(kept.header("age").parse::<u32>().is_ok(), "{kept:?}");
    }
    let head = Answer::to(reader.request(Method::HEAD, &film)).await.expect(200);
    assert_eq!((cache(&head), head.text.as_str()), ("HIT", ""));
    assert_eq!(head.header("etag"), kept.header("etag"));
    let unchanged = reader.get_with(&film, "if-none-match", kept.header("etag")).await.expect(304);
    assert_eq!(cache(&unchanged), "HIT");
    assert_eq!(kept.header("surrogate-key"), "", "it is for the gateway");
    assert_eq!(kept.header("cache-groups"), format!("\"{}\"", film[11..].replace('-', "")));
}

/// A request: its method, target and headers.
type Question = (Method, String, Vec<(&'static str, &'static str)>);

/// Requests of many kinds, of which the answers must be the same however they are given.
fn questions(film: &str) -> Vec<Question> {
    let mut questions = Vec::new();
    let targets = [
        film.to_owned(),
        format!("{film}?fields=title"),
        format!("{film}/genres"),
        format!("{film}/ratings"),
        "/v1/movies?limit=1&sort=title".to_owned(),
        "/v1/movies?sort=title&limit=1".to_owned(),
        "/v1/movies?q=ran".to_owned(),
        "/v1/movies?colour=red".to_owned(),
        "/v1/genres/drama".to_owned(),
        "/v1/genres/Drama/movies".to_owned(),
        "/v1/genres/none".to_owned(),
        "/v1/people".to_owned(),
        "/v1/nothing".to_owned(),
        "/v1/schemas".to_owned(),
        "/v1/movies/../movies".to_owned(),
        "/v1//movies".to_owned(),
    ];
    let headers: [Vec<(&'static str, &'static str)>; 12] = [
        vec![],
        vec![("accept-encoding", "gzip")],
        vec![("accept-encoding", "gzip, deflate, br, zstd")],
        vec![("accept-encoding", "gzip;q=0, br;q=0.5")],
        vec![("accept-encoding", "identity")],
        vec![("accept", "application/vnd.cinelog.v1+json")],
        vec![("accept", "text/html")],
        vec![("prefer", "count=exact")],
        vec![("range", "items=0-0")],
        vec![("range", "items=0-0"), ("accept-encoding", "zstd")],
        vec![("if-none-match", "*")],
        vec![("cookie", "a=b"), ("accept", "application/json")],
    ];
    for target in targets {
        for headers in &headers {
            questions.push((Method::GET, target.clone(), headers.clone()));
        }
        questions.push((Method::HEAD, target.clone(), vec![("range", "items=0-0")]));
        questions.push((Method::HEAD, target.clone(), vec![("accept-encoding", "br")]));
        questions.push((Method::OPTIONS, target.clone(), vec![]));
    }
    questions
}

async fn ask(
    client: &Client,
    (method, target, headers): &(Method, String, Vec<(&'static str, &'static str)>),
) -> Answer {
    let mut request = client.request(method.clone(), target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::to(request).await
}

/// What must be the same through a gateway as without.
fn essence(answer: &Answer) -> Vec<(String, String)> {
    let names = [
        "content-type",
        "content-encoding",
        "content-range",
        "accept-ranges",
        "etag",
        "last-modified",
        "cache-control",
        "vary",
        "link",
        "allow",
        "cache-groups",
        "cinelog-position",
        "preference-applied",
    ];
    let mut essence: Vec<(String, String)> =
        names.iter().map(|name| ((*name).to_owned(), answer.header(name).to_owned())).collect();
    essence.push(("status".to_owned(), answer.status.to_string()));
    let is_problem =
        answer.header("content-type") == "application/problem+json" && !answer.text.is_empty();
    // A problem repeats the id of its request.
    let body = if is_problem { answer.json()["type"].to_string() } else { answer.text.clone() };
    essence.push(("body".to_owned(), body));
    essence
}

async fn whatever_is_asked_is_answered_as_a_node_would_in_whatever_order(kind: GatewayKind) {
    let site = Site::that_does_not_purge(kind, &KEPT_LONG).await;
    let film = site.add("Ran").await;
    site.add("Kagemusha").await;
    let (reader, node) = (site.reader(), site.node.anyone());
    let questions = questions(&film);
    let mut hits = 0;
    // Forwards, so that later ones meet what earlier ones left; then backwards.
    for question in questions.iter().chain(questions.iter().rev()) {
        let (got, expected) = (ask(&reader, question).await, ask(&node, question).await);
        let (mut got_all, mut expected_all) = (essence(&got), essence(&expected));
        if got.status == 304 {
            // A cache may leave out of a 304 what it does not change.
            let needed = ["etag", "cache-control", "vary", "status"];
            got_all.retain(|(name, _)| needed.contains(&name.as_str()));
            expected_all.retain(|(name, _)| needed.contains(&name.as_str()));
        }
        assert_eq!(got_all, expected_all, "{question:?} from {}", cache(&got));
        hits += usize::from(cache(&got) == "HIT");
    }
    assert!(hits > questions.len() / 2, "{hits} of {} came from the cache", 2 * questions.len());
}

async fn what_is_too_old_is_asked_for_again_by_its_tag(kind: GatewayKind) {
    let origin = Origin::start(|said| {
        let unchanged = said.header("if-none-match") == "\"v1\"";
        said.answer(
            if unchanged { 304 } else { 200 },
            "film",
            &[("etag", "\"v1\""), ("cache-control", "public, max-age=1")],
        )
    });
    let (gateway, reader) = origin.before(kind).await;
    reader.get("/v1/movies").await.expect(200);
    // Until the second that it may be kept has gone.
    while origin.count(|said| said.header("if-none-match") == "\"v1\"") == 0 {
        assert_eq!(reader.get("/v1/movies").await.expect(200).text, "film");
    }
    let unconditional = origin.count(|said| said.header("if-none-match").is_empty());
    assert_eq!(unconditional, 1, "its body was sent once");
    drop(gateway);
}

/// Asks over a connection of its own: nginx answers no more over one on which it is fetching anew what it gave out.
async fn ask_alone(reader: &Client) -> Answer {
    reader.get_with("/v1/movies", "connection", "close").await
}

async fn what_is_too_old_is_given_out_while_it_is_asked_for_again_for_as_long_as_it_says(
    kind: GatewayKind,
) {
    let origin = Origin::start(|said| {
        let number = said.number;
        said.answer(
            200,
            &number.to_string(),
            &[("cache-control", "public, max-age=1, stale-while-revalidate=600")],
        )
    });
    let (_gateway, reader) = origin.before(kind).await;
    assert_eq!(ask_alone(&reader).await.expect(200).text, "1");
    // From now on the origin takes its time: whoever is answered is answered from what is kept.
    let gate = origin.close();
    while origin.count(|said| said.number == 2) == 0 {
        assert_eq!(ask_alone(&reader).await.expect(200).text, "1");
    }
    assert_eq!(ask_alone(&reader).await.expect(200).text, "1", "while it is asked for again");
    drop(gate);
    until(&reader, "/v1/movies", |answer| answer.text == "2").await;
}

async fn what_may_not_be_given_out_when_it_is_too_old_is_not(kind: GatewayKind) {
    let origin = Origin::start(|said| {
        let control = match said.path.as_str() {
            "/v1/movies?stale" => "public, max-age=1, stale-while-revalidate=1",
            _ => "public, max-age=1",
        };
        said.answer(200, "film", &[("cache-control", control)])
    });
    let (_gateway, reader) = origin.before(kind).await;
    // Whole seconds: what is 1.9 s old is 1 s old.
    for (target, old) in [("/v1/movies", 2), ("/v1/movies?stale", 3)] {
        origin.fail(false);
        reader.get(target).await.expect(200);
        origin.fail(true);
        // Nobody asks meanwhile, so that nobody finds out that the origin fails.
        tokio::time::sleep(Duration::from_secs(old)).await;
        let failed = reader.get(target).await;
        assert!(matches!(failed.status, 500..=504), "{failed:?}");
    }
}

async fn what_says_that_it_may_not_be_kept_is_not(kind: GatewayKind) {
    let origin = Origin::start(|said: &Said| {
        let (number, path) = (said.number.to_string(), said.path.clone());
        let control = match path.as_str() {
            "/v1/movies?private" => "private, max-age=60",
            "/v1/movies?no-store" => "no-store",
            _ => "public, max-age=60",
        };
        let status = if path.ends_with("failure") { 500 } else { 200 };
        let control = if status == 500 { "no-store" } else { control };
        said.answer(status, &number, &[("cache-control", control)])
    });
    let (_gateway, reader) = origin.before(kind).await;
    for target in ["/v1/movies?private", "/v1/movies?no-store", "/v1/movies?failure"] {
        let (first, second) = (reader.get(target).await, reader.get(target).await);
        assert_ne!(first.text, second.text, "{target}");
    }
    let (first, second) = (reader.get("/v1/movies").await, reader.get("/v1/movies").await);
    assert_eq!(first.text, second.text);
}

on_every_gateway! {
    what_was_asked_once_comes_from_the_cache,
    whatever_is_asked_is_answered_as_a_node_would_in_whatever_order,
    what_is_too_old_is_asked_for_again_by_its_tag,
    what_is_too_old_is_given_out_while_it_is_asked_for_again_for_as_long_as_it_says,
    what_may_not_be_given_out_when_it_is_too_old_is_not,
    what_says_that_it_may_not_be_kept_is_not,
}
