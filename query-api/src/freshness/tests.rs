//! How long reads wait, for what, and who is refused.

use std::sync::Arc;

use event_log::{Append, EventLog, Expected};
use events::{Event, EventId, Metadata, MovieDeleted, NewEvent, StreamName};
use http::StatusCode;
use http_kit::ProblemType;
use jiff::Timestamp;
use uuid::Uuid;

use crate::testing::{REQUESTS_MAX, ReadModel, film};

async fn append(model: &ReadModel) {
    let movie_id = film("Ran").id;
    let event = NewEvent::encode(
        EventId(Uuid::from_u128(1)),
        &Event::from(MovieDeleted { movie_id }),
        Metadata::at(Timestamp::UNIX_EPOCH),
    );
    let stream = StreamName::movie(movie_id);
    let append = Append::new(stream, Expected::NoStream, vec![event.unwrap()]);
    model.log.append(append).await.unwrap();
}

#[tokio::test]
async fn a_read_waits_for_the_position_it_asks_for() {
    let model = Arc::new(ReadModel::new().await);
    let asked = tokio::spawn({
        let model = Arc::clone(&model);
        async move { model.ask("GET", "/v1/movies", &[("cinelog-min-position", "5")]).await }
    });
    while model.shared().waiting_room.len() == 0 {
        tokio::task::yield_now().await;
    }
    model.reach(4).await;
    model.put_film(&film("Ran")).await;
    model.reach(5).await;
    let answer = asked.await.unwrap();
    assert_eq!(answer.titles(), ["Ran"]);
    assert_eq!(answer.header("cinelog-position"), "5");
}

#[tokio::test]
async fn a_read_that_will_not_wait_long_enough_is_refused() {
    let model = ReadModel::new().await;
    let headers = [("cinelog-min-position", "5"), ("prefer", "wait=0")];
    let answer = model.ask("GET", "/v1/movies", &headers).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem.unwrap().problem_type(), ProblemType::NotCaughtUp);
}

#[tokio::test]
async fn a_read_that_finds_the_waiting_room_full_is_refused_at_once() {
    let model = ReadModel::new().await;
    let room = &model.shared().waiting_room;
    let everybody: Vec<_> = (0..=255)
        .flat_map(|number| room.enter(std::net::Ipv4Addr::new(192, 0, 2, number).into()))
        .collect();
    assert!(everybody.len() < REQUESTS_MAX / 2);
    let headers = [("cinelog-min-position", "18446744073709551615"), ("prefer", "wait=30")];
    let answer = model.ask("GET", "/v1/movies", &headers).await;
    let problem = answer.problem.unwrap();
    assert_eq!(problem.problem_type(), ProblemType::NotCaughtUp);
    assert_eq!(problem.headers()["retry-after"], "1");
    assert_eq!(model.get("/v1/movies").await.status, StatusCode::OK);
    drop(everybody);
}

#[tokio::test]
async fn what_was_shown_before_another_generation_took_over_is_waited_for() {
    let model = Arc::new(ReadModel::new().await);
    model.reach(5).await;
    assert_eq!(model.get("/v1/movies").await.header("cinelog-position"), "5");
    model.run("UPDATE checkpoint SET position = 3").await;
    model.rebuild().await;
    let asked = tokio::spawn({
        let model = Arc::clone(&model);
        // That is about the position that is asked for.
        let headers = [("cinelog-min-position", "1"), ("prefer", "wait=0")];
        async move { model.ask("GET", "/v1/movies", &headers).await }
    });
    while model.shared().waiting_room.len() == 0 {
        tokio::task::yield_now().await;
    }
    model.reach(5).await;
    assert_eq!(asked.await.unwrap().header("cinelog-position"), "5");
    // From then on it is as far as it is, as a store that was restored.
    model.run("UPDATE checkpoint SET position = 2").await;
    assert_eq!(model.get("/v1/movies").await.header("cinelog-position"), "2");
}

#[tokio::test]
async fn those_who_wait_keep_no_connection_from_others() {
    let model = Arc::new(ReadModel::new().await);
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let model = Arc::clone(&model);
            tokio::spawn(async move {
                model.ask("GET", "/v1/movies", &[("cinelog-min-position", "5")]).await
            })
        })
        .collect();
    while model.shared().waiting_room.len() < waiting.len() {
        tokio::task::yield_now().await;
    }
    assert_eq!(model.get("/v1/movies").await.status, StatusCode::OK);
    model.reach(5).await;
    for answer in waiting {
        assert_eq!(answer.await.unwrap().header("cinelog-position"), "5");
    }
    assert_eq!(model.shared().waiting_room.len(), 0);
}

#[tokio::test]
async fn a_position_that_was_reached_long_ago_takes_no_waiting() {
    let model = ReadModel::new().await;
    model.reach(9).await;
    let headers = [("cinelog-min-position", "5"), ("prefer", "wait=3")];
    let answer = model.ask("GET", "/v1/movies", &headers).await;
    assert_eq!(answer.header("cinelog-position"), "9");
    assert_eq!(answer.header("preference-applied"), "wait=3");
}

#[tokio::test]
async fn a_position_that_is_none_is_refused() {
    let model = ReadModel::new().await;
    for position in ["", "-1", "soon", "99999999999999999999999"] {
        let answer = model.ask("GET", "/v1/movies", &[("cinelog-min-position", position)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{position:?}");
    }
}

#[tokio::test]
async fn two_positions_are_refused_even_where_they_are_the_same() {
    let model = ReadModel::new().await;
    let twice = [("cinelog-min-position", "0"), ("cinelog-min-position", "0")];
    let problem = model.ask("GET", "/v1/movies", &twice).await.problem.unwrap();
    let error = http_kit::FieldError::header("Cinelog-Min-Position", "must be given once");
    assert_eq!(problem.field_errors(), [error]);
}

#[tokio::test]
async fn a_read_waits_a_little_for_what_was_written_here_and_then_answers_anyway() {
    let model = ReadModel::new().await;
    append(&model).await;
    let late = model.get("/v1/movies").await;
    assert_eq!((late.status, late.header("cinelog-position")), (StatusCode::OK, "0"));
    model.reach(1).await;
    assert_eq!(model.get("/v1/movies").await.header("cinelog-position"), "1");
}
