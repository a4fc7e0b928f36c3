//! Order: positions without gaps, which become visible in their order.

use std::{collections::HashMap, sync::Arc};

use events::{Position, RecordedEvent, Revision, StreamName};
use futures::{StreamExt, future::join_all};

use super::{
    Fixture,
    facts::{add, append, event, events, everything, ids, positions, recorded_ids, stream},
};
use crate::{Append, AppendError, Direction, EventLog, Expected};

const WRITERS: usize = 16;
const APPENDS: usize = 50;

pub async fn positions_have_no_gaps(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    add(&*log, "movie-1", 2).await;
    append(&*log, "movie-1", Expected::NoStream, events(3)).await.unwrap_err();
    add(&*log, "movie-2", 1).await;
    add(&*log, "movie-1", 2).await;
    assert_eq!(positions(&everything(&*log).await), [1, 2, 3, 4, 5]);
}

pub async fn events_of_one_append_are_neighbours(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let appends: Vec<_> = (0..20).map(|_| events(3)).collect();
    let expected: Vec<_> = appends.iter().map(|events| ids(events)).collect();
    join_all(appends.into_iter().map(|events| append(&*log, "movie-1", Expected::Any, events)))
        .await;
    let recorded = everything(&*log).await;
    let mut found: Vec<_> = recorded.chunks(3).map(recorded_ids).collect();
    found.sort();
    assert_eq!(found, expected);
}

pub async fn a_reader_that_tails_concurrent_writers_skips_nothing(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let polling = tokio::spawn(tail_by_reading(Arc::clone(&log)));
    let subscribed = tokio::spawn(tail_by_subscribing(Arc::clone(&log)));
    let writers = (0..WRITERS).map(|writer| {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            for turn in 0..APPENDS {
                // Every other append goes to a stream that the writers share.
                let name =
                    if turn % 2 == 0 { "shared".to_owned() } else { format!("own-{writer}") };
                add(&*log, &name, 1).await;
            }
        })
    });
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    assert_eq!(recorded_ids(&polling.await.unwrap()), recorded_ids(&everything(&*log).await));
    assert_eq!(recorded_ids(&subscribed.await.unwrap()), recorded_ids(&everything(&*log).await));
}

async fn tail_by_reading(log: Arc<dyn EventLog>) -> Vec<RecordedEvent> {
    let mut order = Order::default();
    while order.seen.len() < WRITERS * APPENDS {
        let page = log.read_all(order.last(), Direction::Forwards, 100).await.unwrap();
        order.extend(page);
    }
    order.seen
}

async fn tail_by_subscribing(log: Arc<dyn EventLog>) -> Vec<RecordedEvent> {
    let mut order = Order::default();
    let mut batches = log.subscribe_all(Position::START);
    while order.seen.len() < WRITERS * APPENDS {
        order.extend(batches.next().await.unwrap().unwrap());
    }
    order.seen
}

/// What a tailing reader has seen, in an order that is checked.
#[derive(Default)]
struct Order {
    seen: Vec<RecordedEvent>,
    revisions: HashMap<StreamName, Revision>,
}

impl Order {
    fn last(&self) -> Position {
        self.seen.last().map_or(Position::START, |event| event.position)
    }

    fn extend(&mut self, page: Vec<RecordedEvent>) {
        for event in page {
            assert_eq!(event.position, self.last().next(), "an event was skipped or repeated");
            let revision = self.revisions.entry(event.stream.clone()).or_default();
            assert_eq!(event.revision, revision.next(), "revisions are out of order");
            *revision = event.revision;
            self.seen.push(event);
        }
    }
}

pub async fn writers_that_contend_for_one_stream_all_get_through(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    let writers = (0..WRITERS).map(|_| {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            let mut revision = Revision::NONE;
            for _ in 0..5 {
                let event = event();
                loop {
                    let expected = Expected::Exact(revision);
                    match append(&*log, "movie-1", expected, vec![event.clone()]).await {
                        Ok(appended) => break revision = appended.revision,
                        Err(AppendError::Conflict { actual }) => revision = actual,
                        Err(other) => panic!("{other}"),
                    }
                }
            }
        })
    });
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    let found = log.read_stream(&stream("movie-1"), Revision(1), usize::MAX).await.unwrap();
    let revisions: Vec<u64> = found.iter().map(|event| event.revision.0).collect();
    assert_eq!(revisions, (1..=WRITERS as u64 * 5).collect::<Vec<_>>());
}

pub async fn what_is_acknowledged_is_visible(fixture: &mut dyn Fixture) {
    let log = fixture.log();
    for _ in 0..20 {
        let event = event();
        let id = event.id;
        let at =
            log.append(Append::new(stream("movie-1"), Expected::Any, vec![event])).await.unwrap();
        assert_eq!(log.last_acknowledged(), at.position);
        assert_eq!(log.head().await.unwrap(), at.position);
        let read = log.read_stream(&stream("movie-1"), at.revision, 1).await.unwrap();
        assert_eq!(recorded_ids(&read), [id]);
    }
}
