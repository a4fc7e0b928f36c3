//! Counters in memory, for one node alone.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::{Policy, RateCounters, Taken, policy::WINDOWS_MAX, window::Counted};

/// How many subjects are remembered. If there are more, those that ask least are forgotten. So an attacker with many
/// addresses pushes those addresses out, and not subjects that ask all the time.
const SUBJECTS_MAX: u64 = 100_000;

/// How many windows of one subject are remembered: those of a few policies.
const COUNTED_MAX: usize = 4 * WINDOWS_MAX;

/// The hash of a subject, so that no addresses or accounts are found in memory or in Redis.
pub(crate) type SubjectHash = [u8; 16];

/// The windows of a subject, by what they are counted as.
type Windows = Arc<Mutex<Vec<(String, Counted)>>>;

/// Counters in memory. They are gone with the process, and others do not see them.
#[derive(Debug)]
pub struct MemoryRateCounters {
    began: Instant,
    subjects: Cache<SubjectHash, Windows>,
}

impl Default for MemoryRateCounters {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryRateCounters {
    /// Counters at zero.
    #[must_use]
    pub fn new() -> Self {
        Self { began: Instant::now(), subjects: Cache::new(SUBJECTS_MAX) }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Does something with the windows of a subject, while nobody else does.
    fn with<T>(&self, subject: &str, act: impl FnOnce(&mut Vec<(String, Counted)>) -> T) -> T {
        let windows = self.subjects.get_with(hash(subject), Windows::default);
        let mut windows = windows.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut windows)
    }

    /// The port's `take`, without waiting.
    pub(crate) fn take_now(&self, subject: &str, cost: u32, policy: &Policy) -> Taken {
        let now_ms = self.now_ms();
        self.with(subject, |held| {
            held.retain(|(_, counted)| counted.ends_at_ms > now_ms);
            let before: Vec<Counted> = policy
                .windows()
                .iter()
                .map(|window| {
                    let counted = find(held, &window.counted_as());
                    let new = Counted::beginning(now_ms, window.length_ms());
                    counted.map_or(new, |counted| counted.at(now_ms, window.length_ms()))
                })
                .collect();
            let taken = Taken::of(policy, cost, now_ms, &before, false);
            if taken.cost > 0 {
                for (window, counted) in policy.windows().iter().zip(&before) {
                    let count = counted.count.saturating_add(taken.cost);
                    put(held, window.counted_as(), Counted { count, ..*counted });
                }
            }
            taken
        })
    }

    /// The port's `give_back`, without waiting.
    pub(crate) fn give_back_now(&self, subject: &str, policy: &Policy, taken: &Taken) {
        self.with(subject, |held| {
            for (window, standing) in policy.windows().iter().zip(&taken.windows) {
                let name = window.counted_as();
                let same = |counted: &Counted| counted.ends_at_ms == standing.ends_at_ms;
                if let Some(counted) = find(held, &name).filter(same) {
                    let count = counted.count.saturating_sub(taken.cost);
                    put(held, name, Counted { count, ..counted });
                }
            }
        });
    }
}

#[async_trait]
impl RateCounters for MemoryRateCounters {
    async fn take(&self, subject: &str, cost: u32, policy: &Policy) -> Taken {
        self.take_now(subject, cost, policy)
    }

    async fn give_back(&self, subject: &str, policy: &Policy, taken: &Taken) {
        self.give_back_now(subject, policy, taken);
    }
}

fn find(held: &[(String, Counted)], name: &str) -> Option<Counted> {
    held.iter().find(|(other, _)| other == name).map(|(_, counted)| *counted)
}

fn put(held: &mut Vec<(String, Counted)>, name: String, counted: Counted) {
    match held.iter_mut().find(|(other, _)| *other == name) {
        Some((_, place)) => *place = counted,
        None => {
            if held.len() >= COUNTED_MAX {
                held.remove(0);
            }
            held.push((name, counted));
        }
    }
}

/// The hash of a subject.
pub(crate) fn hash(subject: &str) -> SubjectHash {
    let digest = Sha256::digest(subject.as_bytes());
    let mut hash = SubjectHash::default();
    hash.copy_from_slice(&digest[..16]);
    hash
}
