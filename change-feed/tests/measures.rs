//! What feeds measure of themselves while nobody is there to talk to. Time is simulated: nothing here waits.

#![expect(clippy::unwrap_used, reason = "what cannot be made fails its test")]

use std::{net::TcpListener, time::Duration};

use change_feed::{
    postgres::{PostgresChangeFeed, PostgresChangeFeedOptions},
    redis::{RedisChangeFeed, RedisChangeFeedOptions},
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use read_model::{ChangeFeed, suite::change};
use redis_link::{RedisLink, RedisLinkOptions};
use tokio::time::sleep;

/// Longer than it takes to try again often.
const LONG: Duration = Duration::from_secs(120);

/// An address where nobody listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

async fn on_postgres() -> PostgresChangeFeed {
    let url = format!("postgres://nobody@{}/films", nowhere());
    PostgresChangeFeed::connect(PostgresChangeFeedOptions::at(url)).await.unwrap()
}

async fn on_redis() -> RedisChangeFeed {
    let options = RedisLinkOptions::at(format!("redis://{}/", nowhere()));
    let link = RedisLink::new(options).unwrap();
    RedisChangeFeed::connect(link, RedisChangeFeedOptions::of("films")).await
}

#[track_caller]
fn assert_shows(recorder: &PrometheusRecorder, line: &str) {
    let text = recorder.handle().render();
    assert!(text.lines().any(|there| there == line), "{line} in\n{text}");
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_never_was_connected_is_said_not_to_listen() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _measured = metrics::set_default_local_recorder(&recorder);
    let feed = on_postgres().await;
    assert_shows(&recorder, "cinelog_change_feed_listening 0");
    drop(feed);
    let recorder = PrometheusBuilder::new().build_recorder();
    let _measured = metrics::set_default_local_recorder(&recorder);
    let feed = on_redis().await;
    assert_shows(&recorder, "cinelog_change_feed_listening 0");
    drop(feed);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_told_counts_once_however_often_it_is_tried_to_say_so_over_postgres() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _measured = metrics::set_default_local_recorder(&recorder);
    let feed = on_postgres().await;
    for position in 0..3 {
        feed.publish(change(position, position + 1)).await;
    }
    sleep(LONG).await;
    assert_shows(&recorder, "cinelog_change_feed_unsent_total 3");
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_told_counts_once_however_often_it_is_tried_to_say_so_over_redis() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _measured = metrics::set_default_local_recorder(&recorder);
    let feed = on_redis().await;
    feed.publish(change(0, 1)).await;
    sleep(LONG).await;
    assert_shows(&recorder, "cinelog_change_feed_unsent_total 1");
}
