//! Feeds the projector that leads with the events that came by Kafka, in the order of the log; and with the log
//! itself when that does not work.
//!
//! It begins with the log, up to where the log ended at that time, and goes on with the inbox. There each event
//! names the one before it, and the feed follows that chain. It gives out events only if their digest is the
//! log's, so that neither a gap nor a forgery gets into a read model. If the log goes on and the inbox does not
//! within a bound, the feed goes back to the log, and reports it. It tries the inbox again once what comes by
//! Kafka keeps pace; each time that fails, the next try is later.

use std::sync::Arc;

use event_log::{EventBatches, EventLog, Feed, LogError};
use events::{Digest, Position, RecordedEvent};
use futures::{StreamExt, stream};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    InboxFeedOptions, PostgresInbox,
    beyond::Beyond,
    chain::{Followed, follow},
    hashing::digest_with,
    keeping::Keeping,
    measure,
};
use crate::{
    Status,
    status::{FedBy, Why},
};

/// How often the end of the log is asked for within the time that an event may be late.
const LOOKS: u32 = 8;

/// The events that came by Kafka, and the log when that does not work.
#[derive(Clone)]
pub struct InboxFeed {
    inbox: PostgresInbox,
    log: Arc<dyn EventLog>,
    options: InboxFeedOptions,
    keeping: Keeping,
    status: Status,
}

impl InboxFeed {
    /// A feed of the events of `log` that wait in `inbox`. Tells `status` which of the two it reads.
    #[must_use]
    pub fn new(
        inbox: PostgresInbox,
        log: Arc<dyn EventLog>,
        options: InboxFeedOptions,
        status: Status,
    ) -> Self {
        measure::describe();
        measure::fed_by_kafka(false);
        let keeping = Keeping::new(options.log_first, options.log_longest);
        Self { inbox, log, options, keeping, status }
    }

    fn tell(&self, fed_by: FedBy) {
        measure::fed_by_kafka(fed_by == FedBy::Kafka);
        self.status.update(|report| report.fed_by = fed_by);
    }
}

impl Feed for InboxFeed {
    fn subscribe(&self, from: Position) -> EventBatches {
        let reader =
            Reader { feed: self.clone(), at: from, way: Way::Undecided, beyond: Beyond::new() };
        stream::try_unfold(reader, |mut reader| async move {
            let batch = reader.next().await?;
            Ok(Some((batch, reader)))
        })
        .boxed()
    }
}

/// A subscription.
struct Reader {
    feed: InboxFeed,
    /// The last event that was given out.
    at: Position,
    way: Way,
    beyond: Beyond,
}

/// A projector without a subscription is fed by nothing.
impl Drop for Reader {
    fn drop(&mut self) {
        self.feed.tell(FedBy::Log);
    }
}

enum Way {
    /// Not known yet.
    Undecided,
    /// The log.
    Log(FromLog),
    /// The inbox.
    Inbox(FromInbox),
}

struct FromLog {
    batches: EventBatches,
    until: Until,
}

/// When the inbox is tried.
enum Until {
    /// When the log is read up to here.
    Reached(Position),
    /// When the events that come by Kafka have reached, at `look_at`, where this reader was at the look before.
    KeptPace { was: Option<Position>, look_at: Instant },
}

struct FromInbox {
    since: Instant,
    /// The digest up to the last event that was given out.
    digest: Digest,
    /// When the end of the log is asked for next.
    look_at: Instant,
    /// Since when the log has events that do not come.
    late_since: Option<Instant>,
}

impl Reader {
    async fn next(&mut self) -> Result<Vec<RecordedEvent>, LogError> {
        loop {
            let found = match &mut self.way {
                Way::Undecided => {
                    self.begin().await?;
                    None
                }
                Way::Log(_) => self.read_log().await?,
                Way::Inbox(_) => self.read_inbox().await?,
            };
            if let Some(events) = found {
                if let Some(last) = events.last() {
                    self.at = last.position;
                }
                return Ok(events);
            }
        }
    }

    /// Begins with the log, unless there is nothing to catch up with.
    async fn begin(&mut self) -> Result<(), LogError> {
        let until = self.feed.log.head().await?;
        if self.at >= until {
            return self.turn_to_inbox().await;
        }
        self.feed.tell(FedBy::CatchingUp);
        let batches = self.feed.log.subscribe_all(self.at);
        self.way = Way::Log(FromLog { batches, until: Until::Reached(until) });
        Ok(())
    }

    async fn turn_to_inbox(&mut self) -> Result<(), LogError> {
        let digest = self.feed.log.digest(self.at).await?;
        tracing::info!(position = %self.at, "the projector takes events from Kafka");
        self.feed.tell(FedBy::Kafka);
        let now = Instant::now();
        let look_at = now + self.feed.options.late_max / LOOKS;
        self.way = Way::Inbox(FromInbox { since: now, digest, look_at, late_since: None });
        Ok(())
    }

