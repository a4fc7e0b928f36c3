//! Whatever becomes of Redis, requests are counted, and none waits for long.

use std::time::{Duration, Instant};

use crate::{
    ground::{NO_FILM, metric},
    two_nodes::{Pair, is},
};

const ALONE: &str = "cinelog_rate_limit_alone";

/// How many are asked in each state that Redis is in.
const ASKED: usize = 60;

/// How long each of so many, one after the other, took; and how many of them were let in.
async fn ask(pair: &Pair, times: usize) -> (Vec<Duration>, usize) {
    let client = pair.nodes[0].anyone();
    let (mut took, mut admitted) = (Vec::new(), 0);
    for _ in 0..times {
        let started = Instant::now();
        let answer = client.get(NO_FILM).await;
        took.push(started.elapsed());
        assert!(matches!(answer.status, 404 | 429), "{answer:?}");
        admitted += usize::from(answer.status == 404);
    }
    took.sort();
    (took, admitted)
}

#[tokio::test]
async fn while_redis_is_dead_or_hangs_each_node_counts_by_itself_and_says_so() {
    for (timeout, waits) in [("1s", Duration::from_secs(1)), ("5ms", Duration::from_millis(5))] {
        let mut pair = Pair::waiting(timeout, &[("read", "100000 per hour")]).await;
        let (there, _) = ask(&pair, ASKED).await;
        pair.redis.halt();
        let (hung, _) = ask(&pair, ASKED).await;
        assert_eq!(metric(&pair.nodes[0], ALONE).await, 1.0);
        pair.redis.go_on();
        is(&pair.nodes[0], "cinelog_redis_up", 1.0).await;
        pair.redis.kill().await;
        let (dead, _) = ask(&pair, ASKED).await;
        assert_eq!(metric(&pair.nodes[0], ALONE).await, 1.0);
        println!("redis.timeout {timeout}; {ASKED} requests each:");
        for (what, took) in [("there", &there), ("hung", &hung), ("dead", &dead)] {
            println!("{what:>6}: median {:.1?}, longest {:.1?}", took[ASKED / 2], took[ASKED - 1]);
            // Three in a row are waited for, then nobody waits (redis-link).
            let late = took.iter().filter(|took| **took >= waits).count();
            assert!(waits.as_millis() < 1_000 || late <= 3, "{what}: {took:?}");
            assert!(took[ASKED - 1] < waits + Duration::from_secs(2), "{what}: {took:?}");
        }
        pair.redis.start_again().await;
        is(&pair.nodes[0], "cinelog_redis_up", 1.0).await;
        ask(&pair, 1).await;
        assert_eq!(metric(&pair.nodes[0], ALONE).await, 0.0);
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
