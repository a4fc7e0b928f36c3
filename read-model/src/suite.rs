//! The behaviour suite of the change feed: what the port promises, for every adapter alike.
//!
//! An adapter plugs in with a [`Fixture`] and one line, `read_model::change_feed_suite!(fresh)`, where
//! `fresh` is an async function that gives one. The suite knows the port and no adapter, and no runtime:
//! the macro brings tokio's, with a guard against tests that hang.

use std::{any::Any, sync::Arc};

use events::{MovieId, Position, Slug};
use futures::{StreamExt, stream::BoxStream};
use uuid::Uuid;

use crate::{ChangeFeed, Checkpoint, FacetKind, FeedItem, ReadModelChanged};

/// A feed of its own for one test, held as an adapter holds it: by processes of which each has its own
/// end of it, where it crosses them.
pub struct Fixture {
    /// Where a projector is at work.
    pub publisher: Arc<dyn ChangeFeed>,
    /// Where queries are answered.
    pub subscriber: Arc<dyn ChangeFeed>,
    /// How many changes `subscriber` holds for the slowest who listens there; at least 5.
    pub capacity: usize,
    /// What must live as long, such as a database.
    pub held: Box<dyn Any + Send>,
}

/// A change without anything in it.
#[must_use]
pub fn change(from: u64, to: u64) -> ReadModelChanged {
    let at = |position| Checkpoint { generation: 1, position: Position(position) };
    ReadModelChanged { previous: at(from), ..ReadModelChanged::anew(at(to)) }
}

/// What a subscriber gets of that.
#[must_use]
pub fn changed(from: u64, to: u64) -> FeedItem {
    FeedItem::Changed(Arc::new(change(from, to)))
}

/// The next so many items.
pub async fn take(items: &mut BoxStream<'static, FeedItem>, count: usize) -> Vec<FeedItem> {
    items.take(count).collect().await
}

pub async fn every_subscriber_gets_every_change_in_order(fixture: Fixture) {
    let (mut one, mut other) = (fixture.subscriber.subscribe(), fixture.subscriber.subscribe());
    for position in 0..5 {
        fixture.publisher.publish(change(position, position + 1)).await;
    }
    let expected: Vec<FeedItem> = (0..5).map(|position| changed(position, position + 1)).collect();
    assert_eq!(take(&mut one, 5).await, expected);
    assert_eq!(take(&mut other, 5).await, expected);
}

pub async fn whoever_publishes_hears_it_too(fixture: Fixture) {
    let mut items = fixture.publisher.subscribe();
    fixture.publisher.publish(change(0, 1)).await;
    assert_eq!(take(&mut items, 1).await, [changed(0, 1)]);
}

pub async fn all_of_a_change_is_told(fixture: Fixture) {
    use FacetKind::{Actor, Director, Genre, Person, Platform, Studio, Tag};
    let mut items = fixture.subscriber.subscribe();
    let facets =
        [Genre, Tag, Platform, Director, Actor, Person, Studio].into_iter().flat_map(|kind| {
            ["Film noir", "黒澤明", "\"'\\\u{1F3AC}"].map(|name| (kind, Slug::of(name)))
        });
    let rich = ReadModelChanged {
        previous: Checkpoint { generation: 7, position: Position(1 << 53) },
        checkpoint: Checkpoint { generation: 7, position: Position(i64::MAX as u64) },
        movies: [0, 1, u128::MAX].map(|id| MovieId(Uuid::from_u128(id))).to_vec(),
        facets: facets.collect(),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
    };
    fixture.publisher.publish(rich.clone()).await;
    assert_eq!(take(&mut items, 1).await, [FeedItem::Changed(Arc::new(rich))]);
}

