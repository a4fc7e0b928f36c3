//! Answers that query nodes share, on Redis.
//!
//! A name is never shown to Redis, only a hash of it, and neither is anything trusted that Redis gives: what
//! is kept is signed, together with its name, with a key that is made of the one that cursors are signed
//! with. What is damaged, was moved, or was put there by somebody without the key is not there.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use events::{MovieId, Slug};
use hmac::{Hmac, KeyInit, Mac};
use http_kit::{SharedAnswers, Topic};
use metrics::{Counter, Unit, counter, describe_counter};
use read_model::FacetKind;
use redis_link::{Keys, RedisLink};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::About;

/// The version of what is kept under a key.
const VERSION: u32 = 1;

/// How many bytes of a signature are kept.
const SIGNATURE_BYTES: usize = 16;

/// How many answers may be on their way to Redis at a time. What comes when there are as many is not shared.
const PUTS_MAX: usize = 32;

/// How long an answer may be on its way. Nobody waits for it.
const PUT_PATIENCE: Duration = Duration::from_millis(500);

const PUTS: &str = "cinelog_shared_answers_put_total";

/// How answers are shared.
#[derive(Clone)]
pub struct RedisAnswersOptions {
    /// Whose answers they are: what deployments that share a Redis are told apart by.
    pub deployment: String,
    /// What cursors are signed with: nodes that share answers have the same.
    pub cursor_key: [u8; 32],
    /// The largest that is shared, in bytes, headers and all.
    pub bytes_max: usize,
    /// How long one is kept that nobody replaces.
    pub ttl: Duration,
}

/// Answers on Redis.
pub struct RedisAnswers(Arc<Inner>);

struct Inner {
    link: RedisLink,
    keys: Keys,
    /// What names and answers are signed with.
    key: Hmac<Sha256>,
    bytes_max: usize,
    ttl_ms: u64,
    puts: Arc<Semaphore>,
    put: Counter,
    too_large: Counter,
    dropped: Counter,
}

impl RedisAnswers {
    /// Those of a deployment, with nodes that would make the same answers.
    #[must_use]
    pub fn new(link: RedisLink, options: &RedisAnswersOptions) -> Self {
        describe_counter!(PUTS, Unit::Count, "Answers to be shared, by what became of them.");
        let of = |outcome: &'static str| counter!(PUTS, "outcome" => outcome);
        Self(Arc::new(Inner {
            link,
            keys: Keys::of(&options.deployment, "answers", VERSION),
            key: key(&options.cursor_key),
            bytes_max: options.bytes_max,
            ttl_ms: u64::try_from(options.ttl.as_millis()).unwrap_or(u64::MAX).max(1),
            puts: Arc::new(Semaphore::new(PUTS_MAX)),
            put: of("put"),
            too_large: of("too_large"),
            dropped: of("dropped"),
        }))
    }
}

#[async_trait]
impl SharedAnswers for RedisAnswers {
    async fn get(&self, name: &str) -> Option<Bytes> {
        let inner = &self.0;
        let mut get = redis::cmd("GETRANGE");
        // What is larger was not put there by us, and need not travel.
        get.arg(inner.name(name)).arg(0).arg(SIGNATURE_BYTES + inner.bytes_max);
        let kept: Vec<u8> = inner.link.query(&get).await.ok()?;
        let (signature, answer) = kept.split_at_checked(SIGNATURE_BYTES)?;
        inner.sign(name, answer).verify_truncated_left(signature).ok()?;
        Some(Bytes::from(kept).slice(SIGNATURE_BYTES..))
    }

    fn put(&self, name: String, answer: Bytes) {
        let inner = &self.0;
        if answer.len() > inner.bytes_max {
            inner.too_large.increment(1);
            return;
        }
        let place = Arc::clone(&inner.puts).try_acquire_owned();
        let (Ok(place), true) = (place, inner.link.is_up()) else {
            inner.dropped.increment(1);
            return;
        };
        let inner = Arc::clone(inner);
        tokio::spawn(async move {
            let _place = place;
            let mut kept = Vec::with_capacity(SIGNATURE_BYTES + answer.len());
            let signature = inner.sign(&name, &answer).finalize().into_bytes();
            kept.extend_from_slice(&signature[..SIGNATURE_BYTES]);
            kept.extend_from_slice(&answer);
            let mut set = redis::cmd("SET");
            set.arg(inner.name(&name)).arg(kept).arg("PX").arg(inner.ttl_ms);
            match inner.link.query_patiently::<()>(&set, PUT_PATIENCE).await {
                Ok(()) => inner.put.increment(1),
                Err(_) => inner.dropped.increment(1),
            }
        });
    }
}

impl Inner {
    /// The key in Redis of what has this name here.
    fn name(&self, name: &str) -> String {
        let digest = self.key.clone().chain_update(b"name\0").chain_update(name).finalize();
        let mut first = [0; 16];
        first.copy_from_slice(&digest.into_bytes()[..16]);
        self.keys.key(format_args!("{:032x}", u128::from_be_bytes(first)))
    }

    /// What shows that this answer was put under this name by one of us.
    fn sign(&self, name: &str, answer: &[u8]) -> Hmac<Sha256> {
        let length = (name.len() as u64).to_be_bytes();
        let signed = self.key.clone().chain_update(b"answer\0").chain_update(length);
        signed.chain_update(name).chain_update(answer)
    }
}

/// What is signed with, by nodes that would make the same answers of the same documents: who speaks of
/// another API, or numbers topics otherwise, has another key.
fn key(cursor_key: &[u8; 32]) -> Hmac<Sha256> {
    let mut key = Sha256::new();
    key.update(b"cinelog shared answers\0");
    key.update(cursor_key);
    key.update(env!("CARGO_PKG_VERSION"));
    // What cannot be written down is the same for all who cannot.
    key.update(crate::openapi().to_json().unwrap_or_default());
    let samples = [
        About::Films,
        About::Film(MovieId(Uuid::from_u128(7))),
        About::Facets(FacetKind::Studio),
        About::Facet((FacetKind::Genre, Slug::of("Film noir"))),
    ];
    for sample in samples {
        key.update(Topic::of(sample).number().to_be_bytes());
    }
    // A key that is shorter than a block is filled up with zeros (RFC 2104 section 2).
    let mut block = [0; 64];
    block[..32].copy_from_slice(&key.finalize());
    <Hmac<Sha256> as KeyInit>::new(&block.into())
}

impl fmt::Debug for RedisAnswers {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisAnswers").field("keys", &self.0.keys).finish_non_exhaustive()
    }
}
