//! The loop: crashes, rivals, poison and the end.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use events::{Position, StreamName};
use futures::StreamExt;
use metrics_exporter_prometheus::PrometheusBuilder;
use projector::{PoisonPolicy, ProjectorError};
use read_model::{ChangeFeed, FeedItem};

use super::STORE;
use crate::{
    contents::folded,
    ground::{Ground, busy_history, eventually, options, reached},
    history::{History, film},
    wrapped_log::WrappedLog,
};

const PARK: PoisonPolicy = PoisonPolicy::Park;

#[tokio::test]
async fn events_that_were_taken_when_the_chores_come_due_are_folded_in_too() {
    let history = busy_history();
    let (old, new) = history.events.split_at(20);
    let ground = Ground::with(STORE, old).await;
    let mut items = ground.feed.subscribe();
    let silent = Arc::new(AtomicBool::new(false));
    let log = WrappedLog::silent_once(Arc::clone(&ground.log) as _, &silent);
    let running = ground.start_on(Arc::new(log), options(7, PARK)).await;
    reached(&mut items, Position(20)).await;
    // With the next events in hand it waits for the end of the log, until the chores interrupt it.
    silent.store(true, Ordering::SeqCst);
    ground.append(new).await;
    reached(&mut items, history.events.last().unwrap().position).await;
    assert!(!silent.load(Ordering::SeqCst), "it has waited");
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test]
async fn it_folds_in_what_the_log_has_and_then_what_comes() {
    let history = busy_history();
    let (old, new) = history.events.split_at(20);
    let ground = Ground::with(STORE, old).await;
    let mut items = ground.feed.subscribe();
    let running = ground.start(options(7, PARK)).await;
    reached(&mut items, Position(20)).await;
    ground.append(new).await;
    reached(&mut items, history.events.last().unwrap().position).await;
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test]
async fn the_feed_tells_of_each_batch_without_a_gap() {
    let history = busy_history();
    let ground = Ground::with(STORE, &history.events).await;
    let mut items = ground.feed.subscribe();
    let running = ground.start(options(5, PARK)).await;
    let head = history.events.last().unwrap().position;
    let mut before = 0;
    for item in reached(&mut items, head).await {
        let FeedItem::Changed(change) = item else { panic!("nothing was missed") };
        assert_eq!(change.previous.position.0, before);
        assert!(change.checkpoint.position.0 - before <= 5, "a batch is no larger than allowed");
        before = change.checkpoint.position.0;
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn what_the_feed_tells_of_is_in_the_read_model_already() {
    let ground = Ground::with(STORE, &busy_history().events).await;
    let mut items = ground.feed.subscribe();
    let running = ground.start(options(5, PARK)).await;
    for _ in 0..5 {
        let Some(FeedItem::Changed(change)) = items.next().await else { panic!("no change") };
        let contents = ground.stored().await;
        assert!(contents.position >= change.checkpoint.position);
        assert!(change.movies.iter().all(|movie| contents.movies.contains_key(movie)));
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_crash_at_any_moment_loses_and_repeats_nothing() {
    let history = busy_history();
    let ground = Ground::with(STORE, &history.events).await;
    drop(ground.read_model().await);
    let head = history.events.last().unwrap().position;
    // Each life gets a batch done and dies a little later in the next, so that the crashes fall into
    // every part of one.
    let mut crashes = 0;
    loop {
        let before = ground.position().await;
        if before == head {
            break;
        }
        let running = ground.start(options(2, PARK)).await;
        // What the life before had begun to commit may come as well.
        eventually(async || ground.position().await > before).await;
        for _ in 0..crashes * 50 {
            tokio::task::yield_now().await;
        }
        running.task.abort();
        drop(running.task.await);
        crashes += 1;
        let contents = ground.stored().await;
        let events = &history.events[..usize::try_from(contents.position.0).unwrap()];
        assert_eq!(contents, folded(events), "after crash {crashes}");
    }
    assert!(crashes > 3, "it did crash on its way");
}

#[tokio::test]
async fn poison_parks_its_stream_and_everything_else_goes_on() {
    let mut history = busy_history();
    history.record_poison(StreamName::movie(film(1))).delete(1).delete(2).rate(1, 3, 10);
    let ground = Ground::with(STORE, &history.events).await;
    ground.catch_up(options(4, PARK)).await;
    let contents = ground.stored().await;
    assert_eq!(contents, folded(&history.events));
    assert!(!contents.movies[&film(1)].deleted);
    assert!(contents.movies[&film(2)].deleted);
    assert_eq!(contents.parked_events.len(), 2);

    history.restore(1).restore(2);
    let later = &history.events[history.events.len() - 2..];
    ground.append(later).await;
    ground.catch_up(options(4, PARK)).await;
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test]
async fn halting_stops_right_before_the_poison_and_parking_goes_on_from_there() {
    let mut history = busy_history();
    let before = history.events.len();
    history.record_poison(StreamName::movie(film(1))).delete(2);
    let ground = Ground::with(STORE, &history.events).await;
    let ended = ground.start(options(1000, PoisonPolicy::Halt)).await.ended().await;
    let Err(ProjectorError::Poison(poison)) = ended else { panic!("{ended:?}") };
    assert_eq!(poison.position, Position(before as u64 + 1));
    assert_eq!(ground.stored().await, folded(&history.events[..before]));

    ground.catch_up(options(1000, PARK)).await;
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test]
async fn a_projector_whose_read_model_was_rebuilt_stops() {
    let ground = Ground::new(STORE).await;
    let mut items = ground.feed.subscribe();
    let running = ground.start(options(10, PARK)).await;
    let history = busy_history();
    ground.append(&history.events[..1]).await;
    reached(&mut items, Position(1)).await;
    ground.change("UPDATE checkpoint SET generation = 2").await;
    ground.append(&history.events[1..2]).await;
    let ended = running.ended().await;
    assert!(matches!(ended, Err(ProjectorError::Superseded { ours: 1, stored: 2 })), "{ended:?}");
}

#[tokio::test]
async fn it_stops_when_told_to_even_when_nothing_happens() {
    let running = Ground::new(STORE).await.start(options(10, PARK)).await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_committed_is_told_of_though_nobody_can_tell_the_end_of_the_log() {
    let mut history = busy_history();
    history.record_poison(StreamName::movie(film(1))).delete(2);
    let ground = Ground::with(STORE, &history.events).await;
    let mut items = ground.feed.subscribe();
    let log = WrappedLog::headless(Arc::clone(&ground.log) as _);
    let running = ground.start_on(Arc::new(log), options(5, PARK)).await;
    let mut told = 0;
    for item in reached(&mut items, history.events.last().unwrap().position).await {
        let FeedItem::Changed(change) = item else { panic!("nothing was missed") };
        assert_eq!(change.previous.position.0, told);
        told = change.checkpoint.position.0;
    }
    running.stop().await.unwrap();
    assert_eq!(ground.stored().await, folded(&history.events));
}

#[tokio::test]
async fn its_metrics_say_where_it_is_and_what_is_parked() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let mut history = History::default();
    history.create_with_genres(1, []).record_poison(StreamName::movie(film(1))).delete(1);
    let ground = Ground::with(STORE, &history.events).await;
    ground.catch_up(options(10, PARK)).await;
    let text = recorder.handle().render();
    for line in [
        "cinelog_projector_position 3",
        "cinelog_projector_lag_events 0",
        "cinelog_projector_parked_streams 1",
        "cinelog_projector_leading 0",
        "cinelog_projector_events_total{outcome=\"applied\"} 1",
        "cinelog_projector_events_total{outcome=\"parked\"} 2",
        "# HELP cinelog_projector_lag_events Events that the log has and the read model has not.",
    ] {
        assert!(text.lines().any(|there| there == line), "{line} in\n{text}");
    }
}
