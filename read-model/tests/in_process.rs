//! The feed of a single process keeps what the port promises.

use std::sync::Arc;

use futures::{FutureExt, StreamExt, executor::block_on};
use read_model::{
    ChangeFeed, FeedItem, InProcessChangeFeed,
    suite::{Fixture, change, changed},
};

const CAPACITY: usize = 8;

async fn fresh() -> Fixture {
    let feed = Arc::new(InProcessChangeFeed::new(CAPACITY));
    Fixture { publisher: feed.clone(), subscriber: feed, capacity: CAPACITY, held: Box::new(()) }
}

read_model::change_feed_suite!(fresh);

#[test]
fn every_behaviour_of_the_suite_is_a_test() {
    let suite = include_str!("../src/suite.rs");
    let behaviours = suite.lines().filter_map(|line| line.strip_prefix("pub async fn "));
    for behaviour in behaviours.filter_map(|line| line.split('(').next()) {
        let is_plugged_in = suite.contains(&format!("            {behaviour},\n"));
        assert!(is_plugged_in || behaviour == "take", "{behaviour} is not plugged in");
    }
}

#[test]
fn what_was_lost_on_the_way_is_told_once_and_the_next_change_needs_no_predecessor() {
    let feed = InProcessChangeFeed::new(8);
    let mut items = feed.subscribe();
    block_on(feed.publish(change(0, 1)));
    feed.tell(FeedItem::Missed);
    block_on(feed.publish(change(4, 5)));
    let heard: Vec<FeedItem> =
        std::iter::from_fn(|| items.next().now_or_never().flatten()).collect();
    assert_eq!(heard, [changed(0, 1), FeedItem::Missed, changed(4, 5)]);
}
