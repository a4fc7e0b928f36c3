//! What the cache makes of one thing after another that happens to the read model.

mod groups;
mod histories;
mod shared;

use std::time::Duration;

use events::Position;
use http::{HeaderMap, StatusCode};
use read_model::{Checkpoint, FacetKind, MovieDocument, ReadModelChanged};

use super::*;
use crate::testing::{Node, ReadModel, film, texts};

const ROOM: u64 = 1 << 20;

/// Ends a test that waits for ever: far more than twice `LOOK_EVERY`, for a machine that has other things to
/// do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A film in a genre; long enough to be compressed.
fn drama(title: &str) -> MovieDocument {
    let mut film = film(title);
    film.details.genres = texts(&["Drama"]);
    film.details.synopsis = Some("All work and no play makes Jack a dull boy. ".repeat(40));
    film
}

async fn with_cache(films: &[MovieDocument]) -> (ReadModel, Node) {
    let model = ReadModel::with(films).await;
    let node = model.node(ROOM);
    // The first read is what lets the cache begin.
    node.get("/v1/tags").await;
    known(&node, 0).await;
    (model, node)
}

/// Waits until the cache knows of a version.
async fn known(node: &Node, version: u64) {
    let cache = node.cache.as_ref().unwrap();
    in_time(async || cache.known().is_some_and(|known| known >= version)).await;
}

/// Waits until it is so; fails where it never is.
async fn in_time(is_so: impl AsyncFn() -> bool) {
    let asked = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap();
}

/// Changes the read model behind everybody's back: whoever still answers as before has not looked.
async fn meddle(model: &ReadModel, film: &MovieDocument) {
    model.put_film(film).await;
}

fn address(film: &MovieDocument) -> String {
    format!("/v1/movies/{}", film.id)
}

fn retitled(film: &MovieDocument, title: &str) -> MovieDocument {
    let mut other = film.clone();
    title.clone_into(&mut other.details.title);
    other.revision.0 += 1;
    other
}

#[tokio::test]
async fn what_was_asked_once_is_not_read_again() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    let first = node.get(&address(&ran)).await;
    meddle(&model, &retitled(&ran, "Kagemusha")).await;
    let again = node.get(&address(&ran)).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.clone().essence(), first.clone().essence());
    assert_ne!(again.headers["x-request-id"], first.headers["x-request-id"]);
    assert_ne!(again.headers["traceparent"], first.headers["traceparent"]);
}

#[tokio::test]
async fn a_change_that_the_feed_tells_of_is_seen() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    for path in [address(&ran), "/v1/movies?genre=drama".to_owned()] {
        node.get(&path).await;
    }
    let change = model.commit(&[retitled(&ran, "Kagemusha")]).await;
    model.publish(change).await;
    known(&node, 1).await;
    for path in [address(&ran), "/v1/movies?genre=drama".to_owned()] {
        let answer = node.get(&path).await;
        assert!(String::from_utf8_lossy(&answer.body).contains("Kagemusha"), "{path}");
        assert_eq!(answer.position(), Some(1));
    }
}

#[tokio::test]
async fn an_answer_about_something_else_stays_and_says_how_new_it_is_known_to_be() {
    let (ran, heat) = (drama("Ran"), drama("Heat"));
    let (model, node) = with_cache(&[ran.clone(), heat.clone()]).await;
    let first = node.get(&address(&ran)).await;
    meddle(&model, &retitled(&ran, "Kagemusha")).await;
    let change = model.commit(&[retitled(&heat, "Ronin")]).await;
    model.publish(change).await;
    known(&node, 1).await;
    let again = node.get(&address(&ran)).await;
    assert_eq!((first.position(), again.position()), (Some(0), Some(1)));
    assert_eq!(again.essence(), first.essence());
}

#[tokio::test]
async fn what_was_lost_on_the_way_makes_everything_be_read_again() {
    let (ran, heat) = (drama("Ran"), drama("Heat"));
    let (model, node) = with_cache(&[ran.clone(), heat.clone()]).await;
    let known_change = model.commit(&[]).await;
    model.publish(known_change).await;
    known(&node, 1).await;
    node.get(&address(&ran)).await;
    let _lost = model.commit(&[retitled(&ran, "Kagemusha")]).await;
    let told = model.commit(&[heat]).await;
    model.publish(told).await;
    known(&node, 3).await;
    let answer = node.get(&address(&ran)).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("Kagemusha"));
}

