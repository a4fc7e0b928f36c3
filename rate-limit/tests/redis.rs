//! Counters on Redis keep what the port promises, over two links; and whatever becomes of Redis, somebody
//! counts.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without fails it")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use proving_ground::{CuttingProxy, PrivateRedis, RedisServer};
use rate_limit::{
    Policy, RateCounters, RedisRateCounters, Window,
    suite::{Fixture, Ground},
};
use redis::cmd;
use redis_link::{RedisLink, RedisLinkOptions};

/// A deadline that a busy machine cannot miss.
const LONG: Duration = Duration::from_secs(10);

/// Ends a test that hangs, by an error.
const PATIENCE: Duration = Duration::from_secs(60);

async fn linked(url: &str, timeout: Duration) -> RedisLink {
    let options = RedisLinkOptions { timeout, ..RedisLinkOptions::at(url) };
    let link = RedisLink::new(options).unwrap();
    tokio::time::timeout(PATIENCE, link.becomes(true)).await.unwrap();
    link
}

/// Moves the ends of all windows, which is what time does to them.
struct Moved {
    link: RedisLink,
    prefix: String,
    nodes: [Arc<RedisRateCounters>; 2],
}

impl Moved {
    /// However far the ends are moved, no two windows began in the same millisecond: as in real life.
    async fn a_millisecond_passes(&self) {
        let now = async || {
            let [seconds, micros]: [u64; 2] = self.link.query(&cmd("TIME")).await.unwrap();
            seconds * 1_000 + micros / 1_000
        };
        let began = now().await;
        while now().await <= began + 1 {}
    }

    async fn keys(&self) -> Vec<String> {
        let mut scan = cmd("KEYS");
        scan.arg(format!("{}:*", self.prefix));
        self.link.query(&scan).await.unwrap()
    }
}

#[async_trait]
impl Ground for Moved {
    async fn elapse(&self, time: Duration) {
        self.a_millisecond_passes().await;
        let script = redis::Script::new(
            "local fields = redis.call('HGETALL', KEYS[1])
             for at = 1, #fields, 2 do
                 local count, ends = string.match(fields[at + 1], '^(%d+) (%d+)$')
                 local text = string.format('%s %.0f', count, tonumber(ends) - ARGV[1])
                 redis.call('HSET', KEYS[1], fields[at], text)
             end
             local left = redis.call('PTTL', KEYS[1]) - ARGV[1]
             assert(left < 40 * 86400 * 1000)
             return redis.call('PEXPIRE', KEYS[1], math.max(0, left))",
        );
        for key in self.keys().await {
            let milliseconds = u64::try_from(time.as_millis()).unwrap();
            let moved: Result<u32, _> =
                self.link.invoke(script.prepare_invoke().key(key).arg(milliseconds)).await;
            moved.unwrap();
        }
    }

    async fn was_counted_on(&self) {
        assert!(self.nodes.iter().all(|node| !node.is_alone()), "Redis was away");
        for key in self.keys().await {
            let left: i64 = self.link.query(cmd("PTTL").arg(&key)).await.unwrap();
            assert!(left >= 0, "{key} has an end");
        }
    }
}

async fn fresh() -> Fixture {
    let (server, prefix) = (RedisServer::running(), RedisServer::new_prefix());
    let node = async || Arc::new(RedisRateCounters::new(linked(server.url(), LONG).await, &prefix));
    let (one, other) = (node().await, node().await);
    let link = linked(server.url(), LONG).await;
    let ground = Moved { link, prefix, nodes: [one.clone(), other.clone()] };
    Fixture { one, other, ground: Arc::new(ground) }
}

rate_limit::rate_counters_suite!(fresh);

fn policy(quota: u32) -> Policy {
    let minute = Window::new("minute", quota, Duration::from_secs(60)).unwrap();
    let hour = Window::new("hour", 1_000_000, Duration::from_secs(3_600)).unwrap();
    Policy::new([minute, hour]).unwrap()
}

/// How often one of `times` is admitted, and how long all of them take.
async fn admitted(node: &RedisRateCounters, times: usize, quota: u32) -> (u32, Duration) {
    let (started, mut admitted) = (Instant::now(), 0);
    for _ in 0..times {
        admitted += u32::from(node.take("me", 1, &policy(quota)).await.admitted);
    }
    (admitted, started.elapsed())
}

