//! How much somebody may still do: the port [`RateCounters`], with counters in memory for one node alone and on Redis
//! for all nodes together (feature `redis`); and rates as people write them ([`Rates`]).
//!
//! Knows neither who is counted for what, nor what a request costs, nor how a refusal looks over HTTP. The numbers
//! are those of the `RateLimit` fields of draft-ietf-httpapi-ratelimit-headers-11: the quota `q` of a window of
//! `w` seconds, what remains of it (`r`), and in how many seconds it is whole again (`t`).

mod counters;
mod memory;
mod policy;
mod rates;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "suite")]
#[doc(hidden)]
#[expect(clippy::expect_used, reason = "what a test cannot do without fails it")]
pub mod suite;
mod window;

#[cfg(feature = "redis")]
pub use self::redis::RedisRateCounters;
pub use self::{
    counters::{RateCounters, Standing, Taken},
    memory::MemoryRateCounters,
    policy::{Policy, PolicyError, Window},
    rates::{Rates, RatesError},
};