#[tokio::test]
async fn another_generation_makes_everything_be_read_again() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    let old = node.get(&address(&ran)).await;
    model.rebuild().await;
    let change = model.commit(&[]).await;
    model.publish(change).await;
    known(&node, 1).await;
    let new = node.get(&address(&ran)).await;
    assert_eq!(old.headers["etag"], "\"r1.0.g1.s1\"");
    assert_eq!(new.headers["etag"], "\"r1.0.g2.s1\"");
}

#[tokio::test]
async fn news_of_a_generation_that_is_not_read_here_makes_no_answer_look_newer_than_it_is() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    node.get(&address(&ran)).await;
    // Another generation is live, and further; here the old one is read still.
    let elsewhere = |position: u64| {
        let at = |position| Checkpoint { generation: 2, position: Position(position) };
        let movies = vec![ran.id];
        let previous = at(position - 1);
        ReadModelChanged { previous, movies, ..ReadModelChanged::anew(at(position)) }
    };
    for position in 1..=2 {
        model.publish(elsewhere(position + 4)).await;
        // The news after it: once that is known, so is what came before.
        let change = model.commit(&[]).await;
        model.publish(change).await;
        known(&node, position).await;
    }
    assert_eq!(node.cache.as_ref().unwrap().known(), Some(2));
    for _ in 0..2 {
        assert_eq!(node.get(&address(&ran)).await.position(), Some(2));
    }
    let newer = [("cinelog-min-position", "5"), ("prefer", "wait=0")];
    let answer = node.ask("GET", &address(&ran), &newer).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn what_is_known_of_one_generation_is_not_taken_for_known_of_the_next_nor_is_it_taken_back() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    model.reach(7).await;
    known(&node, 7).await;
    // A generation that is not as far.
    model.run("UPDATE checkpoint SET position = 3").await;
    model.rebuild().await;
    let at = model.store().checkpoint().await.unwrap();
    model.publish(ReadModelChanged::anew(at)).await;
    let cache = node.cache.as_ref().unwrap();
    in_time(async || cache.known() == Some(3)).await;
    // Answers said that they are of position 7: nobody is told less from now on.
    let address = address(&ran);
    let (asked, ()) = tokio::join!(node.get(&address), async {
        for _ in 3..7 {
            let change = model.commit(&[]).await;
            model.publish(change).await;
        }
    });
    assert_eq!(asked.position(), Some(7));
}

#[tokio::test]
async fn a_change_at_the_position_that_an_answer_shows_already_is_seen() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    let told = model.commit(&[]).await;
    let at = told.checkpoint;
    model.publish(told).await;
    known(&node, 1).await;
    for path in [address(&ran), "/v1/movies?genre=drama".to_owned()] {
        assert_eq!(node.get(&path).await.position(), Some(1));
    }
    // As a retry of what was parked does it.
    meddle(&model, &retitled(&ran, "Kagemusha")).await;
    let movies = vec![ran.id];
    model.publish(ReadModelChanged { movies, ..ReadModelChanged::anew(at) }).await;
    // The news after it: once that is known, so is what came before.
    let told = model.commit(&[]).await;
    model.publish(told).await;
    known(&node, 2).await;
    for path in [address(&ran), "/v1/movies?genre=drama".to_owned()] {
        let answer = node.get(&path).await;
        assert!(String::from_utf8_lossy(&answer.body).contains("Kagemusha"), "{path}");
    }
}

#[tokio::test]
async fn a_feed_that_has_lost_its_voice_keeps_nothing_out_of_date_for_long() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    node.get(&address(&ran)).await;
    let _untold = model.commit(&[retitled(&ran, "Kagemusha")]).await;
    known(&node, 1).await;
    let answer = node.get(&address(&ran)).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("Kagemusha"));
}

