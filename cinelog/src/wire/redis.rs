//! What nodes share on Redis, where one is configured; without one, nothing is shared.

use std::{fs, sync::Arc};

use change_feed::redis::{RedisChangeFeed, RedisChangeFeedOptions};
use http_kit::SharedAnswers;
use query_api::{RedisAnswers, RedisAnswersOptions};
use rate_limit::{MemoryRateCounters, RateCounters, RedisRateCounters};
use read_model::ChangeFeed;
use redis_link::{RedisLink, RedisLinkOptions};
use tokio::time::timeout;

use crate::{config::Config, error::Failure};

/// The way to Redis, where one is configured. All that is on Redis goes this way.
#[derive(Debug, Clone)]
pub(crate) struct Redis(Option<RedisLink>);

/// Begins to connect to Redis, where one is configured; nobody waits for that.
pub(crate) fn redis(config: &Config) -> Result<Redis, Failure> {
    let Some(url) = &config.redis.url else { return Ok(Redis(None)) };
    let unreadable = |error| Failure::Other(format!("redis.ca_file: {error}"));
    let options = RedisLinkOptions {
        ca_pem: config.redis.ca_file.as_ref().map(fs::read).transpose().map_err(unreadable)?,
        timeout: config.redis.timeout,
        connect_timeout: config.redis.connect_timeout,
        ..RedisLinkOptions::at(url.reveal())
    };
    Ok(Redis(Some(RedisLink::new(options)?)))
}

impl Redis {
    /// Waits until Redis answers, as long as a connection may take.
    ///
    /// # Errors
    /// Where none is configured, or it does not answer in time; with the reason.
    pub(crate) async fn answers(&self, config: &Config) -> Result<(), Failure> {
        let link = self.0.as_ref().ok_or_else(|| {
            Failure::Other("no Redis is configured: redis.url is not set".to_owned())
        })?;
        let patience = config.redis.connect_timeout + config.redis.timeout;
        match timeout(patience, link.becomes(true)).await {
            Ok(()) => Ok(()),
            Err(_) => {
                let reason = link.away().unwrap_or_default();
                Err(Failure::Other(format!("Redis does not answer: {reason}")))
            }
        }
    }

    /// What carries news of changes over Redis, where that is configured.
    pub(super) async fn change_feed(
        &self,
        config: &Config,
        capacity: usize,
    ) -> Option<Arc<dyn ChangeFeed>> {
        let link = self.0.clone().filter(|_| config.redis.change_feed)?;
        let options =
            RedisChangeFeedOptions { capacity, ..RedisChangeFeedOptions::of(&config.redis.prefix) };
        Some(Arc::new(RedisChangeFeed::connect(link, options).await))
    }
}

/// Where query nodes share answers; `None` where they share none.
pub(crate) fn shared_answers(
    config: &Config,
    redis: &Redis,
    cursor_key: [u8; 32],
) -> Option<Arc<dyn SharedAnswers>> {
    let link = redis.0.clone().filter(|_| config.redis.answer_bytes_max > 0)?;
    let options = RedisAnswersOptions {
        deployment: config.redis.prefix.clone(),
        cursor_key,
        bytes_max: config.redis.answer_bytes_max,
        ttl: config.redis.answer_ttl,
    };
    Some(Arc::new(RedisAnswers::new(link, &options)))
}

/// What counts how much somebody has done: for all nodes together on Redis, or else for each by itself.
pub(crate) fn rate_counters(config: &Config, redis: &Redis) -> Arc<dyn RateCounters> {
    match &redis.0 {
        Some(link) => Arc::new(RedisRateCounters::new(link.clone(), &config.redis.prefix)),
        None => Arc::new(MemoryRateCounters::new()),
    }
}
