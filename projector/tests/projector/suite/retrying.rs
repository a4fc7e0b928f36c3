//! Parked streams, tried again: what an older Cinelog could not read and this one can.

use events::{Digest, MovieDetails, Position, RecordedEvent, StreamName};
use projector::{PoisonPolicy, ReadModel, port::ParkedStream};
use proptest::prelude::*;
use read_model::{ChangeFeed, Checkpoint, FeedItem};

use super::STORE;
use crate::{
    contents::folded,
    ground::{Ground, eventually, options},
    history::{History, film, histories, person},
};

const PARK: PoisonPolicy = PoisonPolicy::Park;

/// Folds `events` in as a Cinelog would have done to which the events at `unreadable` were of a version
/// that it does not know.
async fn folded_by_an_older_one(
    ground: &Ground,
    events: &[RecordedEvent],
    unreadable: &[Position],
) {
    let model = ground.leading().await;
    let mut digest = Digest::EMPTY;
    for event in events {
        let mut as_seen = event.clone();
        if unreadable.contains(&event.position) {
            as_seen.schema_version = 99;
        }
        let at = model.checkpoint().await.unwrap();
        model.apply(at, &[as_seen], PARK).await.unwrap();
        // It would have hashed what is in the log.
        digest = digest.extend(event);
        let hash: String = digest.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let sqlite = format!("UPDATE checkpoint SET digest_hash = x'{hash}'");
        let postgres = format!("UPDATE checkpoint SET digest_hash = '\\x{hash}'");
        ground.change_as(&sqlite, &postgres).await;
    }
    model.close().await;
}

/// Asks for all to be tried again, and lets a projector do it.
async fn retried(ground: &Ground) {
    let model = ground.read_model().await;
    model.ask_retry(None).await.unwrap();
    let running = ground.start(options(10, PARK)).await;
    eventually(async || !parked(model.as_ref()).await.iter().any(|stream| stream.retry)).await;
    running.stop().await.unwrap();
}

async fn parked(model: &dyn ReadModel) -> Vec<ParkedStream> {
    model.parked(Position::START, 100).await.unwrap()
}

#[tokio::test]
async fn a_film_that_an_older_cinelog_could_not_read_is_folded_in_with_all_that_waited_for_it() {
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]).create_with_genres(2, ["drama"]);
    history.rate(1, 1, 8).rate(2, 1, 3).delete(1).restore(1).rate(1, 1, 9).rate(1, 2, 4);
    let ground = Ground::with(STORE, &history.events).await;
    folded_by_an_older_one(&ground, &history.events, &[Position(1)]).await;
    let model = ground.read_model().await;
    let before = parked(model.as_ref()).await;
    let streams: Vec<_> = before.iter().map(|parked| (&*parked.stream, parked.events)).collect();
    let [movie, one, two] = [
        StreamName::movie(film(1)),
        StreamName::rating(film(1), person(1)),
        StreamName::rating(film(1), person(2)),
    ];
    assert_eq!(streams, [(movie.as_str(), 3), (one.as_str(), 2), (two.as_str(), 1)]);
    assert_ne!(ground.stored().await, folded(&history.events));
    assert_eq!(amended(&ground).await.unwrap_or(0), 0);

    retried(&ground).await;
    assert_eq!(ground.stored().await, folded(&history.events));
    assert!(parked(model.as_ref()).await.is_empty());
    // The position is what it was: that something changed is told by this, to whoever shares answers.
    assert_ne!(amended(&ground).await, Some(0));
}

/// How often something was changed while the position stood still; `None` where nobody needs to know.
async fn amended(ground: &Ground) -> Option<i64> {
    let mut database = ground.database.as_ref()?.connect().await;
    let amended = "SELECT amended FROM cinelog_read_model_1.checkpoint";
    Some(sqlx::query_scalar(amended).fetch_one(&mut database).await.unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn whatever_was_parked_a_retry_ends_where_a_fresh_fold_does(
        events in histories(), unreadable in proptest::collection::vec(1_u64..40, 1..6)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let unreadable: Vec<_> = unreadable.into_iter().map(Position).collect();
            let ground = Ground::with(STORE, &events).await;
            folded_by_an_older_one(&ground, &events, &unreadable).await;
            retried(&ground).await;
            assert_eq!(ground.stored().await, folded(&events));
        });
    }
}