    /// Goes back to the log.
    fn turn_to_log(&mut self, why: Why) {
        let Way::Inbox(FromInbox { since, .. }) = &self.way else { return };
        let log_for = self.feed.keeping.next(since.elapsed());
        tracing::warn!(position = %self.at, ?log_for, "the projector reads the log: {why}");
        measure::fell_back(why);
        self.feed.tell(FedBy::LogInstead(why));
        let batches = self.feed.log.subscribe_all(self.at);
        let until = Until::KeptPace { was: None, look_at: Instant::now() + log_for };
        self.way = Way::Log(FromLog { batches, until });
    }

    /// The next events of the log. `None`: it is time to look for the next step again.
    async fn read_log(&mut self) -> Result<Option<Vec<RecordedEvent>>, LogError> {
        let Way::Log(from) = &mut self.way else { return Ok(None) };
        let (was, look_at) = match from.until {
            Until::Reached(until) if self.at < until => {
                return from.batches.next().await.ok_or_else(ended)?.map(Some);
            }
            Until::Reached(_) => {
                self.turn_to_inbox().await?;
                return Ok(None);
            }
            Until::KeptPace { was, look_at } => (was, look_at),
        };
        tokio::select! {
            biased;
            () = sleep_until(look_at) => {}
            batch = from.batches.next() => return batch.ok_or_else(ended)?.map(Some),
        }
        // If it cannot be read, nothing has come.
        let came = self.feed.inbox.frontier().await.ok().flatten();
        if was.is_some_and(|was| came.is_some_and(|came| came >= was)) {
            self.turn_to_inbox().await?;
            return Ok(None);
        }
        let look_at = Instant::now() + self.feed.options.log_first;
        from.until = Until::KeptPace { was: Some(self.at), look_at };
        Ok(None)
    }

    /// The next events of the inbox. `None`: there are none for now.
    async fn read_inbox(&mut self) -> Result<Option<Vec<RecordedEvent>>, LogError> {
        let news = Arc::clone(&self.feed.inbox.news);
        // Registered before looking, so that nothing that is put in meanwhile is missed.
        let news = news.notified();
        let Ok(page) = self.feed.inbox.page(self.at).await else {
            self.turn_to_log(Why::Unreadable);
            return Ok(None);
        };
        let Followed { events, is_broken } = follow(self.at, page);
        if let Some(last) = events.last().map(|event| event.position) {
            match self.check(events, last).await? {
                Checked::Same(events) => return Ok(Some(events)),
                Checked::NotYet => {}
                Checked::Altered => {
                    if let Err(error) = self.feed.inbox.discard(self.at, last).await {
                        tracing::debug!(%error, "what is not the log's stays in the inbox");
                    }
                    self.turn_to_log(Why::Altered);
                    return Ok(None);
                }
            }
        }
        if self.is_late().await? {
            self.turn_to_log(if is_broken { Why::Missing } else { Why::Late });
            return Ok(None);
        }
        // Events that claim positions beyond the log's end leave the reader waiting here, so they are cleared here.
        let InboxFeed { inbox, log, options, .. } = &self.feed;
        self.beyond.clear(inbox, log.as_ref(), options.beyond_max).await?;
        // After news or after a while, the inbox is looked at again.
        drop(timeout(self.feed.options.look_every, news).await);
        Ok(None)
    }

    /// Whether the log has had further events for too long. The log is asked now and then.
    async fn is_late(&mut self) -> Result<bool, LogError> {
        let Way::Inbox(from) = &mut self.way else { return Ok(false) };
        let late_max = self.feed.options.late_max;
        if Instant::now() >= from.look_at {
            let is_behind = self.feed.log.head().await? > self.at;
            // Reported again, since a feed of another generation in this process may have ended and said otherwise.
            measure::fed_by_kafka(true);
            let now = Instant::now();
            from.look_at = now + late_max / LOOKS;
            from.late_since = from.late_since.or(Some(now)).filter(|_| is_behind);
        }
        Ok(from.late_since.is_some_and(|since| since.elapsed() >= late_max))
    }

    /// Compares events with what the log holds up to the last of them.
    async fn check(
        &mut self,
        events: Vec<RecordedEvent>,
        last: Position,
    ) -> Result<Checked, LogError> {
        let Way::Inbox(from) = &mut self.way else { return Ok(Checked::NotYet) };
        let (digest, events) = digest_with(from.digest, events).await?;
        let kept = self.feed.log.digest(last).await?;
        if kept == digest {
            (from.digest, from.late_since) = (digest, None);
            return Ok(Checked::Same(events));
        }
        // A log that is read from a copy of it may be behind what came.
        Ok(if kept.count < digest.count { Checked::NotYet } else { Checked::Altered })
    }
}

/// The result of a comparison with the log.
enum Checked {
    /// These events are the log's.
    Same(Vec<RecordedEvent>),
    /// The log does not have so many events yet.
    NotYet,
    /// The events are not the log's.
    Altered,
}

fn ended() -> LogError {
    LogError::Unavailable("its subscription ended".to_owned())
}
