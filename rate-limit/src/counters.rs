//! The port: taking from what somebody may still do.

use std::time::Duration;

use async_trait::async_trait;

use crate::{Policy, window::Counted};

/// Counts what each subject has done within windows of time.
///
/// **Windows.** A window begins with the first that is taken from it and ends its length later; then it is
/// whole again. Until then no more than its quota is taken from it, by however many nodes and however many
/// ask at once. So over any border of two windows twice the quota can be had; who minds adds a shorter
/// window to the policy.
///
/// **All or nothing.** What does not fit into every window is taken from none. A cost of 0 always fits, and
/// tells how things stand.
///
/// **Failure.** Nothing fails here: counters that cannot be reached are counted for each node by itself,
/// which says so in its log and metrics, and may then let through as many times the quota as there are
/// nodes.
///
/// **Time and memory.** A call is one round trip at most, with a deadline of milliseconds. How many
/// subjects are kept has a bound: on Redis one that is not heard of any more is forgotten when its last window ends, in
/// memory when there are very many, those first that ask least; of those some requests may go uncounted.
#[async_trait]
pub trait RateCounters: Send + Sync + 'static {
    /// Takes `cost` from every window of `policy`, for `subject`: any text, which is kept only as a hash.
    async fn take(&self, subject: &str, cost: u32, policy: &Policy) -> Taken;

    /// Gives back what was taken from windows that have not ended: it cost nothing after all.
    async fn give_back(&self, subject: &str, policy: &Policy, taken: &Taken);
}

/// What came of taking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Whether it fitted, and was taken.
    pub admitted: bool,
    /// How each window of the policy stands after it, in the policy's order.
    pub windows: Vec<Standing>,
    /// What was taken: 0 where it was refused.
    pub(crate) cost: u32,
    /// Who counted, so that it is given back to the same.
    pub(crate) together: bool,
}

/// How a window stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What may still be taken before it ends: `r`.
    pub remaining: u32,
    /// When it ends and is whole again: `t` when rounded up. Of one that has not begun, its length.
    pub resets_in: Duration,
    /// Whether it is one that had no room.
    pub violated: bool,
    /// Which window it is: when it ends, in milliseconds of the clock of whoever counts.
    pub(crate) ends_at_ms: u64,
}

impl Taken {
    /// What came of taking `cost` at `now_ms`, from windows that stood like that before.
    pub(crate) fn of(
        policy: &Policy,
        cost: u32,
        now_ms: u64,
        before: &[Counted],
        together: bool,
    ) -> Self {
        let has_room = |(quota, counted): (u32, &Counted)| counted.fits(cost, quota);
        let quotas = || policy.windows().iter().map(|window| window.quota());
        let admitted = quotas().zip(before).all(has_room);
        let taken = if admitted { cost } else { 0 };
        let standing = |(quota, counted): (u32, &Counted)| Standing {
            remaining: quota.saturating_sub(counted.count.saturating_add(taken)),
            resets_in: Duration::from_millis(counted.ends_at_ms.saturating_sub(now_ms)),
            violated: !counted.fits(cost, quota),
            ends_at_ms: counted.ends_at_ms,
        };
        let windows = quotas().zip(before).map(standing).collect();
        Self { admitted, windows, cost: taken, together }
    }

    /// How things stand once all of it has been given back.
    #[must_use]
    pub fn given_back(mut self) -> Self {
        for window in &mut self.windows {
            window.remaining = window.remaining.saturating_add(self.cost);
        }
        self.cost = 0;
        self
    }

    /// Whether it was counted for all nodes together, rather than for this one alone.
    #[must_use]
    pub fn by_all_nodes(&self) -> bool {
        self.together
    }

    /// After how long the same may fit: when the last of the windows without room ends. `None` where it was
    /// admitted.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let violated = self.windows.iter().filter(|window| window.violated);
        violated.map(|window| window.resets_in).max()
    }
}
