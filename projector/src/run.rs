//! The loop: follows the log, folds batch after batch in, and tells the change feed.
//!
//! Of several projectors on one read model one leads and does that; the others follow: they look where it
//! is, and take the lead when it is free. A batch that has begun is finished; between batches it can be
//! stopped or killed, and goes on from the checkpoint. About once a second it does what is to be done
//! beside: it compares the read model's digest with the log's, and tries parked streams again where
//! somebody has asked for it. Whoever finds that the two are not of one log writes nothing, and looks
//! again until they are.

use std::{mem, sync::Arc, time::Duration};

use event_log::{EventBatches, EventLog, LogError};
use events::{Position, RecordedEvent};
use futures::StreamExt;
use read_model::{ChangeFeed, Checkpoint, ReadModelChanged};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    Addresses, Applied, Backoff, Completeness, PoisonPolicy, ProjectorError, Report, Status,
    StoreError, apply, measure,
    port::{Leadership, ReadModel},
    retry,
};

/// How often is done what is to be done beside folding.
const CHORES_EVERY: Duration = Duration::from_secs(1);

/// Bytes of event data that are gathered for one transaction, reached by its last page.
const BATCH_BYTES_MAX: usize = 16 << 20;

/// How many parked streams are tried again in one go, before what is new has its turn.
const RETRIES_MAX: u32 = 64;

/// How many reasons for failing are told of until something succeeds. There are no more where only numbers
/// change in what a server says.
const REASONS_TOLD_MAX: usize = 8;

/// How the projector works.
#[derive(Debug, Clone)]
pub struct ProjectorOptions {
    /// Events in one transaction, at least 1. There are so many only while the read model is behind:
    /// what comes in meanwhile is never waited for.
    pub batch_events_max: usize,
    /// What to do with an event that cannot be folded in.
    pub poison: PoisonPolicy,
    /// How fast to go on after the log or the read model has failed. Counted anew after each batch.
    pub backoff: Backoff,
    /// How often a projector that follows another looks whether it can lead.
    pub follow_every: Duration,
    /// Where the log and the read model are, for people.
    pub addresses: Option<Arc<Addresses>>,
}

impl Default for ProjectorOptions {
    fn default() -> Self {
        Self {
            batch_events_max: 8192,
            poison: PoisonPolicy::Park,
            backoff: Backoff::default(),
            follow_every: Duration::from_millis(500),
            addresses: None,
        }
    }
}

/// Folds the log into the read model until `shutdown`, tells `feed` what each batch changed, and
/// `status` how it goes.
///
/// Several may run on one read model: one leads and writes, the others follow it, and one of them takes
/// its place within seconds when it is gone. When this returns, the lead is given up.
///
/// Where the read model was not made of `log`, as position and digest tell, it neither leads nor writes,
/// says so in `status`, and goes on when that has passed.
///
/// While the log or the read model is unavailable (a full disk, a network that is gone, a right that was
/// taken away) it tries again until `shutdown`. It warns of each reason once, and says when it goes on.
///
/// # Errors
/// [`ProjectorError`] where trying again cannot help. What was folded in stays.
pub async fn run(
    log: Arc<dyn EventLog>,
    read_model: Arc<dyn ReadModel>,
    feed: Arc<dyn ChangeFeed>,
    options: ProjectorOptions,
    status: Status,
    shutdown: CancellationToken,
) -> Result<(), ProjectorError> {
    measure::describe();
    status.update(|report| {
        report.poison = Some(options.poison);
        report.addresses.clone_from(&options.addresses);
        report.progressed = Some(Instant::now().into_std());
    });
    let mut projector = Projector {
        log,
        read_model,
        feed,
        options,
        status,
        shutdown,
        generation: None,
        leads: None,
        failures: 0,
        told: Vec::new(),
        head: Position::START,
        chores_at: Instant::now(),
    };
    let ended = projector.work().await;
    projector.resign().await;
    projector.status.update(|report| report.progressed = None);
    ended
}

struct Projector {
    log: Arc<dyn EventLog>,
    read_model: Arc<dyn ReadModel>,
    feed: Arc<dyn ChangeFeed>,
    options: ProjectorOptions,
    status: Status,
    shutdown: CancellationToken,
    /// The generation that was found at the start.
    generation: Option<u64>,
    /// Whether it leads. `None` until that has been found out.
    leads: Option<bool>,
    /// Failures since the last batch.
    failures: u32,
    /// The reasons for them that were told of, at most [`REASONS_TOLD_MAX`].
    told: Vec<String>,
    /// The end of the log when it was last looked for.
    head: Position,
    /// When the next chores are due.
    chores_at: Instant,
}