/// An adapter need not carry what is huge. What it must not do is to lose it without a word.
pub async fn a_huge_change_is_told_or_said_to_be_missed(fixture: Fixture) {
    let mut items = fixture.subscriber.subscribe();
    let huge = ReadModelChanged {
        movies: (0..10_000).map(|id| MovieId(Uuid::from_u128(id))).collect(),
        ..change(1, 2)
    };
    let whole = FeedItem::Changed(Arc::new(huge.clone()));
    fixture.publisher.publish(change(0, 1)).await;
    assert_eq!(take(&mut items, 1).await, [changed(0, 1)]);
    fixture.publisher.publish(huge).await;
    let heard = take(&mut items, 1).await;
    assert!(heard == [whole] || heard == [FeedItem::Missed], "something else was heard");
    fixture.publisher.publish(change(2, 3)).await;
    assert_eq!(take(&mut items, 1).await, [changed(2, 3)]);
}

pub async fn a_subscriber_gets_nothing_from_before_it_came(fixture: Fixture) {
    let mut early = fixture.subscriber.subscribe();
    fixture.publisher.publish(change(0, 1)).await;
    assert_eq!(take(&mut early, 1).await, [changed(0, 1)]);
    let mut late = fixture.subscriber.subscribe();
    fixture.publisher.publish(change(1, 2)).await;
    assert_eq!(take(&mut late, 1).await, [changed(1, 2)]);
}

pub async fn a_slow_subscriber_is_told_that_it_missed_something_and_holds_nobody_up(
    fixture: Fixture,
) {
    let (mut slow, mut quick) = (fixture.subscriber.subscribe(), fixture.subscriber.subscribe());
    let all = fixture.capacity as u64 + 3;
    for position in 0..all {
        fixture.publisher.publish(change(position, position + 1)).await;
        assert_eq!(take(&mut quick, 1).await, [changed(position, position + 1)]);
    }
    let mut expected = vec![FeedItem::Missed];
    expected.extend((3..all).map(|position| changed(position, position + 1)));
    assert_eq!(take(&mut slow, expected.len()).await, expected);
}

pub async fn a_gap_between_two_changes_is_told(fixture: Fixture) {
    let mut items = fixture.subscriber.subscribe();
    fixture.publisher.publish(change(0, 1)).await;
    fixture.publisher.publish(change(4, 5)).await;
    let expected = [changed(0, 1), FeedItem::Missed, changed(4, 5)];
    assert_eq!(take(&mut items, expected.len()).await, expected);
}

pub async fn a_change_of_another_generation_is_no_silent_successor(fixture: Fixture) {
    let mut items = fixture.subscriber.subscribe();
    let mut other = change(1, 1);
    (other.previous.generation, other.checkpoint.generation) = (2, 2);
    fixture.publisher.publish(change(0, 1)).await;
    fixture.publisher.publish(other.clone()).await;
    let expected = [changed(0, 1), FeedItem::Missed, FeedItem::Changed(Arc::new(other))];
    assert_eq!(take(&mut items, expected.len()).await, expected);
}

pub async fn a_subscription_ends_when_the_feed_is_gone(fixture: Fixture) {
    let mut items = fixture.subscriber.subscribe();
    drop(fixture);
    assert_eq!(items.next().await, None);
}

/// Makes a test of every behaviour. Needs tokio with its macros and time.
#[macro_export]
macro_rules! change_feed_suite {
    ($fresh:path) => {
        $crate::change_feed_suite! { @tests $fresh:
            every_subscriber_gets_every_change_in_order,
            whoever_publishes_hears_it_too,
            all_of_a_change_is_told,
            a_huge_change_is_told_or_said_to_be_missed,
            a_subscriber_gets_nothing_from_before_it_came,
            a_slow_subscriber_is_told_that_it_missed_something_and_holds_nobody_up,
            a_gap_between_two_changes_is_told,
            a_change_of_another_generation_is_no_silent_successor,
            a_subscription_ends_when_the_feed_is_gone,
        }
    };
    (@tests $fresh:path: $($behaviour:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                let guard = std::time::Duration::from_secs(60);
                let behaviour = async { $crate::suite::$behaviour($fresh().await).await };
                assert!(tokio::time::timeout(guard, behaviour).await.is_ok(), "it hangs");
            }
        )+
    };
}
