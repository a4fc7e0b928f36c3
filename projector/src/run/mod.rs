//! The loop: follows the log, folds batch after batch in, and tells the change feed.
//!
//! Of several projectors on one read model, one leads and does that. The others follow: they watch how far the read
//! model is, and take the lead when it is free. A batch that has begun is finished. Between batches the
//! projector can be stopped or killed, and goes on from the checkpoint. About once a second it does its chores:
//! it compares the read model's digest with the log's, and tries parked streams again if somebody has asked for
//! it. If the read model was not made of this log, the projector writes nothing, and looks again until they
//! agree.

mod chores;
mod folding;
mod telling;

use std::{sync::Arc, time::Duration};

use event_log::{EventLog, Feed};
use events::Position;
use read_model::{ChangeFeed, Checkpoint};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Addresses, Backoff, PoisonPolicy, ProjectorError, Status, measure,
    port::{Leadership, ReadModel},
};

/// How the projector works.
#[derive(Debug, Clone)]
pub struct ProjectorOptions {
    /// The most events in one transaction, at least 1. There are so many only while the read model is behind, since
    /// a batch never waits for more events to come.
    pub batch_events_max: usize,
    /// What to do with an event that cannot be folded in.
    pub poison: PoisonPolicy,
    /// How long to wait after the log or the read model has failed. A batch that succeeds starts it anew.
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

/// Folds the log into the read model until `shutdown`. Tells `feed` what each batch changed, and `status` how it
/// goes. The events come from `source`, which may be the log itself; head and digest are always asked of `log`.
///
/// Several may run on one read model. One leads and writes; the others follow, and one of them takes over within
/// seconds when the leader is gone. When this returns, it has given up the lead.
///
/// If position or digest show that the read model was not made of `log`, the projector neither leads nor writes,
/// says so in `status`, and goes on once they agree.
///
/// While the log or the read model is unavailable (a full disk, a broken network, a privilege that was revoked), the
/// projector tries again until `shutdown`. It warns of each reason once, and says when it goes on.
///
/// # Errors
/// [`ProjectorError`] if trying again cannot help. What was folded in stays.
pub async fn run(
    log: Arc<dyn EventLog>,
    source: Arc<dyn Feed>,
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
        source,
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
    /// Where the events come from.
    source: Arc<dyn Feed>,
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
    /// The reasons for them that were logged already: a bounded number.
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
            // That another projector was faster is no failure: this one goes on from the checkpoint of that one.
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

    /// Leads if it can. It does not if the read model was made of another log: folding in this one would spoil the
    /// read model, and a projector with the right log could not lead.
    async fn lead_or_follow(&mut self) -> Result<(), ProjectorError> {
        loop {
            let at = self.look().await?;
            let is_of_this_log = self.is_of_this_log().await;
            // If that cannot be told, the lead is given up too: another projector may be able to tell.
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
}