impl Projector {
    /// Leads or follows until `shutdown` or an error that does not pass.
    async fn work(&mut self) -> Result<(), ProjectorError> {
        loop {
            let error = match self.lead_or_follow().await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            self.failures = self.failures.saturating_add(1);
            // Not a failure where somebody else was faster: there is something to go on from.
            if !error.is_about_another() {
                self.failed(&error);
                if !error.is_transient() {
                    return Err(error);
                }
            }
            let delay = self.options.backoff.delay(self.failures);
            self.tell_of(&error, delay);
            self.tell_lag().await;
            if tokio::time::timeout(delay, self.shutdown.cancelled()).await.is_ok() {
                return Ok(());
            }
        }
    }

    /// Leads where it can. Never where the read model is of another log than this one: neither would be
    /// right any more, and whoever has the right log could not lead.
    async fn lead_or_follow(&mut self) -> Result<(), ProjectorError> {
        loop {
            let at = self.look().await?;
            let is_of_this_log = self.is_of_this_log().await;
            // Whoever cannot tell does not keep the lead either: another one may be able to.
            if !matches!(is_of_this_log, Ok(true)) {
                self.resign().await;
            }
            if !is_of_this_log? {
                tracing::debug!("the read model is not of this log, nothing is folded in");
            } else if self.read_model.lead().await? == Leadership::Leading {
                if self.tell_leads(Some(true)) {
                    tracing::info!("this projector leads");
                }
                self.project().await?;
                self.resign().await;
            } else if self.tell_leads(Some(false)) {
                tracing::info!(position = %at.position, "another projector leads, this one follows");
            }
            self.succeeded();
            if tokio::time::timeout(self.options.follow_every, self.shutdown.cancelled())
                .await
                .is_ok()
            {
                return Ok(());
            }
        }
    }

    /// Finds out where the read model is, and says so.
    async fn look(&mut self) -> Result<Checkpoint, ProjectorError> {
        let at = self.read_model.checkpoint().await?;
        let ours = *self.generation.get_or_insert(at.generation);
        if at.generation != ours {
            return Err(ProjectorError::Superseded { ours, stored: at.generation });
        }
        self.count_parked_streams().await;
        self.find_head().await;
        self.tell_progress(at);
        Ok(at)
    }

    /// Gives the lead up at once, so that another one need not wait for it.
    async fn resign(&mut self) {
        if let Err(error) = self.read_model.resign().await {
            tracing::warn!(%error, "the lead could not be given up, another projector waits some seconds");
        }
        self.tell_leads(None);
    }

