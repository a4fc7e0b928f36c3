//! Turns: commands of this process that lost a race for a stream go on one after the other.
//!
//! The first try of a command is optimistic and waits for nobody. Only when it has met a conflict does
//! it take a turn, so that many editors of one film do not lose to each other over and over. Other
//! processes know nothing of turns; against them the retries of the executor stand alone.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use events::StreamName;
use tokio::sync::{Mutex, MutexGuard};

/// How many queues there are. Streams share them by their hash; more means fewer strangers in line.
const QUEUES: usize = 64;

#[derive(Clone)]
pub(crate) struct Turns(Arc<[Mutex<()>]>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..QUEUES).map(|_| Mutex::new(())).collect())
    }
}

impl Turns {
    /// Waits for the turn of a command on `stream`. The turn lasts until the guard is dropped.
    pub(crate) async fn take(&self, stream: &StreamName) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        stream.hash(&mut hasher);
        let queue = usize::try_from(hasher.finish() % QUEUES as u64).unwrap_or_default();
        self.0[queue].lock().await
    }
}
