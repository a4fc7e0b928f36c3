//! How new an answer is: waiting until the read model has reached a position.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use events::Position;
use http::{HeaderMap, HeaderName, header};
use http_kit::{FieldError, Preferences, Problem, ProblemType};
use tokio::time::{Instant, timeout_at};

use crate::{
    failure::RETRY_AFTER,
    measure::{self, Wait},
    progress::Follower,
    read::{Read, single},
    state::Shared,
    store::{Seen, Store},
};

/// On every answer: the position that it reflects.
pub(crate) const POSITION: HeaderName = HeaderName::from_static("cinelog-position");

/// On a request: the position that the answer must have reached.
pub(crate) const MIN_POSITION: HeaderName = HeaderName::from_static("cinelog-min-position");

/// How long a read waits for `Cinelog-Min-Position` unless `Prefer: wait` says otherwise.
const DEFAULT_WAIT: Duration = Duration::from_secs(5);

/// How long a read waits for the writes that this process acknowledged. So clients that wrote through this process
/// mostly see their write without asking for a position.
const OWN_WRITES_WAIT: Duration = Duration::from_millis(250);

impl Shared {
    /// What `read` gives, of a read model that has reached `Cinelog-Min-Position`. `read` says which position its
    /// result reflects, and is called again while that is not new enough.
    ///
    /// # Errors
    /// `InvalidParameter` if the header is no position. `NotCaughtUp` if the read model does not reach it in
    /// time, or does not reach what an earlier generation had shown, or if too many requests wait already. The
    /// errors of `read`.
    pub(crate) async fn fresh<T, F: Future<Output = Result<Seen<T>, Problem>>>(
        &self,
        request: &Read,
        read: impl Fn(Arc<dyn Store>) -> F,
    ) -> Result<Seen<T>, Problem> {
        if let Some(cache) = &self.cache {
            cache.follow();
        }
        let seen = self.new_enough(request, read).await?;
        self.store.shows(seen.0);
        if let Some(cache) = &self.cache {
            cache.shows(seen.0);
        }
        Ok(seen)
    }

    async fn new_enough<T, F: Future<Output = Result<Seen<T>, Problem>>>(
        &self,
        request: &Read,
        read: impl Fn(Arc<dyn Store>) -> F,
    ) -> Result<Seen<T>, Problem> {
        let asked = min_position(&request.headers)?;
        let patience = request.preferences.wait.unwrap_or(DEFAULT_WAIT).min(Preferences::WAIT_MAX);
        // What an earlier generation has shown, this one must show too.
        let owed = self.store.owed();
        let (wanted, patience, why) = match owed > asked {
            true => (owed, patience.max(DEFAULT_WAIT), "was shown before"),
            false => (asked, patience, "was asked for"),
        };
        // Follow first, then look: so no change in between is missed.
        let mut follower = self.progress.follow();
        let needed = wanted.max(self.log.last_acknowledged());
        let (mut reached, mut seen) = self.look(needed, &read).await?;
        if reached < wanted && !patience.is_zero() {
            // It may be large, and the wait may be long.
            drop(seen);
            let _place = self.waiting_room.enter(request.client).ok_or_else(|| {
                measure::waited(Wait::Refused);
                not_caught_up("Too many requests wait for a position already.".to_owned())
            })?;
            let waited = self.wait(&mut follower, wanted, patience, &read).await?;
            (reached, seen) = (waited.0.position, Some(waited));
        }
        if reached < wanted {
            return Err(not_caught_up(format!(
                "The read model is at position {reached}; {wanted} {why}."
            )));
        }
        let acknowledged = self.log.last_acknowledged();
        match seen {
            Some(seen) if reached >= acknowledged => Ok(seen),
            _ => self.wait(&mut follower, acknowledged, OWN_WRITES_WAIT, &read).await,
        }
    }

    /// How far the read model is, and what `read` gives if it is likely to be new enough. If it is not, reading
    /// would be in vain.
    async fn look<T, F: Future<Output = Result<Seen<T>, Problem>>>(
        &self,
        needed: Position,
        read: &impl Fn(Arc<dyn Store>) -> F,
    ) -> Result<(Position, Option<Seen<T>>), Problem> {
        if !self.progress.has_shown(needed) {
            let reached = self.store.current().checkpoint().await?.position;
            if reached < needed {
                return Ok((reached, None));
            }
        }
        let seen = read(self.store.current()).await?;
        Ok((seen.0.position, Some(seen)))
    }

    /// What `read` gives once the read model has reached `wanted`, or else after `patience`.
    async fn wait<T, F: Future<Output = Result<Seen<T>, Problem>>>(
        &self,
        follower: &mut Follower,
        wanted: Position,
        patience: Duration,
        read: &impl Fn(Arc<dyn Store>) -> F,
    ) -> Result<Seen<T>, Problem> {
        let deadline = Instant::now() + patience;
        loop {
            let heard = timeout_at(deadline, follower.hears_of(wanted)).await;
            // What was heard is only a reason to look: position and data must come from one snapshot.
            let seen = read(self.store.current()).await?;
            let has_reached = seen.0.position >= wanted;
            if has_reached || heard.is_err() {
                measure::waited(if has_reached { Wait::Reached } else { Wait::GaveUp });
                return Ok(seen);
            }
        }
    }
}

fn not_caught_up(detail: String) -> Problem {
    Problem::new(ProblemType::NotCaughtUp).detail(detail).header(header::RETRY_AFTER, RETRY_AFTER)
}

fn min_position(headers: &HeaderMap) -> Result<Position, Problem> {
    const NAME: &str = "Cinelog-Min-Position";
    let Some(value) = single(headers, &MIN_POSITION, NAME)? else { return Ok(Position::START) };
    let position = value
        .to_str()
        .ok()
        .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse().ok());
    position.map(Position).ok_or_else(|| {
        let detail = "must be a position, such as an earlier answer's Cinelog-Position";
        Problem::new(ProblemType::InvalidParameter).error(FieldError::header(NAME, detail))
    })
}
