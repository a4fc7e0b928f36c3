//! Whatever becomes of Redis: no request fails, none waits for long, and nothing old is given out for long.

use std::time::{Duration, Instant};

use crate::ground::{Film, World, metric, metric_is, read, title};

const UP: &str = "cinelog_redis_up";
const LATE: &str = "cinelog_redis_commands_total{outcome=\"late\"}";

/// How many commands to Redis may be late in each state that it is in: three in a row (`late_max` in
/// redis-link/src/options.rs) before nobody waits, and for each of them what is under way that nobody waits
/// for.
const LATE_MAX: f64 = 12.0;

/// What one request may take beyond its wait for Redis, on a machine that has other things to do.
const BUSY_MAX: Duration = Duration::from_secs(20);

/// How many films are read in each state that Redis is in.
const READS: usize = 25;

/// How long an answer may be out of date where news of changes was lost: `LOOK_EVERY`, twice, in
/// query-api/src/cache.rs; and much more for a machine that has other things to do.
const OUT_OF_DATE_MAX: Duration = Duration::from_secs(15);

/// For how long an old answer must not have been given to be gone for good, and how many times in a row.
const GONE: (Duration, u32) = (Duration::from_secs(6), 20);

/// Reads films at a node, each once, so that none is kept by the node itself; gives how long each took, and
/// how many commands to Redis were late meanwhile.
async fn read_each(world: &World, films: &[Film]) -> (Vec<Duration>, f64) {
    let (mut took, before) = (Vec::new(), metric(&world.queries[0], LATE).await);
    for film in films {
        let started = Instant::now();
        let answer = world.queries[0].anyone().get(&film.address).await.expect(200);
        took.push(started.elapsed());
        assert!(title(&answer.json()).starts_with("Film"));
    }
    took.sort();
    (took, metric(&world.queries[0], LATE).await - before)
}

#[tokio::test]
async fn while_redis_is_full_paused_halted_or_dead_a_few_requests_wait_once_and_the_others_do_not()
{
    // So long that a busy machine is not taken for one that waits; then as it is by default.
    for (timeout, waits) in [("1s", Duration::from_secs(1)), ("5ms", Duration::from_millis(5))] {
        let mut world = World::waiting(timeout).await;
        let films = world.films(5 * READS).await;
        let mut films = films.chunks(READS);
        let mut next = || films.next().expect("there are enough");
        metric_is(&world.queries[0], UP, |up| up == 1.0).await;
        let usual = read_each(&world, next()).await;
        fill(&world).await;
        let full = read_each(&world, next()).await;
        world.proxy.pause(true);
        let paused = read_each(&world, next()).await;
        metric_is(&world.queries[0], UP, |up| up == 0.0).await;
        world.proxy.pause(false);
        world.redis.halt();
        let halted = read_each(&world, next()).await;
        world.redis.go_on();
        world.redis.kill().await;
        let dead = read_each(&world, next()).await;
        println!("redis.timeout {timeout}; {READS} reads each:");
        for (what, (took, late)) in [
            ("there", &usual),
            ("full", &full),
            ("paused", &paused),
            ("halted", &halted),
            ("dead", &dead),
        ] {
            let (median, longest) = (took[READS / 2], took[READS - 1]);
            println!("{what:>7}: median {median:.1?}, longest {longest:.1?}, {late} late");
            // A short deadline is missed without Redis' doing.
            let is_long = waits.as_millis() >= 1_000;
            assert!(!is_long || (*late <= LATE_MAX && median < waits), "{what}: {late}, {took:?}");
            assert!(longest < waits + BUSY_MAX, "{what}: {took:?}");
        }
        world.redis.start_again().await;
        metric_is(&world.queries[0], UP, |up| up == 1.0).await;
    }
}

/// Leaves no room in Redis for anything new.
async fn fill(world: &World) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let url = world.redis.url();
    let address = url.trim_start_matches("redis://").trim_end_matches('/');
    let mut connection = tokio::net::TcpStream::connect(address).await.expect("it is there");
    connection.write_all(b"CONFIG SET maxmemory 1\r\n").await.expect("it listens");
    let mut said = [0; 5];
    connection.read_exact(&mut said).await.expect("it answers");
    assert_eq!(&said, b"+OK\r\n");
}

#[tokio::test]
async fn a_write_is_read_at_its_position_whatever_has_become_of_redis() {
    let mut world = World::waiting("50ms").await;
    let film = world.films(1).await.remove(0);
    let take = async |world: &World, number: u32| {
        let named = format!("Take {number}");
        let position = world.retitle(&film, &named).await;
        for node in &world.queries {
            assert_eq!(read(node, &film, &position).await.0, named);
        }
    };
    take(&world, 1).await;
    world.proxy.cut();
    take(&world, 2).await;
    world.proxy.pause(true);
    take(&world, 3).await;
    world.proxy.pause(false);
    world.redis.halt();
    take(&world, 4).await;
    world.redis.go_on();
    take(&world, 5).await;
    world.redis.kill().await;
    take(&world, 6).await;
    world.redis.start_again().await;
    take(&world, 7).await;
}

#[tokio::test]
async fn where_news_that_go_over_redis_are_lost_nothing_old_is_given_out_for_long() {
    let world = World::with_change_feed("50ms").await;
    let film = world.films(1).await.remove(0);
    for node in &world.queries {
        for _ in 0..2 {
            node.anyone().get(&film.address).await.expect(200);
        }
        metric_is(node, "cinelog_change_feed_listening", |listening| listening == 1.0).await;
    }
    world.proxy.pause(true);
    world.retitle(&film, "Kagemusha").await;
    let changed = Instant::now();
    let (mut last_given, mut new_in_a_row) = ([changed; 2], 0);
    while last_given.iter().any(|given| given.elapsed() < GONE.0) || new_in_a_row < GONE.1 {
        new_in_a_row += 1;
        for (at, node) in world.queries.iter().enumerate() {
            let answer = node.anyone().get(&film.address).await.expect(200);
            if title(&answer.json()) != "Kagemusha" {
                (last_given[at], new_in_a_row) = (Instant::now(), 0);
                assert!(changed.elapsed() < OUT_OF_DATE_MAX, "{:?}", changed.elapsed());
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for given in last_given {
        println!("the old answer was given for {:.1?}", given - changed);
    }
}
