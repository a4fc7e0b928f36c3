//! `cinelog redis`: try out what nodes share.

use std::time::{Duration, Instant};

use http_kit::Clock;
use rate_limit::{Policy, Window};
use tokio::time::{sleep, timeout};

use super::print;
use crate::{cli::RedisCommand, config::Config, error::Failure, telemetry, wire};

/// How often it is tried to count with Redis: it may be late once, on a busy machine.
const COUNTS_MAX: usize = 5;

/// How long is waited between these.
const COUNT_AGAIN: Duration = Duration::from_millis(50);

/// How long an answer may take until it is shared.
const SHARED_MAX: Duration = Duration::from_secs(2);

/// How soon is looked again whether it is.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Tries out the Redis that is configured.
pub(crate) async fn redis(config: &Config, command: &RedisCommand) -> Result<(), Failure> {
    telemetry::log_to_stderr(&config.logging)?;
    match command {
        RedisCommand::Check => check(config).await,
    }
}

async fn check(config: &Config) -> Result<(), Failure> {
    let redis = wire::redis(config)?;
    step("answers in time", redis.answers(config)).await?;
    let id = Clock::system().new_id().to_string();
    step("shares answers", shares(config, &redis, &id)).await?;
    step("counts for all nodes", counts(config, &redis, &id)).await?;
    print("Redis does all that is asked of it\n")
}

async fn step(what: &str, tried: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let started = Instant::now();
    tried.await?;
    print(&format!("  {what:<32} {:>8.2} ms\n", started.elapsed().as_secs_f64() * 1_000.0))
}

async fn shares(config: &Config, redis: &wire::Redis, id: &str) -> Result<(), Failure> {
    // Nobody has this key, and so nobody takes it for an answer.
    let Some(answers) = wire::shared_answers(config, redis, [0; 32]) else { return Ok(()) };
    answers.put(id.to_owned(), id.to_owned().into());
    let shared = async {
        while answers.get(id).await.is_none_or(|answer| answer != id) {
            sleep(LOOK_AGAIN).await;
        }
    };
    let shared = timeout(SHARED_MAX, shared).await;
    shared.map_err(|_| Failure::Other("Redis does not keep what is put there".to_owned()))
}

async fn counts(config: &Config, redis: &wire::Redis, id: &str) -> Result<(), Failure> {
    let wrong = |error| Failure::Other(format!("the limit that is tried out: {error}"));
    let window = Window::new("check", 1, Duration::from_secs(1)).map_err(wrong)?;
    let policy = Policy::new([window]).map_err(wrong)?;
    let counters = wire::rate_counters(config, redis);
    for attempt in 0..COUNTS_MAX {
        if attempt > 0 {
            sleep(COUNT_AGAIN).await;
        }
        // Each one by itself: one whose answer was late may have counted.
        let taken = counters.take(&format!("{id} {attempt}"), 1, &policy).await;
        if taken.admitted && taken.by_all_nodes() {
            return Ok(());
        }
    }
    // Why, the counters have logged.
    Err(Failure::Other(format!(
        "Redis did not count, {COUNTS_MAX} times: it refused, or its answers were later than redis.timeout ({:?})",
        config.redis.timeout
    )))
}