#[tokio::test]
async fn a_feed_that_is_late_and_talks_on_keeps_nothing_out_of_date_for_long() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    node.get(&address(&ran)).await;
    let mut late = Vec::new();
    for _ in 0..400 {
        late.push(model.commit(&[]).await);
    }
    let _last = model.commit(&[retitled(&ran, "Kagemusha")]).await;
    let telling = async {
        for change in late {
            model.publish(change).await;
            tokio::time::sleep(following::LOOK_EVERY / 10).await;
        }
    };
    tokio::select! {
        () = telling => panic!("what is told late was waited for"),
        () = known(&node, 401) => {}
    }
    let answer = node.get(&address(&ran)).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("Kagemusha"));
}

#[tokio::test]
async fn whoever_was_shown_a_newer_read_model_is_not_shown_an_older_one() {
    let (ran, heat) = (drama("Ran"), drama("Heat"));
    let (model, node) = with_cache(&[ran.clone(), heat.clone()]).await;
    node.get(&address(&ran)).await;
    // Committed, and the news of it is still on its way.
    let change = model.commit(&[retitled(&ran, "Kagemusha")]).await;
    assert_eq!(node.get(&address(&heat)).await.position(), Some(1));
    let answer = node.get(&address(&ran)).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("Kagemusha"));
    model.publish(change).await;
}

#[tokio::test]
async fn a_kept_answer_is_no_answer_to_who_asks_for_a_newer_one() {
    let ran = drama("Ran");
    let (model, node) = with_cache(std::slice::from_ref(&ran)).await;
    node.get(&address(&ran)).await;
    let change = model.commit(&[retitled(&ran, "Kagemusha")]).await;
    let newer = [("cinelog-min-position", "1")];
    let answer = node.ask("GET", &address(&ran), &newer).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("Kagemusha"));
    model.publish(change).await;
    known(&node, 1).await;
    assert_eq!(node.ask("GET", &address(&ran), &newer).await.essence(), answer.essence());
    let late = [("cinelog-min-position", "2"), ("prefer", "wait=0")];
    let answer = node.ask("GET", &address(&ran), &late).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn one_s_own_rating_and_failures_are_never_kept() {
    let (model, node) = with_cache(&[]).await;
    let ran = drama("Ran");
    assert_eq!(node.get(&address(&ran)).await.status, StatusCode::NOT_FOUND);
    meddle(&model, &ran).await;
    assert_eq!(node.get(&address(&ran)).await.status, StatusCode::OK);
    let mine = format!("{}/ratings/me", address(&ran));
    assert_eq!(node.get(&mine).await.status, StatusCode::UNAUTHORIZED);
}

#[test]
fn what_is_public_is_what_the_document_says_needs_no_token() {
    let document = serde_json::to_value(crate::openapi()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        let needs_token = item["get"]["security"].as_array().is_some_and(|all| !all.is_empty());
        let is_schema = path.starts_with("/v1/schemas");
        assert_eq!(is_public(path), !needs_token && !is_schema, "{path}");
    }
    for path in ["/", "/v1", "/v1/", "/v1/jobs", "/v1/jobs/1", "/v1/moviesx", "/v2/movies"] {
        assert!(!is_public(path), "{path}");
    }
}

#[tokio::test]
async fn headers_that_no_answer_depends_on_leave_no_trace_in_it() {
    let ran = drama("Ran");
    let (_model, node) = with_cache(std::slice::from_ref(&ran)).await;
    let marks = [
        ("x-request-id", "poison-1"),
        ("host", "poison-2.example"),
        ("x-forwarded-host", "poison-3.example"),
        ("origin", "https://poison-4.example"),
        ("authorization", "Bearer poison-5"),
    ];
    let poisoned = node.ask("GET", &address(&ran), &marks).await;
    assert_eq!(poisoned.headers["x-request-id"], "poison-1");
    let clean = node.get(&address(&ran)).await;
    let shown = |headers: &HeaderMap| format!("{headers:?}");
    assert!(!shown(&clean.headers).contains("poison"));
    assert!(!String::from_utf8_lossy(&clean.body).contains("poison"));
    assert_eq!(clean.essence(), poisoned.essence());
}
