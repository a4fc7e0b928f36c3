//! What one node has answered, another gives without reading; and neither ever answers what was before.

use crate::ground::{World, metric, metric_is, read, title};

const HITS: &str = "cinelog_response_cache_shared_total{outcome=\"hit\"}";
const PUT: &str = "cinelog_shared_answers_put_total{outcome=\"put\"}";
const UP: &str = "cinelog_redis_up";

/// A deadline that a busy machine does not miss.
const LONG: &str = "1s";

#[tokio::test]
async fn what_one_query_node_has_answered_another_gives_without_reading() {
    let world = World::waiting(LONG).await;
    let [one, other] = &world.queries;
    let films = world.films(20).await;
    for node in [one, other] {
        metric_is(node, UP, |up| up == 1.0).await;
    }
    let put = metric(one, PUT).await;
    for film in &films {
        one.anyone().get(&film.address).await.expect(200);
    }
    metric_is(one, PUT, |now| now >= put + 15.0).await;
    let hits = metric(other, HITS).await;
    for film in &films {
        let (of_one, of_other) =
            (one.anyone().get(&film.address).await, other.anyone().get(&film.address).await);
        assert_eq!(of_one.header("ETag"), of_other.header("ETag"));
        assert_eq!(of_one.text, of_other.text);
    }
    let hits = metric(other, HITS).await - hits;
    assert!(hits >= 15.0, "{hits} of 20 were not read by the other node");
}

#[tokio::test]
async fn two_nodes_behind_one_redis_never_answer_what_was_before_a_position() {
    for change_feed in [false, true] {
        let world = match change_feed {
            true => World::with_change_feed(LONG).await,
            false => World::waiting(LONG).await,
        };
        let film = world.films(1).await.remove(0);
        let mut shown = [0, 0];
        for round in 0..60 {
            let named = format!("Take {round}");
            let position = world.retitle(&film, &named).await;
            // Sometimes the one is first to ask, and sometimes the other.
            for at in [round % 2, (round + 1) % 2] {
                let (title, shows) = read(&world.queries[at], &film, &position).await;
                assert_eq!(title, named, "node {at} at {shows}, asked for {position}");
                assert!(shows >= position.parse().expect("a position"));
            }
            for (at, node) in world.queries.iter().enumerate() {
                let answer = node.anyone().get(&film.address).await.expect(200);
                let shows: u64 = answer.header("Cinelog-Position").parse().expect("a position");
                assert_eq!(title(&answer.json()), named);
                assert!(shows >= shown[at], "node {at} goes back to {shows}");
                shown[at] = shows;
            }
        }
    }
}

#[tokio::test]
async fn changes_that_go_over_redis_are_seen_by_nodes_that_are_not_asked_for_a_position() {
    let world = World::with_change_feed(LONG).await;
    let film = world.films(1).await.remove(0);
    for node in &world.queries {
        node.anyone().get(&film.address).await.expect(200);
        metric_is(node, "cinelog_change_feed_listening", |listening| listening == 1.0).await;
    }
    world.retitle(&film, "Kagemusha").await;
    for node in &world.queries {
        let deadline = std::time::Instant::now() + e2e::PATIENCE;
        while title(&node.anyone().get(&film.address).await.json()) != "Kagemusha" {
            assert!(std::time::Instant::now() < deadline, "it is never seen");
        }
    }
}
