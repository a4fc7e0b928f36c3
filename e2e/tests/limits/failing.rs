//! Whatever becomes of Redis, requests are counted, and none waits for long.

use std::time::{Duration, Instant};

use crate::{
    ground::{NO_FILM, metric},
    two_nodes::{Pair, is},
};

const ALONE: &str = "cinelog_rate_limit_alone";
const LATE: &str = "cinelog_redis_commands_total{outcome=\"late\"}";

/// How many are asked in each state that Redis is in.
const ASKED: usize = 60;

/// What one request may take beyond its wait for Redis, on a machine that has other things to do.
const BUSY_MAX: Duration = Duration::from_secs(20);

/// How long each of so many, one after the other, took; and how many commands to Redis were waited for until
/// their deadline.
async fn ask(pair: &Pair, times: usize) -> (Vec<Duration>, f64) {
    let client = pair.nodes[0].anyone();
    let (mut took, before) = (Vec::new(), metric(&pair.nodes[0], LATE).await);
    for _ in 0..times {
        let started = Instant::now();
        let answer = client.get(NO_FILM).await;
        took.push(started.elapsed());
        assert!(matches!(answer.status, 404 | 429), "{answer:?}");
    }
    took.sort();
    (took, metric(&pair.nodes[0], LATE).await - before)
}

#[tokio::test]
async fn while_redis_is_dead_or_hangs_each_node_counts_by_itself_and_says_so() {
    for (timeout, waits) in [("1s", Duration::from_secs(1)), ("5ms", Duration::from_millis(5))] {
        let mut pair = Pair::waiting(timeout, &[("read", "100000 per hour")]).await;
        let there = ask(&pair, ASKED).await;
        pair.redis.halt();
        let hung = ask(&pair, ASKED).await;
        assert_eq!(metric(&pair.nodes[0], ALONE).await, 1.0);
        pair.redis.go_on();
        is(&pair.nodes[0], "cinelog_redis_up", 1.0).await;
        pair.redis.kill().await;
        let dead = ask(&pair, ASKED).await;
        assert_eq!(metric(&pair.nodes[0], ALONE).await, 1.0);
        println!("redis.timeout {timeout}; {ASKED} requests each:");
        for (what, (took, late)) in [("there", &there), ("hung", &hung), ("dead", &dead)] {
            let median = took[ASKED / 2];
            println!(
                "{what:>6}: median {median:.1?}, longest {:.1?}, {late} late",
                took[ASKED - 1]
            );
            // Three in a row are waited for, then nobody waits (redis-link); and beside them it is asked
            // whether the connection still lives. A shorter deadline is missed without Redis' doing.
            let is_long = waits.as_millis() >= 1_000;
            assert!(!is_long || (*late <= 4.0 && median < waits), "{what}: {late}, {took:?}");
            assert!(took[ASKED - 1] < waits + BUSY_MAX, "{what}: {took:?}");
        }
        pair.redis.start_again().await;
        // It knows no script any more: the first that are asked may be late.
        let deadline = Instant::now() + e2e::PATIENCE;
        while metric(&pair.nodes[0], ALONE).await != 0.0 {
            assert!(Instant::now() < deadline, "it goes on counting by itself");
            ask(&pair, 1).await;
        }
    }
}

#[tokio::test]
async fn two_nodes_without_redis_let_in_the_quota_each() {
    let mut pair = Pair::waiting("1s", &[("read", "30 per hour")]).await;
    pair.redis.kill().await;
    for node in &pair.nodes {
        is(node, "cinelog_redis_up", 0.0).await;
    }
    assert_eq!(pair.admitted(200).await, 60);
}