#[tokio::test]
async fn what_is_poison_still_stays_parked_with_what_is_wrong_now() {
    let mut history = History::default();
    history.create_with_genres(1, []).delete(1).restore(1);
    history.record_poison(StreamName::movie(film(1))).delete(1);
    let ground = Ground::with(STORE, &history.events).await;
    folded_by_an_older_one(&ground, &history.events, &[Position(2)]).await;
    retried(&ground).await;
    assert_eq!(ground.stored().await, folded(&history.events));
    let left = parked(ground.read_model().await.as_ref()).await;
    assert_eq!((left[0].position, left[0].events, left[0].retry), (Position(4), 2, false));
    assert_eq!(left[0].reason, "is no well-formed MovieTagged version 1");
}

#[tokio::test]
async fn a_rating_that_stands_before_its_film_is_no_more_folded_in_later_than_from_the_start() {
    let mut history = History::default();
    history.rate(1, 1, 8).create_with_genres(1, []).rate(1, 1, 9).rate(1, 2, 5);
    let ground = Ground::with(STORE, &history.events).await;
    ground.catch_up(options(10, PARK)).await;
    retried(&ground).await;
    let contents = ground.stored().await;
    assert_eq!(contents, folded(&history.events));
    assert_eq!(contents.parked_events.len(), 2);
}

#[tokio::test]
async fn only_the_stream_that_was_asked_for_is_tried_again() {
    let mut history = History::default();
    history.create_with_genres(1, []).create_with_genres(2, []).delete(1).delete(2);
    let ground = Ground::with(STORE, &history.events).await;
    folded_by_an_older_one(&ground, &history.events, &[Position(3), Position(4)]).await;
    let model = ground.read_model().await;
    let stream = StreamName::movie(film(2));
    assert_eq!(model.ask_retry(Some(stream.as_str())).await.unwrap(), 1);
    assert_eq!(model.ask_retry(Some("movie-unknown")).await.unwrap(), 0);
    let running = ground.start(options(10, PARK)).await;
    eventually(async || model.parked_stream(stream.as_str()).await.unwrap().is_none()).await;
    running.stop().await.unwrap();
    let contents = ground.stored().await;
    assert!(contents.movies[&film(2)].deleted && !contents.movies[&film(1)].deleted);
    assert_eq!(parked(model.as_ref()).await.len(), 1);
}

#[tokio::test]
async fn a_stream_with_more_events_than_a_page_is_folded_in_whole() {
    let mut history = History::default();
    history.create(1, MovieDetails { title: "Long".into(), ..MovieDetails::default() });
    for _ in 0..300 {
        history.delete(1).restore(1);
    }
    let ground = Ground::new(STORE).await;
    ground.append_at_once(&history.events).await;
    folded_by_an_older_one(&ground, &history.events[..1], &[Position(1)]).await;
    let model = ground.leading().await;
    let at = Checkpoint { generation: 1, position: Position(1) };
    model.apply(at, &history.events[1..], PARK).await.unwrap();
    model.close().await;
    retried(&ground).await;
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test]
async fn the_feed_tells_of_the_films_that_came_back() {
    let mut history = History::default();
    history.create_with_genres(1, ["Drama"]);
    let ground = Ground::with(STORE, &history.events).await;
    folded_by_an_older_one(&ground, &history.events, &[Position(1)]).await;
    let mut items = ground.feed.subscribe();
    retried(&ground).await;
    let change = loop {
        match futures::StreamExt::next(&mut items).await {
            // That it begins, it has told before.
            Some(FeedItem::Changed(change)) if change.movies.is_empty() => {}
            Some(FeedItem::Changed(change)) => break change,
            other => panic!("it tells what came back, not {other:?}"),
        }
    };
    assert_eq!((&change.movies[..], change.facets.len()), (&[film(1)][..], 1));
    assert_eq!(change.previous, change.checkpoint);
}
