//! What becomes of a session when one of its refresh tokens is shown: pure decisions.
//!
//! Of the tokens of a session one is good, the current one. It is good once: using it makes the next. The one
//! before it may be shown again within a short grace, since an answer may be lost on its way, and gives the
//! very same next token again, so that there are never two chains. Whatever is older has been stolen, or the
//! current one has: nobody can tell which, so the session ends (RFC 9700 section 4.14.2).

use std::time::Duration;

use jiff::Timestamp;

use super::RefreshToken;
use crate::opaque::Hash;

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long the token just used may be shown again.
    pub grace: Duration,
    /// How long a session lasts that is not used.
    pub idle: Duration,
    /// How long a session lasts at most.
    pub absolute: Duration,
}

/// A session as far as its tokens go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Family {
    pub(crate) current: Hash,
    pub(crate) generation: u64,
    pub(crate) previous: Option<Previous>,
    pub(crate) idle_until: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// The token before the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Previous {
    pub(crate) hash: Hash,
    /// What the current one was made with.
    pub(crate) salt: [u8; 32],
    pub(crate) used_at: Timestamp,
}

/// Which token of a family was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Current,
    Previous,
    /// One that was used before the previous one.
    Older,
    /// None of this family's, as far as is known.
    Unknown,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The family goes on with another token.
    Rotate { family: Family, token: RefreshToken },
    /// The token that was given before is given again.
    Repeat(RefreshToken),
    /// The session ends.
    End,
    /// Nothing changes.
    Refuse(Refusal),
}

/// Why a refresh token gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It belongs to no session that lives: none has ever had it, or the session has ended.
    #[error("the refresh token belongs to no session that lives")]
    Unknown,
    /// The session was not used for too long, or is as old as a session can be.
    #[error("the session is over: log in again")]
    Expired,
    /// It was used before: the session has been ended.
    #[error("the refresh token was used before, so the session has been ended")]
    Reused,
    /// The account may not be used.
    #[error("the account may not be used")]
    Account,
}

impl Family {
    /// The family of a session that begins with this token.
    pub(crate) fn begin(token: &RefreshToken, now: Timestamp, terms: &Terms) -> Self {
        let expires_at = after(now, terms.absolute);
        Self {
            current: token.hash(),
            generation: 0,
            previous: None,
            idle_until: after(now, terms.idle).min(expires_at),
            expires_at,
        }
    }

    /// Which of its tokens this is; whether it was used before the previous one, the caller looks up.
    pub(crate) fn shown(&self, token: &RefreshToken, is_older: bool) -> Shown {
        let hash = token.hash();
        match &self.previous {
            _ if hash == self.current => Shown::Current,
            Some(previous) if hash == previous.hash => Shown::Previous,
            _ if is_older => Shown::Older,
            _ => Shown::Unknown,
        }
    }

    /// What is to be done where `token` is shown at `now`. `salt` is random, for the token that may follow.
    pub(crate) fn decide(
        &self,
        token: &RefreshToken,
        is_older: bool,
        salt: [u8; 32],
        now: Timestamp,
        terms: &Terms,
    ) -> Decision {
        let shown = self.shown(token, is_older);
        if shown == Shown::Unknown {
            return Decision::Refuse(Refusal::Unknown);
        }
        if now >= self.idle_until || now >= self.expires_at {
            return Decision::Refuse(Refusal::Expired);
        }
        match (shown, &self.previous) {
            (Shown::Current, _) => {
                let (family, token) = self.rotated(token, salt, now, terms);
                Decision::Rotate { family, token }
            }
            (Shown::Previous, Some(previous)) if now < after(previous.used_at, terms.grace) => {
                Decision::Repeat(token.successor(&previous.salt))
            }
            _ => Decision::End,
        }
    }

    fn rotated(
        &self,
        token: &RefreshToken,
        salt: [u8; 32],
        now: Timestamp,
        terms: &Terms,
    ) -> (Self, RefreshToken) {
        let next = token.successor(&salt);
        let family = Self {
            current: next.hash(),
            generation: self.generation.saturating_add(1),
            previous: Some(Previous { hash: self.current, salt, used_at: now }),
            idle_until: after(now, terms.idle).min(self.expires_at),
            expires_at: self.expires_at,
        };
        (family, next)
    }
}

fn after(time: Timestamp, span: Duration) -> Timestamp {
    time.saturating_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
