//! The leading projector's chores, about once a second: it keeps the lead, compares the read model with the log, and
//! tries parked streams again.

use std::{mem, time::Duration};

use read_model::Checkpoint;
use tokio::time::Instant;

use super::Projector;
use crate::{Completeness, ProjectorError, Report, StoreError, measure, port::Leadership, retry};

/// How often the chores are done.
const CHORES_EVERY: Duration = Duration::from_secs(1);

/// How many parked streams are tried again in one go, before new events have their turn.
const RETRIES_MAX: u32 = 64;

impl Projector {
    /// Does the chores. Gives whether this projector may go on leading.
    pub(super) async fn do_chores(&mut self, at: Checkpoint) -> Result<bool, ProjectorError> {
        if self.read_model.lead().await? == Leadership::Following {
            return Err(StoreError::Deposed.into());
        }
        // The lead may have run out, and been taken again just now. Another projector that had it meanwhile may have
        // moved the checkpoint. This one would only notice when the next event comes.
        let stored = self.read_model.checkpoint().await?;
        if stored != at {
            return Err(StoreError::Fenced { expected: at, stored }.into());
        }
        // Again and again, since a projector of another generation in this process may report that it does not.
        self.tell_leads(Some(true));
        self.find_head().await;
        if !self.is_of_this_log().await? {
            return Ok(false);
        }
        self.retry_parked(at).await?;
        // While events wait, only a batch that succeeds shows that all is well: reading may work although the disk
        // is full.
        if at.position >= self.head {
            self.succeeded();
        }
        self.chores_at = Instant::now() + CHORES_EVERY;
        Ok(true)
    }

    /// Compares the stored checkpoint and its digest with those of the log. Also if nothing has moved, since somebody
    /// may have changed or replaced the read model. It costs reading a row or two.
    pub(super) async fn is_of_this_log(&mut self) -> Result<bool, ProjectorError> {
        let (Checkpoint { position, .. }, read_model) = self.read_model.digest().await?;
        let log = self.log.digest(position).await?;
        // For a position beyond its end, the log gives the digest of its end.
        let completeness = if log == read_model && position <= self.head {
            Completeness::Complete(position)
        } else {
            match self.log.head().await {
                Ok(head) if head < position => Completeness::Ahead { position, head },
                // Also if the end cannot be asked for: the events are the same.
                _ if log == read_model => Completeness::Complete(position),
                Ok(_) => Completeness::Incomplete { position, log, read_model },
                Err(error) => return Err(error.into()),
            }
        };
        let is_complete = matches!(completeness, Completeness::Complete(_));
        measure::complete(is_complete);
        let mut before = Completeness::Unknown;
        self.status.update(|report| {
            before = mem::replace(&mut report.completeness, completeness);
        });
        // Only when it changes, not every second.
        if mem::discriminant(&before) != mem::discriminant(&completeness) {
            tell_completeness(before, &self.status.report());
        }
        Ok(is_complete)
    }

    /// Tries those parked streams again for which somebody has asked that.
    async fn retry_parked(&mut self, at: Checkpoint) -> Result<(), ProjectorError> {
        let asked = self.read_model.asked(RETRIES_MAX).await?;
        for stream in &asked {
            let (model, log) = (self.read_model.as_ref(), self.log.as_ref());
            let retried = match retry::retry(model, log, at, stream).await {
                Ok(Some(retried)) => retried,
                Ok(None) => continue,
                Err(error) if error.is_about_the_retry() => {
                    // The stream stays parked, and all others go on.
                    tracing::error!(%stream, %error, "parked stream cannot be tried again");
                    self.read_model.refuse_retry(stream).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let events = retried.events_applied;
            measure::retried(events);
            match &retried.parked {
                None => tracing::info!(%stream, events, "parked stream folded in"),
                Some((position, reason)) => {
                    tracing::error!(%stream, events, %position, %reason, "parked stream is poison still");
                }
            }
            if events > 0 {
                self.feed.publish(retried.changed).await;
            }
        }
        if !asked.is_empty() {
            self.count_parked_streams().await;
        }
        Ok(())
    }
}

fn tell_completeness(before: Completeness, now: &Report) {
    let what = now.disagreement().unwrap_or_default();
    match now.completeness {
        Completeness::Complete(position) if before != Completeness::Unknown => {
            tracing::info!(%position, "the read model is what the log holds again");
        }
        Completeness::Unknown | Completeness::Complete(_) => {}
        Completeness::Incomplete { position, log, read_model } => {
            tracing::error!(%position, %log, %read_model, "{what}");
        }
        Completeness::Ahead { position, head } => tracing::error!(%position, %head, "{what}"),
    }
}