#[tokio::test]
async fn while_redis_hangs_a_node_counts_by_itself_and_nobody_waits_for_long() {
    let redis = PrivateRedis::start().await;
    let link = linked(&redis.url(), Duration::from_secs(5)).await;
    let node = RedisRateCounters::new(link.clone(), "films");
    assert_eq!(admitted(&node, 3, 5).await.0, 3);
    assert!(!node.is_alone());
    redis.halt();
    let (alone, took) = admitted(&node, 1_000, 5).await;
    assert_eq!(alone, 5);
    // A thousand deadlines are more than an hour.
    assert!(node.is_alone() && took < PATIENCE, "{took:?}");
    redis.go_on();
    tokio::time::timeout(PATIENCE, link.becomes(true)).await.unwrap();
    // What was late may have been counted there after all: no more than the quota, in any case.
    let (again, _) = admitted(&node, 10, 5).await;
    assert!(again <= 2 && !node.is_alone(), "{again}");
}

#[tokio::test]
async fn a_full_redis_makes_nodes_count_by_themselves() {
    let redis = PrivateRedis::start().await;
    let link = linked(&redis.url(), LONG).await;
    let node = RedisRateCounters::new(link.clone(), "films");
    assert_eq!(admitted(&node, 2, 5).await.0, 2);
    let full = cmd("CONFIG").arg("SET").arg("maxmemory").arg("1").to_owned();
    link.query::<()>(&full).await.unwrap();
    assert_eq!(admitted(&node, 10, 5).await.0, 5);
    assert!(node.is_alone() && link.is_up());
    let room = cmd("CONFIG").arg("SET").arg("maxmemory").arg("0").to_owned();
    link.query::<()>(&room).await.unwrap();
    assert_eq!(admitted(&node, 10, 5).await.0, 3);
    assert!(!node.is_alone());
}

#[tokio::test]
async fn what_somebody_else_put_under_a_key_counts_as_nothing() {
    let redis = PrivateRedis::start().await;
    let link = linked(&redis.url(), LONG).await;
    let node = RedisRateCounters::new(link.clone(), "films");
    node.take("me", 1, &policy(5)).await;
    let keys: Vec<String> = link.query(cmd("KEYS").arg("*")).await.unwrap();
    let [key] = &keys[..] else { panic!("{keys:?}") };
    assert!(key.starts_with("films:rates.v1:") && !key.contains("me"), "{key}");
    for (odd, left) in [
        (cmd("SET").arg(key).arg("text").to_owned(), 4),
        (cmd("HSET").arg(key).arg("minute/60").arg("many 9").to_owned(), 4),
        (cmd("HSET").arg(key).arg("minute/60").arg("3 99999999999999999999").to_owned(), 4),
        (cmd("HSET").arg(key).arg("minute/60").arg("3 1").to_owned(), 4),
        (cmd("HSET").arg(key).arg("minute/60").arg("99999999999 9999999999999").to_owned(), 4),
    ] {
        link.query::<()>(cmd("DEL").arg(key)).await.unwrap();
        link.query::<()>(&odd).await.unwrap();
        let taken = node.take("me", 1, &policy(5)).await;
        assert_eq!((taken.admitted, taken.windows[0].remaining), (true, left), "{odd:?}");
        assert!(!node.is_alone());
        let ends: i64 = link.query(cmd("PTTL").arg(key)).await.unwrap();
        assert!(ends > 0, "{odd:?}");
    }
}

#[tokio::test]
async fn taking_is_one_round_trip_and_one_command() {
    let redis = PrivateRedis::start().await;
    let proxy = CuttingProxy::to(&redis.url()).await;
    let link = linked(&proxy.url_for(&redis.url()), LONG).await;
    let node = RedisRateCounters::new(link.clone(), "films");
    node.take("me", 1, &policy(5)).await;
    // Resetting is a command, and so is asking.
    link.query::<()>(cmd("CONFIG").arg("RESETSTAT")).await.unwrap();
    node.take("me", 1, &policy(5)).await;
    let told: String = link.query(cmd("INFO").arg("commandstats")).await.unwrap();
    assert!(told.contains("cmdstat_evalsha:calls=1,"), "{told}");
    let others = ["cmdstat_eval:", "cmdstat_script"];
    assert!(!others.iter().any(|other| told.contains(other)), "{told}");
    assert_eq!(proxy.connections(), 1);
}
