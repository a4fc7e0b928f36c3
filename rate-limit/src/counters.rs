//! The port: counting what somebody does, and what they may still do.

use std::time::Duration;

use async_trait::async_trait;

use crate::{Policy, window::Counted};

/// Counts what each subject has done within windows of time.
///
/// **Windows.** A window begins when something is first taken from it, and ends after its length; then it is
/// whole again. Until then at most its quota is taken from it, however many nodes and requests there are.
/// So twice the quota can be taken around the border of two windows. A shorter window in the policy prevents
/// that.
///
/// **All or nothing.** A cost that does not fit into every window is taken from none. A cost of 0 always fits, and
/// so tells how the windows stand.
///
/// **Failure.** Nothing fails here. If shared counters cannot be reached, each node counts by itself, and says
/// so in its log and metrics. Then as many times the quota may be let through as there are nodes.
///
/// **Time and memory.** A call takes at most one round trip, with a deadline of milliseconds. The number of
/// subjects is bounded. Redis forgets a subject when its last window ends. Memory forgets subjects when there are
/// very many, first those that ask least; some of their requests may go uncounted.
#[async_trait]
pub trait RateCounters: Send + Sync + 'static {
    /// Takes `cost` from every window of `policy` for `subject`. That is any text; only a hash of it is kept.
    async fn take(&self, subject: &str, cost: u32, policy: &Policy) -> Taken;

    /// Gives back what was `taken`, to those windows that have not ended yet: the request cost nothing after all.
    async fn give_back(&self, subject: &str, policy: &Policy, taken: &Taken);
}

/// The result of taking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Whether it fitted, and was taken.
    pub admitted: bool,
    /// How each window of the policy stands after that, in the policy's order.
    pub windows: Vec<Standing>,
    /// What was taken: 0 if it was refused.
    pub(crate) cost: u32,
    /// Whether it was counted for all nodes together, so that it is given back to the same counters.
    pub(crate) together: bool,
}

/// How a window stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What may still be taken before it ends: `r`.
    pub remaining: u32,
    /// After how long it ends and is whole again: `t`, when rounded up. If it has not begun, its length.
    pub resets_in: Duration,
    /// Whether it had no room.
    pub violated: bool,
    /// When it ends, in milliseconds of the clock of the counters. This tells a window from the next one.
    pub(crate) ends_at_ms: u64,
}

impl Taken {
    /// The result of taking `cost` at `now_ms` from windows that stood like `before`.
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

    /// How the windows stand once all of it has been given back.
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

    /// After how long the same cost may fit: when the last of the windows without room ends. `None`: it was admitted.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let violated = self.windows.iter().filter(|window| window.violated);
        violated.map(|window| window.resets_in).max()
    }
}
