//! The scripts that Redis runs, each in one step, and how their answers are read.

use redis::Script;
use redis_link::{LinkError, RedisLink};

use crate::{Policy, Taken, window::Counted};

/// The two scripts.
pub(super) struct Scripts {
    take: Script,
    give_back: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            take: Script::new(include_str!("take.lua")),
            give_back: Script::new(include_str!("give_back.lua")),
        }
    }

    /// Takes from all windows or from none.
    ///
    /// # Errors
    /// Those of the link; `Refused` also if the script's answer cannot be read.
    pub(super) async fn take(
        &self,
        link: &RedisLink,
        key: &str,
        cost: u32,
        policy: &Policy,
    ) -> Result<Taken, LinkError> {
        let mut call = self.take.prepare_invoke();
        call.key(key).arg(cost);
        for window in policy.windows() {
            call.arg(window.counted_as()).arg(window.quota()).arg(window.length_ms());
        }
        let told: Vec<u64> = link.invoke(&call).await?;
        let odd = || LinkError::Refused("the script's answer cannot be read".to_owned());
        let (now_ms, rest) = told.split_first().ok_or_else(odd)?;
        let (pairs, rest) = rest.as_chunks();
        if pairs.len() != policy.windows().len() || !rest.is_empty() {
            return Err(odd());
        }
        let counted = |[count, ends_at_ms]: &[u64; 2]| {
            let count = u32::try_from(*count).ok()?;
            Some(Counted { count, ends_at_ms: *ends_at_ms })
        };
        let before: Option<Vec<Counted>> = pairs.iter().map(counted).collect();
        Ok(Taken::of(policy, cost, *now_ms, &before.ok_or_else(odd)?, true))
    }

    /// Gives back to those windows that have not ended.
    ///
    /// # Errors
    /// Those of the link.
    pub(super) async fn give_back(
        &self,
        link: &RedisLink,
        key: &str,
        policy: &Policy,
        taken: &Taken,
    ) -> Result<(), LinkError> {
        let mut call = self.give_back.prepare_invoke();
        call.key(key).arg(taken.cost);
        for (window, standing) in policy.windows().iter().zip(&taken.windows) {
            call.arg(window.counted_as()).arg(standing.ends_at_ms);
        }
        link.invoke::<u32>(&call).await.map(drop)
    }
}
