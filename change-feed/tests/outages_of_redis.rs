//! What is lost on the way over Redis is said to be missed, however silently it was lost, and in time.

#![expect(clippy::unwrap_used, reason = "what cannot be made fails its test")]

use std::time::{Duration, Instant};

use change_feed::redis::{RedisChangeFeed, RedisChangeFeedOptions};
use futures::{StreamExt, stream::BoxStream};
use proving_ground::{CuttingProxy, PrivateRedis};
use read_model::{
    ChangeFeed, FeedItem,
    suite::{change, changed},
};
use redis_link::{RedisLink, RedisLinkOptions};

/// Ends a test that hangs, by an error.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a connection may be silent here: a server that is busy is not taken for a dead one.
const SILENCE_MAX: Duration = Duration::from_secs(2);

/// What the options promise of a connection that has died silently, twice that, and much more for a machine
/// that has other things to do.
const TOLD_WITHIN: Duration = Duration::from_secs(20);

/// A publisher beside the proxy, a subscriber behind it.
struct Two {
    redis: PrivateRedis,
    proxy: CuttingProxy,
    publisher: RedisChangeFeed,
    subscriber: RedisChangeFeed,
}

async fn feed(url: &str) -> RedisChangeFeed {
    let timeout = Duration::from_secs(2);
    let link = RedisLink::new(RedisLinkOptions { timeout, ..RedisLinkOptions::at(url) }).unwrap();
    let options =
        RedisChangeFeedOptions { silence_max: SILENCE_MAX, ..RedisChangeFeedOptions::of("films") };
    RedisChangeFeed::connect(link, options).await
}

impl Two {
    async fn connected() -> Self {
        let redis = PrivateRedis::start().await;
        let proxy = CuttingProxy::to(&redis.url()).await;
        let publisher = feed(&redis.url()).await;
        let subscriber = feed(&proxy.url_for(&redis.url())).await;
        Self { redis, proxy, publisher, subscriber }
    }
}

async fn next(items: &mut BoxStream<'static, FeedItem>) -> FeedItem {
    tokio::time::timeout(PATIENCE, items.next()).await.unwrap().unwrap()
}

/// Publishes one change after the other until one is heard that was published after the feed was whole
/// again.
async fn is_whole_again(publisher: &impl ChangeFeed, items: &mut BoxStream<'static, FeedItem>) {
    let (begun, mut position) = (Instant::now(), 1_000);
    loop {
        publisher.publish(change(position, position + 1)).await;
        position += 1;
        let heard = tokio::time::timeout(Duration::from_millis(100), async {
            while !matches!(items.next().await.unwrap(), FeedItem::Changed(_)) {}
        });
        if heard.await.is_ok() {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "no change was heard again");
    }
}

#[tokio::test]
async fn what_was_published_while_the_connection_was_cut_is_missed_and_then_changes_are_heard_again()
 {
    let two = Two::connected().await;
    let mut items = two.subscriber.subscribe();
    two.publisher.publish(change(0, 1)).await;
    assert_eq!(next(&mut items).await, changed(0, 1));
    two.proxy.refuse(true);
    two.proxy.cut();
    assert_eq!(next(&mut items).await, FeedItem::Missed);
    two.publisher.publish(change(1, 2)).await;
    // Again, for what was remembered since.
    assert_eq!(next(&mut items).await, FeedItem::Missed);
    two.proxy.refuse(false);
    is_whole_again(&two.publisher, &mut items).await;
}

#[tokio::test]
async fn a_connection_that_is_silently_dead_is_noticed_in_time_and_again_and_again() {
    let two = Two::connected().await;
    let mut items = two.subscriber.subscribe();
    two.publisher.publish(change(0, 1)).await;
    assert_eq!(next(&mut items).await, changed(0, 1));
    two.proxy.pause(true);
    for _ in 0..3 {
        let begun = Instant::now();
        two.publisher.publish(change(1, 2)).await;
        assert_eq!(next(&mut items).await, FeedItem::Missed);
        assert!(begun.elapsed() < TOLD_WITHIN, "{:?}", begun.elapsed());
    }
    two.proxy.pause(false);
    is_whole_again(&two.publisher, &mut items).await;
}

#[tokio::test]
async fn a_publisher_is_never_held_up_and_tells_later_that_something_was_missed() {
    let two = Two::connected().await;
    // The other way round: it is the publisher whose connections hang.
    let (publisher, subscriber) = (&two.subscriber, &two.publisher);
    let mut items = subscriber.subscribe();
    publisher.publish(change(0, 1)).await;
    assert_eq!(next(&mut items).await, changed(0, 1));
    two.proxy.pause(true);
    let begun = Instant::now();
    for position in 1..5_000 {
        publisher.publish(change(position, position + 1)).await;
    }
    // Whoever waited for each of them would take half an hour.
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    two.proxy.pause(false);
    two.proxy.cut();
    while next(&mut items).await != FeedItem::Missed {}
    is_whole_again(publisher, &mut items).await;
}

#[tokio::test]
async fn a_last_change_that_could_not_be_sent_is_said_to_be_missed_without_another() {
    let two = Two::connected().await;
    let (publisher, subscriber) = (&two.subscriber, &two.publisher);
    let mut items = subscriber.subscribe();
    publisher.publish(change(0, 1)).await;
    assert_eq!(next(&mut items).await, changed(0, 1));
    two.proxy.cut_after_client_bytes(1);
    publisher.publish(change(1, 2)).await;
    assert_eq!(next(&mut items).await, FeedItem::Missed);
}

#[tokio::test]
async fn a_redis_that_was_killed_and_is_back_is_listened_to_again() {
    let mut two = Two::connected().await;
    let mut items = two.subscriber.subscribe();
    two.redis.kill().await;
    assert_eq!(next(&mut items).await, FeedItem::Missed);
    two.redis.start_again().await;
    is_whole_again(&two.publisher, &mut items).await;
}

#[tokio::test]
async fn a_feed_that_cannot_be_reached_at_first_is_there_later() {
    let redis = PrivateRedis::start().await;
    let proxy = CuttingProxy::to(&redis.url()).await;
    proxy.refuse(true);
    let subscriber = feed(&proxy.url_for(&redis.url())).await;
    let mut items = subscriber.subscribe();
    assert_eq!(next(&mut items).await, FeedItem::Missed);
    proxy.refuse(false);
    is_whole_again(&feed(&redis.url()).await, &mut items).await;
}

#[tokio::test]
async fn a_text_that_another_version_or_somebody_else_sent_is_missed() {
    let two = Two::connected().await;
    let mut items = two.subscriber.subscribe();
    let link = RedisLink::new(RedisLinkOptions {
        timeout: PATIENCE,
        ..RedisLinkOptions::at(two.redis.url())
    });
    let link = link.unwrap();
    link.becomes(true).await;
    for text in [&b"{\"newer\": true}"[..], b"\xff\xfe"] {
        let publish = redis::cmd("PUBLISH").arg("films:changes.v1").arg(text).to_owned();
        assert_eq!(link.query::<u64>(&publish).await, Ok(2));
        assert_eq!(next(&mut items).await, FeedItem::Missed);
    }
}
