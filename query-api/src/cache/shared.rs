//! Answers that query nodes share, on Redis.
//!
//! Redis is shown a hash of each name, never the name itself. Nothing that it gives is trusted: what is kept there
//! is signed, together with its name, with a key that is derived from the one for cursors. What is damaged, was
//! moved to another name, or was put there by somebody without the key counts as absent.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use events::{MovieId, Slug};
use hmac::Mac;
use http_kit::{SharedAnswers, Topic};
use metrics::{Counter, Unit, counter, describe_counter};
use read_model::FacetKind;
use redis_link::{Keys, RedisLink};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::about::About;
use crate::signature::{SIGNATURE_BYTES, Signer, signer};

/// The version of what is kept under a key.
const VERSION: u32 = 1;

/// How many answers may be on their way to Redis at a time. Further ones are not shared.
const PUTS_MAX: usize = 32;

/// How long an answer may be on its way. Nobody waits for it.
const PUT_PATIENCE: Duration = Duration::from_secs(5);

const PUTS: &str = "cinelog_shared_answers_put_total";

/// How answers are shared.
#[derive(Clone)]
pub struct RedisAnswersOptions {
    /// The name of the deployment, which tells its answers from those of others on the same Redis.
    pub deployment: String,
    /// The key that cursors are signed with. Nodes that share answers have the same one.
    pub cursor_key: [u8; 32],
    /// The largest answer that is shared, in bytes, with its headers.
    pub bytes_max: usize,
    /// How long an answer is kept unless it is replaced.
    pub ttl: Duration,
}

/// Answers on Redis.
pub struct RedisAnswers(Arc<Inner>);

struct Inner {
    link: RedisLink,
    keys: Keys,
    /// Signs names and answers.
    key: Signer,
    bytes_max: usize,
    ttl_ms: u64,
    puts: Arc<Semaphore>,
    put: Counter,
    too_large: Counter,
    dropped: Counter,
}

impl RedisAnswers {
    /// The answers of a deployment, shared by the nodes that would make the same ones.
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
        // Nothing larger was put there by us: it need not travel.
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
    /// The key in Redis for a name.
    fn name(&self, name: &str) -> String {
        let digest = self.key.clone().chain_update(b"name\0").chain_update(name).finalize();
        let mut first = [0; 16];
        first.copy_from_slice(&digest.into_bytes()[..16]);
        self.keys.key(format_args!("{:032x}", u128::from_be_bytes(first)))
    }

    /// The signature that shows that one of our nodes put this answer under this name.
    fn sign(&self, name: &str, answer: &[u8]) -> Signer {
        let length = (name.len() as u64).to_be_bytes();
        let signed = self.key.clone().chain_update(b"answer\0").chain_update(length);
        signed.chain_update(name).chain_update(answer)
    }
}

/// The key to sign with. It is the same for nodes that would make the same answers of the same documents: a node
/// with another API, or other numbers for topics, has another key.
fn key(cursor_key: &[u8; 32]) -> Signer {
    let mut key = Sha256::new();
    key.update(b"cinelog shared answers\0");
    key.update(cursor_key);
    key.update(env!("CARGO_PKG_VERSION"));
    // A document that cannot be written counts as empty.
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
    signer(&key.finalize().into())
}

impl fmt::Debug for RedisAnswers {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisAnswers").field("keys", &self.0.keys).finish_non_exhaustive()
    }
}
