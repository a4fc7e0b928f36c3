//! What the projector does beside folding, about once a second: it keeps the lead, compares the read model
//! with the log, and tries parked streams again.

use std::{mem, time::Duration};

use read_model::Checkpoint;
use tokio::time::Instant;

use super::Projector;
use crate::{Completeness, ProjectorError, Report, StoreError, measure, port::Leadership, retry};

/// How often is done what is to be done beside folding.
const CHORES_EVERY: Duration = Duration::from_secs(1);

/// How many parked streams are tried again in one go, before what is new has its turn.
const RETRIES_MAX: u32 = 64;

impl Projector {
    /// Gives whether it may go on leading.
    pub(super) async fn do_chores(&mut self, at: Checkpoint) -> Result<bool, ProjectorError> {
        if self.read_model.lead().await? == Leadership::Following {
            return Err(StoreError::Deposed.into());
        }
        // The lead may have run out and been taken anew just now. Whoever had it meanwhile may have folded in
        // what this one waits for still, and would wait for until the next event comes by the log.
        let stored = self.read_model.checkpoint().await?;
        if stored != at {
            return Err(StoreError::Fenced { expected: at, stored }.into());
        }
        // Now and then, since the projector of another generation may say in this process that it does not.
        self.tell_leads(Some(true));
        self.find_head().await;
        if !self.is_of_this_log().await? {
            return Ok(false);
        }
        self.retry_parked(at).await?;
        // Where events wait, only a batch that gets through shows that all is well again: the disk may
        // be full for what is written and fine for what has been read.
        if at.position >= self.head {
            self.succeeded();
        }
        self.chores_at = Instant::now() + CHORES_EVERY;
        Ok(true)
    }

    /// Compares the stored checkpoint and its digest with what the log has, also where nothing has
    /// moved: the file may have been changed or replaced by somebody else. A row or two each time.
    pub(super) async fn is_of_this_log(&mut self) -> Result<bool, ProjectorError> {
        let (Checkpoint { position, .. }, read_model) = self.read_model.digest().await?;
        let log = self.log.digest(position).await?;
        // Beyond its end, the digest that the log gives is that of its end.
        let completeness = if log == read_model && position <= self.head {
            Completeness::Complete(position)
        } else {
            match self.log.head().await {
                Ok(head) if head < position => Completeness::Ahead { position, head },
                // Also where the end cannot be found: the events are the same.
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
        // Once, and not every second again, nor whenever somebody else goes on.
        if mem::discriminant(&before) != mem::discriminant(&completeness) {
            tell_completeness(before, &self.status.report());
        }
        Ok(is_complete)
    }

    /// Tries streams again where somebody has asked for it.
    async fn retry_parked(&mut self, at: Checkpoint) -> Result<(), ProjectorError> {
        let asked = self.read_model.asked(RETRIES_MAX).await?;
        for stream in &asked {
            let (model, log) = (self.read_model.as_ref(), self.log.as_ref());
            let retried = match retry::retry(model, log, at, stream).await {
                Ok(Some(retried)) => retried,
                Ok(None) => continue,
                Err(error) if error.is_about_the_retry() => {
                    // It stays as it was: nothing else shall end for it.
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