    /// Follows the log from the stored checkpoint until `shutdown`, an error, or the read model is not of
    /// this log.
    async fn project(&mut self) -> Result<(), ProjectorError> {
        let mut at = self.look().await?;
        // Again: before this one had the lead, another one may have moved the checkpoint.
        if !self.is_of_this_log().await? {
            return Ok(());
        }
        let (generation, position) = (at.generation, at.position);
        if self.told.is_empty() {
            tracing::info!(generation, %position, "projector follows the log");
        } else {
            tracing::debug!(generation, %position, "projector follows the log again");
        }
        // What was committed without its answer, or by another one that ended before it told, is not told
        // of in detail any more: whoever remembers anything forgets it. Also where the position is what
        // it was, since what was parked is folded in without moving it.
        let (previous, movies, facets) = (at, Vec::new(), Vec::new());
        self.feed.publish(ReadModelChanged { previous, checkpoint: at, movies, facets }).await;

        let mut batches = self.log.subscribe_all(at.position);
        let mut events = Vec::new();
        loop {
            let shutdown = self.shutdown.clone();
            let chores_at = self.chores_at;
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                () = sleep_until(chores_at) => {
                    if !self.do_chores(at).await? {
                        return Ok(());
                    }
                }
                // What was gathered is kept when one of the others comes first.
                gathered = self.gather(&mut batches, &mut events) => gathered?,
            }
            while !events.is_empty() {
                if self.shutdown.is_cancelled() {
                    return Ok(());
                }
                let most = self.options.batch_events_max.max(1).min(events.len());
                let later = events.split_off(most);
                at = self.take(at, mem::replace(&mut events, later)).await?;
            }
        }
    }

    /// Takes what the log has, as much as fits into one batch; never waits for what it does not have
    /// yet, except for the first.
    async fn gather(
        &mut self,
        batches: &mut EventBatches,
        events: &mut Vec<RecordedEvent>,
    ) -> Result<(), ProjectorError> {
        let mut first = events.is_empty();
        let mut bytes = 0;
        loop {
            let page = batches.next().await.ok_or_else(ended)??;
            bytes += page.iter().map(|event| event.data.get().len()).sum::<usize>();
            // Before anything else is waited for: whoever stops waiting here must not lose them.
            events.extend(page);
            if mem::take(&mut first) {
                self.find_head().await;
            }
            let is_behind = events.last().is_none_or(|last| last.position < self.head);
            let most = self.options.batch_events_max;
            if !is_behind || events.len() >= most || bytes >= BATCH_BYTES_MAX {
                return Ok(());
            }
        }
    }

    /// Folds one batch in and tells of it.
    async fn take(
        &mut self,
        from: Checkpoint,
        events: Vec<RecordedEvent>,
    ) -> Result<Checkpoint, ProjectorError> {
        let applied = apply::apply_all(&self.read_model, from, events, self.options.poison).await?;
        let Applied { changed, poison, halted, .. } = &applied;
        let reached = changed.checkpoint;
        // At once: what is committed is told of, whatever may fail from here on.
        if reached != from {
            self.feed.publish(changed.clone()).await;
        }
        self.succeeded();
        measure::batch(&applied);
        self.tell_progress(reached);
        for poison in poison {
            let (position, stream, reason) = (poison.position, &poison.stream, &poison.reason);
            tracing::error!(%position, %stream, %reason, "poison event parked with its stream");
        }
        if !poison.is_empty() {
            self.count_parked_streams().await;
        }
        tracing::debug!(position = %reached.position, movies = changed.movies.len(), "batch folded in");
        if let Some(poison) = halted {
            return Err(ProjectorError::Poison(poison.clone()));
        }
        Ok(reached)
    }

    /// Gives whether it may go on leading.
    async fn do_chores(&mut self, at: Checkpoint) -> Result<bool, ProjectorError> {
        if self.read_model.lead().await? == Leadership::Following {
            return Err(StoreError::Deposed.into());
        }
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
    async fn is_of_this_log(&mut self) -> Result<bool, ProjectorError> {
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

    /// Says whether it leads; gives whether that is news.
    fn tell_leads(&mut self, leads: Option<bool>) -> bool {
        self.show_leads(leads == Some(true));
        mem::replace(&mut self.leads, leads) != leads
    }

    fn show_leads(&self, leads: bool) {
        measure::leading(leads);
        self.status.update(|report| report.leads = leads);
    }

    /// Whether it leads is not known from here on: it may have failed for longer than the lead lasts.
    fn failed(&mut self, error: &ProjectorError) {
        measure::failing(true);
        self.status.failed(Instant::now().into_std(), error.to_string());
        self.show_leads(false);
    }

    /// Each reason once, however often it is tried again.
    fn tell_of(&mut self, error: &ProjectorError, delay: Duration) {
        let (reason, retry) = (error.to_string(), self.failures);
        if self.told.len() >= REASONS_TOLD_MAX || self.told.contains(&reason) {
            tracing::debug!(reason, retry, ?delay, "projector fails still, trying again");
            return;
        }
        if error.is_about_another() {
            tracing::warn!(reason, retry, ?delay, "another projector is at work");
        } else {
            tracing::warn!(reason, retry, ?delay, "projector fails, trying again");
        }
        self.told.push(reason);
    }

    /// Says how far the read model is behind, which grows while nothing gets through.
    async fn tell_lag(&mut self) {
        let shutdown = self.shutdown.clone();
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = self.find_head() => {}
        }
        if let Some(reached) = self.status.report().checkpoint {
            self.tell_progress(reached);
        }
    }

    fn succeeded(&mut self) {
        if !mem::take(&mut self.told).is_empty() {
            tracing::info!(failures = self.failures, "projector goes on");
        }
        measure::failing(false);
        self.failures = 0;
        self.status.update(|report| {
            report.failing = None;
            report.progressed = Some(Instant::now().into_std());
        });
    }

    fn tell_progress(&self, reached: Checkpoint) {
        let head = self.head.max(reached.position);
        measure::progress(reached.position, head);
        self.status.update(|report| {
            report.checkpoint = Some(reached);
            report.head = head;
        });
    }

    /// Where this fails, the old value stays: the log has at least that.
    async fn find_head(&mut self) {
        if let Ok(head) = self.log.head().await {
            self.head = head;
        }
    }

    /// For metrics and status, which keep their old value where this fails.
    async fn count_parked_streams(&self) {
        if let Ok(streams) = self.read_model.parked_streams().await {
            measure::parked_streams(streams);
            self.status.update(|report| report.parked_streams = streams);
        }
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

fn ended() -> LogError {
    LogError::Unavailable("its subscription ended".to_owned())
}
